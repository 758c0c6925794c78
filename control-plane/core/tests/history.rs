//! Looking back: the log as a list, as a tail, and as an earlier state.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use merak_core::{ChangeRetention, Clock as _, ErrorKind, Moment, Precondition, Tail};
use merak_model::{Revision, Weight};
use proptest::prelude::*;
use support::{SECOND, TestPlane, caller, id, pay, registration};

/// Ports and weights of the instances, at the present or at a moment.
type State = BTreeMap<u16, u16>;

fn present(test: &TestPlane) -> State {
    let service = test.plane.catalog.find_service(&pay());
    let instances = service.iter().flat_map(|service| service.instances());
    instances
        .map(|one| (one.spec.port.get(), one.spec.weight.get()))
        .collect()
}

async fn past(test: &TestPlane, moment: Moment) -> State {
    let found = test.plane.history.find_service_at(&pay(), moment).await;
    let instances = found.unwrap().into_iter().flat_map(|past| past.instances);
    instances
        .map(|(_, one)| (one.spec.port.get(), one.spec.weight.get()))
        .collect()
}

async fn register(test: &TestPlane, port: u64, weight: u64) {
    let mut heavier = registration(port);
    heavier.spec.weight = Weight::new(weight).unwrap();
    test.plane
        .registry
        .register(&caller(), heavier)
        .await
        .unwrap();
}

async fn deregister(test: &TestPlane, port: u64) {
    let registry = &test.plane.registry;
    registry
        .deregister(&caller(), (pay(), id(port)), Precondition::None)
        .await
        .unwrap();
}

