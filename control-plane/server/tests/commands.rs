//! The commands as operators run them: in a directory of their own, without our environment.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use merak_proto::v1::{self, registry_client::RegistryClient};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use tonic::transport::Channel;

/// Nothing here takes nearly as long.
const LIMIT: Duration = Duration::from_secs(30);

fn merak(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_merak"));
    command.args(arguments).current_dir(directory).env_clear();
    command
}

async fn run(mut command: Command) -> Output {
    timeout(LIMIT, command.output()).await.unwrap().unwrap()
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

struct Server {
    _child: Child,
    channel: Channel,
}

impl Server {
    async fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut child = merak(directory, &["serve", "--grpc", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(LIMIT, lines.next_line()).await.unwrap();
        let line = line.unwrap().unwrap();
        let address = line.strip_prefix("grpc listening on ").unwrap();
        let channel = Channel::from_shared(format!("http://{address}")).unwrap();
        let channel = timeout(LIMIT, channel.connect()).await.unwrap().unwrap();
        Self {
            _child: child,
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
        let answer = timeout(LIMIT, registry.register(request)).await.unwrap()?;
        Ok(answer.into_inner().revision)
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
async fn serve_refuses_registrations_for_missing_services_when_told_to() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &["--missing-service", "refuse"]).await;
    let status = server.register("10.0.0.1").await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);
}
