//! Which instances a call can reach.

use std::{collections::HashMap, sync::Arc};

use crate::builders::{One, build, one, policy, reached, rule, threshold};
use merak_model::{
    Call, InstanceId, ServiceName,
    call::Caller,
    routing::{Policy, RoutingRule, Selection},
};
use serde_json::{Value, json};

fn versions() -> Vec<One> {
    vec![
        one("a", "version=v1,env=prod"),
        one("b", "version=v1,env=gray"),
        one("c", "version=v2,env=prod"),
        one("d", "version=v2,env=gray"),
    ]
}

fn select(instances: &[One], rules: Vec<Arc<RoutingRule>>) -> Selection {
    Selection::compile(&build(instances), policy(rules, ""))
}

/// A branch to the instances of a version, for calls whose header `x-user` is `user`.
fn branch(user: &str, version: &str) -> Value {
    json!({
        "matches": {"all": [{"on": "header", "key": "x-user", "op": "exact", "value": user}]},
        "targets": [{"labels": {"version": version}}],
    })
}

#[test]
fn without_a_rule_every_usable_instance_is_reached() {
    let mut instances = versions();
    instances.push(one("e", "").sick());
    instances.push(one("f", "").isolated());
    instances.push(one("g", "").weighing(0));
    let selection = select(&instances, vec![]);
    assert_eq!(reached(&selection, &Call::to("order")), "a b c d");
    assert_eq!(selection.candidates().len(), 4);
    let none = Selection::default();
    assert_eq!(reached(&none, &Call::to("order")), "no instance");
}

#[test]
fn the_first_branch_that_takes_a_call_decides() {
    let rule = rule(
        "r",
        json!({
            "branches": [branch("42", "v2"), branch("42", "v1"), branch("7", "v1")],
            "otherwise": "reject",
        }),
    );
    let selection = select(&versions(), vec![rule]);
    let reached = |user| reached(&selection, &Call::to("order").header("X-User", user));
    assert_eq!(reached("42"), "c d");
    assert_eq!(reached("7"), "a b");
    assert_eq!(reached("8"), "rejected by default/r");
}

#[test]
fn rules_are_tried_by_priority_and_then_by_name() {
    let to = |version: &str, priority: u64| json!({"priority": priority, "branches": [branch("42", version)], "otherwise": "fall_through"});
    let user = Call::to("order").header("x-user", "42");
    let reached = |rules: Vec<Arc<RoutingRule>>| reached(&select(&versions(), rules), &user);
    assert_eq!(
        reached(vec![rule("a", to("v1", 2)), rule("b", to("v2", 1))]),
        "c d"
    );
    assert_eq!(
        reached(vec![rule("b", to("v2", 1)), rule("a", to("v1", 1))]),
        "a b"
    );
    let mut off = to("v1", 0);
    off["enabled"] = json!(false);
    assert_eq!(reached(vec![rule("a", off), rule("b", to("v2", 1))]), "c d");
}

#[test]
fn otherwise_does_what_it_says() {
    let with = |otherwise: &str| {
        let first = json!({"branches": [branch("42", "v1")], "otherwise": otherwise});
        let second =
            json!({"priority": 1, "branches": [branch("7", "v2")], "otherwise": "fall_through"});
        select(
            &versions(),
            vec![rule("first", first), rule("second", second)],
        )
    };
    let seven = Call::to("order").header("x-user", "7");
    assert_eq!(reached(&with("fall_through"), &seven), "c d");
    assert_eq!(
        reached(&with("fall_through"), &Call::to("order")),
        "a b c d"
    );
    assert_eq!(
        reached(&with("reject"), &seven),
        "rejected by default/first"
    );
}

#[test]
fn an_empty_branch_does_what_it_says() {
    let with = |when_empty: &str, otherwise: &str, second: Value| {
        let first = json!({"targets": [{"labels": {"version": "v3"}}], "when_empty": when_empty});
        let rule = rule(
            "r",
            json!({"branches": [first, second], "otherwise": otherwise}),
        );
        reached(&select(&versions(), vec![rule]), &Call::to("order"))
    };
    let to_v2 = json!({"targets": [{"labels": {"version": "v2"}}]});
    assert_eq!(with("next_branch", "reject", to_v2.clone()), "c d");
    assert_eq!(with("all_instances", "reject", to_v2.clone()), "a b c d");
    assert_eq!(
        with("reject", "fall_through", to_v2),
        "rejected by default/r[0]"
    );
    let not_taken = branch("42", "v2");
    assert_eq!(
        with("next_branch", "reject", not_taken.clone()),
        "rejected by default/r"
    );
    assert_eq!(with("next_branch", "fall_through", not_taken), "a b c d");
}

