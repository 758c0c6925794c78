//! The rules of a service, prepared for acquiring.

use std::sync::Arc;

use merak_model::{
    Call, ServiceKey,
    limiting::{Counter, Failover, Limits, Moment, RateLimitRule, Scope},
    routing::Fact,
};

use super::table::{Entry, Key, Outdated, Table};

/// The rules of a service in the order in which they are looked at.
pub(super) struct Rules {
    pub(super) edition: u64,
    pub(super) rules: Box<[Arc<Prepared>]>,
}

/// A rule, prepared.
pub(super) struct Prepared {
    pub(super) rule: RateLimitRule,
    limits: Arc<Limits>,
    /// The facts whose values tell counters apart.
    facts: Box<[Fact]>,
    /// The same for all editions of the rule that tell calls apart by the same facts.
    lineage: u64,
    /// The one counter of a rule that does not tell calls apart.
    only: Option<Arc<Entry>>,
}

/// A counter that a call is counted on.
pub(super) enum Held<'r> {
    Only(&'r Entry),
    Keyed(Arc<Entry>),
}

/// The most facts of a rule: the method, and the arguments.
const FACT_LIMIT: usize = 1 + merak_model::limiting::RateLimitRuleSpec::ARGUMENT_LIMIT;

impl Rules {
    /// Prepares the enabled rules of a service: what rules of an earlier edition have counted is kept as
    /// far as it still applies.
    pub(super) fn prepare(
        earlier: &Self,
        rules: Vec<RateLimitRule>,
        service: &ServiceKey,
        table: &Table,
        now: Moment,
    ) -> Self {
        let edition = earlier.edition + 1;
        let applied = |rule: &RateLimitRule| {
            rule.spec.enabled && rule.is_for(service) && limits_anything(rule)
        };
        let mut rules: Vec<_> = rules.into_iter().filter(applied).collect();
        rules.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
        let mut free_lineage = edition << 32;
        let rules = rules.into_iter().map(|rule| {
            free_lineage += 1;
            let mut others = earlier.rules.iter();
            let same = others.find(|other| other.rule.key == rule.key);
            Arc::new(Prepared::new(rule, same, free_lineage, table, now))
        });
        Self {
            edition,
            rules: rules.collect(),
        }
    }

    /// None.
    pub(super) fn none() -> Self {
        Self {
            edition: 0,
            rules: Box::default(),
        }
    }

    /// What remains of a counter of an earlier edition.
    pub(super) fn carry(&self, entry: &Arc<Entry>, now: Moment) -> Option<Arc<Entry>> {
        let mut rules = self.rules.iter();
        let rule = rules.find(|rule| rule.lineage == entry.lineage() && rule.only.is_none())?;
        if *entry.claim().limits == *rule.limits {
            return Some(Arc::clone(entry));
        }
        Some(entry.carried(&rule.limits, now))
    }
}

/// Whether the rule limits anything while the control plane does not count.
fn limits_anything(rule: &RateLimitRule) -> bool {
    match rule.spec.scope() {
        Scope::Local => true,
        Scope::Global { failover, .. } => failover == Failover::Local,
    }
}

impl Prepared {
    fn new(
        rule: RateLimitRule,
        same: Option<&Arc<Self>>,
        free_lineage: u64,
        table: &Table,
        now: Moment,
    ) -> Self {
        let facts: Box<[Fact]> = rule.spec.counted_by().into_iter().cloned().collect();
        let same = same.filter(|same| same.facts == facts);
        let limits = Arc::new(Limits::compile(&rule.spec));
        let lineage = same.map_or(free_lineage, |same| same.lineage);
        let only = facts.is_empty().then(|| {
            let earlier = same.and_then(|same| same.only.as_ref());
            match earlier {
                Some(entry) if *entry.claim().limits == *limits => Arc::clone(entry),
                Some(entry) => entry.carried(&limits, now),
                None => Entry::new(table.key(lineage, &[]), &limits, limits.counter()),
            }
        });
        Self {
            rule,
            limits,
            facts,
            lineage,
            only,
        }
    }

    pub(super) fn facts(&self) -> &[Fact] {
        &self.facts
    }

    pub(super) fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// The counter of a call that the rule matches, made if need be.
    #[inline]
    pub(super) fn hold(
        &self,
        call: &Call<'_>,
        table: &Table,
        edition: u64,
        now: Moment,
    ) -> Result<Held<'_>, Outdated> {
        if let Some(only) = &self.only {
            return Ok(Held::Only(only));
        }
        self.with_key(call, table, |key| match table.find(&key) {
            Some(entry) => Ok(Held::Keyed(entry)),
            None => {
                let entry = table.find_or_insert(key, &self.limits, edition, now)?;
                Ok(Held::Keyed(entry))
            }
        })
    }

    /// The counter of a call that the rule matches, if there is one.
    pub(super) fn find(&self, call: &Call<'_>, table: &Table) -> Option<Held<'_>> {
        if let Some(only) = &self.only {
            return Some(Held::Only(only));
        }
        self.with_key(call, table, |key| table.find(&key).map(Held::Keyed))
    }

    #[inline]
    fn with_key<T>(&self, call: &Call<'_>, table: &Table, then: impl FnOnce(Key<'_>) -> T) -> T {
        let mut values = [""; FACT_LIMIT];
        let values = &mut values[..self.facts.len()];
        for (value, fact) in values.iter_mut().zip(&self.facts) {
            // A rule that matches has tested that the value is there.
            *value = call.find(fact).unwrap_or_default();
        }
        then(table.key(self.lineage, values))
    }

    /// A counter that has counted nothing.
    pub(super) fn fresh(&self) -> Counter {
        self.limits.counter()
    }
}

impl Held<'_> {
    #[inline]
    pub(super) fn entry(&self) -> &Entry {
        match self {
            Self::Only(entry) => entry,
            Self::Keyed(entry) => entry,
        }
    }
}
