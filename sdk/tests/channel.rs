//! Calling instances through a channel by name.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::Duration;

use futures_util::future::join_all;
use http::Request;
use merak_proto::v1::{HeartbeatRequest, registry_client::RegistryClient};
use merak_sdk::{Client, Error, ServiceChannel};
use support::{Plane, snapshot, soon};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, UnboundedReceiver},
    task::JoinSet,
};
use tonic::{Code, Status, body::Body};
use tower::Service as _;

/// A way to a server that says when a connection begins and ends.
struct Way {
    port: u16,
    begun: UnboundedReceiver<()>,
    ended: UnboundedReceiver<()>,
    _tasks: JoinSet<()>,
}

async fn way_to(server: &Plane) -> Way {
    let target = server.address.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let ((begin, begun), (end, ended)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let (target, begin, end) = (target.clone(), begin.clone(), end.clone());
            connections.spawn(async move {
                let _ = begin.send(());
                let mut far = TcpStream::connect(target).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                let _ = end.send(());
            });
        }
    });
    Way {
        port,
        begun,
        ended,
        _tasks: tasks,
    }
}

/// A channel to a service that has instances at those ports, and its discovery stream with the number
/// of the subscription.
async fn channel(plane: &mut Plane, ports: &[u16]) -> (ServiceChannel, support::Sync, u32) {
    let client = Client::builder(&plane.address).build().unwrap();
    let (state, (sync, number)) = tokio::join!(client.instances("pay"), async {
        let mut sync = plane.welcome().await;
        let number = sync.subscription().await.subscription;
        sync.update(number, snapshot(3, ports));
        (sync, number)
    });
    assert_eq!(state.unwrap().instances().len(), ports.len());
    (client.channel("pay").unwrap(), sync, number)
}

/// Calls; the server answers that it does not serve this.
async fn call(channel: &ServiceChannel) {
    let mut registry = RegistryClient::new(channel.clone());
    let answer = soon(registry.heartbeat(HeartbeatRequest::default())).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
}

/// Calls in vain.
async fn failed(channel: &ServiceChannel) -> Status {
    let mut registry = RegistryClient::new(channel.clone());
    let answer = soon(registry.heartbeat(HeartbeatRequest::default())).await;
    answer.unwrap_err()
}

/// The error behind a status.
fn cause(status: &Status) -> Option<&Error> {
    std::error::Error::source(status)?.downcast_ref()
}

#[tokio::test]
async fn concurrent_first_calls_share_one_connection() {
    let mut plane = Plane::start().await;
    let mut way = way_to(&plane).await;
    let (channel, _sync, _) = channel(&mut plane, &[way.port]).await;
    join_all((0..100).map(|_| call(&channel))).await;
    call(&channel).await;
    assert!(way.begun.try_recv().is_ok());
    assert!(way.begun.try_recv().is_err(), "one connection is enough");
}

#[tokio::test]
async fn the_connection_to_an_instance_closes_when_it_leaves() {
    let mut plane = Plane::start().await;
    let mut way = way_to(&plane).await;
    let (channel, sync, number) = channel(&mut plane, &[way.port]).await;
    call(&channel).await;
    assert!(way.ended.try_recv().is_err());
    sync.update(number, snapshot(4, &[]));
    soon(way.ended.recv()).await.unwrap();
}

#[tokio::test]
async fn a_call_that_reaches_none_of_few_instances_tells_why() {
    let mut plane = Plane::start().await;
    // Nobody listens on the discard port.
    let (mut channel, _sync, _) = channel(&mut plane, &[9]).await;
    let status = soon(channel.call(Request::new(Body::empty()))).await;
    let status = status.unwrap_err();
    let Some(Error::Instance { address, why, .. }) = cause(&status) else {
        panic!("{status:?} does not say that it could not connect");
    };
    assert_eq!(address, "127.0.0.1:9");
    assert!(why.contains("refused"), "{why}");
}

/// Reads what a client says until it has sent a request.
async fn requested(stream: &mut TcpStream) {
    const PREFACE_BYTES: usize = 24;
    const HEADERS: u8 = 1;
    stream.read_exact(&mut [0; PREFACE_BYTES]).await.unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut rest = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut rest).await.unwrap();
        if head[3] == HEADERS {
            return;
        }
    }
}

#[tokio::test]
async fn a_call_to_an_instance_that_fell_silent_ends() {
    let mut plane = Plane::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let (mut channel, _sync, _) = channel(&mut plane, &[port]).await;
    let mut calls = JoinSet::new();
    calls.spawn(channel.call(Request::new(Body::empty())));
    let (mut stream, _) = soon(silent.accept()).await.unwrap();
    soon(requested(&mut stream)).await;
    tokio::time::pause();
    let limit = tokio::time::sleep(Duration::from_secs(60));
    let answered = tokio::select! {
        answered = calls.join_next() => answered.unwrap().unwrap(),
        () = limit => panic!("the call waits for ever"),
    };
    let status = answered.unwrap_err();
    let Some(Error::Instance { why, .. }) = cause(&status) else {
        panic!("nobody has answered");
    };
    assert!(why.contains("timed out"), "{why}");
}

#[tokio::test]
async fn a_call_that_reaches_no_instance_is_unavailable_and_tells_why() {
    let mut plane = Plane::start().await;
    let (channel, sync, number) = channel(&mut plane, &[9]).await;
    let status = failed(&channel).await;
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let why = "instance `127.0.0.1:9` of service `default/pay` failed: ";
    assert!(status.message().starts_with(why), "{status}");
    let Some(Error::Instance { .. }) = cause(&status) else {
        panic!("{status:?} has no cause");
    };
    sync.update(number, snapshot(4, &[]));
    let none = "service `default/pay` has no instance for this call: 0 known, ";
    let mut status = failed(&channel).await;
    // Until the client has read that there is none.
    while !status.message().starts_with(none) {
        assert!(status.message().starts_with(why), "{status}");
        status = failed(&channel).await;
    }
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_call_that_is_not_answered_within_its_timeout_exceeds_its_deadline() {
    let mut plane = Plane::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let (channel, _sync, _) = channel(&mut plane, &[port]).await;
    let mut request = tonic::Request::new(HeartbeatRequest::default());
    request.set_timeout(Duration::from_millis(1));
    let mut registry = RegistryClient::new(channel);
    let status = soon(registry.heartbeat(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

#[tokio::test]
async fn a_call_whose_connection_breaks_is_unavailable() {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    // `:status: 200` of the first request, and no end.
    const HEADERS: [u8; 10] = [0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];
    let mut plane = Plane::start().await;
    let breaking = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = breaking.local_addr().unwrap().port();
    let (channel, _sync, _) = channel(&mut plane, &[port]).await;
    for answer in [&[][..], &HEADERS] {
        let server = async {
            let (mut stream, _) = breaking.accept().await.unwrap();
            stream.write_all(&SETTINGS).await.unwrap();
            requested(&mut stream).await;
            stream.write_all(answer).await.unwrap();
        };
        let (status, ()) = tokio::join!(failed(&channel), server);
        assert_eq!(status.code(), Code::Unavailable, "{answer:?}: {status}");
    }
}
