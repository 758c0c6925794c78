//! Servers behind a limiter: what their callers see.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    convert::Infallible,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use merak_sdk::{
    CallerLayer, ServiceKey,
    limiter::{LimitLayer, Limiter, RateLimitRule},
};
use serde_json::{Value, json};
use tower::{Layer as _, Service as _, ServiceExt as _, service_fn};

/// A limiter whose clock stands still, with one rule of these fields.
fn limiter(fields: Value) -> Limiter {
    let time = Arc::new(AtomicU64::new(0));
    let builder = Limiter::builder(ServiceKey::parse("default", "pay").unwrap());
    let limiter = builder
        .clock(move || Duration::from_millis(time.load(Ordering::SeqCst)))
        .build();
    let mut spec = json!({"callee": {"service": "pay"}});
    let fields = fields.as_object().unwrap().clone();
    spec.as_object_mut().unwrap().extend(fields);
    let time = "2026-01-01T00:00:00Z";
    let rule = json!({
        "namespace": "default", "name": "some", "spec": spec,
        "created_revision": 1, "revision": 1, "created_at": time, "modified_at": time,
    });
    limiter.replace(vec![serde_json::from_value::<RateLimitRule>(rule).unwrap()]);
    limiter
}

fn get(target: &str) -> Request<String> {
    Request::get(target).body(String::new()).unwrap()
}

async fn paid(_: Request<String>) -> Result<Response<String>, Infallible> {
    Ok(Response::new("paid".to_owned()))
}

/// The answer of a limited HTTP server.
async fn answer(limiter: &Limiter, request: Request<String>) -> Response<String> {
    let mut server = LimitLayer::http(limiter.clone()).layer(service_fn(paid));
    server.ready().await.unwrap().call(request).await.unwrap()
}

/// How many of so many requests go through.
async fn count(limiter: &Limiter, requests: &[Request<String>]) -> usize {
    let mut count = 0;
    for request in requests {
        count += usize::from(answer(limiter, request.clone()).await.status() == 200);
    }
    count
}

fn header<'r>(response: &'r Response<String>, name: &str) -> Option<&'r str> {
    Some(response.headers().get(name)?.to_str().unwrap())
}

