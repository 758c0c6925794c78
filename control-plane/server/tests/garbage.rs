//! The binary under input that no client of ours sends: it refuses each precisely, and goes on.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{fs::File, path::Path, time::Duration};

use bytes::Bytes;
use merak_proto::v1;
use prost::Message as _;
use support::{LOG, Server, merak, soon};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const INSTANCES: &str = "/api/v1/namespaces/default/services/pay/instances";

/// The methods of the listener, health included.
const METHODS: [&str; 6] = [
    "/merak.v1.Registry/Register",
    "/merak.v1.Registry/Deregister",
    "/merak.v1.Registry/Heartbeat",
    "/merak.v1.Registry/KeepAlive",
    "/merak.v1.Discovery/Sync",
    "/grpc.health.v1.Health/Check",
];

/// Ends its stream without an error when it cannot read a message, as tonic wrote it.
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

/// What a test may leave behind in memory: the allocator's slack, not what was sent.
const GROWTH_LIMIT_BYTES: u64 = 48 << 20;

/// A server that holds three instances, and what it said of itself before the garbage came.
struct Victim {
    server: Server,
    state: (String, String),
    resident_bytes: u64,
    data: tempfile::TempDir,
}

impl Victim {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = start(data.path()).await;
        for port in 1..=3 {
            let body = format!(
                r#"{{"host": "10.0.0.1", "port": {port}, "health_check": {{"type": "none"}}}}"#
            );
            let (status, answer) = server.http("POST", INSTANCES, &body).await;
            assert_eq!(status, 201, "{answer}");
        }
        Self {
            state: state(&server).await,
            resident_bytes: resident_bytes(&server),
            server,
            data,
        }
    }

    /// Asserts that the garbage changed nothing.
    async fn must_be_unharmed(mut self) {
        assert_eq!(self.server.child.try_wait().unwrap(), None);
        let log = std::fs::read_to_string(self.data.path().join(LOG)).unwrap();
        assert!(!log.contains("panicked"), "{log}");
        assert_eq!(state(&self.server).await, self.state);
        let grown = resident_bytes(&self.server).saturating_sub(self.resident_bytes);
        assert!(grown < GROWTH_LIMIT_BYTES, "grew by {grown} bytes");
        let refused = r#"{"host": "10.0.0.1", "port": 0}"#;
        assert_eq!(self.server.http("POST", INSTANCES, refused).await.0, 400);
        let taken = r#"{"host": "10.0.0.1", "port": 4}"#;
        assert_eq!(self.server.http("POST", INSTANCES, taken).await.0, 201);
    }
}

async fn start(directory: &Path) -> Server {
    let (any, log) = ("127.0.0.1:0", File::create(directory.join(LOG)));
    let mut command = merak(directory, &["serve", "--http", any, "--grpc", any]);
    command.stderr(log.unwrap());
    Server::spawn(command).await
}

/// The instances with their revisions, and the newest change.
async fn state(server: &Server) -> (String, String) {
    let (_, instances) = server.http("GET", INSTANCES, "").await;
    let (_, newest) = server.http("GET", "/api/v1/changes?page_size=1", "").await;
    (instances, newest)
}

fn resident_bytes(server: &Server) -> u64 {
    let path = format!("/proc/{}/status", server.child.id().unwrap());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kibibytes.parse::<u64>().unwrap() * 1024
}

/// Whether a client says that it has nothing more to send.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Ended,
    Open,
}

/// The status that answers a gRPC request with this body, on a connection of its own.
async fn status_of(server: &Server, path: &str, body: Bytes, ending: Ending) -> Status {
    let stream = soon(TcpStream::connect(&server.grpc)).await.unwrap();
    let (mut requests, connection) = soon(h2::client::handshake(stream)).await.unwrap();
    let mut driver = tokio::task::JoinSet::new();
    driver.spawn(connection);
    let request = http::Request::post(format!("http://{}{path}", server.grpc))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let request = request.body(()).unwrap();
    let (answer, mut sent) = requests.send_request(request, false).unwrap();
    sent.send_data(body, ending == Ending::Ended).unwrap();
    let (head, mut body) = soon(answer).await.unwrap().into_parts();
    assert_eq!(head.status, 200, "{path}");
    if let Some(status) = Status::from_header_map(&head.headers) {
        return status;
    }
    while let Some(data) = soon(body.data()).await {
        body.flow_control()
            .release_capacity(data.unwrap().len())
            .unwrap();
    }
    let trailers = soon(body.trailers()).await.unwrap();
    Status::from_header_map(&trailers.unwrap()).unwrap()
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    frame.into()
}

