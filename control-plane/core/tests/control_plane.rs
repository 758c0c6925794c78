//! The control plane over a store in memory, with time by hand.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::Mutex;

use merak_core::{
    Caller, Change, Clock, ControlPlane, Error, ErrorKind, Item, Key, Loaded, ManualClock,
    MissingService, Outcome, Registered, Result, Session, Store, Subscriber, Topic, Update,
};
use merak_model::{
    Health, HealthCheck, Host, InstanceId, InstanceSpec, Port, Registration, Revision, ServiceKey,
    Weight,
};

/// A log in memory, shared by the control planes that a test starts one after another.
#[derive(Clone, Default)]
struct MemoryStore {
    log: Arc<Mutex<Vec<Change>>>,
    is_full: Arc<AtomicBool>,
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self) -> Result<Loaded> {
        let mut items: HashMap<Key, Option<Item>> = HashMap::new();
        let mut loaded = Loaded::default();
        for change in self.log.lock().iter() {
            loaded.revision = change.revision;
            items.insert(change.key.clone(), change.after.clone());
        }
        for item in items.into_values().flatten() {
            match item {
                Item::Namespace(namespace) => loaded.namespaces.push((*namespace).clone()),
                Item::Service(service) => loaded.services.push((*service).clone()),
                Item::Instance(instance) => loaded.instances.push((*instance).clone()),
            }
        }
        Ok(loaded)
    }

    async fn append(&self, changes: &[Change]) -> Result<()> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the store is full"));
        }
        let mut log = self.log.lock();
        for change in changes {
            let newest = log.last().map_or(Revision::ZERO, |last| last.revision);
            assert_eq!(change.revision, newest.next(), "revisions have no gap");
            log.push(change.clone());
        }
        Ok(())
    }
}

struct TestPlane {
    plane: ControlPlane,
    clock: Arc<ManualClock>,
    store: MemoryStore,
}

impl TestPlane {
    async fn new() -> Self {
        let store = MemoryStore::default();
        let clock = Arc::new(ManualClock::default());
        let plane = start(&store, &clock, MissingService::Create).await;
        Self {
            plane,
            clock,
            store,
        }
    }

    async fn restart(self) -> Self {
        let Self {
            plane,
            clock,
            store,
        } = self;
        plane.shutdown().await;
        let plane = start(&store, &clock, MissingService::Create).await;
        Self {
            plane,
            clock,
            store,
        }
    }

    async fn register(&self, number: u64) -> Registered {
        self.plane
            .registry
            .register(&caller(), registration(number))
            .await
            .unwrap()
    }

    /// Lets time pass in steps, as the clock of a running server would.
    async fn advance(&self, duration: Duration) {
        for _ in 0..duration.as_millis() / 100 {
            self.clock.advance(Duration::from_millis(100));
            self.plane.tick().await.unwrap();
        }
    }

    fn healthy(&self) -> Vec<u16> {
        let snapshot = self.plane.catalog.find_service(&pay()).unwrap();
        let healthy = snapshot
            .instances()
            .filter(|instance| instance.health.is_healthy());
        let mut ports: Vec<u16> = healthy.map(|instance| instance.spec.port.get()).collect();
        ports.sort_unstable();
        ports
    }

    fn attach(&self, numbers: impl IntoIterator<Item = u64>) -> Session {
        let session = self.plane.liveness.open_session();
        let instances = numbers.into_iter().map(|number| (pay(), id(number)));
        assert_eq!(session.attach(instances), []);
        session
    }

    fn watch(&self, held: Revision) -> Subscriber {
        let subscriber = self.plane.discovery.subscriber();
        assert!(subscriber.subscribe(1, Topic::Instances(pay()), held));
        subscriber
    }
}

async fn start(
    store: &MemoryStore,
    clock: &Arc<ManualClock>,
    missing_service: MissingService,
) -> ControlPlane {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    ControlPlane::start(Arc::new(store.clone()), clock, missing_service)
        .await
        .unwrap()
}

fn caller() -> Caller {
    Caller::new("test", "")
}

fn pay() -> ServiceKey {
    ServiceKey::parse("default", "pay").unwrap()
}

fn registration(number: u64) -> Registration {
    let spec = InstanceSpec::new(Host::parse("10.0.0.1").unwrap(), Port::new(number).unwrap());
    Registration {
        service: pay(),
        id: None,
        spec,
    }
}

