//! Tests of rules: what is expected of a call.

use std::sync::Arc;

use merak_model::{
    Instance, Invalid, NamespaceName,
    call::{CallDocument, OwnedCall},
    routing::{self, Policy, RoutingRule, RoutingTest, RoutingTestDocument, RuleSet, Selection},
};
use serde_json::{Value, json};

use crate::builders::{build, nearby, one, policy, rule};

fn canary() -> Arc<RoutingRule> {
    let vip = json!({"on": "header", "key": "x-user", "op": "exact", "value": "42"});
    let api = json!({"on": "caller_ip", "op": "exact", "value": "10.0.0.9"});
    rule(
        "canary",
        json!({
            "caller": {"service": "api"},
            "branches": [
                {"matches": {"all": [vip]}, "targets": [{"labels": {"version": "v2"}}]},
                {"matches": {"all": [api]}, "targets": [{"labels": {"version": "v3"}}], "when_empty": "reject"},
                {"targets": [{"labels": {"version": "v1"}}, {"labels": {"version": "v2"}}]},
            ],
            "otherwise": "reject",
        }),
    )
}

fn instances() -> Vec<Arc<Instance>> {
    build(&[
        one("a", "version=v1").at("eu/1"),
        one("b", "version=v2").at("eu/1"),
        one("c", "version=v2").at("eu/2"),
    ])
}

/// What is not as expected of a call from `api`.
fn check(request: Value, expect: Value) -> Result<Vec<String>, Invalid> {
    let mut request = request;
    request["to"] = json!({"service": "order"});
    let document = json!({"request": request, "expect": expect});
    let document: RoutingTestDocument = routing::parse(document)?;
    let test = RoutingTest::parse(document.clone())?;
    assert_eq!(*test.document(), document);
    let policy = Policy {
        caller: Arc::clone(&test.call.caller),
        nearby: Some(nearby(json!({"level": "zone"}))),
        ..policy(vec![canary()], "")
    };
    let selection = Selection::compile(&instances(), policy);
    let mismatches = test.check(&selection.explain(&test.call.call(), None));
    Ok(mismatches.iter().map(ToString::to_string).collect())
}

#[test]
fn a_test_is_at_home_in_the_namespace_of_its_rule() {
    let mut canary = (*canary()).clone();
    canary.key.namespace = NamespaceName::parse("shop").unwrap();
    let rules = RuleSet {
        routing: vec![Arc::new(canary.clone())],
        ..RuleSet::default()
    };
    let outcome = |from: Value, to: Value, instances: Value| {
        let document = json!({
            "request": {"from": from, "to": to, "headers": {"x-user": "42"}}, "instances": instances,
            "expect": {"decided_by": "shop/canary[0]"},
        });
        let test = RoutingTest::parse(routing::parse(document).unwrap()).unwrap();
        let outcome = test.run_for(&canary, &rules);
        let mismatches = outcome.mismatches.iter();
        mismatches.map(|one| one.field.clone()).collect::<Vec<_>>()
    };
    let (none, v2) = (json!([]), json!([{"labels": {"version": "v2"}}]));
    let api = json!({"service": "api"});
    let order = json!({"service": "order"});
    assert_eq!(outcome(api.clone(), order.clone(), none.clone()), [""; 0]);
    assert_eq!(outcome(api.clone(), order.clone(), v2), [""; 0]);
    let elsewhere = ["request.to", "expect.decided_by"];
    let named = json!({"namespace": "default", "service": "order"});
    assert_eq!(outcome(api, named, none.clone()), elsewhere);
    let caller = json!({"namespace": "default", "service": "api"});
    assert_eq!(outcome(caller, order, none), elsewhere);
}

#[test]
fn a_call_that_does_what_is_expected_passes() {
    let vip = json!({"from": {"service": "api"}, "headers": {"X-User": "42"}});
    let passes = |request: &Value, expect: Value| {
        assert_eq!(check(request.clone(), expect).unwrap(), [""; 0]);
    };
    passes(
        &vip,
        json!({"decided_by": "default/canary[0]", "labels": {"version": "v2"}}),
    );
    passes(
        &vip,
        json!({"decided_by": "default/canary", "verdict": "routed"}),
    );
    let far = json!({"from": {"service": "api", "location": {"region": "eu", "zone": "2"}}});
    passes(
        &far,
        json!({"labels": {"version": {"op": "in", "values": ["v1", "v2"]}}}),
    );
    let refused = json!({"from": {"service": "api", "ip": "10.0.0.9"}});
    passes(
        &refused,
        json!({"verdict": "rejected", "decided_by": "default/canary[1]"}),
    );
    passes(&json!({}), json!({"verdict": "routed"}));
}

#[test]
fn each_difference_is_named() {
    let api = json!({"from": {"service": "api"}});
    let expect = json!({"verdict": "rejected", "decided_by": "default/canary[0]", "labels": {
        "version": {"op": "not_equal", "value": "v1"}, "env": "prod"}});
    assert_eq!(
        check(api, expect).unwrap(),
        [
            "expect.verdict: expected rejected, got routed",
            "expect.decided_by: expected default/canary[0], got default/canary[2]",
            r#"expect.labels["env"]: expected prod, got no such label at instance a"#,
            r#"expect.labels["version"]: expected not_equal v1, got v1 at instance a"#,
        ]
    );
    let refused = json!({"from": {"service": "api", "ip": "10.0.0.9"}});
    let found = check(refused, json!({"labels": {"version": "v3"}})).unwrap();
    assert_eq!(found, ["expect.verdict: expected routed, got rejected"]);
    let other = check(json!({}), json!({"decided_by": "default/canary"})).unwrap();
    assert_eq!(
        other,
        ["expect.decided_by: expected default/canary, got no rule"]
    );
}

#[test]
fn a_test_that_is_wrong_is_refused_with_its_place() {
    let refused = |request: Value, expect: Value| check(request, expect).unwrap_err().to_string();
    let fine = || json!({"verdict": "routed"});
    for (request, expect, message) in [
        (json!({}), json!({}), "expect: at least one of"),
        (
            json!({}),
            json!({"verdict": "no"}),
            "expect.verdict: expected one of",
        ),
        (
            json!({}),
            json!({"labels": {"a": {"op": "in"}}}),
            r#"expect.labels["a"].values: a value"#,
        ),
        (
            json!({"from": {"service": "a b"}}),
            fine(),
            "request.from.service: ' ' at position 1",
        ),
        (
            json!({"headers": {"a": "x\n"}}),
            fine(),
            r#"request.headers["a"]: '\n' at position 1"#,
        ),
        (
            json!({"heders": {}}),
            fine(),
            "request.heders: unknown field",
        ),
        (
            json!({"exclude": ["a", ""]}),
            fine(),
            "request.exclude[1]: a value is required",
        ),
    ] {
        let text = refused(request, expect);
        assert!(text.starts_with(message), "{text}");
    }
}

#[test]
fn a_callee_is_of_the_callers_namespace_unless_it_says_otherwise() {
    let callee = |call: Value| {
        let document: CallDocument = routing::parse(call).unwrap();
        OwnedCall::parse(document).unwrap().callee.to_string()
    };
    let to = json!({"service": "pay"});
    assert_eq!(callee(json!({"to": to})), "default/pay");
    assert_eq!(
        callee(json!({"from": {"namespace": "shop"}, "to": to})),
        "shop/pay"
    );
    let other = json!({"namespace": "bank", "service": "pay"});
    assert_eq!(
        callee(json!({"from": {"namespace": "shop"}, "to": other})),
        "bank/pay"
    );
}
