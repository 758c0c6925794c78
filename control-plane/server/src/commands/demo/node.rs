//! One service of the demonstration, as a process of its own.

use std::{io::Write as _, time::Duration};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use merak_sdk::{Client, Registration};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{api, order, pay};
use crate::commands::{
    duration,
    process::ANY,
    stop::{StopSignals, parent_ended},
};

/// The region of everything.
const REGION: &str = "east";

/// How long leaving the service may take.
const LEAVE_LIMIT: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(super) struct Node {
    service: Role,
    /// The name of the replica
    #[arg(long)]
    name: String,
    /// Where applications find the control plane
    #[arg(long)]
    control_plane: String,
    /// The version that it says it is
    #[arg(long, default_value = "v1")]
    version: String,
    /// The zone that it says it runs in
    #[arg(long, default_value = "")]
    zone: String,
    /// How often it says that it lives; three times as long without a word make it unhealthy
    #[arg(long, default_value = "5s", value_parser = duration)]
    ttl: Duration,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    #[value(name = "micro-api")]
    Api,
    #[value(name = "micro-order")]
    Order,
    #[value(name = "micro-pay")]
    Pay,
}

impl Role {
    fn service(self) -> &'static str {
        match self {
            Self::Api => "micro-api",
            Self::Order => "micro-order",
            Self::Pay => "micro-pay",
        }
    }

    fn protocol(self) -> &'static str {
        match self {
            Self::Api | Self::Order => "http",
            Self::Pay => "grpc",
        }
    }
}

impl Node {
    /// Serves, registers, and leaves on a signal and when standard input ends.
    pub(super) async fn serve(&self) -> anyhow::Result<()> {
        let mut signals = StopSignals::listen()?;
        let client = Client::builder(&self.control_plane)
            .service(self.service.service())
            .label("replica", &self.name)
            .location(REGION, &self.zone, "")
            .build()?;
        let listener = TcpListener::bind(ANY).await.context("listen")?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let serving = async {
            match self.service {
                Role::Api => api::serve(listener, client.clone(), stopped).await,
                Role::Order => order::serve(listener, client.clone(), &self.name, stopped).await,
                Role::Pay => pay::serve(listener, client.clone(), &self.name, stopped).await,
            }
        };
        let living = async {
            let registration =
                Registration::new(self.service.service(), "127.0.0.1", address.port())
                    .protocol(self.service.protocol())
                    .version(&self.version)
                    .location(REGION, &self.zone, "")
                    .ttl(self.ttl)
                    .metadata("replica", &self.name);
            let registered = client.register(registration).await?;
            writeln!(std::io::stdout(), "serving on {address}")?;
            tokio::select! {
                _ = signals.next() => {}
                () = parent_ended() => {}
            }
            // The control plane may have ended already.
            let left = timeout(LEAVE_LIMIT, registered.deregister()).await;
            stop.cancel();
            left.context("leave the service")??;
            anyhow::Ok(())
        };
        tokio::try_join!(serving, living)?;
        Ok(())
    }
}
