//! Namespaces: works, absent, invalid, again.

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApi;

const SHOP: &str = "/api/v1/namespaces/shop";

#[tokio::test]
async fn a_namespace_is_created_read_changed_and_deleted() {
    let api = TestApi::new().await;
    let body = json!({"name": "shop", "comment": "first", "metadata": {"team": "a"}});
    let created = api.post("/api/v1/namespaces", body).await;
    assert_eq!(created.status, 201);
    assert_eq!(
        (created.header("location"), created.header("etag")),
        (SHOP, "\"1\"")
    );

    let read = api.get(SHOP).await;
    assert_eq!(read.json, created.json);
    assert_eq!(read.json["created_at"], "2026-01-01T00:00:00Z");
    assert_eq!(read.header("etag"), "\"1\"");

    let changed = api.put(SHOP, json!({"comment": "second"})).await;
    assert_eq!(
        (changed.status.as_u16(), &changed.json["revision"]),
        (200, &json!(2))
    );
    assert_eq!(changed.json["metadata"], json!({}));

    let deleted = api.delete(SHOP).await;
    assert_eq!((deleted.status.as_u16(), deleted.text.as_str()), (204, ""));
    assert_eq!(api.get(SHOP).await.problem(), (404, "not_found", ""));
}

#[tokio::test]
async fn the_same_namespace_again_writes_nothing() {
    let api = TestApi::new().await;
    let first = api.put(SHOP, json!({"comment": "x"})).await;
    let second = api.put(SHOP, json!({"comment": "x", "name": "shop"})).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 200));
    assert_eq!(first.json, second.json);
    assert_eq!(api.revision(), 1);
}

#[tokio::test]
async fn creating_what_exists_is_a_conflict() {
    let api = TestApi::new().await;
    api.put(SHOP, json!({})).await;
    let again = api
        .post("/api/v1/namespaces", json!({"name": "shop"}))
        .await;
    assert_eq!(again.problem(), (409, "conflict", ""));
    assert_eq!(again.json["current_revision"], 1);
    let thing = json!({"kind": "namespace", "name": "shop"});
    assert_eq!(
        again.json["obstacle"],
        json!({"code": "exists", "thing": thing, "revision": 1})
    );
}

#[tokio::test]
async fn what_is_absent_cannot_be_read_or_deleted() {
    let api = TestApi::new().await;
    for method in [Method::GET, Method::DELETE] {
        let answer = api.send(method, SHOP, &[], Value::Null).await;
        assert_eq!(answer.problem(), (404, "not_found", ""));
        assert_eq!(answer.detail(), "namespace `shop` not found");
    }
}

#[tokio::test]
async fn a_namespace_with_services_stays() {
    let api = TestApi::new().await;
    api.put("/api/v1/namespaces/shop/services/pay", json!({}))
        .await;
    assert_eq!(api.delete(SHOP).await.problem(), (409, "conflict", ""));
    api.delete("/api/v1/namespaces/shop/services/pay").await;
    assert_eq!(api.delete(SHOP).await.status, 204);
}

#[tokio::test]
async fn lists_count_what_is_in_a_namespace() {
    let api = TestApi::new().await;
    api.put(SHOP, json!({"metadata": {"team": "a"}})).await;
    api.put_instance(1).await;
    api.put_instance(2).await;
    let all = api.get("/api/v1/namespaces").await;
    assert_eq!(all.column("name"), ["default", "shop"]);
    assert_eq!(all.column("service_count"), ["1", "0"]);
    assert_eq!(all.column("instance_count"), ["2", "0"]);
    assert_eq!(all.column("healthy_instance_count"), ["2", "0"]);
    assert_eq!(all.column("isolated_instance_count"), ["0", "0"]);
    assert_eq!(all.next_page_token(), None);
    for (query, expected) in [
        ("name=sh*", &["shop"][..]),
        ("name=sh", &[]),
        ("metadata=team:a", &["shop"]),
        ("metadata=team:a&metadata=tier:1", &[]),
    ] {
        let listed = api.get(&format!("/api/v1/namespaces?{query}")).await;
        assert_eq!(listed.column("name"), expected, "{query}");
    }
}

#[tokio::test]
async fn preconditions_guard_writes() {
    let api = TestApi::new().await;
    let put = async |header: (&str, &str)| {
        let body = json!({"comment": header.1});
        api.send(Method::PUT, SHOP, &[header], body).await
    };
    assert_eq!(
        put(("if-match", "\"1\"")).await.problem(),
        (412, "precondition_failed", "")
    );
    assert_eq!(put(("if-none-match", "*")).await.status, 201);
    let there = put(("if-none-match", "*")).await;
    assert_eq!(there.problem(), (412, "precondition_failed", ""));
    assert_eq!(there.json["current_revision"], 1);
    assert_eq!(put(("if-match", "\"1\"")).await.status, 200);
    assert_eq!(put(("if-match", "\"1\"")).await.json["current_revision"], 2);
    let stale = api
        .send(Method::DELETE, SHOP, &[("if-match", "\"1\"")], Value::Null)
        .await;
    assert_eq!(stale.status, 412);
}

#[tokio::test]
async fn a_write_may_expect_existence_or_one_of_several_revisions() {
    let api = TestApi::new().await;
    let put = async |tags: &str| {
        let body = json!({"comment": tags});
        let headers = [("if-match", tags)];
        let answer = api.send(Method::PUT, SHOP, &headers, body).await;
        answer.status.as_u16()
    };
    assert_eq!(put("*").await, 412);
    assert_eq!(put("\"1\", \"2\"").await, 412);
    api.put(SHOP, json!({})).await;
    assert_eq!(put("*").await, 200);
    assert_eq!(put("\"1\", \"2\"").await, 200);
    assert_eq!(put("\"1\", \"2\"").await, 412);
    assert_eq!(api.revision(), 3);
}

#[tokio::test]
async fn what_the_client_holds_is_not_sent_again() {
    let api = TestApi::new().await;
    api.put(SHOP, json!({})).await;
    let held = api
        .send(
            Method::GET,
            SHOP,
            &[("if-none-match", "\"1\"")],
            Value::Null,
        )
        .await;
    assert_eq!((held.status.as_u16(), held.text.as_str()), (304, ""));
    assert_eq!(held.header("etag"), "\"1\"");
    let stale = api
        .send(
            Method::GET,
            SHOP,
            &[("if-none-match", "\"7\"")],
            Value::Null,
        )
        .await;
    assert_eq!(stale.status, 200);
}
