//! What holds for any instances, any rules and any call.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use merak_model::{
    Call, InstanceId,
    routing::{
        Policy, RoutingRule, Selection, Unrouted, WarningCode,
        explain::{Step, Verdict},
        lint,
        lint::Surroundings,
    },
};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    any::{IDS, any_call, any_instances, any_policy},
    builders::{One, bits, build, location, nearby, one, policy, rule},
    oracle::Oracle,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn picks_only_what_it_was_given_and_what_may_serve(
        instances in any_instances(), policy in any_policy(), call in any_call(), draw: u64
    ) {
        let instances = build(&instances);
        let selection = Selection::compile(&instances, policy);
        let call = call.call();
        if let Ok(picked) = selection.pick(&call, draw) {
            prop_assert!(instances.iter().any(|one| Arc::ptr_eq(one, picked)));
            prop_assert!(!picked.isolated && picked.spec.weight.get() > 0);
            prop_assert!(!call.excluded().contains(&picked.id));
        }
    }

    #[test]
    fn a_pick_is_what_the_explanation_says(
        instances in any_instances(), policy in any_policy(), call in any_call(), draw: u64
    ) {
        let selection = Selection::compile(&build(&instances), policy);
        let call = call.call();
        let explained = selection.explain(&call, Some(draw));
        let total: f64 = explained.candidates.iter().map(|one| one.probability).sum();
        match selection.pick(&call, draw) {
            Ok(picked) => {
                prop_assert_eq!(explained.picked.as_ref(), Some(&picked.id));
                let listed = explained.candidates.iter().find(|one| one.id == picked.id);
                prop_assert!(listed.is_some_and(|one| one.probability > 0.0));
                prop_assert!((total - 1.0).abs() < 1e-9, "{}", total);
            }
            Err(unrouted) => {
                prop_assert!(explained.picked.is_none() && explained.candidates.is_empty());
                let place = explained.decided_by.map(|place| format!("rejected by {place}"));
                prop_assert_eq!(place.unwrap_or_else(|| "no instance".to_owned()), unrouted.to_string());
            }
        }
    }

    #[test]
    fn every_instance_of_a_step_is_a_candidate_or_dropped(
        instances in any_instances(), policy in any_policy(), call in any_call()
    ) {
        let selection = Selection::compile(&build(&instances), policy);
        let explained = selection.explain(&call.call(), None);
        for step in &explained.steps {
            if let Step::Target { group, .. } | Step::AllInstances { group } = step {
                prop_assert_eq!(group.instances, group.candidates + group.dropped.len());
            }
        }
    }

    #[test]
    fn the_candidates_are_those_that_the_rules_say(
        instances in any_instances(), policy in any_policy(), call in any_call()
    ) {
        let instances = build(&instances);
        let oracle = Oracle { instances: &instances, policy: &policy, call: call.call() };
        let expected = oracle.decide();
        let selection = Selection::compile(&instances, policy.clone());
        let explained = selection.explain(&call.call(), None);
        let got = match explained.verdict {
            Verdict::Routed => {
                let candidates = explained.candidates.into_iter();
                Ok(candidates.map(|one| one.id).collect::<BTreeSet<_>>())
            }
            Verdict::NoInstance => Err("no instance".to_owned()),
            Verdict::Rejected => Err(format!("rejected by {}", explained.decided_by.unwrap())),
        };
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn what_is_said_to_be_unreachable_is_not_reached(
        instances in any_instances(), policy in any_policy(), call in any_call()
    ) {
        let selection = Selection::compile(&build(&instances), policy.clone());
        let steps = selection.explain(&call.call(), None).steps;
        let surroundings = Surroundings { rules: &policy.rules, instances: None };
        let warnings = policy.rules.iter().flat_map(|rule| lint(rule, surroundings));
        for warning in warnings {
            let is_taken = |step: &Step| matches!(step, Step::Branch { branch, takes: true, .. }
                if branch.rule == warning.rule
                    && warning.field.starts_with(&format!("branches[{}]", branch.branch.unwrap()))
                    && matches!(warning.code(),
                        WarningCode::BranchNeverMatches | WarningCode::BranchUnreachable));
            let is_tried = |step: &Step| matches!(step, Step::Rule { rule, is_for_caller: true, .. }
                if rule.rule == warning.rule && warning.code() == WarningCode::RuleUnreachable);
            let is_reached = |step: &Step| is_taken(step) || is_tried(step);
            prop_assert!(!steps.iter().any(is_reached), "{}", warning);
        }
    }

    #[test]
    fn a_rule_is_read_as_it_was_written(policy in any_policy()) {
        for rule in policy.rules.iter() {
            let written = serde_json::to_string(rule).unwrap();
            prop_assert_eq!(&serde_json::from_str::<RoutingRule>(&written).unwrap(), &**rule);
        }
    }

    #[test]
    fn draws_spread_over_all_candidates(
        instances in any_instances(), policy in any_policy(), call in any_call()
    ) {
        let selection = Selection::compile(&build(&instances), policy);
        let call = call.call();
        let explained = selection.explain(&call, None);
        for candidate in explained.candidates.iter().filter(|one| one.probability > 0.05) {
            let is_drawn = (0..1000).any(|number| {
                selection.pick(&call, bits(number)).is_ok_and(|one| one.id == candidate.id)
            });
            prop_assert!(is_drawn, "{} is never drawn", candidate.id);
        }
    }
}

