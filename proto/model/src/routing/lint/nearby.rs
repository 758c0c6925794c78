//! Nearby rules that get into each other's way: one of them applies to a service, the first.

use std::sync::Arc;

use super::{
    Warning, WarningCode,
    rules::{callees_overlap, includes_callee},
};
use crate::routing::NearbyRule;

/// Looks for what was probably not meant in a nearby rule, beside the others; one of the same name is
/// the rule itself, and is passed over.
pub fn lint_nearby(rule: &NearbyRule, others: &[Arc<NearbyRule>]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |code, message| {
        warnings.push(Warning {
            code,
            rule: rule.key.clone(),
            field: "priority".to_owned(),
            message,
        });
    };
    let others = others.iter().map(AsRef::as_ref);
    let enabled = others.filter(|other: &&NearbyRule| other.spec.enabled && other.key != rule.key);
    for other in enabled.filter(|other| rule.spec.enabled && callees_overlap(rule, *other)) {
        let name = &other.key;
        let is_earlier = other.precedence() < rule.precedence();
        if rule.spec.priority() == other.spec.priority() {
            let first = if is_earlier { name } else { &rule.key };
            let message = format!(
                "`{name}` has the same priority and is for the same services: by their names `{first}` \
                 applies"
            );
            warn(WarningCode::EqualPriority, message);
        }
        if is_earlier && includes_callee(other, rule) {
            let message = format!("`{name}` applies to every service that this rule is for");
            warn(WarningCode::RuleUnreachable, message);
        }
    }
    warnings
}
