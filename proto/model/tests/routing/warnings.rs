//! What a rule is warned of, with its place.

use std::sync::Arc;

use merak_model::routing::{
    RoutingRule, lint,
    lint::{Surroundings, callee_of},
    lint_nearby,
};
use serde_json::{Value, json};

use crate::builders::{One, build, nearby_rule, one, rule};

fn warnings(rule: &RoutingRule, surroundings: Surroundings<'_>) -> Vec<String> {
    let warnings = lint(rule, surroundings).into_iter();
    warnings
        .map(|one| format!("{} {}", one.code(), one.field))
        .collect()
}

fn alone(branches: Value) -> Vec<String> {
    let rule = rule("r", json!({"branches": branches, "otherwise": "reject"}));
    warnings(&rule, Surroundings::default())
}

fn header(op: &str, value: &str) -> Value {
    json!({"on": "header", "key": "k", "op": op, "value": value})
}

fn all(conditions: Value) -> Value {
    json!({"matches": {"all": conditions}, "targets": [{}]})
}

#[test]
fn a_rule_that_means_what_it_says_is_not_warned_of() {
    let branches = json!([
        {"name": "vip", "matches": {"all": [header("exact", "42"), header("regex", "^4")]},
         "targets": [{"labels": {"v": "2"}}], "when_empty": "reject"},
        {"name": "canary, 70 % and 30 %", "targets": [
            {"name": "stable", "labels": {"v": "1"}, "weight": 70},
            {"name": "30%", "labels": {"v": "2"}, "weight": 30},
            ]},
        {"name": "fallback", "targets": [{}]},
    ]);
    let rule = rule("r", json!({"branches": branches, "otherwise": "reject"}));
    let instances = build(&[one("a", "v=1"), one("b", "v=2")]);
    let surroundings = Surroundings {
        rules: &[Arc::clone(&rule)],
        instances: Some(&instances),
    };
    assert_eq!(warnings(&rule, surroundings), [""; 0]);
    assert_eq!(callee_of(&*rule).unwrap().to_string(), "default/order");
}

#[test]
fn contradictions_are_found() {
    let never = |conditions: Value| {
        alone(json!([all(conditions)])) == ["branch_never_matches branches[0].matches"]
    };
    let range = |min: Option<i64>, max: Option<i64>| {
        let mut range = json!({"on": "header", "key": "k", "op": "range"});
        let bounds = [("min", min), ("max", max)];
        for (name, bound) in bounds
            .into_iter()
            .filter_map(|(name, bound)| Some((name, bound?)))
        {
            range[name] = json!(bound);
        }
        range
    };
    let absent = json!({"on": "header", "key": "K", "op": "absent"});
    let list = json!({"on": "header", "key": "k", "op": "in", "values": ["1", "2"]});
    assert!(never(json!([header("exact", "1"), header("exact", "2")])));
    assert!(never(json!([
        header("exact", "1"),
        header("not_equal", "1")
    ])));
    assert!(never(json!([header("exact", "1"), absent])));
    assert!(never(json!([header("regex", "^3"), list])));
    assert!(never(json!([range(Some(5), None), range(None, Some(4))])));
    assert!(!never(json!([range(Some(5), None), range(None, Some(5))])));
    assert!(!never(json!([
        header("regex", "^2"),
        list,
        header("not_equal", "1")
    ])));
    let other = json!({"on": "header", "key": "other", "op": "exact", "value": "2"});
    assert!(!never(json!([header("exact", "1"), other])));
    let by_caller = json!({"on": "caller_service", "op": "exact", "value": "web"});
    let rule = rule(
        "r",
        json!({"caller": {"service": "api"}, "branches": [all(json!([by_caller]))],
        "otherwise": "reject"}),
    );
    let found = warnings(&rule, Surroundings::default());
    assert_eq!(found, ["branch_never_matches branches[0].matches"]);
}

