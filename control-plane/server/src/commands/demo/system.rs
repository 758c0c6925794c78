//! The processes of the demonstration.

use anyhow::Context as _;
use futures_util::future::join_all;
use tempfile::TempDir;

use crate::commands::process::{Process, SERVE};

/// Replicas of micro-order and of micro-pay.
pub(super) const REPLICAS: usize = 2;

/// How often a node says that it lives, so that one which hangs is noticed after three seconds.
const TTL: &str = "1s";

/// The processes of the demonstration.
pub(super) struct System {
    /// `host:port` of micro-api.
    pub(super) api: String,
    /// `host:port` of the control plane for applications.
    pub(super) grpc: String,
    http: String,
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
            api: String::new(),
            grpc,
            http,
            control_plane,
            nodes: Vec::new(),
            _data: data,
        };
        for service in ["micro-pay", "micro-order"] {
            for number in 1..=REPLICAS {
                system
                    .start_node(service, &format!("{service}-{number}"))
                    .await?;
            }
        }
        system.api = system.start_node("micro-api", "micro-api-1").await?;
        Ok(system)
    }

    async fn start_node(&mut self, service: &str, name: &str) -> anyhow::Result<String> {
        let address = format!("http://{}", self.grpc);
        let node = [
            "demo",
            "node",
            service,
            "--name",
            name,
            "--control-plane",
            &address,
            "--ttl",
            TTL,
        ];
        let mut process = Process::start(self._data.path(), &node)?;
        let address = process.line("serving on ").await;
        let address = address.with_context(|| format!("start {name}"))?;
        self.nodes.push((name.to_owned(), process));
        Ok(address)
    }

    /// What was started, for people.
    pub(super) fn describe(&self) -> String {
        let names: Vec<&str> = self
            .nodes
            .iter()
            .rev()
            .map(|(name, _)| name.as_str())
            .collect();
        format!(
            "control plane: http://{}  (gRPC {})\n{}: http://{}/api/order/create\n{}\n",
            self.http,
            self.grpc,
            names[0],
            self.api,
            names[1..].join(", ")
        )
    }

    /// Refuses a name that is no replica.
    pub(super) fn require(&self, replica: &str) -> anyhow::Result<()> {
        let names: Vec<&str> = self.nodes.iter().map(|(name, _)| name.as_str()).collect();
        // Without micro-api, the last one, there would be nobody to call.
        let replicas = &names[..names.len() - 1];
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
