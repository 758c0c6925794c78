//! Documents that are looked at before they are written.

use serde_json::{Value, json};

use crate::{
    described::Description,
    harness::{LIMITS, PAY, RULES, TestApi, canary},
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
        json!([{"path": "/spec/branches", "message": "a value is required", "reason": {"code": "missing"}}])
    );
    assert_eq!(
        (&reports[2]["tests"][0]["passed"], &reports[2]["errors"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(reports[3]["errors"][0]["path"], "/spec/concurrency");
    assert_eq!(
        reports[3]["errors"][0]["reason"],
        json!({"code": "out_of_range", "value": "0", "min": "1", "max": "1000000"})
    );
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
async fn tests_of_other_rules_that_would_fail_are_told() {
    let api = TestApi::new().await;
    let mut tested = canary("pay", 50);
    tested["tests"] = json!([{
        "description": "somebody decides",
        "request": {"to": {"service": "pay"}},
        "expect": {"decided_by": "default/tested"},
    }]);
    let put = api.put_if(&format!("{RULES}/tested"), "*", tested).await;
    assert_eq!(put.status, 201, "{}", put.text);
    for (documents, broken) in [
        (
            json!([document("RoutingRule", "first", canary("pay", 10))]),
            1,
        ),
        (
            json!([document("RoutingRule", "z-last", canary("pay", 90))]),
            0,
        ),
        (
            json!([document("RoutingRule", "other", canary("order", 10))]),
            0,
        ),
        (
            json!([document("RoutingRule", "tested", canary("order", 50))]),
            0,
        ),
    ] {
        let told = api.post(ANALYZE, json!({"documents": documents})).await;
        Description::new().require("Analysis", &told.json);
        let tests = told.json["broken_tests"].as_array().unwrap();
        assert_eq!(tests.len(), broken, "{}", told.text);
        for test in tests {
            assert_eq!(
                (&test["namespace"], &test["rule"], &test["path"]),
                (&json!("default"), &json!("tested"), &json!("/tests/0"))
            );
            assert_eq!(test["mismatches"][0]["got"], "default/first[0]");
        }
    }
}

#[tokio::test]
async fn a_limit_is_held_against_the_others_and_its_callee() {
    let api = TestApi::new().await;
    let a_second = |max: u64| json!({"callee": {"service": "pay"}, "amounts": [{"max": max, "window_ms": 1000}]});
    let put = api
        .put_if(&format!("{LIMITS}/strict"), "*", a_second(5))
        .await;
    assert_eq!(put.json["warnings"][0]["code"], "callee_without_instances");
    for (name, codes) in [
        (
            "weak",
            &["callee_without_instances", "limit_never_reached"][..],
        ),
        // In the place of the other one, it is not beside it.
        ("strict", &["callee_without_instances"]),
    ] {
        let reports = analyze(&api, json!([document("RateLimitRule", name, a_second(9))])).await;
        let told = reports[0]["warnings"].as_array().unwrap();
        let told: Vec<&Value> = told.iter().map(|one| &one["code"]).collect();
        assert_eq!(told, codes, "{name}");
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
