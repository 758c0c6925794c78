//! Health, readiness, metrics, request ids and the description.

use http::Method;
use merak_core::Topic;
use merak_model::{Revision, ServiceKey};
use serde_json::{Value, json};

use crate::harness::{PAY, TestApi};

#[tokio::test]
async fn it_is_ready_until_it_drains_or_fails() {
    let api = TestApi::new().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(api.get(path).await.json, json!({"status": "ok"}));
    }
    api.drain.cancel();
    let drained = api.get("/readyz").await;
    assert_eq!(drained.problem(), (503, "unavailable", ""));
    assert_eq!(drained.header("retry-after"), "1");
    assert_eq!(api.get("/healthz").await.status, 200);

    let api = TestApi::new().await;
    api.plane.failed.cancel();
    assert_eq!(api.get("/readyz").await.problem(), (503, "unavailable", ""));
}

#[tokio::test]
async fn a_store_that_refuses_is_unavailable() {
    let api = TestApi::new().await;
    api.store.fill();
    let refused = api.put(PAY, json!({})).await;
    assert_eq!(refused.problem(), (503, "unavailable", ""));
    assert_eq!(refused.header("retry-after"), "1");
    api.store.make_room();
    assert_eq!(api.put(PAY, json!({})).await.status, 201);
}

