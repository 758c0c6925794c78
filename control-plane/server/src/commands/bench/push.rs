//! How long it takes from a change to all who subscribe.

use anyhow::Context as _;
use clap::Args;
use merak_proto::v1::{
    self, RegisterRequest, discovery_client::DiscoveryClient, registry_client::RegistryClient,
    sync_request::Kind as Message, sync_response::Update,
};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use super::{LIMIT, cleanup::Instances, registration, report::Report, service_key, target::Target};
use crate::commands::latency::Latencies;

const SERVICE: &str = "pushed";

#[derive(Debug, Args)]
pub(super) struct Push {
    /// Subscribers, each on its own connection
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    subscribers: u32,
    /// Instances of the service that changes
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    instances: u32,
    /// Changes, one after the other
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    changes: u32,
}

impl Default for Push {
    fn default() -> Self {
        Self {
            subscribers: 1000,
            instances: 10,
            changes: 50,
        }
    }
}

/// What a subscriber tells of an update: the revision, when it came, and its size.
type Arrival = (u64, Instant, usize);

impl Push {
    pub(super) async fn run(&self, target: &Target, report: &mut Report) -> anyhow::Result<()> {
        let mut registry = RegistryClient::new(target.connect().await?);
        for number in 0..self.instances {
            registry
                .register(registration(SERVICE, number, 100))
                .await?;
        }
        let before = target.usage();
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut subscribers = JoinSet::new();
        let mut snapshot_bytes = 0;
        for _ in 0..self.subscribers {
            let (subscription, bytes) = subscribe(target.connect().await?).await?;
            snapshot_bytes = bytes;
            let tell = tell.clone();
            subscribers.spawn(subscription.report_to(tell));
        }
        let connected = target.usage();
        let (mut each, mut last, mut delta_bytes) = (Latencies::default(), Latencies::default(), 0);
        for change in 0..self.changes {
            let started = Instant::now();
            let answer = registry.register(self.change(change)).await?.into_inner();
            let mut arrived = 0;
            while arrived < self.subscribers {
                let arrival = timeout(LIMIT, told.recv()).await?;
                let (revision, at, bytes) = arrival.context("every subscriber has gone")?;
                if revision == answer.revision {
                    arrived += 1;
                    delta_bytes = bytes;
                    each.push(at - started);
                }
            }
            last.push(started.elapsed());
        }
        subscribers.abort_all();
        let measure = format!("push to {} connections", self.subscribers);
        report.latency(&format!("{measure}, each"), &each);
        report.latency(&format!("{measure}, the last"), &last);
        let sizes = [
            ("delta_bytes", delta_bytes as f64),
            ("snapshot_bytes", snapshot_bytes as f64),
        ];
        report.figure("size of an update", &sizes);
        if let (Some(before), Some(connected)) = (before, connected) {
            let grown = connected
                .resident_bytes
                .saturating_sub(before.resident_bytes);
            let each = grown as f64 / 1024.0 / f64::from(self.subscribers);
            report.figure("server memory", &[("kibibytes_a_connection", each)]);
        }
        Ok(())
    }

    pub(super) fn instances(&self) -> Instances {
        Box::new((0..self.instances).map(|number| (SERVICE.to_owned(), number)))
    }

    /// A change of one instance's weight, another one each time.
    fn change(&self, change: u32) -> RegisterRequest {
        registration(SERVICE, change % self.instances, 1000 + change)
    }
}

struct Subscription {
    updates: Streaming<v1::SyncResponse>,
    /// Kept open, or the server would end the stream.
    _requests: mpsc::Sender<v1::SyncRequest>,
}

/// Subscribes, and waits for the first state.
async fn subscribe(channel: Channel) -> anyhow::Result<(Subscription, usize)> {
    let (requests, queue) = mpsc::channel(2);
    let subscribe = v1::Subscribe {
        subscription: 1,
        kind: v1::Kind::Instances.into(),
        key: Some(service_key(SERVICE)),
        held_revision: 0,
        takes_rule_deltas: false,
    };
    for kind in [
        Message::Hello(v1::Hello::default()),
        Message::Subscribe(subscribe),
    ] {
        requests.send(v1::SyncRequest { kind: Some(kind) }).await?;
    }
    let mut discovery = DiscoveryClient::new(channel);
    let mut updates = discovery
        .sync(ReceiverStream::new(queue))
        .await?
        .into_inner();
    loop {
        let message = timeout(LIMIT, updates.message()).await??;
        let message = message.context("the server ended a subscription")?;
        if matches!(message.update, Some(Update::Instances(_))) {
            let bytes = prost::Message::encoded_len(&message);
            let subscription = Subscription {
                updates,
                _requests: requests,
            };
            return Ok((subscription, bytes));
        }
    }
}

impl Subscription {
    async fn report_to(mut self, tell: mpsc::UnboundedSender<Arrival>) {
        while let Ok(Some(message)) = self.updates.message().await {
            let bytes = prost::Message::encoded_len(&message);
            let Some(Update::InstancesDelta(delta)) = message.update else {
                continue;
            };
            if tell.send((delta.revision, Instant::now(), bytes)).is_err() {
                return;
            }
        }
    }
}
