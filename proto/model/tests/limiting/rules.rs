//! What a rule may say, and where exactly it says something wrong.

use merak_model::{
    Call, Invalid, NamespaceName, ServiceKey,
    limiting::{Action, AmountMode, Failover, RateLimitRuleDocument, RateLimitRuleSpec, Scope},
    routing,
};
use serde_json::{Value, json};

/// A local rule that uses everything there is, with nothing left to a default.
fn full() -> Value {
    json!({
        "description": "ten a user",
        "metadata": {"team": "trade"},
        "enabled": false,
        "priority": 10,
        "callee": {"namespace": "*", "service": "micro-pay"},
        "method": {"op": "regex", "value": "^/pay"},
        "arguments": [
            {"on": "header", "key": "x-user", "op": "present"},
            {"on": "caller_service", "op": "in", "values": ["micro-api", "micro-order"]},
            {"on": "query", "key": "test", "op": "absent"},
        ],
        "regex_combine": false,
        "amounts": [
            {"max": 10, "window_ms": 1000, "burst": 5},
            {"max": 100, "window_ms": 60000, "burst": 50},
        ],
        "warm_up": {"period_ms": 30000, "start_percent": 10},
        "concurrency": 32,
        "scope": "local",
        "action": {"queue": {"max_wait_ms": 500}},
        "response": {
            "status": 503,
            "headers": {"content-type": "application/json", "x-why": "too many"},
            "body": "{\"code\": 1}\n",
        },
    })
}

/// A global rule that uses everything a global one may.
fn global() -> Value {
    json!({
        "enabled": true,
        "priority": 0,
        "callee": {"service": "micro-api"},
        "method": "/api/order",
        "regex_combine": true,
        "amounts": [{"max": 1000, "window_ms": 1000}, {"max": 20000, "window_ms": 60000}],
        "scope": "global",
        "amount_mode": "per_client",
        "failover": "pass",
        "action": "reject",
    })
}

/// The least that a rule can say.
fn least() -> Value {
    json!({"callee": {"service": "micro-pay"}, "amounts": [{"max": 10, "window_ms": 1000}]})
}

fn parse(rule: Value) -> Result<RateLimitRuleSpec, Invalid> {
    RateLimitRuleSpec::parse(routing::parse::<RateLimitRuleDocument, _>(rule)?)
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
    for rule in [full(), global()] {
        let spec = parse(rule.clone()).unwrap();
        assert_eq!(serde_json::to_value(&spec).unwrap(), rule);
        assert_eq!(
            serde_json::from_value::<RateLimitRuleSpec>(rule).unwrap(),
            spec
        );
    }
}

#[test]
fn what_is_left_out_has_a_default() {
    let spec = parse(least()).unwrap();
    assert!(spec.enabled && spec.priority() == 0 && !spec.regex_combine);
    assert_eq!(
        (spec.scope(), spec.action()),
        (Scope::Local, Action::Reject)
    );
    assert_eq!(
        spec.burst(spec.amounts()[0]),
        10,
        "a second's worth at once"
    );
    assert_eq!((spec.response.status(), spec.response.body()), (429, ""));
    assert!(spec.method().is_none() && spec.counted_by().is_empty());
    let queue = with(least(), "/action", json!({"queue": {"max_wait_ms": 1000}}));
    let queue = parse(queue).unwrap();
    assert_eq!(queue.burst(queue.amounts()[0]), 1, "one after another");
    let scope = parse(with(least(), "/scope", json!("global")))
        .unwrap()
        .scope();
    let (mode, failover) = (AmountMode::Total, Failover::Local);
    assert_eq!(scope, Scope::Global { mode, failover });
    let home = NamespaceName::parse("shop").unwrap();
    let key = |namespace| ServiceKey::parse(namespace, "micro-pay").unwrap();
    assert!(spec.callee.selects(&key("shop"), &home));
    assert!(!spec.callee.selects(&key("default"), &home));
}