/// The revisions that a tail tells until it has told `until`.
async fn told(tail: &mut Tail, until: Revision) -> Vec<u64> {
    let mut told = Vec::new();
    while tail.revision() < until {
        let changes = tail.next().await.unwrap().unwrap();
        told.extend(changes.iter().map(|change| change.revision.get()));
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_earlier_state_that_the_log_still_has_can_be_seen_again(
        steps in proptest::collection::vec((1_u64..5, 0_u64..4), 1..30),
        kept in 1_u64..40,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(see_again(steps, kept));
    }
}

async fn see_again(steps: Vec<(u64, u64)>, kept: u64) {
    let test = TestPlane::new().await;
    let empty = (Revision::ZERO, test.clock.timestamp(), State::new());
    let mut seen = vec![empty];
    for (port, weight) in steps {
        test.clock.advance(SECOND);
        match weight {
            0 => deregister(&test, port).await,
            _ => register(&test, port, weight).await,
        }
        let (revision, time) = (test.plane.catalog.revision(), test.clock.timestamp());
        seen.push((revision, time, present(&test)));
    }
    let retention = ChangeRetention {
        age: SECOND * 3600,
        count: kept,
    };
    let (history, now) = (&test.plane.history, test.clock.timestamp());
    let pruned = history.prune(retention, now).await.unwrap();
    let log = test.store.log();
    let oldest = log.first().map(|change| change.at);
    for (revision, time, state) in seen {
        let is_known = revision.get() >= pruned;
        let is_known_time = pruned == 0 || oldest.is_some_and(|oldest| time >= oldest);
        for (moment, is_known) in [
            (Moment::Revision(revision), is_known),
            (Moment::Time(time), is_known_time),
        ] {
            if is_known {
                assert_eq!(past(&test, moment).await, state, "{moment:?}");
            } else {
                let gone = history.revision_at(moment).await.unwrap_err();
                assert_eq!(gone.kind(), ErrorKind::Gone, "{moment:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_service_is_absent_before_it_was_made() {
    let test = TestPlane::new().await;
    register(&test, 1, 1).await;
    let history = &test.plane.history;
    let before = Moment::Revision(Revision(1));
    assert_eq!(history.find_service_at(&pay(), before).await.unwrap(), None);
    let namespace = pay().namespace;
    let names = |services: Vec<_>| services.len();
    assert_eq!(
        history
            .list_services_at(&namespace, before)
            .await
            .map(names)
            .unwrap(),
        0
    );
    let now = Moment::Revision(test.plane.catalog.revision());
    assert_eq!(
        history
            .list_services_at(&namespace, now)
            .await
            .map(names)
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn the_future_and_what_was_pruned_cannot_be_seen() {
    let test = TestPlane::new().await;
    for weight in 1..=10 {
        register(&test, 1, weight).await;
    }
    let history = &test.plane.history;
    let newest = test.plane.catalog.revision();
    let future = history.revision_at(Moment::Revision(newest.next())).await;
    assert_eq!(future.unwrap_err().kind(), ErrorKind::InvalidArgument);
    let retention = ChangeRetention {
        age: Duration::from_secs(3600),
        count: 3,
    };
    let pruned = history.prune(retention, test.clock.timestamp()).await;
    assert_eq!(pruned.unwrap(), newest.get() - 3);
    assert_eq!(
        past(&test, Moment::Revision(Revision(newest.get() - 3))).await,
        State::from([(1, 7)])
    );
    let gone = history
        .revision_at(Moment::Revision(Revision(newest.get() - 4)))
        .await;
    assert_eq!(gone.unwrap_err().kind(), ErrorKind::Gone);
    let gone = history.tail(Revision(2)).await;
    assert_eq!(gone.err().map(|error| error.kind()), Some(ErrorKind::Gone));
    assert_eq!(present(&test), State::from([(1, 10)]));
}

#[tokio::test]
async fn a_time_before_the_oldest_change_cannot_be_seen() {
    let test = TestPlane::new().await;
    let empty = test.clock.timestamp();
    for weight in 1..=5 {
        test.clock.advance(SECOND);
        register(&test, 1, weight).await;
    }
    let history = &test.plane.history;
    assert_eq!(past(&test, Moment::Time(empty)).await, State::new());
    let retention = ChangeRetention {
        age: SECOND * 3600,
        count: 2,
    };
    history
        .prune(retention, test.clock.timestamp())
        .await
        .unwrap();
    let oldest = test.clock.timestamp().plus_ms(-1000);
    assert_eq!(
        past(&test, Moment::Time(oldest)).await,
        State::from([(1, 4)])
    );
    for earlier in [empty, oldest.plus_ms(-1), oldest.plus_ms(-2500)] {
        let gone = history.revision_at(Moment::Time(earlier)).await;
        assert_eq!(
            gone.err().map(|error| error.kind()),
            Some(ErrorKind::Gone),
            "{earlier}"
        );
    }
    let since = history.first_since(empty).await.unwrap();
    assert_eq!(
        since.get(),
        test.plane.catalog.revision().get() - 1,
        "a list has what is left"
    );
}

#[tokio::test]
async fn pruning_by_age_keeps_the_newest_change() {
    let test = TestPlane::new().await;
    register(&test, 1, 1).await;
    test.clock.advance(SECOND * 100);
    register(&test, 1, 2).await;
    let retention = ChangeRetention {
        age: SECOND * 50,
        count: 1_000,
    };
    let history = &test.plane.history;
    assert_eq!(
        history
            .prune(retention, test.clock.timestamp())
            .await
            .unwrap(),
        3
    );
    test.clock.advance(SECOND * 100);
    assert_eq!(
        history
            .prune(retention, test.clock.timestamp())
            .await
            .unwrap(),
        0
    );
    let test = test.restart().await;
    assert_eq!(test.plane.catalog.revision(), Revision(4));
}

#[tokio::test]
async fn a_tail_neither_misses_nor_repeats() {
    let test = TestPlane::new().await;
    register(&test, 1, 1).await;
    let mut live = test
        .plane
        .history
        .tail(test.plane.catalog.revision())
        .await
        .unwrap();
    let mut resumed = test.plane.history.tail(Revision(1)).await.unwrap();
    // More commits than a tail may lag behind.
    for weight in 2..=200 {
        register(&test, 1, weight).await;
    }
    let newest = test.plane.catalog.revision();
    let expected: Vec<u64> = (1..=newest.get()).collect();
    assert_eq!(told(&mut live, newest).await, expected[3..]);
    assert_eq!(told(&mut resumed, newest).await, expected[1..]);
    register(&test, 2, 1).await;
    let next = newest.next();
    assert_eq!(told(&mut live, next).await, [next.get()]);
    assert_eq!(told(&mut resumed, next).await, [next.get()]);
}

#[tokio::test]
async fn time_in_the_log_never_goes_back() {
    let test = TestPlane::new().await;
    test.clock.advance(SECOND * 100);
    register(&test, 1, 1).await;
    let (store, newest) = (test.store.clone(), test.store.log()[0].at);
    let early = std::sync::Arc::new(merak_core::ManualClock::default());
    let plane = support::start(&store, &early, merak_core::Settings::default()).await;
    plane
        .registry
        .register(&caller(), registration(2))
        .await
        .unwrap();
    assert!(store.log().iter().all(|change| change.at >= newest));
}

#[tokio::test]
async fn a_large_commit_is_told_in_pages() {
    let test = TestPlane::new().await;
    register(&test, 1, 1).await;
    let newest = test.plane.catalog.revision();
    let mut tail = test.plane.history.tail(newest).await.unwrap();
    // All of them reach the committer before it takes the first, and share one commit.
    let all = join_all((2..=1020).map(|port| register(&test, port, 1)));
    tokio::task::unconstrained(all).await;
    let mut sizes = Vec::new();
    while tail.revision() < test.plane.catalog.revision() {
        sizes.push(tail.next().await.unwrap().unwrap().len());
    }
    assert_eq!(sizes, [1000, 19]);
    register(&test, 1, 2).await;
    assert_eq!(tail.next().await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_tail_ends_with_the_control_plane() {
    let test = TestPlane::new().await;
    register(&test, 1, 1).await;
    let newest = test.plane.catalog.revision();
    let history = std::sync::Arc::clone(&test.plane.history);
    let mut tail = history.tail(newest).await.unwrap();
    register(&test, 1, 2).await;
    test.plane.shutdown().await;
    assert_eq!(told(&mut tail, newest.next()).await, [newest.get() + 1]);
    let over = tokio::time::timeout(SECOND * 30, tail.next()).await;
    assert_eq!(over.unwrap().unwrap(), None);
    let refused = history.tail(newest).await;
    assert_eq!(
        refused.err().map(|error| error.kind()),
        Some(ErrorKind::Unavailable)
    );
}
