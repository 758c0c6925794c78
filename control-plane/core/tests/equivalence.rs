//! Whatever a subscriber misses, it ends in the control plane's state.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{collections::BTreeMap, sync::Arc};

use merak_core::{
    ControlPlane, Holding, InstanceCounts, Precondition, Rule, RuleChanges, RuleFamily,
    ServiceSnapshot, Subscriber, Topic, Update,
};
use merak_model::{
    Host, Instance, InstanceId, InstanceSpec, Port, Registration, Revision, ServiceKey, Weight,
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule, RuleKey},
};
use proptest::prelude::*;
use support::{TestPlane, caller, limit, nearby, pay, routing};

/// The numbers of the three subscriptions.
const INSTANCES: u32 = 7;
const RULES: u32 = 8;
const LIMITS: u32 = 9;

/// What a client holds, kept from one connection to the next.
#[derive(Default)]
struct Client {
    held: Revision,
    instances: BTreeMap<InstanceId, Arc<Instance>>,
    rules: Rules,
    limits: Limits,
    /// Whether it is of a version that understands deltas of rules; the next connection may be of another.
    takes_rule_deltas: bool,
}

/// The rate limit rules that a client holds.
#[derive(Default)]
struct Limits {
    held: Revision,
    rules: Vec<Arc<RateLimitRule>>,
}

/// The rules that a client holds.
#[derive(Default)]
struct Rules {
    held: Revision,
    routing: Vec<Arc<RoutingRule>>,
    nearby: Vec<Arc<NearbyRule>>,
}

fn amend<R: Rule>(rules: &mut Vec<Arc<R>>, changes: RuleChanges<R>) {
    let RuleChanges {
        changed,
        removed,
        count,
    } = changes;
    let is_touched =
        |key: &RuleKey| removed.contains(key) || changed.iter().any(|one| one.key() == key);
    rules.retain(|rule| !is_touched(rule.key()));
    rules.extend(changed);
    rules.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
    assert_eq!(rules.len(), count);
}

impl Client {
    fn apply(&mut self, (number, update): (u32, Update)) {
        match update {
            Update::Rules(now) if now.family() == RuleFamily::Routing => {
                assert_eq!((number, now.callee()), (RULES, &pay()));
                self.rules.held = now.revision();
                self.rules.routing = now.rules();
                self.rules.nearby = now.rules();
            }
            Update::Rules(now) => {
                assert_eq!((number, now.callee()), (LIMITS, &pay()));
                self.limits.held = now.revision();
                self.limits.rules = now.rules();
            }
            Update::RulesDelta { from, now } if now.family() == RuleFamily::Routing => {
                assert!(self.takes_rule_deltas);
                assert_eq!((number, from), (RULES, self.rules.held));
                amend(&mut self.rules.routing, now.changes_since(from).unwrap());
                amend(&mut self.rules.nearby, now.changes_since(from).unwrap());
                self.rules.held = now.revision();
            }
            Update::RulesDelta { from, now } => {
                assert!(self.takes_rule_deltas);
                assert_eq!((number, from), (LIMITS, self.limits.held));
                amend(&mut self.limits.rules, now.changes_since(from).unwrap());
                self.limits.held = now.revision();
            }
            Update::Unchanged { revision } if number == RULES => {
                assert_eq!(revision, self.rules.held);
            }
            Update::Unchanged { revision } if number == LIMITS => {
                assert_eq!(revision, self.limits.held);
            }
            Update::Snapshot(snapshot) => {
                assert_counted(&snapshot);
                let named = snapshot
                    .instances()
                    .map(|one| (one.id.clone(), Arc::clone(one)));
                self.instances = named.collect();
                self.held = snapshot.revision();
            }
            Update::Delta { from, now } => {
                assert_counted(&now);
                let delta = now.delta_since(from).unwrap();
                assert_eq!(delta.from, self.held, "a delta starts where the client is");
                let named = delta.upserts.into_iter().map(|one| (one.id.clone(), one));
                self.instances.extend(named);
                self.instances.retain(|id, _| !delta.removals.contains(id));
                self.held = delta.to;
            }
            Update::Absent { .. } => {
                self.held = Revision::ZERO;
                self.instances.clear();
            }
            Update::Unchanged { revision } => assert_eq!(revision, self.held),
            Update::Services { .. } => panic!("instances were subscribed"),
        }
    }
}

