//! Tables that are built when they are first asked for.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use merak_model::{Instance, routing::mix};
use parking_lot::Mutex;

use super::{hash_of, maglev::Maglev, ring_hash::Ring, round_robin::Turns};

/// The tables for one target.
#[derive(Debug, Default)]
pub(super) struct Tables {
    turns: OnceLock<Turns>,
    ring: OnceLock<Arc<Ring>>,
    maglev: OnceLock<Arc<Maglev>>,
}

/// Tables of keyed balancers that outlive a state: most updates of a service leave the ids and weights of
/// a target's instances as they are, or bring back earlier ones.
#[derive(Debug, Default)]
pub(super) struct TableCache {
    rings: Recent<Ring>,
    maglevs: Recent<Maglev>,
}

impl Tables {
    /// Turns for round robin, from somewhere if they are new.
    #[inline]
    pub(super) fn turns(&self, instances: &[Arc<Instance>], start: u64) -> &Turns {
        self.turns.get_or_init(|| Turns::new(instances, start))
    }

    #[inline]
    pub(super) fn ring(&self, instances: &[Arc<Instance>], cache: &TableCache) -> &Ring {
        let build = || cache.rings.get(instances, Ring::new);
        self.ring.get_or_init(build)
    }

    #[inline]
    pub(super) fn maglev(&self, instances: &[Arc<Instance>], cache: &TableCache) -> &Maglev {
        let build = || cache.maglevs.get(instances, Maglev::new);
        self.maglev.get_or_init(build)
    }
}

/// The last tables of a kind, by what they were built from.
#[derive(Debug)]
struct Recent<T>(Mutex<VecDeque<(u64, Arc<T>)>>);

impl<T> Recent<T> {
    const LIMIT: usize = 8;

    fn get(
        &self,
        instances: &[Arc<Instance>],
        build: impl FnOnce(&[Arc<Instance>]) -> T,
    ) -> Arc<T> {
        let print = fingerprint(instances);
        let known = |tables: &VecDeque<(u64, Arc<T>)>| {
            let found = tables.iter().find(|(known, _)| *known == print);
            found.map(|(_, table)| Arc::clone(table))
        };
        if let Some(table) = known(&self.0.lock()) {
            return table;
        }
        let table = Arc::new(build(instances));
        let mut tables = self.0.lock();
        tables.truncate(Self::LIMIT - 1);
        tables.push_front((print, Arc::clone(&table)));
        table
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// What ids and weights in their order come down to.
fn fingerprint(instances: &[Arc<Instance>]) -> u64 {
    instances.iter().fold(instances.len() as u64, |print, one| {
        mix(mix(print ^ hash_of(one)) ^ u64::from(one.spec.weight.get()))
    })
}
