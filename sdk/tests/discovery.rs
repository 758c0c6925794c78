//! Following services, against a control plane that answers when the test says so.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use merak_sdk::{Client, Origin};
use support::{Plane, snapshot};

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
