//! A limiter through its public interface, with a clock that is moved by hand.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use merak_sdk::{
    Call, Client, ServiceKey,
    limiter::{Admission, Limiter, Permit, RateLimitRule, Rejected, Verdict},
};
use serde_json::{Value, json};

#[derive(Clone, Default)]
struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    fn advance_ms(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

/// A limiter of the service `pay` that keeps so many counters.
fn limiter_of(counters: usize, rules: Vec<RateLimitRule>) -> (Limiter, ManualClock) {
    let clock = ManualClock::default();
    let time = clock.clone();
    let builder = Limiter::builder(ServiceKey::parse("default", "pay").unwrap());
    let builder = builder.counters(counters).unwrap();
    let limiter = builder
        .clock(move || Duration::from_millis(time.0.load(Ordering::SeqCst)))
        .build();
    limiter.replace(rules);
    (limiter, clock)
}

fn limiter(rules: Vec<RateLimitRule>) -> (Limiter, ManualClock) {
    limiter_of(1000, rules)
}

/// A rule of the service `pay` with these fields.
fn rule(name: &str, fields: Value) -> RateLimitRule {
    let mut spec = json!({"callee": {"service": "pay"}});
    let fields = fields.as_object().unwrap().clone();
    spec.as_object_mut().unwrap().extend(fields);
    let time = "2026-01-01T00:00:00Z";
    let rule = json!({
        "namespace": "default", "name": name, "spec": spec,
        "created_revision": 1, "revision": 1, "created_at": time, "modified_at": time,
    });
    serde_json::from_value(rule).unwrap()
}

fn amounts(max: u32) -> Value {
    json!({"amounts": [{"max": max, "window_ms": 1000}]})
}

fn by_user(max: u32) -> Value {
    json!({
        "amounts": [{"max": max, "window_ms": 1000}],
        "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
    })
}

fn permitted(limiter: &Limiter, call: &Call<'_>) -> Option<Permit> {
    match limiter.acquire(call) {
        Admission::Permitted(permit) => Some(permit),
        Admission::Waiting(_) | Admission::Rejected(_) => None,
    }
}

fn rejected(limiter: &Limiter, call: &Call<'_>) -> Rejected {
    match limiter.acquire(call) {
        Admission::Rejected(rejected) => rejected,
        other @ (Admission::Permitted(_) | Admission::Waiting(_)) => panic!("{other:?}"),
    }
}

/// How many of so many calls go through now.
fn count(limiter: &Limiter, call: &Call<'_>, calls: usize) -> usize {
    (0..calls)
        .filter(|_| permitted(limiter, call).is_some())
        .count()
}

/// A call of a user.
fn call_of(user: &str) -> Call<'_> {
    Call::to("pay").header("x-user", user)
}

#[test]
fn without_rules_every_call_goes_through() {
    let (limiter, _) = limiter(vec![]);
    assert_eq!(count(&limiter, &Call::to("pay"), 1000), 1000);
}

#[test]
fn each_combination_of_values_has_its_own_counter() {
    let (limiter, clock) = limiter(vec![rule("user", by_user(3))]);
    for user in ["a", "b", ""] {
        assert_eq!(count(&limiter, &call_of(user), 5), 3, "{user:?}");
    }
    assert_eq!(
        count(&limiter, &Call::to("pay"), 50),
        50,
        "the rule is for users"
    );
    assert_eq!(limiter.counters(), 3);
    // Three in a second are one each 333,333,334 ns, so that no window has more.
    clock.advance_ms(1001);
    assert_eq!(count(&limiter, &call_of("a"), 5), 3);
    let combined = rule("user", {
        let mut fields = by_user(3);
        fields["regex_combine"] = json!(true);
        fields
    });
    limiter.replace(vec![combined]);
    assert_eq!(
        count(&limiter, &call_of("a"), 2) + count(&limiter, &call_of("b"), 5),
        3
    );
    assert_eq!(limiter.counters(), 0);
}

#[test]
fn values_that_only_look_the_same_when_joined_are_counted_apart() {
    let fields = json!({"amounts": [{"max": 1, "window_ms": 1000}], "arguments": [
        {"on": "header", "key": "a", "op": "present"},
        {"on": "header", "key": "b", "op": "present"},
    ]});
    let (limiter, _) = limiter(vec![rule("two", fields)]);
    let call = |a, b| Call::to("pay").header("a", a).header("b", b);
    for (a, b) in [("xy", "z"), ("x", "yz"), ("", "xyz"), ("xyz", "")] {
        assert_eq!(count(&limiter, &call(a, b), 2), 1, "{a:?} {b:?}");
    }
}

