//! How many commits there were, how many failed, and how long they took.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Counts commits; one task writes and anybody reads.
#[derive(Debug, Default)]
pub struct CommitTally {
    failed: AtomicU64,
    microseconds: AtomicU64,
    by_bound: [AtomicU64; CommitTally::BOUNDS.len() + 1],
}

/// Commits up to a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Commits {
    /// Those that are durable.
    pub committed: u64,
    /// Those that the store refused.
    pub failed: u64,
    /// The time that the store took for the durable ones, together.
    pub taken: Duration,
    /// The durable ones by the first of [`CommitTally::BOUNDS`] that they kept to; the last one by none.
    pub by_bound: Vec<u64>,
}

impl CommitTally {
    /// Upper bounds in seconds: from a write in memory to a slow disk.
    pub const BOUNDS: [f64; 12] = [
        0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0,
    ];

    pub(crate) fn note_committed(&self, taken: Duration) {
        let seconds = taken.as_secs_f64();
        let bound = Self::BOUNDS.partition_point(|bound| *bound < seconds);
        self.by_bound[bound].fetch_add(1, Ordering::Relaxed);
        let microseconds = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    pub(crate) fn note_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// The commits so far.
    pub fn commits(&self) -> Commits {
        let by_bound = self.by_bound.iter();
        let by_bound: Vec<u64> = by_bound.map(|one| one.load(Ordering::Relaxed)).collect();
        Commits {
            committed: by_bound.iter().sum(),
            failed: self.failed.load(Ordering::Relaxed),
            taken: Duration::from_micros(self.microseconds.load(Ordering::Relaxed)),
            by_bound,
        }
    }
}
