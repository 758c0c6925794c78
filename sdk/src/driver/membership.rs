//! What is said of one instance beside the task: that it is there again, or leaves.

use std::time::Duration;

use merak_proto::v1::{self, registry_client::RegistryClient};
use tonic::{Code, transport::Channel};
use tracing::{debug, info, warn};

use super::{CONNECT_TIMEOUT, Command, Shared};
use crate::{
    claims::Generation,
    keepalive::{InstanceKey, Kept},
};

/// How long a registration waits that the control plane cannot take now, less up to its half by chance.
const RETRY: Duration = Duration::from_secs(1);

/// Speaks of instances on one connection.
pub(crate) struct Membership {
    pub(crate) channel: Channel,
    pub(crate) shared: Shared,
}

impl Membership {
    /// Registers an instance that the control plane no longer knows, if it is still wanted.
    ///
    /// What is unavailable, or not answered in time, is tried again: attached once more, the instance is
    /// unknown once more.
    pub(super) async fn register_again(self, kept: Kept) {
        let registration = kept.registration;
        let key = (registration.service.clone(), registration.instance_id());
        let turn = self.shared.claims.turn(&key).await;
        if !turn.is_newest(kept.generation) || self.shared.stop.is_cancelled() {
            return;
        }
        let mut registry = RegistryClient::new(self.channel.clone());
        let request = v1::RegisterRequest::from(&registration);
        let answer = tokio::time::timeout(CONNECT_TIMEOUT, registry.register(request));
        let Some(answer) = self.shared.stop.run_until_cancelled(answer).await else {
            return;
        };
        if !turn.is_newest(kept.generation) {
            // Nobody wants it any more, and it may be there again just now.
            self.deregister(&key).await;
            return;
        }
        drop(turn);
        let (service, instance) = &key;
        match answer {
            Ok(Ok(_)) => info!(%service, %instance, "registered again"),
            Ok(Err(status)) if status.code() != Code::Unavailable => {
                warn!(%service, %instance, "cannot register again: {}", status.message());
                return;
            }
            Ok(Err(_)) | Err(_) => {
                debug!(%service, %instance, "not taken or not answered, registering again later");
                let wait = RETRY.mul_f64(0.5 + f64::from(fastrand::f32()) / 2.0);
                let wait = tokio::time::sleep(wait);
                if self.shared.stop.run_until_cancelled(wait).await.is_none() {
                    return;
                }
            }
        }
        // The client may be closed by now.
        let _ = self.shared.tell(Command::Reattach(key));
    }

    /// Deregisters an instance whose handle was dropped, unless it was registered since; the end of its
    /// stream says the same, only later.
    pub(crate) async fn leave(self, key: InstanceKey, generation: Generation) {
        let turn = self.shared.claims.turn(&key).await;
        if !turn.is_newest(generation) {
            return;
        }
        self.deregister(&key).await;
        turn.release(generation);
    }

    async fn deregister(self, (service, id): &InstanceKey) {
        let instance = Some((service, id).into());
        let request = v1::DeregisterRequest { instance };
        let mut registry = RegistryClient::new(self.channel);
        let answer = registry.deregister(request);
        if let Ok(Err(status)) = tokio::time::timeout(CONNECT_TIMEOUT, answer).await {
            debug!(%service, instance = %id, "cannot deregister: {}", status.message());
        }
    }
}
