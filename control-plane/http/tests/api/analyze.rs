//! Documents that are looked at before they are written.

use serde_json::{Value, json};

use crate::{
    described::Description,
    harness::{PAY, RULES, TestApi, canary},
};

const ANALYZE: &str = "/api/v1/analyze";

fn document(kind: &str, name: &str, spec: Value) -> Value {
    json!({"kind": kind, "metadata": {"name": name}, "spec": spec})
}

async fn analyze(api: &TestApi, documents: Value) -> Value {
    let body = json!({"documents": documents});
    let description = Description::new();
    description.require("AnalyzeBody", &body);
    let told = api.post(ANALYZE, body).await;
    assert_eq!(told.status, 200, "{}", told.text);
    description.require("Analysis", &told.json);
    told.json["documents"].clone()
}

#[tokio::test]
async fn documents_are_held_against_what_there_is() {
    let api = TestApi::new().await;
    let body = json!({"host": "h", "port": 1, "version": "v1", "health_check": {"type": "none"}});
    assert_eq!(
        api.put(&format!("{PAY}/instances/one"), body).await.status,
        201
    );
    let live = api
        .put_if(&format!("{RULES}/live"), "*", canary("pay", 10))
        .await;
    assert_eq!(live.status, 201);
    let revision = api.revision();
    let request = json!({"to": {"service": "pay"}});
    let test = |expect: Value| {
        document(
            "RoutingTest",
            "t",
            json!({"request": request, "expect": expect}),
        )
    };
    let reports = analyze(&api, json!([
        document("RoutingRule", "new", canary("pay", 50)),
        document("RoutingRule", "broken", json!({"callee": {"service": "pay"}, "otherwise": "reject"})),
        test(json!({"decided_by": "default/live[0]"})),
        document("RateLimitRule", "limit", json!({"callee": {"service": "pay"}, "concurrency": 0})),
        {"kind": "Lane"},
    ]))
    .await;
    let codes: Vec<&Value> = reports[0]["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["code"])
        .collect();
    assert_eq!(codes, ["equal_priority", "target_without_instances"]);
    assert_eq!(
        reports[0]["warnings"][1]["path"],
        "/spec/branches/0/targets/1/labels"
    );
    assert_eq!(
        reports[1]["errors"],
        json!([{"path": "/spec/branches", "message": "a value is required"}])
    );
    assert_eq!(
        (&reports[2]["tests"][0]["passed"], &reports[2]["errors"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(reports[3]["errors"][0]["path"], "/spec/concurrency");
    assert_eq!(reports[4]["errors"][0]["path"], "/kind");
    assert_eq!(api.revision(), revision);
}

#[tokio::test]
async fn a_document_takes_the_place_of_the_rule_of_its_name() {
    let api = TestApi::new().await;
    let live = api
        .put_if(&format!("{RULES}/live"), "*", canary("pay", 10))
        .await;
    assert_eq!(live.status, 201);
    let mut changed = canary("pay", 100);
    changed["branches"][0]["targets"]
        .as_array_mut()
        .unwrap()
        .remove(0);
    let request = json!({"to": {"service": "pay"}});
    let expect = json!({"labels": {"version": "v2"}});
    let test = document(
        "RoutingTest",
        "t",
        json!({"request": request, "expect": expect}),
    );
    for (documents, passes) in [
        (json!([test]), false),
        (
            json!([test, document("RoutingRule", "live", changed)]),
            true,
        ),
    ] {
        let reports = analyze(&api, documents).await;
        let outcome = &reports[0]["tests"][0];
        assert_eq!(outcome["passed"], passes, "{outcome}");
        assert_eq!(outcome["explanation"].is_object(), !passes);
    }
}

#[tokio::test]
async fn a_request_without_documents_and_one_with_too_many_are_refused() {
    let api = TestApi::new().await;
    for (body, pointer) in [
        (json!({}), "/documents"),
        (json!({"documents": vec![json!({}); 1001]}), "/documents"),
        (json!({"documents": [], "live": true}), "/live"),
    ] {
        let refused = api.post(ANALYZE, body).await;
        assert_eq!(refused.problem(), (400, "invalid_argument", pointer));
    }
    assert_eq!(analyze(&api, json!([])).await, json!([]));
}
