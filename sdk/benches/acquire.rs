//! What it costs to ask whether a call may go through.

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use merak_sdk::{
    Call, Client, ServiceKey,
    limiter::{Admission, Limiter, RateLimitRule},
};
use serde_json::{Value, json};

fn rule(name: &str, fields: Value) -> RateLimitRule {
    let mut spec = json!({"callee": {"service": "pay"}});
    let fields = fields.as_object().expect("an object").clone();
    spec.as_object_mut().expect("an object").extend(fields);
    let (revision, time) = (1, "2026-01-01T00:00:00Z");
    serde_json::from_value(json!({
        "namespace": "default", "name": name, "spec": spec, "created_revision": revision,
        "revision": revision, "created_at": time, "modified_at": time,
    }))
    .expect("a rule")
}

fn limiter(rules: Vec<RateLimitRule>) -> Limiter {
    let limiter = Limiter::new(ServiceKey::parse("default", "pay").expect("a key"));
    limiter.replace(rules);
    limiter
}

/// More than is ever used: what is measured is the way through.
fn ample() -> Value {
    json!([{"max": 10_000_000, "window_ms": 1000, "burst": 1_000_000_000}])
}

fn by_user() -> Value {
    json!({"amounts": ample(), "arguments": [{"on": "header", "key": "x-user", "op": "present"}]})
}

fn acquires(criterion: &mut Criterion) {
    let call = || Call::to("pay").method("/pay").header("x-user", "42");
    let mut measure = |name: &str, rules: Vec<RateLimitRule>| {
        let limiter = limiter(rules);
        let call = call();
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| black_box(limiter.acquire(&call)));
        });
    };
    measure("no rule", vec![]);
    measure(
        "one for all calls",
        vec![rule("all", json!({"amounts": ample()}))],
    );
    measure("one by user", vec![rule("user", by_user())]);
    let queue = json!({"amounts": ample(), "action": {"queue": {"max_wait_ms": 100}}});
    let both = vec![rule("user", by_user()), rule("queue", queue)];
    measure("one by user, a queue for all", both);
    let exact = json!({"amounts": ample(), "method": "/other"});
    let many = (0..10).map(|number| rule(&number.to_string(), exact.clone()));
    let many = many.chain([rule("user", by_user())]);
    measure("one by user, ten that do not match", many.collect());
    let under_way = json!({"concurrency": 1000});
    measure("calls under way", vec![rule("under-way", under_way)]);
    let none = json!({"amounts": [{"max": 1, "window_ms": 86_400_000}]});
    measure("a rejection", vec![rule("none", none)]);
}

/// Many users, in an order that no cache of the processor likes.
fn many_users(criterion: &mut Criterion) {
    let limiter = limiter(vec![rule("user", by_user())]);
    let users: Vec<String> = (0..50_000).map(|number| format!("user-{number}")).collect();
    let calls: Vec<_> = users
        .iter()
        .map(|user| Call::to("pay").header("x-user", user))
        .collect();
    let mut next = 0;
    criterion.bench_function("one by user, 50000 users", |bencher| {
        bencher.iter(|| {
            next = (next + 7919) % calls.len();
            black_box(limiter.acquire(&calls[next]))
        });
    });
    let mut stranger = 0_u64;
    criterion.bench_function("one by user, each a new one", |bencher| {
        bencher.iter(|| {
            stranger += 1;
            let user = stranger.to_string();
            black_box(limiter.acquire(&Call::to("pay").header("x-user", &user)))
        });
    });
}

/// Two threads that hammer the same counter: the time of one call as each of them sees it.
fn together(criterion: &mut Criterion) {
    for (name, fields) in [
        ("all calls", json!({"amounts": ample()})),
        ("one user", by_user()),
    ] {
        let limiter = limiter(vec![rule("hot", fields)]);
        criterion.bench_function(&format!("two threads, {name}"), |bencher| {
            bencher.iter_custom(|count| hammer_twice(&limiter, count));
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn timed(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

/// A rule that a control plane counts, which is away: a call takes its token as it does otherwise.
fn alone(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let _entered = runtime.enter();
    let client = Client::builder("http://127.0.0.1:9")
        .build()
        .expect("a client");
    let mut fields = by_user();
    fields["amounts"] = json!([{"max": 1_000_000_000_u64, "window_ms": 1_000_000}]);
    fields["scope"] = "global".into();
    let limiter = limiter(vec![rule("global", fields)]);
    limiter.join(&client);
    let call = Call::to("pay").header("x-user", "42");
    while !is_stocked(&limiter, &call) {
        thread::sleep(Duration::from_millis(10));
    }
    criterion.bench_function("global, one by user", |bencher| {
        bencher.iter(|| black_box(limiter.acquire(&call)));
    });
    criterion.bench_function("two threads, global, one user", |bencher| {
        bencher.iter_custom(|count| hammer_twice(&limiter, count));
    });
    assert!(is_stocked(&limiter, &call), "tokens were left");
}

/// Whether there are so many tokens that none is refused.
fn is_stocked(limiter: &Limiter, call: &Call<'_>) -> bool {
    (0..1000).all(|_| matches!(limiter.acquire(call), Admission::Permitted(_)))
}

fn hammer_twice(limiter: &Limiter, count: u64) -> Duration {
    let hammer = || {
        let call = Call::to("pay").header("x-user", "42");
        for _ in 0..count {
            let _ = black_box(limiter.acquire(&call));
        }
    };
    timed(|| {
        thread::scope(|scope| {
            scope.spawn(hammer);
            scope.spawn(hammer);
        });
    })
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = acquires, many_users, together, alone
}
criterion_main!(benches);
