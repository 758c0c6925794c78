//! What a warning says, in words and for programs.

use merak_model::routing::{
    Concern,
    lint::{NamingText, Side, Subject},
};
use serde_json::{Value, json};

use crate::builders::rule;

/// Every concern, with its sentence and its JSON.
fn all() -> Vec<(Concern, &'static str, Value)> {
    [of_branches(), of_rules(), of_instances(), of_weights()].concat()
}

fn of_branches() -> Vec<(Concern, &'static str, Value)> {
    vec![
        (
            Concern::BranchNeverMatches,
            "no call can meet these conditions",
            json!({"code": "branch_never_matches"}),
        ),
        (
            Concern::BranchUnreachable { earlier: 0 },
            "branches[0] decides every call that this one would take",
            json!({"code": "branch_unreachable", "earlier": 0}),
        ),
        (
            Concern::BranchShadowed { earlier: 2 },
            "branches[2] takes every call that this one would: it gets those only for which the other one \
             has no instance",
            json!({"code": "branch_shadowed", "earlier": 2}),
        ),
        (
            Concern::RegexMatchesEverything,
            "the expression matches every value: say `present`, or anchor it with ^ and $",
            json!({"code": "regex_matches_everything"}),
        ),
    ]
}

fn of_rules() -> Vec<(Concern, &'static str, Value)> {
    let empty = json!({"branches": [{"targets": [{}]}], "otherwise": "reject"});
    let key = |name| rule(name, empty.clone()).key.clone();
    let named = |name| json!({"namespace": "default", "name": name});
    let equal = |subject| Concern::EqualPriority {
        other: key("b"),
        first: key("a"),
        second: key("b"),
        subject,
    };
    let equal_as_json = |subject| {
        json!({"code": "equal_priority", "other": named("b"), "first": named("a"),
            "second": named("b"), "subject": subject})
    };
    let unreachable = |subject| Concern::RuleUnreachable {
        other: key("b"),
        subject,
    };
    let unreachable_as_json =
        |subject| json!({"code": "rule_unreachable", "other": named("b"), "subject": subject});
    vec![
        (
            equal(Subject::Calls),
            "`default/b` has the same priority and is for the same calls: by their names `default/a` is \
             tried before `default/b`",
            equal_as_json("calls"),
        ),
        (
            equal(Subject::Services),
            "`default/b` has the same priority and is for the same services: by their names `default/a` \
             applies",
            equal_as_json("services"),
        ),
        (
            unreachable(Subject::Calls),
            "`default/b` decides every call that this rule is for",
            unreachable_as_json("calls"),
        ),
        (
            unreachable(Subject::Services),
            "`default/b` applies to every service that this rule is for",
            unreachable_as_json("services"),
        ),
        (
            Concern::RuleNeverMatches,
            "no call can meet these conditions",
            json!({"code": "rule_never_matches"}),
        ),
        (
            Concern::LimitNeverReached { other: key("b") },
            "`default/b` counts every call that this rule counts, and lets no more through",
            json!({"code": "limit_never_reached", "other": named("b")}),
        ),
    ]
}

fn of_instances() -> Vec<(Concern, &'static str, Value)> {
    let without = |obeyed_by| Concern::CalleeWithoutInstances { obeyed_by };
    vec![
        (
            Concern::TargetWithoutInstances { instances: 2 },
            "none of the callee's 2 instances has them now",
            json!({"code": "target_without_instances", "instances": 2}),
        ),
        (
            Concern::TargetWithoutUsableInstances {
                labelled: 1,
                instances: 3,
            },
            "1 of the callee's 3 instances have them, each isolated, unhealthy or of weight 0 now",
            json!({"code": "target_without_usable_instances", "labelled": 1, "instances": 3}),
        ),
        (
            without(Side::Caller),
            "the callee has no instance now",
            json!({"code": "callee_without_instances", "obeyed_by": "caller"}),
        ),
        (
            without(Side::Callee),
            "the callee has no instance now, so nobody obeys the rule",
            json!({"code": "callee_without_instances", "obeyed_by": "callee"}),
        ),
        (
            Concern::TargetRepeated { earlier: 0 },
            "the same instances as targets[0]: their weights add up",
            json!({"code": "target_repeated", "earlier": 0}),
        ),
    ]
}

fn of_weights() -> Vec<(Concern, &'static str, Value)> {
    let misnamed = |text, named: &[f64], shares: &[f64]| Concern::WeightNotAsNamed {
        text,
        named: named.to_vec(),
        shares: shares.to_vec(),
    };
    let code = "weight_not_as_named";
    vec![
        (
            misnamed(NamingText::Name, &[70.0], &[25.0]),
            "the name says 70 %, the weights say 25.0 %",
            json!({"code": code, "text": "name", "named": [70.0], "shares": [25.0]}),
        ),
        (
            misnamed(NamingText::Name, &[33.3], &[20.0, 80.0]),
            "the name says 33.3 %, which no target gets: the weights say 20 % / 80 %",
            json!({"code": code, "text": "name", "named": [33.3], "shares": [20.0, 80.0]}),
        ),
        (
            misnamed(NamingText::Description, &[70.0, 30.0], &[62.5, 37.5]),
            "the description says 70 % / 30 %, the weights say 62.5 % / 37.5 %",
            json!({"code": code, "text": "description", "named": [70.0, 30.0], "shares": [62.5, 37.5]}),
        ),
        (
            Concern::WeightsNotHundred {
                sum: 90,
                shares: vec![700.0 / 9.0, 200.0 / 9.0],
            },
            "the weights add up to 90: the shares are 77.8 % / 22.2 %",
            json!({"code": "weights_not_hundred", "sum": 90, "shares": [700.0 / 9.0, 200.0 / 9.0]}),
        ),
    ]
}

#[test]
fn each_is_a_sentence_and_what_it_is_made_of() {
    for (concern, sentence, json) in all() {
        assert_eq!(concern.to_string(), sentence);
        assert_eq!(serde_json::to_value(&concern).unwrap(), json);
        assert_eq!(json["code"], concern.code().as_str());
    }
}
