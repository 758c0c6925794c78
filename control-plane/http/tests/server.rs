//! The listener: real connections, until it is drained.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use merak_core::{ControlPlane, ManualClock, Settings, testing::MemoryStore};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(20);

struct TestServer {
    address: SocketAddr,
    plane: Arc<ControlPlane>,
    drain: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

impl TestServer {
    async fn start() -> Self {
        let (store, clock) = (MemoryStore::default(), ManualClock::default());
        let plane = ControlPlane::start(Arc::new(store), Arc::new(clock), Settings::default());
        let plane = Arc::new(plane.await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, drain) = (listener.local_addr().unwrap(), CancellationToken::new());
        let serving = merak_http::serve(listener, Arc::clone(&plane), None, drain.clone());
        #[expect(clippy::disallowed_methods, reason = "the test awaits the task itself")]
        let serving = tokio::spawn(serving);
        Self {
            address,
            plane,
            drain,
            serving,
        }
    }

    /// Sends a request on a connection of its own.
    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).await.unwrap();
        assert_ne!(count, 0, "the connection ended after {text:?}");
        text += std::str::from_utf8(&bytes[..count]).unwrap();
    }
    text
}

async fn end_of(stream: &mut TcpStream) -> usize {
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_peer_is_the_actor() {
    let server = TestServer::start().await;
    let put = "PUT /api/v1/namespaces/shop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
               content-length: 2\r\n\r\n{}";
    let answer = read_until(&mut server.send(put).await, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
    let get = "GET /api/v1/changes HTTP/1.1\r\nhost: x\r\n\r\n";
    let changes = read_until(&mut server.send(get).await, "]}").await;
    assert!(changes.contains(r#""actor":"rest@127.0.0.1""#), "{changes}");
}

#[tokio::test]
async fn a_target_that_is_too_long_is_answered_by_the_transport() {
    let server = TestServer::start().await;
    for (length, status) in [(60_000, 404), (70_000, 414)] {
        let ask = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(length));
        let answer = read_until(&mut server.send(&ask).await, "\r\n\r\n").await;
        let begin = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&begin), "{length}: {answer}");
    }
}

#[tokio::test]
async fn a_connection_that_brings_no_request_is_closed() {
    let server = TestServer::start().await;
    let mut silent = server.send("").await;
    let mut half = server.send("PRI * HTTP/2.0\r\n").await;
    let ask = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut used = server.send(ask).await;
    // Connections are accepted in order: the server knows the others by now.
    read_until(&mut used, "ok").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(29)).await;
    tokio::time::resume();
    used.write_all(ask.as_bytes()).await.unwrap();
    read_until(&mut used, "ok").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    assert_eq!(end_of(&mut silent).await, 0);
    assert_eq!(end_of(&mut half).await, 0);
    used.write_all(ask.as_bytes()).await.unwrap();
    read_until(&mut used, "ok").await;
}

#[tokio::test]
async fn a_drain_ends_watches_and_idle_connections_and_lets_the_plane_go() {
    let server = TestServer::start().await;
    let mut watch = server
        .send("GET /api/v1/watch HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    read_until(&mut watch, "event: ready").await;
    let mut idle = server
        .send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    read_until(&mut idle, "ok").await;
    server.drain.cancel();
    end_of(&mut watch).await;
    assert_eq!(end_of(&mut idle).await, 0);
    let served = tokio::time::timeout(PATIENCE, server.serving).await;
    served.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
    let plane = Arc::into_inner(server.plane).expect("nothing holds the control plane");
    plane.shutdown().await;
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_after_the_drain_limit() {
    let server = TestServer::start().await;
    let half = "PUT /api/v1/namespaces/shop HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 2\r\n\r\n{";
    let mut stuck = server.send(half).await;
    let mut other = server
        .send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    read_until(&mut other, "ok").await;
    server.drain.cancel();
    let served = tokio::time::timeout(PATIENCE, server.serving).await;
    served.unwrap().unwrap().unwrap();
    assert_eq!(end_of(&mut stuck).await, 0);
}
