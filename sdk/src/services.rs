//! The services in use, found without a lock.
//!
//! Readers load two pointers: the map of services, and the state of the service, which changes with every
//! push.

use std::sync::Arc;

use arc_swap::ArcSwap;
use merak_model::ServiceKey;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    Error, ServiceState,
    balance::Moment,
    in_use::{Age, InUse, Used},
};

/// The services in use, by namespace and name.
pub(crate) type Services = InUse<Cell>;

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
    age: Age,
}

impl Used for Cell {
    fn new(key: Arc<ServiceKey>) -> Self {
        let unknown = Arc::new(ServiceState::unknown(Arc::clone(&key)));
        Self {
            key,
            state: ArcSwap::new(Arc::clone(&unknown)),
            news: watch::Sender::new(Ok(unknown)),
            left: Mutex::default(),
            age: Age::default(),
        }
    }

    fn key(&self) -> &Arc<ServiceKey> {
        &self.key
    }

    fn age(&self) -> &Age {
        &self.age
    }

    fn is_held(&self) -> bool {
        self.news.receiver_count() > 0
    }
}

impl Cell {
    /// Notes a use, and looks at the newest state.
    pub(crate) fn with_state<T>(&self, look: impl FnOnce(&ServiceState) -> T) -> T {
        self.age.renew();
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
    use crate::{Origin, in_use::IDLE_SWEEPS, testing::state};

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
            let cell = Cell::new(Arc::clone(&key));
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
