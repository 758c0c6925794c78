//! What must hold under load and loss: in small for every day, at full size with `make trials`.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{sync::Arc, time::Duration};

use merak_proto::v1::{
    self, discovery_client::DiscoveryClient, registry_client::RegistryClient,
    sync_request::Kind as Message, sync_response::Update,
};
use merak_sdk::{Client, Registered, Registration, Watch};
use serde_json::Value;
use support::{Server, merak, soon};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::Instant,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

/// Registrations under way at the same time.
const CALLERS: usize = 64;

/// The size of an instance, so that a client's window soon is full.
const NOTE_BYTES: usize = 512;

/// More than 10,000 such instances.
const SNAPSHOT_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// How much a client takes before it reads: what HTTP/2 begins with.
const WINDOW: u32 = 65_535;

async fn channel(server: &Server) -> Channel {
    let channel = Channel::from_shared(server.address())
        .unwrap()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    soon(channel.connect()).await.unwrap()
}

fn key(service: &str) -> v1::ServiceKey {
    v1::ServiceKey {
        namespace: String::new(),
        service: service.to_owned(),
    }
}

/// Registers instances of a service by id, many at a time, and returns the newest revision.
async fn register(channel: &Channel, service: &'static str, ids: Vec<String>, weight: u32) -> u64 {
    let permits = Arc::new(Semaphore::new(CALLERS));
    let mut calls = JoinSet::new();
    for id in ids {
        let permit = Arc::clone(&permits).acquire_owned().await.unwrap();
        let mut registry = RegistryClient::new(channel.clone());
        let request = v1::RegisterRequest {
            service: Some(key(service)),
            id,
            spec: Some(v1::InstanceSpec {
                host: "10.0.0.1".to_owned(),
                port: 80,
                weight: Some(weight),
                metadata: [("note".to_owned(), "x".repeat(NOTE_BYTES))].into(),
                health_check: Some(v1::HealthCheck {
                    kind: Some(v1::health_check::Kind::None(v1::health_check::None {})),
                }),
                ..v1::InstanceSpec::default()
            }),
        };
        calls.spawn(async move {
            let answer = soon(registry.register(request)).await.unwrap();
            drop(permit);
            answer.into_inner().revision
        });
    }
    let revisions = soon(calls.join_all()).await;
    revisions.into_iter().max().unwrap_or_default()
}

/// One series of `/metrics`.
async fn metric(server: &Server, series: &str) -> u64 {
    let (status, text) = server.http("GET", "/metrics", "").await;
    assert_eq!(status, 200);
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap().parse().unwrap()
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("i{number}")).collect()
}

