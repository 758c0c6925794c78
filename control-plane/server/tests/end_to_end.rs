//! The binary as its users run it: a process, a data directory, the generated clients.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{collections::BTreeSet, path::Path};

use merak_proto::v1::{
    self, discovery_client::DiscoveryClient, register_response::Outcome,
    registry_client::RegistryClient, sync_request::Kind as Message, sync_response::Update,
};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming, transport::Channel};

use crate::support::soon;

/// A running control plane and a connection to it.
struct Server {
    process: support::Server,
    channel: Channel,
}

/// Registrations acknowledged with their revision, and all that were sent.
#[derive(Default)]
struct Sent {
    acknowledged: Vec<(String, u64)>,
    sent: Vec<String>,
}

struct Watch {
    requests: mpsc::Sender<v1::SyncRequest>,
    updates: Streaming<v1::SyncResponse>,
}

impl Server {
    async fn start(directory: &Path) -> Self {
        let process = support::Server::start(directory).await;
        let channel = Channel::from_shared(process.address()).unwrap();
        let channel = soon(channel.connect()).await.unwrap();
        Self { process, channel }
    }

    async fn register(&self, request: v1::RegisterRequest) -> Result<v1::RegisterResponse, Status> {
        let mut registry = RegistryClient::new(self.channel.clone());
        let answer = soon(registry.register(request)).await?;
        Ok(answer.into_inner())
    }

    async fn deregister(&self, service: &str, id: &str) -> u64 {
        let instance = Some(v1::InstanceKey {
            service: Some(key(service)),
            id: id.to_owned(),
        });
        let request = v1::DeregisterRequest { instance };
        let mut registry = RegistryClient::new(self.channel.clone());
        let answer = soon(registry.deregister(request)).await.unwrap();
        answer.into_inner().revision
    }

    async fn watch(&self, service: &str) -> Watch {
        let (requests, queue) = mpsc::channel(8);
        let hello = Message::Hello(v1::Hello::default());
        requests.send(request(hello)).await.unwrap();
        let subscribe = Message::Subscribe(v1::Subscribe {
            subscription: 1,
            kind: v1::Kind::Instances.into(),
            key: Some(key(service)),
            held_revision: 0,
            takes_rule_deltas: false,
        });
        requests.send(request(subscribe)).await.unwrap();
        let mut discovery = DiscoveryClient::new(self.channel.clone());
        let updates = soon(discovery.sync(ReceiverStream::new(queue))).await;
        let updates = updates.unwrap().into_inner();
        let mut watch = Watch { requests, updates };
        assert!(matches!(watch.next().await, Update::Welcome(_)));
        watch
    }
}

impl Watch {
    async fn next(&mut self) -> Update {
        let message = soon(self.updates.message()).await.unwrap().unwrap();
        message.update.unwrap()
    }

    async fn send(&self, kind: Message) {
        self.requests.send(request(kind)).await.unwrap();
    }
}

fn request(kind: Message) -> v1::SyncRequest {
    v1::SyncRequest { kind: Some(kind) }
}

fn key(service: &str) -> v1::ServiceKey {
    v1::ServiceKey {
        namespace: String::new(),
        service: service.to_owned(),
    }
}

fn registration(service: &str, id: &str) -> v1::RegisterRequest {
    v1::RegisterRequest {
        service: Some(key(service)),
        id: id.to_owned(),
        spec: Some(v1::InstanceSpec {
            host: "10.0.0.1".to_owned(),
            port: 80,
            health_check: Some(v1::HealthCheck {
                kind: Some(v1::health_check::Kind::None(v1::health_check::None {})),
            }),
            ..v1::InstanceSpec::default()
        }),
    }
}

fn ids(instances: &[v1::Instance]) -> Vec<&str> {
    instances.iter().map(|instance| &*instance.id).collect()
}

