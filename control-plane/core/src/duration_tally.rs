//! How long things take: how many there were, by bounds.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Counts durations; anybody adds and anybody reads, without a lock.
#[derive(Debug, Default)]
pub(crate) struct DurationTally {
    microseconds: AtomicU64,
    by_bound: [AtomicU64; Durations::BOUNDS.len() + 1],
}

/// Durations up to a moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Durations {
    pub count: u64,
    /// All of them together.
    pub taken: Duration,
    /// By the first of [`Durations::BOUNDS`] that they kept to; the last one by none.
    pub by_bound: Vec<u64>,
}

impl DurationTally {
    pub(crate) fn note(&self, taken: Duration) {
        let seconds = taken.as_secs_f64();
        let bound = Durations::BOUNDS.partition_point(|bound| *bound < seconds);
        self.by_bound[bound].fetch_add(1, Ordering::Relaxed);
        let microseconds = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// The durations so far.
    pub(crate) fn read(&self) -> Durations {
        let by_bound = self.by_bound.iter();
        let by_bound: Vec<u64> = by_bound.map(|one| one.load(Ordering::Relaxed)).collect();
        Durations {
            count: by_bound.iter().sum(),
            taken: Duration::from_micros(self.microseconds.load(Ordering::Relaxed)),
            by_bound,
        }
    }
}

impl Durations {
    /// Upper bounds in seconds: from work in memory to a slow disk or a slow network.
    pub const BOUNDS: [f64; 14] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    ];

    /// What a share of them, 0..=1, kept to, in seconds, as exactly as the bounds tell; none if there are
    /// none. Longer ones than the longest bound are counted as that.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = self.count as f64 * share;
        let (mut below, mut lower) = (0.0, 0.0);
        for (bound, count) in Self::BOUNDS.iter().zip(&self.by_bound) {
            let here = *count as f64;
            if here > 0.0 && below + here >= wanted {
                return Some(lower + (bound - lower) * ((wanted - below) / here).max(0.0));
            }
            (below, lower) = (below + here, *bound);
        }
        (self.count > 0).then_some(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_lies_between_the_bounds_of_its_duration() {
        let tally = DurationTally::default();
        assert_eq!(tally.read().quantile(0.5), None);
        for milliseconds in 1..=100 {
            tally.note(Duration::from_millis(milliseconds));
        }
        let durations = tally.read();
        assert_eq!((durations.count, durations.taken.as_millis()), (100, 5050));
        let median = durations.quantile(0.5).unwrap();
        assert!((0.045..=0.055).contains(&median), "{median}");
        let p99 = durations.quantile(0.99).unwrap();
        assert!((0.095..=0.1).contains(&p99), "{p99}");
        tally.note(Duration::from_secs(60));
        assert_eq!(tally.read().quantile(1.0), Some(5.0));
    }
}
