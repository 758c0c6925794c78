//! Reading rules at start.

use merak_core::{Callees, LoadedCallees, Result, Rule};
use merak_model::{
    Invalid, NamespaceName, ServiceName,
    routing::{NearbyRule, RoutingRule, RuleKey, Selector},
};
use sqlx::SqliteConnection;

use super::{parse, revision, stamp};
use crate::error;

type RuleRow = (i64, String, String, String, i64, i64, i64);

/// Everything that is in the tables of rules.
pub(super) struct RuleRows {
    routing: Vec<RuleRow>,
    nearby: Vec<RuleRow>,
    callees: Vec<(String, String, i64)>,
}

/// The rules of a store.
pub(super) struct LoadedRules {
    pub(super) routing: Vec<RoutingRule>,
    pub(super) nearby: Vec<NearbyRule>,
    pub(super) callees: Vec<LoadedCallees>,
}

impl RuleRows {
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let routing = sqlx::query_as(
            "SELECT pk, namespace, name, spec, revision, created_at, modified_at FROM routing_rule",
        )
        .fetch_all(&mut *connection)
        .await?;
        let nearby = sqlx::query_as(
            "SELECT pk, namespace, name, spec, revision, created_at, modified_at FROM nearby_rule",
        )
        .fetch_all(&mut *connection)
        .await?;
        let callees = sqlx::query_as("SELECT namespace, service, revision FROM rule_callees")
            .fetch_all(&mut *connection)
            .await?;
        Ok(Self {
            routing,
            nearby,
            callees,
        })
    }

    pub(super) fn parse(self) -> Result<LoadedRules> {
        Ok(LoadedRules {
            routing: rules("routing_rule", self.routing)?,
            nearby: rules("nearby_rule", self.nearby)?,
            callees: self
                .callees
                .into_iter()
                .map(callees)
                .collect::<Result<_>>()?,
        })
    }
}

fn rules<R: Rule>(table: &str, rows: Vec<RuleRow>) -> Result<Vec<R>> {
    let rules = rows.into_iter().map(|row| {
        let (pk, namespace, name, spec, revision, created, modified) = row;
        let key = RuleKey::parse(&namespace, &name);
        let key = key.map_err(|problem| error::stored(table, pk, problem))?;
        let stamp = stamp(pk, revision, created, modified);
        Ok(R::new(key, parse(table, pk, &spec)?, stamp))
    });
    rules.collect()
}

fn callees((namespace, service, newest): (String, String, i64)) -> Result<LoadedCallees> {
    let refused = |problem: Invalid| error::stored("rule_callees", newest, problem);
    let namespace = selector(&namespace, NamespaceName::parse).map_err(refused)?;
    let service = selector(&service, ServiceName::parse).map_err(refused)?;
    Ok(LoadedCallees {
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