#[test]
fn a_rejection_names_its_rule_and_when_to_try_again() {
    let late = json!({"priority": 2, "amounts": [{"max": 5, "window_ms": 1000}]});
    let early = json!({"priority": 1, "method": "/pay", "amounts": [{"max": 5, "window_ms": 500}],
        "response": {"status": 503, "body": "busy"}});
    let (limiter, _) = limiter(vec![rule("a-late", late), rule("b-early", early)]);
    let call = Call::to("pay").method("/pay");
    assert_eq!(count(&limiter, &call, 5), 5);
    let rejection = rejected(&limiter, &call);
    assert_eq!(rejection.rule().to_string(), "default/b-early");
    assert_eq!(rejection.amount().unwrap().max(), 5);
    assert_eq!(
        rejection.retry_after(),
        Some(Duration::from_millis(200)),
        "of both"
    );
    assert_eq!(
        (rejection.response().status(), rejection.response().body()),
        (503, "busy")
    );
    assert_eq!(
        rejection.to_string(),
        "rate limit `default/b-early` allows 5 in 500 ms: try again in 200 ms"
    );
    let other = rejected(&limiter, &Call::to("pay").method("/refund"));
    assert_eq!(other.rule().to_string(), "default/a-late");
}

#[test]
fn rules_of_others_and_rules_that_are_off_are_not_applied() {
    let mut off = amounts(1);
    off["enabled"] = json!(false);
    let mut other = amounts(1);
    other["callee"] = json!({"service": "order"});
    let mut passing = amounts(1);
    passing["scope"] = json!("global");
    passing["failover"] = json!("pass");
    let rules = [("off", off), ("other", other), ("passing", passing)];
    let rules = rules.map(|(name, fields)| rule(name, fields));
    let (limiter, _) = limiter(rules.to_vec());
    assert_eq!(count(&limiter, &Call::to("pay"), 100), 100);
    let mut global = amounts(7);
    global["scope"] = json!("global");
    limiter.replace(vec![rule("global", global)]);
    assert_eq!(
        count(&limiter, &Call::to("pay"), 100),
        7,
        "nobody else counts"
    );
}

#[test]
fn waiting_calls_have_their_turns_one_after_another() {
    let mut fields = amounts(10);
    fields["action"] = json!({"queue": {"max_wait_ms": 250}});
    let (limiter, clock) = limiter(vec![rule("queue", fields)]);
    let call = Call::to("pay");
    assert!(permitted(&limiter, &call).is_some());
    for turn_ms in [100, 200] {
        let Admission::Waiting(wait) = limiter.acquire(&call) else {
            panic!()
        };
        assert_eq!(wait.duration(), Duration::from_millis(turn_ms));
    }
    let retry_after = rejected(&limiter, &call).retry_after();
    assert_eq!(retry_after, Some(Duration::from_millis(50)));
    clock.advance_ms(50);
    let Admission::Waiting(wait) = limiter.acquire(&call) else {
        panic!()
    };
    assert_eq!(wait.duration(), Duration::from_millis(250));
}

#[tokio::test]
async fn a_call_is_admitted_when_its_turn_has_come() {
    let mut fields = amounts(500);
    fields["action"] = json!({"queue": {"max_wait_ms": 5}});
    let limiter = Limiter::new(ServiceKey::parse("default", "pay").unwrap());
    limiter.replace(vec![rule("queue", fields)]);
    let call = Call::to("pay");
    let started = tokio::time::Instant::now();
    for _ in 0..4 {
        let _ = limiter.admit(&call).await.unwrap();
    }
    assert!(
        started.elapsed() >= Duration::from_millis(6),
        "one each 2 ms"
    );
    limiter.replace(vec![rule("one", amounts(1))]);
    assert!(limiter.admit(&call).await.is_ok());
    assert_eq!(
        limiter.admit(&call).await.unwrap_err().rule().name.as_str(),
        "one"
    );
}

#[test]
fn calls_under_way_end_with_their_permits() {
    let (limiter, _) = limiter(vec![rule("under-way", json!({"concurrency": 2}))]);
    let call = Call::to("pay");
    let permits: Vec<_> = (0..3).filter_map(|_| permitted(&limiter, &call)).collect();
    assert_eq!(permits.len(), 2);
    let rejection = rejected(&limiter, &call);
    assert_eq!((rejection.amount(), rejection.retry_after()), (None, None));
    assert_eq!(
        rejection.to_string(),
        "rate limit `default/under-way` allows 2 calls under way"
    );
    drop(permits);
    assert_eq!(count(&limiter, &call, 9), 9, "one after another");
    let held = permitted(&limiter, &call).unwrap();
    limiter.replace(vec![rule("under-way", json!({"concurrency": 1}))]);
    assert!(
        permitted(&limiter, &call).is_none(),
        "it is still under way"
    );
    drop(held);
    assert!(permitted(&limiter, &call).is_some());
}

