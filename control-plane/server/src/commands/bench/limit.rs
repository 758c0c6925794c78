//! A global rate limit over many processes, and what many counters cost the server.

mod load;
mod process;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use super::{NAMESPACE, cleanup::Instances, report::Report, target::Target};
pub(super) use process::Caller;

/// The service that is called, and the names of the rules.
const SERVICE: &str = "limited";
const SHARED: &str = "bench-shared";
const KEYED: &str = "bench-keyed";
/// Calls of a counter that may go through in a second, where there are many counters.
const KEYED_MAX: u64 = 20;

#[derive(Debug, Args)]
pub(super) struct Limit {
    /// Processes that share a limit; one of them gets half of the calls, half of them get none
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(2..=200))]
    processes: u32,
    /// Calls a second that may go through
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(40..=100_000))]
    max: u32,
    /// Times as many calls by all processes; after the busiest one was killed, half of them
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=10))]
    demand: u32,
    /// Seconds to measure; in the middle of them the busiest process is killed
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(4..=120))]
    seconds: u32,
    /// Streams with counters of their own, on as many connections
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// Counters that are active, each called by four clients
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    counters: u32,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            processes: 20,
            max: 1000,
            demand: 2,
            seconds: 12,
            clients: 1000,
            counters: 10_000,
        }
    }
}

impl Limit {
    pub(super) async fn run(&self, target: &Target, report: &mut Report) -> anyhow::Result<()> {
        let api = target
            .api()
            .context("rules are written to a control plane of our own: leave --target out")?;
        let path = format!("/api/v1/namespaces/{NAMESPACE}/rate-limit-rules");
        for (name, max, arguments) in [
            (SHARED, u64::from(self.max), json!([])),
            (
                KEYED,
                KEYED_MAX,
                json!([{"on": "header", "key": "x-key", "op": "present"}]),
            ),
        ] {
            let mut rule = spec(max, &arguments);
            rule["name"] = name.into();
            api.post(&path, &rule).await?;
        }
        process::measure(self, target, report).await?;
        load::measure(self, target, report).await
    }

    /// It registers nothing.
    pub(super) fn instances() -> Instances {
        Box::new(std::iter::empty())
    }
}

fn spec(max: u64, arguments: &serde_json::Value) -> serde_json::Value {
    json!({
        "callee": {"service": SERVICE}, "scope": "global", "arguments": arguments,
        "amounts": [{"max": max, "window_ms": 1000}],
    })
}
