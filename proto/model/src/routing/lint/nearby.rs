//! Nearby rules that get into each other's way: one of them applies to a service, the first.

use std::sync::Arc;

use super::{
    Concern, Subject, Warning,
    rules::{callees_overlap, includes_callee},
};
use crate::routing::NearbyRule;

/// Looks for what was probably not meant in a nearby rule, beside the others; one of the same name is
/// the rule itself, and is passed over.
pub fn lint_nearby(rule: &NearbyRule, others: &[Arc<NearbyRule>]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |concern| {
        warnings.push(Warning {
            rule: rule.key.clone(),
            field: "priority".to_owned(),
            concern,
        });
    };
    let others = others.iter().map(AsRef::as_ref);
    let enabled = others.filter(|other: &&NearbyRule| other.spec.enabled && other.key != rule.key);
    for other in enabled.filter(|other| rule.spec.enabled && callees_overlap(rule, *other)) {
        let is_earlier = other.precedence() < rule.precedence();
        let subject = Subject::Services;
        if rule.spec.priority() == other.spec.priority() {
            let (first, second) = match is_earlier {
                true => (&other.key, &rule.key),
                false => (&rule.key, &other.key),
            };
            warn(Concern::EqualPriority {
                other: other.key.clone(),
                first: first.clone(),
                second: second.clone(),
                subject,
            });
        }
        if is_earlier && includes_callee(other, rule) {
            let other = other.key.clone();
            warn(Concern::RuleUnreachable { other, subject });
        }
    }
    warnings
}
