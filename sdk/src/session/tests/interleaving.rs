//! The session against a control plane of a few lines that keeps its word, in any interleaving.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What happens to the client and the control plane.
#[derive(Debug, Clone)]
enum Step {
    Put(u64),
    Remove(u64),
    /// The service is deleted with all its instances.
    Delete,
    PutRule(u64),
    RemoveRule(u64),
    /// The control plane forgets what deltas could be made from.
    Forget,
    /// The next update is delivered.
    Deliver,
    /// The connection breaks; what was sent and not delivered is lost.
    Reconnect,
    Resubscribe,
    /// The control plane starts on a backup: a new epoch, and an older state.
    Restore,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_u64..6).prop_map(Step::Put),
        3 => (1_u64..6).prop_map(Step::Remove),
        1 => Just(Step::Delete),
        3 => (1_u64..5).prop_map(Step::PutRule),
        2 => (1_u64..5).prop_map(Step::RemoveRule),
        1 => Just(Step::Forget),
        6 => Just(Step::Deliver),
        2 => Just(Step::Reconnect),
        1 => Just(Step::Resubscribe),
        1 => Just(Step::Restore),
    ]
}

/// The revisions of rules by their numbers.
type RuleRevisions = BTreeMap<u64, u64>;

/// A control plane with one service and one client.
#[derive(Default)]
struct Fake {
    epoch: u64,
    revision: u64,
    /// The history of the instances' ports by revision; none while the service does not exist.
    states: Vec<(u64, Option<Vec<u64>>)>,
    /// The number of the live subscription, and what its client has or will have.
    watch: Option<(u32, u64, bool)>,
    /// The history of the rules: when each was last changed, by revision.
    rules: Vec<(u64, RuleRevisions)>,
    rules_watch: Option<(u32, u64, bool)>,
}

impl Fake {
    fn now(&self) -> Option<Vec<u64>> {
        self.states.last().and_then(|(_, ports)| ports.clone())
    }

    fn change(&mut self, to: Option<Vec<u64>>) {
        self.revision += 1;
        self.states.push((self.revision, to));
    }

    fn take(&mut self, requests: &[v1::SyncRequest], shares_history: bool) {
        for request in requests {
            match &request.kind {
                Some(Request::Subscribe(subscribe)) => {
                    let held = if shares_history {
                        subscribe.held_revision
                    } else {
                        0
                    };
                    let watch = Some((subscribe.subscription, held, false));
                    if subscribe.kind() == v1::Kind::RoutingRules {
                        self.rules_watch = watch;
                    } else {
                        self.watch = watch;
                    }
                }
                Some(Request::Unsubscribe(end)) => {
                    for watch in [&mut self.watch, &mut self.rules_watch] {
                        *watch = watch.filter(|(number, ..)| *number != end.subscription);
                    }
                }
                Some(Request::Hello(_) | Request::Ack(_)) | None => {}
            }
        }
    }

    /// The next update, if there is one to be told.
    fn update(&mut self) -> Option<v1::SyncResponse> {
        self.update_of_rules()
            .or_else(|| self.update_of_instances())
    }

    fn rules_now(&self) -> (u64, RuleRevisions) {
        self.rules.last().cloned().unwrap_or_default()
    }

    fn change_rules(&mut self, change: impl FnOnce(&mut RuleRevisions, u64)) {
        self.revision += 1;
        let (_, mut rules) = self.rules_now();
        change(&mut rules, self.revision);
        self.rules.push((self.revision, rules));
    }

    fn update_of_rules(&mut self) -> Option<v1::SyncResponse> {
        let (number, held, is_answered) = self.rules_watch?;
        let (revision, now) = self.rules_now();
        self.rules_watch = Some((number, revision, true));
        if held == revision {
            let unchanged = Update::Unchanged(v1::Unchanged { revision });
            return (!is_answered).then(|| response(number, unchanged));
        }
        let told = |(number, at): (&u64, &u64)| rule(&number.to_string(), *at);
        let before = self.rules.iter().find(|(at, _)| *at == held);
        let Some((_, before)) = before.filter(|_| held > 0) else {
            let whole = v1::RulesSnapshot {
                revision,
                routing_rules: now.iter().map(told).collect(),
                nearby_rules: Vec::new(),
            };
            return Some(response(number, Update::Rules(whole)));
        };
        let changed = now
            .iter()
            .filter(|(number, at)| before.get(number) != Some(at));
        let gone = before.keys().filter(|number| !now.contains_key(number));
        let gone: Vec<String> = gone.map(ToString::to_string).collect();
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        let (changed, count) = (changed.map(told).collect(), now.len() as u32);
        Some(response(
            number,
            rules_delta((held, revision), changed, &gone, count),
        ))
    }

