//! Rules survive the way to the wire and back; what a client must not guess at is refused by name.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use merak_model::{
    Revision, Stamp, Timestamp,
    routing::{
        BranchDocument, CalleeDocument, CallerDocument, ConditionDocument, Entries, FactDocument,
        FactKind, LabelDocument, Level, MatchesDocument, NearbyDocument, NearbyRule, NearbySpec,
        Operator, Otherwise, RoutingRule, RoutingRuleDocument, RoutingRuleSpec, RuleKey,
        TargetDocument, TestDocument, WhenEmpty,
    },
};
use merak_proto::v1;
use proptest::{collection::vec, option, prelude::*};

fn any_fact() -> impl Strategy<Value = FactDocument> {
    let of = |on: FactKind| {
        let key = if on.has_keys() { "[a-z]{1,8}" } else { "" };
        key.prop_map(move |key| FactDocument { on, key })
    };
    prop_oneof![
        of(FactKind::Method),
        of(FactKind::Path),
        of(FactKind::Header),
        of(FactKind::Query),
        of(FactKind::Cookie),
        of(FactKind::CallerIp),
        of(FactKind::CallerNamespace),
        of(FactKind::CallerService),
        of(FactKind::CallerMetadata),
        of(FactKind::Argument),
    ]
}

fn test(op: Operator) -> TestDocument {
    TestDocument {
        op,
        value: None,
        values: None,
        min: None,
        max: None,
        fact: None,
    }
}

fn any_matcher() -> impl Strategy<Value = TestDocument> {
    let value = |op| {
        "\\PC{1,12}".prop_map(move |value| TestDocument {
            value: Some(value),
            ..test(op)
        })
    };
    let values = |op| {
        proptest::collection::btree_set("[a-z]{0,4}", 1..4).prop_map(move |values| TestDocument {
            values: Some(values.into_iter().collect()),
            ..test(op)
        })
    };
    prop_oneof![
        value(Operator::Exact),
        value(Operator::NotEqual),
        values(Operator::In),
        values(Operator::NotIn),
        "[a-z]{1,4}\\.\\*".prop_map(|value| TestDocument {
            value: Some(value),
            ..test(Operator::Regex)
        }),
        (option::of(-9_i64..0), 0_i64..9).prop_map(|(min, max)| TestDocument {
            min,
            max: Some(max),
            ..test(Operator::Range)
        }),
        Just(TestDocument {
            min: Some(i64::MIN),
            ..test(Operator::Range)
        }),
        Just(test(Operator::Present)),
        Just(test(Operator::Absent)),
    ]
}

fn any_test() -> impl Strategy<Value = TestDocument> {
    let same_as = any_fact().prop_map(|fact| TestDocument {
        fact: Some(fact),
        ..test(Operator::SameAs)
    });
    prop_oneof![8 => any_matcher(), 1 => same_as]
}

fn any_condition() -> impl Strategy<Value = ConditionDocument> {
    (any_fact(), any_test()).prop_map(|(FactDocument { on, key }, test)| ConditionDocument {
        on,
        key,
        op: test.op,
        value: test.value,
        values: test.values,
        min: test.min,
        max: test.max,
        fact: test.fact,
    })
}

fn labels<S: Strategy<Value = TestDocument>>(
    test: S,
) -> impl Strategy<Value = Entries<LabelDocument>> {
    proptest::collection::btree_map("[a-z./]{1,8}", test.prop_map(LabelDocument::Test), 0..4)
        .prop_map(|labels| Entries(labels.into_iter().collect()))
}

fn any_branch() -> impl Strategy<Value = BranchDocument> {
    let target =
        (labels(any_test()), 1_u64..=10_000, 0_u64..=9).prop_map(|(labels, weight, priority)| {
            TargetDocument {
                name: String::new(),
                labels,
                weight: Some(weight),
                priority: Some(priority),
            }
        });
    let matches = (any::<bool>(), vec(any_condition(), 1..4)).prop_map(|(all, conditions)| {
        let (all, any) = if all {
            (Some(conditions), None)
        } else {
            (None, Some(conditions))
        };
        MatchesDocument { all, any }
    });
    let when_empty = prop_oneof![
        Just(WhenEmpty::NextBranch),
        Just(WhenEmpty::AllInstances),
        Just(WhenEmpty::Reject),
    ];
    (option::of(matches), vec(target, 1..4), when_empty).prop_map(
        |(matches, targets, when_empty)| BranchDocument {
            name: String::new(),
            matches,
            targets,
            when_empty,
        },
    )
}

fn any_callee() -> impl Strategy<Value = CalleeDocument> {
    let name = || prop_oneof![Just("*".to_owned()), "[a-z]{1,8}"];
    (option::of(name()), name())
        .prop_map(|(namespace, service)| CalleeDocument { namespace, service })
}

