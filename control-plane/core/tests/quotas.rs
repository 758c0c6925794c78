//! Global rate limits through the interface of the control plane.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::Duration;

use merak_core::{Client, Precondition, QuotaRefusal, QuotaSession};
use merak_model::{
    limiting::{
        Moment, RateLimitRule, RateLimitRuleDocument, RateLimitRuleSpec,
        quota::{Answer, Ask, Tokens},
    },
    routing,
};
use support::{TestPlane, pay, rule};

const SECOND: Duration = Duration::from_secs(1);

/// So many calls a second, over all clients.
fn global(max: u32) -> RateLimitRuleSpec {
    let text = format!(
        r#"{{"callee": {{"service": "pay"}}, "scope": "global",
            "amounts": [{{"max": {max}, "window_ms": 1000}}]}}"#
    );
    let parsed: RateLimitRuleDocument =
        routing::parse(&mut serde_json::Deserializer::from_str(&text)).unwrap();
    RateLimitRuleSpec::parse(parsed).unwrap()
}

async fn put(test: &TestPlane, max: u32) {
    let written = test.put_rule::<RateLimitRule>("all", global(max), Precondition::None);
    written.await.unwrap();
}

fn client(host: &str) -> Client {
    Client {
        address: "10.0.0.1:1".to_owned(),
        service: None,
        host: host.to_owned(),
        sdk: String::new(),
        sdk_version: String::new(),
        labels: Default::default(),
    }
}

fn session(test: &TestPlane, host: &str) -> QuotaSession {
    let mut session = test.plane.quotas.open_session(client(host));
    open(&mut session, 1).unwrap();
    session
}

fn open(session: &mut QuotaSession, number: u32) -> Result<(), QuotaRefusal> {
    session.open(number, (rule("all"), pay()), Vec::new(), SECOND)
}

/// Asks for tokens of the current window.
fn ask(test: &TestPlane, session: &mut QuotaSession, id: u64, want: u32) -> Answer {
    let now = test.plane.quotas.now();
    let ask = Ask {
        id,
        window: now.since(Moment::default()).as_secs(),
        want,
        held: 0,
        at: now,
        demand: 100,
        ahead_ms: 10,
        returned: Tokens::default(),
        unasked: Tokens::default(),
        refused: 2,
    };
    session.ask(1, &ask).unwrap().unwrap()
}

#[tokio::test]
async fn clients_get_no_more_than_there_is_and_what_one_leaves_others_get() {
    let test = TestPlane::new().await;
    put(&test, 40).await;
    let (mut one, mut other) = (session(&test, "one"), session(&test, "other"));
    let granted: u32 = (1..=40)
        .map(|id| ask(&test, &mut one, id, 1).granted.count)
        .sum();
    assert_eq!(granted, 40);
    let refused = ask(&test, &mut other, 1, 1);
    assert_eq!((refused.granted.count, refused.left), (0, 0));
    let exhausted = refused.exhausted.unwrap();
    assert_eq!(exhausted.until.since(test.plane.quotas.now()), SECOND);
    // What it got last comes back with the end of its stream.
    drop(one);
    assert_eq!(ask(&test, &mut other, 2, 1).granted.count, 1);
    test.clock.advance(SECOND);
    assert_eq!(ask(&test, &mut other, 3, 1).left, 39);
}

#[tokio::test]
async fn an_edited_limit_goes_on_with_its_window() {
    let test = TestPlane::new().await;
    put(&test, 40).await;
    let mut one = session(&test, "one");
    (1..=10).for_each(|id| assert_eq!(ask(&test, &mut one, id, 1).granted.count, 1));
    put(&test, 80).await;
    let answer = ask(&test, &mut one, 11, 1);
    assert_eq!((answer.left, answer.total), (69, 80));
    test.delete_rule::<RateLimitRule>("all").await.unwrap();
    let ask = Ask {
        id: 12,
        window: 0,
        want: 1,
        held: 0,
        at: Moment::default(),
        demand: 1,
        ahead_ms: 1,
        returned: Tokens::default(),
        unasked: Tokens::default(),
        refused: 0,
    };
    assert_eq!(
        one.ask(1, &ask),
        Err(QuotaRefusal::NoSuchLimit(rule("all")))
    );
    assert_eq!(one.ask(1, &ask), Err(QuotaRefusal::NotOpen), "it is closed");
    assert_eq!(
        open(&mut one, 2),
        Err(QuotaRefusal::NoSuchLimit(rule("all")))
    );
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused_alone() {
    let test = TestPlane::new().await;
    put(&test, 40).await;
    let mut one = session(&test, "one");
    let key = || (rule("all"), pay());
    let long = one
        .open(2, key(), vec!["x".repeat(257)], SECOND)
        .unwrap_err();
    assert_eq!(
        long.to_string(),
        "values[0] has 257 bytes, at most 256 are allowed"
    );
    let other = one.open(3, key(), Vec::new(), 2 * SECOND);
    assert_eq!(other, Ok(()), "it is told when it asks");
    assert_eq!(ask(&test, &mut one, 1, 1).granted.count, 1);
}

#[tokio::test]
async fn after_a_restart_nothing_is_granted_until_clients_had_time_to_come_back() {
    let test = TestPlane::new().await;
    put(&test, 40).await;
    let process = test.plane.quotas.process();
    test.clock.advance(Duration::from_millis(300));
    let test = test.restart().await;
    assert_ne!(test.plane.quotas.process(), process);
    let mut one = session(&test, "one");
    let closed = ask(&test, &mut one, 1, 1);
    assert_eq!((closed.granted.count, closed.total), (0, 0));
    test.clock.advance(Duration::from_millis(2700));
    assert_eq!(ask(&test, &mut one, 2, 1).granted.count, 1);
}

#[tokio::test]
async fn operators_see_who_used_what_until_it_is_forgotten() {
    let test = TestPlane::new().await;
    put(&test, 40).await;
    let mut sessions = [session(&test, "one"), session(&test, "other")];
    for id in 1..=3 {
        for one in &mut sessions {
            ask(&test, one, id, 1);
        }
    }
    let used = test.plane.quotas.usage(&rule("all"), 10, 1).unwrap();
    let counter = &used.most_used[0];
    assert_eq!(
        (used.counters, counter.client_count, counter.clients.len()),
        (1, 2, 1)
    );
    // Of what each holds nothing is known to be used.
    assert_eq!((counter.amounts[0].used, counter.amounts[0].limit), (4, 40));
    assert_eq!((counter.admitted, counter.refused), (6, 12));
    assert_eq!(counter.clients[0].refused, 6);
    drop(sessions);
    test.clock.advance(Duration::from_secs(400));
    test.plane.quotas.sweep();
    assert_eq!(test.plane.quotas.tally().counters, 0);
    assert_eq!(
        test.plane.quotas.usage(&rule("other"), 1, 1).map(|_| ()),
        None
    );
}
