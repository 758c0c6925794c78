//! Every bad input is refused with its place, the limit and what was given.

use std::convert::Infallible;

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::harness::{Answer, PAY, TestApi};

async fn post_text(api: &TestApi, content_type: Option<&str>, body: String) -> Answer {
    let mut request = Request::post(format!("{PAY}/instances"));
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    api.ask(request.body(Body::from(body)).unwrap()).await
}

const NAME_RULE: &str = "' ' at position 1 is not allowed, use letters, digits and . _ : / -";

/// A field of a registration, a refused value, and what is said of it where.
const REFUSED_FIELDS: &[(&str, &str, &str, &str)] = &[
    ("port", "0", "/port", "0 is outside 1..=65535"),
    ("port", "65536", "/port", "65536 is outside 1..=65535"),
    (
        "port",
        r#""80""#,
        "/port",
        "expected a whole number, 0 or more, found \"80\"",
    ),
    (
        "port",
        "-1",
        "/port",
        "expected a whole number, 0 or more, found -1",
    ),
    ("host", r#""""#, "/host", "a value is required"),
    (
        "host",
        r#""1.2.3""#,
        "/host",
        "\"1.2.3\" is not an IP address or a DNS name",
    ),
    ("id", r#""a b""#, "/id", NAME_RULE),
    ("id", "null", "/id", "expected a string, found null"),
    ("weight", "10001", "/weight", "10001 is outside 0..=10000"),
    (
        "weight",
        "null",
        "/weight",
        "expected a whole number, 0 or more, found null",
    ),
    (
        "metadata",
        r#"{"a/b": 1}"#,
        "/metadata/a~1b",
        "expected a string, found 1",
    ),
    (
        "location",
        r#"{"rack": "7"}"#,
        "/location/rack",
        "unknown field `rack`",
    ),
    (
        "health_check",
        r#"{"type": "heartbeat", "ttl_seconds": 61}"#,
        "/health_check/ttl_seconds",
        "61 is outside 1..=60",
    ),
    ("wieght", "1", "/wieght", "unknown field `wieght`"),
];

async fn assert_refused(api: &TestApi, (field, value): (&str, Value), pointer: &str, detail: &str) {
    let mut body = json!({"host": "h", "port": 1});
    body[field] = value;
    let refused = api.post(&format!("{PAY}/instances"), body).await;
    assert_eq!(
        refused.problem(),
        (400, "invalid_argument", pointer),
        "{}",
        refused.text
    );
    assert_eq!(refused.json["errors"][0]["detail"], detail);
    assert_eq!(refused.detail(), format!("{pointer}: {detail}"));
    assert_eq!(refused.json["type"], "urn:merak:problem:invalid_argument");
    assert_eq!(refused.json["title"], "Bad Request");
}

#[tokio::test]
async fn a_refused_field_is_pointed_at() {
    let api = TestApi::new().await;
    for (field, value, pointer, detail) in REFUSED_FIELDS {
        let value = serde_json::from_str(value).unwrap();
        assert_refused(&api, (field, value), pointer, detail).await;
    }
    assert_eq!(api.revision(), 0);
}

#[tokio::test]
async fn a_value_that_is_too_long_is_refused_with_its_length() {
    let api = TestApi::new().await;
    let metadata: Value = (0..65).map(|n| (format!("k{n}"), json!("v"))).collect();
    let expected = "65 entries, at most 64 are allowed";
    assert_refused(&api, ("metadata", metadata), "/metadata", expected).await;
    let long = |length: usize| json!("x".repeat(length));
    for (field, value, pointer, length, limit) in [
        ("version", long(65), "/version", 65, 64),
        ("protocol", long(65), "/protocol", 65, 64),
        ("host", long(129), "/host", 129, 128),
        ("id", long(129), "/id", 129, 128),
        (
            "metadata",
            json!({"env": long(4097)}),
            "/metadata/env",
            4097,
            4096,
        ),
        (
            "location",
            json!({"zone": long(129)}),
            "/location/zone",
            129,
            128,
        ),
    ] {
        let expected = format!("{length} characters, at most {limit} are allowed");
        assert_refused(&api, (field, value), pointer, &expected).await;
    }
}

#[tokio::test]
async fn a_refused_field_of_a_service_is_pointed_at() {
    let api = TestApi::new().await;
    for (body, pointer) in [
        (json!({"ports": [80, 0]}), "/ports/1"),
        (json!({"ports": vec![80; 65]}), "/ports"),
        (json!({"protect_threshold": 1.5}), "/protect_threshold"),
        (json!({"export_to": ["*", "a b"]}), "/export_to/1"),
        (json!({"comment": "x".repeat(1025)}), "/comment"),
        (json!({"name": "order"}), "/name"),
        (json!([]), ""),
    ] {
        let refused = api.put(PAY, body).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", pointer),
            "{}",
            refused.text
        );
    }
    for (body, pointer) in [(json!({}), "/name"), (json!({"name": "a b"}), "/name")] {
        let refused = api
            .post("/api/v1/namespaces/default/services", body.clone())
            .await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", pointer),
            "{}",
            refused.text
        );
        let refused = api.post("/api/v1/namespaces", body).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", pointer),
            "{}",
            refused.text
        );
    }
}

