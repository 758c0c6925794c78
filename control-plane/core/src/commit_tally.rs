//! How many commits there were, how many failed, and how long they took.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{Durations, duration_tally::DurationTally};

/// Counts commits; one task writes and anybody reads.
#[derive(Debug, Default)]
pub struct CommitTally {
    failed: AtomicU64,
    durable: DurationTally,
}

/// Commits up to a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Commits {
    /// Those that the store refused.
    pub failed: u64,
    /// Those that are durable, and the time that the store took for them.
    pub durable: Durations,
}

impl CommitTally {
    pub(crate) fn note_committed(&self, taken: Duration) {
        self.durable.note(taken);
    }

    pub(crate) fn note_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// The commits so far.
    pub fn commits(&self) -> Commits {
        Commits {
            failed: self.failed.load(Ordering::Relaxed),
            durable: self.durable.read(),
        }
    }
}
