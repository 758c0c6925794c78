//! `merak bench`: what a control plane does on this machine.
//!
//! Client and server share the machine, so the figures are those of both together. Each run is bounded
//! by its counts, and prints what it measured and on how many cores.

mod cleanup;
mod discover;
mod heartbeat;
mod limit;
mod push;
mod register;
mod report;
mod rules;
mod target;

use std::time::Duration;

use clap::{Args, Subcommand};
use merak_proto::v1;

use super::{api::Api, stop::StopSignals};
use cleanup::Instances;
use report::Report;
use target::Target;

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// gRPC address of a running control plane, from which the instances are removed at the end; by default one is started on a temporary store
    #[arg(long, global = true, value_name = "ADDR")]
    target: Option<String>,
    /// REST API of the target, such as http://127.0.0.1:8090, by which the services and the namespace of the bench are deleted at the end too
    #[arg(long, global = true, value_name = "URL")]
    server: Option<String>,
    /// Print one JSON object a figure instead of a table
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Register new instances, then the same ones again
    Register(register::Register),
    /// Keep many instances alive, and see what that costs the server
    Heartbeat(heartbeat::Heartbeat),
    /// Change one instance, and see when every subscriber knows
    Push(push::Push),
    /// Subscribe to a service and get its instances
    Discover(discover::Discover),
    /// Change one of many rules of a service, and see that others feel nothing of them
    Rules(rules::Rules),
    /// Share a limit among processes, and many limits among many clients
    Limit(limit::Limit),
    /// All of them, with their defaults
    All,
    /// A process that calls, of `bench limit`
    #[command(hide = true)]
    LimitedCaller(limit::Caller),
}

impl Bench {
    pub(super) fn run(self) -> anyhow::Result<()> {
        tokio::runtime::Runtime::new()?.block_on(self.measure())
    }

    async fn measure(self) -> anyhow::Result<()> {
        if let What::LimitedCaller(caller) = &self.what {
            return caller.run().await;
        }
        // Clap does not see a global flag that stands before the subcommand.
        let has_target = self.target.is_some() || self.server.is_none();
        anyhow::ensure!(
            has_target,
            "--server goes with --target: it is the REST API of that"
        );
        let writes_rules = matches!(self.what, What::Rules(_) | What::Limit(_));
        anyhow::ensure!(
            self.target.is_none() || !writes_rules,
            "rules are written to a control plane of our own: leave --target out"
        );
        let server = self.server.as_deref().map(Api::new).transpose()?;
        let target = match &self.target {
            Some(address) => Target::running(address).await?,
            None => Target::start().await?,
        };
        let mut signals = StopSignals::listen()?;
        let mut report = Report::new(self.json);
        let outcome = tokio::select! {
            outcome = self.what.run(&target, &mut report) => outcome,
            signal = signals.next() => Err(anyhow::anyhow!("ended by {signal}")),
        };
        if target.is_own() {
            target.stop().await?;
            return outcome;
        }
        let removed = tokio::select! {
            removed = cleanup::remove(&target, self.what.instances(), server.as_ref()) => removed,
            signal = signals.next() => Err(anyhow::anyhow!("ended by {signal} while it removed them")),
        };
        both(outcome, removed)
    }
}

/// What became of a bench, and beside it, of the removal of what it left.
fn both(outcome: anyhow::Result<()>, removed: anyhow::Result<()>) -> anyhow::Result<()> {
    match (outcome, removed) {
        (Err(failure), Err(other)) => Err(anyhow::anyhow!(
            "{failure:#}; what it registered was not removed: {other:#}"
        )),
        (outcome, removed) => outcome.and(removed),
    }
}

impl What {
    async fn run(&self, target: &Target, report: &mut Report) -> anyhow::Result<()> {
        match self {
            Self::Register(register) => register.run(target, report).await,
            Self::Heartbeat(heartbeat) => heartbeat.run(target, report).await,
            Self::Push(push) => push.run(target, report).await,
            Self::Discover(discover) => discover.run(target, report).await,
            Self::Rules(rules) => rules.run(target, report).await,
            Self::Limit(limit) => limit.run(target, report).await,
            Self::LimitedCaller(_) => Ok(()),
            Self::All => {
                register::Register::default().run(target, report).await?;
                push::Push::default().run(target, report).await?;
                discover::Discover::default().run(target, report).await?;
                if target.is_own() {
                    rules::Rules::default().run(target, report).await?;
                    limit::Limit::default().run(target, report).await?;
                }
                heartbeat::Heartbeat::default().run(target, report).await
            }
        }
    }

    /// What it registers.
    fn instances(&self) -> Instances {
        match self {
            Self::Register(register) => register.instances(),
            Self::Heartbeat(heartbeat) => heartbeat.instances(),
            Self::Push(push) => push.instances(),
            Self::Discover(_) => discover::instances(),
            // It is measured on a control plane of its own.
            Self::Rules(_) => Box::new(std::iter::empty()),
            Self::Limit(_) | Self::LimitedCaller(_) => limit::Limit::instances(),
            Self::All => {
                let registered = register::Register::default().instances();
                let pushed = push::Push::default().instances();
                let beating = heartbeat::Heartbeat::default().instances();
                let discovered = discover::instances();
                Box::new(registered.chain(pushed).chain(beating).chain(discovered))
            }
        }
    }
}

/// The namespace of everything that is registered here.
const NAMESPACE: &str = "bench";

/// No answer takes nearly as long.
const LIMIT: Duration = Duration::from_secs(60);

fn service_key(service: &str) -> v1::ServiceKey {
    v1::ServiceKey {
        namespace: NAMESPACE.to_owned(),
        service: service.to_owned(),
    }
}

fn registration(service: &str, number: u32, weight: u32) -> v1::RegisterRequest {
    let [_, a, b, c] = number.to_be_bytes();
    v1::RegisterRequest {
        service: Some(service_key(service)),
        id: format!("i{number}"),
        spec: Some(v1::InstanceSpec {
            host: format!("10.{a}.{b}.{c}"),
            port: 8080,
            protocol: "grpc".to_owned(),
            version: "v1.0.0".to_owned(),
            weight: Some(weight),
            metadata: [("env".to_owned(), "prod".to_owned())].into(),
            ..v1::InstanceSpec::default()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_bench_is_told_before_its_failed_removal() {
        let failed = |cause: &'static str, what: &'static str| -> anyhow::Result<()> {
            Err(anyhow::anyhow!(cause).context(what))
        };
        let bench = || failed("it is away", "cannot register");
        let removal = || failed("it is gone", "cannot delete");
        let told = |outcome, removed| both(outcome, removed).map_err(|error| format!("{error:#}"));
        assert_eq!(
            told(bench(), removal()).unwrap_err(),
            "cannot register: it is away; what it registered was not removed: cannot delete: it is gone"
        );
        let (first, second) = (told(bench(), Ok(())), told(Ok(()), removal()));
        assert_eq!(first.unwrap_err(), "cannot register: it is away");
        assert_eq!(second.unwrap_err(), "cannot delete: it is gone");
        assert_eq!(told(Ok(()), Ok(())), Ok(()));
    }
}
