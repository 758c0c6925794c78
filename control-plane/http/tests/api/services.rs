//! Services: works, absent, invalid, again.

use merak_core::{MissingService, Settings};
use serde_json::json;

use crate::harness::{PAY, TestApi};

#[tokio::test]
async fn a_service_is_created_read_changed_and_deleted() {
    let api = TestApi::new().await;
    let body = json!({
        "name": "pay", "metadata": {"tier": "1"}, "ports": [80, 443], "department": "d",
        "business": "b", "owners": "o", "comment": "c", "protect_threshold": 0.5,
        "export_to": ["*", "shop"],
    });
    let created = api
        .post("/api/v1/namespaces/default/services", body.clone())
        .await;
    assert_eq!(created.status, 201, "{}", created.text);
    assert_eq!(
        (created.header("location"), created.header("etag")),
        (PAY, "\"2\"")
    );
    let read = api.get(PAY).await.json;
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&read[field], value, "{field}");
    }
    let changed = api.put(PAY, json!({})).await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json["protect_threshold"], 0.0);
    assert_eq!(api.delete(PAY).await.status, 204);
    assert_eq!(api.get(PAY).await.problem(), (404, "not_found", ""));
    assert_eq!(api.delete(PAY).await.problem(), (404, "not_found", ""));
}

#[tokio::test]
async fn the_same_service_again_writes_nothing() {
    let api = TestApi::new().await;
    let first = api.put(PAY, json!({"owners": "ann"})).await;
    let second = api.put(PAY, json!({"owners": "ann"})).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 200));
    assert_eq!(first.json, second.json);
    let created = api
        .post(
            "/api/v1/namespaces/default/services",
            json!({"name": "pay"}),
        )
        .await;
    assert_eq!(created.problem(), (409, "conflict", ""));
}

#[tokio::test]
async fn a_slash_in_a_name_is_sent_encoded() {
    let api = TestApi::new().await;
    let path = "/api/v1/namespaces/team%2Fa/services/com.shop%2Fpay";
    let created = api.put(path, json!({})).await;
    assert_eq!(created.header("location"), path);
    assert_eq!(created.json["name"], "com.shop/pay");
    assert_eq!(api.get(path).await.json["namespace"], "team/a");
    let instance = format!("{path}/instances/a%2Fb:1");
    let put = api.put(&instance, json!({"host": "::1", "port": 1})).await;
    assert_eq!(put.header("location"), instance);
    assert_eq!(api.get(&instance).await.json["id"], "a/b:1");
}

#[tokio::test]
async fn a_service_with_instances_stays() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    assert_eq!(api.delete(PAY).await.problem(), (409, "conflict", ""));
}

#[tokio::test]
async fn lists_count_the_instances_of_a_service() {
    let api = TestApi::new().await;
    api.put(
        "/api/v1/namespaces/default/services/order",
        json!({"metadata": {"tier": "1"}}),
    )
    .await;
    for number in 1..=3 {
        api.put_instance(number).await;
    }
    let unhealthy = json!({"host": "10.0.0.7", "port": 4, "health_check": {"type": "none"}});
    api.put(&format!("{PAY}/instances/pay-4"), unhealthy).await;
    api.patch(
        &format!("{PAY}/instances/pay-4"),
        json!({"health": "unhealthy"}),
    )
    .await;
    api.patch(&format!("{PAY}/instances/pay-1"), json!({"isolated": true}))
        .await;
    let listed = api.get("/api/v1/namespaces/default/services").await;
    assert_eq!(listed.column("name"), ["order", "pay"]);
    assert_eq!(listed.column("instance_count"), ["0", "4"]);
    assert_eq!(listed.column("healthy_instance_count"), ["0", "3"]);
    assert_eq!(listed.column("isolated_instance_count"), ["0", "1"]);
    for (query, expected) in [
        ("name=p*", "pay"),
        ("name=order", "order"),
        ("metadata=tier:1", "order"),
    ] {
        let listed = api
            .get(&format!("/api/v1/namespaces/default/services?{query}"))
            .await;
        assert_eq!(listed.column("name"), [expected], "{query}");
    }
}

