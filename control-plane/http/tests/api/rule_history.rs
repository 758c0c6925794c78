//! The states of a rule: who made them, what differs, back to one, and who obeys the newest.

use std::time::Duration;

use http::Method;
use merak_core::{ChangeRetention, Client, Clock as _, RuleFamily, RuleKind, Topic};
use merak_model::{Revision, ServiceKey, routing::RuleKey};
use serde_json::{Value, json};

use crate::harness::{Answer, NEARBY, RULES, TestApi, canary};

const RULE: &str = "/api/v1/namespaces/default/routing-rules/canary";

/// A rule at revisions 2 (10 %), 3 (50 %) and 4 (gone).
async fn with_history() -> TestApi {
    let api = TestApi::new().await;
    assert_eq!(api.put_if(RULE, "*", canary("pay", 10)).await.status, 201);
    api.clock.advance(Duration::from_secs(10));
    let headers = [("if-match", "\"2\""), ("x-request-id", "deploy-42")];
    api.send(Method::PUT, RULE, &headers, canary("pay", 50))
        .await;
    assert_eq!(api.delete_if(RULE, "\"3\"").await.status, 204);
    api
}

async fn revert(api: &TestApi, revision: u64, header: (&str, &str)) -> Answer {
    let path = format!("{RULE}:revert");
    let body = json!({"revision": revision});
    api.send(Method::POST, &path, &[header], body).await
}

fn weight(rule: &Value) -> &Value {
    &rule["branches"][0]["targets"][1]["weight"]
}

#[tokio::test]
async fn every_revision_says_who_when_and_what() {
    let api = with_history().await;
    let listed = api.get(&format!("{RULE}/revisions")).await;
    assert_eq!(listed.column("revision"), ["4", "3", "2"]);
    assert_eq!(listed.column("action"), ["deleted", "updated", "created"]);
    let items = &listed.json["items"];
    assert_eq!(items[0]["rule"], Value::Null);
    assert_eq!(
        (weight(&items[1]["rule"]), weight(&items[2]["rule"])),
        (&json!(50), &json!(10))
    );
    assert_eq!(
        (&items[1]["actor"], &items[1]["request_id"], &items[1]["at"]),
        (
            &json!("rest"),
            &json!("deploy-42"),
            &json!("2026-01-01T00:00:10Z")
        )
    );
    let first = api.get(&format!("{RULE}/revisions?page_size=2")).await;
    let token = first.next_page_token().unwrap();
    let second = api
        .get(&format!("{RULE}/revisions?page_size=2&page_token={token}"))
        .await;
    assert_eq!(second.column("revision"), ["2"]);
    assert_eq!(api.get(&format!("{RULE}/revisions/3")).await.json, items[1]);
    assert_eq!(
        api.get(&format!("{RULE}/revisions/1")).await.problem(),
        (404, "not_found", "")
    );
    for revision in ["5", "x"] {
        let refused = api.get(&format!("{RULE}/revisions/{revision}")).await;
        assert_eq!(refused.problem(), (400, "invalid_argument", "revision"));
    }
    let unknown = api.get(&format!("{RULES}/other/revisions")).await;
    assert_eq!(unknown.problem(), (404, "not_found", ""));
}

#[tokio::test]
async fn a_pruned_revision_is_gone() {
    let api = with_history().await;
    let retention = ChangeRetention {
        count: 2,
        ..ChangeRetention::default()
    };
    let history = &api.plane.history;
    history
        .prune(retention, api.clock.timestamp())
        .await
        .unwrap();
    let listed = api.get(&format!("{RULE}/revisions")).await;
    assert_eq!(listed.column("revision"), ["4", "3"]);
    for path in ["/revisions/2", "/diff?from=1"] {
        let gone = api.get(&format!("{RULE}{path}")).await;
        assert_eq!(gone.problem(), (410, "gone", ""), "{path}");
    }
    let gone = revert(&api, 1, ("if-none-match", "*")).await;
    assert_eq!(gone.problem(), (410, "gone", ""));
}

#[tokio::test]
async fn two_revisions_are_compared_place_by_place() {
    let api = with_history().await;
    let diff = api.get(&format!("{RULE}/diff?from=2&to=3")).await.json;
    let expected = json!({"from": 2, "to": 3, "differences": [
        {"op": "replace", "path": "/branches/0/targets/0/weight", "before": 90, "value": 50},
        {"op": "replace", "path": "/branches/0/targets/1/weight", "before": 10, "value": 50},
    ]});
    assert_eq!(diff, expected);
    let gone = api.get(&format!("{RULE}/diff?from=3")).await.json;
    assert_eq!((&gone["from"], &gone["to"]), (&json!(3), &Value::Null));
    assert_eq!(gone["differences"][0]["value"], Value::Null);
    let made = api.get(&format!("{RULE}/diff?from=1&to=2")).await.json;
    assert_eq!(made["differences"][0]["path"], "");
    assert_eq!(weight(&made["differences"][0]["value"]), 10);
    let same = api.get(&format!("{RULE}/diff?from=2&to=2")).await.json;
    assert_eq!(same["differences"], json!([]));
    for (query, problem) in [
        ("", (400, "invalid_argument", "from")),
        ("from=9", (400, "invalid_argument", "from")),
        ("from=2&to=9", (400, "invalid_argument", "to")),
        ("from=1", (404, "not_found", "")),
    ] {
        let refused = api.get(&format!("{RULE}/diff?{query}")).await;
        assert_eq!(refused.problem(), problem, "{query}");
    }
}

