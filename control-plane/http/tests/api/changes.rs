//! The change log.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{PAY, TestApi};

#[tokio::test]
async fn a_change_says_who_what_before_and_after() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let path = format!("{PAY}/instances/pay-1");
    let id = [("x-request-id", "deploy-42")];
    let after = api
        .send(Method::PATCH, &path, &id, json!({"weight": 1}))
        .await
        .json;
    let changes = api.get("/api/v1/changes?page_size=1").await.json;
    let change = &changes["items"][0];
    assert_eq!(change["actor"], "rest");
    assert_eq!(change["request_id"], "deploy-42");
    assert_eq!(
        (&change["kind"], &change["instance"]),
        (&json!("instance"), &json!("pay-1"))
    );
    assert_eq!(
        (&change["namespace"], &change["service"]),
        (&json!("default"), &json!("pay"))
    );
    assert_eq!(
        (&change["revision"], &change["at"]),
        (&json!(4), &json!("2026-01-01T00:00:00Z"))
    );
    assert_eq!(
        (&change["before"]["weight"], &change["after"]),
        (&json!(100), &after)
    );
    api.delete(&path).await;
    let changes = api.get("/api/v1/changes?page_size=1").await.json;
    assert_eq!(
        (
            &changes["items"][0]["before"],
            &changes["items"][0]["after"]
        ),
        (&after, &Value::Null)
    );
}

#[tokio::test]
async fn changes_are_filtered() {
    let api = TestApi::new().await;
    api.put("/api/v1/namespaces/shop", json!({})).await; // 1
    api.clock.advance(Duration::from_secs(10));
    api.put_instance(1).await; // 2 namespace, 3 service, 4 instance
    api.clock.advance(Duration::from_secs(10));
    api.put_instance(2).await; // 5
    for (query, expected) in [
        ("", &["5", "4", "3", "2", "1"][..]),
        ("order=oldest", &["1", "2", "3", "4", "5"]),
        ("kind=instance", &["5", "4"]),
        ("kind=event", &[]),
        ("namespace=shop", &["1"]),
        ("service=pay", &["5", "4", "3"]),
        ("service=pay&kind=service", &["3"]),
        ("instance=pay-2", &["5"]),
        ("actor=rest&after=3", &["5", "4"]),
        ("actor=nobody", &[]),
        ("before=3", &["2", "1"]),
        ("after=1&before=4", &["3", "2"]),
        ("since=2026-01-01T00:00:10Z", &["5", "4", "3", "2"]),
        ("until=2026-01-01T00:00:10Z", &["4", "3", "2", "1"]),
        (
            "since=2026-01-01T00:00:10Z&until=2026-01-01T00:00:10Z&after=2",
            &["4", "3"],
        ),
        ("since=2027-01-01T00:00:00Z", &[]),
        ("until=2025-01-01T00:00:00Z", &[]),
    ] {
        let listed = api.get(&format!("/api/v1/changes?{query}")).await;
        assert_eq!(listed.status, 200, "{query}: {}", listed.text);
        assert_eq!(listed.column("revision"), expected, "{query}");
    }
}

#[tokio::test]
async fn a_refused_filter_is_named() {
    let api = TestApi::new().await;
    for (query, parameter) in [
        ("kind=rule", "kind"),
        ("order=random", "order"),
        ("since=today", "since"),
        ("until=10:42", "until"),
        ("after=x", "after"),
        ("before=-1", "before"),
        ("namespace=a%20b", "namespace"),
        ("service=", "service"),
        ("instance=%C3%A4", "instance"),
        ("who=me", "who"),
    ] {
        let refused = api.get(&format!("/api/v1/changes?{query}")).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", parameter),
            "{query}"
        );
    }
}
