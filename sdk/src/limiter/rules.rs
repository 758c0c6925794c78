//! The rules of a service, prepared for acquiring.

use std::sync::Arc;

use merak_model::{
    Call, ServiceKey,
    limiting::{Claim, Counter, Failover, Limits, Moment, RateLimitRule, Scope},
    routing::Fact,
};

use super::{
    shares::{Shares, shortest_window},
    table::{Entry, Key, Outdated, Table},
};

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
    /// Of a rule that the control plane counts for.
    shares: Option<Arc<Shares>>,
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
        (service, table): (&ServiceKey, &Table),
        shares: Option<&Arc<Shares>>,
        now: Moment,
    ) -> Self {
        let edition = earlier.edition + 1;
        let applied = |rule: &RateLimitRule| {
            let is_applied = shares.is_some() || limits_anything(rule);
            rule.spec.enabled && rule.is_for(service) && is_applied
        };
        let mut rules: Vec<_> = rules.into_iter().filter(applied).collect();
        rules.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
        let mut free_lineage = edition << 32;
        let rules = rules.into_iter().map(|rule| {
            free_lineage += 1;
            let mut others = earlier.rules.iter();
            let same = others.find(|other| other.rule.key == rule.key);
            Arc::new(Prepared::new(
                rule,
                same,
                free_lineage,
                (table, shares, now),
            ))
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
        Some(rule.carried(entry, now))
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
        (table, shares, now): (&Table, Option<&Arc<Shares>>, Moment),
    ) -> Self {
        let facts: Box<[Fact]> = rule.spec.counted_by().into_iter().cloned().collect();
        let same = same.filter(|same| same.facts == facts);
        let shares = shares.filter(|_| rule.spec.scope().is_global()).cloned();
        let limits = Limits::compile(&rule.spec);
        let limits = match &shares {
            Some(shares) => {
                shares.edit(&rule);
                limits.shared()
            }
            None => limits,
        };
        let mut prepared = Self {
            rule,
            limits: Arc::new(limits),
            lineage: same.map_or(free_lineage, |same| same.lineage),
            only: None,
            facts,
            shares,
        };
        if prepared.facts.is_empty() {
            let earlier = same.and_then(|same| same.only.as_ref());
            let only = match earlier {
                Some(entry) => prepared.carried(entry, now),
                None => {
                    let key = table.key(prepared.lineage, &[]);
                    Entry::new(key, &prepared.limits, prepared.counter(&[], now))
                }
            };
            prepared.only = Some(only);
        }
        prepared
    }

    /// What remains of a counter of an earlier edition.
    fn carried(&self, entry: &Arc<Entry>, now: Moment) -> Arc<Entry> {
        let Claim { limits, counter } = entry.claim();
        if *limits == *self.limits {
            return Arc::clone(entry);
        }
        let counter = match counter.till() {
            // The control plane carries what was counted.
            Some(till) if self.shares.is_some() && till.window() == shortest_window(&self.rule) => {
                Counter::shared(Arc::clone(till))
            }
            Some(_) | None if self.shares.is_some() => self.counter(&entry.values(), now),
            Some(_) | None => self.limits.carry(limits, counter, now),
        };
        entry.with(&self.limits, counter)
    }

    /// A counter for a combination of values.
    fn counter(&self, values: &[&str], now: Moment) -> Counter {
        match &self.shares {
            Some(shares) => Counter::shared(shares.open(&self.rule, values, now)),
            None => self.limits.counter(),
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
                let make = || self.counter(key.values, now);
                let entry = table.find_or_insert(key, &self.limits, (edition, now), make)?;
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
