//! A control plane on a store in memory, with time by hand.

#![allow(
    clippy::allow_attributes,
    dead_code,
    reason = "every test file uses a part of it"
)]

use std::{sync::Arc, time::Duration};

use merak_core::{
    Caller, Client, Clock, ControlPlane, ManualClock, Precondition, Registered, Result, Rule,
    RuleFamily, Session, Settings, Standing, Subscriber, Topic, Written, testing::MemoryStore,
};
use merak_model::{
    HealthCheck, Host, InstanceId, InstanceSpec, Port, Registration, Revision, ServiceKey,
    limiting::{RateLimitRule, RateLimitRuleSpec},
    routing::{NearbySpec, RoutingRule, RoutingRuleSpec, RuleKey},
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
            .put_instance(
                &caller(),
                registration,
                Standing::default(),
                Precondition::None,
            )
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

/// A rule that sends every call to `callee`, which may be `*`, to its version `version`.
pub(crate) fn routing(callee: &str, priority: u64, version: &str) -> RoutingRuleSpec {
    serde_json::from_value(serde_json::json!({
        "priority": priority,
        "callee": {"service": callee},
        "branches": [{"name": "all", "targets": [{"labels": {"version": version}}]}],
        "otherwise": "fall_through",
    }))
    .unwrap()
}

pub(crate) fn nearby(callee: &str) -> NearbySpec {
    serde_json::from_value(serde_json::json!({"callee": {"service": callee}})).unwrap()
}

/// A rule that lets `max` calls a second through to `callee`, which may be `*`.
pub(crate) fn limit(callee: &str, priority: u64, max: u64) -> RateLimitRuleSpec {
    serde_json::from_value(serde_json::json!({
        "priority": priority,
        "callee": {"service": callee},
        "amounts": [{"max": max, "window_ms": 1000}],
    }))
    .unwrap()
}

pub(crate) fn rule(name: &str) -> RuleKey {
    RuleKey::parse("default", name).unwrap()
}

impl TestPlane {
    pub(crate) async fn put_rule<R: Rule>(
        &self,
        name: &str,
        spec: R::Spec,
        precondition: Precondition,
    ) -> Result<Written<R>> {
        let registry = &self.plane.registry;
        registry
            .put_rule(&caller(), rule(name), spec, precondition)
            .await
    }

    pub(crate) async fn put_routing(&self, name: &str, spec: RoutingRuleSpec) -> Arc<RoutingRule> {
        let written = self.put_rule(name, spec, Precondition::None).await;
        written.unwrap().item
    }

    pub(crate) async fn put_limit(
        &self,
        name: &str,
        spec: RateLimitRuleSpec,
    ) -> Arc<RateLimitRule> {
        let written = self.put_rule(name, spec, Precondition::None).await;
        written.unwrap().item
    }

    pub(crate) async fn delete_rule<R: Rule>(&self, name: &str) -> Result<Revision> {
        let registry = &self.plane.registry;
        registry
            .delete_rule::<R>(&caller(), rule(name), Precondition::None)
            .await
    }

    pub(crate) async fn delete_routing(&self, name: &str) -> Revision {
        self.delete_rule::<RoutingRule>(name).await.unwrap()
    }

    pub(crate) fn watch_rules(&self, service: &str, held: Revision) -> Subscriber {
        let subscriber = self.plane.discovery.subscriber(Client::default());
        let callee = ServiceKey::parse("default", service).unwrap();
        assert!(subscriber.subscribe(1, Topic::Rules(RuleFamily::Routing, callee), held));
        subscriber
    }
}
