//! Reading and pruning the log.

use std::{path::Path, sync::Arc};

use merak_core::{AnyRule, Change, ChangeQuery, Item, Key, Kind, Order, Result};
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

/// The statement of a query. It walks one index in the order of revisions: the `+` takes the columns
/// of the others out of the planner's choice, which would rather sort.
fn select(query: &ChangeQuery) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "SELECT revision, at, actor, request_id, kind, namespace, service, id, before, after \
         FROM change WHERE ",
    );
    if query.service.is_some() && query.namespace.is_none() {
        // Of several namespaces: what is sorted is numbers, and not whole rows.
        sql.push("revision IN (SELECT revision FROM change WHERE ");
        push_conditions(&mut sql, query);
        push_order(&mut sql, query);
        sql.push(")");
    } else {
        push_conditions(&mut sql, query);
    }
    push_order(&mut sql, query);
    sql
}

fn push_conditions(sql: &mut QueryBuilder<Sqlite>, query: &ChangeQuery) {
    let after = query.after.map_or(0, number);
    sql.push("revision > ").push_bind(after);
    if let Some(before) = query.before {
        sql.push(" AND revision < ").push_bind(number(before));
    }
    let (of_service, of_rule) = (query.service.is_some(), query.rule.is_some());
    let is_few = query.kind.is_some_and(|kind| kind != Kind::Instance);
    let kind = match is_few && !of_service && !of_rule {
        true => " AND kind <> 'instance' AND kind = ",
        false => " AND +kind = ",
    };
    let actor = match of_service || of_rule || is_few {
        true => " AND +actor = ",
        false => " AND actor = ",
    };
    let namespace = match !of_service && !of_rule && (is_few || query.actor.is_some()) {
        true => " AND +namespace = ",
        false => " AND namespace = ",
    };
    let name = query.namespace.as_ref().map(ToString::to_string);
    let texts = [
        (kind, query.kind.map(|kind| kind.to_string())),
        (namespace, name),
        (
            " AND service = ",
            query.service.as_ref().map(ToString::to_string),
        ),
        (
            " AND id = ",
            query.instance.as_ref().map(ToString::to_string),
        ),
        (" AND id = ", query.rule.as_ref().map(ToString::to_string)),
        (actor, query.actor.clone()),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            sql.push(condition).push_bind(text);
        }
    }
    if query.instance.is_some() {
        sql.push(" AND service <> ''");
    }
    if of_rule {
        // Spelled out, so that the index of what has no service is known to fit.
        sql.push(" AND service = ''");
    }
}

fn push_order(sql: &mut QueryBuilder<Sqlite>, query: &ChangeQuery) {
    sql.push(match query.order {
        Order::NewestFirst => " ORDER BY revision DESC LIMIT ",
        Order::OldestFirst => " ORDER BY revision LIMIT ",
    });
    sql.push_bind(i64::try_from(query.limit).unwrap_or(i64::MAX));
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
        Kind::Rule(kind) => Key::Rule(kind, rule()?),
    })
}

fn parse_item(kind: Kind, json: &str) -> Result<Item, serde_json::Error> {
    Ok(match kind {
        Kind::Namespace => Item::Namespace(Arc::new(serde_json::from_str(json)?)),
        Kind::Service => Item::Service(Arc::new(serde_json::from_str(json)?)),
        Kind::Instance => Item::Instance(Arc::new(serde_json::from_str(json)?)),
        Kind::Event => Item::Event(Arc::new(serde_json::from_str(json)?)),
        Kind::Rule(kind) => Item::Rule(AnyRule::from_json(kind, json)?),
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
    // The newest stays, so that revisions go on from it.
    sqlx::query(
        "DELETE FROM change WHERE revision <= $1 \
         AND revision < (SELECT MAX(revision) FROM change)",
    )
    .bind(number(through))
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest change of each service and of its instances; what merely happened to it is none.
///
/// Reads an index alone, which is in the order of the groups.
pub(crate) async fn newest_by_service(
    connection: &mut SqliteConnection,
) -> Result<Vec<(String, String, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT namespace, service, MAX(revision) FROM change \
         WHERE service > '' AND kind <> 'event' GROUP BY service, namespace",
    )
    .fetch_all(connection)
    .await
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, Row as _};

    use super::*;

    /// How SQLite carries out a query.
    async fn plan(query: &ChangeQuery) -> String {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let migrated = sqlx::migrate!("../../migrations").run(&mut connection);
        migrated.await.unwrap();
        let explained = format!("EXPLAIN QUERY PLAN {}", select(query).sql().as_str());
        let steps = sqlx::query(sqlx::AssertSqlSafe(explained))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let steps = steps.iter().map(|step| step.get::<String, _>("detail"));
        steps.collect::<Vec<_>>().join("; ")
    }

    #[tokio::test]
    async fn every_query_walks_one_index_and_sorts_nothing() {
        type Narrow = fn(&mut ChangeQuery);
        let namespace: Narrow =
            |query| query.namespace = Some(NamespaceName::parse("default").unwrap());
        let service: Narrow = |query| {
            let key = ServiceKey::parse("default", "pay").unwrap();
            query.service = Some(key.service);
        };
        let instance: Narrow = |query| query.instance = Some(InstanceId::parse("pay-1").unwrap());
        let actor: Narrow = |query| query.actor = Some("alice".to_owned());
        let few: Narrow = |query| query.kind = Some(Kind::Service);
        let many: Narrow = |query| query.kind = Some(Kind::Instance);
        let of_service = "INDEX change_by_service (service=? AND namespace=? AND revision>?)";
        let of_namespace = "INDEX change_by_namespace (namespace=? AND revision>?)";
        let of_few = "INDEX change_of_few (kind=? AND revision>?)";
        let of_actor = "INDEX change_by_actor (actor=? AND revision>?)";
        let cases: [(&[Narrow], &str); 13] = [
            (&[], "INTEGER PRIMARY KEY (rowid>?)"),
            (&[many], "INTEGER PRIMARY KEY (rowid>?)"),
            (&[instance], "INTEGER PRIMARY KEY (rowid>?)"),
            (&[namespace], of_namespace),
            (&[namespace, many], of_namespace),
            (&[service, namespace], of_service),
            (&[service, namespace, actor], of_service),
            (&[service, namespace, few], of_service),
            (&[service, namespace, instance], of_service),
            (&[few], of_few),
            (&[few, namespace], of_few),
            (&[few, actor], of_few),
            (&[actor, namespace], of_actor),
        ];
        for (narrows, expected) in cases {
            for order in [Order::NewestFirst, Order::OldestFirst] {
                let mut query = ChangeQuery {
                    order,
                    limit: 10,
                    ..ChangeQuery::default()
                };
                narrows.iter().for_each(|narrow| narrow(&mut query));
                let plan = plan(&query).await;
                assert_eq!(plan, format!("SEARCH change USING {expected}"), "{query:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_service_of_every_namespace_is_sorted_without_its_rows() {
        let key = ServiceKey::parse("default", "pay").unwrap();
        let query = ChangeQuery {
            service: Some(key.service),
            limit: 10,
            ..ChangeQuery::default()
        };
        let plan = plan(&query).await;
        let inner = "SEARCH change USING COVERING INDEX change_by_service (service=?)";
        assert!(plan.contains(inner), "{plan}");
        let outer = "SEARCH change USING INTEGER PRIMARY KEY (rowid=?)";
        assert!(plan.starts_with(outer), "{plan}");
    }
}
