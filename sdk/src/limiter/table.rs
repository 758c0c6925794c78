//! The counters of rules that tell calls apart by their values, in bounded memory.
//!
//! A counter is looked up under a shared lock of one of many shards, without allocating. Where a shard is
//! full, the counter that has least to remember makes room: one that is as good as new, if there is one
//! among those looked at, else the one that will be soonest. A counter with calls under way is never
//! forgotten.

use std::{
    hash::{BuildHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use hashbrown::HashTable;
use merak_model::limiting::{Claim, Counter, Limits, Moment};
use parking_lot::RwLock;

/// One combination of values, and what is counted for it.
#[derive(Debug)]
pub(super) struct Entry {
    hash: u64,
    lineage: u64,
    values: Box<[Box<str>]>,
    /// Those that the counter was made for.
    limits: Arc<Limits>,
    counter: Counter,
}

/// A combination of values of a rule.
#[derive(Clone, Copy)]
pub(super) struct Key<'k> {
    /// Which rule, over all its editions that tell calls apart by the same facts.
    pub(super) lineage: u64,
    pub(super) values: &'k [&'k str],
    hash: u64,
}

pub(super) struct Table {
    shards: Box<[RwLock<Shard>]>,
    hasher: rapidhash::fast::RandomState,
    shard_limit: usize,
}

#[derive(Default)]
struct Shard {
    places: HashTable<u32>,
    entries: Vec<Arc<Entry>>,
    /// Where the search for a counter to forget goes on.
    hand: usize,
    /// The edition of the rules whose counters these are.
    edition: u64,
}

/// The rules were edited since the caller looked at them.
pub(super) struct Outdated;

/// Counters that are looked at to find one to forget.
const LOOKED_AT: usize = 8;
const SHARDS: usize = 64;

impl Entry {
    pub(super) fn new(key: Key<'_>, limits: &Arc<Limits>, counter: Counter) -> Arc<Self> {
        Arc::new(Self {
            hash: key.hash,
            lineage: key.lineage,
            values: key.values.iter().map(|&value| value.into()).collect(),
            limits: Arc::clone(limits),
            counter,
        })
    }

    pub(super) fn claim(&self) -> Claim<'_> {
        Claim {
            limits: &self.limits,
            counter: &self.counter,
        }
    }

    pub(super) fn lineage(&self) -> u64 {
        self.lineage
    }

    /// The same combination, with the counter of another edition of its rule.
    pub(super) fn with(&self, limits: &Arc<Limits>, counter: Counter) -> Arc<Self> {
        Arc::new(Self {
            hash: self.hash,
            lineage: self.lineage,
            values: self.values.clone(),
            limits: Arc::clone(limits),
            counter,
        })
    }

    pub(super) fn values(&self) -> Vec<&str> {
        self.values.iter().map(|value| &**value).collect()
    }

    fn is_of(&self, key: &Key<'_>) -> bool {
        let mut pairs = self.values.iter().zip(key.values);
        self.lineage == key.lineage && pairs.all(|(one, other)| **one == **other)
    }

    fn rest(&self, now: Moment) -> Duration {
        self.counter.rest(&self.limits, now)
    }
}

impl Table {
    /// One for at most so many counters.
    pub(super) fn new(limit: usize) -> Self {
        let shards = (limit / LOOKED_AT).clamp(1, SHARDS);
        Self {
            shards: (0..shards).map(|_| RwLock::default()).collect(),
            hasher: rapidhash::fast::RandomState::new(),
            shard_limit: (limit / shards).max(1),
        }
    }

