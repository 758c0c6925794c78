//! Following services, against a control plane that answers when the test says so.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::Duration;

use merak_proto::v1::{Refused, sync_request::Kind, sync_response::Update};
use merak_sdk::{Call, Client, ClientBuilder, Error, Origin, Watch};
use support::{Plane, snapshot, soon};

/// A client that follows a service, and its discovery stream.
async fn following(plane: &mut Plane) -> (Client, Watch, support::Sync) {
    following_with(Client::builder(&plane.address), plane).await
}

async fn following_with(
    builder: ClientBuilder,
    plane: &mut Plane,
) -> (Client, Watch, support::Sync) {
    let client = builder.build().unwrap();
    let answers = async {
        let mut sync = plane.welcome().await;
        let number = sync.subscription().await.subscription;
        sync.update(number, snapshot(3, &[1]));
        sync
    };
    let (watch, sync) = tokio::join!(client.watch("pay"), answers);
    (client, watch.unwrap(), sync)
}

#[tokio::test]
async fn a_connection_that_flaps_loses_no_service() {
    let mut plane = Plane::start().await;
    let client = Client::builder(&plane.address).build().unwrap();
    let answers = async {
        let mut sync = plane.welcome().await;
        let number = sync.subscription().await.subscription;
        sync.update(number, snapshot(3, &[1]));
        sync
    };
    let (state, mut sync) = tokio::join!(client.instances("pay"), answers);
    assert_eq!(state.unwrap().origin(), Origin::ControlPlane);
    for _ in 0..5 {
        drop(sync);
        sync = plane.welcome().await;
        let resumed = sync.subscription().await;
        assert_eq!(resumed.held_revision, 3);
    }
}

#[tokio::test]
async fn a_watch_ends_when_the_client_is_closed() {
    let mut plane = Plane::start().await;
    let (client, mut watch, _sync) = following(&mut plane).await;
    let state = soon(watch.next()).await.unwrap();
    assert_eq!(state.revision().get(), 3);
    let (end, ()) = tokio::join!(soon(watch.next()), soon(client.close()));
    assert!(end.is_none());
    assert!(soon(watch.next()).await.is_none(), "and stays so");
}

#[tokio::test]
async fn a_closed_client_says_so_at_every_first_use() {
    let mut plane = Plane::start().await;
    let client = Client::builder(&plane.address).build().unwrap();
    let _sync = plane.welcome().await;
    let call = Call::to("pay");
    let (waiting, ()) = tokio::join!(client.pick(&call), soon(client.clone().close()));
    assert!(matches!(waiting, Err(Error::Closed)), "{waiting:?}");
    for _ in 0..2 {
        let closed = client.pick(&Call::to("order")).await;
        assert!(matches!(closed, Err(Error::Closed)), "{closed:?}");
    }
}

#[tokio::test]
async fn what_was_pushed_before_a_loss_is_kept_on_disk() {
    let (mut plane, cache) = (Plane::start().await, tempfile::tempdir().unwrap());
    let builder = Client::builder(&plane.address).cache_dir(cache.path());
    let (_client, _watch, sync) = following_with(builder, &mut plane).await;
    drop((plane, sync));
    let kept = async {
        while std::fs::read_dir(cache.path()).unwrap().count() == 0 {
            tokio::task::yield_now().await;
        }
    };
    soon(kept).await;
}

#[tokio::test]
async fn a_refused_subscription_is_tried_again() {
    let mut plane = Plane::start().await;
    let client = Client::builder(&plane.address).build().unwrap();
    let refusing = async {
        let mut sync = plane.welcome().await;
        let number = sync.subscription().await.subscription;
        let refused = Refused {
            reason: "too_many_subscriptions".to_owned(),
            message: "at most 3".to_owned(),
        };
        sync.update(number, Update::Refused(refused));
        sync
    };
    let call = Call::to("pay");
    let (picked, mut sync) = tokio::join!(client.pick(&call), refusing);
    assert!(matches!(picked, Err(Error::Refused(_))), "{picked:?}");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::time::resume();
    let number = sync.any_subscription().await.subscription;
    sync.update(number, snapshot(3, &[1]));
    let ack = sync.next().await.unwrap();
    assert!(matches!(ack.kind, Some(Kind::Ack(_))));
    assert!(client.pick(&call).await.is_ok());
}