#[test]
fn a_call_matches_when_every_test_holds() {
    let spec = parse(full()).unwrap();
    let call = || Call::to("micro-pay").method("/pay/1").header("X-User", "7");
    let caller = |service: &str| merak_model::call::Caller {
        service: Some(merak_model::ServiceName::parse(service).unwrap()),
        ..Default::default()
    };
    let (api, other) = (caller("micro-api"), caller("micro-web"));
    assert!(spec.matches(&call().from_caller(&api)));
    assert!(!spec.matches(&call().from_caller(&other)));
    assert!(!spec.matches(&call().from_caller(&api).query("test", "")));
    assert!(!spec.matches(&call().from_caller(&api).method("/refund")));
    assert!(!spec.matches(&Call::to("micro-pay").method("/pay").from_caller(&api)));
    let same = json!([{"on": "header", "key": "x-a", "op": "same_as", "fact": {"on": "header", "key": "x-b"}}]);
    let same = parse(with(least(), "/arguments", same)).unwrap();
    assert!(same.matches(&Call::to("p").header("x-a", "1").header("x-b", "1")));
    assert!(!same.matches(&Call::to("p").header("x-a", "1").header("x-b", "2")));
    assert!(!same.matches(&Call::to("p")));
}

#[test]
fn values_that_may_differ_tell_counters_apart() {
    let counted = |rule: Value| -> Vec<String> {
        let spec = parse(rule).unwrap();
        spec.counted_by().iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        counted(full()),
        ["method", "header.x-user", "caller_service"]
    );
    assert!(counted(with(full(), "/regex_combine", json!(true))).is_empty());
    let exact = with(full(), "/method", json!("/pay"));
    assert_eq!(counted(exact), ["header.x-user", "caller_service"]);
    let twice = json!([
        {"on": "header", "key": "x-user", "op": "present"},
        {"on": "header", "key": "X-User", "op": "not_equal", "value": "0"},
    ]);
    assert_eq!(
        counted(with(least(), "/arguments", twice)),
        ["header.x-user"]
    );
}

