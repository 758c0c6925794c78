//! Rules that are valid and probably not what was meant.
//!
//! Each warning has a stable code and the place of what it is about; a rule with warnings works.

mod branches;
mod nearby;
mod percentages;
mod rules;
mod targets;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{CalleeRule, RoutingRule, RuleKey};
use crate::{Instance, ServiceKey, invalid::pointer_to};
pub(crate) use branches::{contradicts_itself, matches_everything};
pub use nearby::lint_nearby;
pub(crate) use rules::includes_callee;

/// Something in a rule that is probably not what was meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub code: WarningCode,
    pub rule: RuleKey,
    /// The place in the rule's spec, such as `branches[1].targets[0].weight`.
    pub field: String,
    /// What is the matter, as a sentence fragment.
    pub message: String,
}

/// The kinds of warnings; their names stay the same from release to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// No call can meet the conditions of a branch.
    BranchNeverMatches,
    /// An earlier branch decides every call that a branch would take.
    BranchUnreachable,
    /// An earlier branch takes every call that a branch would take, which sees those only that the
    /// earlier one has no instance for.
    BranchShadowed,
    /// A regular expression matches every value.
    RegexMatchesEverything,
    /// Two rules for the same calls have the same priority: their names decide.
    EqualPriority,
    /// An earlier rule decides every call that a rule is for.
    RuleUnreachable,
    /// No call can meet the conditions of a rate limit rule.
    RuleNeverMatches,
    /// Another rate limit rule counts every call that a rule counts, and lets no more through.
    LimitNeverReached,
    /// No instance of the callee has the labels of a target now.
    TargetWithoutInstances,
    /// Instances of the callee have the labels of a target, and none of them can get a call now.
    TargetWithoutUsableInstances,
    /// The callee has no instance now.
    CalleeWithoutInstances,
    /// Two targets of a branch hold the same instances.
    TargetRepeated,
    /// The weights say another percentage than a name or the description.
    WeightNotAsNamed,
    /// The weights look like percentages and do not add up to 100.
    WeightsNotHundred,
}

/// What rules are held against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'c> {
    /// The other rules; one of the same name is the rule itself, and is passed over.
    pub rules: &'c [Arc<RoutingRule>],
    /// The instances of the callee now, if it is one service and they are known.
    pub instances: Option<&'c [Arc<Instance>]>,
}

/// Looks for what was probably not meant, in the order of the places; nothing is said of a rule that is
/// not enabled, but for what is wrong in itself.
pub fn lint(rule: &RoutingRule, surroundings: Surroundings<'_>) -> Vec<Warning> {
    let mut report = Report {
        rule,
        warnings: Vec::new(),
    };
    if rule.spec.enabled {
        rules::lint(&mut report, surroundings.rules);
    }
    branches::lint(&mut report);
    percentages::lint(&mut report);
    targets::lint(&mut report, surroundings.instances);
    report.warnings
}

/// The service that a rule is for, if it is one.
pub fn callee_of<R: CalleeRule>(rule: &R) -> Option<ServiceKey> {
    use super::Selector::Named;
    let callee = rule.callee();
    match (callee.namespace_in(&rule.key().namespace), &callee.service) {
        (Named(namespace), Named(service)) => Some(ServiceKey::new(namespace, service.clone())),
        _ => None,
    }
}

/// The warnings of a rule in the making.
struct Report<'r> {
    rule: &'r RoutingRule,
    warnings: Vec<Warning>,
}

impl Report<'_> {
    fn warn(&mut self, code: WarningCode, field: String, message: String) {
        self.warnings.push(Warning {
            code,
            rule: self.rule.key.clone(),
            field,
            message,
        });
    }
}

impl Warning {
    /// The place in the rule's spec as a JSON pointer (RFC 6901), such as `/branches/1/name`.
    pub fn pointer(&self) -> String {
        pointer_to(&self.field)
    }
}

impl WarningCode {
    /// The code as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BranchNeverMatches => "branch_never_matches",
            Self::BranchUnreachable => "branch_unreachable",
            Self::BranchShadowed => "branch_shadowed",
            Self::RegexMatchesEverything => "regex_matches_everything",
            Self::EqualPriority => "equal_priority",
            Self::RuleUnreachable => "rule_unreachable",
            Self::RuleNeverMatches => "rule_never_matches",
            Self::LimitNeverReached => "limit_never_reached",
            Self::TargetWithoutInstances => "target_without_instances",
            Self::TargetWithoutUsableInstances => "target_without_usable_instances",
            Self::CalleeWithoutInstances => "callee_without_instances",
            Self::TargetRepeated => "target_repeated",
            Self::WeightNotAsNamed => "weight_not_as_named",
            Self::WeightsNotHundred => "weights_not_hundred",
        }
    }
}

impl fmt::Display for WarningCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// ``shop/canary: branches[1]: … [branch_unreachable]``.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {} [{}]",
            self.rule, self.field, self.message, self.code
        )
    }
}
