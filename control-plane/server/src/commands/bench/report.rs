//! Figures, as a table or as JSON.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// Where figures go as soon as they are known.
pub(super) struct Report {
    is_json: bool,
}

/// Times of single operations.
#[derive(Debug, Default)]
pub(super) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(super) fn push(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The time within which a share of the operations was done.
    fn quantile(&self, sorted: &[Duration], share: f64) -> f64 {
        let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1));
        let quantile = sorted.get(index - 1).copied().unwrap_or_default();
        quantile.as_secs_f64() * 1e3
    }

    fn figures(&self) -> Vec<(&'static str, f64)> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let quantiles = [("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1.0)];
        quantiles
            .into_iter()
            .map(|(name, share)| (name, self.quantile(&sorted, share)))
            .collect()
    }
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
                object.insert((*name).to_owned(), Value::from(*value));
            }
            println!("{}", Value::Object(object));
            return;
        }
        let parts: Vec<String> = parts.iter().map(|part| shown(*part)).collect();
        println!("{measure:<34} {}", parts.join("  "));
    }

    /// A rate with the times of the single operations.
    pub(super) fn rate(&mut self, measure: &str, elapsed: Duration, latencies: &Latencies) {
        let count = latencies.0.len() as f64;
        let mut parts = vec![
            ("count", count),
            ("per_second", count / elapsed.as_secs_f64()),
        ];
        parts.extend(latencies.figures());
        self.figure(measure, &parts);
    }

    /// The times of single operations.
    pub(super) fn latency(&mut self, measure: &str, latencies: &Latencies) {
        let mut parts = vec![("count", latencies.0.len() as f64)];
        parts.extend(latencies.figures());
        self.figure(measure, &parts);
    }
}

fn shown((name, value): (&str, f64)) -> String {
    match value.fract() == 0.0 || value >= 1000.0 {
        true => format!("{name} {value:.0}"),
        false => format!("{name} {value:.3}"),
    }
}
