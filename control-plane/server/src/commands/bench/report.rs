//! Figures, as a table or as JSON.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::commands::latency::Latencies;

/// Where figures go as soon as they are known.
pub(super) struct Report {
    is_json: bool,
}

impl Report {
    /// Begins a report by saying where it is made.
    pub(super) fn new(is_json: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        if is_json {
            println!("{}", json!({"measure": "machine", "cores": cores}));
        } else {
            println!("{cores} cores, client and server together");
        }
        Self { is_json }
    }

    /// One figure with its parts, in the order given.
    pub(super) fn figure(&mut self, measure: &str, parts: &[(&str, f64)]) {
        if self.is_json {
            let mut object = Map::new();
            object.insert("measure".to_owned(), Value::from(measure));
            for (name, value) in parts {
                object.insert((*name).to_owned(), number(*value));
            }
            println!("{}", Value::Object(object));
            return;
        }
        let parts: Vec<String> = parts.iter().map(|part| shown(*part)).collect();
        println!("{measure:<34} {}", parts.join("  "));
    }

    /// A rate with the times of the single operations.
    pub(super) fn rate(&mut self, measure: &str, elapsed: Duration, latencies: &Latencies) {
        let count = latencies.len() as f64;
        let per_second = count / elapsed.as_secs_f64();
        let [p50, p99, max] = latencies.quantiles_ms();
        let times = [("p50_ms", p50), ("p99_ms", p99), ("max_ms", max)];
        let parts = [("count", count), ("per_second", per_second)];
        self.figure(measure, &[&parts[..], &times].concat());
    }

    /// The times of single operations.
    pub(super) fn latency(&mut self, measure: &str, latencies: &Latencies) {
        let [p50, p99, max] = latencies.quantiles_ms();
        let count = latencies.len() as f64;
        let parts = [
            ("count", count),
            ("p50_ms", p50),
            ("p99_ms", p99),
            ("max_ms", max),
        ];
        self.figure(measure, &parts);
    }
}

/// A whole number without a fraction, as counts are.
fn number(value: f64) -> Value {
    match value.fract() == 0.0 && value.abs() < 1e15 {
        true => Value::from(value as i64),
        false => Value::from(value),
    }
}

fn shown((name, value): (&str, f64)) -> String {
    match value.fract() == 0.0 || value >= 1000.0 {
        true => format!("{name} {value:.0}"),
        false => format!("{name} {value:.3}"),
    }
}