/// A place in the full rule, what is put there, and how it is refused.
const FAULTS: &str = r#"
/priorty                  | 1                                  | priorty: unknown field `priorty`
/priority                 | 10001                              | priority: 10001 is outside 0..=10000
/description              | "tab\t"                            | description: '\t' at position 3
/metadata                 | {"team": 1}                        | metadata["team"]: expected a string, found 1
/callee                   | {}                                 | callee.service: a value is required
/callee/service           | "a b"                              | callee.service: ' ' at position 1
/method                   | {"op": "regex", "value": "a("}     | method.value: not a regular expression
/method                   | {"op": "exact"}                    | method.value: a value is required
/arguments/0/on           | "user"                             | arguments[0].on: expected one of `method`
/arguments/0/on           | "method"                           | arguments[0].on: use the `method`
/arguments/0/key          | ""                                 | arguments[0].key: a value is required
/arguments/1/values       | ["a", "a"]                         | arguments[1].values[1]: "a" is given more
/arguments/1/op           | "regex"                            | arguments[1].values: `regex` does not take
/amounts                  | {}                                 | amounts: expected a list, found an object
/amounts/0                | {"max": 10}                        | amounts[0].window_ms: a value is required
/amounts/0/max            | 0                                  | amounts[0].max: 0 is outside 1..=1000000000
/amounts/0/max            | 4294967297                         | amounts[0].max: 4294967297 is outside 1..=
/amounts/0/max            | -1                                 | amounts[0].max: expected a whole number, 0 or more, found -1
/amounts/0/max            | 10000001                           | amounts[0].max: 10000001 in 1000 ms is 10000001 a second
/amounts/0/window_ms      | 0                                  | amounts[0].window_ms: 0 is outside 1..=86400000
/amounts/0/window_ms      | 86400001                           | amounts[0].window_ms: 86400001 is outside
/amounts/0/burst          | 0                                  | amounts[0].burst: 0 is outside 1..=1000000000
/amounts/0/burst          | null                               | amounts[0].burst: expected a whole number
/amounts/1/window_ms      | 1000                               | amounts[1].window_ms: 1000 is the window of amounts[0]
/amounts/1/max            | 600                                | amounts[1].max: 600 is never reached: amounts[0] lets no more than 10 in 1000 ms
/amounts/0                | {"max": 50, "window_ms": 100, "burst": 50} | amounts[0].max: 50 is never reached: amounts[1]
/amounts/1/burst          | 1000000000                         | amounts[1].burst: 1000000000 calls take more than two years
/warm_up                  | {"period_ms": 0}                   | warm_up.period_ms: 0 is outside 1..=3600000
/warm_up/start_percent    | 100                                | warm_up.start_percent: 100 is outside 1..=99
/concurrency              | 0                                  | concurrency: 0 is outside 1..=1000000
/scope                    | "cluster"                          | scope: expected `local` or `global`
/amount_mode              | "total"                            | amount_mode: a local limit does not take it
/failover                 | "pass"                             | failover: a local limit does not take it
/action                   | "wait"                             | action: expected `reject` or `queue`, found "wait"
/action                   | {"queue": {}}                      | action.queue.max_wait_ms: a value is required
/action                   | {"queue": {"max_wait_ms": 60001}}  | action.queue.max_wait_ms: 60001 is outside 1..=60000
/action                   | {"queue": {"max_wait_ms": 0}}      | action.queue.max_wait_ms: 0 is outside
/response/status          | 200                                | response.status: 200 is outside 400..=599
/response/headers         | {"a b": ""}                        | response.headers["a b"]: "a b" is no name of a header
/response/headers         | {"Content-Length": "1"}            | response.headers["Content-Length"]: "Content-Length" frames
/response/headers         | {"x": "a\nb"}                      | response.headers["x"]: '\n' at position 1
/response/headers         | {"x": "a", "X": "b"}               | response.headers: "x" is given more than once
/response/body            | "\u0000"                           | response.body: '\0' at position 0
"#;

/// The same for the global rule.
const GLOBAL_FAULTS: &str = r#"
/amounts/0/window_ms      | 999                                | amounts[0].window_ms: 999 is outside 1000..=86400000
/amounts/0/burst          | 5                                  | amounts[0].burst: a global limit does not take it
/warm_up                  | {"period_ms": 9}                   | warm_up: a global limit does not take it
/concurrency              | 5                                  | concurrency: a global limit does not take it
/action                   | {"queue": {"max_wait_ms": 9}}      | action.queue: a global limit does not take it
/failover                 | "none"                             | failover: expected `local` or `pass`, found "none"
/amounts                  | []                                 | amounts: either `amounts` or `concurrency`
"#;

#[test]
fn an_amount_of_a_global_rule_says_something_if_a_window_can_reach_it() {
    let beside_ten_a_second = |max: u64, window_ms: u64| {
        parse(json!({
            "callee": {"service": "pay"}, "scope": "global",
            "amounts": [{"max": 10, "window_ms": 1000}, {"max": max, "window_ms": window_ms}],
        }))
    };
    // A window of 1.5 s lies in two or three whole seconds.
    for (max, window_ms) in [(15, 1500), (29, 1500), (99, 10_000)] {
        assert!(
            beside_ten_a_second(max, window_ms).is_ok(),
            "{max} in {window_ms}"
        );
    }
    for (max, window_ms) in [(30, 1500), (100, 10_000)] {
        let refused = beside_ten_a_second(max, window_ms).unwrap_err();
        assert_eq!(refused.field(), "amounts[1].max");
    }
}

