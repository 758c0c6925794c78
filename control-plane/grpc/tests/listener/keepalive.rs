//! Staying alive: beats, the end of a stream, and coming back.

use merak_proto::v1;

use crate::harness::{KeepAlive, TestServer, key, soon};

/// A server with a registered instance, and a stream that speaks for it.
async fn attached(id: &str) -> (TestServer, KeepAlive) {
    let server = TestServer::start().await;
    server.register(id).await;
    let mut stream = server.keep_alive().await;
    assert!(stream.attach(&[id]).await.is_empty());
    (server, stream)
}

async fn heartbeat(server: &TestServer, ids: &[&str]) -> Vec<String> {
    let instances = ids.iter().map(|id| key(id)).collect();
    let request = v1::HeartbeatRequest { instances };
    let answer = soon(server.registry().heartbeat(request)).await.unwrap();
    let unknown = answer.into_inner().unknown;
    unknown.into_iter().map(|key| key.id).collect()
}

#[tokio::test]
async fn one_beat_renews_all_that_a_stream_attached() {
    let (server, mut stream) = attached("a").await;
    server.register("b").await;
    assert!(stream.attach(&["b"]).await.is_empty());
    for _ in 0..3 {
        assert!(server.is_healthy_after("a", 14.0).await);
        assert!(server.is_healthy_after("b", 0.0).await);
        stream.beat().await;
    }
    assert!(!server.is_healthy_after("a", 16.0).await);
    stream.beat().await;
    assert!(server.is_healthy_after("a", 0.0).await);
    assert!(server.is_healthy_after("b", 0.0).await);
}

#[tokio::test]
async fn a_static_instance_that_beats_is_not_to_be_registered_again() {
    let server = TestServer::start().await;
    let none = v1::health_check::Kind::None(v1::health_check::None {});
    let request = v1::RegisterRequest {
        service: key("static").service,
        id: "static".to_owned(),
        spec: Some(v1::InstanceSpec {
            host: "10.0.0.2".to_owned(),
            port: 80,
            health_check: Some(v1::HealthCheck { kind: Some(none) }),
            ..v1::InstanceSpec::default()
        }),
    };
    soon(server.registry().register(request)).await.unwrap();
    assert_eq!(heartbeat(&server, &["static", "gone"]).await, ["gone"]);
    let mut stream = server.keep_alive().await;
    assert_eq!(stream.attach(&["static", "gone"]).await, ["gone"]);
    assert!(server.is_healthy_after("static", 60.0).await);
}

#[tokio::test]
async fn calls_are_counted_by_method_and_code() {
    let server = TestServer::start().await;
    server.register("a").await;
    server.register("b").await;
    let _stream = server.keep_alive().await;
    let empty = v1::RegisterRequest::default();
    soon(server.registry().register(empty)).await.unwrap_err();
    let calls = server.plane.calls.counts();
    let calls: Vec<(&str, &str, u64)> = calls
        .iter()
        .map(|(method, code, count)| (method.as_str(), *code, *count))
        .collect();
    let expected = [
        ("merak.v1.Registry/KeepAlive", "OK", 1),
        ("merak.v1.Registry/Register", "INVALID_ARGUMENT", 1),
        ("merak.v1.Registry/Register", "OK", 2),
    ];
    assert_eq!(calls, expected);
}

#[tokio::test]
async fn the_end_of_a_stream_is_evidence_after_the_grace() {
    let (server, stream) = attached("a").await;
    stream.end().await;
    assert!(server.is_healthy_after("a", 1.9).await);
    assert!(!server.is_healthy_after("a", 0.2).await);
}

#[tokio::test]
async fn attaching_again_within_the_grace_keeps_the_instance_healthy() {
    let (server, stream) = attached("a").await;
    stream.end().await;
    assert!(server.is_healthy_after("a", 1.0).await);
    let mut again = server.keep_alive().await;
    assert!(again.attach(&["a"]).await.is_empty());
    assert!(server.is_healthy_after("a", 10.0).await);
}

#[tokio::test]
async fn an_older_stream_does_not_speak_for_what_a_newer_one_attached() {
    let (server, older) = attached("a").await;
    let mut newer = server.keep_alive().await;
    assert!(newer.attach(&["a"]).await.is_empty());
    older.end().await;
    assert!(server.is_healthy_after("a", 5.0).await);
}

#[tokio::test]
async fn a_detached_instance_is_not_lost_with_the_stream() {
    let (server, mut stream) = attached("a").await;
    stream
        .send(v1::KeepAliveRequest {
            detach: vec![key("a")],
            ..v1::KeepAliveRequest::default()
        })
        .await;
    stream.beat().await;
    stream.end().await;
    assert!(server.is_healthy_after("a", 10.0).await);
    assert!(!server.is_healthy_after("a", 6.0).await);
}

#[tokio::test]
async fn an_unknown_instance_is_named_and_the_others_are_attached() {
    let (server, mut stream) = attached("a").await;
    server.register("b").await;
    assert_eq!(stream.attach(&["x", "b", "y"]).await, ["x", "y"]);
    stream.end().await;
    assert!(!server.is_healthy_after("b", 2.1).await);
}

#[tokio::test]
async fn a_heartbeat_call_renews_and_revives_without_a_stream() {
    let server = TestServer::start().await;
    server.register("a").await;
    assert!(server.is_healthy_after("a", 14.0).await);
    assert_eq!(heartbeat(&server, &["a", "x"]).await, ["x"]);
    assert!(server.is_healthy_after("a", 14.0).await);
    assert!(!server.is_healthy_after("a", 2.0).await);
    assert!(heartbeat(&server, &["a"]).await.is_empty());
    assert!(server.is_healthy_after("a", 0.0).await);
}

#[tokio::test]
async fn a_heartbeat_call_after_the_end_of_a_stream_is_a_sign_of_life() {
    let (server, stream) = attached("a").await;
    stream.end().await;
    assert!(heartbeat(&server, &["a"]).await.is_empty());
    assert!(server.is_healthy_after("a", 10.0).await);
}

#[tokio::test]
async fn a_drain_ends_the_stream_without_an_error() {
    let (server, mut stream) = attached("a").await;
    server.drain.cancel();
    assert_eq!(soon(stream.answers.message()).await.unwrap(), None);
}

#[tokio::test]
async fn a_beat_is_answered_with_what_is_gone_meanwhile() {
    let (server, mut stream) = attached("a").await;
    server.register("b").await;
    assert!(stream.attach(&["b"]).await.is_empty());
    server.deregister("a").await;
    stream.send(v1::KeepAliveRequest::default()).await;
    assert_eq!(stream.unknown().await, ["a"]);
    server.register("a").await;
    assert!(stream.attach(&["a"]).await.is_empty());
    stream.beat().await;
    assert!(server.is_healthy_after("a", 14.0).await);
    stream.beat().await;
    assert!(server.is_healthy_after("a", 14.0).await);
}

#[tokio::test]
async fn what_was_detached_is_not_named_when_it_goes() {
    let (server, mut stream) = attached("a").await;
    server.deregister("a").await;
    stream
        .send(v1::KeepAliveRequest {
            detach: vec![key("a")],
            ..v1::KeepAliveRequest::default()
        })
        .await;
    stream.beat().await;
}
