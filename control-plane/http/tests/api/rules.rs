//! The kinds of rules: works, absent, invalid, again, and two editors.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{LIMITS, NEARBY, RULES, TestApi, canary};

/// Every kind: where they are, one of them, and the same one changed.
fn kinds() -> [(&'static str, Value, Value); 3] {
    let nearby = |level| {
        json!({
            "callee": {"service": "pay"}, "enabled": true, "priority": 0, "level": level,
            "max_level": "all", "strict": false, "spill_over": 0.0,
        })
    };
    let limit = |max| {
        json!({
            "callee": {"service": "pay"}, "enabled": true, "priority": 0, "method": "/pay",
            "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
            "regex_combine": false, "amounts": [{"max": max, "window_ms": 1000}],
            "scope": "local", "action": {"queue": {"max_wait_ms": 500}},
            "response": {"status": 503, "headers": {"x-slow": "1"}, "body": "later"},
        })
    };
    [
        (RULES, canary("pay", 10), canary("pay", 50)),
        (NEARBY, nearby("zone"), nearby("region")),
        (LIMITS, limit(10), limit(20)),
    ]
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

#[tokio::test]
async fn a_rule_is_created_read_changed_and_deleted() {
    for (collection, first, second) in kinds() {
        let api = TestApi::new().await;
        let path = format!("{collection}/a%2Fb");
        assert_eq!(api.get(&path).await.problem(), (404, "not_found", ""));
        let created = api
            .post(collection, with(first.clone(), "name", json!("a/b")))
            .await;
        assert_eq!(created.status, 201, "{}", created.text);
        assert_eq!(
            (created.header("location"), created.header("etag")),
            (&*path, "\"2\"")
        );
        let read = api.get(&path).await;
        assert_eq!(
            (&read.json, read.header("etag")),
            (&created.rule(), "\"2\"")
        );
        for (field, value) in first.as_object().unwrap() {
            assert_eq!(&read.json[field], value, "{field}");
        }
        assert_eq!(
            (&read.json["name"], &read.json["namespace"]),
            (&json!("a/b"), &json!("default"))
        );
        let held = [("if-none-match", "\"2\"")];
        assert_eq!(
            api.send(Method::GET, &path, &held, Value::Null)
                .await
                .status,
            304
        );
        let changed = api.put_if(&path, "\"2\"", second.clone()).await;
        assert_eq!(
            (changed.status.as_u16(), changed.header("etag")),
            (200, "\"3\"")
        );
        let again = api
            .put_if(&path, "\"3\"", with(second, "name", json!("a/b")))
            .await;
        assert_eq!((again.header("etag"), api.revision()), ("\"3\"", 3));
        assert_eq!(api.delete_if(&path, "\"3\"").await.status, 204);
        let gone = api.delete_if(&path, "\"3\"").await;
        assert_eq!(gone.problem(), (412, "precondition_failed", ""));
        let created = api.put_if(&path, "*", first).await;
        assert_eq!(
            (created.status.as_u16(), created.header("location")),
            (201, &*path)
        );
    }
}

#[tokio::test]
async fn a_change_says_which_state_it_was_made_for() {
    for (collection, first, _) in kinds() {
        let api = TestApi::new().await;
        let path = format!("{collection}/a");
        let required = (428, "precondition_required", "If-Match");
        assert_eq!(api.put(&path, first.clone()).await.problem(), required);
        let created = api.put_if(&path, "*", first.clone()).await;
        assert_eq!(created.status, 201, "{}", created.text);
        assert_eq!(api.put(&path, first).await.problem(), required);
        assert_eq!(api.delete(&path).await.problem(), required);
        let revert = api
            .post(&format!("{path}:revert"), json!({"revision": 2}))
            .await;
        assert_eq!(revert.problem(), required);
        assert_eq!(api.revision(), 2);
    }
}

#[tokio::test]
async fn the_second_editor_is_told_what_the_first_one_wrote() {
    for (collection, first, second) in kinds() {
        let api = TestApi::new().await;
        let path = format!("{collection}/a");
        api.put_if(&path, "*", first.clone()).await;
        let winner = api.put_if(&path, "\"2\"", second).await.rule();
        for loser in [
            api.put_if(&path, "\"2\"", first.clone()).await,
            api.put_if(&path, "*", first.clone()).await,
            api.delete_if(&path, "\"2\"").await,
        ] {
            assert_eq!(loser.problem(), (412, "precondition_failed", ""));
            assert_eq!(loser.json["current_revision"], 3);
            assert_eq!(loser.json["current"], winner);
        }
        let created = api.post(collection, with(first, "name", json!("a"))).await;
        assert_eq!(created.problem(), (409, "conflict", ""));
        assert_eq!(api.get(&path).await.json, winner);
    }
}

#[tokio::test]
async fn a_fault_is_placed_by_its_pointer() {
    let api = TestApi::new().await;
    let broken = |pointer: &str, value: Value| {
        let mut body = canary("pay", 10);
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let target = "/branches/0/targets/0";
    for (body, pointer) in [
        (
            broken("/branches/0/targets/1/weight", json!(10_001)),
            "/branches/0/targets/1/weight",
        ),
        (
            broken("/branches/0/targets/1/weight", json!("1")),
            "/branches/0/targets/1/weight",
        ),
        (
            broken(target, json!({"label": {}})),
            "/branches/0/targets/0/label",
        ),
        (
            broken(
                target,
                json!({"labels": {"a/b": {"op": "regex", "value": "("}}}),
            ),
            "/branches/0/targets/0/labels/a~1b/value",
        ),
        (
            broken(target, json!({"labels": {"v": {"op": "like"}}})),
            "/branches/0/targets/0/labels/v/op",
        ),
        (
            broken("/branches/0/targets", json!([])),
            "/branches/0/targets",
        ),
        (broken("/branches", json!([])), "/branches"),
        (broken("/priority", json!(-1)), "/priority"),
        (broken("/otherwise", json!("explode")), "/otherwise"),
        (broken("/callee", json!({})), "/callee/service"),
        (with(canary("pay", 1), "ttl", json!(1)), "/ttl"),
        (with(canary("pay", 1), "name", json!("b")), "/name"),
        (with(canary("pay", 1), "name", json!(null)), "/name"),
    ] {
        let refused = api.put_if(&format!("{RULES}/a"), "*", body).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", pointer),
            "{}",
            refused.text
        );
    }
    let nameless = api.post(RULES, canary("pay", 1)).await;
    assert_eq!(nameless.problem(), (400, "invalid_argument", "/name"));
    let near = json!({"callee": {"service": "*"}, "level": "region", "max_level": "zone"});
    let refused = api.put_if(&format!("{NEARBY}/a"), "*", near).await;
    assert_eq!(refused.problem(), (400, "invalid_argument", "/max_level"));
    assert_eq!(api.revision(), 0);
}

#[tokio::test]
async fn rules_are_listed_by_page_and_filter() {
    let api = TestApi::new().await;
    for (name, callee, enabled) in [
        ("a1", "pay", true),
        ("a2", "order", false),
        ("b", "*", true),
    ] {
        let body = with(canary(callee, 1), "enabled", json!(enabled));
        let body = with(body, "metadata", json!({"for": callee}));
        assert_eq!(
            api.put_if(&format!("{RULES}/{name}"), "*", body)
                .await
                .status,
            201
        );
    }
    for (query, names) in [
        ("", &["a1", "a2", "b"][..]),
        ("?name=a*", &["a1", "a2"]),
        ("?enabled=false", &["a2"]),
        ("?metadata=for:pay", &["a1"]),
        ("?callee=pay", &["a1", "b"]),
        ("?callee=pay&callee_namespace=shop", &[]),
        ("?callee=user&callee_namespace=default&enabled=true", &["b"]),
    ] {
        let listed = api.get(&format!("{RULES}{query}")).await;
        assert_eq!(listed.column("name"), names, "{query}");
    }
    let first = api.get(&format!("{RULES}?page_size=2")).await;
    let token = first.next_page_token().unwrap();
    let second = api
        .get(&format!("{RULES}?page_size=2&page_token={token}"))
        .await;
    assert_eq!(
        (second.column("name"), second.next_page_token()),
        (vec!["b".to_owned()], None)
    );
    for (query, parameter) in [
        ("callee_namespace=a", "callee"),
        ("callee=a%20b", "callee"),
        ("callee=a&callee_namespace=%20", "callee_namespace"),
        ("enabled=on", "enabled"),
    ] {
        let refused = api.get(&format!("{RULES}?{query}")).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", parameter),
            "{query}"
        );
    }
    let nowhere = api.get("/api/v1/namespaces/nowhere/routing-rules").await;
    assert_eq!(nowhere.problem(), (404, "not_found", ""));
    assert_eq!(api.get(NEARBY).await.json, json!({"items": []}));
}

#[tokio::test]
async fn a_dry_run_of_a_rule_writes_nothing() {
    for (collection, first, second) in kinds() {
        let api = TestApi::new().await;
        let path = format!("{collection}/a");
        let dry = format!("{path}?dry_run=true");
        let rehearsed = api.put_if(&dry, "*", first.clone()).await;
        assert_eq!(
            (rehearsed.status.as_u16(), rehearsed.header("x-dry-run")),
            (201, "true")
        );
        assert_eq!(api.revision(), 0);
        api.put_if(&path, "*", first).await;
        assert_eq!(api.put_if(&dry, "\"1\"", second.clone()).await.status, 412);
        assert_eq!(api.put_if(&dry, "\"2\"", second).await.status, 200);
        assert_eq!(api.delete_if(&dry, "\"2\"").await.status, 204);
        assert_eq!(
            (api.revision(), api.get(&path).await.header("etag")),
            (2, "\"2\"")
        );
    }
}

#[tokio::test]
async fn a_namespace_counts_its_rules_and_stays_while_it_has_some() {
    let api = TestApi::new().await;
    for (collection, first, _) in kinds() {
        for name in ["a", "b"] {
            api.put_if(&format!("{collection}/{name}"), "*", first.clone())
                .await;
        }
    }
    api.delete_if(&format!("{NEARBY}/a"), "\"4\"").await;
    let listed = api.get("/api/v1/namespaces").await;
    assert_eq!(listed.column("routing_rule_count"), ["2"]);
    assert_eq!(listed.column("nearby_rule_count"), ["1"]);
    assert_eq!(listed.column("rate_limit_rule_count"), ["2"]);
    let refused = api.delete("/api/v1/namespaces/default").await;
    assert_eq!(refused.problem(), (409, "conflict", ""));
    assert_eq!(
        refused.detail(),
        "namespace `default` still has routing rules and nearby rules and rate limit rules: delete \
         them first"
    );
    assert_eq!(
        refused.json["obstacle"],
        json!({"code": "not_empty", "namespace": {"kind": "namespace", "name": "default"},
            "held": ["routing_rule", "nearby_rule", "rate_limit_rule"]})
    );
    let metrics = api.get("/metrics").await.text;
    for line in [
        "merak_routing_rules 2",
        "merak_nearby_rules 1",
        "merak_rate_limit_rules 2",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}");
    }
}

#[tokio::test]
async fn the_change_log_shows_rules_before_and_after() {
    let api = TestApi::new().await;
    let path = format!("{RULES}/a");
    let before = api.put_if(&path, "*", canary("pay", 10)).await.rule();
    let after = api.put_if(&path, "\"2\"", canary("pay", 50)).await.rule();
    api.put_if(
        &format!("{NEARBY}/a"),
        "*",
        json!({"callee": {"service": "pay"}}),
    )
    .await;
    let listed = api.get("/api/v1/changes?kind=routing_rule&rule=a").await;
    assert_eq!(listed.column("revision"), ["3", "2"]);
    let change = &listed.json["items"][0];
    assert_eq!(
        (&change["kind"], &change["rule"]),
        (&json!("routing_rule"), &json!("a"))
    );
    assert_eq!((&change["before"], &change["after"]), (&before, &after));
    assert_eq!(change.get("service"), None);
    let listed = api.get("/api/v1/changes?rule=a").await;
    assert_eq!(
        listed.column("kind"),
        ["nearby_rule", "routing_rule", "routing_rule"]
    );
    let refused = api.get("/api/v1/changes?rule=a%20b").await;
    assert_eq!(refused.problem(), (400, "invalid_argument", "rule"));
}
