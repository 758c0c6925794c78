//! The binary on disks that are full, read-only or damaged: it says so, and loses nothing.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, Permissions},
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::Path,
    process::Stdio,
};

use merak_proto::v1::{self, registry_client::RegistryClient};
use merak_sdk::{Client, Registration};
use support::{LOG, Server, grant_room, merak, soon, with_file_limit_on};
use tokio::{process::Command, task::JoinSet};
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

const INSTANCES: &str = "/api/v1/namespaces/default/services/pay/instances";

const SERVE: [&str; 5] = ["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"];

/// Serves where no file can grow beyond so many kibibytes.
fn with_file_limit(directory: &Path, kibibytes: u32) -> Command {
    with_file_limit_on("127.0.0.1:0", directory, kibibytes)
}

/// Serves as somebody whom file permissions bind: even root, who may lack the right to ignore them.
fn bound_by_permissions(directory: &Path) -> Command {
    if !is_root() {
        return merak(directory, &SERVE);
    }
    let mut command = Command::new("/usr/bin/setpriv");
    command
        .args(["--bounding-set", "-dac_override,-dac_read_search"])
        .arg(env!("CARGO_BIN_EXE_merak"))
        .args(SERVE)
        .current_dir(directory)
        .env_clear()
        .kill_on_drop(true);
    command
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("Uid:"));
    line.unwrap().split_whitespace().nth(2) == Some("0")
}

