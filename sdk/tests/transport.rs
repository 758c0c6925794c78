//! HTTP and gRPC calls by the name of a service.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod system;

use std::collections::BTreeSet;

use axum::{
    Extension, Router,
    http::{HeaderMap, StatusCode, Uri},
    routing::{get, post},
};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Bytes;
use merak_sdk::{
    Balancer, CallOptions, CallerIdentity, CallerLayer, Client, Error, HttpService, Usage,
};
use system::{dead_port, id, plane, soon};
use tokio::{io::AsyncReadExt as _, net::TcpListener, task::JoinSet};
use tonic::{Code, transport::server::TcpIncoming};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::ServiceExt as _;

/// Serves an HTTP instance, and returns its port.
async fn serve_http(tasks: &mut JoinSet<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let who = |Extension(caller): Extension<CallerIdentity>| async move {
        let namespace = caller.namespace.map(|name| name.to_string());
        let service = caller.service.map(|name| name.to_string());
        format!("{namespace:?} {service:?}")
    };
    let router = Router::new()
        .route("/port", get(move || async move { port.to_string() }))
        .route(
            "/echo",
            post(|uri: Uri, body: String| async move { format!("{uri} {body}") })
                .put(|body: String| async move { body }),
        )
        .route(
            "/broken",
            get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "broken") }),
        )
        .route(
            "/host",
            get(|headers: HeaderMap| async move { format!("{:?}", headers["host"]) }),
        )
        .route("/who", get(who))
        .layer(CallerLayer);
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    port
}

/// Serves gRPC health checking, and returns its port.
async fn serve_grpc(tasks: &mut JoinSet<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (_, service) = tonic_health::server::health_reporter();
    let server = tonic::transport::Server::builder().add_service(service);
    let serving = server.serve_with_incoming(TcpIncoming::from(listener));
    tasks.spawn(async move { serving.await.unwrap() });
    port
}

async fn get_text(
    http: &HttpService<Empty<Bytes>>,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, String) {
    let request = headers
        .iter()
        .fold(http::Request::get(path), |request, (name, value)| {
            request.header(*name, *value)
        });
    let request = request.body(Empty::new()).unwrap();
    let answer = soon(http.clone().oneshot(request)).await.unwrap();
    let status = answer.status();
    let body = soon(answer.into_body().collect()).await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn usage(client: &Client, port: u16) -> Usage {
    let state = client.instances("pay").await.unwrap();
    state.usage(&id(port)).unwrap()
}

#[tokio::test]
async fn an_http_request_is_balanced_as_the_service_says() {
    let mut tasks = JoinSet::new();
    let mut ports = BTreeSet::new();
    for _ in 0..4 {
        ports.insert(serve_http(&mut tasks).await);
    }
    let metadata = [
        ("merak.balancer", "ring_hash"),
        ("merak.hash_key", "cookie.session"),
    ];
    let listed: Vec<u16> = ports.iter().copied().collect();
    let client = plane(&listed, &metadata, &mut tasks).await.build().unwrap();
    let http = client.http("pay").unwrap();
    let mut seen = BTreeSet::new();
    for session in 0..64 {
        let cookie = format!("lang=en; session={session}");
        let headers = [("cookie", cookie.as_str())];
        let (_, first) = get_text(&http, "/port", &headers).await;
        assert_eq!(get_text(&http, "/port", &headers).await.1, first);
        seen.insert(first.parse().unwrap());
    }
    assert_eq!(seen, ports);
}

#[tokio::test]
async fn a_request_that_cannot_connect_goes_elsewhere_with_its_body() {
    let mut tasks = JoinSet::new();
    let (dead, live) = (dead_port().await, serve_http(&mut tasks).await);
    let metadata = [("merak.balancer", "round_robin")];
    let client = plane(&[dead, live], &metadata, &mut tasks)
        .await
        .build()
        .unwrap();
    let http = client.http("pay").unwrap();
    for number in 0..10 {
        let request = http::Request::post(format!("http://pay/echo?number={number}"));
        let request = request.body(format!("body {number}")).unwrap();
        let answer = soon(http.clone().oneshot(request)).await.unwrap();
        let body = soon(answer.into_body().collect()).await.unwrap().to_bytes();
        assert_eq!(body, format!("/echo?number={number} body {number}"));
    }
    assert_eq!(usage(&client, dead).await.unreachable, 5);
    let live = usage(&client, live).await;
    assert_eq!((live.active, live.succeeded), (0, 10));
}

#[tokio::test]
async fn where_no_instance_can_be_reached_the_failure_is_told() {
    let mut tasks = JoinSet::new();
    let dead = dead_port().await;
    let client = plane(&[dead], &[], &mut tasks).await.build().unwrap();
    let request = http::Request::get("/port")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let failure = soon(client.http("pay").unwrap().oneshot(request)).await;
    let is_told = matches!(&failure, Err(Error::Instance { address, .. }) if address.ends_with(&dead.to_string()));
    assert!(is_told, "{:?}", failure.err());
    assert!(client.http::<Empty<Bytes>>("a b").is_err());
}

/// An instance that reads a request and breaks the connection instead of answering; returns its port.
async fn serve_breaking(tasks: &mut JoinSet<()>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tasks.spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(connection.read(&mut request).await.unwrap() > 0);
        }
    });
    port
}

