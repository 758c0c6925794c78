//! The services in use, found without a lock.
//!
//! Readers load two pointers: the map of services, which changes when one is used for the first time or
//! no longer, and the state of the service, which changes with every push.

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
use tokio::sync::watch;

use crate::{Error, ServiceState, balance::Moment};

/// Sweeps without a use after which a service is idle.
const IDLE_SWEEPS: u8 = 2;

type Map<V> = HashMap<Box<str>, V, rapidhash::fast::RandomState>;

/// The services in use, by namespace and name.
#[derive(Default)]
pub(crate) struct Services {
    by_name: ArcSwap<Map<Map<Arc<Cell>>>>,
    changing: Mutex<()>,
}

/// The newest state, or why there is none.
pub(crate) type News = Result<Arc<ServiceState>, Error>;

/// One service in use.
pub(crate) struct Cell {
    pub(crate) key: Arc<ServiceKey>,
    state: ArcSwap<ServiceState>,
    /// Its lock is that of everybody who writes `state` as well.
    news: watch::Sender<News>,
    /// What an earlier run left, for when the control plane does not answer.
    left: Mutex<Option<Arc<ServiceState>>>,
    /// Sweeps since the last use.
    age: AtomicU8,
}

impl Services {
    /// A service in use.
    pub(crate) fn find(&self, namespace: &str, service: &str) -> Option<Arc<Cell>> {
        let map = self.by_name.load();
        let cell = map.get(namespace)?.get(service)?;
        Some(Arc::clone(cell))
    }

    /// Looks at a service in use without taking hold of it.
    pub(crate) fn with<T>(
        &self,
        namespace: &str,
        service: &str,
        look: impl FnOnce(&Cell) -> T,
    ) -> Option<T> {
        let map = self.by_name.load();
        let cell = map.get(namespace)?.get(service)?;
        Some(look(cell))
    }

    /// Every service in use.
    pub(crate) fn all(&self) -> Vec<Arc<Cell>> {
        let map = self.by_name.load();
        map.values()
            .flat_map(|names| names.values().cloned())
            .collect()
    }

    /// The service, and whether this is its first use.
    pub(crate) fn enter(&self, key: &ServiceKey) -> (Arc<Cell>, bool) {
        let _changing = self.changing.lock();
        if let Some(cell) = self.find(key.namespace.as_str(), key.service.as_str()) {
            return (cell, false);
        }
        let cell = Arc::new(Cell::new(key));
        let mut map = (**self.by_name.load()).clone();
        let names = map.entry(key.namespace.as_str().into()).or_default();
        names.insert(key.service.as_str().into(), Arc::clone(&cell));
        self.by_name.store(Arc::new(map));
        (cell, true)
    }