fn any_spec() -> impl Strategy<Value = RoutingRuleSpec> {
    let caller =
        (option::of("[a-z]{1,8}"), labels(any_matcher())).prop_map(|(service, metadata)| {
            CallerDocument {
                namespace: None,
                service,
                metadata,
            }
        });
    let otherwise = prop_oneof![Just(Otherwise::FallThrough), Just(Otherwise::Reject)];
    (
        any_callee(),
        option::of(caller),
        vec(any_branch(), 1..4),
        otherwise,
        any::<bool>(),
        "\\PC{0,9}",
    )
        .prop_map(|(callee, caller, branches, otherwise, enabled, text)| {
            RoutingRuleSpec::parse(RoutingRuleDocument {
                description: text.clone(),
                metadata: Entries(vec![("team".to_owned(), text)]),
                enabled,
                priority: u64::from(enabled) * 10_000,
                caller,
                callee,
                branches,
                otherwise,
                tests: Vec::new(),
            })
            .unwrap()
        })
}

fn any_nearby() -> impl Strategy<Value = NearbySpec> {
    let levels = prop_oneof![
        Just((Level::Campus, Level::All)),
        Just((Level::Zone, Level::Region)),
        Just((Level::All, Level::All)),
    ];
    (any_callee(), levels, any::<bool>(), 0.0..=1.0_f64).prop_map(
        |(callee, (level, max_level), strict, spill_over)| {
            NearbySpec::parse(NearbyDocument {
                description: String::new(),
                metadata: Entries::default(),
                enabled: !strict,
                priority: 7,
                callee,
                level,
                max_level,
                strict,
                spill_over,
            })
            .unwrap()
        },
    )
}

fn stamp(revision: u64) -> Stamp {
    Stamp {
        created_revision: Revision(1),
        revision: Revision(revision),
        created_at: Timestamp::from_unix_ms(1_000),
        modified_at: Timestamp::from_unix_ms(2_000),
    }
}

proptest! {
    #[test]
    fn routing_rules_survive_the_wire(spec in any_spec(), revision: u64) {
        let key = RuleKey::parse("shop", "canary").unwrap();
        let rule = RoutingRule { key, spec, stamp: stamp(revision) };
        let wire = v1::RoutingRule::from(&rule);
        prop_assert_eq!(RoutingRule::try_from(wire).unwrap(), rule);
    }

    #[test]
    fn nearby_rules_survive_the_wire(spec in any_nearby(), revision: u64) {
        let key = RuleKey::parse("shop", "near").unwrap();
        let rule = NearbyRule { key, spec, stamp: stamp(revision) };
        let wire = v1::NearbyRule::from(&rule);
        prop_assert_eq!(NearbyRule::try_from(wire).unwrap(), rule);
    }
}

fn wire() -> v1::RoutingRule {
    let spec: RoutingRuleDocument = RoutingRuleDocument {
        description: String::new(),
        metadata: Entries::default(),
        enabled: true,
        priority: 0,
        caller: None,
        callee: CalleeDocument {
            namespace: None,
            service: "pay".to_owned(),
        },
        branches: vec![BranchDocument {
            matches: Some(MatchesDocument {
                all: Some(vec![ConditionDocument {
                    on: FactKind::Path,
                    key: String::new(),
                    op: Operator::Present,
                    value: None,
                    values: None,
                    min: None,
                    max: None,
                    fact: None,
                }]),
                any: None,
            }),
            targets: vec![TargetDocument::default()],
            ..BranchDocument::default()
        }],
        otherwise: Otherwise::Reject,
        tests: Vec::new(),
    };
    let rule = RoutingRule {
        key: RuleKey::parse("shop", "canary").unwrap(),
        spec: RoutingRuleSpec::parse(spec).unwrap(),
        stamp: stamp(1),
    };
    (&rule).into()
}

#[test]
fn what_a_client_does_not_know_is_refused_by_its_place() {
    type Break = fn(&mut v1::RoutingRuleSpec);
    let cases: [(&str, Break); 7] = [
        ("spec.otherwise", |spec| spec.otherwise = 9),
        ("spec.callee", |spec| spec.callee = None),
        ("spec.branches[0].when_empty", |spec| {
            spec.branches[0].when_empty = 0
        }),
        ("spec.branches[0].matches.kind", |spec| {
            spec.branches[0].matches = Some(v1::Matches { kind: None });
        }),
        ("spec.branches[0].matches.all[0].op", |spec| {
            condition(spec).test = Some(v1::Test { kind: None });
        }),
        ("spec.branches[0].matches.all[0].on", |spec| {
            condition(spec).fact = Some(v1::Fact::default());
        }),
        (r#"spec.branches[0].targets[0].labels["a.b"].op"#, |spec| {
            let labels = &mut spec.branches[0].targets[0].labels;
            labels.insert("a.b".to_owned(), v1::Test { kind: None });
        }),
    ];
    assert!(RoutingRule::try_from(wire()).is_ok());
    for (field, break_it) in cases {
        let mut broken = wire();
        break_it(broken.spec.as_mut().unwrap());
        assert_eq!(RoutingRule::try_from(broken).unwrap_err().field(), field);
    }
}

fn condition(spec: &mut v1::RoutingRuleSpec) -> &mut v1::Condition {
    let Some(v1::matches::Kind::All(all)) = spec.branches[0]
        .matches
        .as_mut()
        .and_then(|matches| matches.kind.as_mut())
    else {
        panic!("the branch has conditions");
    };
    &mut all.conditions[0]
}
