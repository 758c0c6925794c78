//! Applications with the SDK against the binary, which gets killed and comes back.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{
    collections::BTreeSet,
    future::Future as _,
    path::Path,
    process::Stdio,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use merak_sdk::{
    Balancer, Call, Client, ClientBuilder, Error, Health, Origin, Registration, ServiceState, Watch,
};
use support::{Server, soon};
use tokio::{net::TcpListener, process::Child, task::JoinSet};
use tokio_stream::wrappers::TcpListenerStream;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

fn builder(server: &Server) -> ClientBuilder {
    Client::builder(server.address())
}

fn client(server: &Server) -> Client {
    builder(server).build().unwrap()
}

fn pay(port: u16) -> Registration {
    Registration::new("pay", "127.0.0.1", port)
}

fn healthy(state: &ServiceState) -> BTreeSet<u16> {
    let healthy = state
        .instances()
        .filter(|one| one.health == Health::Healthy);
    healthy.map(|one| one.spec.port.get()).collect()
}

/// Follows a service until its healthy ports are those, and returns all that were seen.
async fn until(watch: &mut Watch, ports: &[u16]) -> Vec<Arc<ServiceState>> {
    let mut seen = Vec::new();
    loop {
        let state = soon(watch.next()).await.expect("the client is open");
        seen.push(Arc::clone(&state));
        if healthy(&state).into_iter().eq(ports.iter().copied()) {
            return seen;
        }
    }
}

#[tokio::test]
async fn what_one_application_registers_another_one_discovers_and_follows() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let (provider, consumer) = (client(&server), client(&server));
    assert!(matches!(
        consumer.pick(&Call::to("pay")).await,
        Err(Error::Absent(_))
    ));
    let mut watch = consumer.watch("pay").await.unwrap();
    let first = provider.register(pay(1)).await.unwrap();
    until(&mut watch, &[1]).await;
    let picked = consumer.pick(&Call::to("pay")).await.unwrap();
    assert_eq!(&picked.id, first.id());
    assert_eq!(picked.stamp.revision, first.revision());
    let second = provider.register(pay(2)).await.unwrap();
    until(&mut watch, &[1, 2]).await;
    let excluded = [first.id().clone()];
    let other = consumer.pick(&Call::to("pay").excluding(&excluded)).await;
    assert_eq!(&other.unwrap().id, second.id());
    second.deregister().await.unwrap();
    until(&mut watch, &[1]).await;
    drop(first);
    until(&mut watch, &[]).await;
    let none = consumer.pick(&Call::to("pay")).await.unwrap_err();
    assert!(matches!(none, Error::NoInstance { known: 0, .. }), "{none}");
}

#[tokio::test]
async fn a_registration_can_be_replaced_and_repeated() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let (provider, consumer) = (client(&server), client(&server));
    let mut kept = provider.register(pay(1)).await.unwrap();
    let mut watch = consumer.watch("pay").await.unwrap();
    for weight in 1..=20 {
        // The assignment drops the older handle after the newer one is there.
        kept = provider.register(pay(1).weight(weight)).await.unwrap();
    }
    for _ in 0..20 {
        drop(kept);
        kept = provider.register(pay(1).weight(7)).await.unwrap();
    }
    // What was asked for before is done before.
    let other = provider.register(pay(2)).await.unwrap();
    until(&mut watch, &[1, 2]).await;
    drop(other);
    let seen = until(&mut watch, &[1]).await;
    let weight = |state: &ServiceState| {
        let mut instances = state.instances();
        instances.next().unwrap().spec.weight.get()
    };
    assert_eq!(weight(seen.last().unwrap()), 7);
    let (gone, ()) = tokio::join!(until(&mut watch, &[]), async { drop(kept) });
    assert_eq!(gone.last().unwrap().instances().len(), 0);
    consumer.close().await;
    assert!(soon(watch.next()).await.is_none());
}

#[tokio::test]
async fn concurrent_first_uses_make_one_subscription() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let _kept = client(&server).register(pay(1)).await.unwrap();
    let consumer = client(&server);
    let mut picks = JoinSet::new();
    for _ in 0..50 {
        let consumer = consumer.clone();
        picks.spawn(async move { consumer.pick(&Call::to("pay")).await.unwrap() });
    }
    while let Some(picked) = soon(picks.join_next()).await {
        assert_eq!(picked.unwrap().spec.port.get(), 1);
    }
    let state = consumer.instances("pay").await.unwrap();
    assert_eq!(state.origin(), Origin::ControlPlane);
}

