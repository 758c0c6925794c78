//! Reading everything at start.

mod rule;

use std::{collections::HashMap, path::Path, sync::Arc};

use merak_core::{Error, Loaded, LoadedService, Result};
use merak_model::{
    Epoch, Health, Instance, InstanceId, Namespace, NamespaceName, Revision, Service, ServiceKey,
    Stamp, Timestamp,
};
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use crate::{error, log};
use rule::RuleRows;

type NamespaceRow = (i64, String, String, i64, i64, i64);
type ServiceRow = (i64, String, String, String, i64, i64, i64);

#[derive(sqlx::FromRow)]
struct InstanceRow {
    pk: i64,
    service_pk: i64,
    id: String,
    health: String,
    isolated: i64,
    spec: String,
    registered: Option<String>,
    revision: i64,
    created_at: i64,
    modified_at: i64,
}

pub(crate) async fn load(connection: &mut SqliteConnection, path: &Path) -> Result<Loaded> {
    let rows = Rows::read(connection)
        .await
        .map_err(|failure| error::reading(path, failure))?;
    let forgotten = rows.forgotten();
    let rules = rows.rules.parse()?;
    let newest: HashMap<(&str, &str), i64> = rows
        .newest
        .iter()
        .map(|(namespace, service, revision)| ((&**namespace, &**service), *revision))
        .collect();
    let services: Vec<Service> = rows
        .services
        .into_iter()
        .map(service)
        .collect::<Result<_>>()?;
    let keys: HashMap<Revision, Arc<ServiceKey>> = services
        .iter()
        .map(|service| (service.stamp.created_revision, Arc::clone(&service.key)))
        .collect();
    let services = services.into_iter().map(|service| {
        let key = (service.key.namespace.as_str(), service.key.service.as_str());
        let revision = newest
            .get(&key)
            .map_or(forgotten, |newest| revision(*newest));
        LoadedService { service, revision }
    });
    Ok(Loaded {
        epoch: Epoch(rows.epoch.into()),
        revision: revision(rows.revision),
        at: Timestamp::from_unix_ms(rows.at),
        services: services.collect(),
        namespaces: rows
            .namespaces
            .into_iter()
            .map(namespace)
            .collect::<Result<_>>()?,
        instances: rows
            .instances
            .into_iter()
            .map(|row| instance(row, &keys))
            .collect::<Result<_>>()?,
        rules: rules.rules,
        callees: rules.callees,
    })
}

/// Everything that is in the tables.
struct Rows {
    epoch: String,
    oldest: Option<Revision>,
    revision: i64,
    at: i64,
    newest: Vec<(String, String, i64)>,
    namespaces: Vec<NamespaceRow>,
    services: Vec<ServiceRow>,
    instances: Vec<InstanceRow>,
    rules: RuleRows,
}

impl Rows {
    async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let (epoch,) = sqlx::query_as("SELECT epoch FROM control_plane")
            .fetch_one(&mut *connection)
            .await?;
        let oldest = log::find_oldest(connection).await?;
        let newest_change: Option<(i64, i64)> =
            sqlx::query_as("SELECT revision, at FROM change ORDER BY revision DESC LIMIT 1")
                .fetch_optional(&mut *connection)
                .await?;
        let (revision, at) = newest_change.unwrap_or_default();
        let newest = log::newest_by_service(connection).await?;
        let namespaces = sqlx::query_as(
            "SELECT pk, name, spec, revision, created_at, modified_at FROM namespace",
        )
        .fetch_all(&mut *connection)
        .await?;
        let services = sqlx::query_as(
            "SELECT pk, namespace, name, spec, revision, created_at, modified_at FROM service",
        )
        .fetch_all(&mut *connection)
        .await?;
        let instances = sqlx::query_as(
            "SELECT pk, service_pk, id, health, isolated, spec, registered, revision, created_at, \
             modified_at FROM instance",
        )
        .fetch_all(&mut *connection)
        .await?;
        let rules = RuleRows::read(connection).await?;
        Ok(Self {
            epoch,
            oldest,
            revision,
            at,
            newest,
            namespaces,
            services,
            instances,
            rules,
        })
    }

    /// The newest revision that was pruned from the log.
    fn forgotten(&self) -> Revision {
        let oldest = self.oldest.map_or(1, Revision::get);
        Revision(oldest - 1)
    }
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
        key: Arc::new(key.map_err(|problem| error::stored("service", pk, problem))?),
        spec: parse("service", pk, &spec)?,
        stamp: stamp(pk, revision, created, modified),
    })
}

fn instance(row: InstanceRow, keys: &HashMap<Revision, Arc<ServiceKey>>) -> Result<Instance> {
    let refused = |problem: &dyn std::fmt::Display| error::stored("instance", row.pk, problem);
    let service = keys.get(&revision(row.service_pk));
    let health = match row.health.as_str() {
        "healthy" => Health::Healthy,
        "unhealthy" => Health::Unhealthy,
        other => return Err(refused(&format_args!("health is {other:?}"))),
    };
    let registered = row.registered.as_deref();
    let registered = registered
        .map(|spec| parse("instance", row.pk, spec))
        .transpose()?;
    Ok(Instance {
        service: Arc::clone(service.ok_or_else(|| refused(&"its service is missing"))?),
        id: InstanceId::parse(&row.id).map_err(|problem| refused(&problem))?,
        spec: parse("instance", row.pk, &row.spec)?,
        registered: registered.map(Arc::new),
        isolated: row.isolated != 0,
        health,
        stamp: stamp(row.pk, row.revision, row.created_at, row.modified_at),
    })
}

fn parse<T: DeserializeOwned>(table: &str, pk: i64, spec: &str) -> Result<T, Error> {
    serde_json::from_str(spec).map_err(|problem| error::stored(table, pk, problem))
}

fn stamp(pk: i64, modified: i64, created_at: i64, modified_at: i64) -> Stamp {
    Stamp {
        created_revision: revision(pk),
        revision: revision(modified),
        created_at: Timestamp::from_unix_ms(created_at),
        modified_at: Timestamp::from_unix_ms(modified_at),
    }
}

fn revision(number: i64) -> Revision {
    Revision(number.cast_unsigned())
}
