//! Rate limits are subscribed to by themselves, and resumed like everything else.

use super::*;
use crate::testing::limits;

fn told(number: u32, revision: u64, max: u64) -> v1::SyncResponse {
    let rules = limits(&key(), revision, max).rules;
    let snapshot = v1::RateLimitsSnapshot {
        revision,
        rules: rules.rules().iter().map(|rule| (&**rule).into()).collect(),
    };
    response(number, Update::RateLimits(snapshot))
}

/// The rules that follow from a message, and what is acknowledged.
fn taken(effects: &[Effect]) -> (Option<LimitRules>, Option<u64>) {
    let mut taken = (None, None);
    for effect in effects {
        if let Effect::Limit(rules) = effect {
            taken.0 = Some(rules.clone());
        }
        if let Effect::Send(v1::SyncRequest {
            kind: Some(Request::Ack(ack)),
        }) = effect
        {
            taken.1 = Some(ack.revision);
        }
    }
    taken
}

fn subscribed(requests: &[v1::SyncRequest]) -> Option<(u32, u64)> {
    subscription_to(v1::Kind::RateLimitRules, requests)
}

#[test]
fn limits_are_subscribed_to_without_the_instances_and_resumed() {
    let mut session = session();
    session.open();
    session.receive(welcome("e1"));
    let requests = session.subscribe_limits(&key(), None);
    let (number, held) = subscribed(&requests).unwrap();
    assert_eq!((requests.len(), held), (1, 0));
    let expected = limits(&key(), 7, 10);
    let effects = session.receive(told(number, 7, 10));
    assert_eq!(taken(&effects), (Some(expected.clone()), Some(7)));
    assert!(session.subscribe_limits(&key(), None).is_empty());
    session.close();
    let (number, held) = subscribed(&session.open()).unwrap();
    assert_eq!(held, 7);
    session.receive(welcome("e1"));
    let unchanged = response(number, Update::Unchanged(v1::Unchanged { revision: 7 }));
    let effects = session.receive(unchanged);
    assert_eq!(taken(&effects), (Some(expected), Some(7)));
    let ends = session.unsubscribe_limits(&key());
    assert_eq!(ends, [end_of(number)]);
    assert!(session.receive(told(number, 8, 10)).is_empty());
    session.close();
    assert_eq!(session.open().len(), 1);
}

#[test]
fn limits_of_an_earlier_run_are_resumed_in_its_history_alone() {
    for (epoch, expected) in [("e1", 7), ("e2", 0)] {
        let mut session = session();
        let left = limits(&key(), 7, 10);
        session.subscribe_limits(&key(), Some(("e1", &left)));
        assert_eq!(subscribed(&session.open()), Some((1, 7)));
        session.receive(welcome(epoch));
        session.close();
        let (_, held) = subscribed(&session.open()).unwrap();
        assert_eq!(held, expected, "{epoch}");
    }
}

#[test]
fn a_rule_that_is_not_understood_leaves_the_others() {
    let mut session = session();
    session.open();
    let requests = session.subscribe_limits(&key(), None);
    let (number, _) = subscribed(&requests).unwrap();
    let mut update = told(number, 7, 10);
    let Some(Update::RateLimits(snapshot)) = &mut update.update else {
        panic!("rate limits are told");
    };
    let mut strange = snapshot.rules[0].clone();
    strange.spec.as_mut().unwrap().action = None;
    snapshot.rules.insert(0, strange);
    let (rules, ack) = taken(&session.receive(update));
    let understood = limits(&key(), 7, 10);
    let rules = rules.unwrap();
    assert_eq!(
        (rules.rules.rules(), ack),
        (understood.rules.rules(), Some(7))
    );
    assert!(!rules.rules.is_whole());
}

/// The reasons by rule that are told of what is left out.
fn left_out(effects: &[Effect]) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for sent in sent(effects) {
        if let Some(Request::Ack(ack)) = &sent.kind {
            let rules = ack.left_out.iter().cloned();
            told.extend(rules.map(|rule| (rule.key.unwrap().name, rule.reason)));
        }
    }
    told
}

