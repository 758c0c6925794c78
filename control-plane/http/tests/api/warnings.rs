//! What was probably not meant: in the answers to writes, and of all rules there are.

use serde_json::{Value, json};

use crate::harness::{LIMITS, NEARBY, PAY, RULES, TestApi, canary};

const WARNINGS: &str = "/api/v1/warnings";

fn codes(warnings: &Value) -> Vec<&str> {
    let warnings = warnings.as_array().unwrap().iter();
    warnings.map(|one| one["code"].as_str().unwrap()).collect()
}

async fn put_instance(api: &TestApi, id: &str, version: &str) {
    let body =
        json!({"host": "h", "port": 1, "version": version, "health_check": {"type": "none"}});
    let put = api.put(&format!("{PAY}/instances/{id}"), body).await;
    assert!(put.status.is_success(), "{}", put.text);
}

#[tokio::test]
async fn a_write_says_what_was_probably_not_meant_as_things_stand() {
    let api = TestApi::new().await;
    let path = format!("{RULES}/a");
    let created = api.put_if(&path, "*", canary("pay", 10)).await;
    assert_eq!(
        created.json["warnings"],
        json!([{"code": "callee_without_instances", "path": "/callee",
            "message": "the callee has no instance now",
            "reason": {"code": "callee_without_instances", "obeyed_by": "caller"}}])
    );
    put_instance(&api, "one", "v1").await;
    let dry = format!("{path}?dry_run=true");
    let rehearsed = api.put_if(&dry, "\"2\"", canary("pay", 20)).await;
    assert_eq!(
        rehearsed.json["warnings"][0],
        json!({"code": "target_without_instances", "path": "/branches/0/targets/1/labels",
            "message": "none of the callee's 1 instances has them now",
            "reason": {"code": "target_without_instances", "instances": 1}})
    );
    put_instance(&api, "two", "v2").await;
    let again = api.put_if(&path, "\"2\"", canary("pay", 10)).await;
    assert_eq!(again.json["warnings"], json!([]), "nothing was written");
    assert_eq!(api.get(&path).await.json.get("warnings"), None);

    let body = |name: &str| {
        let mut body = canary("*", 10);
        body["name"] = name.into();
        body
    };
    let beside = api.post(RULES, body("b")).await;
    assert_eq!(codes(&beside.json["warnings"]), ["equal_priority"]);
    let other = "/api/v1/namespaces/other/routing-rules";
    let elsewhere = api.post(other, body("b")).await;
    assert_eq!(codes(&elsewhere.json["warnings"]), [""; 0]);
    let mut everywhere = body("c");
    everywhere["callee"]["namespace"] = "*".into();
    let everywhere = api.post(other, everywhere).await;
    assert_eq!(
        codes(&everywhere.json["warnings"]),
        ["equal_priority"; 3],
        "{}",
        everywhere.text
    );
    let broken = api.put_if(&format!("{RULES}/a"), "*", json!({})).await;
    assert_eq!(broken.json.get("warnings"), None);
}

#[tokio::test]
async fn a_nearby_rule_is_held_against_the_others() {
    let api = TestApi::new().await;
    let body = |name: &str| json!({"name": name, "callee": {"service": "pay"}});
    let first = api.post(NEARBY, body("a")).await;
    assert_eq!(codes(&first.json["warnings"]), [""; 0]);
    let second = api.post(NEARBY, body("b")).await;
    assert_eq!(
        codes(&second.json["warnings"]),
        ["equal_priority", "rule_unreachable"]
    );
    let reverted = api
        .send(
            http::Method::POST,
            &format!("{NEARBY}/b:revert"),
            &[("if-match", "\"3\"")],
            json!({"revision": 3}),
        )
        .await;
    assert_eq!(reverted.json["warnings"], second.json["warnings"]);
}

#[tokio::test]
async fn the_rules_with_warnings_are_listed_by_page_and_filter() {
    let api = TestApi::new().await;
    assert_eq!(api.get(WARNINGS).await.json, json!({"items": []}));
    put_instance(&api, "one", "v1").await;
    put_instance(&api, "two", "v2").await;
    for (namespace, name, callee) in [
        ("default", "right", "pay"),
        ("default", "a", "none"),
        ("shop", "a/b", "none"),
        ("shop", "c", "nobody"),
    ] {
        let mut rule = canary(callee, 10);
        rule["name"] = name.into();
        let rules = format!("/api/v1/namespaces/{namespace}/routing-rules");
        assert_eq!(api.post(&rules, rule).await.status, 201);
    }
    for (name, priority) in [("near", 1), ("far", 1)] {
        let rule = json!({"name": name, "priority": priority, "callee": {"service": "pay"}});
        assert_eq!(api.post(NEARBY, rule).await.status, 201);
    }
    let limit = json!({"callee": {"service": "none"}, "concurrency": 1});
    let put = api.put_if(&format!("{LIMITS}/limit"), "*", limit).await;
    assert_eq!(codes(&put.json["warnings"]), ["callee_without_instances"]);
    for (query, names) in [
        ("", &["far", "near", "limit", "a", "a/b", "c"][..]),
        ("?kind=rate_limit_rule", &["limit"]),
        ("?namespace=shop", &["a/b", "c"]),
        ("?kind=nearby_rule", &["far", "near"]),
        ("?kind=routing_rule&rule=a", &["a"]),
        ("?namespace=nowhere", &[]),
    ] {
        let listed = api.get(&format!("{WARNINGS}{query}")).await;
        assert_eq!(listed.column("name"), names, "{query}");
    }
    let mut seen = Vec::new();
    let mut token = String::new();
    loop {
        let query = format!("{WARNINGS}?page_size=2&page_token={token}");
        let page = api.get(&query).await;
        seen.extend(page.column("name"));
        match page.next_page_token() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ["far", "near", "limit", "a", "a/b", "c"]);
    let item = &api.get(&format!("{WARNINGS}?rule=a")).await.json["items"][0];
    assert_eq!(
        (&item["kind"], &item["namespace"], &item["revision"]),
        (&json!("routing_rule"), &json!("default"), &json!(6))
    );
    assert_eq!(codes(&item["warnings"]), ["callee_without_instances"]);
    let refused = api.get(&format!("{WARNINGS}?kind=instance")).await;
    assert_eq!(refused.problem(), (400, "invalid_argument", "kind"));
}
