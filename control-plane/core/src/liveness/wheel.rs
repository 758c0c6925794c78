//! When to look at which lease.

use std::{collections::BTreeMap, time::Duration};

/// Leases in buckets of a tenth of a second, by the moment at which they may be due.
#[derive(Debug, Default)]
pub(super) struct Wheel {
    buckets: BTreeMap<u64, Vec<Entry>>,
}

/// A lease's slot, and which of its uses is meant.
pub(super) type Entry = (u32, u32);

const BUCKET: Duration = Duration::from_millis(100);

impl Wheel {
    /// Puts an entry where it is found at `at` or shortly after, never before.
    pub(super) fn insert(&mut self, at: Duration, entry: Entry) {
        let bucket = at.as_millis().div_ceil(BUCKET.as_millis());
        self.buckets
            .entry(u64::try_from(bucket).unwrap_or(u64::MAX))
            .or_default()
            .push(entry);
    }

    /// Takes the entries whose moment has come.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<Entry> {
        let current = u64::try_from(now.as_millis() / BUCKET.as_millis()).unwrap_or(u64::MAX);
        let later = self.buckets.split_off(&current.saturating_add(1));
        let due = std::mem::replace(&mut self.buckets, later);
        due.into_values().flatten().collect()
    }
}
