//! The session against a control plane of a few lines that keeps its word, and against one that does not.

use proptest::prelude::*;

use super::*;
use crate::testing::{instance, state};

fn key() -> Arc<ServiceKey> {
    Arc::new(ServiceKey::parse("default", "pay").unwrap())
}

fn session() -> Session {
    Session::new(v1::Hello::default())
}

fn wire(port: u64, revision: u64) -> v1::Instance {
    (&instance(&key(), port, revision)).into()
}

fn response(subscription: u32, update: Update) -> v1::SyncResponse {
    v1::SyncResponse {
        subscription,
        update: Some(update),
    }
}

fn welcome(epoch: &str) -> v1::SyncResponse {
    let epoch = epoch.to_owned();
    response(0, Update::Welcome(v1::Welcome { epoch }))
}

fn snapshot(revision: u64, ports: impl IntoIterator<Item = u64>) -> Update {
    Update::Instances(v1::InstancesSnapshot {
        revision,
        service: None,
        instances: ports.into_iter().map(|port| wire(port, revision)).collect(),
    })
}

fn delta(from_revision: u64, revision: u64, upserts: &[u64], removals: &[u64]) -> Update {
    let id = |port: &u64| instance(&key(), *port, 0).id.to_string();
    Update::InstancesDelta(v1::InstancesDelta {
        from_revision,
        revision,
        service: None,
        upserts: upserts.iter().map(|port| wire(*port, revision)).collect(),
        removals: removals.iter().map(id).collect(),
    })
}

/// The subscription among requests: its number and what is held.
fn subscription<'a>(requests: impl IntoIterator<Item = &'a v1::SyncRequest>) -> Option<(u32, u64)> {
    requests
        .into_iter()
        .find_map(|request| match &request.kind {
            Some(Request::Subscribe(subscribe)) => {
                Some((subscribe.subscription, subscribe.held_revision))
            }
            _ => None,
        })
}

fn sent(effects: &[Effect]) -> Vec<&v1::SyncRequest> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(request) => Some(request),
        Effect::Publish(_) | Effect::Refused(..) => None,
    });
    sent.collect()
}

/// What was published: the origin, the revision and the ports.
fn published(effects: &[Effect]) -> Option<(Origin, u64, Vec<u16>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Publish(state) => Some((state.origin(), state.revision().get(), ports(state))),
        Effect::Send(_) | Effect::Refused(..) => None,
    })
}

fn ports(state: &ServiceState) -> Vec<u16> {
    let mut ports: Vec<u16> = state.instances().map(|one| one.spec.port.get()).collect();
    ports.sort_unstable();
    ports
}

/// A session that holds instances 1 and 2 at revision 5 of epoch `e`, under subscription 1.
fn settled() -> Session {
    let mut session = session();
    session.open();
    session.receive(welcome("e"));
    let request = session.subscribe(&key(), None);
    assert_eq!(subscription(&request), Some((1, 0)));
    let effects = session.receive(response(1, snapshot(5, [1, 2])));
    assert_eq!(
        published(&effects),
        Some((Origin::ControlPlane, 5, vec![1, 2]))
    );
    session
}

#[test]
fn a_delta_amends_what_is_held_and_is_acknowledged() {
    let mut session = settled();
    let effects = session.receive(response(1, delta(5, 6, &[3], &[1])));
    assert_eq!(
        published(&effects),
        Some((Origin::ControlPlane, 6, vec![2, 3]))
    );
    let ack = v1::Ack {
        subscription: 1,
        revision: 6,
    };
    assert_eq!(sent(&effects), [&request(Request::Ack(ack))]);
}

#[test]
fn a_delta_from_elsewhere_asks_for_everything() {
    let mut session = settled();
    let effects = session.receive(response(1, delta(4, 6, &[3], &[])));
    assert_eq!(published(&effects), None);
    assert_eq!(subscription(sent(&effects)), Some((2, 0)));
    assert!(
        session
            .receive(response(1, delta(5, 6, &[3], &[])))
            .is_empty(),
        "an old number"
    );
    let effects = session.receive(response(2, snapshot(6, [3])));
    assert_eq!(
        published(&effects),
        Some((Origin::ControlPlane, 6, vec![3]))
    );
}

#[test]
fn absence_is_a_state_and_ends_with_a_snapshot() {
    let mut session = settled();
    let absent = Update::Absent(v1::Absent { revision: 7 });
    let effects = session.receive(response(1, absent));
    assert_eq!(published(&effects), Some((Origin::Absent, 7, vec![])));
    let effects = session.receive(response(1, snapshot(9, [4])));
    assert_eq!(
        published(&effects),
        Some((Origin::ControlPlane, 9, vec![4]))
    );
}

#[test]
fn a_new_connection_resumes_from_what_is_held() {
    let mut session = settled();
    session.close();
    let requests = session.open();
    let Some(Request::Hello(hello)) = &requests[0].kind else {
        panic!("a stream begins with a hello");
    };
    assert_eq!(hello.epoch, "e");
    let (number, held) = subscription(&requests).unwrap();
    assert_eq!(held, 5);
    session.receive(welcome("e"));
    let unchanged = Update::Unchanged(v1::Unchanged { revision: 5 });
    let effects = session.receive(response(number, unchanged));
    assert_eq!(
        published(&effects),
        Some((Origin::ControlPlane, 5, vec![1, 2]))
    );
}

