//! Leases through the interface of the control plane, with time by hand.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::Arc;

use futures_util::future::join_all;
use merak_core::{Event, InstancePatch, Item, Kind, Precondition};
use merak_model::{Health, HealthCheck, ServiceKey};
use support::{SECOND, TestPlane, caller, id, pay, registration};

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
async fn a_stream_is_told_once_of_what_it_spoke_for_and_is_gone() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.register(2).await;
    let session = test.attach([1, 2]);
    test.put_with(1, HealthCheck::None).await;
    test.put_with(1, registration(1).spec.health_check).await;
    session.beat();
    assert_eq!(session.take_lost(), [(pay(), id(1))]);
    assert_eq!(session.take_lost(), []);
    test.put_with(2, HealthCheck::None).await;
    test.put_with(2, registration(2).spec.health_check).await;
    assert_eq!(session.attach([(pay(), id(2))]), []);
    assert_eq!(session.take_lost(), [], "it speaks for it again");
}

#[tokio::test]
async fn a_beat_revives_nothing_of_another_stream() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let first = test.attach([1]);
    test.advance(SECOND * 16).await;
    test.deregister(1).await;
    test.register(2).await;
    let _second = test.attach([2]);
    test.advance(SECOND * 16).await;
    first.beat();
    test.advance(SECOND).await;
    assert_eq!(test.healthy(), [] as [u16; 0]);
}

#[tokio::test]
async fn an_instance_that_comes_back_is_not_removed() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.advance(SECOND * 16).await;
    test.clock.advance(merak_core::UNHEALTHY_RETENTION);
    test.store.fill();
    assert!(test.plane.tick().await.is_err(), "the removal waits");
    assert_eq!(test.plane.liveness.heartbeat([(pay(), id(1))]), []);
    test.store.make_room();
    test.plane.tick().await.unwrap();
    assert_eq!(test.healthy(), [1]);
    test.advance(SECOND * 16).await;
    test.clock.advance(merak_core::UNHEALTHY_RETENTION);
    // The beat comes after the tick has handed in its decision, and before that is taken.
    let beat = async { test.plane.liveness.heartbeat([(pay(), id(1))]) };
    let (ticked, unknown) = tokio::join!(test.plane.tick(), beat);
    ticked.unwrap();
    assert_eq!(unknown, []);
    test.plane.tick().await.unwrap();
    assert_eq!(test.healthy(), [1]);
}

#[tokio::test]
async fn what_an_operator_changes_is_no_sign_of_life() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.clock.advance(SECOND * 16);
    test.store.fill();
    assert!(test.plane.tick().await.is_err(), "the loss waits");
    test.store.make_room();
    let patch = InstancePatch {
        isolated: Some(true),
        ..InstancePatch::default()
    };
    let registry = &test.plane.registry;
    let patched = registry
        .patch_instance(&caller(), (pay(), id(1)), patch, Precondition::None)
        .await
        .unwrap();
    assert_eq!(patched.instance.health, Health::Healthy);
    test.plane.tick().await.unwrap();
    assert_eq!(test.healthy(), [] as [u16; 0]);
}

#[tokio::test]
async fn many_losses_at_once_are_committed_in_parts_and_do_not_hold_up_others() {
    let test = TestPlane::new().await;
    let (registry, caller) = (&test.plane.registry, caller());
    for first in (1..=5000).step_by(500) {
        let register = (first..first + 500)
            .map(async |port| registry.register(&caller, registration(port)).await);
        join_all(register).await;
    }
    let before = test.plane.catalog.revision();
    test.clock.advance(SECOND * 16);
    let mut other = registration(1);
    other.service = ServiceKey::parse("default", "order").unwrap();
    let (ticked, registered) = tokio::join!(test.plane.tick(), registry.register(&caller, other));
    ticked.unwrap();
    let behind = registered.unwrap().instance.stamp.revision.get() - before.get();
    assert!(behind < 2000, "it waited for {behind} changes");
    // The control plane ticks by itself as well: what it took then is committed before this.
    let mut later = registration(2);
    later.service = ServiceKey::parse("default", "order").unwrap();
    registry.register(&caller, later).await.unwrap();
    assert_eq!(test.healthy(), [] as [u16; 0]);
}

#[tokio::test]
async fn a_control_plane_that_goes_away_judges_nothing() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.register(2).await;
    let stream = test.attach([1]);
    test.plane.liveness.stop_judging();
    drop(stream);
    test.advance(SECOND * 20).await;
    assert_eq!(test.healthy(), [1, 2]);
}

#[tokio::test]
async fn an_instance_that_was_unhealthy_before_a_restart_is_not_kept_longer_for_it() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.advance(SECOND * 16).await;
    test.clock.advance(merak_core::UNHEALTHY_RETENTION / 2);
    let test = test.restart().await;
    test.clock
        .advance(merak_core::UNHEALTHY_RETENTION / 2 - SECOND * 2);
    test.plane.tick().await.unwrap();
    assert_eq!(test.count(), 1);
    test.advance(SECOND * 3).await;
    assert_eq!(test.count(), 0);
}

#[tokio::test]
async fn a_restart_after_the_retention_leaves_time_to_come_back() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.register(2).await;
    test.advance(SECOND * 16).await;
    test.clock.advance(merak_core::UNHEALTHY_RETENTION - SECOND);
    let test = test.restart().await;
    test.advance(SECOND * 14).await;
    assert_eq!(test.plane.liveness.heartbeat([(pay(), id(2))]), []);
    test.advance(SECOND * 2).await;
    assert_eq!((test.count(), test.healthy()), (1, vec![2]));
}
