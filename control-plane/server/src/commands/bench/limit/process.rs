//! One limit, many processes: how much of it goes through in each second.

use std::{collections::BTreeMap, io::Write as _, time::Duration};

use anyhow::Context as _;
use clap::Args;
use merak_core::{Clock as _, SystemClock};
use merak_sdk::{
    Call, Client, ServiceKey,
    limiter::{Admission, Limiter, RateLimitRule},
};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use super::{Limit, NAMESPACE, Report, SERVICE, SHARED, Target, spec};
use crate::commands::process::Process;

/// Seconds before the first that is measured: processes start, and connect.
const WARM_UP: u32 = 2;

/// A process that calls.
#[derive(Debug, Args)]
pub(in crate::commands::bench) struct Caller {
    /// gRPC address of the control plane
    #[arg(long)]
    control_plane: String,
    /// Calls a second
    #[arg(long)]
    rate: f64,
    /// Calls a second that may go through, over all processes
    #[arg(long)]
    max: u64,
    /// Seconds to call
    #[arg(long)]
    seconds: u32,
}

impl Caller {
    /// Calls, and says every few milliseconds how many calls there were, and went through, in which second of
    /// the wall clock.
    pub(in crate::commands::bench) async fn run(&self) -> anyhow::Result<()> {
        let client = Client::builder(&self.control_plane).build()?;
        let limiter = Limiter::new(ServiceKey::parse(NAMESPACE, SERVICE)?);
        limiter.join(&client);
        limiter.replace(vec![rule(SHARED, self.max, &json!([]))?]);
        let (clock, started) = (SystemClock::start(), Instant::now());
        let mut ticks = interval(Duration::from_millis(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let call = Call::to(SERVICE);
        let (mut called, mut tally) = (0_u64, Tally::default());
        while started.elapsed() < Duration::from_secs(u64::from(self.seconds)) {
            ticks.tick().await;
            let due = (started.elapsed().as_secs_f64() * self.rate) as u64;
            tally.turn(clock.timestamp().unix_ms())?;
            for _ in called..due {
                tally.called += 1;
                if let Admission::Permitted(_) = limiter.acquire(&call) {
                    tally.permitted += 1;
                }
            }
            called = due;
        }
        Ok(())
    }
}

/// The calls of some milliseconds.
#[derive(Default)]
struct Tally {
    /// Since the epoch, in parts of a second.
    part: i64,
    called: u64,
    permitted: u64,
}

/// Milliseconds that are told at once.
const PART_MS: i64 = 20;

impl Tally {
    fn turn(&mut self, unix_ms: i64) -> anyhow::Result<()> {
        let part = unix_ms / PART_MS;
        if part != self.part {
            let (second, called, permitted) =
                (self.part * PART_MS / 1000, self.called, self.permitted);
            writeln!(std::io::stdout(), "second {second} {called} {permitted}")?;
            *self = Self {
                part,
                ..Self::default()
            };
        }
        Ok(())
    }
}

/// A rule as the control plane pushes it.
pub(super) fn rule(
    name: &str,
    max: u64,
    arguments: &serde_json::Value,
) -> anyhow::Result<RateLimitRule> {
    let time = "2026-01-01T00:00:00Z";
    let rule = json!({
        "namespace": NAMESPACE, "name": name, "spec": spec(max, arguments),
        "created_revision": 1, "revision": 1, "created_at": time, "modified_at": time,
    });
    serde_json::from_value(rule).context("a rule")
}

pub(super) async fn measure(
    limit: &Limit,
    target: &Target,
    report: &mut Report,
) -> anyhow::Result<()> {
    let directory = tempfile::tempdir().context("create a temporary directory")?;
    let busy = limit.processes.div_ceil(2);
    let seconds = WARM_UP + limit.seconds + 1;
    let mut processes = JoinSet::new();
    for number in 0..limit.processes {
        let demand = f64::from(limit.max) * f64::from(limit.demand) / 2.0;
        let rate = match number {
            0 => demand,
            number if number < busy => demand / f64::from((busy - 1).max(1)),
            _ => 0.0,
        };
        let arguments = [
            ("--control-plane", target.address()),
            ("--rate", rate.to_string()),
            ("--max", limit.max.to_string()),
            ("--seconds", seconds.to_string()),
        ];
        let arguments = arguments.iter().flat_map(|(name, value)| [*name, value]);
        let arguments: Vec<&str> = ["bench", "limited-caller"]
            .into_iter()
            .chain(arguments)
            .collect();
        let process = Process::start(directory.path(), &arguments)?;
        let dies_after = (number == 0).then(|| Duration::from_secs(u64::from(seconds / 2)));
        processes.spawn(follow(process, dies_after));
    }
    let mut by_second: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    while let Some(of_process) = processes.join_next().await {
        for (second, called, permitted) in of_process?? {
            let sum = by_second.entry(second).or_default();
            *sum = (sum.0 + called, sum.1 + permitted);
        }
    }
    let measured = by_second.into_iter().filter(|(second, _)| *second > 0);
    let measured = measured.skip(WARM_UP as usize);
    for (number, (_, (called, permitted))) in measured.take(limit.seconds as usize - 1).enumerate()
    {
        let percent = permitted as f64 * 100.0 / f64::from(limit.max);
        let parts = [
            ("second", number as f64 + 1.0),
            ("called", called as f64),
            ("permitted", permitted as f64),
            ("percent_of_limit", percent),
        ];
        report.figure("a limit over processes", &parts);
    }
    Ok(())
}

/// What a process counted; the busiest one is killed on the way.
async fn follow(
    mut process: Process,
    dies_after: Option<Duration>,
) -> anyhow::Result<Vec<(i64, u64, u64)>> {
    let mut counted = Vec::new();
    let reading = async {
        while let Ok(line) = process.line("second ").await {
            let fields: Vec<i64> = line
                .split(' ')
                .filter_map(|field| field.parse().ok())
                .collect();
            if let [second, called, permitted] = fields[..] {
                counted.push((second, called.cast_unsigned(), permitted.cast_unsigned()));
            }
        }
    };
    match dies_after {
        None => reading.await,
        Some(time) => {
            tokio::select! {
                () = reading => {}
                () = sleep(time) => {}
            }
            process.kill().await?;
        }
    }
    Ok(counted)
}