/// Runs a command that must fail by itself, with a message and without a panic; the message.
async fn refusal(mut command: Command) -> String {
    let output = soon(command.output()).await.unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("merak: "), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// The log of a server that was limited, without a panic in it.
fn log_of(directory: &Path) -> String {
    let log = fs::read_to_string(directory.join(LOG)).unwrap();
    assert!(!log.contains("panicked"), "{log}");
    log
}

async fn connect(server: &Server) -> RegistryClient<Channel> {
    let channel = Channel::from_shared(server.address()).unwrap();
    RegistryClient::new(soon(channel.connect()).await.unwrap())
}

async fn register(mut registry: RegistryClient<Channel>, id: &str) -> Result<u64, Status> {
    let request = v1::RegisterRequest {
        service: Some(v1::ServiceKey {
            namespace: String::new(),
            service: "pay".to_owned(),
        }),
        id: id.to_owned(),
        spec: Some(v1::InstanceSpec {
            host: "10.0.0.1".to_owned(),
            port: 80,
            health_check: Some(v1::HealthCheck {
                kind: Some(v1::health_check::Kind::None(v1::health_check::None {})),
            }),
            ..v1::InstanceSpec::default()
        }),
    };
    let answer = soon(registry.register(request)).await?;
    Ok(answer.into_inner().revision)
}

/// Registers instances from several callers until each was refused; the acknowledged ones.
async fn fill(server: &Server, prefix: &str) -> (BTreeMap<String, u64>, Vec<Status>) {
    let registry = connect(server).await;
    let mut callers = JoinSet::new();
    for caller in 0..4 {
        let (registry, prefix) = (registry.clone(), format!("{prefix}-{caller}"));
        callers.spawn(async move {
            let mut acknowledged = Vec::new();
            loop {
                let id = format!("{prefix}-{}", acknowledged.len());
                match register(registry.clone(), &id).await {
                    Ok(revision) => acknowledged.push((id, revision)),
                    Err(status) => return (acknowledged, status),
                }
            }
        });
    }
    let ended = soon(callers.join_all()).await;
    let (acknowledged, refused): (Vec<_>, Vec<_>) = ended.into_iter().unzip();
    (acknowledged.into_iter().flatten().collect(), refused)
}

/// The ids that the server lists, with their revisions.
async fn listed(server: &Server) -> BTreeMap<String, u64> {
    let (mut found, mut token) = (BTreeMap::new(), String::new());
    loop {
        let path = format!("{INSTANCES}?page_size=500{token}");
        let (status, answer) = server.http("GET", &path, "").await;
        assert_eq!(status, 200, "{answer}");
        let page: serde_json::Value = serde_json::from_str(&answer).unwrap();
        for item in page["items"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap().to_owned();
            found.insert(id, item["revision"].as_u64().unwrap());
        }
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_keeps_exactly_what_was_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::spawn(with_file_limit(data.path(), 512)).await;
    let (mut acknowledged, refused) = fill(&server, "full").await;
    for status in refused {
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        let told = status.message();
        let expected = "merak.db` refused a write: the disk reports an error";
        assert!(told.ends_with(expected), "{told}");
        assert!(status.get_details_retry_info().is_some());
    }
    // One write may fit where several together did not.
    let mut ports = 80..;
    let (status, problem) = loop {
        let body = format!(
            r#"{{"host": "10.0.0.2", "port": {}}}"#,
            ports.next().unwrap()
        );
        let (status, answer) = server.http("POST", INSTANCES, &body).await;
        if status != 201 {
            break (status, answer);
        }
        let told: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let id = told["id"].as_str().unwrap().to_owned();
        acknowledged.insert(id, told["revision"].as_u64().unwrap());
    };
    assert_eq!(status, 503, "{problem}");
    assert_eq!(listed(&server).await, acknowledged);

    grant_room(&server).await;
    let later = register(connect(&server).await, "later").await.unwrap();
    let newest = acknowledged.values().max().unwrap();
    assert_eq!(later, newest + 1, "a refused write leaves no trace");

    server.kill().await;
    log_of(data.path());
    let server = Server::start(data.path()).await;
    let mut expected = acknowledged;
    expected.insert("later".to_owned(), later);
    assert_eq!(listed(&server).await, expected);
}

#[tokio::test]
async fn an_application_is_registered_again_once_a_full_disk_has_room() {
    let (data, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::spawn(with_file_limit(full.path(), 300)).await;
    fill(&server, "full").await;
    server.kill().await;

    let server = Server::start(data.path()).await;
    let provider = Client::builder(server.address()).build().unwrap();
    let wish = Registration::new("order", "10.0.0.1", 80);
    let _registered = soon(provider.register(wish)).await.unwrap();
    let address = server.kill().await;
    // The one that takes its place does not know the instance, and has no room for it.
    let server = Server::spawn(with_file_limit_on(&address, full.path(), 300)).await;
    let is_refused = async {
        while !log_of(full.path()).contains("refused a write") {
            tokio::task::yield_now().await;
        }
    };
    soon(is_refused).await;
    grant_room(&server).await;
    let consumer = Client::builder(server.address()).build().unwrap();
    let mut watch = soon(consumer.watch("order")).await.unwrap();
    while soon(watch.next()).await.unwrap().instances().count() == 0 {}
}

#[tokio::test]
#[ignore = "needs the right to mount; a limit on file sizes stands in for it elsewhere"]
async fn a_full_file_system_is_named_and_reads_go_on() {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("data")).unwrap();
    let script = "mount -t tmpfs -o size=600k none data && exec \"$0\" \"$@\"";
    let mut command = Command::new("/usr/bin/unshare");
    command
        .args(["--mount", "/bin/bash", "-c", script])
        .arg(env!("CARGO_BIN_EXE_merak"))
        .args(SERVE)
        .stderr(File::create(data.path().join(LOG)).unwrap())
        .current_dir(data.path())
        .env("PATH", "/usr/bin:/bin")
        .kill_on_drop(true);
    let server = Server::spawn(command).await;
    let (acknowledged, refused) = fill(&server, "full").await;
    for status in refused {
        let told = (status.code(), status.message());
        let full = "`./data/merak.db` refused a write: the disk is full: free some space";
        assert_eq!(told, (Code::Unavailable, full));
    }
    assert_eq!(listed(&server).await, acknowledged);
    server.kill().await;
    log_of(data.path());
}

#[tokio::test]
async fn a_disk_that_fills_up_again_and_again_never_holds_half_a_commit() {
    let data = tempfile::tempdir().unwrap();
    let mut known = BTreeMap::new();
    for round in 0..6 {
        let limited = with_file_limit(data.path(), 200 + 150 * round);
        let server = Server::spawn(limited).await;
        let (acknowledged, _) = fill(&server, &format!("r{round}")).await;
        assert!(!acknowledged.is_empty());
        known.extend(acknowledged);
        server.kill().await;
        log_of(data.path());
        let server = Server::start(data.path()).await;
        assert_eq!(listed(&server).await, known);
        server.kill().await;
    }
}

#[tokio::test]
async fn a_disk_too_small_for_the_schema_is_refused_and_used_once_it_has_room() {
    let (mut refused, mut served) = (BTreeSet::new(), BTreeSet::new());
    for kibibytes in [0, 1, 4, 8, 16, 32, 48, 64, 96, 128, 192] {
        let data = tempfile::tempdir().unwrap();
        let mut command = with_file_limit(data.path(), kibibytes);
        command.stderr(Stdio::piped());
        match Server::try_spawn(command).await {
            Ok(server) => {
                server.kill().await;
                served.insert(kibibytes);
            }
            Err(said) => {
                assert!(!said.contains("panicked"), "{said}");
                let told = "data/merak.db` cannot be opened: the disk reports an error";
                assert!(said.contains(told), "{kibibytes}: {said}");
                refused.insert(kibibytes);
            }
        }
        let server = Server::start(data.path()).await;
        let first = register(connect(&server).await, "a").await.unwrap();
        assert_eq!(listed(&server).await, [("a".to_owned(), first)].into());
    }
    assert!(refused.contains(&0) && served.contains(&192));
    assert!(refused.last() < served.first(), "{refused:?} {served:?}");
}

/// A data directory with one instance, of a server that is gone; what the server listed.
async fn served_once(directory: &Path) -> BTreeMap<String, u64> {
    let server = Server::start(directory).await;
    register(connect(&server).await, "a").await.unwrap();
    let known = listed(&server).await;
    server.kill().await;
    known
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn what_may_not_be_written_is_named_and_left_alone() {
    for (file, told) in [
        ("data/merak.db.lock", "cannot write `./data/merak.db.lock`"),
        ("data/merak.db", "data/merak.db` cannot be opened: "),
        ("data/merak.db-wal", "data/merak.db` cannot be opened: "),
    ] {
        let data = tempfile::tempdir().unwrap();
        let known = served_once(data.path()).await;
        let path = data.path().join(file);
        let before = fs::read(&path).unwrap();
        allow(&path, 0o444);
        let message = refusal(bound_by_permissions(data.path())).await;
        assert!(message.contains(told), "{message}");
        assert_eq!(fs::read(&path).unwrap(), before, "{file}");
        allow(&path, 0o644);
        let server = Server::start(data.path()).await;
        assert_eq!(listed(&server).await, known, "{file}");
    }
}

#[tokio::test]
async fn a_directory_that_may_not_be_written_is_named() {
    let data = tempfile::tempdir().unwrap();
    allow(data.path(), 0o555);
    let message = refusal(bound_by_permissions(data.path())).await;
    assert!(message.contains("create directory ./data"), "{message}");
    allow(data.path(), 0o755);
    fs::create_dir(data.path().join("data")).unwrap();
    allow(&data.path().join("data"), 0o555);
    let message = refusal(bound_by_permissions(data.path())).await;
    let told = "cannot write `./data/merak.db.lock`: create its folder, or grant access";
    assert!(message.contains(told), "{message}");
    assert_eq!(data.path().join("data").read_dir().unwrap().count(), 0);
    allow(&data.path().join("data"), 0o755);
    Server::start(data.path()).await;
}

#[tokio::test]
async fn what_is_in_the_way_is_named() {
    for (in_the_way, told) in [
        (
            "data/merak.db/x",
            "data/merak.db` cannot be opened: check its folder",
        ),
        (
            "data/merak.db.lock/x",
            "cannot write `./data/merak.db.lock`",
        ),
        (
            "data/merak.db-wal/x",
            "data/merak.db` is missing although `./data/merak.db-wal` is there",
        ),
        ("data", "create directory ./data"),
    ] {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(in_the_way);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "in the way").unwrap();
        let message = refusal(merak(data.path(), &SERVE)).await;
        assert!(message.contains(told), "{in_the_way}: {message}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "in the way");
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused_or_served_and_never_a_panic() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    for number in 0..50 {
        let id = format!("i{number}");
        register(connect(&server).await, &id).await.unwrap();
    }
    server.kill().await;
    // A backup has everything in one file.
    let mut backup = merak(data.path(), &["backup", "whole.db"]);
    assert!(soon(backup.output()).await.unwrap().status.success());
    let whole = fs::read(data.path().join("whole.db")).unwrap();
    let mut random = fastrand::Rng::with_seed(3);
    let mut refused = 0;
    for round in 0..40 {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir(data.path().join("data")).unwrap();
        let path = data.path().join("data/merak.db");
        fs::write(&path, &whole).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        match round % 4 {
            0 => file.set_len(random.u64(1..whole.len() as u64)).unwrap(),
            1 => file
                .write_all_at(&[0; 4096], 4096 * random.u64(0..8))
                .unwrap(),
            2 => file
                .write_all_at(&[0xff; 600], random.u64(0..65_536))
                .unwrap(),
            _ => file
                .write_all_at(&random.u64(..).to_ne_bytes(), random.u64(0..100))
                .unwrap(),
        }
        let mut command = merak(data.path(), &SERVE);
        command.stderr(Stdio::piped());
        match Server::try_spawn(command).await {
            Ok(server) => {
                let (status, answer) = server.http("GET", INSTANCES, "").await;
                assert!(status == 200 || status == 404, "{round}: {answer}");
                server.kill().await;
            }
            Err(said) => {
                assert!(!said.contains("panicked"), "{said}");
                let is_clear = said.contains("damaged") || said.contains("is not valid");
                assert!(is_clear, "{round}: {said}");
                refused += 1;
            }
        }
    }
    assert!(refused > 10, "{refused} of 40 were refused");
}
