//! Rate limit rules: what they refuse and where, and how they look back.

use serde_json::{Value, json};

use crate::harness::{LIMITS, RULES, TestApi, canary};

/// A rule of some fields beside its callee.
fn limit(fields: Value) -> Value {
    let mut rule =
        json!({"callee": {"service": "pay"}, "amounts": [{"max": 10, "window_ms": 1000}]});
    let fields = fields.as_object().unwrap().clone();
    rule.as_object_mut().unwrap().extend(fields);
    rule
}

/// What nobody could enforce, and the place of the fault.
fn broken() -> Vec<(Value, &'static str)> {
    let first = json!({"max": 10, "window_ms": 1000});
    vec![
        (json!({"amounts": []}), "/amounts"),
        (
            json!({"amounts": [{"max": 0, "window_ms": 1000}]}),
            "/amounts/0/max",
        ),
        (
            json!({"amounts": [{"max": 1, "window_ms": 0}]}),
            "/amounts/0/window_ms",
        ),
        (
            json!({"amounts": [first, {"max": 20, "window_ms": 1000}]}),
            "/amounts/1/window_ms",
        ),
        (
            json!({"amounts": [first, {"max": 600, "window_ms": 60000}]}),
            "/amounts/1/max",
        ),
        (
            json!({"amounts": [{"max": 1, "window_ms": 1, "bursts": 2}]}),
            "/amounts/0/bursts",
        ),
        (
            json!({"action": {"queue": {"max_wait_ms": 1001}}}),
            "/action/queue/max_wait_ms",
        ),
        (
            json!({"action": {"queue": {"max_wait_s": 1}}}),
            "/action/queue/max_wait_s",
        ),
        (json!({"action": "wait"}), "/action"),
        (json!({"scope": "cluster"}), "/scope"),
        (json!({"scope": "global", "concurrency": 1}), "/concurrency"),
        (
            json!({"scope": "global", "action": {"queue": {"max_wait_ms": 1}}}),
            "/action/queue",
        ),
        (json!({"failover": "pass"}), "/failover"),
        (json!({"concurrency": 0}), "/concurrency"),
        (json!({"warm_up": {"period_ms": 0}}), "/warm_up/period_ms"),
        (
            json!({"method": {"op": "regex", "value": "("}}),
            "/method/value",
        ),
        (
            json!({"arguments": [{"on": "header", "op": "present"}]}),
            "/arguments/0/key",
        ),
        (
            json!({"arguments": [{"on": "method", "op": "present"}]}),
            "/arguments/0/on",
        ),
        (json!({"response": {"status": 200}}), "/response/status"),
        (json!({"callee": {"service": "a b"}}), "/callee/service"),
        (json!({"ttl": 1}), "/ttl"),
    ]
}

#[tokio::test]
async fn a_rule_that_nobody_could_enforce_is_refused_by_the_place_of_its_fault() {
    let api = TestApi::new().await;
    for (fields, pointer) in broken() {
        let refused = api
            .put_if(&format!("{LIMITS}/a"), "*", limit(fields.clone()))
            .await;
        let problem = refused.problem();
        assert_eq!(problem, (400, "invalid_argument", pointer), "{fields}");
    }
    assert_eq!(api.revision(), 0);
}

