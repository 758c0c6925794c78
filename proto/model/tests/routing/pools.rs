//! What balancers get to choose from.

use std::sync::Arc;

use merak_model::{
    Call, InstanceId,
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
        assert!(ids.contains(&pool.draw(bits(number)).id.to_string()));
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
    let pools: Vec<usize> = selection
        .prepared()
        .map(|pool| pool.candidates.len())
        .collect();
    assert_eq!(pools, [4, 2, 2], "all, v1, v2");
    let call = Call::to("order");
    let excluded = [InstanceId::parse("a").unwrap()];
    let drawn = selection.route(&call, 1).unwrap().prepared().unwrap();
    assert!(drawn.index == 1 || drawn.index == 2);
    assert!(
        selection
            .route(&call.excluding(&excluded), 1)
            .unwrap()
            .prepared()
            .is_none()
    );
}