#[test]
fn priorities_fail_over_and_come_back() {
    let targets = json!([
        {"labels": {"version": "v2"}, "priority": 3},
        {"labels": {"version": "v1"}, "priority": 1},
        {"labels": {"env": "none"}, "priority": 0},
        {"labels": {"env": "prod"}, "priority": 0, "weight": 0},
    ]);
    let rule = rule(
        "r",
        json!({"branches": [{"targets": targets}], "otherwise": "reject"}),
    );
    let reached = |instances: &[One]| {
        let selection = select(instances, vec![Arc::clone(&rule)]);
        reached(&selection, &Call::to("order"))
    };
    let mut instances = versions();
    assert_eq!(reached(&instances), "a b");
    instances[0].is_isolated = true;
    assert_eq!(reached(&instances), "b");
    instances[1].weight = 0;
    assert_eq!(reached(&instances), "c d");
    instances[1].weight = 1;
    assert_eq!(reached(&instances), "b");
    instances[0].is_isolated = false;
    assert_eq!(reached(&instances), "a b");
}

#[test]
fn targets_whose_instances_are_all_unhealthy_come_last() {
    let targets = json!([
        {"labels": {"version": "v1", "env": "prod"}}, {"labels": {"version": "v1", "env": "gray"}},
        {"labels": {"version": "v2"}, "priority": 1},
    ]);
    let branches = json!([{"targets": targets, "when_empty": "reject"}]);
    let rule = rule("r", json!({"branches": branches, "otherwise": "reject"}));
    let mut instances = versions();
    let mut reached_with = |sick: &str| {
        for instance in &mut instances {
            instance.is_healthy = !sick.contains(instance.id);
        }
        let selection = select(&instances, vec![Arc::clone(&rule)]);
        let excluded = [InstanceId::parse("b").unwrap()];
        let retry = Call::to("order").excluding(&excluded);
        (
            reached(&selection, &Call::to("order")),
            reached(&selection, &retry),
        )
    };
    let both = |first: &str, retry: &str| (first.to_owned(), retry.to_owned());
    assert_eq!(reached_with(""), both("a b", "a"));
    assert_eq!(reached_with("a"), both("b", "c d"));
    assert_eq!(reached_with("a b"), both("c d", "c d"));
    assert_eq!(reached_with("a b c"), both("d", "d"));
    assert_eq!(
        reached_with("a b c d"),
        both("a b", "a"),
        "all are suspects"
    );
}

#[test]
fn a_target_without_an_instance_leaves_its_share_to_the_others() {
    let targets = json!([
        {"labels": {"version": "v1"}, "weight": 1},
        {"labels": {"version": "v3"}, "weight": 10_000},
    ]);
    let rule = rule(
        "r",
        json!({"branches": [{"targets": targets}], "otherwise": "reject"}),
    );
    assert_eq!(
        reached(&select(&versions(), vec![rule]), &Call::to("order")),
        "a b"
    );
}

#[test]
fn a_label_can_be_the_same_as_a_fact_of_the_call() {
    let same = |on: &str, key: &str| json!({"op": "same_as", "fact": {"on": on, "key": key}});
    let labels =
        json!({"env": same("caller_metadata", "env"), "version": same("header", "x-version")});
    let rule = rule(
        "r",
        json!({"branches": [{"targets": [{"labels": labels}]}], "otherwise": "reject"}),
    );
    let selection = select(&versions(), vec![rule]);
    let headers = HashMap::from([("x-version", "v2")]);
    let call = Call::to("order").headers(&headers);
    assert_eq!(
        reached(&selection, &call),
        "d",
        "the caller's own env is gray"
    );
    assert_eq!(
        reached(&selection, &call.clone().caller_metadata("env", "prod")),
        "c"
    );
    assert_eq!(
        reached(&selection, &call.caller_metadata("env", "test")),
        "rejected by default/r"
    );
    assert_eq!(
        reached(&selection, &Call::to("order")),
        "rejected by default/r"
    );
}