#[test]
fn an_edit_keeps_the_counters_that_still_apply() {
    let (limiter, _) = limiter(vec![rule("all", amounts(10)), rule("user", by_user(5))]);
    let call = Call::to("pay").header("x-user", "a");
    assert_eq!(count(&limiter, &call, 4), 4);
    limiter.replace(vec![rule("all", amounts(10)), rule("user", by_user(6))]);
    assert_eq!(count(&limiter, &call, 9), 2, "6 less 4");
    let other = Call::to("pay").header("x-user", "b");
    assert_eq!(count(&limiter, &other, 9), 4, "10 less 6");
    limiter.replace(vec![rule("user", by_user(6))]);
    assert_eq!(count(&limiter, &call, 9), 0);
    let mut path = by_user(6);
    path["arguments"][0] = json!({"on": "path", "op": "present"});
    limiter.replace(vec![rule("user", path)]);
    assert_eq!(
        count(&limiter, &call.clone().path("/"), 9),
        6,
        "other facts, other counters"
    );
    assert_eq!(limiter.counters(), 1);
}

/// The same with a million users and as many more is what the bench does.
#[test]
fn hostile_values_stay_within_the_bound_and_the_memory() {
    const BOUND: usize = 2000;
    let (limiter, clock) = limiter_of(BOUND, vec![rule("user", by_user(10))]);
    let users: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    let used = allocation_counter::measure(|| {
        for (number, user) in users.iter().enumerate() {
            assert!(permitted(&limiter, &call_of(user)).is_some());
            clock.advance_ms(u64::from(number % 1000 == 0));
        }
    });
    let counters = limiter.counters();
    assert!((BOUND * 9 / 10..=BOUND).contains(&counters), "{counters}");
    let bytes = used.bytes_current / i64::try_from(counters).unwrap();
    assert!(bytes <= 400, "{bytes} bytes a counter");
    clock.advance_ms(1001);
    let freed = allocation_counter::measure(|| limiter.forget_idle());
    assert_eq!(limiter.counters(), 0);
    assert_eq!(freed.bytes_current, -used.bytes_current);
}

#[test]
fn the_counter_that_has_least_to_remember_makes_room() {
    let (limiter, _) = limiter_of(8, vec![rule("user", by_user(10))]);
    assert_eq!(count(&limiter, &call_of("busy"), 10), 10);
    for number in 0..1000 {
        assert_eq!(count(&limiter, &call_of(&number.to_string()), 1), 1);
    }
    assert_eq!(count(&limiter, &call_of("busy"), 1), 0, "it is remembered");
    assert_eq!(limiter.counters(), 8);
}

#[test]
fn a_counter_with_calls_under_way_is_not_forgotten() {
    let fields = json!({"concurrency": 1,
        "arguments": [{"on": "header", "key": "x-user", "op": "present"}]});
    let (limiter, clock) = limiter_of(1, vec![rule("user", fields)]);
    let held: Vec<_> = ["a", "b", "c"]
        .map(|user| permitted(&limiter, &call_of(user)).unwrap())
        .into();
    clock.advance_ms(1_000_000);
    limiter.forget_idle();
    for user in ["a", "b", "c"] {
        assert!(permitted(&limiter, &call_of(user)).is_none(), "{user}");
    }
    drop(held);
    assert!(permitted(&limiter, &call_of("d")).is_some());
    limiter.forget_idle();
    assert_eq!(limiter.counters(), 0);
}

