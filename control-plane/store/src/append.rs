//! Writing a commit: the log, and the tables that it folds to.

mod rule;

use std::collections::{BTreeMap, HashMap};

use merak_core::{AnyRule, Change, Item, Key, RuleKind};
use merak_model::{Instance, Namespace, Revision, Service, ServiceKey};
use rule::Touched;
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection, query_builder::Separated};

/// Rows a statement. sqlx spends some 50 µs a statement, and SQLite takes 32,766 parameters.
const ROWS: usize = 100;

type Query = QueryBuilder<Sqlite>;

/// Writes all changes or none; dropping the transaction on an error rolls it back.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    changes: &[Change],
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for rows in changes.chunks(ROWS) {
        let mut query = Query::new(
            "INSERT INTO change (revision, at, actor, request_id, kind, namespace, service, id, \
             before, after) ",
        );
        query.push_values(rows, push_change);
        query.build().execute(&mut *transaction).await?;
    }
    let fold = Fold::of(changes);
    // Deletions first, so that a thing that was deleted and made anew finds its name free.
    for (table, pks) in &fold.deleted {
        delete(&mut transaction, table.name(), pks).await?;
    }
    upsert_namespaces(&mut transaction, &fold.namespaces).await?;
    upsert_services(&mut transaction, &fold.services).await?;
    upsert_instances(&mut transaction, &fold.instances).await?;
    for (kind, rules) in &fold.rules {
        rule::upsert_rules(&mut transaction, *kind, rules).await?;
    }
    rule::upsert_callees(&mut transaction, &fold.callees).await?;
    transaction.commit().await
}

/// What a commit does to the tables of current state: the last state of each row.
#[derive(Default)]
struct Fold<'a> {
    namespaces: Vec<&'a Namespace>,
    services: Vec<&'a Service>,
    instances: Vec<&'a Instance>,
    rules: BTreeMap<RuleKind, Vec<&'a AnyRule>>,
    /// The newest change of a rule for these callees, before or after it.
    callees: Vec<Touched>,
    /// Primary keys by table.
    deleted: BTreeMap<Table, Vec<i64>>,
}

/// The tables of current state, in an order of deletions that breaks no reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Table {
    Instance,
    Service,
    Rule(RuleKind),
    Namespace,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Service => "service",
            Self::Rule(kind) => kind.as_str(),
            Self::Namespace => "namespace",
        }
    }

    /// The table that a thing of the log is in; an event is in none.
    fn of(key: &Key) -> Option<Self> {
        match key {
            Key::Namespace(_) => Some(Self::Namespace),
            Key::Service(_) => Some(Self::Service),
            Key::Instance(..) => Some(Self::Instance),
            Key::Event(..) => None,
            Key::Rule(kind, _) => Some(Self::Rule(*kind)),
        }
    }
}

impl<'a> Fold<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut last: HashMap<Revision, Option<&'a Item>> = HashMap::new();
        let mut order = Vec::new();
        for change in changes {
            let item = change.after.as_ref().or(change.before.as_ref());
            // Events are history and have no table.
            let Some(pk) = item.and_then(Item::created_revision) else {
                continue;
            };
            if last.insert(pk, change.after.as_ref()).is_none() {
                order.push((pk, change));
            }
        }
        let mut fold = Self {
            callees: callees_of(changes),
            ..Self::default()
        };
        for (pk, change) in order {
            match (last[&pk], &change.key) {
                (Some(Item::Namespace(namespace)), _) => fold.namespaces.push(namespace),
                (Some(Item::Service(service)), _) => fold.services.push(service),
                (Some(Item::Instance(instance)), _) => fold.instances.push(instance),
                (Some(Item::Rule(rule)), _) => {
                    fold.rules.entry(rule.kind()).or_default().push(rule);
                }
                (Some(Item::Event(_)), _) => {}
                (None, key) => {
                    if let Some(table) = Table::of(key) {
                        fold.deleted.entry(table).or_default().push(number(pk));
                    }
                }
            }
        }
        fold
    }
}

fn callees_of(changes: &[Change]) -> Vec<Touched> {
    let mut newest = BTreeMap::new();
    for change in changes {
        let states = [&change.before, &change.after].into_iter().flatten();
        for rule in states.filter_map(Item::rule) {
            newest.insert((rule.kind().family(), rule.callees()), change.revision);
        }
    }
    newest.into_iter().collect()
}

