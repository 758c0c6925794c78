//! Writing through the interface of the control plane: outcomes, refusals, preconditions, rehearsals.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::Arc;

use merak_core::{
    ErrorKind, InstancePatch, ManualClock, MissingService, Outcome, Precondition, Registered,
    Settings, Standing, testing::MemoryStore,
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
async fn an_operator_puts_a_static_instance_out_of_traffic_at_once() {
    let test = TestPlane::new().await;
    let registry = &test.plane.registry;
    let caller = caller();
    let put = |registration, standing| {
        registry.put_instance(&caller, registration, standing, Precondition::None)
    };
    let out = Standing {
        isolated: Some(true),
        health: Some(Health::Unhealthy),
    };
    let refused = put(registration(1), out).await.unwrap_err();
    assert_eq!(refused.invalid().map(Invalid::field), Some("health"));
    assert_eq!(test.plane.catalog.revision(), Revision::ZERO);
    let mut fixed = registration(1);
    fixed.spec.health_check = HealthCheck::None;
    let made = put(fixed.clone(), out).await.unwrap();
    let standing = |one: &Registered| (one.instance.isolated, one.instance.health);
    assert_eq!(standing(&made), (true, Health::Unhealthy));
    let again = put(fixed.clone(), Standing::default()).await.unwrap();
    assert_eq!(
        (again.outcome, standing(&again)),
        (Outcome::Unchanged, (true, Health::Unhealthy))
    );
    assert_eq!(registry.register(&caller, fixed).await.unwrap(), again);
}

#[tokio::test]
async fn an_instance_that_no_longer_beats_is_healthy_until_someone_says_otherwise() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.advance(SECOND * 16).await;
    assert_eq!(test.healthy(), [] as [u16; 0]);
    test.put_with(1, HealthCheck::None).await;
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
