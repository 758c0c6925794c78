//! Connections as they come and go: streams that break, and more clients than descriptors.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs::File;

use merak_proto::v1::{
    self, discovery_client::DiscoveryClient, registry_client::RegistryClient,
    sync_request::Kind as Message, sync_response::Update,
};
use support::{LOG, Server, merak, soon};
use tokio::{net::TcpStream, process::Command, sync::mpsc};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{Streaming, transport::Channel};

/// What the server may open.
const DESCRIPTORS: usize = 64;

const ANY: &str = "127.0.0.1:0";

async fn connect(server: &Server) -> Channel {
    let channel = Channel::from_shared(server.address()).unwrap();
    soon(channel.connect()).await.unwrap()
}

fn key() -> v1::InstanceKey {
    v1::InstanceKey {
        service: Some(v1::ServiceKey {
            namespace: String::new(),
            service: "pay".to_owned(),
        }),
        id: "a".to_owned(),
    }
}

/// A stream that speaks for the instance, on a connection of its own; dropping it breaks both.
struct KeepAlive {
    _requests: mpsc::Sender<v1::KeepAliveRequest>,
    _answers: Streaming<v1::KeepAliveResponse>,
}

async fn keep_alive(server: &Server) -> KeepAlive {
    let (requests, queue) = mpsc::channel(1);
    let attach = v1::KeepAliveRequest {
        attach: vec![key()],
        ..v1::KeepAliveRequest::default()
    };
    requests.send(attach).await.unwrap();
    let mut registry = RegistryClient::new(connect(server).await);
    let answers = soon(registry.keep_alive(ReceiverStream::new(queue))).await;
    let mut answers = answers.unwrap().into_inner();
    let answer = soon(answers.message()).await.unwrap().unwrap();
    assert_eq!(answer.unknown, []);
    KeepAlive {
        _requests: requests,
        _answers: answers,
    }
}

async fn subscribe(server: &Server) -> Streaming<v1::SyncResponse> {
    let kinds = [
        Message::Hello(v1::Hello::default()),
        Message::Subscribe(v1::Subscribe {
            subscription: 1,
            kind: v1::Kind::Instances.into(),
            key: key().service,
            held_revision: 0,
            takes_rule_deltas: false,
        }),
    ];
    let requests = kinds.map(|kind| v1::SyncRequest { kind: Some(kind) });
    let requests = tokio_stream::iter(requests).chain(tokio_stream::pending());
    let mut discovery = DiscoveryClient::new(connect(server).await);
    let updates = soon(discovery.sync(requests)).await.unwrap();
    updates.into_inner()
}

/// The health of the instance, as the next update tells it.
async fn next_health(updates: &mut Streaming<v1::SyncResponse>) -> v1::Health {
    loop {
        let answer = soon(updates.message()).await.unwrap().unwrap();
        let instances = match answer.update.unwrap() {
            Update::Welcome(_) => continue,
            Update::Instances(snapshot) => snapshot.instances,
            Update::InstancesDelta(delta) => delta.upserts,
            other @ (Update::Services(_)
            | Update::Rules(_)
            | Update::RateLimits(_)
            | Update::RulesDelta(_)
            | Update::RateLimitsDelta(_)
            | Update::Absent(_)
            | Update::Unchanged(_)
            | Update::Refused(_)) => panic!("{other:?}"),
        };
        return instances[0].health();
    }
}

#[tokio::test]
async fn a_broken_stream_is_pushed_and_so_is_its_return() {
    let data = tempfile::tempdir().unwrap();
    let grace = ["--disconnect-grace", "200ms"];
    let server = Server::start_with(data.path(), ANY, &grace).await;
    let registration = v1::RegisterRequest {
        service: key().service,
        id: key().id,
        spec: Some(v1::InstanceSpec {
            host: "10.0.0.1".to_owned(),
            port: 80,
            health_check: Some(v1::HealthCheck {
                kind: Some(v1::health_check::Kind::Heartbeat(
                    v1::health_check::Heartbeat { ttl_seconds: 60 },
                )),
            }),
            ..v1::InstanceSpec::default()
        }),
    };
    let mut registry = RegistryClient::new(connect(&server).await);
    soon(registry.register(registration)).await.unwrap();
    let stream = keep_alive(&server).await;
    let mut updates = subscribe(&server).await;
    assert_eq!(next_health(&mut updates).await, v1::Health::Healthy);
    drop(stream);
    assert_eq!(next_health(&mut updates).await, v1::Health::Unhealthy);
    let again = keep_alive(&server).await;
    assert_eq!(next_health(&mut updates).await, v1::Health::Healthy);
    drop(again);
    assert_eq!(next_health(&mut updates).await, v1::Health::Unhealthy);
    let heartbeat = v1::HeartbeatRequest {
        instances: vec![key()],
    };
    let answer = soon(registry.heartbeat(heartbeat)).await.unwrap();
    assert_eq!(answer.into_inner().unknown, []);
    assert_eq!(next_health(&mut updates).await, v1::Health::Healthy);
}

#[tokio::test]
async fn more_connections_than_descriptors_are_served_in_turn() {
    let data = tempfile::tempdir().unwrap();
    let script = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"");
    let mut limited = Command::new("/bin/bash");
    let serve = merak(data.path(), &["serve", "--http", ANY, "--grpc", ANY]);
    limited
        .args(["-c", &script])
        .arg(serve.as_std().get_program())
        .args(serve.as_std().get_args())
        .current_dir(data.path())
        .stderr(File::create(data.path().join(LOG)).unwrap())
        .env_clear()
        .kill_on_drop(true);
    let mut server = Server::spawn(limited).await;
    for address in [server.grpc.clone(), server.http.clone()] {
        let mut connections = Vec::new();
        for _ in 0..100 {
            connections.push(soon(TcpStream::connect(&address)).await.unwrap());
        }
        let descriptors = format!("/proc/{}/fd", server.child.id().unwrap());
        let is_at_its_limit = async {
            while std::fs::read_dir(&descriptors).unwrap().count() < DESCRIPTORS {
                assert_eq!(server.child.try_wait().unwrap(), None);
                tokio::task::yield_now().await;
            }
        };
        soon(is_at_its_limit).await;
        drop(connections);
        let mut registry = RegistryClient::new(connect(&server).await);
        let nobody = v1::HeartbeatRequest {
            instances: vec![key()],
        };
        let answer = soon(registry.heartbeat(nobody)).await.unwrap();
        assert_eq!(answer.into_inner().unknown.len(), 1);
        assert_eq!(server.http("GET", "/healthz", "").await.0, 200);
    }
    assert_eq!(server.child.try_wait().unwrap(), None);
    let log = std::fs::read_to_string(data.path().join(LOG)).unwrap();
    for listener in ["merak_grpc::incoming", "merak_http::server"] {
        let told = format!("{listener}: connections cannot be accepted: Too many open files");
        let times = log.matches(&told).count();
        assert!((1..=30).contains(&times), "{times} times: {log}");
    }
}
