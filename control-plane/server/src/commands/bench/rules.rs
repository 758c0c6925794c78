//! What many rules of one service cost those who obey them, and everybody else.

use anyhow::Context as _;
use clap::Args;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use merak_proto::v1::{
    self, discovery_client::DiscoveryClient, registry_client::RegistryClient,
    sync_request::Kind as Message, sync_response::Update,
};
use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{LIMIT, NAMESPACE, registration, report::Report, service_key, target::Target};
use crate::commands::{
    latency::Latencies,
    operator::{Operator, Written},
};

/// The service that has many rules, and one that has a single one.
const CROWDED: &str = "crowded";
const QUIET: &str = "quiet";

/// How a subscriber is told of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// All of them, as clients want it that understand no deltas.
    All,
    Changes,
}

/// Writes under way at the same time.
const WRITERS: usize = 32;

#[derive(Debug, Args)]
pub(super) struct Rules {
    /// Rules of one service
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rules: u32,
    /// Other services, with an instance each
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    services: u32,
    /// Changes of one rule that are timed, one after the other
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    changes: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            rules: 1000,
            services: 10_000,
            changes: 200,
        }
    }
}

impl Rules {
    pub(super) async fn run(&self, target: &Target, report: &mut Report) -> anyhow::Result<()> {
        let http = target.http();
        let http = http.context("rules are measured on a control plane of its own: no --target")?;
        let operator = Operator::new(http, NAMESPACE);
        // The namespace begins with its first service.
        let mut registry = RegistryClient::new(target.connect().await?);
        registry.register(registration(QUIET, 0, 100)).await?;
        let written = operator.put(&path("quiet"), None, &rule(QUIET, 0)).await?;
        let rule_of_quiet = (QUIET, "quiet", written);
        let (alone, written, _) = self
            .time(target, &operator, rule_of_quiet, Telling::Changes)
            .await?;
        self.crowd(target, &operator).await?;
        let rule_of_quiet = (QUIET, "quiet", written);
        let (beside, ..) = self
            .time(target, &operator, rule_of_quiet, Telling::Changes)
            .await?;
        report.latency("a service with one rule, alone", &alone);
        let measure = format!("beside {} rules, {} services", self.rules, self.services);
        report.latency(&measure, &beside);
        report.figure(
            "what they cost it",
            &[("times_p50", ratio(&beside, &alone))],
        );

        let before = operator.put(&path("last"), None, &rule(CROWDED, 0)).await?;
        let last = (CROWDED, "last", before);
        let (whole, before, whole_bytes) = self.time(target, &operator, last, Telling::All).await?;
        let last = (CROWDED, "last", before);
        let (delta, _, delta_bytes) = self.time(target, &operator, last, Telling::Changes).await?;
        let measure = format!("one of {} rules changed", self.rules + 1);
        report.latency(&format!("{measure}, all told"), &whole);
        report.latency(&format!("{measure}, it told"), &delta);
        report.figure(
            "size of an update",
            &[
                ("all_bytes", whole_bytes as f64),
                ("delta_bytes", delta_bytes as f64),
                ("bytes_saved_times", whole_bytes as f64 / delta_bytes as f64),
                ("time_saved_times", ratio(&whole, &delta)),
            ],
        );
        Ok(())
    }

    /// Makes the many rules and the many services.
    async fn crowd(&self, target: &Target, operator: &Operator) -> anyhow::Result<()> {
        let channel = target.connect().await?;
        let services = stream::iter(0..self.services).map(|number| {
            let mut registry = RegistryClient::new(channel.clone());
            let wish = registration(&format!("service-{number}"), number, 100);
            async move { registry.register(wish).await.map(drop) }
        });
        services
            .buffer_unordered(WRITERS)
            .try_collect::<()>()
            .await?;
        let rules = stream::iter(0..self.rules).map(|number| async move {
            let name = path(&format!("rule-{number}"));
            operator
                .put(&name, None, &rule(CROWDED, number))
                .await
                .map(drop)
        });
        rules.buffer_unordered(WRITERS).try_collect().await
    }

