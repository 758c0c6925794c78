//! What Prometheus scrapes: requests as they were answered, the state as it is at the scrape.
//!
//! The registry belongs to one router, so that several of them, as in tests, do not meet.

mod format;
mod quota;

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::Method;
use merak_core::{CallTally, Commits, ControlPlane, Durations, Rule, RuleFamily, Told, Topic};
use merak_model::{
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet, text},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};
use tokio::time::Instant;
use tracing::warn;

use crate::Api;
pub(crate) use format::{Format, OPEN_METRICS, PROMETHEUS};

/// Upper bounds of the duration histogram, in seconds: from a read in memory to a slow disk.
const BUCKETS: [f64; 12] = [
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0,
];

/// The metrics of one router.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
    method: &'static str,
}

/// Counts what the control plane holds, when it is asked.
struct Holdings(Arc<ControlPlane>);

#[derive(Default)]
struct Counts {
    revision: u64,
    namespaces: u64,
    services: u64,
    routing_rules: u64,
    nearby_rules: u64,
    rate_limit_rules: u64,
    healthy: u64,
    unhealthy: u64,
    isolated: u64,
    subscriptions: u64,
}

impl Metrics {
    pub(crate) fn new(plane: Arc<ControlPlane>) -> Self {
        let mut registry = Registry::default();
        let requests = Family::default();
        registry.register("merak_http_requests", "Requests answered", requests.clone());
        let new_histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let durations = Family::new_with_constructor(new_histogram);
        registry.register_with_unit(
            "merak_http_request_duration",
            "Time from a request's head to its answer's head",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register_collector(Box::new(Holdings(plane)));
        Self {
            registry,
            requests,
            durations,
        }
    }

    /// Everything as text, counted now.
    pub(crate) fn encode(&self, format: Format) -> String {
        let mut text = String::new();
        text::encode(&mut text, &self.registry).expect("writing to a String cannot fail");
        format.write(text)
    }

    fn record(&self, labels: RequestLabels, duration: Duration) {
        let RequestLabels { route, method, .. } = labels.clone();
        self.requests.get_or_create(&labels).inc();
        let durations = self.durations.get_or_create(&RouteLabels { route, method });
        durations.observe(duration.as_secs_f64());
    }
}

/// Counts a request and measures it.
pub(crate) async fn layer(State(api): State<Api>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    // Paths that match no route are one label, or anybody could make up any number of them.
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let method = method_of(request.method());
    let begin = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let labels = RequestLabels {
        route,
        method,
        status,
    };
    api.metrics.record(labels, begin.elapsed());
    response
}

fn method_of(method: &Method) -> &'static str {
    let known = [
        (Method::GET, "GET"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::PATCH, "PATCH"),
        (Method::DELETE, "DELETE"),
        (Method::HEAD, "HEAD"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    let found = known.iter().find(|(one, _)| one == method);
    found.map_or("other", |(_, name)| name)
}

impl std::fmt::Debug for Holdings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Holdings")
    }
}

impl Collector for Holdings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let counts = Counts::of(&self.0);
        for (name, help, count) in [
            (
                "merak_revision",
                "Revision of the newest change",
                counts.revision,
            ),
            ("merak_namespaces", "Namespaces", counts.namespaces),
            ("merak_services", "Services", counts.services),
            ("merak_routing_rules", "Routing rules", counts.routing_rules),
            ("merak_nearby_rules", "Nearby rules", counts.nearby_rules),
            (
                "merak_rate_limit_rules",
                "Rate limit rules",
                counts.rate_limit_rules,
            ),
            (
                "merak_isolated_instances",
                "Isolated instances",
                counts.isolated,
            ),
            (
                "merak_subscriptions",
                "Live subscriptions to services that exist, to their rules and to lists of services",
                counts.subscriptions,
            ),
        ] {
            encode_gauge(&mut encoder, (name, help), count)?;
        }
        let told = self.0.discovery.told();
        let (name, help) = ("merak_subscribers", "Clients with a Sync stream");
        encode_gauge(&mut encoder, (name, help), told.subscribers)?;
        encode_told(&mut encoder, told)?;
        let sessions = self.0.liveness.count_sessions();
        let name = (
            "merak_keepalive_streams",
            "Streams that keep instances alive",
        );
        encode_gauge(&mut encoder, name, sessions)?;
        quota::encode(&mut encoder, self.0.quotas.tally())?;
        encode_calls(&mut encoder, &self.0.calls)?;
        encode_commits(&mut encoder, &self.0.commits.commits())?;
        let help = "Time from a commit until an update that tells of it is written to a stream";
        encode_durations(
            &mut encoder,
            ("merak_push_duration", help),
            &self.0.discovery.pushes(),
        )?;
        encode_store(&mut encoder, &self.0)?;
        if let Some(bytes) = resident_memory_bytes() {
            let name = (
                "process_resident_memory_bytes",
                "Resident memory size in bytes",
            );
            encode_gauge(&mut encoder, name, bytes)?;
        }
        encode_instances(&mut encoder, &counts)
    }
}