    #[inline]
    pub(super) fn key<'k>(&self, lineage: u64, values: &'k [&'k str]) -> Key<'k> {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(lineage);
        values.iter().for_each(|value| value.hash(&mut hasher));
        Key {
            lineage,
            values,
            hash: hasher.finish(),
        }
    }

    #[inline]
    pub(super) fn find(&self, key: &Key<'_>) -> Option<Arc<Entry>> {
        let shard = self.shard(key).read();
        shard.find(key).map(Arc::clone)
    }

    /// The counter of a key, made for the limits of an edition if there is none.
    pub(super) fn find_or_insert(
        &self,
        key: Key<'_>,
        limits: &Arc<Limits>,
        (edition, now): (u64, Moment),
        make: impl FnOnce() -> Counter,
    ) -> Result<Arc<Entry>, Outdated> {
        let mut shard = self.shard(&key).write();
        if shard.edition != edition {
            return Err(Outdated);
        }
        if let Some(entry) = shard.find(&key) {
            return Ok(Arc::clone(entry));
        }
        shard.make_room(self.shard_limit, now);
        let entry = Entry::new(key, limits, make());
        shard.push(Arc::clone(&entry));
        Ok(entry)
    }

    /// Goes over to another edition of the rules: what `carry` makes of each counter stays.
    pub(super) fn edit(&self, edition: u64, carry: impl Fn(&Arc<Entry>) -> Option<Arc<Entry>>) {
        for shard in &self.shards {
            let mut shard = shard.write();
            let kept: Vec<_> = shard.entries.iter().filter_map(&carry).collect();
            *shard = Shard::default();
            shard.edition = edition;
            kept.into_iter().for_each(|entry| shard.push(entry));
        }
    }

    /// Forgets the counters that are as good as new, and gives their memory back.
    pub(super) fn forget_idle(&self, now: Moment) {
        for shard in &self.shards {
            let mut shard = shard.write();
            let mut index = 0;
            while index < shard.entries.len() {
                if shard.entries[index].rest(now).is_zero() {
                    shard.remove(index);
                } else {
                    index += 1;
                }
            }
            let Shard {
                places, entries, ..
            } = &mut *shard;
            entries.shrink_to_fit();
            places.shrink_to_fit(|&place| entries[place as usize].hash);
        }
    }

    pub(super) fn len(&self) -> usize {
        let shards = self.shards.iter();
        shards.map(|shard| shard.read().entries.len()).sum()
    }

    #[inline]
    fn shard(&self, key: &Key<'_>) -> &RwLock<Shard> {
        // The table of a shard uses the highest and the lowest bits.
        &self.shards[(key.hash >> 24) as usize % self.shards.len()]
    }
}

impl Shard {
    #[inline]
    fn find(&self, key: &Key<'_>) -> Option<&Arc<Entry>> {
        let is_it = |&place: &u32| self.entries[place as usize].is_of(key);
        let place = self.places.find(key.hash, is_it)?;
        Some(&self.entries[*place as usize])
    }

    fn push(&mut self, entry: Arc<Entry>) {
        let place = u32::try_from(self.entries.len()).expect("counters are bounded");
        let hash = entry.hash;
        self.entries.push(entry);
        let entries = &self.entries;
        let rehash = |&place: &u32| entries[place as usize].hash;
        self.places.insert_unique(hash, place, rehash);
    }

    /// Forgets the counter that has least to remember, if there is no room for another one.
    fn make_room(&mut self, limit: usize, now: Moment) {
        if self.entries.len() < limit {
            return;
        }
        let mut least = (Duration::MAX, 0);
        let count = self.entries.len();
        for looked_at in 0..count {
            // Counters with calls under way are passed over, and all looked at if need be.
            if looked_at >= LOOKED_AT && least.0 < Duration::MAX {
                break;
            }
            self.hand = (self.hand + 1) % count;
            let rest = self.entries[self.hand].rest(now);
            if rest < least.0 {
                least = (rest, self.hand);
            }
            if rest.is_zero() {
                break;
            }
        }
        if least.0 < Duration::MAX {
            self.remove(least.1);
        }
    }

    fn remove(&mut self, index: usize) {
        let last = self.entries.len() - 1;
        self.forget_place(index);
        if index != last {
            // The last one moves to where the removed one was.
            self.forget_place(last);
            let (hash, place) = (self.entries[last].hash, index as u32);
            self.entries.swap_remove(index);
            let entries = &self.entries;
            let rehash = |&place: &u32| entries[place as usize].hash;
            self.places.insert_unique(hash, place, rehash);
        } else {
            self.entries.pop();
        }
    }

    fn forget_place(&mut self, index: usize) {
        let hash = self.entries[index].hash;
        let found = self
            .places
            .find_entry(hash, |&place| place as usize == index);
        if let Ok(found) = found {
            found.remove();
        }
    }
}