#[tokio::test]
async fn what_is_no_object_is_refused_at_every_depth() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let revision = api.revision();
    let instance = format!("{PAY}/instances/pay-1");
    for (body, pointer) in [
        (json!([7]), ""),
        (json!("x"), ""),
        (json!(null), ""),
        (
            json!({"host": "h", "port": 1, "location": ["eu"]}),
            "/location",
        ),
        (
            json!({"host": "h", "port": 1, "health_check": ["none"]}),
            "/health_check",
        ),
        (
            json!({"host": "h", "port": 1, "metadata": ["a", "b"]}),
            "/metadata",
        ),
    ] {
        let headers = [("content-type", "application/json")];
        let mut request = Request::put(&instance);
        request = request.header(headers[0].0, headers[0].1);
        let refused = api
            .ask(request.body(Body::from(body.to_string())).unwrap())
            .await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", pointer),
            "{body}"
        );
        assert!(
            refused.detail().contains("expected an object"),
            "{}",
            refused.text
        );
    }
    let patched = api.patch(&instance, json!([7])).await;
    assert_eq!(
        patched.detail(),
        "the body: expected an object, found a list"
    );
    assert_eq!(api.revision(), revision);
}

#[tokio::test]
async fn an_item_that_is_no_object_is_refused() {
    let api = TestApi::new().await;
    for (item, pointer) in [
        (json!([]), "/items/0"),
        (json!("register"), "/items/0"),
        (json!({"register": ["h", 1]}), "/items/0/register"),
        (json!({"patch": ["pay-1", 7]}), "/items/0/patch"),
        (json!({"delete": ["pay-1"]}), "/items/0/delete"),
    ] {
        let refused = api
            .post(&format!("{PAY}/instances:batch"), json!({"items": [item]}))
            .await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", pointer),
            "{}",
            refused.text
        );
        assert!(
            refused.detail().contains("expected an object"),
            "{}",
            refused.text
        );
    }
    assert_eq!(api.revision(), 0);
}

#[tokio::test]
async fn an_item_is_one_operation() {
    let api = TestApi::new().await;
    for (item, detail) in [
        (
            json!({}),
            "/items/1: no operation: expected register, patch or delete",
        ),
        (
            json!({"delete": {"id": "a"}, "patch": {"id": "a"}}),
            "/items/1: several operations: expected one of register, patch and delete an item",
        ),
        (
            json!({"remove": {"id": "a"}}),
            "/items/1/remove: unknown field `remove`",
        ),
    ] {
        let items = json!({"items": [{"register": {"host": "h", "port": 1}}, item]});
        let refused = api.post(&format!("{PAY}/instances:batch"), items).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.detail(), detail);
    }
    assert_eq!(api.revision(), 0);
}

