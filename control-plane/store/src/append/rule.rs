//! Writing rules, and when those for some callees last changed.

use merak_core::{Callees, Rule};
use merak_model::Revision;
use sqlx::SqliteConnection;

use super::{Query, ROWS, json, number};

pub(super) async fn upsert_rules<R: Rule>(
    connection: &mut SqliteConnection,
    table: &'static str,
    rules: &[&R],
) -> Result<(), sqlx::Error> {
    for rows in rules.chunks(ROWS) {
        let mut query = Query::new("INSERT INTO ");
        query.push(table);
        query.push(" (pk, namespace, name, spec, revision, created_at, modified_at) ");
        query.push_values(rows, |mut row, rule| {
            let (key, stamp) = (rule.key(), rule.stamp());
            row.push_bind(number(stamp.created_revision))
                .push_bind(key.namespace.to_string())
                .push_bind(key.name.to_string())
                .push_bind(json(rule.spec()))
                .push_bind(number(stamp.revision))
                .push_bind(stamp.created_at.unix_ms())
                .push_bind(stamp.modified_at.unix_ms());
        });
        query.push(
            " ON CONFLICT (pk) DO UPDATE SET spec = excluded.spec, revision = excluded.revision, \
             modified_at = excluded.modified_at",
        );
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

pub(super) async fn upsert_callees(
    connection: &mut SqliteConnection,
    callees: &[(Callees, Revision)],
) -> Result<(), sqlx::Error> {
    for rows in callees.chunks(ROWS) {
        let mut query = Query::new("INSERT INTO rule_callees (namespace, service, revision) ");
        query.push_values(rows, |mut row, (callees, revision)| {
            row.push_bind(callees.namespace.to_string())
                .push_bind(callees.service.to_string())
                .push_bind(number(*revision));
        });
        query.push(" ON CONFLICT (namespace, service) DO UPDATE SET revision = excluded.revision");
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
