//! The control plane through its interface: writing, watching, living and dying.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::Arc;

use merak_core::{
    Client, ErrorKind, Event, InstancePatch, Item, Kind, ManualClock, MissingService, Outcome,
    Precondition, Settings, Topic, Update, testing::MemoryStore,
};
use merak_model::{Health, HealthCheck, Invalid, NamespaceSpec, Revision, ServiceSpec, Weight};
use support::{SECOND, TestPlane, caller, id, pay, registration, start};

fn isolated(isolated: bool) -> InstancePatch {
    InstancePatch {
        isolated: Some(isolated),
        ..InstancePatch::default()
    }
}

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
        .patch_instance(
            &caller(),
            (pay(), id(1)),
            isolated(true),
            Precondition::None,
        )
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
    test.store.fill();
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
    test.store.make_room();
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
    let registry = &test.plane.registry;
    let leave = || registry.deregister(&caller, (pay(), id(1)), Precondition::None);
    assert!(leave().await.unwrap().is_some());
    assert_eq!(leave().await.unwrap(), None);
}

#[tokio::test]
async fn a_missing_service_is_refused_where_the_setting_says_so() {
    let store = MemoryStore::default();
    let clock = Arc::new(ManualClock::default());
    let settings = Settings {
        missing_service: MissingService::Refuse,
        ..Settings::default()
    };
    let plane = start(&store, &clock, settings).await;
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
    let (_, Update::Delta { from, now }) = subscriber.next().await else {
        panic!("no delta")
    };
    let delta = now.delta_since(from).unwrap();
    assert_eq!(
        (delta.from, delta.upserts),
        (snapshot.revision(), vec![second])
    );
    test.plane
        .registry
        .deregister(&caller(), (pay(), id(1)), Precondition::None)
        .await
        .unwrap();
    let (_, Update::Delta { from, now }) = subscriber.next().await else {
        panic!("no delta")
    };
    let delta = now.delta_since(from).unwrap();
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
        .deregister(&caller(), (pay(), id(1)), Precondition::None)
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

#[tokio::test]
async fn what_an_operator_set_survives_the_same_registration_and_yields_to_a_new_one() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let patch = InstancePatch {
        weight: Some(Weight::new(7).unwrap()),
        metadata: vec![("lane".to_owned(), Some("gray".to_owned()))],
        ..isolated(true)
    };
    let registry = &test.plane.registry;
    let patched = registry
        .patch_instance(&caller(), (pay(), id(1)), patch, Precondition::None)
        .await
        .unwrap();
    assert_eq!(patched.outcome, Outcome::Updated);
    let again = test.register(1).await;
    assert_eq!(again.outcome, Outcome::Unchanged);
    let spec = &again.instance.spec;
    assert_eq!(
        (spec.weight.get(), spec.metadata.get("lane")),
        (7, Some("gray"))
    );
    let mut news = registration(1);
    news.spec.weight = Weight::new(300).unwrap();
    let news = registry.register(&caller(), news).await.unwrap().instance;
    assert_eq!((news.spec.weight.get(), news.spec.metadata.len()), (300, 0));
    assert!(news.isolated, "isolation is not the instance's to say");
}

#[tokio::test]
async fn only_a_static_instance_has_its_health_set() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let mut fixed = registration(2);
    fixed.spec.health_check = HealthCheck::None;
    let registry = &test.plane.registry;
    registry.register(&caller(), fixed).await.unwrap();
    let unhealthy = || InstancePatch {
        health: Some(Health::Unhealthy),
        ..InstancePatch::default()
    };
    let refused = registry
        .patch_instance(&caller(), (pay(), id(1)), unhealthy(), Precondition::None)
        .await
        .unwrap_err();
    assert_eq!(refused.invalid().map(Invalid::field), Some("health"));
    registry
        .patch_instance(&caller(), (pay(), id(2)), unhealthy(), Precondition::None)
        .await
        .unwrap();
    assert_eq!(test.healthy(), [1]);
}

#[tokio::test]
async fn a_failed_precondition_names_the_current_revision() {
    let test = TestPlane::new().await;
    let caller = caller();
    let current = test.register(1).await.instance.stamp.revision;
    let registry = &test.plane.registry;
    let patch = |precondition| {
        registry.patch_instance(&caller, (pay(), id(1)), isolated(true), precondition)
    };
    for stale in [Precondition::Absent, Precondition::Revision(current.next())] {
        let refused = patch(stale).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::PreconditionFailed);
        assert_eq!(refused.current_revision(), Some(current));
    }
    assert!(patch(Precondition::Revision(current)).await.is_ok());
}

