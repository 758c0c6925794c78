//! Rate limit rules that are probably not what was meant.

use std::sync::Arc;

use merak_model::{
    Stamp,
    limiting::{
        RateLimitRule, RateLimitRuleDocument, RateLimitRuleSpec,
        lint::{Surroundings, lint},
    },
    routing::{self, RuleKey},
};
use serde_json::{Value, json};

/// A rule for `pay`, with more fields.
fn rule(name: &str, fields: Value) -> RateLimitRule {
    let mut document = json!({"callee": {"service": "pay"}});
    let fields = fields.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(fields);
    let document = routing::parse::<RateLimitRuleDocument, _>(document).unwrap();
    RateLimitRule {
        key: RuleKey::parse("default", name).unwrap(),
        spec: RateLimitRuleSpec::parse(document).unwrap(),
        stamp: Stamp::default(),
    }
}

/// `code at place` of each warning of a rule, beside another one.
fn warnings(rule: &RateLimitRule, others: &[RateLimitRule]) -> Vec<String> {
    let rules: Vec<Arc<RateLimitRule>> = others.iter().cloned().map(Arc::new).collect();
    let surroundings = Surroundings {
        rules: &rules,
        instances: None,
    };
    let found = lint(rule, surroundings).into_iter();
    found
        .map(|one| format!("{} at {}", one.code(), one.pointer()))
        .collect()
}

fn a_second(max: u32) -> Value {
    json!({"amounts": [{"max": max, "window_ms": 1000}]})
}

fn with(mut rule: Value, fields: Value) -> Value {
    let fields = fields.as_object().unwrap().clone();
    rule.as_object_mut().unwrap().extend(fields);
    rule
}

#[test]
fn conditions_that_no_call_meets_and_expressions_that_all_do_are_told() {
    let there_and_not = json!({"arguments": [
        {"on": "header", "key": "x-user", "op": "present"},
        {"on": "header", "key": "x-user", "op": "absent"},
    ]});
    let never = rule("never", with(a_second(1), there_and_not));
    assert_eq!(warnings(&never, &[]), ["rule_never_matches at /arguments"]);
    let any = json!({
        "method": {"op": "regex", "value": ".*"},
        "arguments": [{"on": "query", "key": "q", "op": "regex", "value": "x?"}],
    });
    let any = rule("any", with(a_second(1), any));
    assert_eq!(
        warnings(&any, &[]),
        [
            "regex_matches_everything at /method/value",
            "regex_matches_everything at /arguments/0/value"
        ]
    );
    assert_eq!(warnings(&rule("fine", a_second(1)), &[]), [""; 0]);
}

#[test]
fn a_callee_without_instances_is_told() {
    let surroundings = Surroundings {
        rules: &[],
        instances: Some(&[]),
    };
    let found = lint(&rule("a", a_second(1)), surroundings);
    assert_eq!(found[0].code().as_str(), "callee_without_instances");
}

#[test]
fn a_limit_beside_a_stricter_one_for_the_same_calls_is_never_reached() {
    const NEVER: [&str; 1] = ["limit_never_reached at /amounts"];
    let user = json!({"arguments": [{"on": "header", "key": "x-user", "op": "present"}]});
    let global = json!({"scope": "global"});
    let strict = |fields: Value| rule("strict", fields);
    for (weak, other) in [
        (a_second(10), strict(a_second(5))),
        (
            a_second(5),
            strict(with(a_second(5), json!({"priority": 0}))),
        ),
        (with(a_second(10), user.clone()), strict(a_second(10))),
        (
            with(a_second(10), user.clone()),
            strict(with(a_second(5), user.clone())),
        ),
        (
            a_second(10),
            strict(with(a_second(5), json!({"callee": {"service": "*"}}))),
        ),
        (
            with(a_second(10), global.clone()),
            strict(with(a_second(5), global.clone())),
        ),
    ] {
        let weak = rule("weak", weak);
        assert_eq!(
            warnings(&weak, std::slice::from_ref(&other)),
            NEVER,
            "{other:?}"
        );
        assert_eq!(warnings(&other, &[weak]), [""; 0], "{other:?}");
    }
    let concurrency = |calls: u32| json!({"concurrency": calls});
    assert_eq!(
        warnings(&rule("weak", concurrency(9)), &[strict(concurrency(9))]),
        ["limit_never_reached at /concurrency"]
    );
}

#[test]
fn a_limit_that_refuses_something_of_its_own_is_fine() {
    let user = json!({"arguments": [{"on": "header", "key": "x-user", "op": "present"}]});
    let off = json!({"enabled": false});
    for (fields, other) in [
        (a_second(5), a_second(10)),
        // A queue takes more at once than go through at once.
        (
            a_second(10),
            with(
                a_second(10),
                json!({"action": {"queue": {"max_wait_ms": 1000}}}),
            ),
        ),
        // For other calls, or on a counter for fewer of them.
        (a_second(10), with(a_second(5), user.clone())),
        (
            with(a_second(10), json!({"callee": {"service": "*"}})),
            a_second(5),
        ),
        (
            with(
                with(a_second(10), user.clone()),
                json!({"regex_combine": true}),
            ),
            with(a_second(5), user),
        ),
        // Counted elsewhere, or not at all.
        (with(a_second(10), json!({"scope": "global"})), a_second(5)),
        (
            with(
                a_second(10),
                json!({"scope": "global", "amount_mode": "per_client"}),
            ),
            with(a_second(5), json!({"scope": "global"})),
        ),
        (a_second(10), with(a_second(5), off.clone())),
        (with(a_second(10), off), a_second(5)),
        // Slower, or with fewer at once, or fewer under way.
        (
            json!({"amounts": [{"max": 10, "window_ms": 1000, "burst": 1}]}),
            a_second(5),
        ),
        (with(a_second(10), json!({"concurrency": 1})), a_second(5)),
    ] {
        let (one, beside) = (rule("a", fields), rule("b", other));
        assert_eq!(warnings(&one, &[beside]), [""; 0], "{one:?}");
    }
}
