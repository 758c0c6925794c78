//! How many first discoveries a second.

use anyhow::Context as _;
use clap::Args;
use merak_proto::v1::{
    self, discovery_client::DiscoveryClient, registry_client::RegistryClient,
    sync_request::Kind as Message, sync_response::Update,
};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;

use super::{LIMIT, cleanup::Instances, registration, report::Report, service_key, target::Target};
use crate::commands::latency::Latencies;

#[derive(Debug, Clone, Args)]
pub(super) struct Discover {
    /// Discoveries of each size
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Streams that discover at the same time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    streams: u32,
}

impl Default for Discover {
    fn default() -> Self {
        Self {
            count: 20_000,
            streams: 64,
        }
    }
}

impl Discover {
    pub(super) async fn run(&self, target: &Target, report: &mut Report) -> anyhow::Result<()> {
        let mut registry = RegistryClient::new(target.connect().await?);
        for (size, share) in SIZES {
            let service = service_of(size);
            for number in 0..size {
                registry
                    .register(registration(&service, number, 100))
                    .await?;
            }
            let started = Instant::now();
            let mut streams = JoinSet::new();
            let channel = target.connect().await?;
            for count in shares((self.count / share).max(1), self.streams) {
                streams.spawn(discover(channel.clone(), service.clone(), count));
            }
            let mut latencies = Latencies::default();
            while let Some(stream) = streams.join_next().await {
                latencies.extend(stream??);
            }
            let measure = format!("discover {size} instances");
            report.rate(&measure, started.elapsed(), &latencies);
        }
        Ok(())
    }
}

/// The instances of a service, and by how much fewer the discoveries of a service so large are.
const SIZES: [(u32, u32); 2] = [(10, 1), (1000, 20)];

fn service_of(size: u32) -> String {
    format!("discovered-{size}")
}

pub(super) fn instances() -> Instances {
    Box::new(
        SIZES
            .into_iter()
            .flat_map(|(size, _)| (0..size).map(move |number| (service_of(size), number))),
    )
}

/// How many each stream takes of a count, as evenly as it goes.
fn shares(count: u32, streams: u32) -> impl Iterator<Item = u32> {
    let (each, rest) = (count / streams, count % streams);
    let shares = (0..streams).map(move |stream| each + u32::from(stream < rest));
    shares.filter(|share| *share > 0)
}

/// Subscribes, waits for the snapshot and unsubscribes, again and again on one stream.
async fn discover(channel: Channel, service: String, count: u32) -> anyhow::Result<Latencies> {
    let (requests, queue) = mpsc::channel(4);
    let send = |kind| requests.send(v1::SyncRequest { kind: Some(kind) });
    send(Message::Hello(v1::Hello::default())).await?;
    let mut discovery = DiscoveryClient::new(channel);
    let mut updates = discovery
        .sync(ReceiverStream::new(queue))
        .await?
        .into_inner();
    let mut latencies = Latencies::default();
    for subscription in 1..=count {
        let started = Instant::now();
        send(Message::Subscribe(v1::Subscribe {
            subscription,
            kind: v1::Kind::Instances.into(),
            key: Some(service_key(&service)),
            held_revision: 0,
            takes_rule_deltas: false,
        }))
        .await?;
        loop {
            let message = timeout(LIMIT, updates.message()).await??;
            let message = message.context("the server ended a stream")?;
            if matches!(message.update, Some(Update::Instances(_))) {
                break;
            }
        }
        latencies.push(started.elapsed());
        send(Message::Unsubscribe(v1::Unsubscribe { subscription })).await?;
    }
    Ok(latencies)
}
