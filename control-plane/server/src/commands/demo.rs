//! `merak demo`: a small system of services, each a process, that find each other through Merak.
//!
//! ```text
//! traffic ─▶ micro-api ─ HTTP ─▶ micro-order ×2 ─ gRPC ─▶ micro-pay ×2
//! ```
//!
//! The control plane runs on a temporary store. One replica can be killed on the way; the run ends with
//! who served how much, and with whether a call failed after the loss was noticed.

mod api;
mod node;
mod order;
mod pay;
mod system;
mod traffic;

use std::{sync::Arc, time::Duration};

use clap::{Args, Subcommand};
use merak_sdk::{Client, Watch};
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{duration, stop::StopSignals};
use system::System;
use traffic::{Tally, Traffic};

/// Requests under way at the same time.
const CALLERS: usize = 8;

/// How long a call may take; who calls waits longer than who is called, and learns why it failed.
const CALL_LIMIT: Duration = Duration::from_millis(2000);
const ORDER_LIMIT: Duration = Duration::from_millis(1600);
const PAY_LIMIT: Duration = Duration::from_millis(1200);

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Demo {
    /// How long to drive traffic
    #[arg(long, default_value = "20s", value_parser = duration)]
    duration: Duration,
    /// Stop after so many requests, if that comes first
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    requests: Option<u64>,
    /// Kill a replica on the way: micro-order-1, micro-order-2, micro-pay-1 or micro-pay-2
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

/// The loss of a replica.
#[derive(Debug, Default, Clone, Copy)]
struct Loss {
    killed: Option<Instant>,
    noticed: Option<Instant>,
}

impl Demo {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Runtime::new()?;
        match &self.part {
            Some(Part::Node(node)) => runtime.block_on(node.serve()),
            None => runtime.block_on(self.play()),
        }
    }

    async fn play(&self) -> anyhow::Result<()> {
        self.require_possible()?;
        let mut signals = StopSignals::listen()?;
        let mut system = tokio::select! {
            system = System::start() => system?,
            signal = signals.next() => anyhow::bail!("ended by {signal} before it began"),
        };
        if let Some(replica) = &self.kill {
            system.require(replica)?;
        }
        self.say(&system.describe());
        let stop = CancellationToken::new();
        let traffic = Arc::new(Traffic::new(&system.api, self.requests.unwrap_or(u64::MAX)));
        let callers = traffic.drive(CALLERS, &stop);
        let outcome = self.watch_over(&mut system, &traffic, &mut signals).await;
        stop.cancel();
        callers.join_all().await;
        system.end().await?;
        self.conclude(&traffic.tally(), outcome?)
    }

    /// Refuses what could not be shown.
    fn require_possible(&self) -> anyhow::Result<()> {
        let (duration, after) = (self.duration, self.after);
        anyhow::ensure!(
            !duration.is_zero(),
            "--duration 0s: expected more than nothing"
        );
        anyhow::ensure!(
            self.kill.is_none() || after < duration,
            "--after {after:?}: the run ends after {duration:?}, before anything is killed"
        );
        Ok(())
    }

    /// Prints what happens until the time is over, and kills the replica on the way.
    async fn watch_over(
        &self,
        system: &mut System,
        traffic: &Traffic,
        signals: &mut StopSignals,
    ) -> anyhow::Result<Loss> {
        let client = Client::builder(format!("http://{}", system.grpc)).build()?;
        let mut watched = match &self.kill {
            Some(replica) => Some(client.watch(service_of(replica)).await?),
            None => None,
        };
        let started = Instant::now();
        let end = started + self.duration;
        let kill_at = self.kill.as_ref().map_or(end, |_| started + self.after);
        let mut loss = Loss::default();
        let mut prints = tokio::time::interval(Duration::from_secs(1));
        prints.tick().await;
        loop {
            tokio::select! {
                () = sleep_until(end) => return Ok(loss),
                () = traffic.is_done() => return Ok(loss),
                signal = signals.next() => {
                    self.say(&format!("stopping on {signal}"));
                    return Ok(loss);
                }
                _ = prints.tick() => self.say(&traffic.tally().table(started.elapsed())),
                () = sleep_until(kill_at), if loss.killed.is_none() && self.kill.is_some() => {
                    let replica = self.kill.as_deref().unwrap_or_default();
                    system.kill(replica).await?;
                    loss.killed = Some(Instant::now());
                    self.say(&format!("killed {replica}"));
                }
                () = is_noticed(&mut watched), if loss.killed.is_some() && loss.noticed.is_none() => {
                    let noticed = Instant::now();
                    loss.noticed = Some(noticed);
                    traffic.begin_again();
                    let after = loss.killed.map_or(Duration::ZERO, |killed| noticed - killed);
                    self.say(&format!("the control plane noticed after {:.1} s", after.as_secs_f64()));
                }
            }
        }
    }

    fn say(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }

    /// Prints the summary; calls that failed although the loss was known are a failure of ours.
    fn conclude(&self, tally: &Tally, loss: Loss) -> anyhow::Result<()> {
        let noticed_after = loss
            .noticed
            .zip(loss.killed)
            .map(|(noticed, killed)| noticed - killed);
        let [p50_ms, p99_ms, max_ms] = tally.latencies.quantiles_ms();
        if self.json {
            let summary = json!({
                "requests": tally.served() + tally.failed,
                "failed": tally.failed,
                "failed_after_loss_was_noticed": tally.failed_lately,
                "last_failure": tally.last_failure,
                "served_by": tally.served_by,
                "p50_ms": p50_ms, "p99_ms": p99_ms, "max_ms": max_ms,
                "killed": self.kill,
                "noticed_after_ms": noticed_after.map(|after| after.as_millis() as u64),
            });
            println!("{summary}");
        } else {
            println!("{}", tally.summary(noticed_after));
        }
        if let (Some(replica), None) = (&self.kill, loss.killed) {
            anyhow::bail!("the run ended before {replica} was killed (--after)");
        }
        if loss.killed.is_some() && loss.noticed.is_none() {
            anyhow::bail!(
                "the loss was not noticed before the end: give it more time (--duration)"
            );
        }
        let lately = tally.failed_lately;
        anyhow::ensure!(
            lately == 0,
            "{lately} calls failed although nothing was wrong any more"
        );
        Ok(())
    }
}

/// Waits until a replica of the service is no longer healthy.
async fn is_noticed(watched: &mut Option<Watch>) {
    let Some(watch) = watched else {
        return std::future::pending().await;
    };
    while let Some(state) = watch.next().await {
        let healthy = state.instances().filter(|one| one.health.is_healthy());
        if healthy.count() < system::REPLICAS {
            return;
        }
    }
    std::future::pending().await
}

/// The service of a replica: its name without the number.
fn service_of(replica: &str) -> &str {
    replica
        .rsplit_once('-')
        .map_or(replica, |(service, _)| service)
}
