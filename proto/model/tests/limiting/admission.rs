//! How calls go through counters: one by one, in a queue, several at once, and over an edit.

use std::time::Duration;

use merak_model::limiting::{Cause, admit, foresee};
use serde_json::json;

use crate::builders::{One, a_second, at_ms, limits, ms};

#[test]
fn a_burst_goes_through_and_then_the_pace() {
    let one = One::new(a_second(100, 10));
    assert_eq!(one.admitted(50, at_ms(0)), 10);
    let refusal = one.admit(at_ms(0)).unwrap_err();
    assert_eq!((refusal.claim, refusal.cause), (0, Cause::Amount(0)));
    assert_eq!(refusal.retry_after, Some(ms(10)));
    assert_eq!(one.admitted(50, at_ms(9)), 0);
    assert_eq!(one.admitted(50, at_ms(10)), 1);
    assert_eq!(one.admitted(50, at_ms(60)), 5);
    assert_eq!(one.admitted(50, at_ms(5000)), 10, "never more than a burst");
}

#[test]
fn what_is_left_is_known_without_counting() {
    let one = One::new(a_second(100, 10));
    assert_eq!(one.left(at_ms(0)), [10]);
    assert_eq!(one.admitted(4, at_ms(0)), 4);
    assert_eq!(one.left(at_ms(0)), [6]);
    assert_eq!(one.left(at_ms(20)), [8]);
    let foreseen = |now| foresee([one.claim()].into_iter(), now);
    assert_eq!(foreseen(at_ms(0)), Ok(Duration::ZERO));
    assert_eq!(one.left(at_ms(0)), [6], "nothing was counted");
    assert_eq!(one.admitted(9, at_ms(0)), 6);
    assert_eq!(foreseen(at_ms(0)).unwrap_err().retry_after, Some(ms(10)));
}

#[test]
fn a_queue_is_served_in_order_and_is_not_longer_than_its_bound() {
    let queue = json!({"amounts": [{"max": 10, "window_ms": 1000}],
        "action": {"queue": {"max_wait_ms": 250}}});
    let one = One::new(limits(queue));
    let waits: Vec<_> = (0..3).map(|_| one.admit(at_ms(0)).unwrap()).collect();
    assert_eq!(waits, [ms(0), ms(100), ms(200)]);
    let refusal = one.admit(at_ms(0)).unwrap_err();
    assert_eq!(refusal.retry_after, Some(ms(50)), "then it may wait 250 ms");
    assert_eq!(one.admit(at_ms(50)), Ok(ms(250)));
    assert_eq!(one.admit(at_ms(1000)), Ok(ms(0)));
}

#[test]
fn every_amount_must_let_a_call_through_and_none_counts_a_refused_one() {
    let one = One::new(limits(json!({"amounts": [
        {"max": 10, "window_ms": 1000},
        {"max": 15, "window_ms": 60000},
    ]})));
    assert_eq!(one.admitted(20, at_ms(0)), 10);
    assert_eq!(one.left(at_ms(0)), [0, 5]);
    assert_eq!(one.admitted(20, at_ms(1000)), 5);
    let refusal = one.admit(at_ms(1000)).unwrap_err();
    assert_eq!(refusal.cause, Cause::Amount(1));
    assert_eq!(refusal.retry_after, Some(ms(3000)));
    assert_eq!(one.left(at_ms(1000)), [5, 0]);
}

#[test]
fn rules_that_match_the_same_call_count_it_together() {
    let strict = One::new(a_second(100, 1));
    let mild = One::new(limits(
        json!({"amounts": [{"max": 100, "window_ms": 1000}], "concurrency": 3}),
    ));
    let both = || [mild.claim(), strict.claim()].into_iter();
    assert_eq!(admit(both(), at_ms(0)), Ok(Duration::ZERO));
    let refusal = admit(both(), at_ms(0)).unwrap_err();
    assert_eq!((refusal.claim, refusal.retry_after), (1, Some(ms(10))));
    assert_eq!(mild.left(at_ms(0)), [99]);
    assert_eq!(mild.counter.under_way().unwrap().get(), 1);
    let waiting = One::new(limits(json!({"amounts": [{"max": 2, "window_ms": 1000}],
        "action": {"queue": {"max_wait_ms": 1000}}})));
    let both = || [waiting.claim(), strict.claim()].into_iter();
    assert_eq!(admit(both(), at_ms(100)), Ok(Duration::ZERO));
    assert_eq!(
        admit(both(), at_ms(200)),
        Ok(ms(400)),
        "the later turn of the two"
    );
    assert_eq!(
        strict.admit(at_ms(209)).unwrap_err().retry_after,
        Some(ms(1)),
        "one that rejects counts the waiting call when it comes"
    );
    assert_eq!(strict.admit(at_ms(210)), Ok(Duration::ZERO));
}