/// Requests of each kind, half of which go first to an instance that breaks the connection.
async fn send_four<B>(client: &Client, request: impl Fn() -> http::Request<B>) -> Vec<bool>
where
    B: hyper::body::Body<Data = Bytes, Error = std::convert::Infallible> + Send + Unpin + 'static,
{
    let http = client.http("pay").unwrap();
    let mut served = Vec::new();
    for _ in 0..4 {
        let answer = soon(http.request(request())).await;
        if let Err(failure) = &answer {
            assert!(matches!(failure, Error::Instance { .. }), "{failure}");
        }
        served.push(answer.is_ok_and(|answer| answer.status().is_success()));
    }
    served.sort_unstable();
    served
}

#[tokio::test]
async fn what_was_sent_is_sent_again_only_if_that_does_no_harm() {
    let mut tasks = JoinSet::new();
    let (broken, live) = (
        serve_breaking(&mut tasks).await,
        serve_http(&mut tasks).await,
    );
    let metadata = [("merak.balancer", "round_robin")];
    let client = plane(&[broken, live], &metadata, &mut tasks).await;
    let client = client.build().unwrap();
    let get = || http::Request::get("/port").body(Empty::new()).unwrap();
    assert_eq!(send_four(&client, get).await, [true; 4]);
    assert_eq!(usage(&client, broken).await.failed, 2);
    let post = || {
        let request = http::Request::post("/echo");
        request.body(Full::from("once")).unwrap()
    };
    assert_eq!(send_four(&client, post).await, [false, false, true, true]);
    let without_body = || http::Request::post("/echo").body(Empty::new()).unwrap();
    let served = send_four(&client, without_body).await;
    assert_eq!(served, [false, false, true, true]);
    // Its body was read, and is gone.
    let put = || {
        http::Request::put("/echo")
            .body(Full::from("again"))
            .unwrap()
    };
    assert_eq!(send_four(&client, put).await, [false, false, true, true]);
    let used = usage(&client, broken).await;
    assert_eq!((used.failed, used.unreachable, used.active), (8, 0, 0));
}

#[tokio::test]
async fn an_instance_is_busy_until_its_answer_is_read_and_failed_if_it_says_so() {
    let mut tasks = JoinSet::new();
    let port = serve_http(&mut tasks).await;
    let client = plane(&[port], &[], &mut tasks).await.build().unwrap();
    let http = client.http("pay").unwrap();
    let request = http::Request::get("/port").body(Empty::new()).unwrap();
    let answer = soon(http.clone().oneshot(request)).await.unwrap();
    assert_eq!(usage(&client, port).await.active, 1);
    drop(answer);
    assert_eq!(usage(&client, port).await.active, 0);
    let (status, _) = get_text(&http, "/broken", &[]).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let used = usage(&client, port).await;
    assert_eq!((used.succeeded, used.failed), (1, 1));
}

