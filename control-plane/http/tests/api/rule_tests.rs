//! Tests that are a part of a rule: no change of rules gets past them unnoticed.

use http::Method;
use serde_json::{Value, json};

use crate::{
    described::Description,
    harness::{Answer, NEARBY, PAY, RULES, TestApi},
};

const RULE: &str = "/api/v1/namespaces/default/routing-rules/canary";

/// Calls with the header `x-user: 42` are expected at v2.
fn vip_test() -> Value {
    json!({
        "description": "42 gets v2",
        "request": {"to": {"service": "pay"}, "headers": {"x-user": "42"}},
        "expect": {"decided_by": "default/canary[0]", "labels": {"version": "v2"}},
    })
}

/// 42 goes to `version`, others to v1.
fn canary(version: &str, tests: Value) -> Value {
    json!({
        "priority": 10, "callee": {"service": "pay"},
        "branches": [
            {"matches": {"all": [{"on": "header", "key": "x-user", "op": "exact", "value": "42"}]},
             "targets": [{"labels": {"version": version}}]},
            {"targets": [{"labels": {"version": "v1"}}]},
        ],
        "otherwise": "reject", "tests": tests,
    })
}

/// A rule that comes before the canary and sends everything to v1.
fn earlier() -> Value {
    json!({
        "priority": 1, "callee": {"service": "*"},
        "branches": [{"targets": [{"labels": {"version": "v1"}}]}], "otherwise": "fall_through",
    })
}

/// The canary with its test, at revision 2.
async fn tested() -> TestApi {
    let api = TestApi::new().await;
    let put = api
        .put_if(RULE, "*", canary("v2", json!([vip_test()])))
        .await;
    assert_eq!(put.status, 201, "{}", put.text);
    api
}

fn refused(answer: &Answer) -> (u16, &str, &str) {
    Description::new().require("Problem", &answer.json);
    let code = answer.json["code"].as_str().unwrap_or_default();
    let first = answer.json["failed_tests"][0]["rule"].as_str();
    (answer.status.as_u16(), code, first.unwrap_or_default())
}

const FAILED: (u16, &str, &str) = (422, "tests_failed", "canary");

#[tokio::test]
async fn a_change_that_fails_the_tests_of_its_rule_is_refused() {
    let api = tested().await;
    for path in [RULE.to_owned(), format!("{RULE}?dry_run=true")] {
        let answer = api
            .put_if(&path, "\"2\"", canary("v3", json!([vip_test()])))
            .await;
        assert_eq!(refused(&answer), FAILED);
        assert_eq!(
            answer.detail(),
            "the rules would fail 1 of their tests: default/canary tests[0] \"42 gets v2\": \
             expect.labels[\"version\"]: expected v2, got v3 at instance test-2"
        );
        let failed = &answer.json["failed_tests"][0];
        assert_eq!(failed["path"], "/tests/0");
        assert_eq!(failed["explanation"]["decided_by"], "default/canary[0]");
    }
    assert_eq!(api.revision(), 2);
    let stale = api
        .put_if(RULE, "\"1\"", canary("v3", json!([vip_test()])))
        .await;
    assert_eq!(stale.problem(), (412, "precondition_failed", ""));

    let mut changed = vip_test();
    changed["expect"]["labels"] = json!({"version": "v3"});
    let together = api
        .put_if(RULE, "\"2\"", canary("v3", json!([changed])))
        .await;
    assert_eq!(together.status, 200, "{}", together.text);
    assert_eq!(together.json["tests"][0], changed);
    let diff = api.get(&format!("{RULE}/diff?from=2")).await.json;
    assert_eq!(
        diff["differences"][1]["path"],
        "/tests/0/expect/labels/version"
    );
    let forced = format!("{RULE}?skip_tests=true");
    let forced = api
        .put_if(&forced, "\"3\"", canary("v2", json!([changed])))
        .await;
    assert_eq!(forced.status, 200, "{}", forced.text);
    let to = |revision| json!({"revision": revision});
    let revert = |revision| {
        let path = format!("{RULE}:revert");
        let api = &api;
        async move {
            let header = [("if-match", "\"4\"")];
            api.send(Method::POST, &path, &header, to(revision)).await
        }
    };
    assert_eq!(refused(&revert(4).await), FAILED);
    assert_eq!(revert(2).await.status, 200);
}

