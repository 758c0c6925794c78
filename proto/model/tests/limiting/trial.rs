//! Sequences of calls, tried out.

use std::time::Duration;

use merak_model::limiting::{
    RateLimitRule,
    trial::{Fate, Sequence, Trial, run},
};
use serde_json::{Value, json};

fn rule(mut spec: Value) -> RateLimitRule {
    spec["callee"] = json!({"service": "pay"});
    let rule = json!({
        "namespace": "default", "name": "few", "spec": spec, "revision": 1, "created_revision": 1,
        "created_at": "2026-01-01T00:00:00Z", "modified_at": "2026-01-01T00:00:00Z",
    });
    serde_json::from_value(rule).unwrap()
}

fn second(max: u32) -> Value {
    json!([{"max": max, "window_ms": 1000, "burst": 1}])
}

const SECOND: Duration = Duration::from_secs(1);

fn at_once(calls: u32) -> Sequence {
    Sequence {
        calls,
        over: Duration::ZERO,
        lasting: Duration::ZERO,
        instances: 1,
    }
}

fn admitted(trial: &Trial) -> usize {
    let calls = trial.calls.iter();
    calls
        .filter(|fate| matches!(fate, Fate::Admitted(_)))
        .count()
}

#[test]
fn a_local_limit_lets_its_burst_through_and_then_its_pace() {
    let burst = rule(json!({"amounts": [{"max": 100, "window_ms": 1000}]}));
    assert_eq!(admitted(&run(&[&burst], &at_once(150))), 100);
    let even = rule(json!({"amounts": second(100)}));
    let sequence = Sequence {
        over: SECOND,
        ..at_once(150)
    };
    let trial = run(&[&even], &sequence);
    assert_eq!(admitted(&trial), 75);
    let Fate::Rejected {
        rule: 0,
        amount: Some(0),
        retry_after: Some(retry),
    } = trial.calls[1]
    else {
        panic!("{:?}", trial.calls[1]);
    };
    assert_eq!(retry.as_micros(), 3_333);
    let ten = Sequence {
        over: 10 * SECOND,
        instances: 2,
        ..at_once(10_000)
    };
    assert_eq!(admitted(&run(&[&even], &ten)), 2000);
}

#[test]
fn a_queue_makes_calls_wait_and_refuses_those_that_would_wait_too_long() {
    let queue = json!({"amounts": second(10), "action": {"queue": {"max_wait_ms": 500}}});
    let trial = run(&[&rule(queue)], &at_once(10));
    let waits = trial.calls.iter().filter_map(|fate| match fate {
        Fate::Admitted(wait) => Some(wait.as_millis()),
        Fate::Rejected { .. } => None,
    });
    let waits = waits.collect::<Vec<_>>();
    assert_eq!(waits, [0, 100, 200, 300, 400, 500]);
}

#[test]
fn calls_under_way_hold_others_back_until_they_end() {
    let two = rule(json!({"concurrency": 2}));
    let sequence = Sequence {
        over: SECOND,
        lasting: Duration::from_millis(250),
        ..at_once(10)
    };
    let trial = run(&[&two], &sequence);
    let refused = Fate::Rejected {
        rule: 0,
        amount: None,
        retry_after: None,
    };
    assert_eq!(trial.calls[2], refused);
    // At 0, 100, 300, 400, 600, 700 and 900 ms.
    assert_eq!(admitted(&trial), 7);
}

#[test]
fn a_global_limit_counts_in_windows_for_all_instances() {
    let spec = |mode: &str| json!({"scope": "global", "amount_mode": mode, "amounts": [{"max": 100, "window_ms": 1000}]});
    let sequence = Sequence {
        over: 2 * SECOND,
        instances: 3,
        ..at_once(1000)
    };
    let total = run(&[&rule(spec("total"))], &sequence);
    assert_eq!(admitted(&total), 200);
    assert_eq!(admitted(&run(&[&rule(spec("per_client"))], &sequence)), 600);
    let Fate::Rejected { retry_after, .. } = total.calls[100] else {
        panic!("the window is used up");
    };
    assert_eq!(retry_after, Some(Duration::from_millis(800)));
    assert_eq!(total.left[0][0].calls, 0);
}

#[test]
fn a_call_that_one_rule_refuses_is_counted_by_none() {
    let strict = rule(json!({"amounts": second(1)}));
    let global = rule(json!({"scope": "global", "amounts": [{"max": 10, "window_ms": 60_000}]}));
    let trial = run(&[&strict, &global], &at_once(50));
    assert_eq!((admitted(&trial), trial.left[1][0].calls), (1, 9));
    let trial = run(&[&global, &strict], &at_once(50));
    assert_eq!(trial.left[0][0].calls, 9);
}
