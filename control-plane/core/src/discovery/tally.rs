//! What subscribers were told so far, counted.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Update;
use crate::duration_tally::DurationTally;

/// Counts that only grow, and the clients connected now.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) pushes: DurationTally,
    subscribers: AtomicU64,
    snapshots: AtomicU64,
    deltas: AtomicU64,
    lists: AtomicU64,
    rules: AtomicU64,
    rule_deltas: AtomicU64,
    absences: AtomicU64,
    unchanged: AtomicU64,
}

/// A reading of the tally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// Clients connected now.
    pub subscribers: u64,
    /// Services told as a whole.
    pub snapshots: u64,
    /// Services told as what changed.
    pub deltas: u64,
    /// Lists of services.
    pub lists: u64,
    /// Rules for a service told as a whole.
    pub rules: u64,
    /// Rules for a service told as what changed.
    pub rule_deltas: u64,
    /// Services that do not exist.
    pub absences: u64,
    /// Subscriptions that held the newest state already.
    pub unchanged: u64,
}

impl Tally {
    pub(super) fn connected(&self) {
        self.subscribers.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn disconnected(&self) {
        self.subscribers.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn count(&self, update: &Update) {
        let counter = match update {
            Update::Snapshot(_) => &self.snapshots,
            Update::Delta { .. } => &self.deltas,
            Update::Services { .. } => &self.lists,
            Update::Rules(_) => &self.rules,
            Update::RulesDelta { .. } => &self.rule_deltas,
            Update::Absent { .. } => &self.absences,
            Update::Unchanged { .. } => &self.unchanged,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Told {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Told {
            subscribers: read(&self.subscribers),
            snapshots: read(&self.snapshots),
            deltas: read(&self.deltas),
            lists: read(&self.lists),
            rules: read(&self.rules),
            rule_deltas: read(&self.rule_deltas),
            absences: read(&self.absences),
            unchanged: read(&self.unchanged),
        }
    }
}
