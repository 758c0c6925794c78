//! What one client may ask for, and how more of it is refused.

use std::time::Duration;

use bytes::Bytes;
use merak_proto::v1::{
    self, discovery_client::DiscoveryClient, sync_request::Kind as Message, sync_response::Update,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::harness::{TestServer, key, soon};

fn sync_request(kind: Message) -> v1::SyncRequest {
    v1::SyncRequest { kind: Some(kind) }
}

fn subscribe(subscription: u32) -> v1::SyncRequest {
    sync_request(Message::Subscribe(v1::Subscribe {
        subscription,
        kind: v1::Kind::Instances.into(),
        key: key("").service,
        held_revision: 0,
        takes_rule_deltas: false,
    }))
}

#[tokio::test]
async fn a_stream_speaks_for_ten_thousand_instances() {
    let server = TestServer::start().await;
    let ids: Vec<String> = (0..=10_000).map(|number| format!("i{number}")).collect();
    let mut registering = JoinSet::new();
    for id in &ids {
        let (mut registry, id) = (server.registry(), id.clone());
        registering.spawn(async move {
            let request = v1::RegisterRequest {
                service: key("").service,
                id,
                spec: Some(v1::InstanceSpec {
                    host: "10.0.0.1".to_owned(),
                    port: 80,
                    ..v1::InstanceSpec::default()
                }),
            };
            registry.register(request).await.unwrap();
        });
    }
    soon(registering.join_all()).await;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut stream = server.keep_alive().await;
    for part in ids[..10_000].chunks(2000) {
        assert!(stream.attach(part).await.is_empty());
    }
    assert!(stream.attach(&ids[..10]).await.is_empty(), "known already");

    let last = v1::KeepAliveRequest {
        attach: vec![key("i10000")],
        ..v1::KeepAliveRequest::default()
    };
    stream.send(last).await;
    let status = soon(stream.answers.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(
        status.message(),
        "10001 instances on one stream, at most 10000 are allowed"
    );
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.reason, "TOO_MANY_INSTANCES");
    assert_eq!(info.metadata["limit"], "10000");
}

#[tokio::test]
async fn instances_that_left_or_moved_make_room_on_their_stream() {
    let server = TestServer::start().await;
    for id in ["a", "b", "c"] {
        server.register(id).await;
    }
    let session = server.plane.liveness.open_session();
    let parsed = |id| key(id).try_into().unwrap();
    assert!(session.attach(["a", "b", "c"].map(parsed)).is_empty());
    let request = v1::DeregisterRequest {
        instance: Some(key("a")),
    };
    soon(server.registry().deregister(request)).await.unwrap();
    assert_eq!(session.len(), 2);
    let mut other = server.keep_alive().await;
    assert!(other.attach(&["b"]).await.is_empty());
    assert_eq!(session.len(), 1);
    session.detach([parsed("c")]);
    assert!(session.is_empty());
}

#[tokio::test]
async fn a_heartbeat_call_takes_ten_thousand_instances() {
    let server = TestServer::start().await;
    let mut request = v1::HeartbeatRequest {
        instances: vec![key("a"); 10_000],
    };
    let answer = soon(server.registry().heartbeat(request.clone())).await;
    assert_eq!(answer.unwrap().into_inner().unknown.len(), 10_000);
    request.instances.push(key("a"));
    let status = soon(server.registry().heartbeat(request)).await;
    let bad = status.unwrap_err().get_details_bad_request().unwrap();
    assert_eq!(bad.field_violations[0].field, "instances");
    assert_eq!(
        bad.field_violations[0].description,
        "10001 entries, at most 10000 are allowed"
    );
}

#[tokio::test]
async fn a_stream_has_ten_thousand_subscriptions() {
    let server = TestServer::start().await;
    let hello = sync_request(Message::Hello(v1::Hello::default()));
    let requests = tokio_stream::once(hello)
        .chain(tokio_stream::iter((1..=10_001).map(subscribe)))
        .chain(tokio_stream::iter([
            sync_request(Message::Unsubscribe(v1::Unsubscribe { subscription: 7 })),
            subscribe(10_002),
        ]))
        .chain(tokio_stream::pending());
    let mut discovery = DiscoveryClient::new(server.channel.clone());
    let updates = soon(discovery.sync(requests)).await.unwrap();
    let mut updates = updates.into_inner();
    let (mut refused, mut is_last_answered) = (None, false);
    while refused.is_none() || !is_last_answered {
        let answer = soon(updates.message()).await.unwrap().unwrap();
        match answer.update.unwrap() {
            Update::Refused(refusal) => refused = Some((answer.subscription, refusal)),
            Update::Absent(_) => is_last_answered |= answer.subscription == 10_002,
            Update::Welcome(_) => {}
            Update::Instances(_)
            | Update::InstancesDelta(_)
            | Update::Services(_)
            | Update::Rules(_)
            | Update::RateLimits(_)
            | Update::RulesDelta(_)
            | Update::RateLimitsDelta(_)
            | Update::Unchanged(_) => panic!("there is no service"),
        }
    }
    let (subscription, refusal) = refused.unwrap();
    assert_eq!(
        (subscription, &*refusal.reason),
        (10_001, "too_many_subscriptions")
    );
}

#[tokio::test]
async fn a_message_of_more_than_a_megabyte_is_refused() {
    let server = TestServer::start().await;
    let mut request = v1::RegisterRequest {
        service: key("").service,
        id: "x".repeat(1024 * 1024),
        spec: None,
    };
    let too_large = soon(server.registry().register(request.clone())).await;
    let stream = tokio_stream::once(v1::KeepAliveRequest {
        attach: vec![key(&request.id)],
        ..v1::KeepAliveRequest::default()
    });
    let mut answers = soon(server.registry().keep_alive(stream)).await.unwrap();
    let on_stream = soon(answers.get_mut().message()).await.unwrap_err();
    for status in [too_large.unwrap_err(), on_stream] {
        assert_eq!(status.code(), Code::ResourceExhausted);
        let message = status.message();
        assert!(message.contains("limit is: 1048576 bytes"), "{message}");
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.reason, "MESSAGE_TOO_LARGE");
        assert_eq!(info.metadata["limit"], "1048576");
    }
    request.id.truncate(1024 * 1000);
    let status = soon(server.registry().register(request)).await.unwrap_err();
    assert!(status.get_details_bad_request().is_some(), "{status}");
}

