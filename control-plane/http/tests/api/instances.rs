//! Instances: works, absent, invalid, again.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{PAY, TestApi};

#[tokio::test]
async fn a_registration_gets_an_id_and_every_default() {
    let api = TestApi::new().await;
    let path = format!("{PAY}/instances");
    let registered = api
        .post(&path, json!({"host": "10.0.0.7", "port": 18888}))
        .await;
    assert_eq!(registered.status, 201);
    let id = registered.json["id"].as_str().unwrap();
    assert_eq!(registered.header("location"), format!("{path}/{id}"));
    let expected = json!({
        "namespace": "default", "service": "pay", "id": id, "host": "10.0.0.7", "port": 18888,
        "protocol": "", "version": "", "weight": 100, "metadata": {},
        "location": {"region": "", "zone": "", "campus": ""},
        "health_check": {"type": "heartbeat", "ttl_seconds": 5}, "isolated": false,
        "health": "healthy", "revision": 3, "created_revision": 3,
        "created_at": "2026-01-01T00:00:00Z", "modified_at": "2026-01-01T00:00:00Z",
    });
    assert_eq!(registered.json, expected);
    assert_eq!(api.get(registered.header("location")).await.json, expected);

    let again = api
        .post(&path, json!({"host": "10.0.0.7", "port": 18888}))
        .await;
    assert_eq!((again.status.as_u16(), again.json), (200, expected));
    assert_eq!(api.revision(), 3);
}

#[tokio::test]
async fn a_registration_of_what_is_not_there_leaves_a_live_instance_as_it_is() {
    let api = TestApi::new().await;
    let path = format!("{PAY}/instances");
    let live =
        json!({"host": "10.0.0.7", "port": 80, "version": "v2", "metadata": {"env": "prod"}});
    let by_hand = json!({"host": "10.0.0.7", "port": 80, "health_check": {"type": "none"}});
    let unless_there = [("if-none-match", "*")];
    let registered = api.post(&path, live.clone()).await;
    for body in [by_hand.clone(), live] {
        let refused = api.send(Method::POST, &path, &unless_there, body).await;
        assert_eq!(refused.problem(), (412, "precondition_failed", ""));
        assert_eq!(
            refused.json["current_revision"],
            registered.json["revision"]
        );
    }
    let now = api.get(registered.header("location")).await;
    assert_eq!(now.json, registered.json);

    api.delete(registered.header("location")).await;
    let created = api.send(Method::POST, &path, &unless_there, by_hand).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.json["id"], registered.json["id"]);
    assert_eq!(created.json["health_check"], json!({"type": "none"}));
    let place = created.header("location");
    assert_eq!(api.get(place).await.json, created.json);
}

#[tokio::test]
async fn a_registration_keeps_what_an_operator_changed() {
    let api = TestApi::new().await;
    let (path, body) = (
        format!("{PAY}/instances"),
        json!({"id": "a", "host": "h", "port": 1}),
    );
    api.post(&path, body.clone()).await;
    let patch = json!({"weight": 7, "isolated": true, "metadata": {"env": "prod"}});
    let patched = api.patch(&format!("{path}/a"), patch).await;
    assert_eq!(patched.status, 200);
    assert_eq!(patched.json["registered"]["weight"], 100);
    let again = api.post(&path, body).await;
    assert_eq!(again.json, patched.json);
    let put = api
        .put(&format!("{path}/a"), json!({"host": "h", "port": 1}))
        .await;
    assert_eq!(
        (&put.json["weight"], &put.json["isolated"]),
        (&json!(100), &json!(true))
    );
    assert_eq!(put.json["registered"], Value::Null);
}

#[tokio::test]
async fn a_put_says_whether_it_is_out_of_traffic_and_a_registration_keeps_that() {
    let api = TestApi::new().await;
    let path = format!("{PAY}/instances/a");
    let said = json!({"host": "h", "port": 1, "health_check": {"type": "none"}});
    let put = async |standing: Value| {
        let mut body = said.clone();
        body.as_object_mut()
            .unwrap()
            .extend(standing.as_object().unwrap().clone());
        api.put(&path, body).await
    };
    let out = put(json!({"isolated": true, "health": "unhealthy"})).await;
    assert_eq!(out.status, 201);
    let standing = |json: &Value| (json["isolated"].clone(), json["health"].clone());
    let expected = (json!(true), json!("unhealthy"));
    assert_eq!(standing(&out.json), expected);
    assert_eq!(put(json!({})).await.json, out.json);
    let mut registration = said.clone();
    registration["id"] = json!("a");
    let registered = api.post(&format!("{PAY}/instances"), registration).await;
    assert_eq!(registered.json, out.json);
    let back = put(json!({"isolated": false, "health": "healthy"})).await;
    assert_eq!(standing(&back.json), (json!(false), json!("healthy")));
    let beating = json!({"host": "h", "port": 1, "health": "healthy"});
    let refused = api.put(&path, beating).await;
    assert_eq!(refused.problem(), (400, "invalid_argument", "/health"));
}

#[tokio::test]
async fn a_patch_changes_what_it_names() {
    let api = TestApi::new().await;
    let path = format!("{PAY}/instances/a");
    let body = json!({"host": "h", "port": 1, "metadata": {"env": "prod", "zone": "b"}});
    api.put(&path, body).await;
    let patch = json!({"metadata": {"env": "dev", "zone": null}});
    let merge = [("content-type", "application/merge-patch+json")];
    let patched = api.send(Method::PATCH, &path, &merge, patch.clone()).await;
    assert_eq!(patched.json["metadata"], json!({"env": "dev"}));
    assert_eq!(patched.json["weight"], 100);
    let again = api.send(Method::PATCH, &path, &merge, patch).await;
    assert_eq!(again.json, patched.json);
    assert_eq!(api.patch(&path, json!({})).await.json, patched.json);
}