#[tokio::test]
async fn another_rule_does_not_break_what_is_expected_of_one() {
    let api = tested().await;
    let path = format!("{RULES}/earlier");
    let answer = api.put_if(&path, "*", earlier()).await;
    assert_eq!(refused(&answer), FAILED);
    let mut created = earlier();
    created["name"] = "earlier".into();
    assert_eq!(refused(&api.post(RULES, created).await), FAILED);
    let mut elsewhere = earlier();
    elsewhere["callee"]["service"] = "order".into();
    assert_eq!(
        api.put_if(&format!("{RULES}/order"), "*", elsewhere)
            .await
            .status,
        201
    );
    let mut disabled = earlier();
    disabled["enabled"] = false.into();
    assert_eq!(api.put_if(&path, "*", disabled).await.status, 201);
    let revision = api.revision();
    let forced = format!("{path}?skip_tests=true");
    let forced = api
        .put_if(&forced, &format!("\"{revision}\""), earlier())
        .await;
    assert_eq!(forced.status, 200, "{}", forced.text);

    // What fails already is no reason to refuse others, but for the rule itself.
    let mut late = earlier();
    late["priority"] = 99.into();
    assert_eq!(
        api.put_if(&format!("{RULES}/late"), "*", late).await.status,
        201
    );
    let mut canary = canary("v2", json!([vip_test()]));
    canary["description"] = "mine".into();
    assert_eq!(
        refused(&api.put_if(RULE, "\"2\"", canary.clone()).await),
        FAILED
    );
    canary["enabled"] = false.into();
    assert_eq!(api.put_if(RULE, "\"2\"", canary).await.status, 200);
}

#[tokio::test]
async fn a_rule_that_a_test_needs_is_not_deleted_unnoticed() {
    let api = TestApi::new().await;
    let order = format!("{RULES}/order");
    let needed = api.put_if(&order, "*", earlier()).await;
    assert_eq!(needed.status, 201);
    let mut test = vip_test();
    test["expect"] = json!({"decided_by": "default/order"});
    let put = api.put_if(RULE, "*", canary("v2", json!([test]))).await;
    assert_eq!(put.status, 201, "{}", put.text);
    assert_eq!(refused(&api.delete_if(&order, "\"2\"").await), FAILED);
    let forced = format!("{order}?skip_tests=true");
    assert_eq!(api.delete_if(&forced, "\"2\"").await.status, 204);
    assert_eq!(api.delete_if(RULE, "\"3\"").await.status, 204);
}

#[tokio::test]
async fn a_nearby_rule_is_held_against_tests_too() {
    let mut test = vip_test();
    test["instances"] = json!([{"labels": {"version": "v2", "zone": "far"}}]);
    let api = TestApi::new().await;
    let put = api.put_if(RULE, "*", canary("v2", json!([test]))).await;
    assert_eq!(put.status, 201, "{}", put.text);
    let near = json!({"callee": {"service": "pay"}, "strict": true, "max_level": "zone"});
    let path = format!("{NEARBY}/near");
    assert_eq!(refused(&api.put_if(&path, "*", near.clone()).await), FAILED);
    let forced = format!("{path}?skip_tests=true");
    assert_eq!(api.put_if(&forced, "*", near).await.status, 201);
}

#[tokio::test]
async fn a_test_is_of_a_call_that_its_rule_is_for() {
    let api = TestApi::new().await;
    let mut other = vip_test();
    other["request"]["to"]["service"] = "order".into();
    let answer = api.put_if(RULE, "*", canary("v2", json!([other]))).await;
    assert_eq!(refused(&answer), FAILED);
    assert_eq!(
        answer.json["failed_tests"][0]["mismatches"][0]["field"],
        "request.to"
    );
    let mut nothing = vip_test();
    nothing["expect"] = json!({});
    for (tests, pointer) in [
        (json!([vip_test(), nothing]), "/tests/1/expect"),
        (
            json!([{"request": {}, "expect": {}}]),
            "/tests/0/request/to",
        ),
        (json!(vec![vip_test(); 33]), "/tests"),
    ] {
        let answer = api.put_if(RULE, "*", canary("v2", tests)).await;
        assert_eq!(
            answer.problem(),
            (400, "invalid_argument", pointer),
            "{}",
            answer.text
        );
    }
    let answer = api
        .put_if(
            &format!("{RULE}?skip_tests=maybe"),
            "*",
            canary("v2", json!([])),
        )
        .await;
    assert_eq!(answer.problem(), (400, "invalid_argument", "skip_tests"));
    let answer = api.put(&format!("{PAY}?skip_tests=true"), json!({})).await;
    assert_eq!(answer.problem(), (400, "invalid_argument", "skip_tests"));
}

#[tokio::test]
async fn of_two_changes_that_fail_a_test_together_one_is_refused() {
    let api = TestApi::new().await;
    let mut test = vip_test();
    test["expect"] = json!({"labels": {"version": "v2"}});
    let put = api.put_if(RULE, "*", canary("v2", json!([test]))).await;
    assert_eq!(put.status, 201, "{}", put.text);
    let mut shield = earlier();
    shield["branches"][0]["targets"][0]["labels"]["version"] = "v2".into();
    let path = format!("{RULES}/shield");
    assert_eq!(api.put_if(&path, "*", shield).await.status, 201);
    let mut behind = earlier();
    behind["priority"] = 2.into();
    let other = format!("{RULES}/behind");
    let (deleted, created) = tokio::join!(
        api.delete_if(&path, "\"3\""),
        api.put_if(&other, "*", behind)
    );
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    assert_eq!(refused(&created), FAILED);
}