#[tokio::test]
async fn a_handler_learns_who_calls_and_the_host_that_was_given() {
    let mut tasks = JoinSet::new();
    let port = serve_http(&mut tasks).await;
    let builder = plane(&[port], &[], &mut tasks).await;
    let named = builder.clone().service("micro-api").build().unwrap();
    let forged = [
        ("x-merak-caller-service", "somebody"),
        ("host", "pay.example"),
    ];
    let http = named.http("pay").unwrap();
    let (_, who) = get_text(&http, "/who", &forged).await;
    assert_eq!(who, r#"Some("default") Some("micro-api")"#);
    assert_eq!(
        get_text(&http, "/host", &forged).await.1,
        r#""pay.example""#
    );
    let nameless = builder.build().unwrap().http("pay").unwrap();
    assert_eq!(get_text(&nameless, "/who", &forged).await.1, "None None");
}

#[tokio::test]
async fn a_grpc_call_is_balanced_as_it_says_and_its_status_is_counted() {
    let mut tasks = JoinSet::new();
    let ports = [serve_grpc(&mut tasks).await, serve_grpc(&mut tasks).await];
    let client = plane(&ports, &[], &mut tasks).await.build().unwrap();
    let mut health = HealthClient::new(client.channel("pay").unwrap());
    let call = |key: usize| {
        let options = CallOptions::default().balanced_by(Balancer::Maglev);
        let mut request = tonic::Request::new(HealthCheckRequest::default());
        request
            .extensions_mut()
            .insert(options.keyed_by(key.to_string()));
        request
    };
    let succeeded = async || {
        let both = [
            usage(&client, ports[0]).await,
            usage(&client, ports[1]).await,
        ];
        both.map(|used| used.succeeded)
    };
    for key in 0..16 {
        let before = succeeded().await;
        for _ in 0..4 {
            soon(health.check(call(key))).await.unwrap();
        }
        let after = succeeded().await;
        let went = [after[0] - before[0], after[1] - before[1]];
        assert!(went == [4, 0] || went == [0, 4], "{went:?}");
    }
    assert!(succeeded().await.iter().all(|count| *count > 0));
    let unknown = HealthCheckRequest {
        service: "unknown".to_owned(),
    };
    let status = soon(health.check(unknown)).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    // What is not found is an answer.
    assert_eq!(succeeded().await.iter().sum::<u64>(), 65);
}

#[tokio::test]
async fn a_grpc_stream_keeps_its_instance_busy() {
    let mut tasks = JoinSet::new();
    let port = serve_grpc(&mut tasks).await;
    let client = plane(&[port], &[], &mut tasks).await.build().unwrap();
    let mut health = HealthClient::new(client.channel("pay").unwrap());
    let watching = soon(health.watch(HealthCheckRequest::default()))
        .await
        .unwrap();
    assert_eq!(usage(&client, port).await.active, 1);
    drop(watching);
    let used = usage(&client, port).await;
    assert_eq!(
        (used.active, used.succeeded, used.failed),
        (0, 0, 0),
        "nothing was told"
    );
}

#[tokio::test]
async fn a_grpc_call_that_cannot_connect_goes_elsewhere() {
    let mut tasks = JoinSet::new();
    let (dead, live) = (dead_port().await, serve_grpc(&mut tasks).await);
    let metadata = [("merak.balancer", "round_robin")];
    let client = plane(&[dead, live], &metadata, &mut tasks)
        .await
        .build()
        .unwrap();
    let mut health = HealthClient::new(client.channel("pay").unwrap());
    for _ in 0..6 {
        soon(health.check(HealthCheckRequest::default()))
            .await
            .unwrap();
    }
    assert!(usage(&client, dead).await.unreachable >= 3);
    assert_eq!(usage(&client, live).await.succeeded, 6);
}

#[tokio::test]
async fn a_grpc_call_whose_lost_connection_cannot_be_made_again_goes_elsewhere() {
    let mut tasks = JoinSet::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let first = listener.local_addr().unwrap().port();
    let (_, service) = tonic_health::server::health_reporter();
    let serving = tonic::transport::Server::builder()
        .add_service(service)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener), async {
            drop(stopped.await);
        });
    let mut short_lived = JoinSet::new();
    short_lived.spawn(async move { serving.await.unwrap() });
    let second = serve_grpc(&mut tasks).await;
    let metadata = [("merak.balancer", "round_robin")];
    let client = plane(&[first, second], &metadata, &mut tasks).await;
    let client = client.build().unwrap();
    let mut health = HealthClient::new(client.channel("pay").unwrap());
    for _ in 0..4 {
        soon(health.check(HealthCheckRequest::default()))
            .await
            .unwrap();
    }
    stop.send(()).unwrap();
    soon(short_lived.join_next()).await.unwrap().unwrap();
    for _ in 0..4 {
        soon(health.check(HealthCheckRequest::default()))
            .await
            .unwrap();
    }
    assert_eq!(usage(&client, first).await.unreachable, 2);
    assert_eq!(usage(&client, second).await.succeeded, 6);
}
