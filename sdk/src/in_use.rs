//! What is in use of services, found without a lock.
//!
//! Readers load one pointer: the map, which changes when a service is used for the first time or no longer.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use arc_swap::ArcSwap;
use merak_model::ServiceKey;
use parking_lot::Mutex;

/// Sweeps without a use after which something is idle.
pub(crate) const IDLE_SWEEPS: u8 = 2;

type Map<V> = HashMap<Box<str>, V, rapidhash::fast::RandomState>;

/// What is in use, by namespace and name of the service that it is of.
pub(crate) struct InUse<C> {
    by_name: ArcSwap<Map<Map<Arc<C>>>>,
    changing: Mutex<()>,
}

/// Something of a service that is in use.
pub(crate) trait Used {
    /// It before anything is known.
    fn new(key: Arc<ServiceKey>) -> Self;
    fn key(&self) -> &Arc<ServiceKey>;
    fn age(&self) -> &Age;
    /// Whether somebody holds a part of it.
    fn is_held(&self) -> bool;
}

/// Sweeps since the last use.
#[derive(Debug, Default)]
pub(crate) struct Age(AtomicU8);

impl Age {
    /// Notes a use.
    #[inline]
    pub(crate) fn renew(&self) {
        // A store makes the line of the other cores stale, a load does not.
        if self.0.load(Ordering::Relaxed) != 0 {
            self.0.store(0, Ordering::Relaxed);
        }
    }
}

impl<C> Default for InUse<C> {
    fn default() -> Self {
        Self {
            by_name: ArcSwap::default(),
            changing: Mutex::default(),
        }
    }
}

impl<C: Used> InUse<C> {
    /// What is in use of a service.
    pub(crate) fn find(&self, namespace: &str, service: &str) -> Option<Arc<C>> {
        self.look(namespace, service, Arc::clone)
    }

    /// Looks at what is in use without taking hold of it.
    pub(crate) fn with<T>(
        &self,
        namespace: &str,
        service: &str,
        look: impl FnOnce(&C) -> T,
    ) -> Option<T> {
        self.look(namespace, service, |cell| look(cell))
    }

    fn look<T>(
        &self,
        namespace: &str,
        service: &str,
        look: impl FnOnce(&Arc<C>) -> T,
    ) -> Option<T> {
        let map = self.by_name.load();
        let cell = map.get(namespace)?.get(service)?;
        Some(look(cell))
    }

    /// Everything in use.
    pub(crate) fn all(&self) -> Vec<Arc<C>> {
        let map = self.by_name.load();
        map.values()
            .flat_map(|names| names.values().cloned())
            .collect()
    }

    /// What is in use of the service from now on, and whether this is the first use.
    pub(crate) fn enter(&self, key: &ServiceKey) -> (Arc<C>, bool) {
        let _changing = self.changing.lock();
        if let Some(cell) = self.find(key.namespace.as_str(), key.service.as_str()) {
            return (cell, false);
        }
        let cell = Arc::new(C::new(Arc::new(key.clone())));
        let mut map = copy_of(&self.by_name.load());
        let names = map.entry(key.namespace.as_str().into()).or_default();
        names.insert(key.service.as_str().into(), Arc::clone(&cell));
        self.by_name.store(Arc::new(map));
        (cell, true)
    }

    /// Takes out what nobody has used for a while and nobody holds.
    pub(crate) fn sweep(&self) -> Vec<Arc<ServiceKey>> {
        let _changing = self.changing.lock();
        let mut map = copy_of(&self.by_name.load());
        let mut idle = Vec::new();
        for names in map.values_mut() {
            names.retain(|_, cell| {
                // One reference is in the map that readers see, one in our copy of it.
                let is_held = Arc::strong_count(cell) > 2 || cell.is_held();
                let age = cell
                    .age()
                    .0
                    .fetch_add(1, Ordering::Relaxed)
                    .saturating_add(1);
                let is_idle = !is_held && age > IDLE_SWEEPS;
                if is_idle {
                    idle.push(Arc::clone(cell.key()));
                }
                if is_held {
                    cell.age().renew();
                }
                !is_idle
            });
        }
        if !idle.is_empty() {
            self.by_name.store(Arc::new(map));
        }
        idle
    }
}

/// The map with the same cells.
fn copy_of<C>(map: &Map<Map<Arc<C>>>) -> Map<Map<Arc<C>>> {
    map.clone()
}
