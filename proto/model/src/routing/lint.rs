//! Rules that are valid and probably not what was meant.
//!
//! Each warning has a stable code and the place of what it is about; a rule with warnings works.

mod branches;
mod concern;
mod nearby;
mod percentages;
mod rules;
mod targets;

use std::{fmt, sync::Arc};

use super::{CalleeRule, RoutingRule, RuleKey};
use crate::{Instance, ServiceKey, invalid::pointer_to};
pub(crate) use branches::{contradicts_itself, matches_everything};
pub use concern::{Concern, NamingText, Side, Subject, WarningCode};
pub use nearby::lint_nearby;
pub(crate) use rules::includes_callee;

/// Something in a rule that is probably not what was meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    pub rule: RuleKey,
    /// The place in the rule's spec, such as `branches[1].targets[0].weight`.
    pub field: String,
    /// What is the matter; displayed, it is a sentence fragment.
    pub concern: Concern,
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
    fn warn(&mut self, field: impl Into<String>, concern: Concern) {
        self.warnings.push(Warning {
            rule: self.rule.key.clone(),
            field: field.into(),
            concern,
        });
    }
}

impl Warning {
    /// The kind of warning.
    pub fn code(&self) -> WarningCode {
        self.concern.code()
    }

    /// The place in the rule's spec as a JSON pointer (RFC 6901), such as `/branches/1/name`.
    pub fn pointer(&self) -> String {
        pointer_to(&self.field)
    }
}

/// ``shop/canary: branches[1]: … [branch_unreachable]``.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {} [{}]",
            self.rule,
            self.field,
            self.concern,
            self.code()
        )
    }
}
