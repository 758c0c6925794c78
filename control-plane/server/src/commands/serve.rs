//! `merak serve`: the control plane until it is told to stop.

use std::{
    future::Future,
    io::{IsTerminal as _, Write as _, stderr, stdout},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use merak_core::{ControlPlane, SystemClock};
use merak_http::GrpcEndpoint;
use merak_store::SqlStore;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::stop::{StopSignals, parent_ended};
use crate::config::{Config, Flags, LogFormat};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    flags: Flags,
    /// End with the process that holds the other end of standard input
    #[arg(long, hide = true)]
    with_parent: bool,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let mut config = Config::load(&self.flags)?;
        log_to_stderr(std::mem::take(&mut config.log), config.log_format);
        let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
        runtime.block_on(async {
            // Before anything else, so that a signal never finds the process without a listener.
            let mut signals = StopSignals::listen()?;
            let stop = async {
                tokio::select! {
                    signal = signals.next() => tracing::info!("stopping on {signal}"),
                    () = parent_ended(), if self.with_parent => {
                        tracing::info!("stopping with the process that started this one");
                    }
                }
            };
            serve(&config, stop).await
        })
    }
}

fn log_to_stderr(filter: EnvFilter, format: LogFormat) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal())
        .with_writer(stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}

async fn serve(config: &Config, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    // Before the store, so that a port that is taken leaves no directory behind.
    let http = bind("HTTP", config.http).await?;
    let grpc = bind("gRPC", config.grpc).await?;
    let store = open_store(config).await?;
    let clock = Arc::new(SystemClock::start());
    let plane = ControlPlane::start(Arc::clone(&store) as _, clock, config.settings());
    let plane = Arc::new(plane.await.context("start the control plane")?);
    writeln!(
        stdout(),
        "http listening on {}\ngrpc listening on {}",
        http.local_addr()?,
        grpc.local_addr()?,
    )?;

    let drain = CancellationToken::new();
    let mut listeners = JoinSet::new();
    let endpoint = GrpcEndpoint {
        listener: grpc.local_addr()?,
        advertised: config.advertise_grpc.clone(),
    };
    let serving = merak_http::serve(http, Arc::clone(&plane), Some(endpoint), drain.clone());
    listeners.spawn(async { serving.await.context("serve HTTP") });
    let serving = merak_grpc::serve(grpc, Arc::clone(&plane), drain.clone());
    listeners.spawn(async { serving.await.context("serve gRPC") });
    let mut outcome = Ok(());
    tokio::select! {
        () = stop => {}
        () = plane.failed.cancelled() => {
            outcome = Err(anyhow::anyhow!("the control plane failed: see the log, and start again"));
        }
        Some(ended) = listeners.join_next() => {
            ended.context("a listener's task")??;
            anyhow::bail!("a listener ended by itself");
        }
    }
    plane.liveness.stop_judging();
    drain.cancel();
    while let Some(ended) = listeners.join_next().await {
        outcome = outcome.and(ended.context("a listener's task")?);
    }
    match Arc::into_inner(plane) {
        Some(plane) => plane.shutdown().await,
        None => tracing::warn!("requests were still under way at the end"),
    }
    outcome
}

async fn bind(protocol: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| {
        let flag = protocol.to_lowercase();
        format!("listen for {protocol} on {address} (`--{flag} ADDR` takes another)")
    })
}

async fn open_store(config: &Config) -> anyhow::Result<Arc<SqlStore>> {
    let data = config.data.display();
    std::fs::create_dir_all(&config.data).with_context(|| format!("create directory {data}"))?;
    let path = config.database();
    let store = SqlStore::open(&path, config.durability).await;
    let store = store.with_context(|| format!("open {}", path.display()))?;
    Ok(Arc::new(store))
}
