//! Documents in files: what they are, whether they are right, and what becomes of their tests.

use merak_model::{
    analysis::{Facts, Report, analyze, broken_tests},
    manifest::{Content, Kind, Manifest},
    routing::{RuleSet, WarningCode},
};
use serde_json::{Value, json};

fn document(kind: &str, name: &str, spec: Value) -> Value {
    json!({"kind": kind, "metadata": {"name": name}, "spec": spec})
}

/// 42 goes to v2, others by 70 and 30.
fn canary() -> Value {
    let spec = json!({
        "callee": {"service": "order"},
        "branches": [
            {"matches": {"all": [{"on": "header", "key": "x-user", "op": "exact", "value": "42"}]},
             "targets": [{"labels": {"version": "v2"}}]},
            {"targets": [{"labels": {"version": "v1"}, "weight": 70},
                         {"labels": {"version": "v2"}, "weight": 30}]},
        ],
        "otherwise": "reject",
    });
    document("RoutingRule", "canary", spec)
}

fn test(user: &str, expect: Value) -> Value {
    let request = json!({"to": {"service": "order"}, "headers": {"x-user": user}});
    let spec = json!({"request": request, "expect": expect});
    document("RoutingTest", user, spec)
}

fn look(documents: &[Value]) -> Vec<Report> {
    let manifests: Vec<Manifest> = documents.iter().map(Manifest::read).collect();
    let facts = Facts {
        rules: &RuleSet::default(),
        limits: &[],
        instances: &|_| None,
    };
    analyze(&manifests, facts)
}

#[test]
fn a_test_is_at_home_in_the_namespace_of_its_document() {
    let expect = json!({"decided_by": "shop/canary[0]"});
    let reports = look(&[in_shop(canary()), in_shop(test("42", expect.clone()))]);
    assert!(reports[1].tests[0].passed, "{:?}", reports[1].tests);
    let reports = look(&[in_shop(canary()), test("42", expect)]);
    assert!(!reports[1].tests[0].passed);
}

fn in_shop(mut document: Value) -> Value {
    document["metadata"]["namespace"] = "shop".into();
    document
}

fn put(rules: &mut RuleSet, document: &Value) {
    match Manifest::read(document).content {
        Ok(Content::RoutingRule(rule)) => rules.put_routing(rule.into()),
        Ok(Content::NearbyRule(rule)) => rules.put_nearby(rule.into()),
        other => panic!("{other:?} is for no routes"),
    }
}

/// The rule `shop/canary`, which expects of another one, or itself, to decide where calls to `order` go.
fn tested(decided_by: &str) -> RuleSet {
    let mut canary = in_shop(canary());
    canary["spec"]["tests"] = json!([{
        "request": {"to": {"service": "order"}}, "expect": {"decided_by": decided_by},
    }]);
    let mut rules = RuleSet::default();
    put(&mut rules, &canary);
    rules
}

/// How many tests the documents break of rules that there are.
fn broken(documents: &[Value], rules: &RuleSet) -> usize {
    let documents: Vec<Manifest> = documents.iter().map(Manifest::read).collect();
    broken_tests(&documents, rules).len()
}

/// A rule that decides before the canary does.
fn first(callee: &str) -> Value {
    let spec = json!({
        "callee": {"service": callee}, "branches": [{"targets": [{"labels": {}}]}], "otherwise": "reject",
    });
    document("RoutingRule", "a-first", spec)
}

#[test]
fn a_test_of_another_rule_breaks_in_the_namespace_of_its_rule() {
    let rules = tested("shop/canary");
    assert_eq!(broken(&[in_shop(first("order"))], &rules), 1);
    assert_eq!(broken(&[in_shop(first("*"))], &rules), 1);
    assert_eq!(broken(&[in_shop(first("pay"))], &rules), 0);
    assert_eq!(broken(&[first("order")], &rules), 0);
}

