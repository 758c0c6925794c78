//! The session against messages that come as they should, and against others.

mod interleaving;
mod limits;

use super::*;
use crate::{
    state::Origin,
    testing::{instance, state},
};
use merak_model::{
    Stamp,
    routing::{RoutingRule, RuleKey},
};

fn key() -> Arc<ServiceKey> {
    Arc::new(ServiceKey::parse("default", "pay").unwrap())
}

fn session() -> Session {
    Session::new(v1::Hello::default(), Arc::default())
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

/// A rule for calls to the service as it was at a revision.
fn rule(name: &str, revision: u64) -> v1::RoutingRule {
    let document = r#"{"callee": {"service": "pay"}, "otherwise": "reject",
        "branches": [{"name": "v2", "targets": [{"labels": {"version": "v2"}}]}]}"#;
    let rule = RoutingRule {
        key: RuleKey::parse("default", name).unwrap(),
        spec: serde_json::from_str(document).unwrap(),
        stamp: Stamp {
            revision: Revision(revision),
            ..Stamp::default()
        },
    };
    (&rule).into()
}

/// All rules for calls to the service, of which there is one unless the revision is zero.
fn rules(revision: u64) -> Update {
    let rules = (revision > 0).then(|| rule("canary", revision));
    Update::Rules(v1::RulesSnapshot {
        revision,
        routing_rules: rules.into_iter().collect(),
        nearby_rules: Vec::new(),
    })
}

/// What changed of the rules, after which there are `count`.
fn rules_delta(
    (from_revision, revision): (u64, u64),
    changed: Vec<v1::RoutingRule>,
    removed: &[&str],
    count: u32,
) -> Update {
    let key = |name: &&str| (&RuleKey::parse("default", name).unwrap()).into();
    Update::RulesDelta(v1::RulesDelta {
        from_revision,
        revision,
        routing_rules: changed,
        removed_routing_rules: removed.iter().map(key).collect(),
        routing_rule_count: count,
        ..v1::RulesDelta::default()
    })
}

/// The names and the revisions of the rules that were published.
fn published_rules(effects: &[Effect]) -> Option<Vec<(String, u64)>> {
    effects.iter().find_map(|effect| match effect {
        Effect::Publish(state) => Some(rules_known(state)),
        Effect::Send(_) | Effect::Refused(..) | Effect::Limit(_) | Effect::Unlimited(..) => None,
    })
}

fn rules_known(state: &ServiceState) -> Vec<(String, u64)> {
    let rules = state.known().rules.routing.rules().iter();
    rules
        .map(|rule| (rule.key.name.to_string(), rule.stamp.revision.get()))
        .collect()
}

/// The subscription of a kind among requests: its number and what is held.
fn subscription_to<'a>(
    kind: v1::Kind,
    requests: impl IntoIterator<Item = &'a v1::SyncRequest>,
) -> Option<(u32, u64)> {
    let mut requests = requests.into_iter();
    requests.find_map(|request| match &request.kind {
        Some(Request::Subscribe(subscribe)) if subscribe.kind() == kind => {
            Some((subscribe.subscription, subscribe.held_revision))
        }
        _ => None,
    })
}

/// The subscription to the instances among requests: its number and what is held.
fn subscription<'a>(requests: impl IntoIterator<Item = &'a v1::SyncRequest>) -> Option<(u32, u64)> {
    subscription_to(v1::Kind::Instances, requests)
}

fn sent(effects: &[Effect]) -> Vec<&v1::SyncRequest> {
    let sent = effects.iter().filter_map(|effect| match effect {
        Effect::Send(request) => Some(request),
        Effect::Publish(_) | Effect::Refused(..) | Effect::Limit(_) | Effect::Unlimited(..) => None,
    });
    sent.collect()
}

