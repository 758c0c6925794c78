//! Reading the past, and writing nothing.

use std::time::Duration;

use merak_core::{ChangeRetention, Clock as _};
use serde_json::json;

use crate::harness::{PAY, TestApi};

#[tokio::test]
async fn as_of_reads_an_earlier_state() {
    let api = TestApi::new().await;
    let instance = format!("{PAY}/instances/pay-1");
    api.put_instance(1).await;
    api.clock.advance(Duration::from_secs(10));
    api.put(PAY, json!({"owners": "ann"})).await;
    api.put_instance(2).await;
    api.delete(&instance).await;
    for (as_of, ids, owners) in [
        ("3", &["pay-1"][..], ""),
        ("2026-01-01T00:00:05Z", &["pay-1"], ""),
        ("2026-01-01T01:00:05%2B01:00", &["pay-1"], ""),
        ("5", &["pay-1", "pay-2"], "ann"),
        ("6", &["pay-2"], "ann"),
    ] {
        let listed = api.get(&format!("{PAY}/instances?as_of={as_of}")).await;
        assert_eq!(listed.column("id"), ids, "{as_of}");
        let service = api.get(&format!("{PAY}?as_of={as_of}")).await;
        assert_eq!(service.json["owners"], owners, "{as_of}");
        let services = api
            .get(&format!(
                "/api/v1/namespaces/default/services?as_of={as_of}"
            ))
            .await;
        assert_eq!(services.column("owners"), [owners], "{as_of}");
    }
    let past = api.get(&format!("{instance}?as_of=3")).await;
    assert_eq!((past.status.as_u16(), past.header("etag")), (200, "\"3\""));
    assert_eq!(
        api.get(&format!("{instance}?as_of=6")).await.problem(),
        (404, "not_found", "")
    );
    assert_eq!(
        api.get(&format!("{PAY}?as_of=1")).await.problem(),
        (404, "not_found", "")
    );
}

#[tokio::test]
async fn a_namespace_that_did_not_exist_then_is_not_an_empty_one() {
    let api = TestApi::new().await;
    api.put("/api/v1/namespaces/other", json!({})).await;
    api.put_instance(1).await;
    api.delete("/api/v1/namespaces/other").await;
    for (name, as_of, status) in [
        ("nowhere", 3, 404),
        ("default", 1, 404),
        ("default", 2, 200),
        ("other", 1, 200),
        ("other", 4, 200),
        ("other", 5, 404),
    ] {
        let path = format!("/api/v1/namespaces/{name}/services?as_of={as_of}");
        assert_eq!(api.get(&path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn what_has_not_come_yet_or_was_pruned_is_refused() {
    let api = TestApi::new().await;
    for number in 1..=5 {
        api.put_instance(number).await;
    }
    for path in [
        format!("{PAY}/instances"),
        PAY.to_owned(),
        format!("{PAY}/instances/pay-1"),
    ] {
        for as_of in ["8", "2026-01-01T00:00:01Z", "yesterday", "-1", ""] {
            let refused = api.get(&format!("{path}?as_of={as_of}")).await;
            assert_eq!(
                refused.problem(),
                (400, "invalid_argument", "as_of"),
                "{as_of}"
            );
        }
    }
    let retention = ChangeRetention {
        count: 2,
        ..ChangeRetention::default()
    };
    api.plane
        .history
        .prune(retention, api.clock.timestamp())
        .await
        .unwrap();
    let pruned = api.get(&format!("{PAY}/instances?as_of=3")).await;
    assert_eq!(pruned.problem(), (410, "gone", ""));
    assert_eq!(
        api.get(&format!("{PAY}/instances?as_of=6")).await.status,
        200
    );
}

/// A write, its body, and the status of its answer after one instance `pay-1` was put.
const WRITES: &[(&str, &str, &str, u16)] = &[
    ("POST", "", r#"{"name": "shop"}"#, 201),
    ("PUT", "/shop", "{}", 201),
    ("DELETE", "/default", "null", 409),
    ("POST", "/default/services", r#"{"name": "order"}"#, 201),
    ("PUT", "/default/services/pay", r#"{"owners": "ann"}"#, 200),
    ("DELETE", "/default/services/pay", "null", 409),
    (
        "POST",
        "/default/services/pay/instances",
        r#"{"host": "h", "port": 9}"#,
        201,
    ),
    (
        "PUT",
        "/default/services/pay/instances/x",
        r#"{"host": "h", "port": 9}"#,
        201,
    ),
    (
        "PATCH",
        "/default/services/pay/instances/pay-1",
        r#"{"weight": 1}"#,
        200,
    ),
    (
        "DELETE",
        "/default/services/pay/instances/pay-1",
        "null",
        204,
    ),
    (
        "POST",
        "/default/services/pay/instances:batch",
        r#"{"items": [{"delete": {"id": "pay-1"}}]}"#,
        200,
    ),
];

#[tokio::test]
async fn a_dry_run_answers_as_usual_and_writes_nothing() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let before = api.store.log();
    for (method, path, body, status) in WRITES {
        let path = format!("/api/v1/namespaces{path}?dry_run=true");
        let body = serde_json::from_str(body).unwrap();
        let answer = api.send(method.parse().unwrap(), &path, &[], body).await;
        assert_eq!(answer.status, *status, "{method} {path}: {}", answer.text);
        if answer.status.is_success() {
            assert_eq!(answer.header("x-dry-run"), "true", "{method} {path}");
            assert_eq!(answer.header("etag"), "", "{method} {path}");
        }
    }
    assert_eq!(api.store.log(), before);
    let path = format!("{PAY}/instances/pay-1?dry_run=false");
    let real = api.patch(&path, json!({"weight": 1})).await;
    assert_eq!(
        (real.header("x-dry-run"), real.header("etag")),
        ("", "\"4\"")
    );
}
