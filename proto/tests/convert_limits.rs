//! Rate limit rules survive the way to the wire and back; what a client must not guess at is refused by name.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use merak_model::{
    Revision, Stamp, Timestamp,
    limiting::{RateLimitRule, RateLimitRuleSpec, quota::Ask},
    routing::RuleKey,
};
use merak_proto::v1::{self, rate_limit_rule_spec as parts};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

/// Fields of a rule that go together with any others of its scope.
fn conditions() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"method": "/pay", "regex_combine": true, "priority": 10_000}),
        json!({"method": {"op": "regex", "value": "^/p"}, "enabled": false}),
        json!({"arguments": [
            {"on": "header", "key": "x-user", "op": "present"},
            {"on": "caller_metadata", "key": "tier", "op": "same_as", "fact": {"on": "query", "key": "tier"}},
            {"on": "argument", "key": "size", "op": "range", "min": -1},
        ]}),
        json!({"callee": {"namespace": "*", "service": "*"}, "metadata": {"team": "shop"}}),
    ])
}

fn consequences() -> impl Strategy<Value = Value> {
    select(vec![
        json!({}),
        json!({"response": {"status": 503, "headers": {"x-a": "1"}, "body": "später"}}),
        json!({"response": {"body": "{}"}, "description": "a few"}),
    ])
}

fn amounts(max: u32, burst: Option<u32>) -> Value {
    let mut quick = json!({"max": max, "window_ms": 1000});
    let mut slow = json!({"max": max + 70_000, "window_ms": 86_400_000});
    if let Some(burst) = burst {
        quick["burst"] = burst.into();
        slow["burst"] = 80_000.into();
    }
    json!([quick, slow])
}

fn policies() -> impl Strategy<Value = Value> {
    let local = (
        1_u32..10_000,
        any::<Option<u16>>(),
        1_u64..=1000,
        any::<bool>(),
    )
        .prop_map(|(max, burst, wait, has_queue)| {
            let burst = burst.map(|burst| u32::from(burst) + 1);
            let mut policy = json!({"amounts": amounts(max, burst), "concurrency": wait});
            if has_queue && burst.is_some() {
                policy["action"] = json!({"queue": {"max_wait_ms": wait}});
                policy["warm_up"] = json!({"period_ms": wait, "start_percent": 1 + wait % 99});
            }
            policy
        });
    let global = (1_u32..10_000, any::<(bool, bool)>()).prop_map(|(max, (total, pass))| {
        json!({
            "scope": "global", "amounts": amounts(max, None),
            "amount_mode": if total { "total" } else { "per_client" },
            "failover": if pass { "pass" } else { "local" },
        })
    });
    prop_oneof![local, global, Just(json!({"concurrency": 5}))]
}

fn spec(fields: impl IntoIterator<Item = Value>) -> RateLimitRuleSpec {
    let mut rule = json!({"callee": {"service": "pay"}});
    for fields in fields {
        let fields = fields.as_object().unwrap().clone();
        rule.as_object_mut().unwrap().extend(fields);
    }
    serde_json::from_value(rule).unwrap()
}

fn rule(spec: RateLimitRuleSpec, revision: u64) -> RateLimitRule {
    RateLimitRule {
        key: RuleKey::parse("shop", "users").unwrap(),
        spec,
        stamp: Stamp {
            created_revision: Revision(1),
            revision: Revision(revision),
            created_at: Timestamp::from_unix_ms(1_000),
            modified_at: Timestamp::from_unix_ms(2_000),
        },
    }
}

proptest! {
    #[test]
    fn rate_limit_rules_survive_the_wire(
        conditions in conditions(),
        consequences in consequences(),
        policy in policies(),
        revision: u64,
    ) {
        let rule = rule(spec([conditions, consequences, policy]), revision);
        let wire = v1::RateLimitRule::from(&rule);
        prop_assert_eq!(RateLimitRule::try_from(wire).unwrap(), rule);
    }
}

#[test]
fn what_a_client_does_not_know_is_refused_by_its_place() {
    type Break = fn(&mut v1::RateLimitRuleSpec);
    let cases: [(&str, Break); 7] = [
        ("spec.scope", |spec| spec.scope = None),
        ("spec.action", |spec| spec.action = None),
        ("spec.callee", |spec| spec.callee = None),
        ("spec.method.op", |spec| {
            spec.method = Some(v1::Test { kind: None });
        }),
        ("spec.arguments[0].on", |spec| {
            spec.arguments = vec![v1::Condition {
                fact: Some(v1::Fact::default()),
                test: Some(v1::Test::default()),
            }];
        }),
        ("spec.amount_mode", |spec| {
            spec.scope = Some(parts::Scope::Global(parts::Global {
                amount_mode: 9,
                failover: 1,
            }));
        }),
        ("spec.failover", |spec| {
            spec.scope = Some(parts::Scope::Global(parts::Global {
                amount_mode: 1,
                failover: 0,
            }));
        }),
    ];
    let whole = || {
        let policy = json!({"amounts": [{"max": 1, "window_ms": 1000}]});
        v1::RateLimitRule::from(&rule(spec([policy]), 1))
    };
    assert!(RateLimitRule::try_from(whole()).is_ok());
    for (field, break_it) in cases {
        let mut broken = whole();
        break_it(broken.spec.as_mut().unwrap());
        assert_eq!(RateLimitRule::try_from(broken).unwrap_err().field(), field);
    }
}

#[test]
fn what_a_client_says_of_itself_counts_as_far_as_it_can_be() {
    let said = |demand, ahead_ms| {
        let ask = Ask::from(v1::QuotaAsk {
            demand,
            ahead_ms,
            ..v1::QuotaAsk::default()
        });
        (ask.demand, ask.ahead_ms)
    };
    assert_eq!(said(7, 500), (7, 500));
    assert_eq!(said(10_000_000, 60_000), (10_000_000, 60_000));
    assert_eq!(said(10_000_001, 60_001), (10_000_000, 60_000));
    assert_eq!(said(u32::MAX, u32::MAX), (10_000_000, 60_000));
}