#[test]
fn a_rule_that_requires_what_is_not_known_is_left_out_and_named_as_long_as_it_is_held() {
    let mut session = session();
    session.open();
    session.receive(welcome("e1"));
    let requests = session.subscribe_limits(&key(), None);
    let (number, _) = subscribed(&requests).unwrap();
    let newer = |name: &str| {
        let mut newer = v1::RateLimitRule::from(&*limits(&key(), 7, 10).rules.rules()[0]);
        newer.key.as_mut().unwrap().name = name.to_owned();
        newer.requires = vec!["adaptive".to_owned()];
        newer
    };
    let expected = |name: &str| {
        let why = "requires: this version does not know `adaptive`";
        (name.to_owned(), why.to_owned())
    };
    let mut update = told(number, 7, 10);
    if let Some(Update::RateLimits(snapshot)) = &mut update.update {
        snapshot.rules.push(newer("one"));
    }
    let effects = session.receive(received(&update));
    let (rules, ack) = taken(&effects);
    let understood = limits(&key(), 7, 10).rules;
    assert_eq!(rules.unwrap().rules.rules(), understood.rules());
    assert_eq!((ack, left_out(&effects)), (Some(7), vec![expected("one")]));
    let delta = Update::RateLimitsDelta(v1::RateLimitsDelta {
        from_revision: 7,
        revision: 8,
        rules: vec![newer("other")],
        removed_rules: Vec::new(),
        rule_count: 3,
    });
    let effects = session.receive(received(&response(number, delta)));
    assert_eq!(left_out(&effects), [expected("one"), expected("other")]);
    session.close();
    let (number, held) = subscribed(&session.open()).unwrap();
    assert_eq!(held, 8);
    session.receive(welcome("e1"));
    let unchanged = response(number, Update::Unchanged(v1::Unchanged { revision: 8 }));
    let effects = session.receive(unchanged);
    assert_eq!(left_out(&effects), [expected("one"), expected("other")]);
}

/// As it comes over the wire.
fn received(response: &v1::SyncResponse) -> v1::SyncResponse {
    use prost::Message as _;
    v1::SyncResponse::decode(&*response.encode_to_vec()).unwrap()
}

#[test]
fn a_delta_of_limits_amends_what_is_held_or_asks_for_everything() {
    let mut session = session();
    session.open();
    let requests = session.subscribe_limits(&key(), None);
    let (number, _) = subscribed(&requests).unwrap();
    let delta = |from_revision, revision, max, rule_count| {
        let rules = limits(&key(), revision, max).rules;
        let rules = rules.rules().iter().map(|rule| (&**rule).into());
        Update::RateLimitsDelta(v1::RateLimitsDelta {
            from_revision,
            revision,
            rules: rules.collect(),
            removed_rules: Vec::new(),
            rule_count,
        })
    };
    session.receive(told(number, 7, 10));
    let effects = session.receive(response(number, delta(7, 8, 20, 1)));
    assert_eq!(taken(&effects), (Some(limits(&key(), 8, 20)), Some(8)));
    let effects = session.receive(response(number, delta(8, 9, 30, 2)));
    assert_eq!(taken(&effects), (None, None));
    let (again, held) = subscription_to(v1::Kind::RateLimitRules, sent(&effects)).unwrap();
    assert_eq!(held, 0);
    let effects = session.receive(told(again, 9, 30));
    assert_eq!(taken(&effects), (Some(limits(&key(), 9, 30)), Some(9)));
}

#[test]
fn limits_that_are_refused_are_asked_for_again() {
    let mut session = session();
    session.open();
    let requests = session.subscribe_limits(&key(), None);
    let (number, _) = subscribed(&requests).unwrap();
    let refused = Update::Refused(v1::Refused {
        reason: UNSUPPORTED_KIND.to_owned(),
        message: "kind 4 is not supported".to_owned(),
    });
    let effects = session.receive(response(number, refused));
    assert!(matches!(&effects[..], [Effect::Unlimited(of, _)] if *of == key()));
    let again = session.retry();
    assert!(subscribed(&again).is_some_and(|(again, _)| again != number));
    assert!(session.retry().is_empty());
}
