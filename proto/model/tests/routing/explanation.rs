//! What an explanation says.

use std::sync::Arc;

use merak_model::{
    Call, InstanceId,
    routing::{Policy, Selection},
};
use serde_json::{Value, json};

use crate::builders::{build, nearby, one, policy, rule};

fn canary() -> Value {
    json!({
        "priority": 3,
        "caller": {"service": "api"},
        "branches": [
            {
                "name": "vip",
                "matches": {"all": [
                    {"on": "header", "key": "x-user", "op": "in", "values": ["42", "43"]},
                    {"on": "path", "op": "regex", "value": "^/api/"},
                ]},
                "targets": [{"labels": {"version": "v2"}}],
            },
            {
                "name": "canary",
                "targets": [
                    {"name": "stable", "labels": {"version": "v1"}, "weight": 70},
                    {"name": "canary", "labels": {"version": "v2"}, "weight": 30},
                ],
            },
        ],
        "otherwise": "reject",
    })
}

fn explain(selection: &Selection, call: &Call<'_>) -> Value {
    serde_json::to_value(selection.explain(call, Some(7))).unwrap()
}

#[test]
fn a_canary_is_explained_step_by_step() {
    let instances = [
        one("a", "version=v1"),
        one("b", "version=v1").isolated(),
        one("c", "version=v2").weighing(300),
        one("d", "version=v2").sick(),
        one("e", "version=v2"),
    ];
    let policy = policy(vec![rule("order-canary", canary())], "");
    let selection = Selection::compile(&build(&instances), policy);
    let call = Call::to("order").header("x-user", "7").path("/api/order");
    let explained = explain(&selection, &call);
    assert_eq!(explained["verdict"], "routed");
    assert_eq!(explained["decided_by"], "default/order-canary[1]");
    assert_eq!(
        explained["picked"],
        selection.pick(&call, 7).unwrap().id.as_str()
    );
    let candidates = explained["candidates"].as_array().unwrap().iter();
    let shares: Vec<_> = candidates
        .map(|one| json!([one["id"], one["target"], one["probability"]]))
        .collect();
    let expected = json!([
        ["a", 0, 0.7],
        ["c", 1, 0.3 * 300.0 / 400.0],
        ["e", 1, 0.3 * 100.0 / 400.0]
    ]);
    assert_eq!(json!(shares), expected);
    let conditions = json!([
        {"fact": "header.x-user", "op": "in", "want": ["42", "43"], "got": "7", "holds": false},
        {"fact": "path", "op": "regex", "want": ["^/api/"], "got": "/api/order", "holds": true},
    ]);
    let caller = json!([
        {"fact": "caller_service", "op": "exact", "want": ["api"], "got": "api", "holds": true},
    ]);
    let steps = json!([
        {"stage": "rule", "rule": "default/order-canary", "revision": 0, "priority": 3,
         "is_for_caller": true, "conditions": caller},
        {"stage": "branch", "branch": "default/order-canary[0]", "name": "vip", "takes": false,
         "join": "all", "conditions": conditions},
        {"stage": "branch", "branch": "default/order-canary[1]", "name": "canary", "takes": true,
         "join": "always", "conditions": []},
        {"stage": "target", "branch": "default/order-canary[1]", "target": 0, "name": "stable",
         "labels": {"version": "v1"}, "weight": 70, "priority": 0, "instances": 2, "candidates": 1,
         "is_protected": false, "has_healthy": true,
         "dropped": [{"id": "b", "address": "b:80", "why": "isolated"}]},
        {"stage": "target", "branch": "default/order-canary[1]", "target": 1, "name": "canary",
         "labels": {"version": "v2"}, "weight": 30, "priority": 0, "instances": 3, "candidates": 2,
         "is_protected": false, "has_healthy": true,
         "dropped": [{"id": "d", "address": "d:80", "why": "unhealthy"}]},
    ]);
    assert_eq!(explained["steps"], steps);
}

