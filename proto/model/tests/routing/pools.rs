//! What balancers get to choose from.

use std::sync::Arc;

use merak_model::{
    Call,
    routing::{RoutingRule, Selection},
};
use serde_json::json;

use crate::builders::{bits, build, one, policy, rule};

fn select(rules: Vec<Arc<RoutingRule>>) -> Selection {
    let instances = [
        one("a", "version=v1"),
        one("b", "version=v1"),
        one("c", "version=v2"),
        one("d", "version=v2"),
    ];
    Selection::compile(&build(&instances), policy(rules, ""))
}

#[test]
fn a_balancer_gets_the_instances_of_the_drawn_target() {
    let targets = json!([{"labels": {"version": "v1"}}, {"labels": {"version": "v2"}}]);
    let rule = rule(
        "r",
        json!({"branches": [{"targets": targets}], "otherwise": "reject"}),
    );
    let selection = select(vec![rule]);
    let call = Call::to("order");
    let mut pools = std::collections::BTreeSet::new();
    for number in 0..100 {
        let pool = selection.route(&call, bits(number)).unwrap();
        let ids: Vec<String> = pool.candidates().map(|one| one.id.to_string()).collect();
        assert!(ids.contains(&pool.draw(bits(number)).instance.id.to_string()));
        assert_eq!(pool.weight(), 200);
        pools.insert(ids.join(" "));
    }
    assert_eq!(Vec::from_iter(pools), ["a b", "c d"]);
}

#[test]
fn equal_targets_share_a_pool() {
    let (v1, v2) = (
        json!({"labels": {"version": "v1"}}),
        json!({"labels": {"version": "v2"}}),
    );
    let branches = json!([{"targets": [v1, v2]}, {"targets": [v2, {"labels": {"version": "v1"}, "weight": 7}]},
        {"targets": [{}]}]);
    let rules: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|name| rule(name, json!({"branches": branches, "otherwise": "reject"})))
        .collect();
    let selection = select(rules);
    assert_eq!(selection.group_count(), 3, "all, v1, v2");
    let call = Call::to("order");
    let pool = selection.route(&call, 1).unwrap();
    assert!([1, 2].contains(&pool.group()));
    let prepared = pool.prepared().unwrap();
    assert_eq!(prepared.instances().len(), 2);
    for (index, instance) in prepared.instances().iter().enumerate() {
        let candidate = prepared.candidate(index);
        assert_eq!(candidate.instance.id, instance.id);
        assert_eq!(selection.instances()[candidate.place].id, instance.id);
    }
    let excluded = [prepared.instances()[0].id.clone()];
    let pool = selection.route(&call, 1).unwrap();
    assert!(pool.admits(&prepared.instances()[0]));
    let call = call.excluding(&excluded);
    let pool = selection.route(&call, 1).unwrap();
    assert!(!pool.admits(&prepared.instances()[0]));
    assert!(pool.prepared().is_some(), "what is left of it is prepared");
}