#[tokio::test]
async fn metrics_show_requests_and_state() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let body = json!({"host": "h", "port": 1, "health_check": {"type": "none"}});
    api.put(&format!("{PAY}/instances/b"), body).await;
    api.patch(
        &format!("{PAY}/instances/b"),
        json!({"health": "unhealthy"}),
    )
    .await;
    api.get("/made/up").await;
    api.plane.calls.note("m", "OK");
    let metrics = api.get("/metrics").await;
    let content_type = metrics.header("content-type");
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    let route = "/api/v1/namespaces/{namespace}/services/{service}/instances/{id}";
    for line in [
        "# HELP merak_revision Revision of the newest change".to_owned(),
        "merak_revision 5".to_owned(),
        "merak_commits_total 3".to_owned(),
        "merak_failed_commits_total 0".to_owned(),
        r#"merak_commit_duration_seconds_bucket{le="0.0001"} 3"#.to_owned(),
        r#"merak_commit_duration_seconds_bucket{le="+Inf"} 3"#.to_owned(),
        "merak_commit_duration_seconds_count 3".to_owned(),
        "merak_keepalive_streams 0".to_owned(),
        "merak_push_duration_seconds_count 0".to_owned(),
        "# TYPE merak_grpc_calls_total counter".to_owned(),
        r#"merak_grpc_calls_total{method="m",code="OK"} 1"#.to_owned(),
        "merak_namespaces 1".to_owned(),
        "merak_services 1".to_owned(),
        "merak_routing_rules 0".to_owned(),
        "merak_nearby_rules 0".to_owned(),
        "merak_subscriptions 0".to_owned(),
        "merak_subscribers 0".to_owned(),
        r#"merak_sync_updates_total{kind="delta"} 0"#.to_owned(),
        r#"merak_instances{health="healthy"} 1"#.to_owned(),
        r#"merak_instances{health="unhealthy"} 1"#.to_owned(),
        format!(r#"merak_http_requests_total{{route="{route}",method="PUT",status="201"}} 2"#),
        r#"merak_http_requests_total{route="none",method="GET",status="404"} 1"#.to_owned(),
        format!(r#"merak_http_request_duration_seconds_count{{route="{route}",method="PUT"}} 2"#),
    ] {
        assert!(
            metrics.text.lines().any(|found| found.starts_with(&line)),
            "{line}\n{}",
            metrics.text
        );
    }
}

#[tokio::test]
async fn open_metrics_are_for_those_who_ask_for_them() {
    let api = TestApi::new().await;
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let given = [("accept", accept)];
    let asked = api.send(Method::GET, "/metrics", &given, Value::Null).await;
    let content_type = asked.header("content-type");
    assert!(content_type.starts_with("application/openmetrics-text"));
    assert!(asked.text.contains("# TYPE merak_commits counter\n"));
    assert!(asked.text.ends_with("# EOF\n"));
    let text = api.get("/metrics").await.text;
    assert!(text.contains("# TYPE merak_commits_total counter\n"));
    assert!(!text.contains("# EOF") && !text.contains("# UNIT"));
}

#[tokio::test]
async fn a_commit_that_fails_is_counted() {
    let api = TestApi::new().await;
    let _session = api.plane.liveness.open_session();
    api.store.fill();
    api.put(PAY, json!({})).await;
    let text = api.get("/metrics").await.text;
    assert!(text.contains("\nmerak_failed_commits_total 1\n"), "{text}");
    assert!(text.contains("\nmerak_keepalive_streams 1\n"), "{text}");
}

#[tokio::test]
async fn every_answer_carries_the_id_of_its_request() {
    let api = TestApi::new().await;
    for path in ["/healthz", "/nowhere", PAY] {
        let given = [("x-request-id", "deploy-42")];
        let answer = api.send(Method::GET, path, &given, Value::Null).await;
        assert_eq!(answer.header("x-request-id"), "deploy-42");
        if !answer.status.is_success() {
            assert_eq!(answer.json["request_id"], "deploy-42");
        }
        let made_up = api.get(path).await;
        assert_eq!(made_up.header("x-request-id").len(), 36);
    }
}

#[tokio::test]
async fn the_description_is_served() {
    let api = TestApi::new().await;
    let served = api.get("/openapi.json").await;
    assert_eq!(served.header("content-type"), "application/json");
    assert_eq!(served.text, merak_http::openapi());
}

#[tokio::test]
async fn a_changed_service_fits_its_description() {
    let api = TestApi::new().await;
    let description = api.get("/openapi.json").await.json;
    let changed = &description["components"]["schemas"]["Changed"];
    assert_eq!(changed["anyOf"].as_array().unwrap().len(), 7, "{changed}");
    assert_eq!(changed["oneOf"], Value::Null);
}

#[tokio::test]
async fn it_says_what_it_is() {
    let api = TestApi::new().await;
    let started_at = api.get("/api/v1/about").await.json["started_at"].clone();
    api.clock.advance(std::time::Duration::from_secs(60));
    api.put_instance(1).await;
    let about = api.get("/api/v1/about").await.json;
    assert_eq!(about["started_at"], started_at);
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(about["revision"], api.revision());
    assert_eq!(about["epoch"], api.plane.epoch.to_string());
    let grpc = json!({"listener": "127.0.0.1:8091", "advertised": "https://merak.example.com"});
    assert_eq!(about["grpc"], grpc);
    assert!(about["memory_bytes"].as_u64().unwrap() > 1_000_000);
    assert_eq!(about["database"], Value::Null, "a store in memory has none");
    assert_eq!(about["streams"], json!({"sync": 0, "keep_alive": 0}));
    assert_eq!(about["push_latency"], json!({"count": 0}));
    let watching = api
        .plane
        .discovery
        .subscriber(merak_core::Client::default());
    let topic = Topic::Instances(ServiceKey::parse("default", "pay").unwrap());
    watching.subscribe(1, topic, Revision::ZERO);
    watching.next().await;
    api.put_instance(2).await;
    api.clock.advance(std::time::Duration::from_millis(4));
    watching.next().await;
    watching.note_written();
    let about = api.get("/api/v1/about").await.json;
    assert_eq!(about["streams"]["sync"], 1);
    assert_eq!(about["push_latency"]["count"], 1);
    assert_eq!(about["push_latency"]["p99_seconds"], 0.004975);
}

#[tokio::test]
async fn trends_are_what_there_was_up_to_now() {
    let api = TestApi::new().await;
    api.clock.advance(std::time::Duration::from_secs(30));
    api.plane.trends.sample();
    api.put_instance(1).await;
    let trends = api.get("/api/v1/trends").await.json;
    assert_eq!(trends["interval_seconds"], 30);
    let samples = trends["samples"].as_array().unwrap();
    let before = &samples[samples.len() - 2];
    assert_eq!(
        (&before["service_count"], &before["instance_count"]),
        (&json!(0), &json!(0))
    );
    let now = json!({
        "at": "2026-01-01T00:00:30Z", "service_count": 1, "instance_count": 1,
        "unhealthy_instance_count": 0, "isolated_instance_count": 0,
    });
    assert_eq!(samples.last(), Some(&now));
    let other = api.get("/api/v1/trends?namespace=other").await.json;
    assert_eq!(
        other["samples"].as_array().unwrap().last().unwrap()["service_count"],
        0
    );
}
