//! Leaving a running control plane as it was found.

use std::{
    collections::BTreeSet,
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
use crate::commands::{
    api::{Api, percent_encoded},
    reports::counted,
};

/// Deregistrations under way at the same time.
const CALLERS: usize = 64;

/// Deregisters instances, by their service and their number, where they are registered; and by the REST API,
/// if that is known, deletes their services and the namespace.
///
/// Says on standard error what it removed, and what remains: the native protocol deletes no services.
pub(super) async fn remove(
    target: &Target,
    instances: Instances,
    server: Option<&Api>,
) -> anyhow::Result<()> {
    let channel = target.connect().await?;
    let instances = Arc::new(Mutex::new(instances));
    let services = Arc::new(Mutex::new(BTreeSet::new()));
    let removed = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let mut registry = RegistryClient::new(channel.clone());
        let (instances, removed) = (Arc::clone(&instances), Arc::clone(&removed));
        let services = Arc::clone(&services);
        callers.spawn(async move {
            loop {
                let next = instances.lock().next();
                let Some((service, number)) = next else {
                    return anyhow::Ok(());
                };
                services.lock().insert(service.clone());
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
    let services = std::mem::take(&mut *services.lock());
    let rest = match server {
        Some(server) => delete(server, services).await?,
        None => "its services remain, empty: --server deletes them by the REST API".to_owned(),
    };
    let removed = counted(removed, "instance");
    writeln!(
        stderr(),
        "removed {removed} from namespace `{NAMESPACE}`; {rest}"
    )?;
    Ok(())
}

/// Deletes the services and the namespace, and says so.
async fn delete(server: &Api, services: BTreeSet<String>) -> anyhow::Result<String> {
    let namespace = format!("/api/v1/namespaces/{NAMESPACE}");
    let mut count = 0;
    for service in services {
        let path = format!("{namespace}/services/{}", percent_encoded(&service));
        count += usize::from(server.delete(&path).await?);
    }
    let services = counted(count, "service");
    Ok(match server.delete(&namespace).await? {
        true => format!("deleted it with {services}"),
        false => format!("deleted {services} of it, and others remain"),
    })
}

/// Instances by their service and their number.
pub(super) type Instances = Box<dyn Iterator<Item = (String, u32)> + Send>;
