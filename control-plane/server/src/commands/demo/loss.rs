//! The loss of a replica.

use merak_sdk::{Client, Watch};
use tokio::time::{Duration, Instant};

use super::system::System;

/// The loss of a replica.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Loss {
    pub(super) killed: Option<Instant>,
    pub(super) noticed: Option<Instant>,
}

impl Loss {
    pub(super) fn noticed_after(&self) -> Option<Duration> {
        let times = self.noticed.zip(self.killed);
        times.map(|(noticed, killed)| noticed - killed)
    }
}

/// A replica that may get lost, as an application sees it.
pub(super) struct Watched {
    replica: String,
    watch: Watch,
    _client: Client,
}

impl Watched {
    pub(super) async fn begin(system: &System, replica: &str) -> anyhow::Result<Self> {
        let client = Client::builder(format!("http://{}", system.grpc)).build()?;
        Ok(Self {
            replica: replica.to_owned(),
            watch: client.watch(service_of(replica)).await?,
            _client: client,
        })
    }

    /// Waits until the replica is no longer healthy.
    pub(super) async fn loss(&mut self) {
        while let Some(state) = self.watch.next().await {
            let is_it = |value: &str| value == self.replica;
            let mut replicas = state.instances().filter(|one| {
                let name = one.spec.metadata.get("replica");
                name.is_some_and(is_it)
            });
            if !replicas.any(|one| one.health.is_healthy()) {
                return;
            }
        }
        std::future::pending().await
    }
}

/// The service of a replica: its name without the number.
fn service_of(replica: &str) -> &str {
    replica
        .rsplit_once('-')
        .map_or(replica, |(service, _)| service)
}
