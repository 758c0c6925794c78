//! The control plane that is measured.

use std::time::Duration;

use anyhow::Context as _;
use merak_proto::v1::registry_server;
use tempfile::TempDir;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::LIMIT;
use crate::commands::{
    api::Api,
    process::{Process, SERVE},
};

/// The control plane that is measured: a running one, or one of our own.
pub(super) struct Target {
    endpoint: Endpoint,
    own: Option<Own>,
}

struct Own {
    server: Process,
    /// `host:port` for people.
    http: String,
    _data: TempDir,
}

/// What a process has used so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    pub(super) cpu: Duration,
    pub(super) resident_bytes: u64,
}

impl Target {
    /// One that runs already, and is asked whether it is one.
    pub(super) async fn running(address: &str) -> anyhow::Result<Self> {
        let target = Self {
            endpoint: endpoint(address)?,
            own: None,
        };
        let mut health = HealthClient::new(target.connect().await?);
        let asked = HealthCheckRequest {
            service: registry_server::SERVICE_NAME.to_owned(),
        };
        let answered = timeout(LIMIT, health.check(asked)).await?;
        match answered {
            Ok(_) => Ok(target),
            Err(status) => anyhow::bail!(
                "{address} is not the gRPC listener of a Merak, which `merak serve` names at its start: {}",
                status.message()
            ),
        }
    }

    pub(super) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Where our own one listens for people; one that was running did not say.
    pub(super) fn http(&self) -> Option<&str> {
        self.own.as_ref().map(|own| own.http.as_str())
    }

    /// Starts this very binary on a temporary store, as durable as by default.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let data = tempfile::tempdir().context("create a temporary directory")?;
        let mut server = Process::start(data.path(), &SERVE)?;
        let http = server.line("http listening on ").await?;
        let address = server.line("grpc listening on ").await?;
        Ok(Self {
            endpoint: endpoint(&address)?,
            own: Some(Own {
                server,
                http,
                _data: data,
            }),
        })
    }

    /// A connection of its own.
    pub(super) async fn connect(&self) -> anyhow::Result<Channel> {
        let channel = self.endpoint.connect().await;
        channel.with_context(|| format!("connect to {}", self.endpoint.uri()))
    }

    /// Where it is, for clients.
    pub(super) fn address(&self) -> String {
        self.endpoint.uri().to_string()
    }

    /// The REST API of our own server; none of one that was running.
    pub(super) fn api(&self) -> anyhow::Result<Api> {
        let own = self.own.as_ref().context("it is not our own")?;
        Api::new(&format!("http://{}", own.http))
    }

    /// What our own server has used so far; none for one that was running.
    pub(super) fn usage(&self) -> Option<Usage> {
        usage_of(self.own.as_ref()?.server.id()?)
    }

    /// Stops our own server.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        if let Some(mut own) = self.own {
            own.server.kill().await?;
        }
        Ok(())
    }
}

fn endpoint(address: &str) -> anyhow::Result<Endpoint> {
    let uri = match address.contains("://") {
        true => address.to_owned(),
        false => format!("http://{address}"),
    };
    let endpoint = Endpoint::from_shared(uri).with_context(|| format!("address {address:?}"))?;
    Ok(endpoint.tcp_nodelay(true).connect_timeout(LIMIT))
}

/// Reads what Linux says of a process: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>.
fn usage_of(pid: u32) -> Option<Usage> {
    /// Clock ticks a second, the same on every Linux that we know.
    const TICKS: u64 = 100;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in parentheses and may have spaces.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = resident.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(Usage {
        cpu: Duration::from_millis((user + system) * 1000 / TICKS),
        resident_bytes: kilobytes * 1024,
    })
}
