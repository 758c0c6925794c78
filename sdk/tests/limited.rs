//! Callers that obey the rate limits of whom they call, over HTTP and gRPC.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod system;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, routing::get};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use merak_sdk::{
    Call, Client, Error, HttpService, InFlight, ServiceChannel,
    limiter::{Rejected, Verdict},
};
use serde_json::json;
use system::{dead_port, limited_plane, soon};
use tokio::{
    net::TcpListener,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Code, Status, service::InterceptorLayer, transport::server::TcpIncoming};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt as _;

const MINUTE: Duration = Duration::from_secs(60);

/// Where the body of an answer comes from; it ends when this is dropped.
type BodySender = UnboundedSender<Result<Bytes, Infallible>>;
type Answer = http::Response<InFlight<Incoming>>;

/// An HTTP instance that answers at once, with bodies that the test sends; its port, and the requests.
async fn serve_http(tasks: &mut JoinSet<()>) -> (u16, UnboundedReceiver<BodySender>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (requested, requests) = mpsc::unbounded_channel();
    let answer = move || {
        let (sender, body) = mpsc::unbounded_channel();
        requested.send(sender).unwrap();
        let body = Body::from_stream(UnboundedReceiverStream::new(body));
        async move { body }
    };
    let router = Router::new().route("/", get(answer));
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (port, requests)
}

/// A gRPC instance with health checking; its port, and how many calls have arrived.
async fn serve_grpc(tasks: &mut JoinSet<()>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let arrived = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&arrived);
    let count = InterceptorLayer::new(move |request| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(request)
    });
    let (_, service) = tonic_health::server::health_reporter();
    let mut server = tonic::transport::Server::builder().layer(count);
    let serving = server.add_service(service);
    let serving = serving.serve_with_incoming(TcpIncoming::from(listener));
    tasks.spawn(async move { serving.await.unwrap() });
    (port, arrived)
}

fn request() -> http::Request<Empty<Bytes>> {
    http::Request::get("/").body(Empty::new()).unwrap()
}

async fn send(http: &HttpService<Empty<Bytes>>) -> Result<Answer, Error> {
    soon(http.request(request())).await
}

/// Why a request is not sent.
async fn refusal(http: &HttpService<Empty<Bytes>>) -> Rejected {
    match send(http).await {
        Err(Error::Limited(why)) => why,
        Err(failure) => panic!("{failure}"),
        Ok(answer) => panic!("{}", answer.status()),
    }
}

async fn check(health: &mut HealthClient<ServiceChannel>) -> Result<(), Status> {
    let checked = soon(health.check(HealthCheckRequest::default())).await;
    checked.map(|_| ())
}

/// Waits until a call of a service that takes one a minute has a turn in a minute, so that there is none for
/// another one.
async fn one_waits(client: &Client) {
    let call = Call::to("pay");
    let waits = async {
        loop {
            let explained = client.explain_limit(&call).await.unwrap();
            if matches!(explained.verdict, Verdict::Rejected { .. }) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    soon(waits).await;
}

/// Lets a minute pass at once.
async fn pass_a_minute() {
    tokio::time::pause();
    tokio::time::advance(MINUTE).await;
    tokio::time::resume();
}

#[tokio::test]
async fn an_http_request_that_has_to_queue_is_sent_when_its_turn_has_come() {
    let mut tasks = JoinSet::new();
    let (port, mut requests) = serve_http(&mut tasks).await;
    let rule = json!({"amounts": [{"max": 1, "window_ms": 60_000}],
        "action": {"queue": {"max_wait_ms": 60_000}}});
    let client = limited_plane(&[port], rule, &mut tasks).await;
    let client = client.build().unwrap();
    let http = client.http("pay").unwrap().limited();
    assert_eq!(send(&http).await.unwrap().status(), 200);
    drop(requests.try_recv().unwrap());
    let mut queued = JoinSet::new();
    let waiting = http.clone();
    queued.spawn(async move { waiting.request(request()).await.unwrap().status() });
    one_waits(&client).await;
    let why = refusal(&http).await;
    assert_eq!(why.rule().to_string(), "default/some");
    assert_eq!(why.response().status(), 429);
    let retry_after = why.retry_after().unwrap();
    assert!(retry_after > Duration::ZERO && retry_after <= MINUTE);
    let message = "rate limit `default/some` allows 1 in 60000 ms: try again in ";
    assert!(why.to_string().starts_with(message), "{why}");
    assert!(requests.try_recv().is_err(), "neither was sent");
    pass_a_minute().await;
    assert_eq!(soon(queued.join_next()).await.unwrap().unwrap(), 200);
    assert!(requests.try_recv().is_ok() && requests.try_recv().is_err());
}

#[tokio::test]
async fn an_http_request_is_under_way_until_its_answer_has_ended() {
    let mut tasks = JoinSet::new();
    let (port, mut requests) = serve_http(&mut tasks).await;
    let rule = json!({"concurrency": 1});
    let client = limited_plane(&[port], rule, &mut tasks).await;
    let http = client.build().unwrap().http("pay").unwrap().limited();
    let mut answer = send(&http).await.unwrap();
    let body = requests.try_recv().unwrap();
    assert_eq!(answer.status(), 200);
    let why = refusal(&http).await;
    assert_eq!((why.amount(), why.retry_after()), (None, None));
    let message = "rate limit `default/some` allows 1 calls under way";
    assert_eq!(why.to_string(), message);
    body.send(Ok(Bytes::from_static(b"half"))).unwrap();
    let frame = soon(answer.frame()).await.unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), "half");
    refusal(&http).await;
    drop(body);
    assert!(soon(answer.frame()).await.is_none());
    // The answer itself is still there.
    let second = send(&http).await.unwrap();
    refusal(&http).await;
    drop((answer, second));
    send(&http).await.unwrap();
    assert!((0..2).all(|_| requests.try_recv().is_ok()));
    assert!(requests.try_recv().is_err(), "no other was sent");
}