#[test]
fn branches_that_never_get_a_call_are_found() {
    let (k1, k2) = (header("exact", "1"), json!({"on": "path", "op": "present"}));
    let ends = |mut branch: Value| {
        branch["when_empty"] = json!("reject");
        branch
    };
    let both = all(json!([k1, k2]));
    let any = json!({"matches": {"any": [k1, k2]}, "targets": [{}]});
    let unreachable = ["branch_unreachable branches[1]"];
    let shadowed = ["branch_shadowed branches[1]"];
    assert_eq!(
        alone(json!([ends(json!({"targets": [{}]})), both])),
        unreachable
    );
    assert_eq!(alone(json!([{"targets": [{}]}, both])), shadowed);
    assert_eq!(alone(json!([ends(all(json!([k1]))), both])), unreachable);
    assert_eq!(alone(json!([ends(any.clone()), both])), unreachable);
    assert_eq!(alone(json!([any, all(json!([k2]))])), shadowed);
    assert_eq!(
        alone(json!([all(json!([k1])), all(json!([k1]))])),
        [""; 0],
        "a fallback"
    );
    assert_eq!(
        alone(json!([ends(both.clone()), all(json!([k1]))])),
        [""; 0]
    );
    assert_eq!(alone(json!([ends(both.clone()), both])), unreachable);
}

#[test]
fn an_expression_that_matches_everything_is_found() {
    let branches = |expression: &str| json!([all(json!([header("regex", expression)]))]);
    let found = ["regex_matches_everything branches[0].matches.all[0].value"];
    for everything in [".*", "x?", "a|", "^"] {
        assert_eq!(alone(branches(everything)), found, "{everything}");
    }
    for something in [".+", "^$", "^a*$", "[0-9]"] {
        assert_eq!(alone(branches(something)), [""; 0], "{something}");
    }
}

/// A rule for the calls of a service, or of any where it is empty.
fn made(name: &str, priority: u64, caller: &str, otherwise: &str) -> Arc<RoutingRule> {
    let caller = if caller.is_empty() { "*" } else { caller };
    rule(
        name,
        json!({
            "priority": priority, "caller": {"service": caller}, "otherwise": otherwise,
            "branches": [all(json!([header("exact", "1")]))],
        }),
    )
}

fn beside(rule: &RoutingRule, other: Arc<RoutingRule>) -> Vec<String> {
    let rules = &[other];
    let instances = None;
    warnings(rule, Surroundings { rules, instances })
}

#[test]
fn rules_of_the_same_priority_are_found() {
    let equal = ["equal_priority priority"];
    let all = made("b", 1, "", "fall_through");
    assert_eq!(beside(&all, made("c", 1, "", "fall_through")), equal);
    assert_eq!(beside(&all, made("c", 1, "api", "reject")), equal);
    assert_eq!(beside(&all, made("c", 2, "", "reject")), [""; 0]);
    assert_eq!(beside(&all, made("b", 1, "", "reject")), [""; 0], "itself");
    let api = made("b", 1, "api", "fall_through");
    assert_eq!(beside(&api, made("c", 1, "web", "reject")), [""; 0]);
    let pay = json!({"callee": {"service": "pay"}, "priority": 1, "branches": [{"targets": [{}]}],
        "otherwise": "reject"});
    assert_eq!(beside(&all, rule("c", pay)), [""; 0]);
    let rules = &[made("a", 1, "", "fall_through")];
    let instances = None;
    assert_eq!(
        lint(&all, Surroundings { rules, instances })[0].to_string(),
        "default/b: priority: `default/a` has the same priority and is for the same calls: by their \
         names `default/a` is tried before `default/b` [equal_priority]"
    );
}

#[test]
fn a_rule_that_an_earlier_one_leaves_nothing_to_is_found() {
    let unreachable = ["rule_unreachable priority"];
    let later = made("b", 1, "", "fall_through");
    assert_eq!(beside(&later, made("c", 0, "", "reject")), unreachable);
    assert_eq!(beside(&later, made("c", 0, "", "fall_through")), [""; 0]);
    assert_eq!(beside(&later, made("c", 0, "api", "reject")), [""; 0]);
    let api = made("b", 1, "api", "fall_through");
    assert_eq!(beside(&api, made("c", 0, "", "reject")), unreachable);
    assert_eq!(beside(&api, made("c", 0, "api", "reject")), unreachable);
}

#[test]
fn targets_that_no_instance_fits_are_found() {
    let targets = json!([
        {"labels": {"v": "1"}}, {"labels": {"v": "2"}}, {"labels": {"v": "3"}},
        {"labels": {"v": "1", "e": {"op": "same_as", "fact": {"on": "path"}}}},
        {"labels": {"v": "1"}}, {"labels": {"v": "1"}, "priority": 1},
    ]);
    let rule = rule(
        "r",
        json!({"branches": [{"targets": targets}], "otherwise": "reject"}),
    );
    let of = |instances: &[One]| {
        let instances = build(instances);
        warnings(
            &rule,
            Surroundings {
                rules: &[],
                instances: Some(&instances),
            },
        )
    };
    let repeated = "target_repeated branches[0].targets[4].labels";
    let without = "target_without_instances branches[0].targets[2].labels";
    let unusable = "target_without_usable_instances branches[0].targets[1].labels";
    let instances = [
        one("a", "v=1"),
        one("b", "v=2").sick(),
        one("c", "v=2").isolated(),
    ];
    assert_eq!(of(&instances), [repeated, unusable, without]);
    assert_eq!(of(&[]), [repeated, "callee_without_instances callee"]);
}

