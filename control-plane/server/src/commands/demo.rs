//! `merak demo`: a small system of services, each a process, that find each other through Merak.
//!
//! ```text
//! traffic ─▶ micro-api ×2 ─ HTTP ─▶ micro-order ×3 ─ gRPC ─▶ micro-pay ×2
//! ```
//!
//! The control plane runs on a temporary store. By itself the demonstration is a tour: rules are written as
//! an operator does, and real calls are counted against what the rules say. With `--duration`, `--requests`
//! or `--kill` it is traffic alone, with a replica killed on the way.

mod admission;
mod api;
mod flood;
mod journal;
mod loss;
mod node;
mod order;
mod pay;
mod share;
mod steady;
mod system;
mod tour;
mod traffic;

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{duration, stop::StopSignals};
use system::System;

/// Requests under way at the same time.
const CALLERS: usize = 8;

/// How long a call may take; who calls waits longer than who is called, and learns why it failed.
const CALL_LIMIT: Duration = Duration::from_millis(2000);
const ORDER_LIMIT: Duration = Duration::from_millis(1600);
const PAY_LIMIT: Duration = Duration::from_millis(1200);

/// The header that says whose order it is.
const USER: &str = "x-user";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Demo {
    /// Drive traffic alone for so long, instead of the tour [default: 20s]
    #[arg(long, value_parser = duration)]
    duration: Option<Duration>,
    /// Drive traffic alone, and stop after so many requests if that comes first
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    requests: Option<u64>,
    /// Drive traffic alone, and kill a replica of micro-order or micro-pay on the way
    #[arg(long, value_name = "REPLICA")]
    kill: Option<String>,
    /// When to kill it
    #[arg(long, default_value = "10s", value_parser = duration, requires = "kill")]
    after: Duration,
    /// Print the summary as one JSON object, and nothing else
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// One service of the demonstration; `merak demo` starts these itself
    #[command(hide = true)]
    Node(node::Node),
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Runtime::new()?;
        match &self.part {
            Some(Part::Node(node)) => runtime.block_on(node.serve()),
            None if self.is_tour() => runtime.block_on(self.guide()),
            None => runtime.block_on(self.drive()),
        }
    }

    fn is_tour(&self) -> bool {
        self.duration.is_none() && self.requests.is_none() && self.kill.is_none()
    }

    /// Starts the processes, and listens for signals that end them.
    async fn start(&self) -> anyhow::Result<(System, StopSignals)> {
        let mut signals = StopSignals::listen()?;
        let system = tokio::select! {
            system = System::start() => system?,
            signal = signals.next() => anyhow::bail!("ended by {signal} before it began"),
        };
        Ok((system, signals))
    }

    fn say(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }
}