#[tokio::test]
async fn a_missing_field_is_pointed_at() {
    let api = TestApi::new().await;
    let refused = api
        .post(&format!("{PAY}/instances"), json!({"host": "h"}))
        .await;
    assert_eq!(refused.problem(), (400, "invalid_argument", "/port"));
    assert_eq!(refused.detail(), "/port: a value is required");
}

#[tokio::test]
async fn what_is_not_json_is_placed_by_line_and_column() {
    let api = TestApi::new().await;
    for (text, place) in [
        ("{\"host\": \"h\",\n \"port\": }", "line 2 column 10"),
        ("", "line 1 column 0"),
        ("{\"host\": \"h\", \"port\": 1} x", "line 1 column 26"),
        ("{\"host\": \"h\", \"port\": 1", "line 1 column 23"),
    ] {
        let refused = post_text(&api, Some("application/json"), text.to_owned()).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", ""),
            "{}",
            refused.text
        );
        assert!(
            refused.detail().starts_with("the body: not JSON: "),
            "{}",
            refused.text
        );
        assert!(refused.detail().ends_with(place), "{}", refused.text);
    }
    let twice = post_text(
        &api,
        Some("application/json"),
        r#"{"host":"h","host":"i"}"#.to_owned(),
    );
    assert_eq!(twice.await.detail(), "/host: given more than once");
    let twice = r#"{"host":"h","port":1,"metadata":{"a":"1","a":"2"}}"#.to_owned();
    let twice = post_text(&api, Some("application/json"), twice).await;
    assert_eq!(twice.problem(), (400, "invalid_argument", "/metadata"));
}

#[tokio::test]
async fn only_json_is_taken() {
    let api = TestApi::new().await;
    let body = json!({"host": "h", "port": 1}).to_string();
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/merge-patch+json"),
    ] {
        let refused = post_text(&api, content_type, body.clone()).await;
        assert_eq!(refused.problem(), (415, "unsupported_media_type", ""));
        assert!(
            refused.detail().ends_with("send application/json"),
            "{}",
            refused.text
        );
    }
    for charset in ["utf-16", "\"latin1\""] {
        let content_type = format!("application/json; charset={charset}");
        let refused = post_text(&api, Some(&content_type), body.clone()).await;
        assert_eq!(refused.problem(), (415, "unsupported_media_type", ""));
        assert!(refused.detail().ends_with("send UTF-8"), "{}", refused.text);
    }
    let taken = post_text(&api, Some("application/JSON; charset=utf-8"), body).await;
    assert_eq!(taken.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_is_given_up_before_anything_is_done() {
    let api = TestApi::new().await;
    let begin = tokio::time::Instant::now();
    let request = Request::put(PAY).header("content-type", "application/json");
    let body = Body::from_stream(futures_util::stream::pending::<Result<&str, Infallible>>());
    let refused = api.ask(request.body(body).unwrap()).await;
    assert_eq!(refused.problem(), (408, "request_timeout", ""));
    assert!(refused.detail().ends_with("nothing was done"));
    assert_eq!(begin.elapsed().as_secs(), 20);
}

#[tokio::test]
async fn a_large_body_is_refused_with_the_limit() {
    let api = TestApi::new().await;
    let refused = post_text(&api, Some("application/json"), " ".repeat(2_000_000)).await;
    assert_eq!(refused.problem(), (413, "payload_too_large", ""));
    assert_eq!(
        refused.detail(),
        "the body is larger than 1 MiB (1048576 bytes)"
    );
}

/// A path below `/api/v1/namespaces`, and what is said of which of its parameters.
const REFUSED_PARAMETERS: &[(&str, &str, &str)] = &[
    ("/a%20b", "namespace", NAME_RULE),
    ("/default?x=1", "x", "unknown parameter"),
    ("/default/services/a%20b", "service", NAME_RULE),
    ("/default/services/pay/instances/a%20b", "id", NAME_RULE),
    ("?page_size=0", "page_size", "0 is outside 1..=500"),
    ("?page_size=501", "page_size", "501 is outside 1..=500"),
    (
        "?page_size=ten",
        "page_size",
        "expected a whole number, 0 or more",
    ),
    (
        "?page_size=1&page_size=2",
        "page_size",
        "given more than once",
    ),
    (
        "?page_token=garbage",
        "page_token",
        "not a token that this list gave out",
    ),
    ("?size=1", "size", "unknown parameter"),
    ("/default?as_of=1", "as_of", "unknown parameter"),
    (
        "/default/services/pay/instances?health=sick",
        "health",
        "expected `healthy` or `unhealthy`, found \"sick\"",
    ),
    (
        "/default/services/pay/instances?isolated=yes",
        "isolated",
        "expected `false` or `true`, found \"yes\"",
    ),
    (
        "/default/services/pay/instances?metadata=env",
        "metadata",
        "\"env\" is not key:value or key:beginning*",
    ),
    (
        "/default/services/pay/instances?host=a&ip=b",
        "host",
        "given more than once",
    ),
];

#[tokio::test]
async fn a_refused_parameter_is_named() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    for (path, parameter, detail) in REFUSED_PARAMETERS {
        let refused = api.get(&format!("/api/v1/namespaces{path}")).await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", *parameter),
            "{path}"
        );
        assert_eq!(refused.json["errors"][0]["detail"], *detail, "{path}");
    }
    let unknown = api.put(&format!("{PAY}?dryrun=true"), json!({})).await;
    assert_eq!(unknown.problem(), (400, "invalid_argument", "dryrun"));
    assert_eq!(unknown.json["errors"][0]["hint"], "expected `dry_run`");
    let none = api.get("/api/v1/namespaces/default?as_of=1").await;
    let hint = &none.json["errors"][0]["hint"];
    assert_eq!(hint, "this operation takes none");
    for dots in [".", ".."] {
        let body = json!({"name": dots});
        let refused = api.post("/api/v1/namespaces", body).await;
        assert_eq!(refused.problem(), (400, "invalid_argument", "/name"));
    }
}