/// Draws many times and compares the counts with the explained probabilities.
fn chi_square(selection: &Selection, call: &Call<'_>, draws: u64) -> (f64, usize) {
    let mut counts: BTreeMap<InstanceId, (f64, f64)> = BTreeMap::new();
    let explained = selection.explain(call, None);
    for candidate in &explained.candidates {
        counts.entry(candidate.id.clone()).or_default().1 += candidate.probability * draws as f64;
    }
    for number in 0..draws {
        let picked = selection.pick(call, bits(number)).unwrap();
        counts.get_mut(&picked.id).unwrap().0 += 1.0;
    }
    let deviations = counts
        .values()
        .map(|(seen, expected)| (seen - expected).powi(2) / expected);
    (deviations.sum(), counts.len() - 1)
}

#[test]
fn weights_are_honoured() {
    let instances = build(&[
        one("a", "v=1").weighing(100),
        one("b", "v=1").weighing(300),
        one("c", "v=1").weighing(0),
        one("d", "v=2").weighing(600),
        one("e", "v=2").weighing(1),
        one("f", "v=3"),
    ]);
    let targets = json!([
        {"labels": {"v": "1"}, "weight": 70}, {"labels": {"v": "2"}, "weight": 29},
        {"labels": {"v": "3"}, "weight": 1}, {"labels": {"v": "4"}, "weight": 1000},
    ]);
    let canary = rule(
        "r",
        json!({"branches": [{"targets": targets}], "otherwise": "reject"}),
    );
    let excluded = [InstanceId::parse("a").unwrap()];
    // Chi-square with five, four and three degrees of freedom: exceeded by chance once in a thousand.
    for (rules, call, count, limit) in [
        (vec![], Call::to("order"), 4, 18.5),
        (vec![Arc::clone(&canary)], Call::to("order"), 4, 18.5),
        (
            vec![canary],
            Call::to("order").excluding(&excluded),
            3,
            16.3,
        ),
    ] {
        let selection = Selection::compile(&instances, policy(rules, ""));
        let (deviation, freedom) = chi_square(&selection, &call, 200_000);
        assert_eq!(freedom, count);
        assert!(deviation < limit, "{deviation}");
    }
}

#[test]
fn a_pick_allocates_nothing() {
    let instances: Vec<One> = IDS
        .iter()
        .map(|id| one(id, "v=1,e=x").at("r/z1/c1"))
        .collect();
    let branch = json!({
        "matches": {"all": [
            {"on": "header", "key": "k", "op": "in", "values": ["1", "2"]},
            {"on": "path", "op": "regex", "value": "^/api/(a|b)+$"},
            {"on": "header", "key": "k", "op": "same_as", "fact": {"on": "query", "key": "q"}},
        ]},
        "targets": [
            {"labels": {"v": {"op": "same_as", "fact": {"on": "header", "key": "k"}}}, "weight": 30},
            {"labels": {"e": "x"}, "weight": 70},
        ],
    });
    let rule = rule("r", json!({"branches": [branch], "otherwise": "reject"}));
    let policy = Policy {
        nearby: Some(nearby(json!({"level": "zone"}))),
        ..policy(vec![rule], "r/z1/c1")
    };
    let selection = Selection::compile(&build(&instances), policy);
    let (excluded, place) = ([InstanceId::parse("a").unwrap()], location("r/z2"));
    let pick = |draw: u64| {
        let call = Call::to("order")
            .header("k", "1")
            .query("q", "1")
            .path("/api/abab");
        let retry = call.clone().excluding(&excluded);
        let elsewhere = call.clone().located(&place);
        let rejected = Call::to("order");
        [call, retry, elsewhere, rejected].map(|call| match selection.pick(&call, draw) {
            Ok(_) => true,
            Err(Unrouted::Rejected { .. } | Unrouted::NoInstance) => false,
        })
    };
    let allocated = allocation_counter::measure(|| {
        for number in 0..1000 {
            std::hint::black_box(pick(bits(number)));
        }
    });
    assert_eq!(allocated.count_total, 0);
    assert_eq!(pick(0), [true, true, true, false]);
}