fn id(number: u64) -> InstanceId {
    registration(number).instance_id()
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn registering_again_changes_nothing_and_keeps_the_revision() {
    let test = TestPlane::new().await;
    let first = test.register(1).await;
    let before = test.plane.catalog.revision();
    let again = test.register(1).await;
    assert_eq!(
        (first.outcome, again.outcome),
        (Outcome::Created, Outcome::Unchanged)
    );
    assert_eq!(first.instance, again.instance);
    assert_eq!(test.plane.catalog.revision(), before);
}

#[tokio::test]
async fn a_changed_registration_keeps_id_isolation_and_creation() {
    let test = TestPlane::new().await;
    let first = test.register(1).await.instance;
    test.plane
        .registry
        .set_isolated(&caller(), pay(), id(1), true)
        .await
        .unwrap();
    let mut heavier = registration(1);
    heavier.spec.weight = Weight::new(500).unwrap();
    let second = test
        .plane
        .registry
        .register(&caller(), heavier)
        .await
        .unwrap();
    assert_eq!(second.outcome, Outcome::Updated);
    assert!(second.instance.isolated);
    assert_eq!(second.instance.id, first.id);
    assert_eq!(
        second.instance.stamp.created_revision,
        first.stamp.created_revision
    );
    assert!(second.instance.stamp.revision > first.stamp.revision);
}

#[tokio::test]
async fn a_refused_write_leaves_no_trace_and_the_next_one_succeeds() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let before = test.plane.catalog.revision();
    test.store.is_full.store(true, Ordering::SeqCst);
    let refused = test
        .plane
        .registry
        .register(&caller(), registration(2))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert_eq!(test.plane.catalog.revision(), before);
    assert_eq!(test.healthy(), [1]);
    test.clock.advance(SECOND * 16);
    assert!(
        test.plane.tick().await.is_err(),
        "the health change waits for the store"
    );
    test.store.is_full.store(false, Ordering::SeqCst);
    test.plane.tick().await.unwrap();
    assert_eq!(test.healthy(), [] as [u16; 0]);
    assert_eq!(
        test.register(2).await.instance.stamp.revision,
        before.next().next()
    );
}

#[tokio::test]
async fn leaving_twice_is_no_error() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let caller = caller();
    let leave = || test.plane.registry.deregister(&caller, pay(), id(1));
    assert!(leave().await.unwrap().is_some());
    assert_eq!(leave().await.unwrap(), None);
}

#[tokio::test]
async fn a_missing_service_is_refused_where_the_setting_says_so() {
    let store = MemoryStore::default();
    let clock = Arc::new(ManualClock::default());
    let plane = start(&store, &clock, MissingService::Refuse).await;
    let refused = plane
        .registry
        .register(&caller(), registration(1))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert_eq!(refused.to_string(), "service `default/pay` not found");
    assert_eq!(plane.catalog.revision(), Revision::ZERO);
}

#[tokio::test]
async fn a_subscriber_is_told_absent_then_whole_then_deltas() {
    let test = TestPlane::new().await;
    let subscriber = test.watch(Revision::ZERO);
    assert!(matches!(
        subscriber.next().await,
        (1, Update::Absent { .. })
    ));
    let first = test.register(1).await.instance;
    let (_, Update::Snapshot(snapshot)) = subscriber.next().await else {
        panic!("no snapshot")
    };
    assert_eq!(snapshot.instances().collect::<Vec<_>>(), [&first]);
    let second = test.register(2).await.instance;
    let (_, Update::Delta(delta)) = subscriber.next().await else {
        panic!("no delta")
    };
    assert_eq!(
        (delta.from, delta.upserts),
        (snapshot.revision(), vec![second])
    );
    test.plane
        .registry
        .deregister(&caller(), pay(), id(1))
        .await
        .unwrap();
    let (_, Update::Delta(delta)) = subscriber.next().await else {
        panic!("no delta")
    };
    assert_eq!((delta.upserts, delta.removals), (vec![], vec![id(1)]));
    test.register(2).await;
    assert!(
        subscriber.try_next().is_none(),
        "an identical registration is not pushed"
    );
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_gets_one_update_for_many_changes() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let subscriber = test.watch(Revision::ZERO);
    subscriber.next().await;
    for weight in 1..=2000 {
        let mut changed = registration(1);
        changed.spec.weight = Weight::new(weight).unwrap();
        test.plane
            .registry
            .register(&caller(), changed)
            .await
            .unwrap();
    }
    let (_, Update::Snapshot(snapshot)) = subscriber.next().await else {
        panic!("2000 changes are more than is remembered")
    };
    let instance = snapshot.find_instance(&id(1)).unwrap();
    assert_eq!(instance.spec.weight.get(), 2000);
    assert!(subscriber.try_next().is_none());
}

#[tokio::test]
async fn dropped_subscribers_are_forgotten() {
    let test = TestPlane::new().await;
    let topic = Topic::Instances(pay());
    let subscriber = test.watch(Revision::ZERO);
    assert_eq!(test.plane.discovery.count_subscriptions(&topic), 1);
    drop(subscriber);
    assert_eq!(test.plane.discovery.count_subscriptions(&topic), 0);
}

