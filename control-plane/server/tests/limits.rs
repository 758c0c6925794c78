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
use support::{Server, exchange_with, soon};
use tokio::{net::TcpListener, task::JoinSet};
use tonic::{
    Code, Status,
    transport::{Channel, server::TcpIncoming},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt as _;
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

/// Waits until a limiter obeys a rule of so many calls; of 0, until it has none.
async fn obeys(limiter: &Limiter, max: u32) {
    let is_obeyed = || {
        let rules = limiter.explain_limit(&call()).rules;
        let mut amounts = rules.iter().flat_map(|rule| &rule.amounts);
        rules.is_empty() && max == 0 || amounts.any(|one| one.amount.max() == max)
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

/// Serves gRPC health checking behind a limiter; a client of it.
async fn limited_health(limiter: Limiter, tasks: &mut JoinSet<()>) -> HealthClient<Channel> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (_, health) = tonic_health::server::health_reporter();
    let server = tonic::transport::Server::builder()
        .layer(LimitLayer::grpc(limiter))
        .add_service(health);
    let serving = server.serve_with_incoming(TcpIncoming::from(listener));
    tasks.spawn(async move { serving.await.unwrap() });
    let channel = Channel::from_shared(address).unwrap();
    HealthClient::new(soon(channel.connect()).await.unwrap())
}

async fn check(health: &mut HealthClient<Channel>) -> Result<(), Status> {
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    let headers = request.metadata_mut();
    headers.insert("x-user", "42".parse().unwrap());
    soon(health.check(request)).await.map(|_| ())
}

#[tokio::test]
async fn a_grpc_service_is_protected_by_two_lines_until_its_rule_is_deleted() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let client = application(server.address()).build().unwrap();
    let limiter = soon(client.limiter("pay")).await.unwrap();
    let mut tasks = JoinSet::new();
    let mut health = limited_health(limiter.clone(), &mut tasks).await;
    for _ in 0..3 {
        check(&mut health).await.unwrap();
    }
    let mut rule = users(2);
    rule["method"] = json!({"op": "in", "values": ["POST", "grpc.health.v1.Health/Check"]});
    create(&server, rule).await;
    obeys(&limiter, 2).await;
    check(&mut health).await.unwrap();
    check(&mut health).await.unwrap();
    let refused = check(&mut health).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(refused.message(), "later");
    let left = refused.metadata().get("ratelimit").unwrap();
    assert!(left.to_str().unwrap().contains(";r=0;"), "{left:?}");
    // A token comes back every half day.
    let half_a_day = Duration::from_secs(43_200);
    let retry = refused.get_details_retry_info().unwrap();
    let delay = retry.retry_delay.unwrap();
    assert!(half_a_day - support::LIMIT < delay && delay <= half_a_day);
    let path = format!("{LIMITS}/users");
    let deleted = exchange_with(&server.http, ("DELETE", &path), "if-match: *\r\n", "").await;
    assert_eq!(deleted.0 / 100, 2, "{}", deleted.1);
    obeys(&limiter, 0).await;
    for _ in 0..3 {
        check(&mut health).await.unwrap();
    }
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
