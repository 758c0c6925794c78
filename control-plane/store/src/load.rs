//! Reading everything at start.

use std::{collections::HashMap, path::Path, sync::Arc};

use merak_core::{Error, Loaded, Result};
use merak_model::{
    Epoch, Health, Instance, InstanceId, Namespace, NamespaceName, Revision, Service, ServiceKey,
    Stamp, Timestamp,
};
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use crate::error;

type NamespaceRow = (i64, String, String, i64, i64, i64);
type ServiceRow = (i64, String, String, String, i64, i64, i64);
type InstanceRow = (i64, i64, String, String, i64, String, i64, i64, i64);

pub(crate) async fn load(connection: &mut SqliteConnection, path: &Path) -> Result<Loaded> {
    let failed = |failure| error::reading(path, failure);
    let (epoch,): (String,) = sqlx::query_as("SELECT epoch FROM control_plane")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let (revision,): (i64,) = sqlx::query_as("SELECT COALESCE(MAX(revision), 0) FROM change")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let namespaces: Vec<NamespaceRow> =
        sqlx::query_as("SELECT pk, name, spec, revision, created_at, modified_at FROM namespace")
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    let services: Vec<ServiceRow> = sqlx::query_as(
        "SELECT pk, namespace, name, spec, revision, created_at, modified_at FROM service",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let instances: Vec<InstanceRow> = sqlx::query_as(
        "SELECT pk, service_pk, id, health, isolated, spec, revision, created_at, modified_at \
         FROM instance",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let services: Vec<Service> = services.into_iter().map(service).collect::<Result<_>>()?;
    let keys: HashMap<Revision, Arc<ServiceKey>> = services
        .iter()
        .map(|service| {
            (
                service.stamp.created_revision,
                Arc::new(service.key.clone()),
            )
        })
        .collect();
    Ok(Loaded {
        epoch: Epoch(epoch.into()),
        revision: Revision(revision.cast_unsigned()),
        namespaces: namespaces
            .into_iter()
            .map(namespace)
            .collect::<Result<_>>()?,
        instances: instances
            .into_iter()
            .map(|row| instance(row, &keys))
            .collect::<Result<_>>()?,
        services,
    })
}

fn namespace((pk, name, spec, revision, created, modified): NamespaceRow) -> Result<Namespace> {
    let name = NamespaceName::parse(&name);
    Ok(Namespace {
        name: name.map_err(|problem| error::stored("namespace", pk, problem))?,
        spec: parse("namespace", pk, &spec)?,
        stamp: stamp(pk, revision, created, modified),
    })
}

fn service(row: ServiceRow) -> Result<Service> {
    let (pk, namespace, name, spec, revision, created, modified) = row;
    let key = ServiceKey::parse(&namespace, &name);
    Ok(Service {
        key: key.map_err(|problem| error::stored("service", pk, problem))?,
        spec: parse("service", pk, &spec)?,
        stamp: stamp(pk, revision, created, modified),
    })
}

fn instance(row: InstanceRow, keys: &HashMap<Revision, Arc<ServiceKey>>) -> Result<Instance> {
    let (pk, service_pk, id, health, isolated, spec, revision, created, modified) = row;
    let refused = |problem: &dyn std::fmt::Display| error::stored("instance", pk, problem);
    let service = keys.get(&Revision(service_pk.cast_unsigned()));
    let health = match health.as_str() {
        "healthy" => Health::Healthy,
        "unhealthy" => Health::Unhealthy,
        other => return Err(refused(&format_args!("health is {other:?}"))),
    };
    Ok(Instance {
        service: Arc::clone(service.ok_or_else(|| refused(&"its service is missing"))?),
        id: InstanceId::parse(&id).map_err(|problem| refused(&problem))?,
        spec: parse("instance", pk, &spec)?,
        isolated: isolated != 0,
        health,
        stamp: stamp(pk, revision, created, modified),
    })
}

fn parse<T: DeserializeOwned>(table: &str, pk: i64, spec: &str) -> Result<T, Error> {
    serde_json::from_str(spec).map_err(|problem| error::stored(table, pk, problem))
}

fn stamp(pk: i64, revision: i64, created_at: i64, modified_at: i64) -> Stamp {
    Stamp {
        created_revision: Revision(pk.cast_unsigned()),
        revision: Revision(revision.cast_unsigned()),
        created_at: Timestamp::from_unix_ms(created_at),
        modified_at: Timestamp::from_unix_ms(modified_at),
    }
}