#[test]
fn a_test_breaks_when_another_rule_turns_to_another_service() {
    let mut rules = tested("shop/a-first");
    put(&mut rules, &in_shop(first("order")));
    assert_eq!(broken(&[in_shop(first("pay"))], &rules), 1);
    assert_eq!(broken(&[first("pay")], &rules), 0);
    let nearby = document("NearbyRule", "near", json!({"callee": {"service": "*"}}));
    assert_eq!(broken(&[nearby], &rules), 0);
    let limit = json!({"callee": {"service": "order"}, "concurrency": 1});
    assert_eq!(
        broken(&[document("RateLimitRule", "a-first", limit)], &rules),
        0
    );
}

#[test]
fn a_test_breaks_when_a_nearby_rule_changes() {
    let near = |level: &str| {
        let spec = json!({"callee": {"service": "order"}, "level": level});
        in_shop(document("NearbyRule", "near", spec))
    };
    let mut canary = in_shop(canary());
    canary["spec"]["branches"] = json!([{"targets": [{"labels": {}}]}]);
    canary["spec"]["tests"] = json!([{
        "request": {"from": {"service": "api", "location": {"region": "eu", "zone": "a"}},
            "to": {"service": "order"}},
        "instances": [{"labels": {"region": "eu", "zone": "a"}}, {"labels": {"region": "eu", "zone": "b"}}],
        "expect": {"labels": {"zone": "a"}},
    }]);
    let mut rules = RuleSet::default();
    put(&mut rules, &canary);
    put(&mut rules, &near("zone"));
    assert_eq!(broken(&[near("zone")], &rules), 0);
    assert_eq!(broken(&[near("region")], &rules), 1);
}

#[test]
fn a_document_says_what_it_is_and_a_fault_has_its_place() {
    let limit = json!({"callee": {"service": "pay"}, "amounts": [{"max": 1, "window_ms": 1000}]});
    for (document, kind) in [
        (canary(), Kind::RoutingRule),
        (document("RateLimitRule", "a", limit), Kind::RateLimitRule),
        (
            document("NearbyRule", "a", json!({"callee": {"service": "*"}})),
            Kind::NearbyRule,
        ),
        (test("42", json!({"verdict": "routed"})), Kind::RoutingTest),
    ] {
        let manifest = Manifest::read(&document);
        assert_eq!(manifest.kind, Some(kind));
        assert!(manifest.content.is_ok(), "{:?}", manifest.content);
        assert_eq!(manifest.key.unwrap().namespace.as_str(), "default");
    }
    let with = |pointer: &str, value: Value| {
        let mut document = canary();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
        document
    };
    for (document, field) in [
        (with("/kind", json!("RoutingRules")), "kind"),
        (with("/status", json!({})), "status"),
        (with("/metadata/name", json!("a b")), "metadata.name"),
        (with("/metadata/labels", json!({})), "metadata[\"labels\"]"),
        (with("/spec", json!([])), "spec"),
        (with("/spec/brnches", json!([])), "spec.brnches"),
        (
            with("/spec/branches/1/targets/0/weight", json!(10_001)),
            "spec.branches[1].targets[0].weight",
        ),
        (json!({"kind": "NearbyRule"}), "metadata"),
        (json!("text"), ""),
    ] {
        let refused = Manifest::read(&document).content.unwrap_err();
        assert_eq!(refused.field(), field, "{refused}");
    }
}

#[test]
fn tests_try_the_rules_with_an_instance_for_each_target() {
    let reports = look(&[
        canary(),
        test(
            "42",
            json!({"decided_by": "default/canary[0]", "labels": {"version": "v2"}}),
        ),
        test(
            "7",
            json!({"labels": {"version": {"op": "in", "values": ["v1", "v2"]}}}),
        ),
        test("8", json!({"labels": {"version": "v1"}})),
    ]);
    let passed: Vec<bool> = reports.iter().map(|one| one.is_clean()).collect();
    assert_eq!(passed, [true, true, true, false]);
    let failed = &reports[3].tests[0];
    assert_eq!(failed.path, "/spec");
    let text = failed.mismatches[0].to_string();
    assert!(
        text.starts_with("expect.labels[\"version\"]: expected v1, got v2 at instance"),
        "{text}"
    );
    assert!(failed.explanation.is_some());
}

