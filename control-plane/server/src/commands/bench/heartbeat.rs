//! What keeping instances alive costs the server.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use merak_proto::v1::{
    HeartbeatRequest, InstanceKey, KeepAliveRequest, registry_client::RegistryClient,
};
use tokio::{sync::mpsc, task::JoinSet, time::Instant};
use tokio_stream::wrappers::ReceiverStream;

use super::{LIMIT, cleanup::Instances, registration, report::Report, service_key, target::Target};
use crate::commands::latency::Latencies;

/// Instances of one service.
const PER_SERVICE: u32 = 100;

/// Instances that one message attaches: some 60 bytes each, within the limit of a message.
const ATTACH: usize = 5000;

/// Registrations under way at the same time.
const CALLERS: u32 = 256;

#[derive(Debug, Args)]
pub(super) struct Heartbeat {
    /// Instances kept alive
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    instances: u32,
    /// Streams that carry them, each on its own connection
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    streams: u32,
    /// Seconds to measure; a beat is sent every 5 s
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(5..=600))]
    seconds: u64,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self {
            instances: 100_000,
            streams: 100,
            seconds: 15,
        }
    }
}

impl Heartbeat {
    pub(super) async fn run(&self, target: &Target, report: &mut Report) -> anyhow::Result<()> {
        self.register(target).await?;
        self.measure_calls(target, report).await?;
        let mut streams = Vec::new();
        for stream in 0..self.streams {
            streams.push(self.open_stream(target, stream).await?);
        }
        let before = target.usage();
        let started = Instant::now();
        let mut beats = tokio::time::interval(Duration::from_secs(5));
        let mut sent = 0_u64;
        while started.elapsed() < Duration::from_secs(self.seconds) {
            beats.tick().await;
            for stream in &streams {
                stream.send(KeepAliveRequest::default()).await?;
                sent += u64::from(self.instances / self.streams);
            }
        }
        let elapsed = started.elapsed().as_secs_f64();
        let mut parts = vec![
            ("instances", f64::from(self.instances)),
            ("streams", f64::from(self.streams)),
            ("renewals_per_second", sent as f64 / elapsed),
        ];
        if let (Some(before), Some(after)) = (before, target.usage()) {
            parts.push((
                "server_cores",
                (after.cpu - before.cpu).as_secs_f64() / elapsed,
            ));
            parts.push(("server_mebibytes", (after.resident_bytes >> 20) as f64));
        }
        report.figure("kept alive by streams, ttl 5 s", &parts);
        Ok(())
    }

    pub(super) fn instances(&self) -> Instances {
        Box::new((0..self.instances).map(|number| (service_of(number), number)))
    }

    async fn register(&self, target: &Target) -> anyhow::Result<()> {
        let channel = target.connect().await?;
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let mut registry = RegistryClient::new(channel.clone());
            let numbers = (caller..self.instances).step_by(CALLERS as usize);
            callers.spawn(async move {
                for number in numbers {
                    registry
                        .register(registration(&service_of(number), number, 100))
                        .await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(caller) = callers.join_next().await {
            caller??;
        }
        Ok(())
    }

    /// Unary heartbeats, a thousand instances each.
    async fn measure_calls(&self, target: &Target, report: &mut Report) -> anyhow::Result<()> {
        const BATCH: u32 = 1000;
        let mut registry = RegistryClient::new(target.connect().await?);
        let mut latencies = Latencies::default();
        let started = Instant::now();
        for first in (0..self.instances).step_by(BATCH as usize) {
            let numbers = first..self.instances.min(first + BATCH);
            let instances = numbers.map(instance_key).collect();
            let called = Instant::now();
            let answer = registry.heartbeat(HeartbeatRequest { instances }).await?;
            let unknown = answer.into_inner().unknown.len();
            anyhow::ensure!(
                unknown == 0,
                "{unknown} instances are unknown to the server"
            );
            latencies.push(called.elapsed());
        }
        let rate = f64::from(self.instances) / started.elapsed().as_secs_f64();
        report.latency("heartbeat call of 1000 instances", &latencies);
        report.figure("heartbeats by calls", &[("instances_per_second", rate)]);
        Ok(())
    }

    async fn open_stream(
        &self,
        target: &Target,
        stream: u32,
    ) -> anyhow::Result<mpsc::Sender<KeepAliveRequest>> {
        let (requests, queue) = mpsc::channel(4);
        let mut registry = RegistryClient::new(target.connect().await?);
        let mut answers = registry
            .keep_alive(ReceiverStream::new(queue))
            .await?
            .into_inner();
        let numbers: Vec<u32> = (stream..self.instances)
            .step_by(self.streams as usize)
            .collect();
        for numbers in numbers.chunks(ATTACH) {
            let attach = numbers.iter().copied().map(instance_key).collect();
            let request = KeepAliveRequest {
                attach,
                ..KeepAliveRequest::default()
            };
            requests.send(request).await?;
            let answer = tokio::time::timeout(LIMIT, answers.message()).await??;
            let answer = answer.context("the server ended a stream")?;
            anyhow::ensure!(
                answer.unknown.is_empty(),
                "instances are unknown to the server"
            );
        }
        Ok(requests)
    }
}

fn service_of(number: u32) -> String {
    format!("alive-{}", number / PER_SERVICE)
}

fn instance_key(number: u32) -> InstanceKey {
    InstanceKey {
        service: Some(service_key(&service_of(number))),
        id: format!("i{number}"),
    }
}