#[test]
fn a_known_key_costs_no_allocation() {
    let mut queue = amounts(1_000_000);
    queue["amounts"][0]["burst"] = json!(1000);
    queue["action"] = json!({"queue": {"max_wait_ms": 1000}});
    let mut under_way = by_user(1_000_000);
    under_way["concurrency"] = json!(10);
    let rules = vec![
        rule("queue", queue),
        rule("user", under_way),
        rule("one", by_user(20)),
    ];
    let (limiter, _) = limiter(rules);
    let call = Call::to("pay").header("x-user", "42").method("/pay");
    assert_eq!(count(&limiter, &call, 1), 1);
    let used = allocation_counter::measure(|| {
        assert_eq!(
            count(&limiter, &call, 100),
            19,
            "rejections cost none either"
        );
    });
    assert_eq!(used.count_total, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_known_key_of_a_global_rule_costs_no_allocation() {
    let client = Client::builder("http://127.0.0.1:9").build().unwrap();
    let mut fields = by_user(1_000_000_000);
    fields["amounts"][0]["window_ms"] = json!(1_000_000);
    fields["scope"] = json!("global");
    let limiter = Limiter::new(ServiceKey::parse("default", "pay").unwrap());
    limiter.replace(vec![rule("global", fields)]);
    limiter.join(&client);
    let call = Call::to("pay").header("x-user", "42");
    // The control plane is away, and the rule's failover fills the till.
    while count(&limiter, &call, 1000) < 1000 {
        tokio::task::yield_now().await;
    }
    let used = allocation_counter::measure(|| assert_eq!(count(&limiter, &call, 100), 100));
    assert_eq!(used.count_total, 0);
}

#[test]
fn threads_together_get_no_more_than_one() {
    let (limiter, _) = limiter(vec![
        rule("user", by_user(1000)),
        rule("all", amounts(1500)),
    ]);
    let calls = |user: &'static str| {
        let limiter = &limiter;
        move || count(limiter, &Call::to("pay").header("x-user", user), 5000)
    };
    let counts: Vec<usize> = thread::scope(|scope| {
        let users = ["a", "a", "b", "b"].map(|user| scope.spawn(calls(user)));
        users
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(
        counts[0] + counts[1] <= 1000 && counts[2] + counts[3] <= 1000,
        "{counts:?}"
    );
    assert_eq!(counts.iter().sum::<usize>(), 1500);
}

#[test]
fn edits_while_calls_come_lose_no_bound_by_much() {
    let (limiter, _) = limiter(vec![rule("user", by_user(1000))]);
    let users: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    let calls = || {
        let calls = users
            .iter()
            .map(|user| Call::to("pay").header("x-user", user));
        calls
            .map(|call| count(&limiter, &call, 1500))
            .sum::<usize>()
    };
    let admitted = thread::scope(|scope| {
        let callers = [scope.spawn(calls), scope.spawn(calls)];
        for edition in 0..50 {
            let mut fields = by_user(1000);
            fields["amounts"][0]["burst"] = json!(1000 - edition % 2);
            limiter.replace(vec![rule("user", fields)]);
        }
        callers
            .map(|caller| caller.join().unwrap())
            .iter()
            .sum::<usize>()
    });
    // Of each edit at most a few calls that came in that moment are not counted.
    assert!((99_900..=100_400).contains(&admitted), "{admitted}");
}

#[test]
fn an_explanation_says_what_would_happen_and_counts_nothing() {
    let mut user = by_user(3);
    user["method"] = json!("/pay");
    let (limiter, _) = limiter(vec![rule("all", amounts(100)), rule("user", user)]);
    let call = Call::to("pay").method("/pay").header("x-user", "42");
    assert_eq!(count(&limiter, &call, 2), 2);
    let explained = limiter.explain_limit(&call);
    assert_eq!(explained, limiter.explain_limit(&call));
    assert_eq!(explained.verdict, Verdict::Permitted);
    let [all, user] = &explained.rules[..] else {
        panic!("{explained:?}")
    };
    assert_eq!((all.amounts[0].left, all.counter.len()), (98, 0));
    assert_eq!((user.amounts[0].left, user.amounts[0].burst), (1, 3));
    assert_eq!(user.counter[0].0.to_string(), "header.x-user");
    assert_eq!(user.counter[0].1, "42");
    assert_eq!(count(&limiter, &call, 2), 1);
    let explained = limiter.explain_limit(&call);
    assert!(
        matches!(&explained.verdict, Verdict::Rejected { rule, retry_after, .. }
        if rule.name.as_str() == "user" && retry_after.is_some()),
        "{explained:?}"
    );
    let other = limiter.explain_limit(&Call::to("pay").method("/refund"));
    let (failed, value) = other.rules[1].fails.clone().unwrap();
    assert_eq!(
        (failed.fact.to_string(), value.as_deref()),
        ("method".to_owned(), Some("/refund"))
    );
    assert!(other.rules[1].amounts.is_empty() && other.verdict == Verdict::Permitted);
    let stranger = limiter.explain_limit(&call.clone().method("/pay").header("x-user", "7"));
    assert_eq!(
        stranger.rules[1].amounts[0].left, 0,
        "the first of a name counts"
    );
    let before = limiter.counters();
    let stranger = Call::to("pay").method("/pay").header("x-user", "7");
    assert_eq!(limiter.explain_limit(&stranger).rules[1].amounts[0].left, 3);
    assert_eq!(limiter.counters(), before, "no counter was made");
}

#[test]
fn a_bound_outside_its_range_is_refused() {
    let builder = || Limiter::builder(ServiceKey::parse("default", "pay").unwrap());
    let refused = builder().counters(0).err().unwrap().to_string();
    assert_eq!(refused, "counters: 0 is outside 1..=100000000");
    assert!(builder().counters(100_000_001).is_err());
}