#[test]
fn weights_are_held_against_the_words_beside_them() {
    let of = |name: &str, first: Value, second: Value| {
        let branch = json!({"name": name, "targets": [first, second]});
        alone(json!([branch]))
    };
    let target = |name: &str, v: &str, weight: u64| json!({"name": name, "labels": {"v": v}, "weight": weight});
    assert_eq!(
        of(
            "",
            target("v1 70%", "1", 0),
            target("v2 30 percent", "2", 100)
        ),
        [
            "weight_not_as_named branches[0].targets[0].weight",
            "weight_not_as_named branches[0].targets[1].weight",
        ]
    );
    assert_eq!(of("", target("33.3%", "1", 1), target("", "2", 2)), [""; 0]);
    let canary = |first, second| {
        of(
            "canary 30 %",
            target("", "1", first),
            target("", "2", second),
        )
    };
    let misnamed = ["weight_not_as_named branches[0].targets"];
    assert_eq!(canary(20, 80), misnamed);
    assert_eq!(canary(30, 70), [""; 0]);
    assert_eq!(canary(70, 30), [""; 0], "it does not say which target");
    let alone_in_it =
        json!([{"name": "beta, 30 % of the users", "targets": [target("", "1", 20)]}]);
    assert_eq!(alone(alone_in_it), [""; 0]);
    assert_eq!(
        of("V1 70 %, V2 30 %", target("", "1", 0), target("", "2", 100)),
        ["weight_not_as_named branches[0].targets"]
    );
    assert_eq!(
        of("", target("", "1", 70), target("", "2", 20)),
        ["weights_not_hundred branches[0].targets"]
    );
    assert_eq!(of("", target("", "1", 1), target("", "2", 3)), [""; 0]);
    assert_eq!(of("", target("", "1", 50), target("", "2", 50)), [""; 0]);
    let described = json!({"description": "70 % to v1 and 30 % to v2", "otherwise": "reject",
        "branches": [{"targets": [target("", "1", 0), target("", "2", 100)]}]});
    let rule = rule("r", described);
    let found = lint(&rule, Surroundings::default());
    assert_eq!(
        found[0].concern.to_string(),
        "the description says 70 % / 30 %, the weights say 0 % / 100 %"
    );
}

#[test]
fn a_rule_that_is_off_is_not_held_against_others() {
    let off = rule(
        "r",
        json!({"enabled": false, "branches": [all(json!([header("regex", ".*")]))],
        "otherwise": "reject"}),
    );
    let other = rule(
        "a",
        json!({"branches": [{"targets": [{}]}], "otherwise": "reject"}),
    );
    let found = warnings(
        &off,
        Surroundings {
            rules: &[other],
            instances: None,
        },
    );
    assert_eq!(
        found,
        ["regex_matches_everything branches[0].matches.all[0].value"]
    );
}

#[test]
fn nearby_rules_in_each_others_way_are_found() {
    let made = |name: &str, priority: u64, service: &str, enabled: bool| {
        let callee = json!({"service": service});
        nearby_rule(
            name,
            json!({"priority": priority, "callee": callee, "enabled": enabled}),
        )
    };
    let rule = made("b", 1, "order", true);
    let beside = |other| {
        let warnings = lint_nearby(&rule, &[other]).into_iter();
        warnings
            .map(|one| format!("{} {}", one.code(), one.field))
            .collect::<Vec<_>>()
    };
    let (equal, unreachable) = ("equal_priority priority", "rule_unreachable priority");
    assert_eq!(beside(made("a", 1, "*", true)), [equal, unreachable]);
    assert_eq!(beside(made("c", 1, "*", true)), [equal]);
    assert_eq!(beside(made("c", 0, "order", true)), [unreachable]);
    assert_eq!(beside(made("c", 2, "order", true)), [""; 0]);
    assert_eq!(beside(made("c", 1, "pay", true)), [""; 0]);
    assert_eq!(beside(made("a", 1, "*", false)), [""; 0]);
    assert_eq!(beside(made("b", 0, "*", true)), [""; 0], "itself");
}