fn random_bytes(random: &mut fastrand::Rng, limit: usize) -> Vec<u8> {
    let length = random.usize(1..limit);
    std::iter::repeat_with(|| random.u8(..))
        .take(length)
        .collect()
}

/// Asserts that a status blames the request, in our words, or is a plain answer.
///
/// Some garbage is a message: protobuf skips fields that it does not know.
fn assert_precise(path: &str, status: &Status) {
    let is_answer = status.code() == Code::Ok;
    let is_ours = status.get_details_error_info().is_some();
    let blames = [
        Code::InvalidArgument,
        Code::ResourceExhausted,
        Code::NotFound,
    ];
    let is_refusal = is_ours && blames.contains(&status.code());
    assert!(is_answer || is_refusal, "{path}: {status:?}");
}

#[tokio::test]
async fn random_messages_on_every_method() {
    let victim = Victim::start().await;
    let mut random = fastrand::Rng::with_seed(7);
    for path in METHODS.into_iter().chain([REFLECTION]) {
        for _ in 0..40 {
            let message = random_bytes(&mut random, 300);
            let body = framed(&message);
            let status = status_of(&victim.server, path, body, Ending::Ended).await;
            assert_precise(path, &status);
            let body = random_bytes(&mut random, 300).into();
            let status = status_of(&victim.server, path, body, Ending::Ended).await;
            assert_precise(path, &status);
        }
    }
    victim.must_be_unharmed().await;
}

#[tokio::test]
async fn truncated_messages_on_every_method() {
    let victim = Victim::start().await;
    let key = v1::InstanceKey {
        service: Some(v1::ServiceKey {
            namespace: "default".to_owned(),
            service: "pay".to_owned(),
        }),
        id: "ghost".to_owned(),
    };
    let registration = v1::RegisterRequest {
        service: key.service.clone(),
        id: key.id.clone(),
        spec: Some(v1::InstanceSpec {
            host: "10.0.0.9".to_owned(),
            ..v1::InstanceSpec::default()
        }),
    };
    let message = registration.encode_to_vec();
    for path in METHODS {
        for length in 0..=message.len() {
            let body = framed(&message[..length]);
            let status = status_of(&victim.server, path, body, Ending::Ended).await;
            assert_precise(path, &status);
        }
        let whole = framed(&message);
        for length in 1..whole.len() {
            let body = whole.slice(..length);
            let status = status_of(&victim.server, path, body, Ending::Ended).await;
            assert_precise(path, &status);
            // To tonic, a head alone is the end of the stream.
            if length != 5 {
                assert_ne!(status.code(), Code::Ok, "{path}: {length} bytes of a frame");
            }
        }
    }
    victim.must_be_unharmed().await;
}

#[tokio::test]
async fn a_frame_that_announces_four_gigabytes() {
    let victim = Victim::start().await;
    for path in METHODS {
        let body = Bytes::from_static(b"\0\xff\xff\xff\xff\x0a\x01");
        let status = status_of(&victim.server, path, body, Ending::Open).await;
        let told = (status.code(), status.message());
        let expected =
            "the message is too large: found 4294967295 bytes, the limit is: 1048576 bytes";
        assert_eq!(told, (Code::ResourceExhausted, expected), "{path}");
    }
    victim.must_be_unharmed().await;
}

#[tokio::test]
async fn bodies_of_ten_megabytes() {
    const SIZE: usize = 10 << 20;
    let victim = Victim::start().await;
    let body = framed(&vec![b'x'; SIZE]);
    for path in METHODS {
        let status = status_of(&victim.server, path, body.clone(), Ending::Ended).await;
        assert_eq!(status.code(), Code::ResourceExhausted, "{path}");
    }
    let text = "x".repeat(SIZE);
    let whole = format!("content-length: {SIZE}\r\n\r\n{text}");
    let chunked = format!("transfer-encoding: chunked\r\n\r\n{SIZE:x}\r\n{text}\r\n0\r\n\r\n");
    for rest in [whole, chunked] {
        let request = format!(
            "POST {INSTANCES} HTTP/1.1\r\nhost: merak\r\ncontent-type: application/json\r\n{rest}"
        );
        let answer = exchange(&victim.server.http, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("larger than 1 MiB"), "{answer}");
    }
    victim.must_be_unharmed().await;
}

