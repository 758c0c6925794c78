//! What a rule may say, and where exactly it says something wrong.

use merak_model::{
    Invalid, NamespaceName, ServiceKey,
    routing::{
        self, NearbyDocument, NearbySpec, Otherwise, RoutingRuleDocument, RoutingRuleSpec, Test,
        WhenEmpty,
    },
};
use serde_json::{Value, json};

/// A rule that uses everything there is, with nothing left to a default.
fn full() -> Value {
    json!({
        "description": "v2 for some",
        "metadata": {"team": "trade"},
        "enabled": false,
        "priority": 10,
        "caller": {
            "namespace": "shop",
            "service": "micro-api",
            "metadata": {"env": "gray", "tier": {"op": "in", "values": ["a", "b"]}},
        },
        "callee": {"namespace": "*", "service": "micro-order"},
        "branches": [
            {
                "name": "vip",
                "matches": {"all": [
                    {"on": "header", "key": "x-user", "op": "in", "values": ["42", "43"]},
                    {"on": "path", "op": "regex", "value": "^/api/order/"},
                    {"on": "query", "key": "amount", "op": "range", "min": 100},
                    {"on": "cookie", "key": "session", "op": "present"},
                    {"on": "method", "op": "not_equal", "value": "GET"},
                ]},
                "targets": [
                    {"name": "v2", "labels": {"version": "v2"}, "weight": 100, "priority": 0},
                    {
                        "name": "same env",
                        "labels": {"env": {"op": "same_as", "fact": {"on": "header", "key": "x-env"}}},
                        "weight": 0,
                        "priority": 9,
                    },
                ],
                "when_empty": "all_instances",
            },
            {
                "matches": {"any": [
                    {"on": "caller_ip", "op": "exact", "value": "10.0.0.7"},
                    {"on": "caller_metadata", "key": "zone", "op": "not_in", "values": ["a"]},
                    {"on": "argument", "key": "tenant", "op": "absent"},
                    {"on": "caller_service", "op": "same_as", "fact": {"on": "argument", "key": "as"}},
                ]},
                "targets": [{"weight": 1, "priority": 0}],
                "when_empty": "next_branch",
            },
        ],
        "otherwise": "reject",
    })
}

/// The least that a rule can say.
fn least() -> Value {
    json!({
        "callee": {"service": "micro-order"},
        "branches": [{"targets": [{}]}],
        "otherwise": "fall_through",
    })
}

fn parse(rule: Value) -> Result<RoutingRuleSpec, Invalid> {
    RoutingRuleSpec::parse(routing::parse::<RoutingRuleDocument, _>(rule)?)
}

fn parse_nearby(rule: Value) -> Result<NearbySpec, Invalid> {
    NearbySpec::parse(routing::parse::<NearbyDocument, _>(rule)?)
}

/// `rule` with the value at a JSON pointer replaced, or added to its object.
fn with(mut rule: Value, pointer: &str, value: Value) -> Value {
    let (outer, key) = pointer.rsplit_once('/').unwrap();
    let outer = rule.pointer_mut(outer).unwrap();
    match key.parse::<usize>() {
        Ok(index) if outer.is_array() => outer[index] = value,
        _ => outer[key] = value,
    }
    rule
}

#[test]
fn a_rule_is_written_as_it_was_read() {
    let spec = parse(full()).unwrap();
    assert_eq!(serde_json::to_value(&spec).unwrap(), full());
    let again: RoutingRuleSpec = serde_json::from_value(full()).unwrap();
    assert_eq!(again, spec);
}

#[test]
fn what_is_left_out_has_a_default() {
    let spec = parse(least()).unwrap();
    assert!(spec.enabled && spec.priority() == 0 && spec.caller.is_any());
    assert_eq!(spec.otherwise, Otherwise::FallThrough);
    let branch = &spec.branches()[0];
    assert_eq!(branch.when_empty, WhenEmpty::NextBranch);
    assert!(branch.matches().conditions().is_empty());
    assert_eq!(branch.targets()[0].weight.get(), 100);
    let home = NamespaceName::parse("shop").unwrap();
    let key = |namespace| ServiceKey::parse(namespace, "micro-order").unwrap();
    assert!(spec.callee.selects(&key("shop"), &home));
    assert!(
        !spec.callee.selects(&key("default"), &home),
        "a rule is for its own namespace"
    );
}

