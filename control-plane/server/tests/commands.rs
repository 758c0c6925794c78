//! The commands as operators run them: in a directory of their own, without our environment.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{path::Path, process::Output};

use merak_proto::v1::{
    self, discovery_client::DiscoveryClient, registry_client::RegistryClient,
    sync_request::Kind as Message, sync_response::Update,
};
use tokio::process::Command;
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;

use crate::support::{merak, soon};

async fn run(mut command: Command) -> Output {
    soon(command.output()).await.unwrap()
}

fn printed(output: &Output) -> &str {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    std::str::from_utf8(&output.stdout).unwrap()
}

fn refusal(output: &Output) -> &str {
    assert!(!output.status.success());
    std::str::from_utf8(&output.stderr).unwrap()
}

/// A running control plane and a connection to it.
struct Server {
    _process: support::Server,
    channel: Channel,
}

impl Server {
    async fn start(directory: &Path, arguments: &[&str]) -> Self {
        let process = support::Server::start_with(directory, "127.0.0.1:0", arguments).await;
        let channel = Channel::from_shared(process.address()).unwrap();
        let channel = soon(channel.connect()).await.unwrap();
        Self {
            _process: process,
            channel,
        }
    }

    /// Registers a host of `pay`, and tells the revision or the refusal.
    async fn register(&self, host: &str) -> Result<u64, tonic::Status> {
        let request = v1::RegisterRequest {
            service: Some(pay()),
            spec: Some(v1::InstanceSpec {
                host: host.to_owned(),
                port: 80,
                ..v1::InstanceSpec::default()
            }),
            ..v1::RegisterRequest::default()
        };
        let mut registry = RegistryClient::new(self.channel.clone());
        let answer = soon(registry.register(request)).await?;
        Ok(answer.into_inner().revision)
    }

    /// What a new subscriber is told first, and the epoch it is told in.
    async fn subscribe(&self) -> (v1::Welcome, v1::InstancesSnapshot) {
        let kinds = [
            Message::Hello(v1::Hello::default()),
            Message::Subscribe(v1::Subscribe {
                subscription: 1,
                kind: v1::Kind::Instances.into(),
                key: Some(pay()),
                held_revision: 0,
                takes_rule_deltas: false,
            }),
        ];
        let requests = kinds.map(|kind| v1::SyncRequest { kind: Some(kind) });
        let mut discovery = DiscoveryClient::new(self.channel.clone());
        // The server ends the stream once the client has nothing more to say.
        let requests = tokio_stream::iter(requests).chain(tokio_stream::pending());
        let mut updates = soon(discovery.sync(requests)).await.unwrap().into_inner();
        let mut update = async || {
            let message = soon(updates.message()).await.unwrap();
            message.unwrap().update.unwrap()
        };
        let Update::Welcome(welcome) = update().await else {
            panic!("the first update is a welcome");
        };
        let Update::Instances(snapshot) = update().await else {
            panic!("the first state is a snapshot");
        };
        (welcome, snapshot)
    }
}

fn pay() -> v1::ServiceKey {
    v1::ServiceKey {
        namespace: String::new(),
        service: "pay".to_owned(),
    }
}

#[tokio::test]
async fn config_shows_each_setting_and_its_source_as_toml() {
    let directory = tempfile::tempdir().unwrap();
    let file = "# ours\nhttp = \"0.0.0.0:80\"\nchange_retention_count = 5\n";
    std::fs::write(directory.path().join("merak.toml"), file).unwrap();
    let mut command = merak(directory.path(), &["config", "--disconnect-grace", "1s"]);
    command.env("MERAK_DURABILITY", "normal");
    let output = run(command).await;
    let shown = printed(&output);
    let table: toml::Table = shown.parse().unwrap();
    for (key, value, source) in [
        ("data", "./data".into(), "default"),
        ("http", "0.0.0.0:80".into(), "merak.toml:2"),
        ("durability", "normal".into(), "MERAK_DURABILITY"),
        ("disconnect_grace", "1s".into(), "--disconnect-grace"),
        ("change_retention_count", 5.into(), "merak.toml:3"),
    ] {
        assert_eq!(table[key], value);
        let mut lines = shown.lines();
        let line = lines.find(|line| line.starts_with(key)).unwrap();
        assert!(line.ends_with(&format!("   # {source}")), "{line}");
    }
}

