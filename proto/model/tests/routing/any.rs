//! Any instances, any rules and any call.

use std::sync::Arc;

use merak_model::{
    Call, InstanceId, Location, Metadata, ServiceName,
    call::Caller,
    routing::{Policy, RoutingRule},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::builders::{One, caller, location, nearby, one, policy, rule, threshold};

pub(crate) const IDS: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
const LABELS: [&str; 5] = ["", "v=1", "v=2", "v=1,e=x", "v=2,e=y"];
const PLACES: [&str; 5] = ["", "r/z1/c1", "r/z1/c2", "r/z2", "s/z3"];

pub(crate) fn any_instances() -> impl Strategy<Value = Vec<One>> {
    let weights = prop_oneof![Just(0_u64), Just(1), Just(100), 0_u64..=10_000];
    let any = (0..LABELS.len(), 0..PLACES.len(), weights, 0_u8..3, 0_u8..8);
    proptest::collection::vec(any, 0..IDS.len()).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        let made = numbered.map(|(number, (labels, place, weight, sick, isolated))| {
            let mut made = one(IDS[number], LABELS[labels])
                .at(PLACES[place])
                .weighing(weight);
            made.is_healthy = sick != 0;
            made.is_isolated = isolated == 0;
            made
        });
        made.collect()
    })
}

fn any_condition() -> impl Strategy<Value = Value> {
    let value = prop_oneof![Just("1"), Just("2"), Just("x")];
    let header = |op: &'static str, value: &str| json!({"on": "header", "key": "k", "op": op, "value": value});
    prop_oneof![
        value.clone().prop_map(move |value| header("exact", value)),
        value.prop_map(move |value| header("not_equal", value)),
        Just(header("regex", "^[0-9]$")),
        Just(json!({"on": "header", "key": "k", "op": "range", "max": 1})),
        Just(json!({"on": "query", "key": "q", "op": "absent"})),
        Just(json!({"on": "caller_service", "op": "in", "values": ["api", "web"]})),
        Just(
            json!({"on": "header", "key": "k", "op": "same_as", "fact": {"on": "query", "key": "q"}})
        ),
    ]
}

fn any_target() -> impl Strategy<Value = Value> {
    let labels = prop_oneof![
        Just(json!({})),
        Just(json!({"v": "1"})),
        Just(json!({"v": {"op": "not_equal", "value": "1"}})),
        Just(json!({"v": "1", "e": "x"})),
        Just(json!({"e": {"op": "absent"}})),
        Just(json!({"v": {"op": "same_as", "fact": {"on": "header", "key": "k"}}})),
        Just(json!({"v": "none"})),
    ];
    let weight = prop_oneof![Just(0), Just(1), 1..1000_u64];
    (labels, weight, 0..3_u64).prop_map(|(labels, weight, priority)| {
        json!({"labels": labels, "weight": weight, "priority": priority})
    })
}

fn any_branch() -> impl Strategy<Value = Value> {
    let when_empty = prop_oneof![Just("next_branch"), Just("all_instances"), Just("reject")];
    let conditions = proptest::collection::vec(any_condition(), 0..3);
    let targets = proptest::collection::vec(any_target(), 1..4);
    let join = prop_oneof![Just("all"), Just("any")];
    (join, conditions, targets, when_empty).prop_map(
        |(join, conditions, mut targets, when_empty)| {
            // A branch whose weights are all 0 is no valid one.
            targets.push(json!({"labels": {"v": "2"}, "weight": 5, "priority": 2}));
            let mut branch = json!({"targets": targets, "when_empty": when_empty});
            if !conditions.is_empty() {
                branch["matches"] = json!({join: conditions});
            }
            branch
        },
    )
}

fn any_rules() -> impl Strategy<Value = Vec<Arc<RoutingRule>>> {
    let otherwise = prop_oneof![3 => Just("fall_through"), 1 => Just("reject")];
    let callers = prop_oneof![
        2 => Just(json!({})),
        1 => Just(json!({"service": "api"})),
        1 => Just(json!({"service": "web"})),
        1 => Just(json!({"metadata": {"env": "prod"}})),
    ];
    let branches = proptest::collection::vec(any_branch(), 1..4);
    let rule_of = (0..3_u64, callers, branches, otherwise, 0..5_u8);
    proptest::collection::vec(rule_of, 0..4).prop_map(|rules| {
        let numbered = rules.into_iter().enumerate();
        let made = numbered.map(|(number, (priority, caller, branches, otherwise, off))| {
            rule(
                IDS[number],
                json!({
                    "priority": priority, "caller": caller, "branches": branches,
                    "otherwise": otherwise, "enabled": off != 0,
                }),
            )
        });
        made.collect()
    })
}

pub(crate) fn any_policy() -> impl Strategy<Value = Policy> {
    let levels = [
        ("campus", "region"),
        ("zone", "all"),
        ("zone", "zone"),
        ("region", "all"),
    ];
    let near = (
        0..levels.len(),
        any::<bool>(),
        prop_oneof![Just(0.0), Just(0.5)],
    );
    let near = proptest::option::of(near);
    (
        any_rules(),
        near,
        0..PLACES.len(),
        prop_oneof![2 => Just(0.0), 1 => Just(0.5), 1 => Just(1.0)],
    )
        .prop_map(move |(rules, near, place, share)| Policy {
            protect_threshold: threshold(share),
            nearby: near.map(|(index, strict, spill_over)| {
                let (level, max_level) = levels[index];
                nearby(json!({
                    "level": level, "max_level": max_level, "strict": strict,
                    "spill_over": spill_over,
                }))
            }),
            ..policy(rules, PLACES[place])
        })
}

/// What a call says, owned.
#[derive(Debug, Clone)]
pub(crate) struct AnyCall {
    header: Option<&'static str>,
    query: Option<&'static str>,
    place: Option<Location>,
    excluded: Vec<InstanceId>,
    /// Another caller than the selection's.
    other: Option<Caller>,
    env: Option<&'static str>,
}

impl AnyCall {
    pub(crate) fn call(&self) -> Call<'_> {
        let mut call = Call::to("order").excluding(&self.excluded);
        if let Some(value) = self.header {
            call = call.header("k", value);
        }
        if let Some(value) = self.query {
            call = call.query("q", value);
        }
        if let Some(other) = &self.other {
            call = call.from_caller(other);
        }
        if let Some(env) = self.env {
            call = call.caller_metadata("env", env);
        }
        if let Some(place) = &self.place {
            call = call.located(place);
        }
        call
    }
}

pub(crate) fn any_call() -> impl Strategy<Value = AnyCall> {
    let value = || proptest::option::of(prop_oneof![Just("1"), Just("2"), Just("x")]);
    let place = proptest::option::weighted(0.3, 0..PLACES.len());
    let excluded = prop_oneof![2 => Just(0_u16), 1 => any::<u16>()];
    let other = proptest::option::weighted(0.2, 0..PLACES.len());
    let env = proptest::option::weighted(0.2, Just("prod"));
    let any = (value(), value(), place, excluded, other, env);
    any.prop_map(|(header, query, place, excluded, other, env)| AnyCall {
        header,
        query,
        env,
        other: other.map(|place| Caller {
            service: Some(ServiceName::parse("web").unwrap()),
            metadata: Metadata::default(),
            ..caller(PLACES[place])
        }),
        place: place.map(|place| location(PLACES[place])),
        excluded: (0..IDS.len())
            .filter(|number| excluded & (1 << number) != 0)
            .map(|number| InstanceId::parse(IDS[number]).unwrap())
            .collect(),
    })
}