#[tokio::test]
async fn only_a_static_instance_is_told_its_health() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let path = format!("{PAY}/instances/pay-1");
    let refused = api.patch(&path, json!({"health": "unhealthy"})).await;
    assert_eq!(refused.problem(), (400, "invalid_argument", "/health"));
    api.put(
        &path,
        json!({"host": "h", "port": 1, "health_check": {"type": "none"}}),
    )
    .await;
    let told = api.patch(&path, json!({"health": "unhealthy"})).await;
    assert_eq!(told.json["health"], "unhealthy");
}

#[tokio::test]
async fn an_absent_instance_is_not_found() {
    let api = TestApi::new().await;
    api.put(PAY, json!({})).await;
    let path = format!("{PAY}/instances/ghost");
    for (method, path, body) in [
        (Method::GET, path.clone(), Value::Null),
        (Method::DELETE, path.clone(), Value::Null),
        (Method::PATCH, path.clone(), json!({"weight": 1})),
        (Method::POST, format!("{path}/heartbeat"), Value::Null),
    ] {
        let answer = api.send(method.clone(), &path, &[], body).await;
        assert_eq!(answer.problem(), (404, "not_found", ""), "{method}");
        assert_eq!(
            answer.detail(),
            "instance `ghost` of service `default/pay` not found"
        );
        let thing = json!({"kind": "instance", "namespace": "default", "service": "pay",
            "name": "ghost"});
        assert_eq!(
            answer.json["obstacle"],
            json!({"code": "not_found", "thing": thing})
        );
    }
    let listed = api
        .get("/api/v1/namespaces/default/services/ghost/instances")
        .await;
    assert_eq!(listed.detail(), "service `default/ghost` not found");
    let thing = json!({"kind": "service", "namespace": "default", "name": "ghost"});
    assert_eq!(
        listed.json["obstacle"],
        json!({"code": "not_found", "thing": thing})
    );
}

#[tokio::test]
async fn an_instance_leaves_once() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let path = format!("{PAY}/instances/pay-1");
    assert_eq!(api.delete(&path).await.status, 204);
    assert_eq!(api.delete(&path).await.status, 404);
}

#[tokio::test]
async fn heartbeats_keep_an_instance_healthy() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    api.put_instance(2).await;
    let beat = format!("{PAY}/instances/pay-1/heartbeat");
    for _ in 0..5 {
        api.clock.advance(Duration::from_secs(4));
        assert_eq!(api.post(&beat, Value::Null).await.status, 204);
    }
    api.plane.tick().await.unwrap();
    let listed = api.get(&format!("{PAY}/instances?health=healthy")).await;
    assert_eq!(listed.column("id"), ["pay-1"]);
}

#[tokio::test]
async fn a_static_instance_does_not_beat() {
    let api = TestApi::new().await;
    let path = format!("{PAY}/instances/a");
    api.put(
        &path,
        json!({"host": "h", "port": 1, "health_check": {"type": "none"}}),
    )
    .await;
    let beat = api.post(&format!("{path}/heartbeat"), Value::Null).await;
    assert_eq!(beat.problem(), (409, "conflict", ""));
}

#[tokio::test]
async fn filters_combine() {
    let api = TestApi::new().await;
    for (id, host, version, env) in [
        ("a", "10.0.0.1", "v1.0", "prod"),
        ("b", "10.0.0.2", "v2.0", "prod"),
        ("c", "10.0.1.1", "v2.1", "dev"),
    ] {
        let body = json!({
            "id": id, "host": host, "port": 1, "version": version, "protocol": "grpc",
            "metadata": {"env": env},
        });
        api.post(&format!("{PAY}/instances"), body).await;
    }
    api.patch(&format!("{PAY}/instances/b"), json!({"isolated": true}))
        .await;
    for (query, expected) in [
        ("", &["a", "b", "c"][..]),
        ("version=v2.*", &["b", "c"]),
        ("version=v2.0", &["b"]),
        ("version=", &[]),
        ("metadata=env:prod", &["a", "b"]),
        ("metadata=env:p*&version=v1.0", &["a"]),
        ("ip=10.0.0.*", &["a", "b"]),
        ("host=10.0.1.1", &["c"]),
        ("isolated=true", &["b"]),
        ("isolated=false&host=10.0.0.*", &["a"]),
        ("protocol=grpc&health=unhealthy", &[]),
    ] {
        let listed = api.get(&format!("{PAY}/instances?{query}")).await;
        assert_eq!(listed.column("id"), expected, "{query}");
    }
}

#[tokio::test]
async fn instances_have_preconditions() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let path = format!("{PAY}/instances/pay-1");
    let etag = api.get(&path).await.header("etag").to_owned();
    assert_eq!(etag, "\"3\"");
    let held = api
        .send(Method::GET, &path, &[("if-none-match", &etag)], Value::Null)
        .await;
    assert_eq!(held.status, 304);
    let body = json!({"weight": 1});
    let patched = api
        .send(Method::PATCH, &path, &[("if-match", &etag)], body)
        .await;
    assert_eq!(patched.header("etag"), "\"4\"");
    for (method, body) in [
        (Method::PATCH, json!({"weight": 2})),
        (Method::PUT, json!({"host": "h", "port": 1})),
        (Method::DELETE, Value::Null),
    ] {
        let refused = api.send(method, &path, &[("if-match", &etag)], body).await;
        assert_eq!(refused.problem(), (412, "precondition_failed", ""));
        assert_eq!(refused.json["current_revision"], 4);
    }
}
