//! The processes of the demonstration.

use anyhow::Context as _;
use futures_util::future::join_all;
use tempfile::TempDir;

use crate::commands::process::{Process, SERVE};

/// A process of a service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Replica {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    pub(super) zone: &'static str,
}

impl Replica {
    const fn new(name: &'static str, version: &'static str, zone: &'static str) -> Self {
        Self {
            name,
            version,
            zone,
        }
    }
}

pub(super) const API: [Replica; 2] = [
    Replica::new("micro-api-1", "v1", "east-1"),
    Replica::new("micro-api-2", "v1", "east-2"),
];

pub(super) const ORDER: [Replica; 3] = [
    Replica::new("micro-order-1", "v1", "east-1"),
    Replica::new("micro-order-2", "v1", "east-2"),
    Replica::new("micro-order-3", "v2", "east-1"),
];

pub(super) const PAY: [Replica; 2] = [
    Replica::new("micro-pay-1", "v1", "east-1"),
    Replica::new("micro-pay-2", "v1", "east-2"),
];

/// How often a node says that it lives, so that one which hangs is noticed after three seconds.
const TTL: &str = "1s";

/// The processes of the demonstration.
pub(super) struct System {
    /// `host:port` of the replicas of micro-api.
    pub(super) apis: Vec<String>,
    /// `host:port` of the control plane for applications.
    pub(super) grpc: String,
    /// `host:port` of the control plane for people.
    pub(super) http: String,
    control_plane: Process,
    nodes: Vec<(String, Process)>,
    _data: TempDir,
}

impl System {
    /// Starts the control plane on a temporary store, and then the services from the last to the first.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let data = tempfile::tempdir().context("create a temporary directory")?;
        let mut control_plane = Process::start(data.path(), &SERVE)?;
        let http = control_plane.line("http listening on ").await?;
        let grpc = control_plane.line("grpc listening on ").await?;
        let mut system = Self {
            apis: Vec::new(),
            grpc,
            http,
            control_plane,
            nodes: Vec::new(),
            _data: data,
        };
        for replica in &PAY {
            system.start_node("micro-pay", replica).await?;
        }
        for replica in &ORDER {
            system.start_node("micro-order", replica).await?;
        }
        for replica in &API {
            let api = system.start_node("micro-api", replica).await?;
            system.apis.push(api);
        }
        Ok(system)
    }

    async fn start_node(&mut self, service: &str, replica: &Replica) -> anyhow::Result<String> {
        let address = format!("http://{}", self.grpc);
        let node = [
            &["demo", "node", service, "--name", replica.name][..],
            &["--version", replica.version, "--zone", replica.zone],
            &["--control-plane", &address, "--ttl", TTL],
        ];
        let mut process = Process::start(self._data.path(), &node.concat())?;
        let address = process.line("serving on ").await;
        let address = address.with_context(|| format!("start {}", replica.name))?;
        self.nodes.push((replica.name.to_owned(), process));
        Ok(address)
    }

    /// What was started, for people.
    pub(super) fn describe(&self) -> String {
        let Self { http, grpc, .. } = self;
        let api = &self.apis[0];
        let lines = [
            "  traffic ─▶ micro-api-1 ─ HTTP ─▶ micro-order-1  v1 east-1 ─ gRPC ─▶ micro-pay-1  east-1",
            "             micro-api-2           micro-order-2  v1 east-2           micro-pay-2  east-2",
            "                                   micro-order-3  v2 east-1",
            "",
            &format!("  console      http://{http}    (for applications: {grpc})"),
            &format!("  micro-api    http://{api}/api/order/create"),
            "",
        ];
        lines.join("\n")
    }

    /// Refuses a name that is no replica.
    pub(super) fn require(&self, replica: &str) -> anyhow::Result<()> {
        let names: Vec<&str> = self.nodes.iter().map(|(name, _)| name.as_str()).collect();
        // Without micro-api, which comes last, there would be nobody to call.
        let replicas = &names[..names.len() - API.len()];
        anyhow::ensure!(
            replicas.contains(&replica),
            "--kill {replica}: expected one of {}",
            replicas.join(", ")
        );
        Ok(())
    }

    /// Kills a replica as a crash would.
    pub(super) async fn kill(&mut self, replica: &str) -> anyhow::Result<()> {
        let mut nodes = self.nodes.iter_mut();
        let (_, process) = nodes
            .find(|(name, _)| name == replica)
            .context("no such replica")?;
        process.kill().await
    }

    /// Ends everything, the control plane last.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        let nodes = self.nodes.drain(..);
        let ended = join_all(nodes.map(|(_, process)| process.end())).await;
        self.control_plane.kill().await?;
        ended.into_iter().collect()
    }
}
