//! Refusals say what to do about them: `google.rpc` details for everything that is refused.

use bytes::Bytes;
use merak_proto::v1::{self, discovery_client::DiscoveryClient, sync_request::Kind as Message};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::harness::{TestServer, key, soon};

fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("{status:?} has no ErrorInfo"));
    assert_eq!(info.domain, "merak");
    info.reason
}

fn refused_field(status: &Status) -> String {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    assert_eq!(reason(status), "INVALID_ARGUMENT");
    let bad = status.get_details_bad_request().unwrap();
    let [violation] = &bad.field_violations[..] else {
        panic!("{bad:?} is not one violation");
    };
    let told = format!("{}: {}", violation.field, violation.description);
    assert_eq!(told, status.message());
    violation.field.clone()
}

fn registration() -> v1::RegisterRequest {
    v1::RegisterRequest {
        service: key("a").service,
        id: "a".to_owned(),
        spec: Some(v1::InstanceSpec {
            host: "10.0.0.1".to_owned(),
            port: 80,
            ..v1::InstanceSpec::default()
        }),
    }
}

#[tokio::test]
async fn a_refused_registration_names_its_field() {
    type Break = fn(&mut v1::RegisterRequest, &mut v1::InstanceSpec);
    let cases: [(&str, Break); 9] = [
        ("service", |request, _| {
            request.service.as_mut().unwrap().service = "no name".to_owned();
        }),
        ("namespace", |request, _| {
            request.service.as_mut().unwrap().namespace = "n".repeat(65);
        }),
        ("id", |request, _| request.id = "a b".to_owned()),
        ("host", |_, spec| spec.host = "h".repeat(129)),
        ("port", |_, spec| spec.port = 0),
        ("port", |_, spec| spec.port = 65_536),
        ("weight", |_, spec| spec.weight = Some(10_001)),
        ("metadata", |_, spec| {
            let entries = (0..65).map(|number| (format!("k{number}"), String::new()));
            spec.metadata = entries.collect();
        }),
        ("health_check.kind", |_, spec| {
            spec.health_check = Some(v1::HealthCheck::default());
        }),
    ];
    let server = TestServer::start().await;
    for (field, spoil) in cases {
        let mut request = registration();
        let mut spec = request.spec.take().unwrap();
        spoil(&mut request, &mut spec);
        request.spec = Some(spec);
        let status = soon(server.registry().register(request)).await.unwrap_err();
        assert_eq!(refused_field(&status), field);
    }
}

#[tokio::test]
async fn a_refused_key_is_named_by_its_place() {
    let server = TestServer::start().await;
    let bad = vec![key("a"), key("a b")];
    let heartbeat = v1::HeartbeatRequest {
        instances: bad.clone(),
    };
    let status = soon(server.registry().heartbeat(heartbeat)).await;
    assert_eq!(refused_field(&status.unwrap_err()), "instances[1].id");

    let mut stream = server.keep_alive().await;
    stream
        .send(v1::KeepAliveRequest {
            attach: bad,
            ..v1::KeepAliveRequest::default()
        })
        .await;
    let status = soon(stream.answers.message()).await.unwrap_err();
    assert_eq!(refused_field(&status), "attach[1].id");

    let nothing = v1::DeregisterRequest { instance: None };
    let status = soon(server.registry().deregister(nothing)).await;
    assert_eq!(refused_field(&status.unwrap_err()), "instance");
}

#[tokio::test]
async fn a_refused_hello_names_its_field() {
    let server = TestServer::start().await;
    let labels = (0..65).map(|number| (format!("l{number}"), String::new()));
    let long = v1::Hello {
        host: "h".repeat(257),
        ..v1::Hello::default()
    };
    let many = v1::Hello {
        labels: labels.collect(),
        ..v1::Hello::default()
    };
    for (hello, field) in [(long, "hello.host"), (many, "hello.labels")] {
        let request = v1::SyncRequest {
            kind: Some(Message::Hello(hello)),
        };
        let mut discovery = DiscoveryClient::new(server.channel.clone());
        let updates = soon(discovery.sync(tokio_stream::once(request))).await;
        let mut updates = updates.unwrap().into_inner();
        let status = soon(updates.message()).await.unwrap_err();
        assert_eq!(refused_field(&status), field);
    }
}

/// Sends bytes as the body of a gRPC request, and returns the status that answers them.
async fn status_of(server: &TestServer, path: &str, body: &'static [u8]) -> Status {
    let mut connection = server.connect().await;
    let request = http::Request::post(format!("http://merak{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    let (answer, mut sent) = connection
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    sent.send_data(Bytes::from_static(body), true).unwrap();
    let (head, mut body) = soon(answer).await.unwrap().into_parts();
    if let Some(status) = Status::from_header_map(&head.headers) {
        return status;
    }
    while let Some(data) = soon(body.data()).await {
        data.unwrap();
    }
    let trailers = soon(body.trailers()).await.unwrap().unwrap();
    Status::from_header_map(&trailers).unwrap()
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_the_clients_fault() {
    let server = TestServer::start().await;
    for path in [
        "/merak.v1.Registry/Register",
        "/merak.v1.Registry/Deregister",
        "/merak.v1.Registry/Heartbeat",
        "/merak.v1.Registry/KeepAlive",
        "/merak.v1.Discovery/Sync",
    ] {
        for (body, said) in [
            (&b"\0\0\0\0\x02\x0a\x7f"[..], "buffer underflow"),
            (b"\0\0\0\0\x05\x0a\x7f", "Unexpected EOF"),
            (b"\x01\0\0\0\0", "no grpc-encoding"),
            (b"\x07\0\0\0\0", "invalid compression flag: 7"),
        ] {
            let status = status_of(&server, path, body).await;
            assert_eq!(status.code(), Code::InvalidArgument, "{path} {status}");
            assert_eq!(reason(&status), "MALFORMED_MESSAGE");
            assert!(status.message().contains(said), "{path} {status}");
        }
    }
}

#[tokio::test]
async fn an_unknown_method_is_refused_with_a_reason() {
    let server = TestServer::start().await;
    for path in [
        "/merak.v1.Registry/Rename",
        "/merak.v1.Discovery/Poll",
        "/merak.v2.Registry/Register",
        "/",
    ] {
        let status = status_of(&server, path, b"").await;
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
        assert_eq!(reason(&status), "UNKNOWN_METHOD");
        assert!(status.message().contains("method does not exist"));
    }
}

#[tokio::test]
async fn only_grpc_is_taken() {
    let server = TestServer::start().await;
    for (content_type, expected) in [
        (Some("application/json"), 415),
        (Some("application/grpc-web"), 415),
        (Some("application/grpc+json"), 415),
        (None, 415),
        (Some("application/grpc"), 200),
        (Some("application/grpc+proto"), 200),
        (Some("application/grpc; charset=utf-8"), 200),
    ] {
        let mut connection = server.connect().await;
        let mut request = http::Request::post("http://merak/merak.v1.Registry/Register");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let request = request.body(()).unwrap();
        let (answer, _body) = connection.send_request(request, true).unwrap();
        let answer = soon(answer).await.unwrap();
        assert_eq!(answer.status(), expected, "{content_type:?}");
    }
}