#[test]
fn every_reason_for_dropping_an_instance_is_named() {
    let instances = [
        one("a", "").at("eu/eu-1"),
        one("b", "").at("eu/eu-1").isolated(),
        one("c", "").at("eu/eu-1").weighing(0),
        one("d", "").at("eu/eu-1"),
        one("e", "").at("eu/eu-2"),
        one("f", "").at("eu/eu-1").sick(),
    ];
    let policy = Policy {
        nearby: Some(nearby(json!({"level": "zone"}))),
        ..policy(vec![], "eu/eu-1")
    };
    let selection = Selection::compile(&build(&instances), policy);
    let excluded = [InstanceId::parse("d").unwrap()];
    let explained = explain(&selection, &Call::to("order").excluding(&excluded));
    let step = &explained["steps"][0];
    assert_eq!(step["stage"], "all_instances");
    assert_eq!(step["level"], "zone");
    let dropped = step["dropped"].as_array().unwrap().iter();
    let dropped: Vec<_> = dropped.map(|one| json!([one["id"], one["why"]])).collect();
    let expected = json!([
        ["b", "isolated"],
        ["c", "no_weight"],
        ["d", "excluded"],
        ["e", "too_far"],
        ["f", "unhealthy"],
    ]);
    assert_eq!(json!(dropped), expected);
    assert_eq!(explained["candidates"][0]["probability"], 1.0);
}

#[test]
fn a_call_that_goes_nowhere_is_explained_as_well() {
    let missing = json!({
        "branches": [{"targets": [{"labels": {"version": "v3"}}], "when_empty": "next_branch"}],
        "otherwise": "reject",
    });
    let mut off = canary();
    off["enabled"] = json!(false);
    let others = json!({"caller": {"service": "web"}, "branches": [{"targets": [{}]}], "otherwise": "reject"});
    let rules = vec![rule("c", missing), rule("a", off), rule("b", others)];
    let instances = build(&[one("a", "version=v1")]);
    let selection = Selection::compile(&instances, policy(rules, ""));
    let explained = explain(&selection, &Call::to("order"));
    assert_eq!(explained["verdict"], "rejected");
    assert_eq!(explained["decided_by"], "default/c");
    assert_eq!(explained["candidates"], json!([]));
    assert!(explained.get("picked").is_none());
    let steps: Vec<&Value> = explained["steps"].as_array().unwrap().iter().collect();
    let stages: Vec<&str> = steps
        .iter()
        .map(|step| step["stage"].as_str().unwrap())
        .collect();
    assert_eq!(
        stages,
        [
            "disabled",
            "rule",
            "rule",
            "branch",
            "target",
            "empty",
            "otherwise"
        ]
    );
    assert_eq!(steps[1]["is_for_caller"], false);
    assert_eq!(steps[5]["then"], "next_branch");
    assert_eq!(
        steps[6],
        &json!({"stage": "otherwise", "rule": "default/c", "then": "reject"})
    );
}

#[test]
fn a_comparison_of_two_facts_shows_both() {
    let same = json!({"on": "header", "key": "x-env", "op": "same_as",
        "fact": {"on": "caller_metadata", "key": "env"}});
    let branch = json!({"matches": {"any": [same]}, "targets": [{}]});
    let rule = rule("r", json!({"branches": [branch], "otherwise": "reject"}));
    let selection =
        Selection::compile(&build(&[one("a", "")]), policy(vec![Arc::clone(&rule)], ""));
    let explained = explain(&selection, &Call::to("order").header("x-env", "gray"));
    let condition = &explained["steps"][1]["conditions"][0];
    assert_eq!(condition["want"], json!(["caller_metadata.env = gray"]));
    assert_eq!(condition["holds"], true);
}

#[test]
fn suspects_are_named_where_they_are_all_there_is() {
    let targets = json!([{"labels": {"v": "1"}}, {"labels": {"v": "2"}, "priority": 1}]);
    let rule = rule(
        "r",
        json!({"branches": [{"targets": targets}], "otherwise": "reject"}),
    );
    let instances = build(&[one("a", "v=1").sick(), one("b", "v=2").sick()]);
    let selection = Selection::compile(&instances, policy(vec![rule], ""));
    let explained = explain(&selection, &Call::to("order"));
    assert_eq!(explained["candidates"][0]["id"], "a");
    let steps: Vec<&Value> = explained["steps"].as_array().unwrap().iter().collect();
    let stages: Vec<&str> = steps
        .iter()
        .map(|step| step["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["rule", "branch", "target", "target", "suspects"]);
    assert_eq!(steps[2]["has_healthy"], false);
    assert_eq!(steps[2]["is_protected"], true);
}
