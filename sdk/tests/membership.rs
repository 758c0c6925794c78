//! Joining, staying and leaving, against a control plane that answers when the test says so.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::Duration;

use futures_util::future::join_all;
use merak_proto::v1;
use merak_sdk::{Client, Error, Registration};
use support::{Plane, soon};

fn pay(port: u16) -> Registration {
    Registration::new("pay", "127.0.0.1", port).id(port.to_string())
}

/// A client, and its discovery stream.
async fn connected(plane: &mut Plane) -> (Client, support::Sync) {
    let client = Client::builder(&plane.address).build().unwrap();
    let sync = plane.welcome().await;
    (client, sync)
}

async fn register(plane: &mut Plane, client: &Client, wish: Registration) -> merak_sdk::Registered {
    let registering = Box::pin(client.register(wish));
    let (registered, _) = tokio::join!(registering, plane.accept());
    registered.unwrap()
}

fn ids(keys: &[v1::InstanceKey]) -> Vec<&str> {
    keys.iter().map(|key| key.id.as_str()).collect()
}

/// The id of the next deregistration, which succeeds.
async fn left(plane: &mut Plane) -> String {
    let asked = soon(plane.deregistrations.recv()).await.unwrap();
    let id = asked.request.instance.clone().unwrap().id;
    asked.answer(Ok(v1::DeregisterResponse { revision: 2 }));
    id
}

#[tokio::test]
async fn a_handle_that_is_replaced_leaves_nothing() {
    let mut plane = Plane::start().await;
    let (client, _sync) = connected(&mut plane).await;
    let first = register(&mut plane, &client, pay(1)).await;
    let second = register(&mut plane, &client, pay(1).weight(7)).await;
    drop(first);
    let other = register(&mut plane, &client, pay(2)).await;
    drop(other);
    assert_eq!(left(&mut plane).await, "2", "the first one still stands");
    drop(second);
    assert_eq!(left(&mut plane).await, "1");
}

#[tokio::test]
async fn an_older_handle_deregisters_nothing() {
    let mut plane = Plane::start().await;
    let (client, _sync) = connected(&mut plane).await;
    let first = register(&mut plane, &client, pay(1)).await;
    let second = register(&mut plane, &client, pay(1)).await;
    soon(first.deregister()).await.unwrap();
    assert!(plane.deregistrations.try_recv().is_err());
    let (outcome, id) = tokio::join!(soon(second.deregister()), left(&mut plane));
    outcome.unwrap();
    assert_eq!(id, "1");
}

#[tokio::test]
async fn an_instance_that_becomes_static_stays_when_its_older_handle_is_dropped() {
    let mut plane = Plane::start().await;
    let (client, _sync) = connected(&mut plane).await;
    let beating = register(&mut plane, &client, pay(1)).await;
    let mut alive = soon(plane.keep_alives.recv()).await.unwrap();
    assert_eq!(ids(&alive.next().await.unwrap().attach), ["1"]);
    let fixed = register(&mut plane, &client, pay(1).without_heartbeat()).await;
    assert_eq!(ids(&alive.next().await.unwrap().detach), ["1"]);
    drop(beating);
    let other = register(&mut plane, &client, pay(2)).await;
    drop(other);
    assert_eq!(left(&mut plane).await, "2");
    drop(fixed);
    soon(client.close()).await;
    assert!(plane.deregistrations.try_recv().is_err());
}

#[tokio::test]
async fn a_registration_waits_for_the_departure_before_it() {
    let mut plane = Plane::start().await;
    let (client, _sync) = connected(&mut plane).await;
    drop(register(&mut plane, &client, pay(1)).await);
    let leaving = soon(plane.deregistrations.recv()).await.unwrap();
    let again = Box::pin(client.register(pay(1)));
    let others = async {
        let other = register(&mut plane, &client, pay(2)).await;
        assert!(plane.registrations.try_recv().is_err(), "it leaves still");
        leaving.answer(Ok(v1::DeregisterResponse { revision: 2 }));
        plane.accept().await;
        other
    };
    let (again, _other) = tokio::join!(again, others);
    assert_eq!(again.unwrap().id().as_str(), "1");
}

#[tokio::test]
async fn a_request_without_an_answer_is_not_called_a_missing_connection() {
    let mut plane = Plane::start().await;
    let builder = Client::builder(&plane.address).request_timeout(Duration::from_millis(200));
    let client = builder.build().unwrap();
    let _sync = plane.welcome().await;
    let Err(Error::Unavailable(why)) = client.register(pay(1)).await else {
        panic!("nobody has answered");
    };
    assert!(why.starts_with("connected to one of http://"), "{why}");
    assert!(plane.registrations.try_recv().is_ok());
}