#[tokio::test]
async fn a_connection_has_a_thousand_streams_and_refuses_another() {
    const STREAMS: u32 = 1000;
    let server = TestServer::start().await;
    let mut connection = soon(TcpStream::connect(server.address)).await.unwrap();
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    sent.extend(frame(SETTINGS, 0, 0, b""));
    for number in 0..=STREAMS {
        sent.extend(frame(HEADERS, 4, 2 * number + 1, &keep_alive_headers()));
    }
    soon(connection.write_all(&sent)).await.unwrap();
    let (mut announced, mut opened) = (None, 0);
    let refused = loop {
        let (kind, stream, payload) = soon(read_frame(&mut connection)).await;
        match kind {
            SETTINGS => announced = announced.or_else(|| max_concurrent_streams(&payload)),
            HEADERS => opened += 1,
            RST_STREAM => break (stream, payload),
            _ => {}
        }
    };
    assert_eq!(announced, Some(STREAMS));
    let reason = Bytes::from_static(&REFUSED_STREAM);
    assert_eq!(refused, (2 * STREAMS + 1, reason));
    while opened < STREAMS {
        let (kind, _, _) = soon(read_frame(&mut connection)).await;
        opened += u32::from(kind == HEADERS);
    }
}

#[tokio::test]
async fn a_connection_has_ten_seconds_to_speak_http2() {
    let server = TestServer::start().await;
    let mut silent = soon(TcpStream::connect(server.address)).await.unwrap();
    let mut half = soon(TcpStream::connect(server.address)).await.unwrap();
    soon(half.write_all(b"PRI * HTTP/2.0\r\n")).await.unwrap();
    // Connections are accepted in order: the server knows the others once it answers this one.
    let mut used = server.connect().await;
    assert_eq!(status_of_nothing(&mut used).await, 415);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    for late in [&mut silent, &mut half] {
        let mut said = Vec::new();
        let _ = soon(late.read_to_end(&mut said)).await;
    }
    assert_eq!(status_of_nothing(&mut used).await, 415);
}

async fn status_of_nothing(connection: &mut h2::client::SendRequest<Bytes>) -> http::StatusCode {
    let request = http::Request::post("http://merak/").body(()).unwrap();
    let (answer, _body) = connection.send_request(request, true).unwrap();
    soon(answer).await.unwrap().status()
}

#[tokio::test]
async fn headers_of_more_than_sixteen_kilobytes_are_refused() {
    let server = TestServer::start().await;
    let mut connection = server.connect().await;
    let request = http::Request::post("http://merak/merak.v1.Registry/Register")
        .header("content-type", "application/grpc")
        .header("x-request-id", "x".repeat(20_000));
    let (answer, _body) = connection
        .send_request(request.body(()).unwrap(), true)
        .unwrap();
    assert_eq!(soon(answer).await.unwrap().status(), 431);
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The head of a KeepAlive call in HPACK, without indexing.
fn keep_alive_headers() -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    for (name, value) in [
        (&[0x04][..], "/merak.v1.Registry/KeepAlive"),
        (&[0x01], "merak"),
        (&[0x0f, 0x10], "application/grpc"),
        (b"\x00\x02te", "trailers"),
    ] {
        block.extend(name);
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value.as_bytes());
    }
    block
}

async fn read_frame(connection: &mut TcpStream) -> (u8, u32, Bytes) {
    let mut head = [0; 9];
    connection.read_exact(&mut head).await.unwrap();
    let [a, b, c, kind, _flags, s0, s1, s2, s3] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    connection.read_exact(&mut payload).await.unwrap();
    let stream = u32::from_be_bytes([s0, s1, s2, s3]);
    (kind, stream, Bytes::from(payload))
}

fn max_concurrent_streams(settings: &[u8]) -> Option<u32> {
    let mut settings = settings.chunks_exact(6);
    let setting = settings.find(|setting| setting[..2] == [0, 3])?;
    Some(u32::from_be_bytes(setting[2..].try_into().unwrap()))
}