#[tokio::test]
async fn a_request_that_reaches_nobody_is_no_longer_under_way() {
    let mut tasks = JoinSet::new();
    let port = dead_port().await;
    let client = limited_plane(&[port], json!({"concurrency": 1}), &mut tasks).await;
    let client = client.build().unwrap();
    let http = client.http("pay").unwrap().limited();
    for _ in 0..2 {
        let failure = send(&http).await.map(|_| ()).unwrap_err();
        assert!(matches!(failure, Error::Instance { .. }), "{failure}");
    }
    let mut health = HealthClient::new(client.channel("pay").unwrap().limited());
    for _ in 0..2 {
        let status = check(&mut health).await.unwrap_err();
        assert_ne!(status.code(), Code::ResourceExhausted, "{status}");
    }
}

#[tokio::test]
async fn a_grpc_call_that_has_to_queue_is_sent_when_its_turn_has_come() {
    let mut tasks = JoinSet::new();
    let (port, arrived) = serve_grpc(&mut tasks).await;
    let rule = json!({"amounts": [{"max": 1, "window_ms": 60_000}],
        "action": {"queue": {"max_wait_ms": 60_000}}});
    let client = limited_plane(&[port], rule, &mut tasks).await;
    let client = client.build().unwrap();
    let mut health = HealthClient::new(client.channel("pay").unwrap().limited());
    check(&mut health).await.unwrap();
    let mut queued = JoinSet::new();
    let mut waiting = health.clone();
    queued.spawn(async move { waiting.check(HealthCheckRequest::default()).await });
    one_waits(&client).await;
    let status = check(&mut health).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let message = "rate limit `default/some` allows 1 in 60000 ms: try again in ";
    assert!(status.message().starts_with(message), "{status}");
    let retry = status.get_details_retry_info().unwrap();
    assert!(retry.retry_delay.unwrap() <= MINUTE);
    assert_eq!(arrived.load(Ordering::SeqCst), 1, "neither was sent");
    pass_a_minute().await;
    soon(queued.join_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(arrived.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_grpc_call_is_under_way_until_its_stream_has_ended() {
    let mut tasks = JoinSet::new();
    let (port, arrived) = serve_grpc(&mut tasks).await;
    let client = limited_plane(&[port], json!({"concurrency": 1}), &mut tasks).await;
    let client = client.build().unwrap();
    let mut health = HealthClient::new(client.channel("pay").unwrap().limited());
    let watching = soon(health.watch(HealthCheckRequest::default())).await;
    let mut watching = watching.unwrap().into_inner();
    assert!(soon(watching.message()).await.unwrap().is_some());
    let status = check(&mut health).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let message = "rate limit `default/some` allows 1 calls under way";
    assert_eq!(status.message(), message);
    assert!(status.get_details_retry_info().is_none());
    assert_eq!(arrived.load(Ordering::SeqCst), 1);
    drop(watching);
    for _ in 0..3 {
        check(&mut health).await.unwrap();
    }
}