/// What a port answers to these bytes; the server ends the connection or this fails.
///
/// Bytes that the server does not want to read any more may get lost.
async fn exchange(address: &str, sent: &[u8]) -> String {
    let mut stream = soon(TcpStream::connect(address)).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let write = async {
        if writer.write_all(sent).await.is_ok() {
            let _ = writer.shutdown().await;
        }
    };
    let mut answer = Vec::new();
    let read = async {
        let mut bytes = vec![0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut bytes).await {
            answer.extend(&bytes[..count]);
        }
    };
    soon(async { tokio::join!(write, read) }).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn random_bytes_on_both_ports() {
    let victim = Victim::start().await;
    let mut random = fastrand::Rng::with_seed(11);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for _ in 0..60 {
        for address in [&victim.server.http, &victim.server.grpc] {
            let bytes = random_bytes(&mut random, 4096);
            exchange(address, &bytes).await;
            exchange(address, &[&preface[..], &bytes].concat()).await;
        }
    }
    victim.must_be_unharmed().await;
}

#[tokio::test]
async fn each_port_speaks_its_own_protocol() {
    let victim = Victim::start().await;
    assert_eq!(victim.server.http("GET", "/healthz", "").await.0, 200);
    let http1 = b"GET /healthz HTTP/1.1\r\nhost: merak\r\nconnection: close\r\n\r\n";
    let answer = exchange(&victim.server.grpc, http1).await;
    assert!(!answer.contains("HTTP/1.1 200"), "{answer}");
    let garbage = exchange(&victim.server.http, b"\x16\x03\x01 a TLS hello\r\n\r\n").await;
    assert!(garbage.starts_with("HTTP/1.1 400 "), "{garbage}");
    victim.must_be_unharmed().await;
}

#[tokio::test]
async fn half_closed_connections() {
    let victim = Victim::start().await;
    let http = &victim.server.http;
    let whole = "GET /healthz HTTP/1.1\r\nhost: merak\r\n\r\n";
    // hyper may see the end before it has answered, and then gives the request up.
    let answer = exchange(http, whole.as_bytes()).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 200 OK\r\n"),
        "{answer}"
    );
    for length in 1..whole.len() {
        let answer = exchange(http, &whole.as_bytes()[..length]).await;
        assert!(!answer.contains("200"), "{length}: {answer}");
    }
    let promised = format!(
        "POST {INSTANCES} HTTP/1.1\r\nhost: merak\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{\"host\": \"10.0.0.1\", \"port\": 5}}"
    );
    let answer = exchange(http, promised.as_bytes()).await;
    assert!(
        answer.is_empty() || answer.contains("did not arrive whole"),
        "{answer}"
    );
    victim.must_be_unharmed().await;
}

#[tokio::test]
async fn streams_that_are_left_half_way() {
    let victim = Victim::start().await;
    for path in METHODS {
        let none = status_of(&victim.server, path, Bytes::new(), Ending::Ended).await;
        assert_precise(path, &none);
    }
    for round in 0..200 {
        let stream = soon(TcpStream::connect(&victim.server.grpc)).await.unwrap();
        let (mut requests, connection) = soon(h2::client::handshake(stream)).await.unwrap();
        let mut driver = tokio::task::JoinSet::new();
        driver.spawn(connection);
        for path in METHODS {
            let request = http::Request::post(format!("http://merak{path}"))
                .header("content-type", "application/grpc");
            let request = request.body(()).unwrap();
            let (_answer, mut sent) = requests.send_request(request, false).unwrap();
            let half = Bytes::from_static(b"\0\0\0\x01\0\x0a");
            sent.send_data(half, false).unwrap();
            if round % 2 == 0 {
                sent.send_reset(h2::Reason::CANCEL);
            }
        }
        // Gives the connection a moment to send, or cuts it with everything still unsent.
        let moment = Duration::from_millis(round % 3);
        let _ = timeout(moment, driver.join_next()).await;
    }
    victim.must_be_unharmed().await;
}
