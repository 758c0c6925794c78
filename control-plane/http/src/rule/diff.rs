//! What differs between two documents: a JSON patch (RFC 6902) that also says what was there.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::problem::pointer_token;

/// One step from one state to the other; they are taken in order.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RuleDifference, example = json!(
    {"op": "replace", "path": "/branches/0/targets/1/weight", "before": 30, "value": 50}
))]
pub(crate) struct Difference {
    op: Operation,
    /// JSON pointer (RFC 6901) to the place, in the document as the steps before left it.
    path: String,
    /// What is at the place before; absent for `add`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Value)]
    before: Option<Value>,
    /// What is at the place after; absent for `remove`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Value)]
    value: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleDifferenceOperation)]
enum Operation {
    Add,
    Remove,
    Replace,
}

/// The steps from `before` to `after`; none if they are the same.
pub(super) fn between(before: &Value, after: &Value) -> Vec<Difference> {
    let mut steps = Vec::new();
    compare("", before, after, &mut steps);
    steps
}

fn compare(path: &str, before: &Value, after: &Value, steps: &mut Vec<Difference>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(before), Value::Object(after)) => {
            compare_objects(path, before, after, steps)
        }
        (Value::Array(before), Value::Array(after)) => compare_arrays(path, before, after, steps),
        (before, after) => steps.push(Difference {
            op: Operation::Replace,
            path: path.to_owned(),
            before: Some(before.clone()),
            value: Some(after.clone()),
        }),
    }
}

fn compare_objects(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    steps: &mut Vec<Difference>,
) {
    let place = |key: &str| format!("{path}/{}", pointer_token(key));
    for (key, value) in before {
        match after.get(key) {
            Some(after) => compare(&place(key), value, after, steps),
            None => steps.push(removed(place(key), value)),
        }
    }
    let new = after.iter().filter(|(key, _)| !before.contains_key(*key));
    steps.extend(new.map(|(key, value)| added(place(key), value)));
}

/// What both begin and end with stays, so that one more element is one step.
fn compare_arrays(path: &str, before: &[Value], after: &[Value], steps: &mut Vec<Difference>) {
    let shorter = before.len().min(after.len());
    let pairs = before.iter().zip(after);
    let first = pairs.take_while(|(one, other)| one == other).count();
    let pairs = before.iter().rev().zip(after.iter().rev());
    let last = pairs.take_while(|(one, other)| one == other).count();
    let last = last.min(shorter - first);
    let (before_end, after_end) = (before.len() - last, after.len() - last);
    let paired = before_end.min(after_end);
    for index in first..paired {
        let place = format!("{path}/{index}");
        compare(&place, &before[index], &after[index], steps);
    }
    for index in (paired..before_end).rev() {
        steps.push(removed(format!("{path}/{index}"), &before[index]));
    }
    let new = after.iter().enumerate().take(after_end).skip(paired);
    steps.extend(new.map(|(index, value)| added(format!("{path}/{index}"), value)));
}

fn added(path: String, value: &Value) -> Difference {
    Difference {
        op: Operation::Add,
        path,
        before: None,
        value: Some(value.clone()),
    }
}

fn removed(path: String, value: &Value) -> Difference {
    Difference {
        op: Operation::Remove,
        path,
        before: Some(value.clone()),
        value: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Takes the steps, as RFC 6902 says.
    fn apply(mut document: Value, steps: &[Difference]) -> Value {
        for step in steps {
            let Some((parent, token)) = step.path.rsplit_once('/') else {
                document = step.value.clone().unwrap();
                continue;
            };
            let key = token.replace("~1", "/").replace("~0", "~");
            let held = document.pointer(&step.path).cloned();
            assert!(step.op == Operation::Add || held == step.before, "{step:?}");
            let value = step.value.clone();
            match (document.pointer_mut(parent).unwrap(), step.op) {
                (Value::Object(parent), Operation::Remove) => drop(parent.remove(&key)),
                (Value::Object(parent), _) => drop(parent.insert(key, value.unwrap())),
                (Value::Array(parent), Operation::Remove) => {
                    drop(parent.remove(key.parse().unwrap()));
                }
                (Value::Array(parent), Operation::Add) => {
                    parent.insert(key.parse().unwrap(), value.unwrap());
                }
                (Value::Array(parent), Operation::Replace) => {
                    parent[key.parse::<usize>().unwrap()] = value.unwrap();
                }
                (other, _) => panic!("{other} has no parts"),
            }
        }
        document
    }

    #[test]
    fn the_steps_lead_from_one_state_to_the_other() {
        for (before, after, paths) in [
            (json!({"a": 1}), json!({"a": 1}), &[][..]),
            (
                json!({"a": 1, "b": 2}),
                json!({"a": 2, "c/d": 3}),
                &["/a", "/b", "/c~1d"],
            ),
            (json!([1, 2, 3]), json!([1, 9, 2, 3]), &["/1"]),
            (json!([1, 2, 3, 4]), json!([1, 4]), &["/2", "/1"]),
            (
                json!([{"a": 1}, {"b": 1}]),
                json!([{"a": 2}, {"b": 1}]),
                &["/0/a"],
            ),
            (json!([1, 1]), json!([1, 1, 1]), &["/2"]),
            (json!(null), json!({"a": []}), &[""]),
            (json!({"a": [1]}), json!({"a": {"b": 1}}), &["/a"]),
        ] {
            let steps = between(&before, &after);
            let found: Vec<&str> = steps.iter().map(|step| &*step.path).collect();
            assert_eq!(found, paths, "{before} {after}");
            assert_eq!(apply(before, &steps), after);
        }
    }
}