    /// Changes a rule again and again while somebody subscribes: how long each took from before it was
    /// written until it was told, the rule as it is then, and the size of an update.
    async fn time(
        &self,
        target: &Target,
        operator: &Operator,
        (service, name, mut before): (&str, &str, Written),
        telling: Telling,
    ) -> anyhow::Result<(Latencies, Written, usize)> {
        let mut subscriber = Subscriber::begin(target, service, telling).await?;
        let (mut latencies, mut bytes) = (Latencies::default(), 0);
        let path = path(name);
        let mut body = rule(service, 0);
        for _ in 0..self.changes {
            body["description"] = format!("changed after {}", before.revision).into();
            let began = Instant::now();
            let (written, told) =
                tokio::try_join!(operator.put(&path, Some(before), &body), subscriber.next())?;
            latencies.push(told.at - began);
            anyhow::ensure!(
                written.revision == told.revision,
                "revision {} was told, and {} was written",
                told.revision,
                written.revision
            );
            (before, bytes) = (written, told.bytes);
        }
        Ok((latencies, before, bytes))
    }
}

/// An update that came.
struct Told {
    revision: u64,
    at: Instant,
    bytes: usize,
}

/// Somebody who subscribes to the rules for a service.
struct Subscriber {
    updates: Streaming<v1::SyncResponse>,
    /// Kept open, or the server would end the stream.
    _requests: mpsc::Sender<v1::SyncRequest>,
}

impl Subscriber {
    async fn begin(target: &Target, service: &str, telling: Telling) -> anyhow::Result<Self> {
        let (requests, queue) = mpsc::channel(2);
        let subscribe = v1::Subscribe {
            subscription: 1,
            kind: v1::Kind::RoutingRules.into(),
            key: Some(service_key(service)),
            held_revision: 0,
            takes_rule_deltas: telling == Telling::Changes,
        };
        for kind in [
            Message::Hello(v1::Hello::default()),
            Message::Subscribe(subscribe),
        ] {
            requests.send(v1::SyncRequest { kind: Some(kind) }).await?;
        }
        let discovery = DiscoveryClient::new(target.connect().await?);
        // Ten thousand rules are more than the 4 MiB that clients take by default.
        let mut discovery = discovery.max_decoding_message_size(64 << 20);
        let updates = discovery.sync(ReceiverStream::new(queue)).await?;
        let mut subscriber = Self {
            updates: updates.into_inner(),
            _requests: requests,
        };
        subscriber.next().await?;
        Ok(subscriber)
    }

    /// Waits for the next update of the rules.
    async fn next(&mut self) -> anyhow::Result<Told> {
        loop {
            let message = timeout(LIMIT, self.updates.message()).await??;
            let message = message.context("the server ended a subscription")?;
            let at = Instant::now();
            let bytes = prost::Message::encoded_len(&message);
            let revision = match message.update {
                Some(Update::Rules(rules)) => rules.revision,
                Some(Update::RulesDelta(delta)) => delta.revision,
                _ => continue,
            };
            return Ok(Told {
                revision,
                at,
                bytes,
            });
        }
    }
}

fn path(name: &str) -> String {
    format!("routing-rules/{name}")
}

fn rule(service: &str, priority: u32) -> Value {
    let condition = json!({"on": "header", "key": "x-user", "op": "in", "values": ["42", "43"]});
    json!({
        "priority": priority,
        "callee": {"service": service},
        "branches": [
            {"matches": {"all": [condition]}, "targets": [{"labels": {"version": "v2"}}]},
            {"targets": [{"labels": {"version": "v1"}, "weight": 70},
                         {"labels": {"version": "v2"}, "weight": 30}]},
        ],
        "otherwise": "fall_through",
    })
}

/// How many times the median of others one median is.
fn ratio(one: &Latencies, other: &Latencies) -> f64 {
    one.quantiles_ms()[0] / other.quantiles_ms()[0]
}
