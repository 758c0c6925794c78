//! Reading and pruning the log.

use std::{path::Path, sync::Arc};

use merak_core::{Change, ChangeQuery, Item, Key, Kind, Order, Result};
use merak_model::{InstanceId, NamespaceName, Revision, ServiceKey, Timestamp, routing::RuleKey};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::{append::number, error};

#[derive(sqlx::FromRow)]
struct ChangeRow {
    revision: i64,
    at: i64,
    actor: String,
    request_id: String,
    kind: String,
    namespace: String,
    service: String,
    id: String,
    before: Option<String>,
    after: Option<String>,
}

pub(crate) async fn list(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ChangeQuery,
) -> Result<Vec<Change>> {
    let rows: Vec<ChangeRow> = select(query)
        .build_query_as()
        .fetch_all(connection)
        .await
        .map_err(|failure| error::reading(path, failure))?;
    rows.into_iter().map(change).collect()
}

fn select(query: &ChangeQuery) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "SELECT revision, at, actor, request_id, kind, namespace, service, id, before, after \
         FROM change WHERE revision > ",
    );
    sql.push_bind(query.after.map_or(0, number));
    if let Some(before) = query.before {
        sql.push(" AND revision < ").push_bind(number(before));
    }
    let texts = [
        (
            " AND kind = ",
            query.kind.map(|kind| kind.as_str().to_owned()),
        ),
        (
            " AND namespace = ",
            query.namespace.as_ref().map(ToString::to_string),
        ),
        (
            " AND service = ",
            query.service.as_ref().map(ToString::to_string),
        ),
        (
            " AND id = ",
            query.instance.as_ref().map(ToString::to_string),
        ),
        (" AND id = ", query.rule.as_ref().map(ToString::to_string)),
        (" AND actor = ", query.actor.clone()),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            sql.push(condition).push_bind(text);
        }
    }
    if query.instance.is_some() {
        sql.push(" AND service <> ''");
    }
    if query.rule.is_some() || query.kind.is_some_and(Kind::is_rule) {
        // Spelled out, so that the index of what has no service is known to fit.
        sql.push(" AND service = ''");
    }
    sql.push(match query.order {
        Order::NewestFirst => " ORDER BY revision DESC LIMIT ",
        Order::OldestFirst => " ORDER BY revision LIMIT ",
    });
    sql.push_bind(i64::try_from(query.limit).unwrap_or(i64::MAX));
    sql
}

fn change(row: ChangeRow) -> Result<Change> {
    let refused = |problem: &dyn std::fmt::Display| error::stored("change", row.revision, problem);
    let kind = Kind::find(&row.kind);
    let kind = kind.ok_or_else(|| refused(&format_args!("kind is {:?}", row.kind)))?;
    let item = |json: &Option<String>| {
        let parsed = json.as_deref().map(|json| parse_item(kind, json));
        parsed.transpose().map_err(|problem| refused(&problem))
    };
    Ok(Change {
        revision: Revision(row.revision.cast_unsigned()),
        at: Timestamp::from_unix_ms(row.at),
        actor: Arc::from(row.actor.as_str()),
        request_id: Arc::from(row.request_id.as_str()),
        key: parse_key(kind, &row).map_err(|problem| refused(&problem))?,
        before: item(&row.before)?,
        after: item(&row.after)?,
    })
}

fn parse_key(kind: Kind, row: &ChangeRow) -> Result<Key, merak_model::Invalid> {
    let service = || ServiceKey::parse(&row.namespace, &row.service).map(Arc::new);
    let rule = || RuleKey::parse(&row.namespace, &row.id).map(Arc::new);
    Ok(match kind {
        Kind::Namespace => Key::Namespace(NamespaceName::parse(&row.namespace)?),
        Kind::Service => Key::Service(service()?),
        Kind::Instance => Key::Instance(service()?, InstanceId::parse(&row.id)?),
        Kind::Event if row.id.is_empty() => Key::Event(service()?, None),
        Kind::Event => Key::Event(service()?, Some(InstanceId::parse(&row.id)?)),
        Kind::RoutingRule => Key::RoutingRule(rule()?),
        Kind::NearbyRule => Key::NearbyRule(rule()?),
    })
}

fn parse_item(kind: Kind, json: &str) -> Result<Item, serde_json::Error> {
    Ok(match kind {
        Kind::Namespace => Item::Namespace(Arc::new(serde_json::from_str(json)?)),
        Kind::Service => Item::Service(Arc::new(serde_json::from_str(json)?)),
        Kind::Instance => Item::Instance(Arc::new(serde_json::from_str(json)?)),
        Kind::Event => Item::Event(Arc::new(serde_json::from_str(json)?)),
        Kind::RoutingRule => Item::RoutingRule(Arc::new(serde_json::from_str(json)?)),
        Kind::NearbyRule => Item::NearbyRule(Arc::new(serde_json::from_str(json)?)),
    })
}

pub(crate) async fn find_oldest(
    connection: &mut SqliteConnection,
) -> Result<Option<Revision>, sqlx::Error> {
    let (oldest,): (Option<i64>,) = sqlx::query_as("SELECT MIN(revision) FROM change")
        .fetch_one(connection)
        .await?;
    Ok(oldest.map(|oldest| Revision(oldest.cast_unsigned())))
}

pub(crate) async fn find_time(
    connection: &mut SqliteConnection,
    revision: Revision,
) -> Result<Option<Timestamp>, sqlx::Error> {
    let found: Option<(i64,)> = sqlx::query_as("SELECT at FROM change WHERE revision = $1")
        .bind(number(revision))
        .fetch_optional(connection)
        .await?;
    Ok(found.map(|(at,)| Timestamp::from_unix_ms(at)))
}

pub(crate) async fn prune(
    connection: &mut SqliteConnection,
    through: Revision,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM change WHERE revision <= $1")
        .bind(number(through))
        .execute(connection)
        .await?;
    Ok(())
}

/// The newest change of each service and of its instances.
///
/// Reads the index alone, which is in the order of the groups.
pub(crate) async fn newest_by_service(
    connection: &mut SqliteConnection,
) -> Result<Vec<(String, String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT namespace, service, MAX(revision) FROM change WHERE service <> '' \
         GROUP BY namespace, service",
    )
    .fetch_all(connection)
    .await
}