#[tokio::test]
async fn a_revert_is_a_new_change_with_the_old_content() {
    let api = with_history().await;
    let restored = revert(&api, 2, ("if-none-match", "*")).await;
    assert_eq!(
        (restored.status.as_u16(), restored.header("etag")),
        (201, "\"5\"")
    );
    assert_eq!(weight(&restored.json), 10);
    let stale = revert(&api, 3, ("if-match", "\"4\"")).await;
    assert_eq!(stale.problem(), (412, "precondition_failed", ""));
    assert_eq!(stale.json["current"], restored.rule());
    let reverted = revert(&api, 3, ("if-match", "\"5\"")).await;
    assert_eq!(
        (reverted.status.as_u16(), weight(&reverted.json)),
        (200, &json!(50))
    );
    let again = revert(&api, 3, ("if-match", "\"6\"")).await;
    assert_eq!((again.status.as_u16(), api.revision()), (200, 6));
    let never = revert(&api, 1, ("if-match", "\"6\"")).await;
    assert_eq!(never.problem(), (404, "not_found", ""));
    let future = revert(&api, 99, ("if-match", "\"6\"")).await;
    assert_eq!(future.problem(), (400, "invalid_argument", "/revision"));
    let other = api.post(RULE, json!({"revision": 2})).await;
    assert_eq!(other.problem(), (404, "no_such_path", ""));
    let path = format!("{RULE}:revert?dry_run=true");
    let headers = [("if-match", "\"6\"")];
    let dry = api
        .send(Method::POST, &path, &headers, json!({"revision": 5}))
        .await;
    assert_eq!(
        (dry.header("x-dry-run"), weight(&dry.json)),
        ("true", &json!(10))
    );
    assert_eq!(api.revision(), 6);
}

#[tokio::test]
async fn as_of_reads_earlier_rules() {
    let api = with_history().await;
    let near = format!("{NEARBY}/near");
    api.put_if(&near, "*", json!({"callee": {"service": "*"}}))
        .await;
    for (as_of, expected) in [("2", 10), ("2026-01-01T00:00:05Z", 10), ("3", 50)] {
        let read = api.get(&format!("{RULE}?as_of={as_of}")).await;
        assert_eq!(weight(&read.json), expected, "{as_of}");
        let listed = api.get(&format!("{RULES}?as_of={as_of}")).await;
        assert_eq!(listed.json["items"], json!([read.json]), "{as_of}");
        let nearby = api.get(&format!("{near}?as_of={as_of}")).await;
        assert_eq!(nearby.problem(), (404, "not_found", ""));
    }
    assert_eq!(
        api.get(&format!("{RULES}?as_of=4")).await.json,
        json!({"items": []})
    );
    for path in [RULE, RULES] {
        let refused = api.get(&format!("{path}?as_of=99")).await;
        assert_eq!(refused.problem(), (400, "invalid_argument", "as_of"));
    }
}

#[tokio::test]
async fn the_status_counts_who_obeys_and_names_who_lags() {
    let api = TestApi::new().await;
    api.put_if(RULE, "*", canary("*", 10)).await;
    let path = format!("{RULE}/status");
    let nobody = json!({"revision": 2, "subscriber_count": 0, "applied_count": 0,
        "unable_count": 0, "unable": [], "lagging": []});
    assert_eq!(api.get(&path).await.json, nobody);
    let subscribers = ["order", "pay"].map(|service| {
        let client = Client {
            host: format!("{service}-host"),
            ..Client::default()
        };
        let subscriber = api.plane.discovery.subscriber(client);
        let callee = ServiceKey::parse("default", service).unwrap();
        subscriber.subscribe(1, Topic::Rules(RuleFamily::Routing, callee), Revision::ZERO);
        subscriber.try_next().unwrap();
        subscriber
    });
    subscribers[0].acknowledge(1, Revision(2));
    let status = api.get(&path).await.json;
    assert_eq!(
        (&status["subscriber_count"], &status["applied_count"]),
        (&json!(2), &json!(1))
    );
    let lagging = &status["lagging"];
    assert_eq!(lagging.as_array().unwrap().len(), 1);
    assert_eq!(
        lagging[0]["callee"],
        json!({"namespace": "default", "name": "pay"})
    );
    assert_eq!(lagging[0]["client"]["host"], "pay-host");
    assert_eq!(
        (
            &lagging[0]["sent_revision"],
            &lagging[0]["applied_revision"]
        ),
        (&json!(2), &json!(0))
    );
    subscribers[1].acknowledge(1, Revision(2));
    assert_eq!(api.get(&path).await.json["applied_count"], 2);
    let key = RuleKey::parse("default", "canary").unwrap();
    let reason = "otherwise: unknown".to_owned();
    let left_out = [((RuleKind::Routing, key), reason)].into();
    subscribers[1].acknowledge_except(1, Revision(2), left_out);
    let status = api.get(&path).await.json;
    assert_eq!(
        (&status["applied_count"], &status["unable_count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(status["lagging"], json!([]));
    let unable = &status["unable"][0];
    assert_eq!(
        (&unable["client"]["host"], &unable["reason"]),
        (&json!("pay-host"), &json!("otherwise: unknown"))
    );
    let missing = api.get(&format!("{NEARBY}/canary/status")).await;
    assert_eq!(missing.problem(), (404, "not_found", ""));
}