async fn same_registrations_change_nothing(count: usize) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let (channel, for_reader) = (channel(&server).await, channel(&server).await);
    let mut reader = Reader::subscribe(&for_reader, "pay").await;
    register(&channel, "pay", ids(count), 1).await;
    let revision = metric(&server, "merak_revision").await;
    while reader.next().await < revision {}
    let written = || {
        let log = data.path().join("data/merak.db-wal").metadata().unwrap();
        (log.len(), log.modified().unwrap())
    };
    let (before, deltas) = (
        written(),
        metric(&server, r#"merak_sync_updates_total{kind="delta"}"#).await,
    );

    let begin = Instant::now();
    assert!(register(&channel, "pay", ids(count), 1).await <= revision);
    println!("{count} same registrations took {:?}", begin.elapsed());
    assert_eq!(metric(&server, "merak_revision").await, revision);
    assert_eq!(written(), before, "nothing is written to the database");
    let told = metric(&server, r#"merak_sync_updates_total{kind="delta"}"#).await;
    assert_eq!(told, deltas, "nobody is told");
}

#[tokio::test]
async fn same_registrations_change_nothing_in_small() {
    same_registrations_change_nothing(500).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "10,000 instances: `make trials`"]
async fn same_registrations_of_10_000_instances_change_nothing() {
    same_registrations_change_nothing(10_000).await;
}

/// One of many applications: it is an instance of the service that it watches.
struct Application {
    _client: Client,
    _registered: Registered,
    watch: Watch,
}

/// Applications a service.
const PER_SERVICE: usize = 10;

async fn application(address: String, number: usize) -> Application {
    let service = format!("service-{}", number / PER_SERVICE);
    let client = Client::builder(address).build().unwrap();
    let port = u16::try_from(1 + number).unwrap();
    let registration = Registration::new(&*service, "10.0.0.1", port);
    let registered = soon(client.register(registration)).await.unwrap();
    let watch = client.watch(&service).await.unwrap();
    Application {
        _client: client,
        _registered: registered,
        watch,
    }
}

impl Application {
    /// Follows the service until it has so many instances, all of them healthy; returns false if it
    /// ever had fewer than `floor` healthy ones.
    async fn sees(&mut self, count: usize, floor: usize) -> bool {
        loop {
            let state = soon(self.watch.next()).await.unwrap();
            let healthy = state.instances().filter(|one| one.health.is_healthy());
            let healthy = healthy.count();
            if healthy < floor {
                return false;
            }
            if healthy == count && state.instances().len() == count {
                return true;
            }
        }
    }
}

/// Restarts the server under so many applications with the SDK.
async fn applications_survive_a_restart(count: usize) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let memory = metric(&server, "process_resident_memory_bytes").await;
    let begin = Instant::now();
    let mut applications = Vec::with_capacity(count);
    for number in 0..count {
        applications.push(application(server.address(), number).await);
    }
    for application in &mut applications {
        assert!(application.sees(PER_SERVICE, 0).await);
    }
    let grown = metric(&server, "process_resident_memory_bytes").await - memory;
    println!(
        "{count} applications came up in {:?}, for {} KiB of the server each",
        begin.elapsed(),
        grown / 1024 / count as u64
    );
    let revision = metric(&server, "merak_revision").await;

    let begin = Instant::now();
    let grpc = server.kill().await;
    let server = Server::start_with(data.path(), &grpc, &[]).await;
    println!("the server was back after {:?}", begin.elapsed());
    while metric(&server, "merak_subscribers").await < count as u64 {
        tokio::task::yield_now().await;
    }
    println!("all were connected after {:?}", begin.elapsed());
    // One more instance a service: whoever sees it has followed what there was before.
    for service in 0..count / PER_SERVICE {
        let newcomer = count + service;
        let channel = channel(&server).await;
        let service = format!("service-{service}");
        let mut registry = RegistryClient::new(channel);
        let request = v1::RegisterRequest {
            service: Some(key(&service)),
            id: format!("newcomer-{newcomer}"),
            spec: Some(v1::InstanceSpec {
                host: "10.0.0.2".to_owned(),
                port: 1,
                ..v1::InstanceSpec::default()
            }),
        };
        soon(registry.register(request)).await.unwrap();
    }
    for application in &mut applications {
        assert!(
            application.sees(PER_SERVICE + 1, PER_SERVICE).await,
            "an instance was missing or unhealthy"
        );
    }
    let snapshots = metric(&server, r#"merak_sync_updates_total{kind="snapshot"}"#).await;
    assert_eq!(snapshots, 0, "all resume by revision");
    let unhealthy = metric(&server, r#"merak_instances{health="unhealthy"}"#).await;
    assert_eq!(unhealthy, 0);
    let changes = metric(&server, "merak_revision").await - revision;
    assert_eq!(changes, (count / PER_SERVICE) as u64, "only the newcomers");
}

#[tokio::test]
async fn twenty_applications_survive_a_restart() {
    applications_survive_a_restart(20).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a thousand applications: `make trials`"]
async fn a_thousand_applications_survive_a_restart() {
    applications_survive_a_restart(1_000).await;
}

/// A subscriber that reads when it is told to.
struct Reader {
    _requests: mpsc::Sender<v1::SyncRequest>,
    updates: Streaming<v1::SyncResponse>,
}

impl Reader {
    async fn subscribe(channel: &Channel, service: &str) -> Self {
        let (requests, queue) = mpsc::channel(2);
        for kind in [
            Message::Hello(v1::Hello::default()),
            Message::Subscribe(v1::Subscribe {
                subscription: 1,
                kind: v1::Kind::Instances.into(),
                key: Some(key(service)),
                held_revision: 0,
                takes_rule_deltas: false,
            }),
        ] {
            let request = v1::SyncRequest { kind: Some(kind) };
            requests.send(request).await.unwrap();
        }
        let discovery = DiscoveryClient::new(channel.clone());
        let mut discovery = discovery.max_decoding_message_size(SNAPSHOT_LIMIT_BYTES);
        let updates = soon(discovery.sync(ReceiverStream::new(queue))).await;
        Self {
            _requests: requests,
            updates: updates.unwrap().into_inner(),
        }
    }

    /// The revision of the next update.
    async fn next(&mut self) -> u64 {
        let message = soon(self.updates.message()).await.unwrap().unwrap();
        match message.update.unwrap() {
            Update::Instances(snapshot) => snapshot.revision,
            Update::InstancesDelta(delta) => delta.revision,
            Update::Absent(_) | Update::Welcome(_) => 0,
            Update::Services(_)
            | Update::Rules(_)
            | Update::RateLimits(_)
            | Update::RateLimitsDelta(_)
            | Update::RulesDelta(_)
            | Update::Unchanged(_)
            | Update::Refused(_) => panic!("this was not asked for"),
        }
    }
}

/// Changes a service many times while one subscriber does not read and another one does.
async fn a_subscriber_may_sleep(changes: usize, pause: Duration) {
    const INSTANCES: usize = 100;
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let (for_sleeper, for_reader) = (channel(&server).await, channel(&server).await);
    let writer = channel(&server).await;
    register(&writer, "pay", ids(INSTANCES), 1).await;
    let mut sleeper = Reader::subscribe(&for_sleeper, "pay").await;
    let mut reader = Reader::subscribe(&for_reader, "pay").await;
    let newest = metric(&server, "merak_revision").await;
    while reader.next().await < newest {}
    let memory = metric(&server, "process_resident_memory_bytes").await;
    let (mut slowest, mut ticks) = (Duration::ZERO, tokio::time::interval(pause));
    let mut newest = 0;
    for change in 0..changes {
        ticks.tick().await;
        let id = vec![format!("i{}", change % INSTANCES)];
        let weight = 2 + (change / INSTANCES) as u32;
        newest = register(&writer, "pay", id, weight).await;
        let answered = Instant::now();
        while reader.next().await < newest {}
        slowest = slowest.max(answered.elapsed());
    }
    let grown = metric(&server, "process_resident_memory_bytes")
        .await
        .saturating_sub(memory);
    let mut updates = 1;
    while sleeper.next().await < newest {
        updates += 1;
    }
    println!(
        "{changes} changes: the server grew by {grown} bytes; the one who reads was told {slowest:?} \
         after the answer at the latest; the one who slept had {updates} updates to read"
    );
    assert!(
        updates < changes,
        "changes are folded for who does not read"
    );
    assert!(
        grown < 64 * 1024 * 1024,
        "{grown} bytes for a subscriber that sleeps"
    );
}

#[tokio::test]
async fn a_subscriber_may_sleep_through_many_changes() {
    a_subscriber_may_sleep(2_000, Duration::from_micros(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a minute long: `make trials`"]
async fn a_subscriber_may_sleep_for_a_minute_and_10_000_changes() {
    a_subscriber_may_sleep(10_000, Duration::from_millis(6)).await;
}

/// Processes share a limit of 1,000 calls a second, one of them half of the calls until it is killed: what went
/// through in each second, and what could have.
async fn shared_by_twenty_processes() -> Vec<(u64, u64)> {
    let directory = tempfile::tempdir().unwrap();
    let limit = ["bench", "--json", "limit", "--processes", "20"];
    let calls = ["--max", "1000", "--demand", "4", "--seconds", "10"];
    let mut command = merak(directory.path(), &limit);
    let no_others = ["--clients", "1", "--counters", "1"];
    let output = command.args(calls).args(no_others).output();
    let output = output.await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let figures = String::from_utf8(output.stdout).unwrap();
    let figures = figures.lines().map(serde_json::from_str);
    let figures = figures.collect::<Result<Vec<Value>, _>>().unwrap();
    let seconds = figures.iter().filter(|figure| !figure["second"].is_null());
    let number = |value: &Value| value.as_u64().unwrap();
    let second = |one: &Value| (number(&one["permitted"]), number(&one["called"]).min(1000));
    let seconds: Vec<_> = seconds.map(second).collect();
    assert_eq!(seconds.len(), 9, "{figures:?}");
    seconds
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "twenty processes: `make trials`"]
async fn twenty_processes_share_a_limit_one_of_which_is_killed() {
    let seconds = shared_by_twenty_processes().await;
    println!("of 1,000 calls a second went through, and could have: {seconds:?}");
    assert!(seconds.iter().all(|(permitted, _)| *permitted <= 1010));
    // A busy machine may keep processes from asking for some time; it must not in most seconds.
    let is_whole = |(permitted, possible): &&(u64, u64)| permitted * 100 >= possible * 97;
    assert!(seconds.iter().filter(is_whole).count() * 2 > seconds.len());
    let permitted: u64 = seconds.iter().map(|(permitted, _)| permitted).sum();
    let possible: u64 = seconds.iter().map(|(_, possible)| possible).sum();
    assert!(
        permitted * 100 >= possible * 80,
        "{permitted} of {possible}"
    );
}