    fn update_of_instances(&mut self) -> Option<v1::SyncResponse> {
        let (number, held, is_answered) = self.watch?;
        let (revision, now) = self.states.last().cloned().unwrap_or_default();
        let Some(now) = now else {
            self.watch = Some((number, 0, true));
            let is_news = held != 0 || !is_answered;
            return is_news.then(|| response(number, Update::Absent(v1::Absent { revision })));
        };
        self.watch = Some((number, revision, true));
        if held == revision {
            let unchanged = Update::Unchanged(v1::Unchanged { revision });
            return (!is_answered).then(|| response(number, unchanged));
        }
        let before = self.states.iter().find(|(at, _)| *at == held);
        Some(response(
            number,
            match before {
                Some((from, Some(before))) => {
                    let gone: Vec<u64> = before
                        .iter()
                        .filter(|port| !now.contains(port))
                        .copied()
                        .collect();
                    delta(*from, revision, &now, &gone)
                }
                _ => snapshot(revision, now),
            },
        ))
    }
}

proptest! {
    #[test]
    fn any_interleaving_ends_in_the_state_of_the_control_plane(
        steps in proptest::collection::vec(any_step(), 1..60)
    ) {
        let (mut session, mut fake) = (session(), Fake::default());
        let connect = |session: &mut Session, fake: &mut Fake| {
            session.close();
            let requests = session.open();
            let shares_history = session.epoch() == fake.epoch.to_string();
            session.receive(welcome(&fake.epoch.to_string()));
            (fake.watch, fake.rules_watch) = (None, None);
            fake.take(&requests, shares_history);
        };
        connect(&mut session, &mut fake);
        fake.take(&session.subscribe(&key(), None), true);
        let mut seen = None;
        let deliver = |session: &mut Session, fake: &mut Fake, seen: &mut Option<_>| {
            let Some(update) = fake.update() else {
                return false;
            };
            let effects = session.receive(update);
            let requests: Vec<_> = sent(&effects).into_iter().cloned().collect();
            fake.take(&requests, true);
            for effect in effects {
                if let Effect::Publish(state) = effect {
                    *seen = Some(state);
                }
            }
            true
        };
        for step in steps {
            match step {
                Step::Put(port) => {
                    let mut ports = fake.now().unwrap_or_default();
                    ports.retain(|other| *other != port);
                    ports.push(port);
                    fake.change(Some(ports));
                }
                Step::Remove(port) => {
                    if let Some(mut ports) = fake.now() {
                        ports.retain(|other| *other != port);
                        fake.change(Some(ports));
                    }
                }
                Step::Delete => fake.change(None),
                Step::PutRule(number) => fake.change_rules(|rules, at| {
                    rules.insert(number, at);
                }),
                Step::RemoveRule(number) => fake.change_rules(|rules, _| {
                    rules.remove(&number);
                }),
                Step::Forget => {
                    let last = fake.states.pop();
                    fake.states = last.into_iter().collect();
                    let last = fake.rules.pop();
                    fake.rules = last.into_iter().collect();
                }
                Step::Deliver => {
                    deliver(&mut session, &mut fake, &mut seen);
                }
                Step::Reconnect => {
                    fake.update();
                    connect(&mut session, &mut fake);
                }
                Step::Resubscribe => {
                    fake.take(&session.unsubscribe(&key()), true);
                    fake.take(&session.subscribe(&key(), None), true);
                }
                Step::Restore => {
                    fake.epoch += 1;
                    fake.states.truncate(fake.states.len() / 2);
                    fake.rules.truncate(fake.rules.len() / 2);
                    let instances = fake.states.last().map_or(0, |(revision, _)| *revision);
                    fake.revision = instances.max(fake.rules_now().0);
                    connect(&mut session, &mut fake);
                }
            }
        }
        while deliver(&mut session, &mut fake, &mut seen) {}
        let expected: Option<Vec<u16>> = fake.now().map(|mut ports| {
            ports.sort_unstable();
            ports.into_iter().map(|port| port as u16).collect()
        });
        let seen: ServiceState = seen.expect("every subscription is answered");
        let is_absent = seen.origin() == Origin::Absent;
        prop_assert_eq!((!is_absent).then(|| ports(&seen)), expected);
        if !is_absent {
            let (revision, rules) = fake.rules_now();
            prop_assert_eq!(seen.rules_revision().get(), revision);
            let named = rules.iter().map(|(number, at)| (number.to_string(), *at));
            prop_assert_eq!(rules_known(&seen), named.collect::<Vec<_>>());
        }
    }
}