/// The counts that a service keeps are those that one finds by counting.
fn assert_counted(service: &ServiceSnapshot) {
    let count = |wanted: fn(&Instance) -> bool| {
        let instances = service.instances();
        instances.filter(|instance| wanted(instance)).count()
    };
    let counted = InstanceCounts {
        total: count(|_| true),
        healthy: count(|one| one.health.is_healthy()),
        isolated: count(|one| one.isolated),
    };
    assert_eq!(service.counts(), counted);
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
    PutRule {
        name: u8,
        callee: &'static str,
        priority: u64,
    },
    PutNearby {
        name: u8,
        callee: &'static str,
    },
    PutLimit {
        name: u8,
        callee: &'static str,
        priority: u64,
    },
    DeleteRule {
        name: u8,
    },
    /// Many changes at once, more than the control plane remembers.
    Flood,
    FloodRules,
    Read,
    /// The connection breaks; what was sent and not read is lost.
    Reconnect {
        takes_rule_deltas: bool,
    },
    /// The control plane ends and starts again, and the client comes back.
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    let callee = || prop_oneof![Just("pay"), Just("order"), Just("*")];
    prop_oneof![
        6 => (0_u8..4, callee(), 0_u64..3)
            .prop_map(|(name, callee, priority)| Step::PutRule { name, callee, priority }),
        2 => (0_u8..4, callee()).prop_map(|(name, callee)| Step::PutNearby { name, callee }),
        4 => (0_u8..4, callee(), 0_u64..3)
            .prop_map(|(name, callee, priority)| Step::PutLimit { name, callee, priority }),
        3 => (0_u8..4).prop_map(|name| Step::DeleteRule { name }),
        1 => Just(Step::Restart),
        8 => (1_u64..6, 1_u64..4).prop_map(|(port, weight)| Step::Register { port, weight }),
        4 => (1_u64..6).prop_map(|port| Step::Deregister { port }),
        1 => Just(Step::Flood),
        1 => Just(Step::FloodRules),
        8 => Just(Step::Read),
        3 => prop::bool::weighted(0.8)
            .prop_map(|takes_rule_deltas| Step::Reconnect { takes_rule_deltas }),
    ]
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

fn connect(plane: &ControlPlane, client: &Client) -> Subscriber {
    let subscriber = plane.discovery.subscriber(Default::default());
    assert!(subscriber.subscribe(INSTANCES, Topic::Instances(pay()), client.held));
    let holding = |revision| Holding {
        revision,
        takes_rule_deltas: client.takes_rule_deltas,
    };
    for (number, family, held) in [
        (RULES, RuleFamily::Routing, client.rules.held),
        (LIMITS, RuleFamily::RateLimit, client.limits.held),
    ] {
        let topic = Topic::Rules(family, pay());
        assert!(subscriber.subscribe(number, topic, holding(held)));
    }
    subscriber
}

/// What the control plane holds, found without its index by callee.
fn rules_of<R: Rule>(plane: &ControlPlane, callee: &ServiceKey) -> Vec<Arc<R>> {
    let (_, mut rules) = plane.catalog.list_rules::<R>(&callee.namespace);
    rules.retain(|rule| rule.callees().selects(callee));
    rules.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
    rules
}

/// Changes something; steps of the client change nothing.
async fn change(test: &TestPlane, step: &Step) {
    let (registry, by) = (&test.plane.registry, caller());
    match *step {
        Step::Register { port, weight } => {
            let registered = registry.register(&by, registration(port, weight));
            registered.await.unwrap();
        }
        Step::Deregister { port } => {
            let id = registration(port, 1).instance_id();
            let left = registry.deregister(&by, (pay(), id), Precondition::None);
            left.await.unwrap();
        }
        Step::PutRule {
            name,
            callee,
            priority,
        } => {
            let spec = routing(callee, priority, "v1");
            test.put_routing(&format!("r{name}"), spec).await;
        }
        Step::PutNearby { name, callee } => {
            let name = format!("n{name}");
            let put = test.put_rule::<NearbyRule>(&name, nearby(callee), Precondition::None);
            put.await.unwrap();
        }
        Step::PutLimit {
            name,
            callee,
            priority,
        } => {
            test.put_limit(&format!("l{name}"), limit(callee, priority, 10))
                .await;
        }
        Step::DeleteRule { name } => {
            // It may not be there.
            let _ = test.delete_rule::<RoutingRule>(&format!("r{name}")).await;
            let _ = test.delete_rule::<NearbyRule>(&format!("n{name}")).await;
            let _ = test.delete_rule::<RateLimitRule>(&format!("l{name}")).await;
        }
        Step::Flood => {
            for weight in 10..1110 {
                let registered = registry.register(&by, registration(9, weight));
                registered.await.unwrap();
            }
        }
        Step::FloodRules => {
            for priority in 0..1100 {
                test.put_routing("r9", routing("pay", priority, "v1")).await;
            }
        }
        Step::Read | Step::Reconnect { .. } | Step::Restart => {}
    }
}

async fn run(steps: Vec<Step>) {
    let mut test = TestPlane::new().await;
    let mut client = Client {
        takes_rule_deltas: true,
        ..Client::default()
    };
    let mut subscriber = connect(&test.plane, &client);
    for step in steps {
        change(&test, &step).await;
        match step {
            Step::Read => {
                if let Some(update) = subscriber.try_next() {
                    client.apply(update);
                }
            }
            Step::Reconnect { takes_rule_deltas } => {
                client.takes_rule_deltas = takes_rule_deltas;
                drop(subscriber.try_next());
                subscriber = connect(&test.plane, &client);
            }
            Step::Restart => {
                drop(subscriber);
                test = test.restart().await;
                subscriber = connect(&test.plane, &client);
            }
            Step::Register { .. }
            | Step::Deregister { .. }
            | Step::PutRule { .. }
            | Step::PutNearby { .. }
            | Step::PutLimit { .. }
            | Step::DeleteRule { .. }
            | Step::Flood
            | Step::FloodRules => {}
        }
    }
    while let Some(update) = subscriber.try_next() {
        client.apply(update);
    }
    let snapshot = test.plane.catalog.find_service(&pay());
    let truth = snapshot.iter().flat_map(|found| found.instances());
    let truth: Vec<_> = truth.cloned().collect();
    assert_eq!(client.instances.into_values().collect::<Vec<_>>(), truth);
    assert_eq!(
        client.held,
        snapshot.map_or(Revision::ZERO, |found| found.revision())
    );
    assert_eq!(client.rules.routing, rules_of(&test.plane, &pay()));
    let rules = test.plane.catalog.rules_for(&pay());
    assert_eq!(
        (client.rules.held, client.rules.nearby),
        (rules.revision, rules.nearby)
    );
    let limits = test.plane.catalog.limits_for(&pay());
    assert_eq!(client.limits.held, limits.revision);
    assert_eq!(client.limits.rules, rules_of(&test.plane, &pay()));
    drop(subscriber);
    test.plane.shutdown().await;
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