#[tokio::test]
async fn a_service_says_how_its_calls_are_balanced() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let services = "/api/v1/namespaces/default/services";
    let keyed = r#"{"name": "pay", "metadata": {"merak.balancer": "maglev", "merak.hash_key": "header.x-user"}}"#;
    assert_eq!(server.http("POST", services, keyed).await.0, 201);
    let client = client(&server);
    let _kept = [
        client.register(pay(1)).await.unwrap(),
        client.register(pay(2)).await.unwrap(),
        client.register(pay(3)).await.unwrap(),
    ];
    let mut watch = client.watch("pay").await.unwrap();
    until(&mut watch, &[1, 2, 3]).await;
    let ports = async |call: Call<'_>| {
        let mut ports = Vec::new();
        for _ in 0..9 {
            ports.push(client.pick(&call).await.unwrap().spec.port.get());
        }
        ports.sort_unstable();
        ports
    };
    let call = || Call::to("pay").header("x-user", "42");
    let one = ports(call()).await;
    assert_eq!(one.first(), one.last());
    let in_turn = r#"{"metadata": {"merak.balancer": "round_robin"}}"#;
    let path = format!("{services}/pay");
    assert_eq!(server.http("PUT", &path, in_turn).await.0, 200);
    while soon(watch.next()).await.unwrap().metadata().len() != 1 {}
    assert_eq!(ports(call()).await, [1, 1, 1, 2, 2, 2, 3, 3, 3]);
    let itself = call().balanced_by(Balancer::RingHash).keyed_by("42");
    let one = ports(itself).await;
    assert_eq!(one.first(), one.last());
}

#[tokio::test]
async fn a_warm_pick_allocates_nothing() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let client = client(&server);
    let _kept = client.register(pay(1)).await.unwrap();
    let handle = client.service("pay").await.unwrap();
    let call = Call::to("pay");
    assert!(handle.pick(&call).is_ok());
    let used = allocation_counter::measure(|| {
        for _ in 0..100 {
            // A warm pick is ready at its first poll.
            let mut pick = std::pin::pin!(client.pick(&call));
            let mut context = Context::from_waker(Waker::noop());
            assert!(pick.as_mut().poll(&mut context).is_ready());
            assert!(handle.pick(&call).is_ok());
        }
    });
    assert_eq!(used.count_total, 0);
}

#[tokio::test]
async fn closing_a_client_leaves_every_service() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let (provider, consumer) = (client(&server), client(&server));
    let _handles = [
        provider.register(pay(1)).await,
        provider.register(pay(2)).await,
    ];
    let mut watch = consumer.watch("pay").await.unwrap();
    until(&mut watch, &[1, 2]).await;
    soon(provider.close()).await;
    let gone = until(&mut watch, &[]).await;
    assert_eq!(
        gone.last().unwrap().instances().len(),
        0,
        "not merely unhealthy"
    );
}

#[tokio::test]
async fn a_killed_server_comes_back_and_nobody_notices() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let (provider, consumer) = (client(&server), client(&server));
    let _first = provider.register(pay(1)).await.unwrap();
    let mut watch = consumer.watch("pay").await.unwrap();
    until(&mut watch, &[1]).await;
    let grpc = server.kill().await;
    let still = consumer.pick(&Call::to("pay")).await.unwrap();
    assert_eq!(still.spec.port.get(), 1);
    let _server = Server::start_with(data.path(), &grpc, &[]).await;
    let _second = provider.register(pay(2)).await.unwrap();
    let seen = until(&mut watch, &[1, 2]).await;
    assert!(seen.iter().all(|state| healthy(state).contains(&1)));
}

#[tokio::test]
async fn a_server_that_lost_everything_learns_it_again() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let provider = client(&server);
    let _kept = provider.register(pay(1)).await.unwrap();
    let grpc = server.kill().await;
    let empty = tempfile::tempdir().unwrap();
    let server = Server::start_with(empty.path(), &grpc, &[]).await;
    let mut watch = client(&server).watch("pay").await.unwrap();
    until(&mut watch, &[1]).await;
}

#[tokio::test]
async fn an_application_starts_on_its_disk_copy_and_converges() {
    let (data, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let provider = client(&server);
    let _first = provider.register(pay(1)).await.unwrap();
    let earlier = builder(&server).cache_dir(cache.path()).build().unwrap();
    earlier.instances("pay").await.unwrap();
    soon(earlier.close()).await;
    let grpc = server.kill().await;
    let later = Client::builder(format!("http://{grpc}")).cache_dir(cache.path());
    let later = later.build().unwrap();
    let state = soon(later.instances("pay")).await.unwrap();
    assert_eq!(
        (state.origin(), healthy(&state)),
        (Origin::Disk, BTreeSet::from([1]))
    );
    let mut watch = later.watch("pay").await.unwrap();
    let _server = Server::start_with(data.path(), &grpc, &[]).await;
    let _second = provider.register(pay(2)).await.unwrap();
    let seen = until(&mut watch, &[1, 2]).await;
    assert_eq!(seen.last().unwrap().origin(), Origin::ControlPlane);
}

#[tokio::test]
async fn one_of_several_addresses_is_enough() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    // Nobody listens on the discard port.
    let client = Client::builder("http://127.0.0.1:9").address(server.address());
    let client = client.build().unwrap();
    let registered = soon(client.register(pay(1))).await.unwrap();
    assert_eq!(registered.service().to_string(), "default/pay");
}

