//! What holds whatever calls come: bounds over any window, pace under overload, order of waiting.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use merak_model::limiting::{Amount, Limits, Moment, admit, foresee};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use crate::builders::{One, a_second, limits};

/// The most calls of a sorted list that lie within less than a window.
fn most_within(window: Duration, calls: &[Duration]) -> usize {
    let mut first = 0;
    let lasts = calls.iter().enumerate();
    let counts = lasts.map(|(last, &at)| {
        while at - calls[first] >= window {
            first += 1;
        }
        last + 1 - first
    });
    counts.max().unwrap_or(0)
}

fn check_bounds(limits: &Limits, mut calls: Vec<Duration>) {
    calls.sort_unstable();
    for (amount, pace) in limits.amounts() {
        let most = most_within(amount.window(), &calls);
        let bound = (amount.max() + pace.burst() - 1) as usize;
        assert!(most <= bound, "{most} calls, {amount}, bound {bound}");
    }
}

/// Amounts that a rule may have together, with their bursts.
fn any_amounts() -> impl Strategy<Value = Value> {
    let short = (1_u64..400, 1_u64..2000, 1_u64..500);
    let long = (1_u64..2000, 2000_u64..60_000, 1_u64..2000);
    (short, proptest::option::of(long)).prop_map(|((max, window_ms, burst), long)| {
        let short = json!({"max": max, "window_ms": window_ms, "burst": burst});
        let long = long.map(|(more, longer, larger)| {
            // Slower than the short one, and with a larger burst: both can refuse.
            let slower = (max * longer * 9 / window_ms / 10).min(more).max(1);
            json!({"max": slower, "window_ms": longer, "burst": burst + larger})
        });
        let slower = long.filter(|long| {
            let max_long = long["max"].as_u64().unwrap() * window_ms;
            max_long < max * long["window_ms"].as_u64().unwrap()
        });
        Value::Array([short].into_iter().chain(slower).collect())
    })
}

/// Pauses between calls, in microseconds: floods, trickles and rests.
fn any_pauses() -> impl Strategy<Value = Vec<u64>> {
    let pause = prop_oneof![
        5 => Just(0_u64),
        3 => 0_u64..3000,
        1 => 0_u64..200_000,
        1 => 0_u64..5_000_000,
    ];
    vec(pause, 1..1500)
}

