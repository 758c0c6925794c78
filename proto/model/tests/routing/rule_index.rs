//! Which rules are for a service.

use std::sync::Arc;

use merak_model::{
    ServiceKey,
    routing::{RoutingRule, RuleIndex, RuleKey},
};
use serde_json::json;

use crate::builders::try_rule;

fn made(name: &str, priority: u64, namespace: Option<&str>, service: &str) -> Arc<RoutingRule> {
    let mut callee = json!({"service": service});
    if let Some(namespace) = namespace {
        callee["namespace"] = json!(namespace);
    }
    let rule = json!({"priority": priority, "callee": callee, "branches": [{"targets": [{}]}],
        "otherwise": "reject"});
    try_rule(name, rule).unwrap()
}

fn names(index: &RuleIndex<RoutingRule>, namespace: &str, service: &str) -> String {
    let rules = index.list_for(&ServiceKey::parse(namespace, service).unwrap());
    let names: Vec<String> = rules.iter().map(|rule| rule.key.name.to_string()).collect();
    names.join(" ")
}

#[test]
fn a_service_has_its_own_rules_and_those_for_any() {
    let index: RuleIndex<RoutingRule> = [
        made("own", 2, None, "order"),
        made("first", 1, None, "order"),
        made("namespace", 2, None, "*"),
        made("shop", 0, Some("shop"), "order"),
        made("everywhere", 2, Some("*"), "order"),
        made("all", 3, Some("*"), "*"),
    ]
    .into_iter()
    .collect();
    assert_eq!(
        names(&index, "default", "order"),
        "first everywhere namespace own all"
    );
    assert_eq!(names(&index, "default", "pay"), "namespace all");
    assert_eq!(names(&index, "shop", "order"), "shop everywhere all");
    assert_eq!(index.iter().len(), 6);
}

#[test]
fn a_rule_that_moves_leaves_nothing_behind() {
    let mut index = RuleIndex::default();
    assert!(index.upsert(made("r", 1, None, "order")).is_none());
    let replaced = index.upsert(made("r", 2, None, "pay")).unwrap();
    assert_eq!(replaced.spec.priority(), 1);
    assert_eq!(names(&index, "default", "order"), "");
    assert_eq!(names(&index, "default", "pay"), "r");
    let key = RuleKey::parse("default", "r").unwrap();
    assert!(index.find(&key).is_some());
    assert!(index.remove(&key).is_some() && index.remove(&key).is_none());
    assert_eq!(names(&index, "default", "pay"), "");
}
