//! `merak serve`: the control plane until it is told to stop.

use std::{
    io::{Write as _, stdout},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use merak_core::{ControlPlane, Settings, SystemClock};
use merak_store::SqlStore;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing_subscriber::EnvFilter;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Directory of the database, created if absent
    #[arg(long, value_name = "DIR", env = "MERAK_DATA", default_value = "./data")]
    data: PathBuf,
    /// IP address and port of the gRPC listener; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR",
        env = "MERAK_GRPC",
        default_value = "127.0.0.1:8091"
    )]
    grpc: SocketAddr,
    /// IP address and port of the HTTP listener; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDR",
        env = "MERAK_HTTP",
        default_value = "127.0.0.1:8090"
    )]
    http: SocketAddr,
    /// What an answered write survives
    #[arg(long, value_enum, default_value_t = Durability::Full)]
    durability: Durability,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Durability {
    /// A loss of power: every commit is synced to disk
    Full,
    /// A crash of the process: the last commits may be lost with the power
    Normal,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let filter = EnvFilter::builder()
            .with_default_directive(tracing_subscriber::filter::LevelFilter::INFO.into())
            .from_env()
            .context("RUST_LOG")?;
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
        tokio::runtime::Runtime::new()
            .context("start the runtime")?
            .block_on(self.serve())
    }

    async fn serve(self) -> anyhow::Result<()> {
        // Before anything else, so that a signal never finds the process without a listener.
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        let store = self.open_store().await?;
        let clock = Arc::new(SystemClock::start());
        let plane = ControlPlane::start(Arc::clone(&store) as _, clock, Settings::default());
        let plane = Arc::new(plane.await.context("start the control plane")?);
        let listener = TcpListener::bind(self.grpc).await;
        let listener = listener.with_context(|| format!("bind gRPC to {}", self.grpc))?;
        writeln!(stdout(), "grpc listening on {}", listener.local_addr()?)?;

        let drain = CancellationToken::new();
        let tasks = TaskTracker::new();
        let mut serving = tasks.spawn(merak_grpc::serve(
            listener,
            Arc::clone(&plane),
            drain.clone(),
        ));
        tokio::select! {
            () = stop_signal(&mut terminate, &mut interrupt) => {}
            served = &mut serving => {
                served.context("the gRPC task")?.context("serve gRPC")?;
                anyhow::bail!("the gRPC listener ended by itself");
            }
        }
        plane.liveness.ignore_disconnects();
        drain.cancel();
        serving
            .await
            .context("the gRPC task")?
            .context("serve gRPC")?;
        match Arc::into_inner(plane) {
            Some(plane) => plane.shutdown().await,
            None => tracing::warn!("requests were still under way at the end"),
        }
        Ok(())
    }

    async fn open_store(&self) -> anyhow::Result<Arc<SqlStore>> {
        let data = self.data.display();
        std::fs::create_dir_all(&self.data).with_context(|| format!("create directory {data}"))?;
        let path = self.data.join("merak.db");
        let durability = match self.durability {
            Durability::Full => merak_store::Durability::Full,
            Durability::Normal => merak_store::Durability::Normal,
        };
        let store = SqlStore::open(&path, durability).await;
        let store = store.with_context(|| format!("open {}", path.display()))?;
        Ok(Arc::new(store))
    }
}

async fn stop_signal(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => tracing::info!("stopping on SIGTERM"),
        _ = interrupt.recv() => tracing::info!("stopping on SIGINT"),
    }
}
