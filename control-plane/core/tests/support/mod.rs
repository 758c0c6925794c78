//! A control plane on a store in memory, with time by hand.

#![allow(
    clippy::allow_attributes,
    dead_code,
    reason = "every test file uses a part of it"
)]

use std::{sync::Arc, time::Duration};

use merak_core::{
    Caller, Client, Clock, ControlPlane, ManualClock, Precondition, Registered, Session, Settings,
    Subscriber, Topic, testing::MemoryStore,
};
use merak_model::{
    HealthCheck, Host, InstanceId, InstanceSpec, Port, Registration, Revision, ServiceKey,
};

/// A control plane on a store in memory, with time by hand.
pub(crate) struct TestPlane {
    pub(crate) plane: ControlPlane,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: MemoryStore,
}

impl TestPlane {
    pub(crate) async fn new() -> Self {
        let store = MemoryStore::default();
        let clock = Arc::new(ManualClock::default());
        let plane = start(&store, &clock, Settings::default()).await;
        Self {
            plane,
            clock,
            store,
        }
    }

    pub(crate) async fn restart(self) -> Self {
        let Self {
            plane,
            clock,
            store,
        } = self;
        plane.shutdown().await;
        let plane = start(&store, &clock, Settings::default()).await;
        Self {
            plane,
            clock,
            store,
        }
    }

    pub(crate) async fn register(&self, number: u64) -> Registered {
        self.plane
            .registry
            .register(&caller(), registration(number))
            .await
            .unwrap()
    }

    pub(crate) async fn deregister(&self, number: u64) {
        let registry = &self.plane.registry;
        let left = registry
            .deregister(&caller(), (pay(), id(number)), Precondition::None)
            .await;
        assert!(left.unwrap().is_some());
    }

    /// Puts an instance whose health is known in this way.
    pub(crate) async fn put_with(&self, number: u64, health_check: HealthCheck) {
        let mut registration = registration(number);
        registration.spec.health_check = health_check;
        let registry = &self.plane.registry;
        registry
            .put_instance(&caller(), registration, Precondition::None)
            .await
            .unwrap();
    }

    /// Lets time pass in steps, as the clock of a running server would.
    pub(crate) async fn advance(&self, duration: Duration) {
        for _ in 0..duration.as_millis() / 100 {
            self.clock.advance(Duration::from_millis(100));
            self.plane.tick().await.unwrap();
        }
    }

    /// The number of instances, however they are.
    pub(crate) fn count(&self) -> usize {
        let service = self.plane.catalog.find_service(&pay()).unwrap();
        service.instances().len()
    }

    pub(crate) fn healthy(&self) -> Vec<u16> {
        let snapshot = self.plane.catalog.find_service(&pay()).unwrap();
        let healthy = snapshot
            .instances()
            .filter(|instance| instance.health.is_healthy());
        let mut ports: Vec<u16> = healthy.map(|instance| instance.spec.port.get()).collect();
        ports.sort_unstable();
        ports
    }

    pub(crate) fn attach(&self, numbers: impl IntoIterator<Item = u64>) -> Session {
        let session = self.plane.liveness.open_session();
        let instances = numbers.into_iter().map(|number| (pay(), id(number)));
        assert_eq!(session.attach(instances), []);
        session
    }

    pub(crate) fn watch(&self, held: Revision) -> Subscriber {
        let subscriber = self.plane.discovery.subscriber(Client::default());
        assert!(subscriber.subscribe(1, Topic::Instances(pay()), held));
        subscriber
    }
}

pub(crate) async fn start(
    store: &MemoryStore,
    clock: &Arc<ManualClock>,
    settings: Settings,
) -> ControlPlane {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    ControlPlane::start(Arc::new(store.clone()), clock, settings)
        .await
        .unwrap()
}

pub(crate) fn caller() -> Caller {
    Caller::new("test", "")
}

pub(crate) fn pay() -> ServiceKey {
    ServiceKey::parse("default", "pay").unwrap()
}

pub(crate) fn registration(number: u64) -> Registration {
    let spec = InstanceSpec::new(Host::parse("10.0.0.1").unwrap(), Port::new(number).unwrap());
    Registration {
        service: pay(),
        id: None,
        spec,
    }
}

pub(crate) fn id(number: u64) -> InstanceId {
    registration(number).instance_id()
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);