#[tokio::test]
async fn the_services_of_no_namespace_are_not_found() {
    let api = TestApi::new().await;
    let listed = api.get("/api/v1/namespaces/nowhere/services").await;
    assert_eq!(listed.problem(), (404, "not_found", ""));
    api.put("/api/v1/namespaces/empty", json!({})).await;
    assert_eq!(
        api.get("/api/v1/namespaces/empty/services").await.json,
        json!({"items": []})
    );
}

#[tokio::test]
async fn a_namespace_that_may_not_be_created_is_missing() {
    let settings = Settings {
        missing_service: MissingService::Refuse,
        ..Settings::default()
    };
    let api = TestApi::with(settings).await;
    assert_eq!(
        api.put(PAY, json!({})).await.problem(),
        (404, "not_found", "")
    );
}

#[tokio::test]
async fn services_of_all_namespaces_are_searched_by_what_their_instances_are() {
    let api = TestApi::new().await;
    for (namespace, service, host, version) in [
        ("prod", "com.shop/order", "10.0.0.1", "v1"),
        ("prod", "com.shop/pay", "10.0.0.2", "v2"),
        ("a", "pay", "10.0.1.3", "v2"),
    ] {
        let service = service.replace('/', "%2F");
        let path = format!("/api/v1/namespaces/{namespace}/services/{service}/instances/{host}");
        let body = json!({"host": host, "port": 1, "version": version,
            "health_check": {"type": "none"}});
        assert_eq!(api.put(&path, body).await.status, 201);
    }
    let pay = "/api/v1/namespaces/a/services/pay/instances/10.0.1.3";
    let sick = json!({"health": "unhealthy", "isolated": true});
    api.patch(pay, sick).await;
    for (query, expected) in [
        ("", vec!["pay", "com.shop/order", "com.shop/pay"]),
        ("namespace=prod", vec!["com.shop/order", "com.shop/pay"]),
        ("namespace=none", vec![]),
        ("name=*pay*", vec!["pay", "com.shop/pay"]),
        ("health=unhealthy", vec!["pay"]),
        ("isolated=true", vec!["pay"]),
        ("ip=10.0.0.*", vec!["com.shop/order", "com.shop/pay"]),
        ("host=10.0.0.*&version=v2", vec!["com.shop/pay"]),
        ("health=healthy&version=v2", vec!["com.shop/pay"]),
    ] {
        let found = api.get(&format!("/api/v1/services?{query}")).await;
        assert_eq!(found.column("name"), expected, "{query}");
    }
    let mut found = vec![];
    let mut token = String::new();
    loop {
        let path = format!("/api/v1/services?page_size=1&page_token={token}");
        let page = api.get(&path).await;
        found.extend(page.column("name"));
        match page.next_page_token() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
    }
    assert_eq!(found, ["pay", "com.shop/order", "com.shop/pay"]);
}

#[tokio::test]
async fn services_are_searched_by_metadata_of_their_own_or_of_an_instance_that_matches() {
    let api = TestApi::new().await;
    for (service, tier) in [("order", "1"), ("pay", "2")] {
        let path = format!("/api/v1/namespaces/a/services/{service}");
        api.put(&path, json!({"metadata": {"tier": tier}})).await;
    }
    for (service, host, version, env) in [
        ("order", "10.0.0.1", "v1", "prod"),
        ("order", "10.0.0.2", "v2", "dev"),
        ("pay", "10.0.0.3", "v2", "prod"),
    ] {
        let path = format!("/api/v1/namespaces/a/services/{service}/instances/{host}");
        let body = json!({"host": host, "port": 1, "version": version,
            "metadata": {"env": env}, "health_check": {"type": "none"}});
        assert_eq!(api.put(&path, body).await.status, 201);
    }
    for (query, expected) in [
        ("metadata=env:prod", vec!["order", "pay"]),
        ("metadata=env:d*", vec!["order"]),
        ("metadata=env:none", vec![]),
        ("metadata=tier:2&metadata=env:prod", vec!["pay"]),
        ("metadata=tier:2&metadata=env:dev", vec![]),
        // No one instance of order is both.
        ("metadata=env:prod&version=v2", vec!["pay"]),
        ("metadata=env:prod&ip=10.0.0.1", vec!["order"]),
        ("metadata=env:prod&metadata=env:dev", vec![]),
        ("metadata=env:prod&health=unhealthy", vec![]),
    ] {
        let found = api.get(&format!("/api/v1/services?{query}")).await;
        assert_eq!(found.column("name"), expected, "{query}");
    }
}