fn push_change(mut row: Separated<'_, Sqlite, &'static str>, change: &Change) {
    let service = change.key.service().map_or("", |name| name.as_str());
    let id = match change.key.rule() {
        Some(name) => name.as_str(),
        None => change.key.instance().map_or("", |id| id.as_str()),
    };
    row.push_bind(number(change.revision))
        .push_bind(change.at.unix_ms())
        .push_bind(change.actor.to_string())
        .push_bind(change.request_id.to_string())
        .push_bind(change.key.kind().as_str())
        .push_bind(change.key.namespace().to_string())
        .push_bind(service.to_owned())
        .push_bind(id.to_owned())
        .push_bind(change.before.as_ref().map(json))
        .push_bind(change.after.as_ref().map(json));
}

async fn delete(
    connection: &mut SqliteConnection,
    table: &'static str,
    pks: &[i64],
) -> Result<(), sqlx::Error> {
    for rows in pks.chunks(ROWS) {
        let mut query = Query::new("DELETE FROM ");
        query.push(table).push(" WHERE pk IN ");
        query.push_tuples(rows, |mut row, pk| {
            row.push_bind(*pk);
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn upsert_namespaces(
    connection: &mut SqliteConnection,
    namespaces: &[&Namespace],
) -> Result<(), sqlx::Error> {
    for rows in namespaces.chunks(ROWS) {
        let mut query = Query::new(
            "INSERT INTO namespace (pk, name, spec, revision, created_at, modified_at) ",
        );
        query.push_values(rows, |mut row, namespace| {
            row.push_bind(number(namespace.stamp.created_revision))
                .push_bind(namespace.name.to_string())
                .push_bind(json(&namespace.spec))
                .push_bind(number(namespace.stamp.revision))
                .push_bind(namespace.stamp.created_at.unix_ms())
                .push_bind(namespace.stamp.modified_at.unix_ms());
        });
        query.push(
            " ON CONFLICT (pk) DO UPDATE SET spec = excluded.spec, revision = excluded.revision, \
             modified_at = excluded.modified_at",
        );
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn upsert_services(
    connection: &mut SqliteConnection,
    services: &[&Service],
) -> Result<(), sqlx::Error> {
    for rows in services.chunks(ROWS) {
        let mut query = Query::new(
            "INSERT INTO service (pk, namespace, name, spec, revision, created_at, modified_at) ",
        );
        query.push_values(rows, |mut row, service| {
            row.push_bind(number(service.stamp.created_revision))
                .push_bind(service.key.namespace.to_string())
                .push_bind(service.key.service.to_string())
                .push_bind(json(&service.spec))
                .push_bind(number(service.stamp.revision))
                .push_bind(service.stamp.created_at.unix_ms())
                .push_bind(service.stamp.modified_at.unix_ms());
        });
        query.push(
            " ON CONFLICT (pk) DO UPDATE SET spec = excluded.spec, revision = excluded.revision, \
             modified_at = excluded.modified_at",
        );
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn upsert_instances(
    connection: &mut SqliteConnection,
    instances: &[&Instance],
) -> Result<(), sqlx::Error> {
    let mut pks: HashMap<&ServiceKey, i64> = HashMap::new();
    for instance in instances {
        if !pks.contains_key(&*instance.service) {
            let pk = service_pk(connection, &instance.service).await?;
            pks.insert(&instance.service, pk);
        }
    }
    for rows in instances.chunks(ROWS) {
        let mut query = Query::new(
            "INSERT INTO instance (pk, service_pk, id, health, isolated, spec, registered, revision, \
             created_at, modified_at) ",
        );
        query.push_values(rows, |mut row, instance| {
            row.push_bind(number(instance.stamp.created_revision))
                .push_bind(pks[&*instance.service])
                .push_bind(instance.id.to_string())
                .push_bind(instance.health.as_str())
                .push_bind(i64::from(instance.isolated))
                .push_bind(json(&instance.spec))
                .push_bind(instance.registered.as_deref().map(json))
                .push_bind(number(instance.stamp.revision))
                .push_bind(instance.stamp.created_at.unix_ms())
                .push_bind(instance.stamp.modified_at.unix_ms());
        });
        query.push(
            " ON CONFLICT (pk) DO UPDATE SET health = excluded.health, \
             isolated = excluded.isolated, spec = excluded.spec, \
             registered = excluded.registered, revision = excluded.revision, \
             modified_at = excluded.modified_at",
        );
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

async fn service_pk(
    connection: &mut SqliteConnection,
    key: &ServiceKey,
) -> Result<i64, sqlx::Error> {
    let (pk,): (i64,) = sqlx::query_as("SELECT pk FROM service WHERE namespace = $1 AND name = $2")
        .bind(key.namespace.to_string())
        .bind(key.service.to_string())
        .fetch_one(connection)
        .await?;
    Ok(pk)
}

/// A revision as SQL has it; one that SQL has no number for is later than any.
pub(crate) fn number(revision: Revision) -> i64 {
    i64::try_from(revision.get()).unwrap_or(i64::MAX)
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("model types have only text keys and finite numbers")
}