    /// Takes out the services that nobody has used for a while and nobody holds.
    pub(crate) fn sweep(&self) -> Vec<Arc<ServiceKey>> {
        let _changing = self.changing.lock();
        let mut map = (**self.by_name.load()).clone();
        let mut idle = Vec::new();
        for names in map.values_mut() {
            names.retain(|_, cell| {
                // One reference is in the map that readers see, one in our copy of it.
                let is_held = Arc::strong_count(cell) > 2 || cell.news.receiver_count() > 0;
                let age = cell.age.fetch_add(1, Ordering::Relaxed).saturating_add(1);
                let is_idle = !is_held && age > IDLE_SWEEPS;
                if is_idle {
                    idle.push(Arc::clone(&cell.key));
                }
                if is_held {
                    cell.age.store(0, Ordering::Relaxed);
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

impl Cell {
    fn new(key: &ServiceKey) -> Self {
        let key = Arc::new(key.clone());
        let unknown = Arc::new(ServiceState::unknown(Arc::clone(&key)));
        Self {
            key,
            state: ArcSwap::new(Arc::clone(&unknown)),
            news: watch::Sender::new(Ok(unknown)),
            left: Mutex::default(),
            age: AtomicU8::new(0),
        }
    }

    /// Notes a use, and looks at the newest state.
    pub(crate) fn with_state<T>(&self, look: impl FnOnce(&ServiceState) -> T) -> T {
        // A store makes the line of the other cores stale, a load does not.
        if self.age.load(Ordering::Relaxed) != 0 {
            self.age.store(0, Ordering::Relaxed);
        }
        look(&self.state.load())
    }

    /// The newest state.
    pub(crate) fn state(&self) -> Arc<ServiceState> {
        self.state.load_full()
    }

    /// Each newest state from now on, or why there is none.
    pub(crate) fn watch(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// Replaces the state; everybody who waits is told. Returns the state as it is now.
    pub(crate) fn publish(&self, state: ServiceState) -> Arc<ServiceState> {
        self.news.send_modify(|news| self.replace(news, state));
        self.state()
    }

    /// Tells who waits for the first state why there is none.
    pub(crate) fn refuse(&self, why: Error) {
        self.tell_unless_known(|news| *news = Err(why));
    }

    /// Keeps what an earlier run left.
    pub(crate) fn leave(&self, state: Arc<ServiceState>) {
        *self.left.lock() = Some(state);
    }

    /// Goes on with what an earlier run left, unless something newer is known.
    pub(crate) fn fall_back(&self) {
        if let Some(left) = self.left.lock().take() {
            self.tell_unless_known(|news| self.replace(news, (*left).clone()));
        }
    }

    /// Decides under the lock of the news, so that nobody publishes in between.
    fn tell_unless_known(&self, tell: impl FnOnce(&mut News)) {
        self.news.send_if_modified(|news| {
            let is_known = self.state.load().is_known();
            if !is_known {
                tell(news);
            }
            !is_known
        });
    }

    /// Sets what readers see and what they are told, which never differ.
    fn replace(&self, news: &mut News, state: ServiceState) {
        let state = Arc::new(state.succeeding(&self.state.load(), Moment::now()));
        self.state.store(Arc::clone(&state));
        *news = Ok(state);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use merak_model::Revision;

    use super::*;
    use crate::{Origin, testing::state};

    fn key(service: &str) -> ServiceKey {
        ServiceKey::parse("default", service).unwrap()
    }

    #[test]
    fn a_service_is_entered_once() {
        let services = Services::default();
        let (first, is_first) = services.enter(&key("pay"));
        let (second, is_again) = services.enter(&key("pay"));
        assert!(is_first && !is_again);
        assert!(Arc::ptr_eq(&first, &second));
        assert!(services.find("default", "order").is_none());
    }

    #[test]
    fn only_what_nobody_uses_or_holds_is_swept() {
        let services = Services::default();
        let (held, _) = services.enter(&key("held"));
        services.enter(&key("used"));
        services.enter(&key("idle"));
        let mut idle = Vec::new();
        for _ in 0..=IDLE_SWEEPS {
            services.with("default", "used", |cell| cell.with_state(|_| ()));
            idle.extend(services.sweep());
        }
        assert_eq!(idle, [Arc::new(key("idle"))]);
        drop(held);
        for _ in 0..=IDLE_SWEEPS {
            idle.extend(services.sweep());
        }
        assert_eq!(idle.len(), 3);
        assert!(services.find("default", "held").is_none());
    }

    #[test]
    fn what_the_disk_had_never_replaces_what_was_pushed() {
        let key = Arc::new(key("pay"));
        let left = Arc::new(ServiceState::new(
            Arc::clone(&key),
            Revision(1),
            Origin::Disk,
            crate::state::Known::new(Arc::default()),
        ));
        for turn in 0..5_000 {
            let cell = Cell::new(&key);
            cell.leave(Arc::clone(&left));
            let begin = Barrier::new(2);
            std::thread::scope(|threads| {
                threads.spawn(|| {
                    begin.wait();
                    cell.fall_back();
                });
                begin.wait();
                cell.publish(state(&key, 2, 1..=1));
            });
            assert_eq!(cell.state().origin(), Origin::ControlPlane, "turn {turn}");
            let news = cell.watch().borrow().clone().unwrap();
            assert!(Arc::ptr_eq(&news, &cell.state()), "turn {turn}");
        }
    }
}