#[test]
fn calls_that_wait_for_one_rule_take_no_more_of_another_than_others() {
    let roomy = One::new(a_second(100, 20));
    let queue = One::new(limits(json!({"amounts": [{"max": 10, "window_ms": 1000}],
        "action": {"queue": {"max_wait_ms": 1000}}})));
    let both = || admit([roomy.claim(), queue.claim()].into_iter(), at_ms(0));
    let waits: Vec<_> = (0..11).map(|_| both().unwrap()).collect();
    assert!(
        waits
            .iter()
            .copied()
            .eq((0..11).map(|place| ms(place * 100)))
    );
    let refusal = both().unwrap_err();
    assert_eq!((refusal.claim, refusal.retry_after), (1, Some(ms(100))));
    assert_eq!(roomy.left(at_ms(0)), [9], "eleven were let through");
}

#[test]
fn a_long_queue_of_one_user_holds_nobody_up_in_the_queue_of_all() {
    let user = One::new(limits(json!({"amounts": [{"max": 1, "window_ms": 10_000}],
        "action": {"queue": {"max_wait_ms": 10_000}}})));
    let all = One::new(limits(json!({"amounts": [{"max": 100, "window_ms": 1000}],
        "action": {"queue": {"max_wait_ms": 100}}})));
    let both = || admit([user.claim(), all.claim()].into_iter(), at_ms(0));
    assert_eq!((both(), both()), (Ok(ms(0)), Ok(ms(10_000))));
    assert_eq!(all.admit(at_ms(0)), Ok(ms(20)), "the third place of all");
}

#[test]
fn calls_under_way_are_limited_until_they_end() {
    let one = One::new(limits(json!({"concurrency": 2})));
    assert_eq!(one.admitted(5, at_ms(0)), 2);
    let refusal = one.admit(at_ms(0)).unwrap_err();
    assert_eq!(
        (refusal.cause, refusal.retry_after),
        (Cause::Concurrency, None)
    );
    assert_eq!(one.counter.rest(&one.limits, at_ms(9999)), Duration::MAX);
    one.counter.under_way().unwrap().end();
    assert_eq!(one.admitted(5, at_ms(0)), 1);
    let other = One::new(limits(json!({"concurrency": 9})));
    let both = [other.claim(), one.claim()].into_iter();
    assert_eq!(admit(both, at_ms(0)).unwrap_err().claim, 1);
    assert_eq!(other.counter.under_way().unwrap().get(), 0);
}

#[test]
fn a_counter_warms_up_when_it_is_new_and_after_a_pause() {
    let one = One::new(limits(json!({
        "amounts": [{"max": 1000, "window_ms": 1000, "burst": 100}],
        "warm_up": {"period_ms": 10000, "start_percent": 20},
    })));
    let second = |from: u64| -> u32 {
        let moments = (0..1000).map(|step| at_ms(from + step));
        moments.map(|now| one.admitted(5, now)).sum()
    };
    assert_eq!(one.admitted(200, at_ms(0)), 20, "a share of the burst");
    let first: Vec<u32> = (0..12).map(|number| second(number * 1000)).collect();
    assert!((230..=250).contains(&first[0]), "{first:?}");
    assert!(first.is_sorted() && first[5] > 600, "{first:?}");
    assert_eq!(first[11], 1000);
    assert_eq!(
        one.left(at_ms(19_000)),
        [100],
        "a pause shorter than the period"
    );
    assert_eq!(one.admitted(200, at_ms(22_099)), 20, "a longer one");
}

