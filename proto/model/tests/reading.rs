//! Values of the wrong kind, at every place of every document: each is refused where it is, in words
//! that people know.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use merak_model::{
    Invalid,
    call::CallDocument,
    manifest::Manifest,
    routing::{self, NearbyDocument},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A document of each kind that says all that there is to say.
fn documents() -> [Value; 4] {
    let label = json!({"op": "same_as", "fact": {"on": "header", "key": "x-zone"}});
    let range = json!({"on": "query", "key": "size", "op": "range", "min": 1, "max": 9});
    let users = json!({"on": "header", "key": "x.user", "op": "in", "values": ["42", "43"]});
    let test = json!({
        "description": "d",
        "request": {
            "from": {"namespace": "shop", "service": "api", "ip": "10.0.0.1",
                "metadata": {"env": "prod"}, "location": {"region": "eu", "zone": "a", "campus": "1"}},
            "to": {"namespace": "shop", "service": "order"},
            "method": "GET", "path": "/", "headers": {"x.user": "42"}, "query": {"a": "1"},
            "cookies": {"c": "1"}, "arguments": {"a": "1"}, "exclude": ["order-1"],
        },
        "instances": [{"labels": {"version": "v2"}, "weight": 1, "healthy": true}],
        "expect": {"verdict": "routed", "decided_by": "shop/r[0]", "labels": {"version": "v2"}},
    });
    let routing = json!({
        "description": "d", "metadata": {"team.eu": "shop"}, "enabled": true, "priority": 1,
        "caller": {"namespace": "shop", "service": "api", "metadata": {"env": label, "a": "b"}},
        "callee": {"namespace": "shop", "service": "order"},
        "branches": [{"name": "b", "matches": {"all": [users, range]}, "when_empty": "reject",
            "targets": [{"name": "t", "labels": {"version": "v2", "zone": label}, "weight": 1, "priority": 0}]}],
        "otherwise": "reject", "tests": [test],
    });
    let nearby = json!({
        "description": "d", "metadata": {"team": "shop"}, "enabled": true, "priority": 1,
        "callee": {"namespace": "shop", "service": "order"}, "level": "zone", "max_level": "all",
        "strict": true, "spill_over": 0.5,
    });
    let limit = json!({
        "description": "d", "metadata": {"team": "shop"}, "enabled": true, "priority": 1,
        "callee": {"namespace": "shop", "service": "order"}, "method": {"op": "exact", "value": "GET"},
        "arguments": [users], "regex_combine": true,
        "amounts": [{"max": 10, "window_ms": 1000, "burst": 5}],
        "warm_up": {"period_ms": 1000, "start_percent": 30}, "concurrency": 5, "scope": "local",
        "action": {"queue": {"max_wait_ms": 100}},
        "response": {"status": 429, "headers": {"x.a": "b"}, "body": "no"},
    });
    let kinds = ["RoutingRule", "NearbyRule", "RateLimitRule", "RoutingTest"];
    let mut specs = [routing, nearby, limit, test].into_iter();
    kinds.map(|kind| {
        json!({"kind": kind, "metadata": {"namespace": "shop", "name": "r"}, "spec": specs.next()})
    })
}

/// Every place of a value, itself included.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, item)| (key.clone(), item))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (token, item) in inner {
        places(item, &format!("{pointer}/{token}"), found);
    }
}

fn with(document: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = document.clone();
    *changed.pointer_mut(pointer).unwrap() = value;
    changed
}

/// What no refusal says: the words of Rust, and of those who write readers of JSON.
const FOREIGN: [&str; 19] = [
    "struct",
    "variant",
    "enum",
    "tuple",
    "map",
    "sequence",
    "integer",
    "unit",
    "Option",
    "option",
    "string \"",
    "identifier",
    "floating",
    "u8",
    "u16",
    "u32",
    "u64",
    "i64",
    "f64",
];

fn assert_plain(invalid: &Invalid) {
    let message = invalid.problem().to_string();
    let is_word = |start: usize, word: &str| {
        let is_letter =
            |one: Option<char>| one.is_some_and(|one| one.is_alphanumeric() || one == '_');
        !is_letter(message[..start].chars().next_back())
            && !is_letter(message[start + word.len()..].chars().next())
    };
    for word in FOREIGN {
        let mut found = message.match_indices(word);
        assert!(
            !found.any(|(start, _)| is_word(start, word)),
            "{invalid}: {word}"
        );
    }
}