#[test]
fn all_faults_of_a_rule_are_named_in_their_order() {
    let faults = |rule: Value| -> Vec<String> {
        let refused = parse(rule).unwrap_err();
        refused.faults().map(|one| one.field().to_owned()).collect()
    };
    let mut rule = full();
    rule["description"] = json!("\t");
    rule["arguments"][0]["key"] = json!("");
    rule["amounts"] = json!([{"max": 0, "window_ms": 0, "burst": 0}]);
    rule["warm_up"] = json!({"period_ms": 0, "start_percent": 100});
    rule["failover"] = json!("pass");
    rule["response"] = json!({"status": 200, "headers": {"a b": "", "c": "\n"}, "body": "\u{0}"});
    let expected = [
        "description",
        "arguments[0].key",
        "amounts[0].max",
        "amounts[0].window_ms",
        "amounts[0].burst",
        "warm_up.period_ms",
        "warm_up.start_percent",
        "failover",
        "response.status",
        "response.headers[\"a b\"]",
        "response.headers[\"c\"]",
        "response.body",
    ];
    assert_eq!(faults(rule), expected);
    let mut rule = global();
    rule["warm_up"] = json!({"period_ms": 9});
    rule["concurrency"] = json!(5);
    rule["amounts"][0]["burst"] = json!(5);
    assert_eq!(faults(rule), ["warm_up", "concurrency", "amounts[0].burst"]);
}

#[test]
fn a_fault_is_named_with_its_place() {
    for (rule, faults) in [(full(), FAULTS), (global(), GLOBAL_FAULTS)] {
        for fault in faults.trim().lines() {
            let columns: Vec<&str> = fault.split('|').map(str::trim).collect();
            let value = serde_json::from_str(columns[1]).unwrap();
            let refused = parse(with(rule.clone(), columns[0], value)).expect_err(fault);
            assert!(refused.to_string().starts_with(columns[2]), "{refused}");
        }
    }
}

#[test]
fn a_limit_of_calls_under_way_needs_no_amounts() {
    let only = json!({"callee": {"service": "micro-pay"}, "concurrency": 8});
    assert_eq!(parse(only.clone()).unwrap().concurrency(), Some(8));
    let refused = |pointer, value| parse(with(only.clone(), pointer, value)).unwrap_err();
    let warm_up = refused("/warm_up", json!({"period_ms": 1}));
    assert!(
        warm_up
            .to_string()
            .starts_with("warm_up: a rule without `amounts`")
    );
    let queue = refused("/action", json!({"queue": {"max_wait_ms": 1}}));
    assert!(
        queue
            .to_string()
            .starts_with("action.queue: a rule without `amounts`")
    );
    let global = refused("/scope", json!("global"));
    assert!(
        global
            .to_string()
            .starts_with("concurrency: a global limit")
    );
}

#[test]
fn limits_hold() {
    let refused = |pointer, value| {
        parse(with(least(), pointer, value))
            .unwrap_err()
            .to_string()
    };
    let many = |count: usize, one: Value| Value::Array(vec![one; count]);
    let argument = json!({"on": "path", "op": "present"});
    assert!(parse(with(least(), "/arguments", many(16, argument.clone()))).is_ok());
    let arguments = refused("/arguments", many(17, argument));
    assert_eq!(arguments, "arguments: 17 entries, at most 16 are allowed");
    let amounts = |count: u64| -> Value {
        (1..=count)
            .map(|n| json!({"max": 10 * n, "window_ms": 1000 * n * n}))
            .collect()
    };
    assert!(parse(with(least(), "/amounts", amounts(4))).is_ok());
    assert_eq!(
        refused("/amounts", amounts(5)),
        "amounts: 5 entries, at most 4 are allowed"
    );
    let body = refused("/response", json!({"body": "x".repeat(4097)}));
    assert_eq!(
        body,
        "response.body: 4097 characters, at most 4096 are allowed"
    );
    let headers = (0..17).map(|n| (format!("x-{n}"), json!("v")));
    let headers = refused(
        "/response",
        json!({"headers": Value::Object(headers.collect())}),
    );
    assert_eq!(
        headers,
        "response.headers: 17 entries, at most 16 are allowed"
    );
}
