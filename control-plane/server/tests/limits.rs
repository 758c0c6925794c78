//! Rate limits from the REST API to an application that obeys them, through the binary as its users run it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::Duration;

use axum::{Router, body::Body, routing::post};
use http::{Request, Response};
use merak_sdk::{
    Call, Client, ClientBuilder, Error,
    limiter::{Admission, LimitLayer, Limiter},
};
use serde_json::{Value, json};
use support::{Server, soon};
use tower::ServiceExt as _;

const LIMITS: &str = "/api/v1/namespaces/default/rate-limit-rules";

/// A rule that lets `max` calls of each user through, for longer than a test takes.
fn users(max: u32) -> Value {
    json!({
        "name": "users", "callee": {"service": "pay"}, "method": "POST",
        "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
        "amounts": [{"max": max, "window_ms": 86_400_000}],
        "response": {"status": 429, "body": "later"},
    })
}

async fn create(server: &Server, rule: Value) {
    let (status, answer) = server.http("POST", LIMITS, &rule.to_string()).await;
    assert_eq!(status, 201, "{answer}");
}

async fn edit(server: &Server, rule: Value) {
    let path = format!("{LIMITS}/users");
    let (status, answer) = server.overwrite(&path, &rule.to_string()).await;
    assert_eq!(status, 200, "{answer}");
}

async fn status(server: &Server) -> Value {
    let (_, status) = server
        .http("GET", &format!("{LIMITS}/users/status"), "")
        .await;
    serde_json::from_str(&status).unwrap()
}

fn application(address: String) -> ClientBuilder {
    Client::builder(address).service("pay")
}

fn call() -> Call<'static> {
    Call::to("pay").method("POST").header("x-user", "42")
}

/// Waits until a limiter obeys a rule of so many calls.
async fn obeys(limiter: &Limiter, max: u32) {
    let is_obeyed = || {
        let explained = limiter.explain_limit(&call());
        let mut amounts = explained.rules.iter().flat_map(|rule| &rule.amounts);
        amounts.any(|one| one.amount.max() == max)
    };
    let obeyed = async {
        while !is_obeyed() {
            tokio::task::yield_now().await;
        }
    };
    soon(obeyed).await;
}

/// How many of ten calls go through.
fn admitted(limiter: &Limiter) -> usize {
    let calls = (0..10).map(|_| limiter.acquire(&call()));
    calls
        .filter(|admission| matches!(admission, Admission::Permitted(_)))
        .count()
}

async fn send(router: &Router) -> Response<Body> {
    let request = Request::post("/pay").header("x-user", "42");
    let request = request.body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_service_is_protected_by_two_lines_and_a_rule() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    create(&server, users(2)).await;
    let client = application(server.address()).build().unwrap();
    let router = Router::new().route("/pay", post(async || "paid"));
    let limiter = client.limiter("pay").await.unwrap();
    let router = router.layer(LimitLayer::http(limiter.clone()));
    for expected in [200, 200, 429] {
        let answer = send(&router).await;
        assert_eq!(answer.status(), expected);
        assert!(answer.headers().contains_key("ratelimit"));
    }
    let refused = send(&router).await;
    assert!(refused.headers().contains_key("retry-after"));
    // What was counted is kept: one more of now three.
    edit(&server, users(3)).await;
    obeys(&limiter, 3).await;
    assert_eq!(send(&router).await.status(), 200);
    assert_eq!(send(&router).await.status(), 429);
    let explained = client.explain_limit(&call()).await.unwrap();
    assert_eq!(explained.rules[0].amounts[0].left, 0);
    assert!(matches!(
        client.acquire(&call()).await.unwrap(),
        Admission::Rejected(_)
    ));
}

#[tokio::test]
async fn only_who_limits_is_told_of_limits() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    create(&server, users(2)).await;
    let [caller, order, pay] = [(); 3].map(|()| application(server.address()).build().unwrap());
    // A caller of the service does not limit it, and another service is limited by other rules.
    assert!(soon(caller.pick(&call())).await.is_err());
    soon(order.limiter("order")).await.unwrap();
    assert_eq!(status(&server).await["subscriber_count"], 0);
    let limiter = soon(pay.limiter("pay")).await.unwrap();
    assert_eq!(admitted(&limiter), 2);
    let seen = async {
        loop {
            let status = status(&server).await;
            if status["applied_count"] == 1 {
                return status;
            }
        }
    };
    let seen = soon(seen).await;
    assert_eq!(
        (&seen["subscriber_count"], &seen["lagging"]),
        (&json!(1), &json!([]))
    );
}

#[tokio::test]
async fn limits_are_obeyed_without_the_control_plane_and_after_it_came_back() {
    let (data, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path()).await;
    create(&server, users(2)).await;
    let start = |address: String| application(address).cache_dir(cache.path()).build();
    let client = start(server.address()).unwrap();
    let limiter = soon(client.limiter("pay")).await.unwrap();
    let grpc = server.kill().await;
    assert_eq!(admitted(&limiter), 2);
    let server = Server::start_with(data.path(), &grpc, &[]).await;
    edit(&server, users(5)).await;
    obeys(&limiter, 5).await;
    assert_eq!(admitted(&limiter), 3);
    drop(limiter);
    client.close().await;
    // An application that starts while the control plane is away.
    let address = server.address();
    server.kill().await;
    let client = start(address).unwrap();
    let limiter = soon(client.limiter("pay")).await.unwrap();
    assert_eq!(admitted(&limiter), 5);
}

#[tokio::test]
async fn a_service_starts_without_limits_where_nobody_tells_them() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let client = application(address).first_sync_timeout(Duration::from_millis(50));
    let client = client.build().unwrap();
    let limiter = soon(client.limiter("pay")).await.unwrap();
    assert_eq!(admitted(&limiter), 10);
    let invalid = client.limiter("a b").await.unwrap_err();
    assert_eq!(
        invalid.to_string().split(':').next(),
        Some("service"),
        "{invalid}"
    );
    let late = client.clone();
    client.close().await;
    assert!(matches!(
        late.limiter("pay").await,
        Err(merak_sdk::Error::Closed)
    ));
}

#[tokio::test]
async fn a_caller_sends_no_more_than_the_callee_allows() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    create(
        &server,
        json!({
            "name": "orders", "callee": {"service": "pay"},
            "arguments": [{"on": "caller_service", "op": "exact", "value": "order"}],
            "amounts": [{"max": 1, "window_ms": 86_400_000}],
        }),
    )
    .await;
    let client = Client::builder(server.address()).service("order");
    let client = client.build().unwrap();
    let request = || Request::get("/pay").body(String::new()).unwrap();
    let pay = client.http("pay").unwrap();
    let limited = pay.clone().limited();
    // Nobody serves: what is let through finds no instance, and a limit of one lets one through.
    let first = soon(limited.request(request())).await.unwrap_err();
    assert!(!matches!(first, Error::Limited(_)), "{first}");
    let failure = soon(limited.request(request())).await.unwrap_err();
    let Error::Limited(why) = &failure else {
        panic!("{failure}");
    };
    assert_eq!(why.rule().to_string(), "default/orders");
    assert!(why.retry_after().is_some());
    let other = soon(pay.request(request())).await.unwrap_err();
    assert!(!matches!(other, Error::Limited(_)), "{other}");
    let channel = client.channel("pay").unwrap().limited();
    let request = Request::post("/pay.Pay/Pay").body(tonic::body::Body::empty());
    let answer = soon(channel.oneshot(request.unwrap())).await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], "8");
    assert!(answer.headers().contains_key("grpc-status-details-bin"));
}
