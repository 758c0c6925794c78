//! The tests that rules fail, or would fail after a change of rules.

use std::fmt;

use super::{Explanation, Mismatch, RoutingRule, RoutingTest, RuleKey, RuleSet};
use crate::ServiceKey;

/// A test of a rule that fails.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedTest {
    /// The rule that the test is of.
    pub rule: RuleKey,
    /// Which of its tests it is.
    pub index: usize,
    /// What it says of itself.
    pub description: String,
    /// What is not as expected.
    pub mismatches: Vec<Mismatch>,
    /// Where its call would go, and why.
    pub explanation: Explanation,
}

/// The tests of a rule that fail beside `rules`, which it is one of.
pub fn failed_tests(rule: &RoutingRule, rules: &RuleSet) -> Vec<FailedTest> {
    let tests = rule.spec.tests().iter().enumerate();
    let failed = tests.filter_map(|(index, test)| FailedTest::of(rule, (index, test), rules));
    failed.collect()
}

/// The tests that pass before a change of rules and fail after it, of the enabled rules that stay as they
/// are.
///
/// `is_changed` tells which do not stay, and `concerns` which services the change is about: the tests of
/// calls to others are not run.
pub fn broken_tests(
    (before, after): (&RuleSet, &RuleSet),
    is_changed: impl Fn(&RoutingRule) -> bool,
    concerns: impl Fn(&ServiceKey) -> bool,
) -> Vec<FailedTest> {
    let mut broken = Vec::new();
    let rules = after.routing.iter().filter(|rule| rule.spec.enabled);
    for rule in rules.filter(|rule| !is_changed(rule)) {
        let home = &rule.key.namespace;
        let tests = rule.spec.tests().iter().enumerate();
        for (index, test) in tests.filter(|(_, test)| concerns(&test.callee_at(home))) {
            let failed = FailedTest::of(rule, (index, test), after);
            // What failed before is not the change's doing.
            broken.extend(failed.filter(|_| test.run_for(rule, before).mismatches.is_empty()));
        }
    }
    broken
}

impl FailedTest {
    /// Runs a test of a rule; none if it passes.
    fn of(
        rule: &RoutingRule,
        (index, test): (usize, &RoutingTest),
        rules: &RuleSet,
    ) -> Option<Self> {
        let outcome = test.run_for(rule, rules);
        (!outcome.mismatches.is_empty()).then(|| Self {
            rule: rule.key.clone(),
            index,
            description: test.description.to_string(),
            mismatches: outcome.mismatches,
            explanation: outcome.explanation,
        })
    }
}

/// ``default/canary tests[0] "vip": expect.labels["version"]: expected v2, got v1 at instance a``.
impl fmt::Display for FailedTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tests[{}]", self.rule, self.index)?;
        if !self.description.is_empty() {
            write!(f, " {:?}", self.description)?;
        }
        for mismatch in &self.mismatches {
            write!(f, ": {mismatch}")?;
        }
        Ok(())
    }
}