#[tokio::test]
async fn serve_refuses_an_unknown_key_and_touches_nothing() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("merak.toml"), "durabilty = 'full'").unwrap();
    let output = run(merak(directory.path(), &["serve"])).await;
    assert_eq!(
        refusal(&output),
        "merak: merak.toml:1: unknown key `durabilty`; did you mean `durability`?\n"
    );
    assert!(!directory.path().join("data").exists());
}

#[tokio::test]
async fn the_version_is_told_however_it_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let expected = format!("merak {}\n", env!("CARGO_PKG_VERSION"));
    for asked in ["version", "--version", "-V"] {
        let output = run(merak(directory.path(), &[asked])).await;
        assert_eq!(printed(&output), expected);
    }
}

#[tokio::test]
async fn a_port_that_is_taken_leaves_no_directory_behind() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--http", "--grpc"] {
        let mut command = merak(directory.path(), &["serve", flag, &address]);
        let other = if flag == "--http" { "--grpc" } else { "--http" };
        command.args([other, "127.0.0.1:0"]);
        let output = run(command).await;
        let refusal = refusal(&output);
        assert!(refusal.contains(&format!("`{flag} ADDR`")), "{refusal}");
        assert_eq!(directory.path().read_dir().unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_hangup_ends_the_server_as_the_other_signals_do() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["HUP", "TERM", "INT"] {
        let mut server = support::Server::start(directory.path()).await;
        support::signal(&server.child, name);
        assert!(soon(server.child.wait()).await.unwrap().success(), "{name}");
    }
}

#[tokio::test]
async fn a_database_that_is_removed_while_it_is_served_ends_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = support::Server::start(directory.path()).await;
    let services = "/api/v1/namespaces/default/services";
    let (status, _) = server.http("POST", services, r#"{"name": "pay"}"#).await;
    assert_eq!(status, 201);
    std::fs::remove_dir_all(directory.path().join("data")).unwrap();
    let (status, _) = server.http("POST", services, r#"{"name": "order"}"#).await;
    assert_eq!(status, 500);
    assert!(!soon(server.child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn serve_refuses_registrations_for_missing_services_when_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &["--missing-service", "refuse"]).await;
    let status = server.register("10.0.0.1").await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_backup_taken_while_serving_can_be_served() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    let revision = server.register("10.0.0.1").await.unwrap();
    let restored = directory.path().join("restored");
    std::fs::create_dir(&restored).unwrap();

    let arguments = ["backup", "restored/merak.db"];
    let output = run(merak(directory.path(), &arguments)).await;
    let size = restored.join("merak.db").metadata().unwrap().len();
    assert_eq!(
        printed(&output),
        format!("restored/merak.db: {size} bytes, revision {revision}\n")
    );
    server.register("10.0.0.2").await.unwrap();
    let output = run(merak(directory.path(), &arguments)).await;
    assert!(refusal(&output).contains("`restored/merak.db` exists already"));

    let copy = Server::start(directory.path(), &["--data", "restored"]).await;
    let (welcome, snapshot) = copy.subscribe().await;
    let specs = snapshot.instances.into_iter().flat_map(|it| it.spec);
    let hosts: Vec<String> = specs.map(|spec| spec.host).collect();
    assert_eq!(hosts, ["10.0.0.1"]);
    assert_ne!(welcome.epoch, server.subscribe().await.0.epoch);
}

#[tokio::test]
async fn a_database_is_checked_while_it_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]).await;
    server.register("10.0.0.1").await.unwrap();
    let output = run(merak(directory.path(), &["check"])).await;
    assert_eq!(printed(&output), "./data/merak.db: whole\n");
    server.register("10.0.0.2").await.unwrap();
    let output = run(merak(directory.path(), &["check", "--data", "x"])).await;
    assert!(refusal(&output).contains("no database `x/merak.db`"));
}

#[tokio::test]
async fn a_backup_of_nothing_names_the_missing_database() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["backup", "copy.db", "--data", "elsewhere"];
    let output = run(merak(directory.path(), &arguments)).await;
    let refusal = refusal(&output);
    assert!(
        refusal.contains("no database `elsewhere/merak.db`"),
        "{refusal}"
    );
    assert_eq!(directory.path().read_dir().unwrap().count(), 0);
}