/// What was published: the origin, the revision and the ports.
fn published(effects: &[Effect]) -> Option<(Origin, u64, Vec<u16>)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Publish(state) => Some((state.origin(), state.revision().get(), ports(state))),
        Effect::Send(_) | Effect::Refused(..) | Effect::Limit(_) | Effect::Unlimited(..) => None,
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
    let rules_asked = subscription_to(v1::Kind::RoutingRules, &request);
    assert_eq!(rules_asked, Some((2, 0)));
    let effects = session.receive(response(2, rules(0)));
    assert_eq!(published(&effects), None, "rules alone are no state");
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
        left_out: Vec::new(),
    };
    assert_eq!(sent(&effects), [&request(Request::Ack(ack))]);
}

#[test]
fn a_delta_from_elsewhere_asks_for_everything() {
    let mut session = settled();
    let effects = session.receive(response(1, delta(4, 6, &[3], &[])));
    assert_eq!(published(&effects), None);
    assert_eq!(subscription(sent(&effects)), Some((3, 0)));
    assert!(
        session
            .receive(response(1, delta(5, 6, &[3], &[])))
            .is_empty(),
        "an old number"
    );
    let effects = session.receive(response(3, snapshot(6, [3])));
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
    let requests = session.open();
    let (number, _) = subscription(&requests).unwrap();
    let (rules_number, _) = subscription_to(v1::Kind::RoutingRules, &requests).unwrap();
    session.receive(welcome("another"));
    let unchanged = Update::Unchanged(v1::Unchanged { revision: 0 });
    assert!(published(&session.receive(response(rules_number, unchanged))).is_none());
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
    assert_eq!(session.unsubscribe(&key()).len(), 2);
    assert!(session.receive(response(1, snapshot(9, [4]))).is_empty());
    assert!(session.unsubscribe(&key()).is_empty());
    session.close();
    assert_eq!(session.open().len(), 1, "the hello alone");
}

#[test]
fn a_refusal_is_told_and_tried_again_once() {
    let mut session = settled();
    let refused = v1::Refused {
        reason: "too_many_subscriptions".to_owned(),
        message: "at most 3".to_owned(),
    };
    let effects = session.receive(response(1, Update::Refused(refused)));
    assert!(
        matches!(&effects[..], [Effect::Refused(_, why)] if why.message().contains("at most 3"))
    );
    let again = session.retry();
    assert_eq!(subscription(&again), Some((3, 5)));
    assert!(session.retry().is_empty(), "it is under way");
    let effects = session.receive(response(3, delta(5, 6, &[3], &[])));
    let known = Some((Origin::ControlPlane, 6, vec![1, 2, 3]));
    assert_eq!(published(&effects), known);
    assert!(session.retry().is_empty(), "and was taken");
}

#[test]
fn rules_are_told_beside_the_instances() {
    let mut session = settled();
    let effects = session.receive(response(2, rules(6)));
    let [Effect::Publish(state), Effect::Send(ack)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (state.revision().get(), state.rules_revision().get()),
        (5, 6)
    );
    let applied = v1::Ack {
        subscription: 2,
        revision: 6,
        left_out: Vec::new(),
    };
    assert_eq!(*ack, request(Request::Ack(applied)));
    let gone = session.receive(response(2, rules(0)));
    let [Effect::Publish(state), _] = &gone[..] else {
        panic!("{gone:?}");
    };
    assert_eq!(state.known().rules.routing.rules().len(), 0);
}

#[test]
fn a_delta_of_rules_changes_what_it_names_and_is_acknowledged() {
    let mut session = settled();
    session.receive(response(2, rules(6)));
    let added = rules_delta((6, 7), vec![rule("a", 7)], &[], 2);
    let effects = session.receive(response(2, added));
    let both = [("a".to_owned(), 7), ("canary".to_owned(), 6)];
    assert_eq!(published_rules(&effects), Some(both.to_vec()));
    let ack = v1::Ack {
        subscription: 2,
        revision: 7,
        left_out: Vec::new(),
    };
    assert_eq!(sent(&effects), [&request(Request::Ack(ack))]);
    let replaced = rules_delta((7, 9), vec![rule("canary", 8)], &["a", "unknown"], 1);
    let effects = session.receive(response(2, replaced));
    let one = [("canary".to_owned(), 8)];
    assert_eq!(published_rules(&effects), Some(one.to_vec()));
}