#[tokio::test]
async fn a_first_use_without_an_answer_names_what_was_tried() {
    let client =
        Client::builder("http://127.0.0.1:9").first_sync_timeout(Duration::from_millis(200));
    let client = client.build().unwrap();
    let failure = soon(client.pick(&Call::to("pay"))).await.unwrap_err();
    assert!(matches!(failure, Error::FirstSync { .. }));
    let shown = failure.to_string();
    assert!(
        shown.contains("default/pay") && shown.contains("http://127.0.0.1:9"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_refused_registration_tells_the_reason() {
    let data = tempfile::tempdir().unwrap();
    let arguments = ["--missing-service", "refuse"];
    let server = Server::start_with(data.path(), "127.0.0.1:0", &arguments).await;
    let Err(Error::Refused(refusal)) = client(&server).register(pay(1)).await else {
        panic!("nobody created the service");
    };
    assert_eq!(refusal.reason(), Some("NOT_FOUND"));
    assert_eq!(refusal.field(), None);
    assert!(refusal.message().contains("`default/pay`"), "{refusal}");
}

#[tokio::test]
async fn what_is_not_valid_is_refused_before_it_is_sent() {
    let client = Client::builder("http://127.0.0.1:9").build().unwrap();
    let refused = client
        .register(Registration::new("pay", "10.0.0.1", 0))
        .await
        .err();
    assert!(matches!(refused, Some(Error::Invalid(invalid)) if invalid.field() == "port"));
    assert!(Client::builder("not an address").build().is_err());
    assert!(
        Client::builder("http://127.0.0.1:9")
            .namespace("a b")
            .build()
            .is_err()
    );
}

/// Serves gRPC health checking, so that there is something to call.
async fn serve_health() -> (u16, tokio::task::AbortHandle, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (_, service) = tonic_health::server::health_reporter();
    let mut tasks = JoinSet::new();
    let serving = tasks.spawn(async move {
        let server = tonic::transport::Server::builder().add_service(service);
        server
            .serve_with_incoming(TcpListenerStream::new(listener))
            .await
            .unwrap();
    });
    (port, serving, tasks)
}

#[tokio::test]
async fn a_channel_by_name_follows_the_registry_request_by_request() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let (first_port, first_serving, _first_task) = serve_health().await;
    let (second_port, _, _second_task) = serve_health().await;
    let provider = client(&server);
    let first = provider.register(pay(first_port)).await.unwrap();
    let consumer = client(&server);
    let mut health = HealthClient::new(consumer.channel("pay").unwrap());
    let check = HealthCheckRequest::default;
    soon(health.check(check())).await.unwrap();
    let mut watch = consumer.watch("pay").await.unwrap();
    let _second = provider.register(pay(second_port)).await.unwrap();
    until(
        &mut watch,
        &BTreeSet::from([first_port, second_port])
            .into_iter()
            .collect::<Vec<_>>(),
    )
    .await;
    // A process that is gone and still registered: calls that cannot connect go to the other one.
    first_serving.abort();
    let mut failed = 0;
    for _ in 0..40 {
        failed += usize::from(soon(health.check(check())).await.is_err());
    }
    assert!(
        failed <= 1,
        "only what was sent on a connection that broke may fail, not {failed}"
    );
    first.deregister().await.unwrap();
    until(&mut watch, &[second_port]).await;
    soon(health.check(check())).await.unwrap();
}

/// An application in a process of its own; it ends with its standard input.
async fn provider(server: &Server, directory: &Path) -> Child {
    let address = server.address();
    let node = ["demo", "node", "micro-pay", "--name", "one", "--ttl", "1s"];
    support::merak(directory, &node)
        .args(["--control-plane", &address])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

async fn until_healthy(watch: &mut Watch, count: usize) {
    while healthy(&soon(watch.next()).await.unwrap()).len() != count {}
}

#[tokio::test]
async fn a_killed_application_is_unhealthy_soon() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let mut watch = client(&server).watch("micro-pay").await.unwrap();
    let mut provider = provider(&server, data.path()).await;
    until_healthy(&mut watch, 1).await;
    soon(provider.kill()).await.unwrap();
    until_healthy(&mut watch, 0).await;
}

#[tokio::test]
async fn a_paused_application_is_unhealthy_until_it_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let mut watch = client(&server).watch("micro-pay").await.unwrap();
    let provider = provider(&server, data.path()).await;
    until_healthy(&mut watch, 1).await;
    support::signal(&provider, "STOP");
    until_healthy(&mut watch, 0).await;
    support::signal(&provider, "CONT");
    until_healthy(&mut watch, 1).await;
}

#[tokio::test]
async fn an_application_that_ends_is_gone_at_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let mut watch = client(&server).watch("micro-pay").await.unwrap();
    let mut provider = provider(&server, data.path()).await;
    until_healthy(&mut watch, 1).await;
    drop(provider.stdin.take());
    assert!(soon(provider.wait()).await.unwrap().success());
    let state = soon(watch.next()).await.unwrap();
    assert_eq!(state.instances().len(), 0);
}
