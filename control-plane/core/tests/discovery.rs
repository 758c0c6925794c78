//! Watching through the interface of the control plane: what subscribers are told, and when.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::Duration;

use merak_core::{Client, Precondition, Topic, Update};
use merak_model::{Revision, ServiceKey, Weight};
use support::{TestPlane, caller, id, pay, registration};

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
async fn a_push_takes_from_the_first_change_that_it_tells_of_until_it_is_written() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let subscriber = test.watch(Revision::ZERO);
    test.clock.advance(Duration::from_secs(9));
    subscriber.next().await;
    subscriber.note_written();
    let pushes = || test.plane.discovery.pushes();
    assert_eq!(pushes().count, 0, "an answer to a subscription is no push");
    test.register(2).await;
    test.clock.advance(Duration::from_millis(30));
    test.register(3).await;
    test.clock.advance(Duration::from_millis(10));
    subscriber.next().await;
    subscriber.note_written();
    assert_eq!((pushes().count, pushes().taken.as_millis()), (1, 40));
    test.register(4).await;
    subscriber.next().await;
    assert_eq!(pushes().count, 1, "it is not written yet");
    test.clock.advance(Duration::from_millis(2));
    subscriber.note_written();
    subscriber.note_written();
    assert_eq!((pushes().count, pushes().taken.as_millis()), (2, 42));
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
    other.service = ServiceKey::parse("default", "order").unwrap();
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

#[tokio::test]
async fn a_topic_that_changes_all_the_time_does_not_keep_others_waiting() {
    let test = TestPlane::new().await;
    let subscriber = test.watch(Revision::ZERO);
    for (number, name) in [(2, "order"), (3, "user")] {
        let key = ServiceKey::parse("default", name).unwrap();
        assert!(subscriber.subscribe(number, Topic::Instances(key), Revision::ZERO));
    }
    let mut told = Vec::new();
    for weight in 1..=6 {
        let mut changed = registration(1);
        changed.spec.weight = Weight::new(weight).unwrap();
        let registry = &test.plane.registry;
        registry.register(&caller(), changed).await.unwrap();
        told.push(subscriber.next().await.0);
    }
    assert_eq!(told, [1, 2, 3, 1, 1, 1]);
}

#[tokio::test]
async fn a_revision_that_was_never_given_out_counts_for_nothing() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let subscriber = test.watch(Revision(u64::MAX));
    let topic = Topic::Instances(pay());
    let seen = || test.plane.discovery.list_subscriptions(&topic).remove(0);
    assert_eq!(
        (seen().sent, seen().applied),
        (Revision::ZERO, Revision::ZERO)
    );
    assert!(matches!(subscriber.next().await, (1, Update::Snapshot(_))));
}

#[tokio::test]
async fn the_services_of_a_namespace_are_told_when_they_become_others() {
    let test = TestPlane::new().await;
    let topic = || Topic::Services(pay().namespace);
    let next = |number, held| {
        let subscriber = test.plane.discovery.subscriber(Client::default());
        assert!(subscriber.subscribe(number, topic(), held));
        (subscriber.try_next().unwrap().1, subscriber)
    };
    let (Update::Services { revision, names }, first) = next(1, Revision::ZERO) else {
        panic!("no list")
    };
    assert_eq!((revision, names.len()), (Revision::ZERO, 0));
    let created = test.register(1).await.instance.stamp.revision;
    let Some((1, Update::Services { revision, names })) = first.try_next() else {
        panic!("no list")
    };
    assert_eq!(names, ["pay"]);
    test.register(2).await;
    assert!(first.try_next().is_none());
    assert!(revision < created, "its instances do not count");
    let (resumed, _subscriber) = next(2, revision);
    assert!(matches!(resumed, Update::Unchanged { revision: same } if same == revision));
    test.deregister(1).await;
    test.deregister(2).await;
    let registry = &test.plane.registry;
    registry
        .delete_service(&caller(), pay(), Precondition::None)
        .await
        .unwrap();
    let (Update::Services { names, .. }, _subscriber) = next(3, revision) else {
        panic!("no list")
    };
    assert_eq!(names, [] as [&str; 0]);
}
