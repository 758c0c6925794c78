//! How many instances register in a second.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use clap::Args;
use merak_proto::v1::{self, registry_client::RegistryClient};
use tokio::{task::JoinSet, time::Instant};
use tonic::transport::Channel;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::{cleanup::Instances, registration, report::Report, target::Target};
use crate::commands::latency::Latencies;

/// Callers that share a connection.
const CALLERS_A_CONNECTION: u32 = 64;

#[derive(Debug, Clone, Args)]
pub(super) struct Register {
    /// Instances to register
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=2_000_000))]
    count: u32,
    /// Callers that register at the same time
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    callers: u32,
    /// Instances of one service
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    per_service: u32,
}

impl Default for Register {
    fn default() -> Self {
        Self {
            count: 100_000,
            callers: 256,
            per_service: 100,
        }
    }
}

/// What every caller does again and again.
#[derive(Debug, Clone, Copy)]
enum Call {
    Register,
    /// The least that a gRPC call costs here.
    Echo,
}

impl Register {
    pub(super) async fn run(&self, target: &Target, report: &mut Report) -> anyhow::Result<()> {
        let before = target.usage();
        for (measure, call) in [
            ("register, new and durable", Call::Register),
            ("register, identical", Call::Register),
            ("health check, for comparison", Call::Echo),
        ] {
            let (elapsed, latencies) = self.drive(target, call).await?;
            report.rate(measure, elapsed, &latencies);
        }
        if let (Some(before), Some(after)) = (before, target.usage()) {
            let grown = after.resident_bytes.saturating_sub(before.resident_bytes);
            let each = grown as f64 / f64::from(self.count);
            report.figure("server memory", &[("bytes_an_instance", each.round())]);
        }
        Ok(())
    }

    pub(super) fn instances(&self) -> Instances {
        let per_service = self.per_service;
        Box::new((0..self.count).map(move |number| (service_of(number, per_service), number)))
    }

    async fn drive(&self, target: &Target, call: Call) -> anyhow::Result<(Duration, Latencies)> {
        let mut channels = Vec::new();
        for _ in 0..self.callers.div_ceil(CALLERS_A_CONNECTION) {
            channels.push(target.connect().await?);
        }
        let next = Arc::new(AtomicU32::new(0));
        let started = Instant::now();
        let mut callers = JoinSet::new();
        for caller in 0..self.callers {
            let channel = channels[(caller / CALLERS_A_CONNECTION) as usize].clone();
            callers.spawn(
                self.clone()
                    .call_repeatedly(channel, call, Arc::clone(&next)),
            );
        }
        let mut latencies = Latencies::default();
        while let Some(caller) = callers.join_next().await {
            latencies.extend(caller??);
        }
        Ok((started.elapsed(), latencies))
    }

    async fn call_repeatedly(
        self,
        channel: Channel,
        call: Call,
        next: Arc<AtomicU32>,
    ) -> anyhow::Result<Latencies> {
        let mut registry = RegistryClient::new(channel.clone());
        let mut health = HealthClient::new(channel);
        let mut latencies = Latencies::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.count {
                return Ok(latencies);
            }
            let started = Instant::now();
            match call {
                Call::Register => {
                    let service = service_of(number, self.per_service);
                    let mut request = registration(&service, number, 100);
                    if let Some(spec) = &mut request.spec {
                        // No beats follow, and an instance that turned unhealthy would not be identical.
                        spec.health_check = Some(longest_lease());
                    }
                    registry.register(request).await?;
                }
                Call::Echo => {
                    health.check(HealthCheckRequest::default()).await?;
                }
            }
            latencies.push(started.elapsed());
        }
    }
}

fn service_of(number: u32, per_service: u32) -> String {
    format!("service-{}", number / per_service)
}

fn longest_lease() -> v1::HealthCheck {
    let heartbeat = v1::health_check::Heartbeat { ttl_seconds: 60 };
    v1::HealthCheck {
        kind: Some(v1::health_check::Kind::Heartbeat(heartbeat)),
    }
}
