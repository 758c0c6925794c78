//! Whatever a subscriber misses, it ends in the control plane's state.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeMap, sync::Arc};

use merak_core::{
    Caller, ControlPlane, ManualClock, Precondition, Settings, Subscriber, Topic, Update,
    testing::MemoryStore,
};
use merak_model::{
    Host, Instance, InstanceId, InstanceSpec, Port, Registration, Revision, ServiceKey, Weight,
};
use proptest::prelude::*;

/// What a client holds, kept from one connection to the next.
#[derive(Default)]
struct Client {
    held: Revision,
    instances: BTreeMap<InstanceId, Arc<Instance>>,
}

impl Client {
    fn apply(&mut self, update: Update) {
        match update {
            Update::Snapshot(snapshot) => {
                let named = snapshot
                    .instances()
                    .map(|one| (one.id.clone(), Arc::clone(one)));
                self.instances = named.collect();
                self.held = snapshot.revision();
            }
            Update::Delta { from, now } => {
                let delta = now.delta_since(from).unwrap();
                assert_eq!(delta.from, self.held, "a delta starts where the client is");
                let named = delta.upserts.into_iter().map(|one| (one.id.clone(), one));
                self.instances.extend(named);
                self.instances.retain(|id, _| !delta.removals.contains(id));
                self.held = delta.to;
            }
            Update::Absent { .. } => *self = Self::default(),
            Update::Unchanged { revision } => assert_eq!(revision, self.held),
            Update::Services { .. } => panic!("instances were subscribed"),
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Register {
        port: u64,
        weight: u64,
    },
    Deregister {
        port: u64,
    },
    /// Many changes at once, more than the control plane remembers.
    Flood,
    Read,
    /// The connection breaks; what was sent and not read is lost.
    Reconnect,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1_u64..6, 1_u64..4).prop_map(|(port, weight)| Step::Register { port, weight }),
        4 => (1_u64..6).prop_map(|port| Step::Deregister { port }),
        1 => Just(Step::Flood),
        4 => Just(Step::Read),
        2 => Just(Step::Reconnect),
    ]
}

fn pay() -> ServiceKey {
    ServiceKey::parse("default", "pay").unwrap()
}

fn registration(port: u64, weight: u64) -> Registration {
    let mut spec = InstanceSpec::new(Host::parse("10.0.0.1").unwrap(), Port::new(port).unwrap());
    spec.weight = Weight::new(weight).unwrap();
    Registration {
        service: pay(),
        id: None,
        spec,
    }
}

fn connect(plane: &ControlPlane, held: Revision) -> Subscriber {
    let subscriber = plane.discovery.subscriber(Default::default());
    assert!(subscriber.subscribe(7, Topic::Instances(pay()), held));
    subscriber
}

async fn run(steps: Vec<Step>) {
    let clock = Arc::new(ManualClock::default());
    let plane = ControlPlane::start(Arc::new(MemoryStore::default()), clock, Settings::default())
        .await
        .unwrap();
    let caller = Caller::new("test", "");
    let mut client = Client::default();
    let mut subscriber = connect(&plane, client.held);
    for step in steps {
        match step {
            Step::Register { port, weight } => {
                plane
                    .registry
                    .register(&caller, registration(port, weight))
                    .await
                    .unwrap();
            }
            Step::Deregister { port } => {
                let id = registration(port, 1).instance_id();
                plane
                    .registry
                    .deregister(&caller, (pay(), id), Precondition::None)
                    .await
                    .unwrap();
            }
            Step::Flood => {
                for weight in 10..1110 {
                    plane
                        .registry
                        .register(&caller, registration(9, weight))
                        .await
                        .unwrap();
                }
            }
            Step::Read => {
                if let Some((_, update)) = subscriber.try_next() {
                    client.apply(update);
                }
            }
            Step::Reconnect => {
                drop(subscriber.try_next());
                subscriber = connect(&plane, client.held);
            }
        }
    }
    while let Some((_, update)) = subscriber.try_next() {
        client.apply(update);
    }
    let snapshot = plane.catalog.find_service(&pay());
    let truth = snapshot.iter().flat_map(|found| found.instances());
    let truth: Vec<_> = truth.cloned().collect();
    assert_eq!(client.instances.into_values().collect::<Vec<_>>(), truth);
    assert_eq!(
        client.held,
        snapshot.map_or(Revision::ZERO, |found| found.revision())
    );
    plane.shutdown().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_interleaving_ends_in_the_state_of_the_control_plane(
        steps in proptest::collection::vec(any_step(), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(steps));
    }
}