#[tokio::test]
async fn a_subscriber_is_pushed_what_happens() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let mut watch = server.watch("pay").await;
    assert!(matches!(watch.next().await, Update::Absent(_)));

    let first = server.register(registration("pay", "a")).await.unwrap();
    let Update::Instances(snapshot) = watch.next().await else {
        panic!("the first state is a snapshot");
    };
    assert_eq!(ids(&snapshot.instances), ["a"]);
    assert_eq!(snapshot.revision, first.revision);

    let second = server.register(registration("pay", "b")).await.unwrap();
    let Update::InstancesDelta(delta) = watch.next().await else {
        panic!("the second registration is a delta");
    };
    assert_eq!(
        (delta.from_revision, delta.revision),
        (first.revision, second.revision)
    );
    assert_eq!(ids(&delta.upserts), ["b"]);

    let removed = server.deregister("pay", "a").await;
    let Update::InstancesDelta(delta) = watch.next().await else {
        panic!("a removal is a delta");
    };
    assert_eq!(
        (delta.from_revision, delta.revision),
        (second.revision, removed)
    );
    assert_eq!(
        (delta.removals, delta.upserts),
        (vec!["a".to_owned()], vec![])
    );
}

#[tokio::test]
async fn a_subscription_that_cannot_be_served_is_refused_alone() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let mut watch = server.watch("pay").await;
    assert!(matches!(watch.next().await, Update::Absent(_)));
    let instances = i32::from(v1::Kind::Instances);
    for (subscription, kind, service, reason) in [
        (2, 99, "pay", "unsupported_kind"),
        (3, instances, "no name", "invalid_key"),
        (1, instances, "pay", "duplicate_subscription"),
    ] {
        let subscribe = v1::Subscribe {
            subscription,
            kind,
            key: Some(key(service)),
            held_revision: 0,
            takes_rule_deltas: false,
        };
        watch.send(Message::Subscribe(subscribe)).await;
        let Update::Refused(refused) = watch.next().await else {
            panic!("{reason} is refused");
        };
        assert_eq!(refused.reason, reason);
    }
    server.register(registration("pay", "a")).await.unwrap();
    assert!(matches!(watch.next().await, Update::Instances(_)));
}

#[tokio::test]
async fn a_stream_that_does_not_begin_with_hello_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let ack = request(Message::Ack(v1::Ack::default()));
    let mut discovery = DiscoveryClient::new(server.channel.clone());
    let answer = soon(discovery.sync(tokio_stream::iter([ack]))).await;
    let status = match answer {
        Err(status) => status,
        Ok(updates) => soon(updates.into_inner().message()).await.unwrap_err(),
    };
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn register_twice_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let first = server.register(registration("pay", "a")).await.unwrap();
    let second = server.register(registration("pay", "a")).await.unwrap();
    assert_eq!(first.outcome(), Outcome::Created);
    assert_eq!(second.outcome(), Outcome::Unchanged);
    assert_eq!(first.revision, second.revision);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_survives_kills() {
    survive_kills(5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "minutes long: `make trials`"]
async fn what_was_acknowledged_survives_200_kills() {
    survive_kills(200).await;
}

/// Kills the server under concurrent registrations, and compares what it had answered with what is
/// there afterwards.
async fn survive_kills(rounds: usize) {
    const WRITERS: usize = 4;
    const ACKNOWLEDGED: usize = 40;
    let data = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut sent) = (BTreeSet::new(), BTreeSet::new());
    let mut newest = 0;
    for round in 0..rounds {
        let server = Server::start(data.path()).await;
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let prefix = format!("r{round}-w{writer}");
            writers.spawn(register_until_killed(
                server.channel.clone(),
                prefix,
                tell.clone(),
            ));
        }
        for _ in 0..ACKNOWLEDGED {
            soon(told.recv()).await.unwrap();
        }
        server.process.kill().await;
        let mut of_round = Sent::default();
        while let Some(writer) = soon(writers.join_next()).await {
            let writer = writer.unwrap();
            of_round.acknowledged.extend(writer.acknowledged);
            of_round.sent.extend(writer.sent);
        }
        assert!(of_round.acknowledged.len() >= ACKNOWLEDGED);
        let revisions: BTreeSet<u64> = of_round.acknowledged.iter().map(|(_, at)| *at).collect();
        assert_eq!(revisions.len(), of_round.acknowledged.len());
        assert!(newest < *revisions.first().unwrap());
        acknowledged.extend(of_round.acknowledged.into_iter().map(|(id, _)| id));
        sent.extend(of_round.sent);

        let server = Server::start(data.path()).await;
        let Update::Instances(snapshot) = server.watch("pay").await.next().await else {
            panic!("a fresh subscriber gets a snapshot");
        };
        let found: BTreeSet<String> = snapshot.instances.into_iter().map(|it| it.id).collect();
        assert!(
            acknowledged.is_subset(&found),
            "an acknowledged write is lost"
        );
        assert!(found.is_subset(&sent), "there is what was never sent");
        assert!(snapshot.revision >= *revisions.last().unwrap());
        newest = snapshot.revision;
    }
    println!(
        "{rounds} kills: {} acknowledged, {} sent, none lost or made up",
        acknowledged.len(),
        sent.len()
    );
}