#[test]
fn a_rule_is_for_the_callers_that_it_names() {
    let only = |caller: Value| {
        let branches = json!([{"targets": [{"labels": {"version": "v2"}}]}]);
        rule(
            "r",
            json!({"caller": caller, "branches": branches, "otherwise": "reject"}),
        )
    };
    let with = |caller: Value| select(&versions(), vec![only(caller)]);
    let call = Call::to("order");
    assert_eq!(reached(&with(json!({"service": "api"})), &call), "c d");
    assert_eq!(reached(&with(json!({"service": "web"})), &call), "a b c d");
    assert_eq!(
        reached(&with(json!({"namespace": "shop"})), &call),
        "a b c d",
        "not known"
    );
    assert_eq!(
        reached(&with(json!({"metadata": {"env": "gray"}})), &call),
        "c d"
    );
    let call = call.caller_metadata("env", "prod");
    assert_eq!(
        reached(&with(json!({"metadata": {"env": "gray"}})), &call),
        "a b c d"
    );
    assert_eq!(
        reached(&with(json!({"metadata": {"env": "prod"}})), &call),
        "c d"
    );
    let web = Caller {
        service: Some(ServiceName::parse("web").unwrap()),
        ..Caller::default()
    };
    let from_web = Call::to("order").from_caller(&web);
    assert_eq!(reached(&with(json!({"service": "web"})), &from_web), "c d");
    let nobody = Caller::default();
    let call = Call::to("order").from_caller(&nobody);
    assert_eq!(reached(&with(json!({"service": "api"})), &call), "a b c d");
}

#[test]
fn conditions_are_joined_by_all_or_any() {
    let conditions = json!([
        {"on": "path", "op": "regex", "value": "^/api/"},
        {"on": "query", "key": "amount", "op": "range", "min": 100},
    ]);
    let with = |join: &str| {
        let branch =
            json!({"matches": {join: conditions}, "targets": [{"labels": {"version": "v2"}}]});
        select(
            &versions(),
            vec![rule(
                "r",
                json!({"branches": [branch], "otherwise": "reject"}),
            )],
        )
    };
    let (all, any) = (with("all"), with("any"));
    let is_taken = |selection: &Selection, path, amount| {
        let call = Call::to("order").path(path).query("amount", amount);
        selection.pick(&call, 1).is_ok()
    };
    for (path, amount, by_all, by_any) in [
        ("/api/order", "100", true, true),
        ("/api/order", "99", false, true),
        ("/health", "100", false, true),
        ("/health", "99", false, false),
    ] {
        assert_eq!(is_taken(&all, path, amount), by_all, "{path} {amount}");
        assert_eq!(is_taken(&any, path, amount), by_any, "{path} {amount}");
    }
}

#[test]
fn an_excluded_instance_is_not_reached() {
    let targets = json!([
        {"labels": {"version": "v1"}, "weight": 70}, {"labels": {"version": "v2"}, "weight": 30},
        {"priority": 1},
    ]);
    let rule = rule(
        "r",
        json!({"branches": [{"targets": targets}], "otherwise": "reject"}),
    );
    let mut instances = versions();
    instances.push(one("e", ""));
    let selection = select(&instances, vec![rule]);
    let reached = |ids: &str| {
        let ids: Vec<InstanceId> = ids
            .split(' ')
            .map(|id| InstanceId::parse(id).unwrap())
            .collect();
        reached(&selection, &Call::to("order").excluding(&ids))
    };
    assert_eq!(reached("a"), "b c d");
    assert_eq!(reached("a b"), "c d");
    assert_eq!(reached("a b c d"), "e", "the next priority");
    assert_eq!(reached("a b c d e"), "rejected by default/r");
    assert_eq!(reached("x"), "a b c d");
}

#[test]
fn too_few_healthy_instances_are_helped_by_the_others() {
    let with = |share: f64, instances: &[One]| {
        let policy = Policy {
            protect_threshold: threshold(share),
            ..Policy::default()
        };
        reached(
            &Selection::compile(&build(instances), policy),
            &Call::to("order"),
        )
    };
    let half = [one("a", ""), one("b", "").sick()];
    assert_eq!(with(0.0, &half), "a");
    assert_eq!(with(0.5, &half), "a b");
    let none = [
        one("a", "").sick().isolated(),
        one("b", "").sick(),
        one("c", "").sick(),
    ];
    assert_eq!(with(0.0, &none), "b c", "an isolated one still stays out");
}

#[test]
fn protection_looks_at_the_target_alone() {
    let mut instances = versions();
    instances[0].is_healthy = false;
    instances[1].is_healthy = false;
    let to_v1 =
        json!({"branches": [{"targets": [{"labels": {"version": "v1"}}]}], "otherwise": "reject"});
    let selection = select(&instances, vec![rule("r", to_v1)]);
    assert_eq!(
        reached(&selection, &Call::to("order")),
        "a b",
        "all of v1 are suspects"
    );
    assert_eq!(
        selection.candidates().len(),
        2,
        "without the rule the healthy ones do"
    );
}