#[tokio::test]
async fn limits_are_listed_by_page_filter_and_moment() {
    let api = TestApi::new().await;
    for (name, callee, enabled) in [
        ("a1", "pay", true),
        ("a2", "order", false),
        ("b", "*", true),
    ] {
        let body = limit(json!({"callee": {"service": callee}, "enabled": enabled}));
        let put = api.put_if(&format!("{LIMITS}/{name}"), "*", body).await;
        assert_eq!(put.status, 201, "{}", put.text);
    }
    api.put_if(&format!("{RULES}/a1"), "*", canary("pay", 1))
        .await;
    for (query, names) in [
        ("", &["a1", "a2", "b"][..]),
        ("?name=a*", &["a1", "a2"]),
        ("?enabled=false", &["a2"]),
        ("?callee=pay", &["a1", "b"]),
        ("?as_of=3", &["a1", "a2"]),
    ] {
        let listed = api.get(&format!("{LIMITS}{query}")).await;
        assert_eq!(listed.column("name"), names, "{query}");
    }
    let first = api.get(&format!("{LIMITS}?page_size=2")).await;
    let token = first.next_page_token().unwrap();
    let second = api.get(&format!("{LIMITS}?page_token={token}")).await;
    assert_eq!(second.column("name"), ["b"]);
    let elsewhere = api.get(&format!("{RULES}?page_token={token}")).await;
    assert_eq!(elsewhere.problem(), (400, "invalid_argument", "page_token"));
}

#[tokio::test]
async fn a_limit_has_a_history_and_can_be_taken_back() {
    let api = TestApi::new().await;
    let path = format!("{LIMITS}/a");
    let first = api.put_if(&path, "*", limit(json!({}))).await.rule();
    let amounts = json!([{"max": 20, "window_ms": 1000, "burst": 5}]);
    let second = limit(json!({"amounts": amounts}));
    let second = api.put_if(&path, "\"2\"", second).await.rule();
    let diff = api.get(&format!("{path}/diff?from=2&to=3")).await;
    let differing: Vec<_> = diff.json["differences"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    let places = differing.iter().map(|one| one["path"].as_str().unwrap());
    let places: Vec<_> = places.collect();
    assert_eq!(
        places,
        ["/amounts/0/max", "/amounts/0/burst"],
        "{}",
        diff.text
    );
    let then = api.get(&format!("{path}?as_of=2")).await;
    assert_eq!(then.json, first);
    let reverted = api
        .send(
            http::Method::POST,
            &format!("{path}:revert"),
            &[("if-match", "\"3\"")],
            json!({"revision": 2}),
        )
        .await;
    assert_eq!(
        reverted.json["amounts"], first["amounts"],
        "{}",
        reverted.text
    );
    let revisions = api.get(&format!("{path}/revisions")).await;
    assert_eq!(
        revisions.column("action"),
        ["updated", "updated", "created"]
    );
    assert_eq!(revisions.json["items"][1]["rule"], second);
    let one = api.get(&format!("{path}/revisions/3")).await;
    assert_eq!(one.json, revisions.json["items"][1]);
    let log = api.get("/api/v1/changes?kind=rate_limit_rule&rule=a").await;
    assert_eq!(log.column("revision"), ["4", "3", "2"]);
    assert_eq!(log.json["items"][2]["after"], first);
    let status = api.get(&format!("{path}/status")).await;
    assert_eq!(
        status.json,
        json!({"revision": 4, "subscriber_count": 0, "applied_count": 0,
        "unable_count": 0, "unable": [], "lagging": []})
    );
}

#[tokio::test]
async fn usage_says_why_it_shows_nothing_of_a_rule_that_is_not_counted() {
    let api = TestApi::new().await;
    for (name, fields, reason) in [
        ("local", json!({}), json!("local_scope")),
        (
            "off",
            json!({"scope": "global", "enabled": false}),
            json!("not_enabled"),
        ),
        ("global", json!({"scope": "global"}), Value::Null),
    ] {
        let mut rule = limit(fields);
        rule["name"] = json!(name);
        assert_eq!(api.post(LIMITS, rule).await.status, 201);
        let path = format!("{LIMITS}/{name}/usage");
        let usage = api.get(&path).await.json;
        assert_eq!(usage["not_counted"]["reason"], reason, "{usage}");
        let is_explained = usage["not_counted"]["message"].is_string();
        assert_eq!(is_explained, !reason.is_null(), "{usage}");
        assert_eq!(
            (&usage["counter_count"], &usage["counters"]),
            (&json!(0), &json!([]))
        );
    }
}