#[test]
fn a_warm_up_ends_whatever_the_pace() {
    let seconds =
        |max: u64, window_s: u64, period_s: u64, start: u64, every_ms: u64, calls: u64| {
            let one = One::new(limits(json!({
                "amounts": [{"max": max, "window_ms": window_s * 1000}],
                "warm_up": {"period_ms": period_s * 1000, "start_percent": start},
            })));
            (0..calls)
                .filter(|call| one.admit(at_ms(call * every_ms)).is_ok())
                .count()
        };
    assert_eq!(
        seconds(1, 60, 1, 30, 70_000, 20),
        20,
        "slower than the limit"
    );
    assert_eq!(seconds(1, 3600, 1, 1, 1000, 86_400), 24, "one an hour");
    let risen = seconds(10, 1, 10, 1, 10, 1000);
    assert!(
        (50..=61).contains(&risen),
        "half of the pace on average, and what the bucket holds: {risen}"
    );
    let quick = One::new(limits(json!({
        "amounts": [{"max": 10, "window_ms": 1000, "burst": 1}],
        "warm_up": {"period_ms": 50, "start_percent": 10},
    })));
    let steady = (0..100).filter(|call| quick.admit(at_ms(call * 110)).is_ok());
    assert!(steady.count() >= 99, "a call is no pause");
}

#[test]
fn an_edit_keeps_what_still_applies() {
    let one = One::new(limits(json!({"concurrency": 5, "amounts": [
        {"max": 100, "window_ms": 1000},
        {"max": 1000, "window_ms": 60000},
    ]})));
    assert_eq!(one.admitted(60, at_ms(0)), 5);
    let calls = one.counter.under_way().unwrap();
    for _ in 0..55 {
        calls.end();
        assert_eq!(one.admitted(1, at_ms(0)), 1);
    }
    let edited = |fields, now| {
        let limits = limits(fields);
        let counter = limits.carry(&one.limits, &one.counter, now);
        One { limits, counter }
    };
    let more = edited(
        json!({"concurrency": 9, "amounts": [{"max": 200, "window_ms": 1000}]}),
        at_ms(0),
    );
    assert_eq!(
        more.left(at_ms(0)),
        [140],
        "60 calls count in the same window"
    );
    assert_eq!(more.admitted(9, at_ms(0)), 4, "5 are under way");
    assert_eq!(calls.get(), 9, "and all end on the same counter");
    let less = edited(
        json!({"amounts": [{"max": 40, "window_ms": 1000}]}),
        at_ms(0),
    );
    assert_eq!(less.left(at_ms(0)), [0]);
    assert_eq!(
        less.left(at_ms(1000)),
        [40],
        "nobody is punished for longer than a window"
    );
    let other = edited(
        json!({"amounts": [{"max": 40, "window_ms": 500}]}),
        at_ms(0),
    );
    assert_eq!(
        other.left(at_ms(0)),
        [40],
        "another window has counted nothing"
    );
    let later = edited(
        json!({"amounts": [{"max": 10, "window_ms": 1000}]}),
        at_ms(500),
    );
    assert_eq!(
        later.left(at_ms(500)),
        [0],
        "10 of 60 calls count after half a second"
    );
}

#[test]
fn an_edit_keeps_the_places_in_a_queue() {
    let queue = |max: u32| {
        limits(json!({"amounts": [{"max": max, "window_ms": 1000}],
            "action": {"queue": {"max_wait_ms": 1000}}}))
    };
    let one = One::new(queue(10));
    let waits: Vec<_> = (0..6).map(|_| one.admit(at_ms(0)).unwrap()).collect();
    assert_eq!(waits[5], ms(500));
    let limits = queue(20);
    let counter = limits.carry(&one.limits, &one.counter, at_ms(0));
    let edited = One { limits, counter };
    assert_eq!(edited.admit(at_ms(0)), Ok(ms(550)));
}

#[test]
fn a_counter_is_at_rest_when_forgetting_it_loses_nothing() {
    let one = One::new(a_second(100, 10));
    assert_eq!(one.counter.rest(&one.limits, at_ms(0)), Duration::ZERO);
    assert_eq!(one.admitted(7, at_ms(50)), 7);
    assert_eq!(one.counter.rest(&one.limits, at_ms(50)), ms(70));
    assert_eq!(one.counter.rest(&one.limits, at_ms(120)), Duration::ZERO);
}