#[test]
fn a_delta_of_rules_that_does_not_fit_asks_for_everything() {
    for (revisions, count) in [((5, 7), 2), ((6, 7), 3)] {
        let mut session = settled();
        session.receive(response(2, rules(6)));
        let wrong = rules_delta(revisions, vec![rule("a", 7)], &[], count);
        let effects = session.receive(response(2, wrong));
        assert_eq!(published_rules(&effects), None);
        let asked = subscription_to(v1::Kind::RoutingRules, sent(&effects));
        assert_eq!(asked, Some((3, 0)));
        let effects = session.receive(response(3, rules(7)));
        assert_eq!(published_rules(&effects).unwrap().len(), 1);
    }
}

#[test]
fn a_rule_that_is_not_understood_counts_until_it_is_gone() {
    let newer = || v1::RoutingRule {
        spec: None,
        ..rule("newer", 7)
    };
    let mut session = settled();
    session.receive(response(2, rules(6)));
    let delta = rules_delta((6, 7), vec![newer()], &[], 2);
    let known = published_rules(&session.receive(response(2, delta)));
    assert_eq!(known, Some(vec![("canary".to_owned(), 6)]));
    // Changed, it is still one; understood, it is one of those that are.
    let delta = rules_delta((7, 8), vec![newer()], &[], 2);
    assert!(published_rules(&session.receive(response(2, delta))).is_some());
    let delta = rules_delta((8, 9), vec![rule("newer", 9)], &["canary"], 1);
    let known = published_rules(&session.receive(response(2, delta)));
    assert_eq!(known, Some(vec![("newer".to_owned(), 9)]));
    let delta = rules_delta((9, 10), vec![newer()], &[], 1);
    assert_eq!(
        published_rules(&session.receive(response(2, delta))),
        Some(vec![])
    );
    let delta = rules_delta((10, 11), vec![], &["newer"], 0);
    assert!(published_rules(&session.receive(response(2, delta))).is_some());
}

#[test]
fn a_control_plane_without_rules_is_routed_by_instances_alone() {
    let mut session = session();
    session.open();
    session.receive(welcome("e"));
    session.subscribe(&key(), None);
    session.receive(response(1, snapshot(5, [1])));
    let refused = v1::Refused {
        reason: UNSUPPORTED_KIND.to_owned(),
        message: "no such kind".to_owned(),
    };
    let effects = session.receive(response(2, Update::Refused(refused)));
    assert_eq!(
        published(&effects),
        Some((Origin::ControlPlane, 5, vec![1]))
    );
}

#[test]
fn rules_that_are_left_out_are_named_until_they_are_understood_or_gone() {
    let left_out = |effects: &[Effect]| -> Vec<(i32, String, bool)> {
        let sent = sent(effects);
        let [
            v1::SyncRequest {
                kind: Some(Request::Ack(ack)),
            },
        ] = &sent[..]
        else {
            panic!("{sent:?}");
        };
        let told = ack.left_out.iter().map(|rule| {
            let name = rule.key.clone().unwrap().name;
            (rule.kind, name, rule.reason.is_empty())
        });
        told.collect()
    };
    let mut session = settled();
    session.receive(response(2, rules(6)));
    let mut newer = rule("newer", 7);
    newer.spec.as_mut().unwrap().otherwise = 99;
    let effects = session.receive(response(2, rules_delta((6, 7), vec![newer], &[], 2)));
    let newer = (v1::RuleKind::Routing.into(), "newer".to_owned(), false);
    assert_eq!(left_out(&effects), std::slice::from_ref(&newer));
    let effects = session.receive(response(2, rules_delta((7, 8), vec![rule("a", 8)], &[], 3)));
    assert_eq!(left_out(&effects), [newer], "it still is");
    let effects = session.receive(response(
        2,
        rules_delta((8, 9), vec![rule("newer", 9)], &[], 3),
    ));
    assert_eq!(left_out(&effects), []);
}
