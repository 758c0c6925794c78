//! Trying calls out: the live rules, a draft, and an earlier moment.

use serde_json::{Value, json};

use crate::harness::{PAY, TestApi};

const SIMULATE: &str = "/api/v1/simulate/route";
const RULES: &str = "/api/v1/namespaces/default/routing-rules";

/// `pay` with `a` of v1 and `b` of v2.
async fn versions() -> TestApi {
    let api = TestApi::new().await;
    for (id, version) in [("a", "v1"), ("b", "v2")] {
        let body =
            json!({"host": "h", "port": 1, "version": version, "health_check": {"type": "none"}});
        let put = api.put(&format!("{PAY}/instances/{id}"), body).await;
        assert_eq!(put.status, 201);
    }
    api
}

fn canary(v1: u64, v2: u64) -> Value {
    json!({
        "callee": {"service": "pay"},
        "branches": [
            {
                "name": "forty-two",
                "matches": {"all": [{"on": "header", "key": "x-user", "op": "exact", "value": "42"}]},
                "targets": [{"labels": {"version": "v2"}}],
            },
            {"name": "rest", "targets": [
                {"labels": {"version": "v1"}, "weight": v1},
                {"labels": {"version": "v2"}, "weight": v2},
            ]},
        ],
        "otherwise": "reject",
    })
}

fn call(user: &str) -> Value {
    json!({"from": {"service": "api"}, "to": {"service": "pay"}, "headers": {"X-User": user}})
}

#[tokio::test]
async fn a_call_is_told_where_it_goes_and_why() {
    let api = versions().await;
    let mut rule = canary(90, 10);
    rule["name"] = "canary".into();
    assert_eq!(api.post(RULES, rule).await.status, 201);
    let told = api.post(SIMULATE, json!({"request": call("42")})).await;
    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(told.json["verdict"], "routed");
    assert_eq!(told.json["picked"], "b");
    assert_eq!(told.json["candidates"][0]["probability"], 1.0);
    assert!(told.json["steps"].as_array().unwrap().len() > 1);
    assert_eq!(told.json["distribution"], Value::Null);

    let body = json!({"request": call("7"), "seed": 5, "draws": 1000});
    let drawn = api.post(SIMULATE, body.clone()).await;
    let of = |id: &str| drawn.json["distribution"][id].as_u64().unwrap();
    assert_eq!(of("a") + of("b"), 1000);
    assert!((850..950).contains(&of("a")), "{}", drawn.text);
    assert_eq!(
        api.post(SIMULATE, body).await.json,
        drawn.json,
        "seeds repeat"
    );
}

#[tokio::test]
async fn a_draft_is_tried_without_being_written() {
    let api = versions().await;
    let mut rule = canary(1, 0);
    rule["name"] = "canary".into();
    api.post(RULES, rule).await;
    let before = api.revision();
    let draft = json!({"name": "canary", "spec": canary(0, 1)});
    let body = json!({"request": call("7"), "draft": draft});
    assert_eq!(api.post(SIMULATE, body).await.json["picked"], "b");
    let live = api.post(SIMULATE, json!({"request": call("7")})).await;
    assert_eq!(live.json["picked"], "a");
    assert_eq!(api.revision(), before);
}

#[tokio::test]
async fn a_draft_that_plays_no_part_is_refused() {
    let api = versions().await;
    let mut rule = canary(1, 0);
    rule["name"] = "canary".into();
    api.post(RULES, rule).await;
    let mut other = canary(0, 1);
    other["callee"] = json!({"service": "order"});
    let tried = |name: &str| json!({"request": call("7"), "draft": {"name": name, "spec": other}});
    let refused = api.post(SIMULATE, tried("other")).await;
    let problem = (400, "invalid_argument", "/draft/spec/callee");
    assert_eq!(refused.problem(), problem, "{}", refused.text);
    assert!(
        refused.detail().contains("`default/pay`"),
        "{}",
        refused.text
    );
    let moved = api.post(SIMULATE, tried("canary")).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
    assert!(
        moved.json["decided_by"].is_null(),
        "the rule is gone from here"
    );
}

#[tokio::test]
async fn an_earlier_moment_is_tried_as_it_was() {
    let api = versions().await;
    let before = api.revision();
    let mut rule = canary(0, 1);
    rule["name"] = "canary".into();
    api.post(RULES, rule).await;
    api.delete(&format!("{PAY}/instances/a")).await;
    let then = api
        .post(
            &format!("{SIMULATE}?as_of={before}"),
            json!({"request": call("7")}),
        )
        .await;
    assert_eq!(
        then.json["candidates"].as_array().unwrap().len(),
        2,
        "{}",
        then.text
    );
    let now = api.post(SIMULATE, json!({"request": call("7")})).await;
    assert_eq!(now.json["candidates"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_place() {
    let api = versions().await;
    let mut broken = canary(1, 1);
    broken["branches"][1]["targets"][0]["weight"] = 70_000.into();
    for (body, code, pointer) in [
        (json!({}), "invalid_argument", "/request"),
        (
            json!({"request": {"to": {"service": "a b"}}}),
            "invalid_argument",
            "/request/to/service",
        ),
        (
            json!({"request": call("7"), "draws": 100_001}),
            "invalid_argument",
            "/draws",
        ),
        (
            json!({"request": call("7"), "draws": 99_999_999_999_u64}),
            "invalid_argument",
            "/draws",
        ),
        (
            json!({"request": {"from": {"ip": "nonsense"}, "to": {"service": "pay"}}}),
            "invalid_argument",
            "/request/from/ip",
        ),
        (
            json!({"request": {"to": {"service": "pay"}, "headers": {"X-A": "1", "x-a": "2"}}}),
            "invalid_argument",
            "/request/headers/x-a",
        ),
        (
            json!({"request": call("7"), "draw": 1}),
            "invalid_argument",
            "/draw",
        ),
        (
            json!({"request": call("7"), "draft": {"name": "x", "spec": broken}}),
            "invalid_argument",
            "/draft/spec/branches/1/targets/0/weight",
        ),
        (
            json!({"request": {"to": {"service": "nobody"}}}),
            "not_found",
            "",
        ),
    ] {
        let refused = api.post(SIMULATE, body.clone()).await;
        let (_, found, place) = refused.problem();
        assert_eq!((found, place), (code, pointer), "{body}");
    }
}
