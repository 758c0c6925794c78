//! Reading rules at start.

use merak_core::{AnyRule, Callees, LoadedCallees, Result, RuleFamily, RuleKind};
use merak_model::{
    Invalid, NamespaceName, ServiceName,
    routing::{RuleKey, Selector},
};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{revision, stamp};
use crate::error;

type RuleRow = (i64, String, String, String, i64, i64, i64);
type CalleesRow = (String, String, String, i64);

/// Everything that is in the tables of rules.
pub(super) struct RuleRows {
    rules: Vec<(RuleKind, RuleRow)>,
    callees: Vec<CalleesRow>,
}

/// The rules of a store.
pub(super) struct LoadedRules {
    pub(super) rules: Vec<AnyRule>,
    pub(super) callees: Vec<LoadedCallees>,
}

impl RuleRows {
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let mut rules = Vec::new();
        for kind in RuleKind::ALL {
            let mut query = QueryBuilder::<Sqlite>::new(
                "SELECT pk, namespace, name, spec, revision, created_at, modified_at FROM ",
            );
            query.push(kind.as_str());
            let of_kind = query.build_query_as().fetch_all(&mut *connection).await?;
            rules.extend(of_kind.into_iter().map(|row| (kind, row)));
        }
        let callees =
            sqlx::query_as("SELECT family, namespace, service, revision FROM rule_callees")
                .fetch_all(&mut *connection)
                .await?;
        Ok(Self { rules, callees })
    }

    pub(super) fn parse(self) -> Result<LoadedRules> {
        let rules = self.rules.into_iter().map(rule);
        let callees = self.callees.into_iter().map(callees);
        Ok(LoadedRules {
            rules: rules.collect::<Result<_>>()?,
            callees: callees.collect::<Result<_>>()?,
        })
    }
}

fn rule((kind, row): (RuleKind, RuleRow)) -> Result<AnyRule> {
    let (pk, namespace, name, spec, revision, created, modified) = row;
    let table = kind.as_str();
    let key = RuleKey::parse(&namespace, &name);
    let key = key.map_err(|problem| error::stored(table, pk, problem))?;
    let stamp = stamp(pk, revision, created, modified);
    let rule = AnyRule::from_spec_json(kind, key, &spec, stamp);
    rule.map_err(|problem| error::stored(table, pk, problem))
}

fn callees((family, namespace, service, newest): CalleesRow) -> Result<LoadedCallees> {
    let refused = |problem: Invalid| error::stored("rule_callees", newest, problem);
    let unknown = || error::stored("rule_callees", newest, format!("family is {family:?}"));
    let namespace = selector(&namespace, NamespaceName::parse).map_err(refused)?;
    let service = selector(&service, ServiceName::parse).map_err(refused)?;
    Ok(LoadedCallees {
        family: RuleFamily::find(&family).ok_or_else(unknown)?,
        callees: Callees { namespace, service },
        revision: revision(newest),
    })
}

fn selector<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<Selector<T>, Invalid> {
    match text {
        "*" => Ok(Selector::Any),
        name => parse(name).map(Selector::Named),
    }
}