#[test]
fn every_document_is_right_to_begin_with() {
    for document in documents() {
        let manifest = Manifest::read(&document);
        assert!(manifest.content.is_ok(), "{:?}", manifest.content);
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_in_plain_words() {
    let wrong = json!([null, 5, -5, 1.5, 1e300, "no such", true, [], [1], [[]], {}, {"a": 1}]);
    let mut refusals = 0;
    for document in documents() {
        let mut pointers = Vec::new();
        places(&document, "", &mut pointers);
        for (pointer, value) in pointers.iter().flat_map(|one| {
            let values = wrong.as_array().unwrap();
            values.iter().map(move |value| (one, value))
        }) {
            let changed = with(&document, pointer, value.clone());
            let Err(invalid) = Manifest::read(&changed).content else {
                continue;
            };
            refusals += 1;
            assert_plain(&invalid);
            if let Value::Null | Value::Bool(_) | Value::Number(_) = value
                && invalid.problem().to_string().starts_with("expected ")
            {
                assert_eq!(invalid.pointer(), *pointer, "{value}: {invalid}");
            }
        }
    }
    assert!(refusals > 1000, "{refusals}");
}

#[test]
fn a_list_is_no_object_wherever_one_is_due() {
    let mut objects = 0;
    for document in documents() {
        let mut pointers = Vec::new();
        places(&document, "", &mut pointers);
        for pointer in pointers {
            let Value::Object(fields) = document.pointer(&pointer).unwrap() else {
                continue;
            };
            objects += 1;
            let list: Value = fields.values().cloned().collect();
            for list in [list, json!([])] {
                let refused = Manifest::read(&with(&document, &pointer, list)).content;
                let invalid = refused.unwrap_err();
                assert_eq!(invalid.pointer(), pointer, "{invalid}");
                let message = invalid.problem().to_string();
                assert!(message.starts_with("expected "), "{invalid}");
                assert!(message.ends_with(", found a list"), "{invalid}");
            }
        }
    }
    assert!(objects > 30, "{objects}");
}

fn refusal<T: DeserializeOwned + std::fmt::Debug>(value: Value) -> String {
    routing::parse::<T, _>(value).unwrap_err().to_string()
}

#[test]
fn a_refusal_says_what_is_expected() {
    let of_action = |action: Value| {
        let mut limit = documents()[2]["spec"].clone();
        limit["action"] = action;
        refusal::<merak_model::limiting::RateLimitRuleDocument>(limit)
    };
    for (action, message) in [
        (json!(5), "action: expected `reject` or `queue`, found 5"),
        (
            json!("queue"),
            "action: expected an object with `queue`, found \"queue\"",
        ),
        (
            json!({"reject": {}}),
            "action: expected a string, found an object",
        ),
        (
            json!({}),
            "action: expected `reject` or `queue`, found an object without a field",
        ),
        (
            json!({"queue": [5]}),
            "action.queue: expected an object, found a list",
        ),
        (
            json!({"queue": {"max_wait_ms": 5}, "reject": null}),
            "action: expected an object with one field, found several",
        ),
    ] {
        assert_eq!(of_action(action), message);
    }
    let near = |field: &str, value: Value| {
        let mut near = json!({"callee": {"service": "a"}});
        near[field] = value;
        refusal::<NearbyDocument>(near)
    };
    assert_eq!(
        near("level", json!({"zone": null})),
        "level: expected a string, found an object"
    );
    let long = near("level", json!("x".repeat(5000)));
    assert!(long.len() < 250, "{long}");
    let long = near("strict", json!("x".repeat(5000)));
    assert!(long.len() < 250, "{long}");
    let key = refusal::<CallDocument>(json!({"to": {"service": "a"}, "headers": {"x.y/z": 1}}));
    assert_eq!(key, r#"headers["x.y/z"]: expected a string, found 1"#);
    assert_eq!(
        refusal::<CallDocument>(json!([])),
        "expected an object, found a list"
    );
}
