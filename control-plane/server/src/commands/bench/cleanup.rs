//! Leaving a running control plane as it was found.

use std::{
    io::{Write as _, stderr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context as _;
use merak_proto::v1::{DeregisterRequest, InstanceKey, registry_client::RegistryClient};
use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::{NAMESPACE, service_key, target::Target};

/// Deregistrations under way at the same time.
const CALLERS: usize = 64;

/// Deregisters instances, by their service and their number, where they are registered.
///
/// Says on standard error what it removed, and what remains: the native protocol deletes no services.
pub(super) async fn remove(target: &Target, instances: Instances) -> anyhow::Result<()> {
    let channel = target.connect().await?;
    let instances = Arc::new(Mutex::new(instances));
    let removed = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let mut registry = RegistryClient::new(channel.clone());
        let (instances, removed) = (Arc::clone(&instances), Arc::clone(&removed));
        callers.spawn(async move {
            loop {
                let next = instances.lock().next();
                let Some((service, number)) = next else {
                    return anyhow::Ok(());
                };
                let instance = InstanceKey {
                    service: Some(service_key(&service)),
                    id: format!("i{number}"),
                };
                let instance = Some(instance);
                let answer = registry.deregister(DeregisterRequest { instance }).await?;
                let was_there = answer.into_inner().revision > 0;
                removed.fetch_add(u64::from(was_there), Ordering::Relaxed);
            }
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller?.context("remove what was registered")?;
    }
    let removed = removed.load(Ordering::Relaxed);
    writeln!(
        stderr(),
        "removed {removed} instances from namespace `{NAMESPACE}`; its services remain, empty: \
         delete them by the REST API"
    )?;
    Ok(())
}

/// Instances by their service and their number.
pub(super) type Instances = Box<dyn Iterator<Item = (String, u32)> + Send>;
