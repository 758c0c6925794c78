//! What a pick costs under routing rules, and what compiling them costs.

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use merak_model::{
    Call, Health, Host, Instance, InstanceId, InstanceSpec, Location, Metadata, Port, ServiceKey,
    Stamp,
    call::Caller,
    routing::{
        self, NearbyDocument, NearbyRule, NearbySpec, Pattern, Policy, RoutingRule,
        RoutingRuleDocument, RoutingRuleSpec, RuleKey, Selection,
    },
};
use serde_json::{Value, json};

fn instances(count: usize) -> Vec<Arc<Instance>> {
    let service = Arc::new(ServiceKey::parse("default", "order").expect("a key"));
    let instances = (0..count).map(|number| {
        let host = format!("10.{}.{}.1", number / 250, number % 250);
        let host = Host::parse(&host).expect("an address");
        let port = Port::new(8080).expect("a port");
        let version = if number % 2 == 0 { "v1" } else { "v2" };
        let env = ["prod", "gray", "test"][number % 3];
        let spec = InstanceSpec::new(host.clone(), port)
            .with_version(version)
            .expect("a version");
        let zone = format!("z{}", number % 3);
        let spec = InstanceSpec {
            metadata: Metadata::parse([("env", env)]).expect("metadata"),
            location: Location::parse("eu", &zone, "").expect("a location"),
            ..spec
        };
        Arc::new(Instance {
            id: InstanceId::derived(&service, &host, port),
            service: Arc::clone(&service),
            spec,
            registered: None,
            isolated: false,
            health: Health::Healthy,
            stamp: Stamp::default(),
        })
    });
    instances.collect()
}

fn rule(name: &str, rule: Value) -> Arc<RoutingRule> {
    let document: RoutingRuleDocument = routing::parse(rule).expect("a rule");
    Arc::new(RoutingRule {
        key: RuleKey::parse("default", name).expect("a name"),
        spec: RoutingRuleSpec::parse(document).expect("a valid rule"),
        stamp: Stamp::default(),
    })
}

/// A header rule whose second branch is a canary.
fn canary(name: &str) -> Arc<RoutingRule> {
    let condition = json!({"on": "header", "key": "x-user", "op": "in", "values": ["42", "43"]});
    rule(
        name,
        json!({
            "caller": {"service": "api"},
            "callee": {"service": "order"},
            "branches": [
                {"matches": {"all": [condition]}, "targets": [{"labels": {"version": "v2"}}]},
                {"targets": [{"labels": {"version": "v1"}, "weight": 70},
                             {"labels": {"version": "v2"}, "weight": 30}]},
            ],
            "otherwise": "reject",
        }),
    )
}

fn policy(rules: Vec<Arc<RoutingRule>>) -> Policy {
    let nearby: NearbyDocument =
        routing::parse(json!({"callee": {"service": "order"}})).expect("a rule");
    let caller = Caller {
        service: Some(merak_model::ServiceName::parse("api").expect("a name")),
        location: Location::parse("eu", "z1", "").expect("a location"),
        ..Caller::default()
    };
    Policy {
        rules: rules.into(),
        nearby: Some(Arc::new(NearbyRule {
            key: RuleKey::parse("default", "near").expect("a name"),
            spec: NearbySpec::parse(nearby).expect("a valid rule"),
            stamp: Stamp::default(),
        })),
        caller: Arc::new(caller),
        ..Policy::default()
    }
}

fn picks(criterion: &mut Criterion) {
    let env = json!({"env": {"op": "same_as", "fact": {"on": "header", "key": "x-env"}}});
    let path = json!({"on": "path", "op": "regex", "value": "^/api/(order|pay)/[0-9]+$"});
    let calls = json!({"callee": {"service": "order"}, "otherwise": "reject", "branches": [
        {"matches": {"all": [path]}, "targets": [{}]}]});
    let same = json!({"callee": {"service": "order"}, "otherwise": "reject", "branches": [
        {"targets": [{"labels": env}]}]});
    for count in [10, 1000] {
        let instances = instances(count);
        let mut bench = |name: &str, rules: Vec<Arc<RoutingRule>>, call: &Call<'_>| {
            let selection = Selection::compile(&instances, policy(rules));
            let mut bits = 7_u64;
            criterion.bench_function(&format!("{name}, {count} instances"), |bencher| {
                bencher.iter(|| {
                    bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    black_box(selection.pick(black_box(call), bits)).is_ok()
                });
            });
        };
        let plain = Call::to("order");
        let call = plain.clone().path("/api/order/7").header("accept", "*/*");
        let call = call.header("x-user", "42").header("x-env", "gray");
        bench("no rule", vec![], &plain);
        bench("header rule", vec![canary("canary")], &call);
        bench("canary of 30 %", vec![canary("canary")], &plain);
        bench(
            "same label as a header",
            vec![rule("same", same.clone())],
            &call,
        );
        bench(
            "regex on the path",
            vec![rule("path", calls.clone())],
            &call,
        );
        let others = (0..1000).map(|number| {
            let caller = json!({"service": format!("api-{number}")});
            rule(
                &format!("a{number}"),
                json!({"callee": {"service": "order"}, "caller": caller,
                "otherwise": "reject", "branches": [{"targets": [{"labels": {"version": "v1"}}]}]}),
            )
        });
        let mut rules: Vec<_> = others.collect();
        rules.push(canary("canary"));
        bench("1000 rules for other callers", rules, &call);
        let excluded = [instances[0].id.clone()];
        bench(
            "retry",
            vec![canary("canary")],
            &call.clone().excluding(&excluded),
        );
    }
}

fn others(criterion: &mut Criterion) {
    criterion.bench_function("build a call with three headers", |bencher| {
        bencher.iter(|| {
            let call = Call::to(black_box("order"))
                .method("POST")
                .path("/api/order/7");
            let call = call.header("accept", "*/*").header("x-user", "42");
            black_box(call.header("x-env", "gray"));
        });
    });
    let pattern = Pattern::parse("value", "(a?){100}a{100}b").expect("an expression");
    let value = "a".repeat(Pattern::VALUE_LIMIT_BYTES);
    criterion.bench_function("hostile expression on the longest value", |bencher| {
        bencher.iter(|| black_box(pattern.is_match(black_box(&value))));
    });
    let instances = instances(1000);
    for count in [0, 1, 100, 1000] {
        let rules: Vec<_> = (0..count)
            .map(|number| canary(&number.to_string()))
            .collect();
        let policy = policy(rules);
        let name = format!("compile 1000 instances, {count} rules of two targets");
        criterion.bench_function(&name, |bencher| {
            bencher.iter(|| black_box(Selection::compile(&instances, policy.clone())));
        });
    }
}

/// Each caller of a popular service has a rule and a target of its own.
fn many_targets(criterion: &mut Criterion) {
    let rules = (0..1000).map(|number| {
        let labels = json!({"version": "v1", "tenant": number.to_string()});
        let caller = json!({"service": format!("api-{number}")});
        let branch = json!({"targets": [{"labels": labels}]});
        let rest = json!({"callee": {"service": "order"}, "caller": caller,
            "branches": [branch], "otherwise": "fall_through"});
        rule(&format!("r{number}"), rest)
    });
    let policy = policy(rules.collect());
    let instances = instances(1000);
    criterion.bench_function(
        "compile 1000 instances, 1000 rules of own targets",
        |bencher| {
            bencher.iter(|| black_box(Selection::compile(&instances, policy.clone())));
        },
    );
}

criterion_group!(benches, picks, others, many_targets);
criterion_main!(benches);