#[tokio::test]
async fn a_restart_keeps_everything_and_tells_what_was_missed() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let second = test.register(2).await.instance;
    let held = test.plane.catalog.revision();
    test.plane
        .registry
        .deregister(&caller(), pay(), id(1))
        .await
        .unwrap();
    let newest = test.plane.catalog.revision();
    let test = test.restart().await;
    assert_eq!(test.plane.catalog.revision(), newest);
    let subscriber = test.watch(held);
    let (_, Update::Snapshot(snapshot)) = subscriber.next().await else {
        panic!("no snapshot")
    };
    assert_eq!(snapshot.instances().collect::<Vec<_>>(), [&second]);
    assert!(test.register(3).await.instance.stamp.revision > newest);
}

#[tokio::test]
async fn three_missed_beats_make_an_instance_unhealthy_and_a_beat_revives_it() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.advance(SECOND * 14).await;
    assert_eq!(test.healthy(), [1]);
    test.advance(SECOND * 2).await;
    assert_eq!(test.healthy(), [] as [u16; 0]);
    assert_eq!(test.plane.liveness.heartbeat([(pay(), id(1))]), []);
    test.advance(SECOND).await;
    assert_eq!(test.healthy(), [1]);
}

#[tokio::test]
async fn a_beat_of_a_stream_renews_all_that_is_attached() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.register(2).await;
    let session = test.attach([1, 2]);
    for _ in 0..6 {
        test.advance(SECOND * 5).await;
        session.beat();
    }
    assert_eq!(test.healthy(), [1, 2]);
    test.advance(SECOND * 16).await;
    assert_eq!(
        test.healthy(),
        [] as [u16; 0],
        "a silent stream is a stopped process"
    );
    session.beat();
    test.advance(SECOND).await;
    assert_eq!(test.healthy(), [1, 2], "it went on");
}

#[tokio::test]
async fn a_lost_stream_is_unhealthy_after_the_grace_unless_it_comes_back() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.register(2).await;
    let (first, second) = (test.attach([1]), test.attach([2]));
    drop((first, second));
    test.advance(SECOND).await;
    assert_eq!(test.healthy(), [1, 2]);
    let back = test.attach([2]);
    test.advance(SECOND * 2).await;
    assert_eq!(test.healthy(), [2]);
    drop(back);
}

#[tokio::test]
async fn a_stream_that_was_replaced_takes_nothing_with_it() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let old = test.attach([1]);
    let _new = test.attach([1]);
    drop(old);
    test.advance(SECOND * 4).await;
    assert_eq!(test.healthy(), [1]);
}

#[tokio::test]
async fn a_mass_loss_is_held_until_three_ttl() {
    let test = TestPlane::new().await;
    for number in 1..=5 {
        test.register(number).await;
    }
    let lost = test.attach(1..=4);
    let kept = test.attach([5]);
    drop(lost);
    test.advance(SECOND * 4).await;
    kept.beat();
    assert_eq!(test.healthy(), [1, 2, 3, 4, 5]);
    test.advance(SECOND * 12).await;
    kept.beat();
    assert_eq!(test.healthy(), [5]);
}

#[tokio::test]
async fn a_restart_gives_every_lease_a_full_term() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.advance(SECOND * 14).await;
    let test = test.restart().await;
    test.advance(SECOND * 14).await;
    assert_eq!(test.healthy(), [1]);
    test.advance(SECOND * 2).await;
    assert_eq!(test.healthy(), [] as [u16; 0]);
}

#[tokio::test]
async fn unhealthy_instances_are_removed_after_the_retention_and_static_ones_never() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let mut fixed = registration(2);
    fixed.spec.health_check = HealthCheck::None;
    test.plane
        .registry
        .register(&caller(), fixed)
        .await
        .unwrap();
    test.advance(SECOND * 16).await;
    test.clock.advance(merak_core::UNHEALTHY_RETENTION);
    test.plane.tick().await.unwrap();
    let snapshot = test.plane.catalog.find_service(&pay()).unwrap();
    let left: Vec<_> = snapshot
        .instances()
        .map(|instance| instance.id.clone())
        .collect();
    assert_eq!(left, [id(2)]);
    assert_eq!(
        snapshot.find_instance(&id(2)).unwrap().health,
        Health::Healthy
    );
}

#[tokio::test]
async fn instances_that_nobody_knows_are_named() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let unknown = test
        .plane
        .liveness
        .heartbeat([(pay(), id(1)), (pay(), id(2))]);
    assert_eq!(unknown, [(pay(), id(2))]);
}
