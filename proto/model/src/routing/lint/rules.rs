//! Rules that get into each other's way.

use std::sync::Arc;

use super::{Concern, Report, Subject};
use crate::{
    NamespaceName,
    routing::{CalleeRule, CallerSelector, Matches, Otherwise, RoutingRule, Selector, WhenEmpty},
};

pub(super) fn lint(report: &mut Report<'_>, others: &[Arc<RoutingRule>]) {
    let rule = report.rule;
    let others = others
        .iter()
        .filter(|other| other.key != rule.key && other.spec.enabled);
    for other in others.filter(|other| callees_overlap(rule, &**other)) {
        let is_earlier = other.precedence() < rule.precedence();
        if rule.spec.priority() == other.spec.priority() && callers_overlap(rule, other) {
            let (first, second) = if is_earlier {
                (&other.key, &rule.key)
            } else {
                (&rule.key, &other.key)
            };
            let concern = Concern::EqualPriority {
                other: other.key.clone(),
                first: first.clone(),
                second: second.clone(),
                subject: Subject::Calls,
            };
            report.warn("priority", concern);
        }
        if is_earlier && decides_everything(other) && is_for_all_of(other, rule) {
            let concern = Concern::RuleUnreachable {
                other: other.key.clone(),
                subject: Subject::Calls,
            };
            report.warn("priority", concern);
        }
    }
}

/// Whether two rules are for a service in common.
pub(super) fn callees_overlap<R: CalleeRule>(one: &R, other: &R) -> bool {
    overlap(&namespace_of(one), &namespace_of(other))
        && overlap(&one.callee().service, &other.callee().service)
}

/// Whether the first rule is for every service that the second one is for.
pub(crate) fn includes_callee<R: CalleeRule>(wide: &R, narrow: &R) -> bool {
    includes(&namespace_of(wide), &namespace_of(narrow))
        && includes(&wide.callee().service, &narrow.callee().service)
}

fn namespace_of<R: CalleeRule>(rule: &R) -> Selector<NamespaceName> {
    rule.callee().namespace_in(&rule.key().namespace)
}

fn callers_overlap(one: &RoutingRule, other: &RoutingRule) -> bool {
    let (one, other) = (&one.spec.caller, &other.spec.caller);
    overlap(&one.namespace, &other.namespace) && overlap(&one.service, &other.service)
}

fn overlap<T: PartialEq>(one: &Selector<T>, other: &Selector<T>) -> bool {
    match (one, other) {
        (Selector::Named(one), Selector::Named(other)) => one == other,
        (Selector::Any, _) | (_, Selector::Any) => true,
    }
}

/// Whether no call that the rule is for gets past it.
fn decides_everything(rule: &RoutingRule) -> bool {
    let mut branches = rule.spec.branches().iter();
    rule.spec.otherwise == Otherwise::Reject
        || branches.any(|branch| {
            *branch.matches() == Matches::Always && branch.when_empty != WhenEmpty::NextBranch
        })
}

/// Whether the earlier rule is for every call that the later one is for.
fn is_for_all_of(earlier: &RoutingRule, later: &RoutingRule) -> bool {
    includes_callee(earlier, later) && includes_caller(&earlier.spec.caller, &later.spec.caller)
}

fn includes_caller(wide: &CallerSelector, narrow: &CallerSelector) -> bool {
    let mut asked = wide.metadata().iter();
    includes(&wide.namespace, &narrow.namespace)
        && includes(&wide.service, &narrow.service)
        && asked.all(|condition| narrow.metadata().contains(condition))
}

fn includes<T: PartialEq>(wide: &Selector<T>, narrow: &Selector<T>) -> bool {
    *wide == Selector::Any || wide == narrow
}