fn moments(pauses: &[u64]) -> impl Iterator<Item = Duration> {
    pauses.iter().scan(Duration::ZERO, |now, &pause| {
        *now += Duration::from_micros(pause);
        Some(*now)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_window_has_more_than_the_bound(amounts in any_amounts(), pauses in any_pauses()) {
        let one = One::new(limits(json!({"amounts": amounts})));
        let admitted = moments(&pauses).filter(|&now| one.admit(Moment::after(now)).is_ok());
        check_bounds(&one.limits, admitted.collect());
    }

    #[test]
    fn a_clock_that_is_read_out_of_order_loosens_no_bound(
        amounts in any_amounts(), pauses in any_pauses(), lags in vec(0_u64..5000, 1500),
    ) {
        let one = One::new(limits(json!({"amounts": amounts})));
        let late = moments(&pauses).zip(&lags);
        let late = late.map(|(now, &lag)| now.saturating_sub(Duration::from_micros(lag)));
        let admitted = late.filter(|&now| one.admit(Moment::after(now)).is_ok());
        check_bounds(&one.limits, admitted.collect());
    }

    #[test]
    fn a_warm_up_only_lowers_the_bound(
        amounts in any_amounts(), pauses in any_pauses(),
        period in 1_u64..20_000, start in 1_u64..100,
    ) {
        let warm_up = json!({"period_ms": period, "start_percent": start});
        let one = One::new(limits(json!({"amounts": amounts, "warm_up": warm_up})));
        let admitted = moments(&pauses).filter(|&now| one.admit(Moment::after(now)).is_ok());
        check_bounds(&one.limits, admitted.collect());
    }

    #[test]
    fn a_queue_keeps_the_order_the_bound_and_the_longest_wait(
        amounts in any_amounts(), pauses in any_pauses(), share in 1_u64..100,
    ) {
        let windows = amounts.as_array().unwrap().iter();
        let window = windows.map(|one| one["window_ms"].as_u64().unwrap()).max().unwrap();
        let max_wait_ms = (window * share / 100).max(1);
        let queue = json!({"queue": {"max_wait_ms": max_wait_ms}});
        let one = One::new(limits(json!({"amounts": amounts, "action": queue})));
        let mut turns = Vec::new();
        for now in moments(&pauses) {
            match one.admit(Moment::after(now)) {
                Ok(wait) => {
                    prop_assert!(wait <= Duration::from_millis(max_wait_ms));
                    turns.push(now + wait);
                }
                Err(refusal) => {
                    // Right to refuse: a call that comes when it was told to come may wait.
                    let later = now + refusal.retry_after.unwrap();
                    let claim = [one.claim()].into_iter();
                    prop_assert!(foresee(claim, Moment::after(later)).is_ok());
                }
            }
        }
        prop_assert!(turns.is_sorted(), "a later call had an earlier turn");
        check_bounds(&one.limits, turns);
    }

    #[test]
    fn sustained_overload_gets_the_whole_pace(
        max in 1_u32..2_000_000, window_ms in 1_u64..5000, burst in 1_u32..50,
    ) {
        let pace = u64::from(max) * 1000 / window_ms;
        prop_assume!(pace <= u64::from(Amount::PACE_LIMIT));
        let amounts = json!([{"max": max, "window_ms": window_ms, "burst": burst}]);
        let one = One::new(limits(json!({"amounts": amounts})));
        // A call comes as soon as one may, for 2,000 calls.
        let mut now = Duration::ZERO;
        let mut count = 0_u32;
        while count < 2000 {
            match one.admit(Moment::after(now)) {
                Ok(_) => count += 1,
                Err(refusal) => now += refusal.retry_after.unwrap(),
            }
        }
        let even = Duration::from_millis(window_ms).as_secs_f64() / f64::from(max);
        let allowed = now.as_secs_f64() / even;
        prop_assert!(f64::from(count) >= 0.99 * allowed, "{count} of {allowed}");
        prop_assert!(f64::from(count) <= allowed + f64::from(burst) + 0.001);
    }

    #[test]
    fn what_a_rule_makes_of_a_call_does_not_depend_on_the_others(
        pauses in any_pauses(), keys in vec(0_usize..3, 1500), max_wait_ms in 1_u64..400,
    ) {
        let queue = |max: u32| limits(json!({
            "amounts": [{"max": max, "window_ms": 1000}],
            "action": {"queue": {"max_wait_ms": max_wait_ms}},
        }));
        let rules = || vec![One::new(a_second(60, 9)), One::new(queue(90))];
        let mut together = rules();
        together.extend((0..3).map(|_| One::new(queue(25))));
        let mut alone = rules();
        alone.extend((0..3).map(|_| One::new(queue(25))));
        for (now, key) in moments(&pauses).map(Moment::after).zip(keys) {
            let of_call = [0, 1, 2 + key];
            let each = of_call.map(|one| foresee([alone[one].claim()].into_iter(), now));
            let claims = of_call.map(|one| together[one].claim());
            let admitted = admit(claims.into_iter(), now);
            let longest = each.iter().try_fold(Duration::ZERO, |most, one| one.map(|wait| most.max(wait)));
            prop_assert_eq!(admitted.ok(), longest.ok());
            if admitted.is_ok() {
                for one in of_call {
                    prop_assert!(alone[one].admit(now).is_ok());
                }
            }
        }
    }

    #[test]
    fn a_refused_call_is_counted_by_none(pauses in any_pauses()) {
        let strict = One::new(a_second(20, 3));
        let mild = One::new(a_second(200, 30));
        let alone = One::new(a_second(200, 30));
        for now in moments(&pauses).map(Moment::after) {
            let both = [mild.claim(), strict.claim()].into_iter();
            if admit(both, now).is_ok() {
                prop_assert!(alone.admit(now).is_ok());
            }
            prop_assert_eq!(mild.left(now), alone.left(now));
        }
    }
}

#[test]
fn threads_together_stay_within_the_bound() {
    let one = One::new(limits(json!({"amounts": [
        {"max": 1000, "window_ms": 10, "burst": 20},
        {"max": 50_000, "window_ms": 1000, "burst": 3000},
    ]})));
    let other = One::new(a_second(40_000, 2000));
    // Each call moves the clock on by a microsecond: a million calls a second.
    let clock = AtomicU64::new(0);
    let calls = || {
        let nows = (0..100_000).map(|_| clock.fetch_add(1, Ordering::Relaxed));
        let nows = nows.map(Duration::from_micros);
        let both = || [one.claim(), other.claim()].into_iter();
        let admitted = nows.filter(|&now| admit(both(), Moment::after(now)).is_ok());
        admitted.collect::<Vec<_>>()
    };
    let admitted: Vec<Duration> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(calls)).collect();
        let lists = threads.into_iter().map(|thread| thread.join().unwrap());
        lists.flatten().collect()
    });
    // The slowest pace is 40,000 a second, and 0.4 seconds went by.
    assert!(admitted.len() >= 16_000, "{}", admitted.len());
    check_bounds(&one.limits, admitted.clone());
    check_bounds(&other.limits, admitted);
}