async fn register_until_killed(
    channel: Channel,
    prefix: String,
    tell: mpsc::UnboundedSender<()>,
) -> Sent {
    let mut registry = RegistryClient::new(channel);
    let mut outcome = Sent::default();
    for number in 0.. {
        let id = format!("{prefix}-{number}");
        outcome.sent.push(id.clone());
        let Ok(answer) = soon(registry.register(registration("pay", &id))).await else {
            break;
        };
        outcome
            .acknowledged
            .push((id, answer.into_inner().revision));
        let _ = tell.send(());
    }
    outcome
}

#[tokio::test]
async fn sigterm_ends_the_process_with_zero_while_clients_watch() {
    let data = tempfile::tempdir().unwrap();
    let mut server = Server::start(data.path()).await;
    let mut watch = server.watch("pay").await;
    assert!(matches!(watch.next().await, Update::Absent(_)));
    support::signal(&server.process.child, "TERM");
    assert_eq!(soon(watch.updates.message()).await.unwrap(), None);
    assert!(soon(server.process.child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn a_refused_registration_names_the_field() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let mut bad_port = registration("pay", "a");
    bad_port.spec.as_mut().unwrap().port = 65_536;
    for (bad, field) in [
        (bad_port, "port"),
        (registration("no name", "a"), "service"),
    ] {
        let status = server.register(bad).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().contains(field), "{}", status.message());
    }
}

#[tokio::test]
async fn both_listeners_show_one_registry_that_survives_a_kill() {
    const INSTANCES: &str = "/api/v1/namespaces/default/services/pay/instances";
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    server.register(registration("pay", "a")).await.unwrap();
    let mut watch = server.watch("pay").await;
    assert!(matches!(watch.next().await, Update::Instances(_)));

    let body = r#"{"id": "b", "host": "10.0.0.2", "port": 80}"#;
    let (status, answer) = server.process.http("POST", INSTANCES, body).await;
    assert_eq!(status, 201, "{answer}");
    let Update::InstancesDelta(delta) = watch.next().await else {
        panic!("what REST registers is pushed");
    };
    assert_eq!(ids(&delta.upserts), ["b"]);

    server.process.kill().await;
    let server = Server::start(data.path()).await;
    let (status, answer) = server.process.http("GET", INSTANCES, "").await;
    let listed: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let listed = listed["items"].as_array().unwrap().iter();
    let listed: Vec<&str> = listed.map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!((status, listed), (200, vec!["a", "b"]));
}

#[tokio::test]
async fn a_taken_address_names_the_flag_for_another() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let other = tempfile::tempdir().unwrap();
    let arguments = [
        "serve",
        "--http",
        &server.process.http,
        "--grpc",
        "127.0.0.1:0",
    ];
    let output = soon(support::merak(other.path(), &arguments).output())
        .await
        .unwrap();
    let refusal = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && refusal.contains("--http ADDR"),
        "{refusal}"
    );
}
