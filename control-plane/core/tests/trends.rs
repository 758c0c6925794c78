//! What there was lately.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use merak_core::{SAMPLE_INTERVAL, TREND_LENGTH};
use merak_model::NamespaceName;
use support::TestPlane;

/// The number of instances at each sample.
fn totals(test: &TestPlane, namespace: Option<&str>) -> Vec<usize> {
    let namespace = namespace.map(|name| NamespaceName::parse(name).unwrap());
    let samples = test.plane.trends.read(namespace.as_ref());
    let totals = samples.iter().map(|sample| sample.counts.instances.total);
    totals.collect()
}

fn sample(test: &TestPlane) {
    test.clock.advance(SAMPLE_INTERVAL);
    test.plane.trends.sample();
}

#[tokio::test]
async fn it_is_what_was_noted_and_what_there_is_now() {
    let test = TestPlane::new().await;
    sample(&test);
    test.register(1).await;
    test.register(2).await;
    sample(&test);
    sample(&test);
    test.deregister(1).await;
    sample(&test);
    test.deregister(2).await;
    let noted = totals(&test, None);
    assert_eq!(noted[noted.len() - 5..], [0, 2, 2, 1, 0]);
    assert_eq!(totals(&test, Some("default")), noted);
    assert!(totals(&test, Some("other")).iter().all(|total| *total == 0));
    let samples = test.plane.trends.read(None);
    let services: Vec<usize> = samples.iter().map(|one| one.counts.services).collect();
    assert_eq!(services[services.len() - 5..], [0, 1, 1, 1, 1]);
    assert!(samples.is_sorted_by(|one, other| one.at <= other.at));
}

#[tokio::test]
async fn it_forgets_what_is_long_ago_and_what_was_before_a_start() {
    let test = TestPlane::new().await;
    test.register(1).await;
    let most = TREND_LENGTH.as_secs() / SAMPLE_INTERVAL.as_secs() + 1;
    for _ in 0..2 * most {
        sample(&test);
    }
    let kept = totals(&test, None);
    assert_eq!(
        kept,
        vec![1; usize::try_from(most).unwrap() + 1],
        "its state is still known"
    );
    test.plane.trends.sample();
    assert_eq!(
        totals(&test, None).len(),
        kept.len(),
        "the same moment is noted once"
    );
    let test = test.restart().await;
    let known = totals(&test, None);
    assert!(known.len() <= 2, "{known:?}");
}