impl Counts {
    fn of(plane: &ControlPlane) -> Self {
        let (namespaces, services) = (
            plane.catalog.list_namespaces(),
            plane.catalog.all_services(),
        );
        let mut counts = Self {
            revision: plane.catalog.revision().get(),
            namespaces: namespaces.len() as u64,
            services: services.len() as u64,
            routing_rules: count::<RoutingRule>(plane),
            nearby_rules: count::<NearbyRule>(plane),
            rate_limit_rules: count::<RateLimitRule>(plane),
            ..Self::default()
        };
        let to_services = services
            .iter()
            .map(|one| Topic::Instances((*one.service().key).clone()));
        let to_rules = services.iter().flat_map(|one| {
            let key = &one.service().key;
            RuleFamily::ALL.map(|family| Topic::Rules(family, (**key).clone()))
        });
        let to_lists = namespaces
            .iter()
            .map(|one| Topic::Services(one.name.clone()));
        for topic in to_services.chain(to_rules).chain(to_lists) {
            counts.subscriptions += plane.discovery.count_subscriptions(&topic) as u64;
        }
        for of_service in services.iter().map(|service| service.counts()) {
            counts.isolated += of_service.isolated as u64;
            counts.healthy += of_service.healthy as u64;
            counts.unhealthy += of_service.unhealthy() as u64;
        }
        counts
    }
}

fn count<R: Rule>(plane: &ControlPlane) -> u64 {
    let namespaces = plane.catalog.list_namespaces();
    let counts = namespaces
        .iter()
        .map(|one| plane.catalog.count_rules::<R>(&one.name));
    counts.sum::<usize>() as u64
}

fn encode_gauge(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    value: u64,
) -> Result<(), std::fmt::Error> {
    let encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    ConstGauge::new(value).encode(encoder)
}

fn encode_instances(
    encoder: &mut DescriptorEncoder<'_>,
    counts: &Counts,
) -> Result<(), std::fmt::Error> {
    let help = "Instances by health, isolated ones included";
    let mut by_health =
        encoder.encode_descriptor("merak_instances", help, None, MetricType::Gauge)?;
    for (health, count) in [("healthy", counts.healthy), ("unhealthy", counts.unhealthy)] {
        let labels = [("health", health)];
        ConstGauge::new(count).encode(by_health.encode_family(&labels)?)?;
    }
    Ok(())
}

fn encode_told(encoder: &mut DescriptorEncoder<'_>, told: Told) -> Result<(), std::fmt::Error> {
    let help = "Updates given to subscribers, by kind";
    let mut family =
        encoder.encode_descriptor("merak_sync_updates", help, None, MetricType::Counter)?;
    for (kind, count) in [
        ("snapshot", told.snapshots),
        ("delta", told.deltas),
        ("services", told.lists),
        ("rules", told.rules),
        ("rules_delta", told.rule_deltas),
        ("absent", told.absences),
        ("unchanged", told.unchanged),
    ] {
        let labels = [("kind", kind)];
        ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn encode_calls(
    encoder: &mut DescriptorEncoder<'_>,
    calls: &CallTally,
) -> Result<(), std::fmt::Error> {
    let help = "Calls answered, by method and code; streams by how they were opened";
    let name = "merak_grpc_calls";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (method, code, count) in calls.counts() {
        let labels = [("method", method.as_str()), ("code", code)];
        ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

fn encode_commits(
    encoder: &mut DescriptorEncoder<'_>,
    commits: &Commits,
) -> Result<(), std::fmt::Error> {
    for (name, help, count) in [
        (
            "merak_commits",
            "Transactions that are durable",
            commits.durable.count,
        ),
        (
            "merak_failed_commits",
            "Transactions that the store refused",
            commits.failed,
        ),
    ] {
        let encoder = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(count).encode(encoder)?;
    }
    let help = "Time that the store takes to make a transaction durable";
    encode_durations(encoder, ("merak_commit_duration", help), &commits.durable)
}

fn encode_durations(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    durations: &Durations,
) -> Result<(), std::fmt::Error> {
    let bounds = Durations::BOUNDS.into_iter().chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(durations.by_bound.iter().copied()).collect();
    let seconds = Some(&Unit::Seconds);
    let mut encoder = encoder.encode_descriptor(name, help, seconds, MetricType::Histogram)?;
    let taken = durations.taken.as_secs_f64();
    encoder.encode_histogram::<NoLabelSet>(taken, durations.count, &buckets, None)
}

/// The room on disk, unless the store has none or cannot be asked.
fn encode_store(
    encoder: &mut DescriptorEncoder<'_>,
    plane: &ControlPlane,
) -> Result<(), std::fmt::Error> {
    let size = plane.store_size();
    let size = size.inspect_err(|failure| warn!("the store's size is not known: {failure}"));
    let Ok(Some(size)) = size else {
        return Ok(());
    };
    let help = "Size of the database on disk, by file";
    let (name, bytes) = ("merak_database_size", Some(&Unit::Bytes));
    let mut family = encoder.encode_descriptor(name, help, bytes, MetricType::Gauge)?;
    for (file, bytes) in [("database", size.file_bytes), ("log", size.log_bytes)] {
        let labels = [("file", file)];
        ConstGauge::new(bytes).encode(family.encode_family(&labels)?)?;
    }
    Ok(())
}

/// What Linux says of this process; none elsewhere.
pub(crate) fn resident_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}
