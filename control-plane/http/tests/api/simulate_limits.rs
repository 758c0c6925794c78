//! Trying rate limits out: the live rules, a draft, an earlier moment, and sequences of calls.

use serde_json::{Value, json};

use crate::harness::{LIMITS, TestApi};

const SIMULATE: &str = "/api/v1/simulate/rate-limit";

fn users(max: u32) -> Value {
    json!({
        "callee": {"service": "pay"}, "method": "POST",
        "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
        "amounts": [{"max": max, "window_ms": 1000, "burst": 1}],
        "response": {"status": 503, "headers": {"x-slow": "1"}, "body": "later"},
    })
}

fn call(user: &str) -> Value {
    json!({"to": {"service": "pay"}, "method": "POST", "headers": {"X-User": user}})
}

#[tokio::test]
async fn a_sequence_of_calls_is_told_with_every_rule_and_test() {
    let api = TestApi::new().await;
    api.put_if(&format!("{LIMITS}/users"), "*", users(100))
        .await;
    let mut get = users(1);
    get["method"] = "GET".into();
    api.put_if(&format!("{LIMITS}/reads"), "*", get).await;
    let body = json!({"request": call("42"), "sequence": {"calls": 150, "over_ms": 1000}});
    let told = api.post(SIMULATE, body).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let told = told.json;
    assert_eq!(
        told["summary"],
        "of 150 calls in 1000 ms 75 go through at once, 75 are rejected, to be tried again after \
         up to 4 ms"
    );
    let outcome = &told["sequence"];
    assert_eq!(
        [
            &outcome["admitted"],
            &outcome["rejected"],
            &outcome["queued"]
        ],
        [75, 75, 0]
    );
    assert_eq!(outcome["timeline"].as_array().unwrap().len(), 60);
    assert_eq!(told["verdict"], "rejected");
    let rejection = &told["rejection"];
    assert_eq!(
        rejection["rule"],
        json!({"namespace": "default", "name": "users"})
    );
    assert_eq!(rejection["amount"], json!({"max": 100, "window_ms": 1000}));
    assert_eq!(
        [
            &rejection["status"],
            &rejection["headers"],
            &rejection["body"]
        ],
        [&json!(503), &json!({"x-slow": "1"}), &json!("later")]
    );
    let [reads, users] = [0, 1].map(|index| &told["rules"][index]);
    assert_eq!(reads["matches"], false);
    assert_eq!(
        reads["conditions"][0],
        json!({"wanted": {"on": "method", "op": "exact", "value": "GET"}, "got": "POST", "holds": false})
    );
    assert_eq!(
        (&users["matches"], &users["rejected"]),
        (&json!(true), &json!(75))
    );
    assert_eq!(users["counter_key"], "header.x-user=42");
    assert_eq!(users["amounts"][0]["left"], 0);
    assert_eq!(api.revision(), 3, "nothing was written");
}

#[tokio::test]
async fn a_draft_and_an_earlier_moment_are_tried_out() {
    let api = TestApi::new().await;
    let path = format!("{LIMITS}/users");
    let ten = json!({"request": call("42"), "sequence": {"calls": 10}});
    let admitted = async |query: &str, body: Value| {
        let told = api.post(&format!("{SIMULATE}{query}"), body).await;
        assert_eq!(told.status, 200, "{}", told.text);
        told.json["sequence"]["admitted"].as_u64().unwrap()
    };
    let nothing = admitted("", ten.clone()).await;
    api.put_if(&path, "*", users(5)).await;
    let mut burst = users(5);
    burst["amounts"][0]["burst"] = 3.into();
    api.put_if(&path, "\"2\"", burst.clone()).await;
    assert_eq!((nothing, admitted("", ten.clone()).await), (10, 3));
    assert_eq!(admitted("?as_of=2", ten.clone()).await, 1);
    let mut draft = ten.clone();
    burst["amounts"][0]["burst"] = 7.into();
    draft["draft"] = json!({"name": "users", "spec": burst});
    assert_eq!(admitted("", draft.clone()).await, 7);
    draft["draft"]["spec"]["enabled"] = false.into();
    assert_eq!(admitted("", draft.clone()).await, 10);
    draft["sequence"]["instances"] = 2.into();
    draft["draft"]["spec"]["enabled"] = true.into();
    assert_eq!(admitted("", draft).await, 10);
}

#[tokio::test]
async fn what_cannot_be_tried_out_is_refused_by_its_place() {
    let api = TestApi::new().await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"request": call("42")});
        body[field] = value;
        body
    };
    let draft = |spec: Value| with("draft", json!({"name": "a", "spec": spec}));
    for (body, pointer) in [
        (with("sequence", json!({"calls": 0})), "/sequence/calls"),
        (
            with("sequence", json!({"calls": 100_001})),
            "/sequence/calls",
        ),
        (
            with("sequence", json!({"calls": 1, "over_ms": 86_400_001})),
            "/sequence/over_ms",
        ),
        (
            with("sequence", json!({"calls": 1, "instances": 0})),
            "/sequence/instances",
        ),
        (
            with("sequence", json!({"calls": 1, "rate": 1})),
            "/sequence/rate",
        ),
        (with("sequence", json!(null)), "/sequence"),
        (
            draft(json!({"callee": {"service": "pay"}})),
            "/draft/spec/amounts",
        ),
        (
            draft(json!({"callee": {"service": "other"}, "concurrency": 5})),
            "/draft/spec/callee",
        ),
        (
            with("sequence", json!({"calls": 5_000_000_000_u64})),
            "/sequence/calls",
        ),
        (json!({"request": {"method": "GET"}}), "/request/to"),
    ] {
        let refused = api.post(SIMULATE, body.clone()).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", pointer),
            "{body}"
        );
    }
    for number in 0..60 {
        let path = format!("{LIMITS}/r{number}");
        assert_eq!(api.put_if(&path, "*", users(5)).await.status, 201);
    }
    let many = api
        .post(SIMULATE, with("sequence", json!({"calls": 100_000})))
        .await;
    assert_eq!(many.problem(), (400, "invalid_argument", "/sequence/calls"));
}
