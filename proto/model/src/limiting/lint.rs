//! Rate limit rules that are valid and probably not what was meant.

use std::sync::Arc;

use super::{Action, Amount, Failover, RateLimitRule, Scope};
use crate::{
    Instance,
    routing::{
        Concern, Warning,
        lint::{Side, contradicts_itself, includes_callee, matches_everything},
    },
};

/// What rate limit rules are held against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'c> {
    /// The other rules; one of the same name is the rule itself, and is passed over.
    pub rules: &'c [Arc<RateLimitRule>],
    /// The instances of the callee now, if it is one service and they are known.
    pub instances: Option<&'c [Arc<Instance>]>,
}

/// Looks for what was probably not meant; of the other rules nothing is said for one that is not enabled.
pub fn lint(rule: &RateLimitRule, surroundings: Surroundings<'_>) -> Vec<Warning> {
    let mut report = Report {
        rule,
        warnings: Vec::new(),
    };
    report.lint_conditions();
    if surroundings.instances.is_some_and(<[_]>::is_empty) {
        let obeyed_by = Side::Callee;
        report.warn("callee", Concern::CalleeWithoutInstances { obeyed_by });
    }
    if rule.spec.enabled {
        report.lint_strictness(surroundings.rules);
    }
    report.warnings
}

struct Report<'r> {
    rule: &'r RateLimitRule,
    warnings: Vec<Warning>,
}

impl Report<'_> {
    fn warn(&mut self, field: impl Into<String>, concern: Concern) {
        self.warnings.push(Warning {
            rule: self.rule.key.clone(),
            field: field.into(),
            concern,
        });
    }

    fn lint_conditions(&mut self) {
        let spec = &self.rule.spec;
        let method = spec.method().map(|test| ("method.value".to_owned(), test));
        let arguments = spec.arguments().iter().enumerate();
        let arguments =
            arguments.map(|(index, one)| (format!("arguments[{index}].value"), &one.test));
        for (field, test) in method.into_iter().chain(arguments) {
            if test.pattern().is_some_and(matches_everything) {
                self.warn(field, Concern::RegexMatchesEverything);
            }
        }
        if contradicts_itself(spec.conditions()) {
            let of_method_alone = spec.arguments().is_empty();
            let field = if of_method_alone {
                "method"
            } else {
                "arguments"
            };
            self.warn(field, Concern::RuleNeverMatches);
        }
    }

    /// Looks for another rule that lets no more calls through.
    fn lint_strictness(&mut self, others: &[Arc<RateLimitRule>]) {
        let rule = self.rule;
        let mut others = others.iter().filter(|other| {
            // Of two that are equally strict, the one that answers is the one that counts.
            let is_weaker = || is_idle_beside(rule, other);
            let counts = || !is_idle_beside(other, rule) || other.precedence() < rule.precedence();
            other.key != rule.key && other.spec.enabled && is_weaker() && counts()
        });
        if let Some(stricter) = others.next() {
            let field = if rule.spec.amounts().is_empty() {
                "concurrency"
            } else {
                "amounts"
            };
            let other = stricter.key.clone();
            self.warn(field, Concern::LimitNeverReached { other });
        }
    }
}

/// Whether a rule refuses no call that `other` lets through, as far as that is plain to see.
fn is_idle_beside(rule: &RateLimitRule, other: &RateLimitRule) -> bool {
    let (spec, beside) = (&rule.spec, &other.spec);
    let is_reached = |amount: &Amount| {
        let burst = spec.burst(*amount);
        let mut stricter = beside.amounts().iter();
        !stricter.any(|one| match beside.scope() {
            Scope::Local => amount.is_idle_beside(burst, *one, beside.burst(*one)),
            // Windows that all share begin together; others do not.
            Scope::Global { .. } => amount.window() == one.window() && amount.max() >= one.max(),
        })
    };
    let has_room = |calls| {
        beside
            .concurrency()
            .is_some_and(|stricter| calls >= stricter)
    };
    counts_alike(spec.scope(), beside.scope())
        && includes_callee(other, rule)
        && beside
            .conditions()
            .iter()
            .all(|one| spec.conditions().contains(one))
        // What tells its counters apart tells those of the rule apart as well.
        && (!spec.regex_combine || beside.counted_by().is_empty())
        // A queue lets more through than come at once, which wait.
        && beside.action() == Action::Reject
        && spec.action() == Action::Reject
        && spec.warm_up().is_none()
        && !spec.amounts().iter().any(is_reached)
        && spec.concurrency().is_none_or(has_room)
}

/// Whether one counts where the other does, also while the control plane is away.
fn counts_alike(one: Scope, other: Scope) -> bool {
    match (one, other) {
        (Scope::Local, Scope::Local) => true,
        (Scope::Local, Scope::Global { .. }) | (Scope::Global { .. }, Scope::Local) => false,
        (
            Scope::Global { mode, failover },
            Scope::Global {
                mode: other_mode,
                failover: other_failover,
            },
        ) => {
            mode == other_mode && (failover == other_failover || other_failover == Failover::Local)
        }
    }
}