#[tokio::test]
async fn closing_right_after_a_registration_leaves_nothing_behind() {
    for _ in 0..10 {
        let mut plane = Plane::start().await;
        let (client, _sync) = connected(&mut plane).await;
        let _kept = register(&mut plane, &client, pay(1)).await;
        let ((), id) = tokio::join!(soon(client.close()), left(&mut plane));
        assert_eq!(id, "1");
    }
}

#[tokio::test]
async fn a_registration_that_is_answered_after_the_close_is_taken_back() {
    let mut plane = Plane::start().await;
    let (client, _sync) = connected(&mut plane).await;
    let registering = Box::pin(client.register(pay(1)));
    let others = async {
        let asked = soon(plane.registrations.recv()).await.unwrap();
        soon(client.clone().close()).await;
        asked.accept();
        left(&mut plane).await
    };
    let (registered, id) = tokio::join!(registering, others);
    assert_eq!(
        registered.err().unwrap().to_string(),
        "the client is closed"
    );
    assert_eq!(id, "1");
}

#[tokio::test]
async fn closing_does_not_wait_for_a_registration_that_is_repeated() {
    let mut plane = Plane::start().await;
    let (client, _sync) = connected(&mut plane).await;
    let _kept = register(&mut plane, &client, pay(1)).await;
    let mut alive = soon(plane.keep_alives.recv()).await.unwrap();
    let unknown = alive.next().await.unwrap().attach;
    alive.send(Ok(v1::KeepAliveResponse { unknown }));
    let _unanswered = soon(plane.registrations.recv()).await.unwrap();
    let ((), id) = tokio::join!(soon(client.close()), left(&mut plane));
    assert_eq!(id, "1");
}

#[tokio::test]
async fn an_instance_that_an_operator_deleted_is_registered_again() {
    let mut plane = Plane::start().await;
    let (client, _sync) = connected(&mut plane).await;
    let _kept = register(&mut plane, &client, pay(1).weight(7)).await;
    let mut alive = soon(plane.keep_alives.recv()).await.unwrap();
    let unknown = alive.next().await.unwrap().attach;
    // Long after the attachment was answered, as the answer to a beat.
    alive.send(Ok(v1::KeepAliveResponse::default()));
    alive.send(Ok(v1::KeepAliveResponse { unknown }));
    let again = plane.accept().await;
    assert_eq!(
        (again.id.as_str(), again.spec.unwrap().weight),
        ("1", Some(7))
    );
    assert_eq!(ids(&alive.next().await.unwrap().attach), ["1"]);
}

#[tokio::test]
async fn more_instances_than_one_stream_takes_use_another_one() {
    let mut plane = Plane::start().await;
    let (client, _sync) = connected(&mut plane).await;
    let mut kept = Vec::new();
    for part in 0..11 {
        let ports = 1 + 1_000 * part..1 + 1_000 * (part + 1);
        let registering = join_all(ports.map(|port| client.register(pay(port))));
        let accepting = async {
            for _ in 0..1_000 {
                plane.accept().await;
            }
        };
        let (registered, ()) = tokio::join!(registering, accepting);
        kept.extend(registered.into_iter().map(Result::unwrap));
    }
    let mut streams = Vec::new();
    for expected in [10_000, 1_000] {
        let mut alive = soon(plane.keep_alives.recv()).await.unwrap();
        let mut attached = 0;
        while attached < expected {
            attached += alive.next().await.unwrap().attach.len();
        }
        assert_eq!(attached, expected);
        streams.push(alive);
    }
}

#[tokio::test]
async fn a_repeated_registration_that_nobody_wants_any_more_is_taken_back() {
    let mut plane = Plane::start().await;
    let client = Client::builder(&plane.address).first_sync_timeout(Duration::from_millis(200));
    let client = client.build().unwrap();
    let sync = plane.welcome().await;
    let kept = register(&mut plane, &client, pay(1)).await;
    let mut alive = soon(plane.keep_alives.recv()).await.unwrap();
    let unknown = alive.next().await.unwrap().attach;
    alive.send(Ok(v1::KeepAliveResponse { unknown }));
    let asked = soon(plane.registrations.recv()).await.unwrap();
    plane.hide();
    drop((sync, alive));
    let lost = client.instances("pay").await.unwrap_err();
    assert!(lost.to_string().contains("not connected"), "{lost}");
    drop(kept);
    // The client has taken the departure when it answers what was asked after it.
    client.instances("order").await.unwrap_err();
    asked.accept();
    assert_eq!(left(&mut plane).await, "1");
}
