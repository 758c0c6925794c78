//! The routing rules of the tour.

use serde_json::{Value, json};

use super::super::{USER, traffic::TESTER};

/// So many per cent of the calls go to version 2.
pub(super) fn canary(percent: u32) -> Value {
    json!({
        "description": format!("{percent} % of the orders go to v2"),
        "priority": 20,
        "callee": {"service": "micro-order"},
        "branches": [{
            "targets": [
                {"name": "stable", "labels": {"version": "v1"}, "weight": 100 - percent},
                {"name": "canary", "labels": {"version": "v2"}, "weight": percent},
            ],
        }],
        "otherwise": "fall_through",
    })
}

/// Whoever tests gets version 2.
pub(super) fn testers() -> Value {
    let is_tester =
        json!({"on": "header", "key": USER, "op": "exact", "value": TESTER.to_string()});
    json!({
        "description": "v2 for those who test it",
        "priority": 10,
        "callee": {"service": "micro-order"},
        "branches": [{
            "matches": {"all": [is_tester]},
            "targets": [{"labels": {"version": "v2"}}],
        }],
        "otherwise": "fall_through",
    })
}