#[tokio::test]
async fn a_long_name_is_refused_with_its_length() {
    let api = TestApi::new().await;
    for (limit, path, parameter) in [
        (64, "/api/v1/namespaces/", "namespace"),
        (128, "/api/v1/namespaces/default/services/", "service"),
    ] {
        let refused = api
            .put(&format!("{path}{}", "x".repeat(limit + 1)), json!({}))
            .await;
        assert_eq!(refused.problem(), (400, "invalid_argument", parameter));
        let expected = format!("{} characters, at most {limit} are allowed", limit + 1);
        assert_eq!(refused.json["errors"][0]["detail"], expected);
        assert_eq!(
            api.put(&format!("{path}{}", "x".repeat(limit)), json!({}))
                .await
                .status,
            201
        );
    }
}

#[tokio::test]
async fn a_refused_header_is_named() {
    let api = TestApi::new().await;
    let instances = format!("{PAY}/instances");
    let batch = format!("{PAY}/instances:batch");
    for (method, path, header, value) in [
        (Method::PUT, PAY, "If-Match", "garbage"),
        (Method::PUT, PAY, "If-None-Match", "\"1\""),
        (Method::DELETE, PAY, "If-Match", "W/\"1\""),
        (Method::GET, PAY, "If-None-Match", "garbage"),
        (Method::POST, &instances, "If-Match", "\"1\""),
        (Method::POST, &instances, "If-None-Match", "\"1\""),
        (Method::POST, &batch, "If-None-Match", "*"),
        (Method::GET, "/api/v1/watch", "Last-Event-ID", "x"),
    ] {
        api.put(PAY, json!({})).await;
        let body = match method {
            Method::PUT => json!({}),
            Method::POST if path == batch => json!({"items": []}),
            Method::POST => json!({"host": "h", "port": 1}),
            _ => Value::Null,
        };
        let lower = header.to_lowercase();
        let refused = api
            .send(method.clone(), path, &[(&lower, value)], body)
            .await;
        assert_eq!(
            refused.problem(),
            (400, "invalid_argument", header),
            "{method} {path}"
        );
    }
}
