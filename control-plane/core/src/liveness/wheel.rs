//! When to look at which lease.

use std::{collections::BTreeMap, time::Duration};

/// Leases in buckets of a tenth of a second, by the moment at which they may be due.
#[derive(Debug, Default)]
pub(super) struct Wheel {
    buckets: BTreeMap<u64, Vec<Entry>>,
}

/// A lease's slot, and which of its uses is meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

const BUCKET: Duration = Duration::from_millis(100);

impl Wheel {
    /// Puts an entry where it is found at `at` or shortly after, never before.
    pub(super) fn insert(&mut self, at: Duration, entry: Entry) {
        let bucket = at.as_nanos().div_ceil(BUCKET.as_nanos());
        self.buckets
            .entry(u64::try_from(bucket).unwrap_or(u64::MAX))
            .or_default()
            .push(entry);
    }

    /// Takes up to `limit` entries whose moment has come; none once there are no more.
    pub(super) fn take_due(&mut self, now: Duration, limit: usize) -> Vec<Entry> {
        let current = u64::try_from(now.as_nanos() / BUCKET.as_nanos()).unwrap_or(u64::MAX);
        let mut due = Vec::new();
        while let Some(mut bucket) = self.buckets.first_entry() {
            if *bucket.key() > current || due.len() == limit {
                break;
            }
            let rest = bucket.get().len().saturating_sub(limit - due.len());
            due.append(&mut bucket.get_mut().split_off(rest));
            if rest == 0 {
                bucket.remove();
            }
        }
        due
    }
}
