//! What the control plane answers when its store fails, or a part of itself.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use merak_core::{
    Change, ChangeQuery, ChangeRetention, Clock, ControlPlane, ErrorKind, Loaded, ManualClock,
    Outcome, Precondition, Result, Settings, Store, testing::MemoryStore,
};
use merak_model::{Revision, ServiceSpec, Timestamp};
use tokio::sync::Semaphore;

use support::{SECOND, TestPlane, caller, id, pay, registration, start};

/// A store with a defect that shows once it is armed, and that prunes behind a gate.
struct BrokenStore {
    inner: MemoryStore,
    is_armed: AtomicBool,
    attempts: AtomicUsize,
    prunes: AtomicUsize,
    gate: Semaphore,
}

impl Default for BrokenStore {
    fn default() -> Self {
        Self {
            inner: MemoryStore::default(),
            is_armed: AtomicBool::default(),
            attempts: AtomicUsize::default(),
            prunes: AtomicUsize::default(),
            gate: Semaphore::new(1),
        }
    }
}

#[async_trait]
impl Store for BrokenStore {
    async fn load(&self) -> Result<Loaded> {
        self.inner.load().await
    }

    async fn append(&self, changes: &[Change]) -> Result<()> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        assert!(!self.is_armed.load(Ordering::SeqCst), "a defect");
        self.inner.append(changes).await
    }

    async fn list_changes(&self, query: &ChangeQuery) -> Result<Vec<Change>> {
        self.inner.list_changes(query).await
    }

    async fn find_oldest_change(&self) -> Result<Option<Revision>> {
        self.inner.find_oldest_change().await
    }

    async fn find_change_time(&self, revision: Revision) -> Result<Option<Timestamp>> {
        self.inner.find_change_time(revision).await
    }

    async fn prune_changes(&self, through: Revision) -> Result<()> {
        self.prunes.fetch_add(1, Ordering::SeqCst);
        let _permit = self.gate.acquire().await.unwrap();
        self.inner.prune_changes(through).await
    }
}

/// A clock with a defect that shows once it is armed, and whose wall time may be wrong.
#[derive(Default)]
struct BrokenClock {
    inner: ManualClock,
    ahead_ms: AtomicI64,
    is_armed: AtomicBool,
}

impl Clock for BrokenClock {
    fn timestamp(&self) -> Timestamp {
        let now = self.inner.timestamp();
        now.plus_ms(self.ahead_ms.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        assert!(!self.is_armed.load(Ordering::SeqCst), "a defect");
        self.inner.elapsed()
    }
}

#[tokio::test]
async fn a_defect_while_committing_stops_the_control_plane() {
    let store = Arc::new(BrokenStore::default());
    let clock = Arc::new(ManualClock::default());
    let plane = ControlPlane::start(Arc::clone(&store) as _, clock, Settings::default());
    let plane = plane.await.unwrap();
    let register = |port| {
        let registry = plane.registry.clone();
        async move { registry.register(&caller(), registration(port)).await }
    };
    register(1).await.unwrap();
    store.is_armed.store(true, Ordering::SeqCst);
    let unknown = register(2).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Internal, "{unknown}");
    assert!(plane.failed.is_cancelled());
    let refused = register(3).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable, "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_defect_of_the_leases_stops_the_control_plane() {
    let clock = Arc::new(BrokenClock::default());
    let store = Arc::new(MemoryStore::default());
    let plane = ControlPlane::start(store, Arc::clone(&clock) as _, Settings::default());
    let plane = plane.await.unwrap();
    clock.is_armed.store(true, Ordering::SeqCst);
    let failed = plane.failed.cancelled();
    tokio::time::timeout(Duration::from_secs(1), failed)
        .await
        .unwrap();
}

#[tokio::test]
async fn stopping_is_no_failure() {
    let test = TestPlane::new().await;
    let failed = test.plane.failed.clone();
    test.plane.shutdown().await;
    assert!(!failed.is_cancelled());
}