#[test]
fn revisions_of_another_history_are_not_compared() {
    let mut session = settled();
    session.close();
    let (number, _) = subscription(&session.open()).unwrap();
    session.receive(welcome("another"));
    let effects = session.receive(response(number, delta(5, 6, &[3], &[])));
    assert_eq!(published(&effects), None, "5 means something else there");
    let (number, _) = subscription(sent(&effects)).unwrap();
    let effects = session.receive(response(number, snapshot(3, [7])));
    assert_eq!(
        published(&effects),
        Some((Origin::ControlPlane, 3, vec![7]))
    );
}

#[test]
fn what_an_earlier_run_left_is_resumed_within_its_history() {
    let mut first = session();
    let left = state(&key(), 5, 1..=2);
    first.subscribe(&key(), Some(("e", &left)));
    assert_eq!(first.epoch(), "e");
    assert_eq!(subscription(&first.open()).unwrap().1, 5);
    let mut foreign = session();
    foreign.open();
    foreign.receive(welcome("another"));
    let request = foreign.subscribe(&key(), Some(("e", &left)));
    assert_eq!(subscription(&request).unwrap().1, 0);
}

#[test]
fn an_unsubscribed_service_is_told_no_more() {
    let mut session = settled();
    assert!(session.unsubscribe(&key()).is_some());
    assert!(session.receive(response(1, snapshot(9, [4]))).is_empty());
    assert!(session.unsubscribe(&key()).is_none());
    session.close();
    assert_eq!(session.open().len(), 1, "the hello alone");
}

#[test]
fn a_refusal_is_told_and_not_repeated() {
    let mut session = settled();
    let refused = v1::Refused {
        reason: "too_many_subscriptions".to_owned(),
        message: "at most 3".to_owned(),
    };
    let effects = session.receive(response(1, Update::Refused(refused)));
    assert!(
        matches!(&effects[..], [Effect::Refused(_, why)] if why.message().contains("at most 3"))
    );
}

/// What happens to the client and the control plane.
#[derive(Debug, Clone)]
enum Step {
    Put(u64),
    Remove(u64),
    /// The service is deleted with all its instances.
    Delete,
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
        1 => Just(Step::Forget),
        6 => Just(Step::Deliver),
        2 => Just(Step::Reconnect),
        1 => Just(Step::Resubscribe),
        1 => Just(Step::Restore),
    ]
}

/// A control plane with one service and one client.
#[derive(Default)]
struct Fake {
    epoch: u64,
    revision: u64,
    /// The history of the instances' ports by revision; none while the service does not exist.
    states: Vec<(u64, Option<Vec<u64>>)>,
    /// The number of the live subscription, and what its client has or will have.
    watch: Option<(u32, u64, bool)>,
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
                    self.watch = Some((subscribe.subscription, held, false));
                }
                Some(Request::Unsubscribe(end)) => {
                    self.watch = self
                        .watch
                        .filter(|(number, ..)| *number != end.subscription);
                }
                Some(Request::Hello(_) | Request::Ack(_)) | None => {}
            }
        }
    }

    /// The next update, if there is one to be told.
    fn update(&mut self) -> Option<v1::SyncResponse> {
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
            fake.watch = None;
            fake.take(&requests, shares_history);
        };
        connect(&mut session, &mut fake);
        fake.take(&session.subscribe(&key(), None).into_iter().collect::<Vec<_>>(), true);
        let mut seen = None;
        let deliver = |session: &mut Session, fake: &mut Fake| {
            let mut last = None;
            if let Some(update) = fake.update() {
                let effects = session.receive(update);
                let requests: Vec<_> = sent(&effects).into_iter().cloned().collect();
                fake.take(&requests, true);
                last = published(&effects);
            }
            last
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
                Step::Forget => {
                    let last = fake.states.pop();
                    fake.states = last.into_iter().collect();
                }
                Step::Deliver => seen = deliver(&mut session, &mut fake).or(seen),
                Step::Reconnect => {
                    fake.update();
                    connect(&mut session, &mut fake);
                }
                Step::Resubscribe => {
                    let ended: Vec<_> = session.unsubscribe(&key()).into_iter().collect();
                    fake.take(&ended, true);
                    let again: Vec<_> = session.subscribe(&key(), None).into_iter().collect();
                    fake.take(&again, true);
                }
                Step::Restore => {
                    fake.epoch += 1;
                    fake.states.truncate(fake.states.len() / 2);
                    fake.revision = fake.states.last().map_or(0, |(revision, _)| *revision);
                    connect(&mut session, &mut fake);
                }
            }
        }
        while let Some(newer) = deliver(&mut session, &mut fake) {
            seen = Some(newer);
        }
        let expected: Option<Vec<u16>> = fake.now().map(|mut ports| {
            ports.sort_unstable();
            ports.into_iter().map(|port| port as u16).collect()
        });
        let (origin, _, ports) = seen.expect("every subscription is answered");
        prop_assert_eq!((origin != Origin::Absent).then_some(ports), expected);
    }
}