#[tokio::test]
async fn an_answer_says_what_is_left_and_a_rejection_when_to_come_again() {
    let limiter = limiter(json!({
        "amounts": [{"max": 2, "window_ms": 500}, {"max": 3, "window_ms": 60000}],
        "response": {"status": 503, "headers": {"X-Why": "busy"}, "body": "come later"},
    }));
    let first = answer(&limiter, get("/")).await;
    assert_eq!(
        (first.status().as_u16(), first.body().as_str()),
        (200, "paid")
    );
    let policy = r#""some/500";q=2, "some/60000";q=3;w=60"#;
    assert_eq!(header(&first, "ratelimit-policy"), Some(policy));
    let left = r#""some/500";r=1;t=1, "some/60000";r=2;t=20"#;
    assert_eq!(header(&first, "ratelimit"), Some(left));
    assert_eq!(header(&first, "retry-after"), None);
    answer(&limiter, get("/")).await;
    let rejected = answer(&limiter, get("/")).await;
    assert_eq!(
        (rejected.status().as_u16(), rejected.body().as_str()),
        (503, "come later")
    );
    assert_eq!(
        header(&rejected, "retry-after"),
        Some("1"),
        "250 ms, in whole seconds"
    );
    assert_eq!(header(&rejected, "x-why"), Some("busy"));
    assert!(
        header(&rejected, "ratelimit")
            .unwrap()
            .starts_with(r#""some/500";r=0;t=1"#)
    );
}

#[tokio::test]
async fn rules_see_what_a_request_says() {
    let table = [
        (
            json!({"on": "path", "op": "exact", "value": "/a"}),
            get("/a?x=1"),
            get("/b"),
        ),
        (
            json!({"on": "query", "key": "full name", "op": "exact", "value": "Ann+é%"}),
            get("/?b=2&full%20name=Ann%2B%C3%A9%"),
            get("/?full%20name=Ann+%C3%A9%"),
        ),
        (
            json!({"on": "cookie", "key": "id", "op": "exact", "value": "7"}),
            Request::get("/")
                .header("cookie", "a=1; id=7")
                .body(String::new())
                .unwrap(),
            Request::get("/")
                .header("cookie", "a=7; xid=7")
                .body(String::new())
                .unwrap(),
        ),
        (
            json!({"on": "header", "key": "X-User", "op": "exact", "value": "42"}),
            Request::get("/")
                .header("x-user", "42")
                .body(String::new())
                .unwrap(),
            get("/"),
        ),
        (
            json!({"on": "caller_ip", "op": "exact", "value": "10.0.0.7"}),
            Request::get("/")
                .extension("10.0.0.7".parse::<IpAddr>().unwrap())
                .body(String::new())
                .unwrap(),
            get("/"),
        ),
    ];
    for (argument, limited, free) in table {
        let rule = json!({"amounts": [{"max": 1, "window_ms": 1000}], "arguments": [argument]});
        let limiter = limiter(rule);
        assert_eq!(
            count(&limiter, &[limited.clone(), limited]).await,
            1,
            "{argument}"
        );
        assert_eq!(
            count(&limiter, &[free.clone(), free]).await,
            2,
            "{argument}"
        );
    }
    let verb = limiter(json!({"amounts": [{"max": 1, "window_ms": 1000}], "method": "GET"}));
    let post = Request::post("/").body(String::new()).unwrap();
    assert_eq!(
        count(&verb, &[get("/"), get("/"), post.clone(), post]).await,
        3
    );
}

#[tokio::test]
async fn a_request_is_under_way_until_it_is_answered() {
    let limiter = limiter(json!({"concurrency": 1}));
    let (answer_first, first_answered) = tokio::sync::oneshot::channel::<()>();
    let first_answered = Arc::new(tokio::sync::Mutex::new(Some(first_answered)));
    let slow = service_fn(move |_: Request<String>| {
        let answered = Arc::clone(&first_answered);
        async move {
            if let Some(answered) = answered.lock().await.take() {
                answered.await.unwrap();
            }
            Ok::<_, Infallible>(Response::new("paid".to_owned()))
        }
    });
    let server = LimitLayer::http(limiter).layer(slow);
    let call = || server.clone().oneshot(get("/"));
    let second = async {
        let rejected = call().await.unwrap();
        answer_first.send(()).unwrap();
        rejected
    };
    let (first, second) = tokio::join!(call(), second);
    assert_eq!(
        (first.unwrap().status(), second.status().as_u16()),
        (http::StatusCode::OK, 429)
    );
    assert_eq!(header(&second, "retry-after"), None);
    assert_eq!(call().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_request_that_waits_is_answered_when_its_turn_has_come() {
    let limiter = limiter(json!({"amounts": [{"max": 1000, "window_ms": 1000}],
        "action": {"queue": {"max_wait_ms": 2}}}));
    let requests: Vec<_> = (0..5).map(|_| get("/")).collect();
    assert_eq!(
        count(&limiter, &requests).await,
        3,
        "the clock stands still"
    );
}

#[tokio::test]
async fn a_grpc_call_fails_with_resource_exhausted_and_says_when_to_try_again() {
    let limiter = limiter(json!({
        "amounts": [{"max": 1, "window_ms": 1500}],
        "method": "shop.Pay/Charge",
    }));
    let mut server = LimitLayer::grpc(limiter).layer(service_fn(paid));
    let call = || {
        Request::post("/shop.Pay/Charge")
            .body(String::new())
            .unwrap()
    };
    let admitted = server.ready().await.unwrap().call(call()).await.unwrap();
    assert_eq!(header(&admitted, "grpc-status"), None);
    let rejected = server.ready().await.unwrap().call(call()).await.unwrap();
    assert_eq!(
        (rejected.status().as_u16(), rejected.body().as_str()),
        (200, "")
    );
    assert!(header(&rejected, "ratelimit").unwrap().contains(";r=0"));
    let status = tonic::Status::from_header_map(rejected.headers()).unwrap();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted);
    assert_eq!(
        status.message(),
        "rate limit `default/some` allows 1 in 1500 ms: try again in 1500 ms"
    );
    // RetryInfo { retry_delay: Duration { seconds: 1, nanos: 500_000_000 } }
    let delay = [0x0a, 0x08, 0x08, 0x01, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01];
    let details = status.details();
    assert!(
        details.windows(delay.len()).any(|bytes| bytes == delay),
        "{details:x?}"
    );
    let name = b"type.googleapis.com/google.rpc.RetryInfo";
    assert!(details.windows(name.len()).any(|bytes| bytes == name));
}

#[tokio::test]
async fn a_layer_that_reads_who_calls_tells_the_rules() {
    let limiter = limiter(json!({
        "arguments": [{"on": "caller_service", "op": "present"}],
        "amounts": [{"max": 1, "window_ms": 60_000}],
    }));
    let limited = LimitLayer::http(limiter).layer(service_fn(paid));
    let mut server = CallerLayer.layer(limited);
    for (caller, expected) in [
        (Some("batch"), 200),
        (Some("batch"), 429),
        (Some("report"), 200),
        (None, 200),
        (None, 200),
    ] {
        let mut request = get("/pay");
        if let Some(caller) = caller {
            let headers = request.headers_mut();
            headers.insert("x-merak-caller-service", caller.parse().unwrap());
        }
        let server = server.ready().await.unwrap();
        let answer = server.call(request).await.unwrap();
        assert_eq!(answer.status(), expected, "{caller:?}");
    }
}