/// A place in the full rule, what is put there, and how it is refused.
const FAULTS: &str = r#"
/priorty                       | 1                           | priorty: unknown field `priorty`
/priority                      | 10001                       | priority: 10001 is outside 0..=10000
/otherwise                     | "maybe"                     | otherwise: expected `fall_through` or `reject`, found "maybe"
/description                   | "tab\t"                     | description: '\t' at position 3
/metadata                      | {"team": 1}                 | metadata["team"]: expected a string, found 1
/metadata                      | {"": "x"}                   | metadata: "" is not a key
/callee/service                | "a b"                       | callee.service: ' ' at position 1
/callee                        | {}                          | callee.service: a value is required
/caller/namespace              | null                        | caller.namespace: expected a string, found null
/caller/metadata/e.v           | {"op": "in"}                | caller.metadata["e.v"].values: a value is
/caller/metadata/metadata      | {"op": "no"}                | caller.metadata["metadata"].op: expected one
/branches                      | []                          | branches: a rule needs at least one
/branches/1/name               | "vip"                       | branches[1].name: "vip" is the name of an
/branches/1/targets            | []                          | branches[1].targets: a branch needs at
/branches/1/targets/0/weight   | 0                           | branches[1].targets: every weight is 0
/branches/1/matches            | {}                          | branches[1].matches: either `all` or `any`
/branches/1/matches/all        | []                          | branches[1].matches.any: `all` is given
/branches/1/matches/any        | []                          | branches[1].matches.any: at least one
/branches/1/when_empty         | "no"                        | branches[1].when_empty: expected one of
/branches/0/targets/0          | {"weight": 10001}           | branches[0].targets[0].weight: 10001 is
/branches/0/targets/0          | {"weight": -1}              | branches[0].targets[0].weight: expected a
/branches/0/targets/0          | {"priority": 10}            | branches[0].targets[0].priority: 10 is
/branches/0/targets/0          | {"labels": {"": "x"}}       | branches[0].targets[0].labels[""]: keys
/branches/0/targets/0          | {"labels": {"a": 1}}        | branches[0].targets[0].labels["a"]: expected
/branches/0/matches/all/0/key  | ""                          | branches[0].matches.all[0].key: a value
/branches/0/matches/all/0/op   | "like"                      | branches[0].matches.all[0].op: expected
/branches/0/matches/all/0/op   | "exact"                     | branches[0].matches.all[0].values: `exact`
/branches/0/matches/all/1      | {"on": "path", "op": "in"}  | branches[0].matches.all[1].values: a value
/branches/0/matches/all/1/value| "a("                        | branches[0].matches.all[1].value: not a reg
/branches/0/matches/all/2/max  | 99                          | branches[0].matches.all[2].min: 100 is above
"#;

fn fields(invalid: &Invalid) -> Vec<&str> {
    invalid.faults().map(Invalid::field).collect()
}

#[test]
fn all_faults_of_a_rule_are_named_in_their_order() {
    let mut rule = full();
    rule["priority"] = json!(10_001);
    rule["callee"] = json!({"namespace": "a b", "service": ""});
    rule["branches"][0]["matches"]["all"][0]["key"] = json!("");
    rule["branches"][0]["matches"]["all"][0]["op"] = json!("exact");
    rule["branches"][1]["targets"] =
        json!([{"weight": 10_001, "priority": 10}, {"labels": {"": "x"}}]);
    rule["tests"] =
        json!([{"request": {"from": {"service": ""}, "to": {"service": ""}}, "expect": {}}]);
    let refused = parse(rule).unwrap_err();
    let expected = [
        "priority",
        "callee.namespace",
        "callee.service",
        "branches[0].matches.all[0].key",
        "branches[0].matches.all[0].values",
        "branches[1].targets[0].weight",
        "branches[1].targets[0].priority",
        "branches[1].targets[1].labels[\"\"]",
        "tests[0].request.from.service",
        "tests[0].request.to.service",
        "tests[0].expect",
    ];
    assert_eq!(fields(&refused), expected);
    assert_eq!(refused.to_string(), "priority: 10001 is outside 0..=10000");
    let near =
        json!({"callee": {"service": ""}, "level": "all", "max_level": "zone", "spill_over": 2});
    let refused = parse_nearby(near).unwrap_err();
    assert_eq!(
        fields(&refused),
        ["callee.service", "max_level", "spill_over"]
    );
}

#[test]
fn faults_are_told_up_to_a_hundred_of_them() {
    let mut rule = least();
    let target = json!({"weight": 10_001, "priority": 10});
    let branch = json!({"targets": vec![target; 32]});
    rule["branches"] = json!(vec![branch; 64]);
    let refused = parse(rule).unwrap_err();
    assert_eq!(refused.faults().count(), 100);
}

