//! Whether a change of a rule keeps what the tests of rules expect.
//!
//! A change must pass the tests of the rule itself, and must not fail those of another rule that passed
//! before it. Tests try rules with instances of their own, so that what they say does not depend on the
//! instances that there are.

use std::{fmt, sync::Arc};

use merak_model::{
    ServiceKey,
    routing::{
        FailedTest, RoutingRule, RuleKey, RuleSet,
        failed_test::{broken_tests, failed_tests},
    },
};
use tokio::sync::OwnedMutexGuard;

use super::{Precondition, Registry};
use crate::{AnyRule, Callees, Catalog, Error, ErrorKind, Result, Rule, RuleFamily, Thing};

/// The tests that a change would fail, as the cause of its refusal.
#[derive(Debug)]
struct FailedTests(Vec<FailedTest>);

/// A change of one rule.
struct RuleChange {
    before: Option<AnyRule>,
    after: Option<AnyRule>,
}

/// Keeps other changes of rules waiting, so that what tests tried is what is committed.
pub(super) type RuleTurn = OwnedMutexGuard<()>;

impl Registry {
    /// The same registry for one who changes rules whatever their tests say.
    #[must_use]
    pub fn without_tests(&self) -> Self {
        Self {
            runs_tests: false,
            ..self.clone()
        }
    }

    /// Refuses a change of a rule that its tests, or those of others, do not pass; other changes wait
    /// until this one is committed.
    pub(super) async fn pass_tests<R: Rule>(
        &self,
        key: &RuleKey,
        after: Option<AnyRule>,
        precondition: Precondition,
    ) -> Result<Option<RuleTurn>> {
        if R::KIND.family() != RuleFamily::Routing {
            return Ok(None);
        }
        let turn = Arc::clone(&self.rule_turn).lock_owned().await;
        if !self.runs_tests {
            return Ok(Some(turn));
        }
        let before = self.catalog.find_rule::<R>(key);
        let stamp = before.as_ref().map(|before| before.stamp());
        precondition.check(Thing::rule(R::KIND, key), stamp)?;
        let before = before.map(R::any);
        let change = RuleChange { before, after };
        let rules = change.rules(&self.catalog);
        if rules
            .1
            .routing
            .iter()
            .all(|rule| rule.spec.tests().is_empty())
        {
            return Ok(Some(turn));
        }
        // A service may have many rules with many tests.
        let failed = tokio::task::spawn_blocking(move || change.failed(&rules.0, &rules.1)).await;
        let defect = |_| Error::new(ErrorKind::Internal, "a defect ended the tests of rules");
        let failed = failed.map_err(defect)?;
        if failed.is_empty() {
            return Ok(Some(turn));
        }
        let failed = FailedTests(failed);
        Err(Error::conflict(failed.to_string()).caused_by(failed))
    }
}

impl RuleChange {
    /// The rules beside it, before and after it.
    fn rules(&self, catalog: &Catalog) -> (RuleSet, RuleSet) {
        let mut before = RuleSet::default();
        for callees in self.callees() {
            let beside = catalog.rules_beside(&callees);
            beside
                .routing
                .into_iter()
                .for_each(|rule| before.put_routing(rule));
            beside
                .nearby
                .into_iter()
                .for_each(|rule| before.put_nearby(rule));
        }
        let mut after = before.clone();
        match &self.before {
            Some(AnyRule::Routing(rule)) => after.remove_routing(&rule.key),
            Some(AnyRule::Nearby(rule)) => after.remove_nearby(&rule.key),
            Some(AnyRule::RateLimit(_)) | None => {}
        }
        match &self.after {
            Some(AnyRule::Routing(rule)) => after.put_routing(Arc::clone(rule)),
            Some(AnyRule::Nearby(rule)) => after.put_nearby(Arc::clone(rule)),
            Some(AnyRule::RateLimit(_)) | None => {}
        }
        (before, after)
    }

    /// The services that the rule was for, or is for.
    fn callees(&self) -> Vec<Callees> {
        let states = [&self.before, &self.after];
        let mut callees: Vec<_> = states.into_iter().flatten().map(AnyRule::callees).collect();
        callees.dedup();
        callees
    }

    fn failed(&self, before: &RuleSet, after: &RuleSet) -> Vec<FailedTest> {
        let callees = self.callees();
        let concerns = |callee: &ServiceKey| callees.iter().any(|one| one.selects(callee));
        let mut own = after.routing.iter();
        let own = own.find(|rule| rule.spec.enabled && self.is_of(rule));
        let mut failed = own.map_or_else(Vec::new, |rule| failed_tests(rule, after));
        failed.extend(broken_tests(
            (before, after),
            |rule| self.is_of(rule),
            concerns,
        ));
        failed
    }

    /// Whether a routing rule is the one that changes.
    fn is_of(&self, rule: &RoutingRule) -> bool {
        matches!(&self.after, Some(AnyRule::Routing(after)) if after.key == rule.key)
    }
}

impl Error {
    /// The tests behind an [`ErrorKind::Conflict`], if a change of a rule would fail them.
    pub fn failed_tests(&self) -> &[FailedTest] {
        let source = std::error::Error::source(self);
        let failed = source.and_then(|source| source.downcast_ref::<FailedTests>());
        failed.map_or(&[], |failed| &failed.0)
    }
}

impl std::error::Error for FailedTests {}

impl fmt::Display for FailedTests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "the rules would fail {count} of their tests")?;
        for (index, test) in self.0.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}{test}")?;
        }
        Ok(())
    }
}