#[tokio::test]
async fn what_rests_on_changes_that_failed_is_answered_with_the_failure() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let current = test.register(2).await.instance.stamp.revision;
    test.store.fill();
    let registry = &test.plane.registry;
    let caller = caller();
    let key = |port| (pay(), id(port));
    // All of them reach the committer before it takes the first.
    let (absent, gone, stale, missing, same) = tokio::join!(
        registry.delete_service(&caller, pay(), Precondition::None),
        registry.deregister(&caller, key(1), Precondition::None),
        registry.deregister(&caller, key(1), Precondition::Revision(current)),
        registry.deregister(&caller, key(9), Precondition::Absent),
        registry.put_service(&caller, pay(), ServiceSpec::default(), Precondition::None),
    );
    let kind = |error: merak_core::Error| error.kind();
    assert_eq!(
        kind(absent.unwrap_err()),
        ErrorKind::Conflict,
        "true before"
    );
    assert_eq!(kind(gone.unwrap_err()), ErrorKind::Unavailable);
    assert_eq!(kind(stale.unwrap_err()), ErrorKind::Unavailable);
    assert_eq!(kind(missing.unwrap_err()), ErrorKind::Unavailable);
    assert_eq!(kind(same.unwrap_err()), ErrorKind::Unavailable);
    let same = registry
        .put_service(&caller, pay(), ServiceSpec::default(), Precondition::None)
        .await;
    assert_eq!(
        same.unwrap().outcome,
        Outcome::Unchanged,
        "nothing to write"
    );
    assert_eq!(test.healthy(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn health_changes_that_the_store_refuses_are_tried_again_once_a_second() {
    let store = Arc::new(BrokenStore::default());
    let clock = Arc::new(ManualClock::default());
    let plane = ControlPlane::start(
        Arc::clone(&store) as _,
        Arc::clone(&clock) as _,
        Settings::default(),
    );
    let plane = plane.await.unwrap();
    let registry = &plane.registry;
    registry.register(&caller(), registration(1)).await.unwrap();
    store.inner.fill();
    clock.advance(SECOND * 16);
    let before = store.attempts.load(Ordering::SeqCst);
    tokio::time::sleep(SECOND * 10).await;
    let attempts = store.attempts.load(Ordering::SeqCst) - before;
    assert!((9..=11).contains(&attempts), "{attempts}");
    store.inner.make_room();
    tokio::time::sleep(SECOND * 2).await;
    let found = plane.catalog.find_instance(&pay(), &id(1)).unwrap();
    assert!(!found.health.is_healthy());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_into_the_future_prunes_nothing() {
    let clock = Arc::new(BrokenClock::default());
    let store = MemoryStore::default();
    let plane = ControlPlane::start(
        Arc::new(store.clone()),
        Arc::clone(&clock) as _,
        Settings::default(),
    );
    let plane = plane.await.unwrap();
    let register = |port| {
        let registry = plane.registry.clone();
        async move {
            registry
                .register(&caller(), registration(port))
                .await
                .unwrap()
        }
    };
    register(1).await;
    clock
        .ahead_ms
        .store(70 * 365 * 86_400_000, Ordering::SeqCst);
    register(2).await;
    tokio::time::sleep(SECOND * 61).await;
    clock.ahead_ms.store(0, Ordering::SeqCst);
    tokio::time::sleep(SECOND * 61).await;
    assert_eq!(store.log().len(), 4);
    clock.inner.advance(SECOND * 86_400 * 8);
    tokio::time::sleep(SECOND * 61).await;
    assert_eq!(
        store.log()[0].revision,
        Revision(4),
        "what is old is pruned"
    );
}

#[tokio::test]
async fn the_end_does_not_wait_for_all_that_is_to_be_pruned() {
    let store = Arc::new(BrokenStore::default());
    let clock = Arc::new(ManualClock::default());
    let settings = Settings {
        change_retention: ChangeRetention {
            count: 1,
            ..ChangeRetention::default()
        },
        ..Settings::default()
    };
    let plane = start(&store.inner, &clock, Settings::default()).await;
    for port in 1..=11_000 {
        let registered = plane.registry.register(&caller(), registration(port)).await;
        registered.unwrap();
    }
    plane.shutdown().await;
    let pause = store.gate.acquire().await.unwrap();
    let plane = ControlPlane::start(Arc::clone(&store) as _, clock, settings);
    let plane = plane.await.unwrap();
    while store.prunes.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let release = async {
        tokio::task::yield_now().await;
        drop(pause);
    };
    tokio::join!(plane.shutdown(), release);
    assert_eq!(store.prunes.load(Ordering::SeqCst), 1);
    assert!(store.inner.log().len() > 6000);
}