#[test]
fn a_fault_is_named_with_its_place() {
    let faults = FAULTS.trim().lines();
    for fault in faults {
        let columns: Vec<&str> = fault.split('|').map(str::trim).collect();
        let value = serde_json::from_str(columns[1]).unwrap();
        let refused = parse(with(full(), columns[0], value)).unwrap_err();
        assert!(refused.to_string().starts_with(columns[2]), "{refused}");
    }
}

#[test]
fn limits_hold() {
    let refused = |pointer, value| parse(with(full(), pointer, value)).unwrap_err().to_string();
    let many = |count: usize, one: Value| Value::Array(vec![one; count]);
    let branch = json!({"targets": [{}]});
    assert!(parse(with(full(), "/branches", many(64, branch.clone()))).is_ok());
    assert!(refused("/branches", many(65, branch)).contains("65 entries, at most 64"));
    let targets = refused("/branches/0/targets", many(33, json!({})));
    assert_eq!(
        targets,
        "branches[0].targets: 33 entries, at most 32 are allowed"
    );
    let condition = json!({"on": "path", "op": "present"});
    let conditions = refused("/branches/0/matches/all", many(33, condition));
    assert!(
        conditions.starts_with("branches[0].matches.all: 33 entries"),
        "{conditions}"
    );
    let labels = |count: usize, value: Value| -> Value {
        let labels = (0..count).map(|number| (number.to_string(), value.clone()));
        Value::Object(labels.collect())
    };
    let tests = refused("/branches/0/targets/0/labels", labels(17, json!("v")));
    assert_eq!(
        tests,
        "branches[0].targets[0].labels: 17 entries, at most 16 are allowed"
    );
    let same = json!({"op": "same_as", "fact": {"on": "path"}});
    let compared = refused("/branches/0/targets/0/labels", labels(5, same));
    assert!(
        compared.contains("5 labels are compared by `same_as`, at most 4"),
        "{compared}"
    );
    let regex = json!({"matches": {"all": many(32, json!({"on": "path", "op": "regex", "value": "a"}))},
        "targets": [{}]});
    assert!(parse(with(full(), "/branches", many(2, regex.clone()))).is_ok());
    let patterns = refused("/branches", many(3, regex));
    assert!(
        patterns.contains("96 regular expressions, at most 64"),
        "{patterns}"
    );
}

#[test]
fn a_key_given_twice_is_refused() {
    let text = least().to_string().replace(
        r#"[{}]"#,
        r#"[{"labels": {"version": "v1", "version": "v2"}}]"#,
    );
    let mut json = serde_json::Deserializer::from_str(&text);
    let document: RoutingRuleDocument = routing::parse(&mut json).unwrap();
    assert_eq!(
        RoutingRuleSpec::parse(document).unwrap_err().to_string(),
        r#"branches[0].targets[0].labels["version"]: the key is given more than once"#
    );
}

#[test]
fn a_header_is_known_by_its_name_in_lower_case() {
    let header = json!({"on": "header", "key": "X-User", "op": "exact", "value": "A"});
    let spec = parse(with(full(), "/branches/0/matches/all/0", header)).unwrap();
    let condition = &spec.branches()[0].matches().conditions()[0];
    assert_eq!(condition.fact.key(), "x-user");
    assert!(matches!(&condition.test, Test::Value(matcher) if matcher.matches(Some("A"))));
}

#[test]
fn a_nearby_rule_is_written_as_it_was_read() {
    let full = json!({
        "description": "stay near", "metadata": {"team": "net"}, "enabled": true, "priority": 3,
        "callee": {"service": "*"}, "level": "campus", "max_level": "region", "strict": true,
        "spill_over": 0.25,
    });
    let spec = parse_nearby(full.clone()).unwrap();
    assert_eq!(serde_json::to_value(&spec).unwrap(), full);
    for (pointer, value, expected) in [
        ("/max_level", json!("zone"), None),
        (
            "/max_level",
            json!("near"),
            Some("max_level: expected one of `campus`, `zone`, `region`, `all`, found"),
        ),
        (
            "/level",
            json!("all"),
            Some("max_level: `region` is nearer than `level`, which is `all`"),
        ),
        (
            "/spill_over",
            json!(1.5),
            Some("spill_over: 1.5 is outside 0..=1"),
        ),
        (
            "/callee/service",
            json!(""),
            Some("callee.service: a value is required"),
        ),
        (
            "/levels",
            json!("zone"),
            Some("levels: unknown field `levels`"),
        ),
    ] {
        let parsed = parse_nearby(with(full.clone(), pointer, value));
        match expected {
            None => assert!(parsed.is_ok()),
            Some(expected) => assert!(parsed.unwrap_err().to_string().starts_with(expected)),
        }
    }
}
