//! Writing rules, and when those for some callees last changed.

use merak_core::{AnyRule, Callees, RuleFamily, RuleKind};
use merak_model::Revision;
use sqlx::SqliteConnection;

use super::{Query, ROWS, number};

/// The newest change of a rule of a family that is, or was, for these callees.
pub(super) type Touched = ((RuleFamily, Callees), Revision);

pub(super) async fn upsert_rules(
    connection: &mut SqliteConnection,
    kind: RuleKind,
    rules: &[&AnyRule],
) -> Result<(), sqlx::Error> {
    for rows in rules.chunks(ROWS) {
        let mut query = Query::new("INSERT INTO ");
        query.push(kind.as_str());
        query.push(" (pk, namespace, name, spec, revision, created_at, modified_at) ");
        query.push_values(rows, |mut row, rule| {
            let (key, stamp) = (rule.key(), rule.stamp());
            row.push_bind(number(stamp.created_revision))
                .push_bind(key.namespace.to_string())
                .push_bind(key.name.to_string())
                .push_bind(rule.spec_json())
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
    callees: &[Touched],
) -> Result<(), sqlx::Error> {
    for rows in callees.chunks(ROWS) {
        let mut query =
            Query::new("INSERT INTO rule_callees (family, namespace, service, revision) ");
        query.push_values(rows, |mut row, ((family, callees), revision)| {
            row.push_bind(family.as_str())
                .push_bind(callees.namespace.to_string())
                .push_bind(callees.service.to_string())
                .push_bind(number(*revision));
        });
        query.push(
            " ON CONFLICT (family, namespace, service) DO UPDATE SET revision = excluded.revision",
        );
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}