#[tokio::test]
async fn a_rehearsal_answers_and_writes_nothing() {
    let test = TestPlane::new().await;
    let before = test.plane.catalog.revision();
    let rehearsal = test.plane.registry.rehearsal();
    let answer = rehearsal
        .register(&caller(), registration(1))
        .await
        .unwrap();
    assert_eq!(answer.outcome, Outcome::Created);
    assert_eq!(test.plane.catalog.revision(), before);
    assert!(test.plane.catalog.find_service(&pay()).is_none());
    assert_eq!(test.store.log(), []);
}

#[tokio::test]
async fn only_what_is_empty_is_deleted() {
    let test = TestPlane::new().await;
    let caller = caller();
    test.register(1).await;
    let registry = &test.plane.registry;
    let delete_service = || registry.delete_service(&caller, pay(), Precondition::None);
    let delete_namespace =
        || registry.delete_namespace(&caller, pay().namespace, Precondition::None);
    assert_eq!(
        delete_service().await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    assert_eq!(
        delete_namespace().await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    registry
        .deregister(&caller, (pay(), id(1)), Precondition::None)
        .await
        .unwrap();
    delete_service().await.unwrap();
    assert_eq!(
        delete_service().await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    delete_namespace().await.unwrap();
    assert_eq!(
        delete_namespace().await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let test = test.restart().await;
    assert_eq!(test.plane.catalog.list_namespaces().len(), 0);
}

#[tokio::test]
async fn putting_the_same_namespace_or_service_again_changes_nothing() {
    let test = TestPlane::new().await;
    let caller = caller();
    let registry = &test.plane.registry;
    for expected in [Outcome::Created, Outcome::Unchanged] {
        let put = registry.put_service(&caller, pay(), ServiceSpec::default(), Precondition::None);
        assert_eq!(put.await.unwrap().outcome, expected);
    }
    let namespace = NamespaceSpec {
        comment: "money".into(),
        ..NamespaceSpec::default()
    };
    for expected in [Outcome::Updated, Outcome::Unchanged] {
        let put = registry.put_namespace(
            &caller,
            pay().namespace,
            namespace.clone(),
            Precondition::None,
        );
        assert_eq!(put.await.unwrap().outcome, expected);
    }
}

#[tokio::test]
async fn a_mass_loss_and_flapping_are_events_in_the_log() {
    let test = TestPlane::new().await;
    for number in 1..=4 {
        test.register(number).await;
    }
    drop(test.attach(1..=4));
    test.advance(SECOND * 3).await;
    for _ in 0..3 {
        test.advance(SECOND * 16).await;
        test.plane.liveness.heartbeat([(pay(), id(1))]);
        test.advance(SECOND).await;
    }
    let log = test.store.log();
    let events: Vec<_> = log
        .iter()
        .filter(|change| change.key.kind() == Kind::Event)
        .map(|change| (change.key.instance().cloned(), change.after.clone()))
        .collect();
    let held = Event::MassLossHeld {
        disconnected: 4,
        healthy: 4,
    };
    let flapping = Event::Flapping {
        losses: 3,
        window_seconds: 600,
    };
    assert_eq!(
        events,
        [
            (None, Some(Item::Event(Arc::new(held)))),
            (Some(id(1)), Some(Item::Event(Arc::new(flapping))))
        ]
    );
}

#[tokio::test]
async fn operators_see_who_subscribes_and_what_each_has_applied() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let client = Client {
        sdk: "merak-rust".to_owned(),
        ..Client::default()
    };
    let subscriber = test.plane.discovery.subscriber(client);
    let topic = Topic::Instances(pay());
    subscriber.subscribe(1, topic.clone(), Revision::ZERO);
    subscriber.next().await;
    let newest = test.plane.catalog.find_service(&pay()).unwrap().revision();
    let seen = || test.plane.discovery.list_subscriptions(&topic).remove(0);
    assert_eq!((seen().sent, seen().applied), (newest, Revision::ZERO));
    assert_eq!(seen().client.sdk, "merak-rust");
    subscriber.acknowledge(1, Revision(newest.get() + 100));
    assert_eq!(seen().applied, newest, "what was not sent is not believed");
    drop(subscriber);
    assert_eq!(test.plane.discovery.list_subscriptions(&topic), []);
}

#[tokio::test]
async fn a_restart_is_resumed_by_revision() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let held = test.plane.catalog.find_service(&pay()).unwrap().revision();
    let mut other = registration(1);
    other.service = merak_model::ServiceKey::parse("default", "order").unwrap();
    test.plane
        .registry
        .register(&caller(), other)
        .await
        .unwrap();
    let test = test.restart().await;
    let subscriber = test.watch(held);
    assert!(matches!(
        subscriber.next().await,
        (1, Update::Unchanged { .. })
    ));
}
