//! Notes the steps of a decision.

use super::step::{Check, Dropped, GroupReport, Join, Place, Step, Why};
use crate::{
    Instance,
    routing::{
        Condition, Matcher, Matches, Otherwise, RoutingRule, Selection, TargetDocument, Test,
        WhenEmpty,
        compile::Share,
        group::Pool,
        observe::{Looked, Observer},
        select::Situation,
        target::Labels,
    },
};

/// Notes the steps of a decision.
pub(super) struct Trace<'c> {
    selection: &'c Selection,
    situation: Situation<'c>,
    /// Conditions whose rule or branch is not noted yet.
    checks: Vec<Check>,
    steps: Vec<Step>,
}

impl<'c> Trace<'c> {
    pub(super) fn new(selection: &'c Selection, situation: Situation<'c>) -> Self {
        let rules = selection.policy.rules.iter();
        let disabled = rules.filter(|rule| !rule.spec.enabled);
        let steps = disabled.map(|rule| Step::Disabled {
            rule: Place::rule(&rule.key),
        });
        Self {
            selection,
            situation,
            checks: Vec::new(),
            steps: steps.collect(),
        }
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    fn report(&self, labels: &Labels, pool: Option<&Pool<'_, '_>>) -> GroupReport {
        let instances = self.selection.instances.iter();
        let fitting =
            instances.filter(|one| labels.fit_call(one, |fact| self.situation.facts.find(fact)));
        let mut dropped = Vec::new();
        let mut count = 0;
        for instance in fitting {
            count += 1;
            if let Some(why) = self.why(instance, pool) {
                dropped.push(Dropped {
                    id: instance.id.clone(),
                    address: instance.address(),
                    why,
                });
            }
        }
        let narrowing = pool.map(Pool::narrowing);
        let is_nearby = self.situation.view.scope.nearby.is_some();
        GroupReport {
            instances: count,
            candidates: pool.map_or(0, |pool| pool.candidates().count()),
            level: narrowing.filter(|_| is_nearby).map(|one| one.level),
            is_protected: narrowing.is_some_and(|one| one.is_protected),
            has_healthy: narrowing.is_some_and(|one| one.has_healthy),
            dropped,
        }
    }

    /// Why an instance of a target is not a candidate, if it is none.
    fn why(&self, instance: &Instance, pool: Option<&Pool<'_, '_>>) -> Option<Why> {
        if instance.isolated {
            return Some(Why::Isolated);
        }
        if instance.spec.weight.get() == 0 {
            return Some(Why::NoWeight);
        }
        if self.situation.view.excluded.contains(&instance.id) {
            return Some(Why::Excluded);
        }
        let scope = self.situation.view.scope;
        let widest = match (pool, scope.nearby) {
            (Some(pool), _) => Some(pool.narrowing().level),
            (None, Some(nearby)) => nearby.strict.then_some(nearby.max_level()),
            (None, None) => None,
        };
        let is_near =
            |level: super::super::Level| level.is_shared(&instance.spec.location, scope.location);
        if !widest.is_none_or(is_near) {
            return Some(Why::TooFar);
        }
        let is_protected = pool.is_some_and(|pool| pool.narrowing().is_protected);
        (!is_protected && !instance.health.is_healthy()).then_some(Why::Unhealthy)
    }
}

impl Observer for Trace<'_> {
    const IS_THOROUGH: bool = true;

    fn condition(&mut self, condition: &Condition, looked: Looked<'_>) {
        self.checks.push(Check {
            fact: condition.fact.to_string(),
            op: condition.test.operator(),
            want: want(&condition.test, looked.other),
            got: looked.got.map(str::to_owned),
            holds: looked.holds,
        });
    }

    fn rule(&mut self, rule: &RoutingRule, is_for_caller: bool) {
        self.steps.push(Step::Rule {
            rule: Place::rule(&rule.key),
            revision: rule.stamp.revision,
            priority: rule.spec.priority(),
            is_for_caller,
            conditions: std::mem::take(&mut self.checks),
        });
    }

    fn branch(&mut self, rule: &RoutingRule, index: usize, takes: bool) {
        let branch = &rule.spec.branches()[index];
        self.steps.push(Step::Branch {
            branch: Place::branch(&rule.key, index),
            name: branch.name.to_string(),
            takes,
            join: match branch.matches() {
                Matches::Always => Join::Always,
                Matches::All(_) => Join::All,
                Matches::Any(_) => Join::Any,
            },
            conditions: std::mem::take(&mut self.checks),
        });
    }

    fn target(
        &mut self,
        rule: &RoutingRule,
        branch: usize,
        share: &Share,
        pool: Option<&Pool<'_, '_>>,
    ) {
        let target = &rule.spec.branches()[branch].targets()[share.target];
        let group = self.report(target.labels(), pool);
        let TargetDocument { name, labels, .. } = target.into();
        self.steps.push(Step::Target {
            branch: Place::branch(&rule.key, branch),
            target: share.target,
            name,
            labels,
            weight: share.weight,
            priority: share.priority,
            group,
        });
    }

    fn suspects(&mut self, rule: &RoutingRule, branch: usize) {
        let branch = Place::branch(&rule.key, branch);
        self.steps.push(Step::Suspects { branch });
    }

    fn is_empty(&mut self, rule: &RoutingRule, branch: usize, then: WhenEmpty) {
        let branch = Place::branch(&rule.key, branch);
        self.steps.push(Step::Empty { branch, then });
    }

    fn otherwise(&mut self, rule: &RoutingRule, then: Otherwise) {
        let rule = Place::rule(&rule.key);
        self.steps.push(Step::Otherwise { rule, then });
    }

    fn all(&mut self, pool: Option<&Pool<'_, '_>>) {
        let group = self.report(&Labels::default(), pool);
        self.steps.push(Step::AllInstances { group });
    }
}

/// What a test compares with, for people to read.
fn want(test: &Test, other: Option<&str>) -> Vec<String> {
    match test {
        Test::SameAs(fact) => vec![match other {
            Some(value) => format!("{fact} = {value}"),
            None => format!("{fact}, which the call does not have"),
        }],
        Test::Value(Matcher::Exact(value) | Matcher::NotEqual(value)) => vec![value.to_string()],
        Test::Value(Matcher::In(values) | Matcher::NotIn(values)) => {
            values.iter().map(str::to_owned).collect()
        }
        Test::Value(Matcher::Regex(pattern)) => vec![pattern.as_str().to_owned()],
        Test::Value(Matcher::Range(bounds)) => {
            let text = |bound: Option<i64>| bound.map(|bound| bound.to_string());
            let upper = text(bounds.upper()).map(|upper| format!("={upper}"));
            let lower = text(bounds.lower()).unwrap_or_default();
            vec![format!("{lower}..{}", upper.unwrap_or_default())]
        }
        Test::Value(Matcher::Present | Matcher::Absent) => Vec::new(),
    }
}