#[test]
fn a_test_may_name_its_instances() {
    for (instances, verdict) in [
        (json!([{"labels": {"version": "v2"}}]), "routed"),
        (json!([{"labels": {"version": "v3"}}]), "rejected"),
        (
            json!([{"labels": {"version": "v2"}, "isolated": true}]),
            "rejected",
        ),
        (
            json!([{"labels": {"version": "v2"}, "weight": 0}]),
            "rejected",
        ),
        (
            json!([{"labels": {"version": "v2"}, "healthy": false}]),
            "routed",
        ),
    ] {
        let mut test = test("42", json!({"verdict": verdict}));
        test["spec"]["instances"] = instances;
        let reports = look(&[canary(), test]);
        assert!(reports[1].is_clean(), "{:?}", reports[1]);
    }
    for (instances, field) in [
        (
            json!([{"labels": {"a": "b", "version": "v\n"}}]),
            "spec.instances[0].labels.version",
        ),
        (json!([{}, {"weight": 10_001}]), "spec.instances[1].weight"),
        (json!([{"version": "v1"}]), "spec.instances[0].version"),
        (json!(vec![json!({}); 65]), "spec.instances"),
    ] {
        let mut test = test("42", json!({"verdict": "routed"}));
        test["spec"]["instances"] = instances;
        let refused = Manifest::read(&test).content.unwrap_err();
        assert_eq!(refused.field(), field, "{refused}");
    }
}

#[test]
fn instances_are_made_up_for_every_kind_of_label() {
    let same = json!({"op": "same_as", "fact": {"on": "header", "key": "x-user"}});
    for label in [
        json!("v1"),
        json!({"op": "not_equal", "value": "v1"}),
        json!({"op": "in", "values": ["a", "b"]}),
        json!({"op": "not_in", "values": ["a", "b"]}),
        json!({"op": "regex", "value": "^v2\\.\\d+$"}),
        json!({"op": "range", "max": 7}),
        json!({"op": "present"}),
        json!({"op": "absent"}),
        same,
    ] {
        for key in ["version", "zone", "tier"] {
            if key == "zone" && label["op"] == "absent" {
                continue; // Instances are made up in the caller's zone.
            }
            let mut rule = canary();
            rule["spec"]["branches"] = json!([{"targets": [{"labels": {key: label}}]}]);
            let near = json!({"callee": {"service": "*"}, "level": "zone", "strict": true});
            let mut test = test("42", json!({"decided_by": "default/canary[0]"}));
            let home = json!({"region": "eu", "zone": "eu-1"});
            test["spec"]["request"]["from"] = json!({"location": home});
            let mut documents = vec![rule, test];
            if key != "zone" {
                documents.push(document("NearbyRule", "near", near));
            }
            let reports = look(&documents);
            let outcome = &reports[1].tests[0];
            assert!(outcome.passed, "{key} {label}: {:?}", outcome.mismatches);
        }
    }
}

#[test]
fn documents_are_held_against_each_other() {
    let mut other = canary();
    other["metadata"]["name"] = "other".into();
    let reports = look(&[
        canary(),
        other.clone(),
        canary(),
        test("1", json!({"verdict": "routed"})),
    ]);
    assert_eq!(reports[1].warnings[0].code, WarningCode::EqualPriority);
    assert_eq!(reports[1].warnings[0].path, "/spec/priority");
    assert_eq!(reports[2].errors[0].path, "/metadata/name");
    assert_eq!(
        reports[2].errors[0].message,
        "document 1 is the RoutingRule `default/canary` already"
    );
    other["spec"]["enabled"] = false.into();
    assert!(look(&[canary(), other]).iter().all(Report::is_clean));
}
