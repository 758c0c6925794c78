//! Who speaks for an instance: the newest registration of it.
//!
//! An application may register an instance again, with another weight say, while it still holds the
//! handle of the first time. What the older handle asks for then does nothing. What is said to the
//! control plane of one instance is said in turn, so that its order there is the order here.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use crate::keepalive::InstanceKey;

/// Numbers the registrations of a client; a later one is larger.
pub(crate) type Generation = u64;

/// The newest registration of each instance.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    by_key: Mutex<HashMap<InstanceKey, Claim>>,
    last: AtomicU64,
}

#[derive(Debug, Default)]
struct Claim {
    newest: Option<Generation>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// The turn to speak to the control plane of one instance; its drop is the next one's turn.
#[derive(Debug)]
pub(crate) struct Turn {
    claims: Arc<Claims>,
    key: InstanceKey,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Claims {
    /// Waits for the turn to speak of an instance; turns come in the order in which they were asked for.
    pub(crate) async fn turn(self: &Arc<Self>, key: &InstanceKey) -> Turn {
        let mut turn = Turn {
            claims: Arc::clone(self),
            key: key.clone(),
            guard: None,
        };
        let lock = {
            let mut claims = self.by_key.lock();
            Arc::clone(&claims.entry(key.clone()).or_default().turn)
        };
        turn.guard = Some(lock.lock_owned().await);
        turn
    }

    /// Whether nobody has registered the instance since.
    pub(crate) fn is_newest(&self, key: &InstanceKey, generation: Generation) -> bool {
        let claims = self.by_key.lock();
        let claim = claims.get(key);
        claim.is_some_and(|claim| claim.newest == Some(generation))
    }

    /// Gives up the instance, unless somebody has registered it since.
    pub(crate) fn release(&self, key: &InstanceKey, generation: Generation) {
        let mut claims = self.by_key.lock();
        if let Some(claim) = claims.get_mut(key)
            && claim.newest == Some(generation)
        {
            claim.newest = None;
        }
        tidy(&mut claims, key);
    }
}

impl Turn {
    /// The instance was registered: its new registration supersedes all others.
    pub(crate) fn claim(&self) -> Generation {
        let generation = self.claims.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut claims = self.claims.by_key.lock();
        claims.entry(self.key.clone()).or_default().newest = Some(generation);
        generation
    }

    /// Whether nobody has registered the instance since.
    pub(crate) fn is_newest(&self, generation: Generation) -> bool {
        self.claims.is_newest(&self.key, generation)
    }

    /// Gives up the instance, unless somebody has registered it since.
    pub(crate) fn release(&self, generation: Generation) {
        self.claims.release(&self.key, generation);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.guard.take());
        tidy(&mut self.claims.by_key.lock(), &self.key);
    }
}

/// Forgets an instance that nobody claims or waits for.
fn tidy(claims: &mut HashMap<InstanceKey, Claim>, key: &InstanceKey) {
    // Who has the turn, or waits for it, holds the lock.
    let is_idle = |claim: &Claim| claim.newest.is_none() && Arc::strong_count(&claim.turn) == 1;
    if claims.get(key).is_some_and(is_idle) {
        claims.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use merak_model::{InstanceId, ServiceKey};

    use super::*;

    fn key() -> InstanceKey {
        let service = ServiceKey::parse("default", "pay").unwrap();
        (service, InstanceId::parse("one").unwrap())
    }

    fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn an_older_registration_is_superseded_and_releases_nothing() {
        let claims = Arc::new(Claims::default());
        let first = claims.turn(&key()).await.claim();
        let second = claims.turn(&key()).await.claim();
        assert!(!claims.is_newest(&key(), first));
        claims.release(&key(), first);
        assert!(claims.is_newest(&key(), second));
        claims.release(&key(), second);
        assert!(!claims.is_newest(&key(), second));
        assert!(claims.by_key.lock().is_empty(), "nothing is left of it");
    }

    #[tokio::test]
    async fn turns_come_in_order_and_one_that_is_given_up_leaves_nothing() {
        let (claims, key) = (Arc::new(Claims::default()), key());
        let first = claims.turn(&key).await;
        let mut second = pin!(claims.turn(&key));
        assert!(poll(second.as_mut()).is_pending());
        {
            let mut given_up = pin!(claims.turn(&key));
            assert!(poll(given_up.as_mut()).is_pending());
        }
        let mut third = pin!(claims.turn(&key));
        assert!(poll(third.as_mut()).is_pending());
        drop(first);
        assert!(poll(third.as_mut()).is_pending());
        let Poll::Ready(second) = poll(second.as_mut()) else {
            panic!("it is the turn of the second");
        };
        drop(second);
        assert!(poll(third.as_mut()).is_ready());
        assert!(claims.by_key.lock().is_empty(), "nothing is left of it");
    }
}
