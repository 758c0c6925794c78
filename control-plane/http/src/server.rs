//! The HTTP listener, until it is drained.

use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Extension, extract::ConnectInfo};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use merak_core::ControlPlane;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{Layer as _, ServiceExt as _};
use tracing::{debug, warn};

use crate::{GrpcEndpoint, router};

/// How long a client has to send the head of a request, the first one of a connection included.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How often an idle HTTP/2 connection is pinged, and how long it has to answer.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// How long connections have to end once the server is drained; then they are cut.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// How long to wait when a connection cannot be accepted, for example for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Serves the API until `drain` is cancelled.
///
/// Then watches end, no connection is accepted, and requests under way have five seconds to finish.
///
/// # Errors
/// When the listener cannot say where it listens.
pub async fn serve(
    listener: TcpListener,
    plane: Arc<ControlPlane>,
    grpc: Option<GrpcEndpoint>,
    drain: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let connections = Connections {
        router: router(plane, grpc, drain.clone()),
        drain: drain.clone(),
        cut: CancellationToken::new(),
    };
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = drain.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                tasks.spawn(connections.clone().serve(stream, peer));
            }
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                warn!(%address, "connections cannot be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(DRAIN_LIMIT, tasks.wait())
        .await
        .is_err()
    {
        warn!("connections were cut after {} s", DRAIN_LIMIT.as_secs());
        connections.cut.cancel();
        tasks.wait().await;
    }
    Ok(())
}

/// What every connection needs.
#[derive(Clone)]
struct Connections {
    router: axum::Router,
    drain: CancellationToken,
    /// Cancelled when the time to end is over.
    cut: CancellationToken,
}

impl Connections {
    async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        // Small answers must not wait for the client's delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%peer, "the connection is gone already: {error}");
            return;
        }
        let is_used = Arc::new(AtomicBool::new(false));
        let service = Extension(ConnectInfo(peer)).layer(self.router);
        let service = service.map_request({
            let is_used = Arc::clone(&is_used);
            move |request| {
                is_used.store(true, Ordering::Relaxed);
                request
            }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE);
        let io = TokioIo::new(stream);
        let mut connection = pin!(builder.serve_connection(io, TowerToHyperService::new(service)));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = silence(&is_used) => {
                debug!(%peer, "the connection was closed: it brought no request");
                return;
            }
            () = self.drain.cancelled() => {
                connection.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = connection => ended,
                    () = self.cut.cancelled() => return,
                }
            }
        };
        if let Err(error) = ended {
            debug!(%peer, "the connection ended: {error}");
        }
    }
}

/// Ends if the first request does not come in time: hyper waits without end for a connection's first
/// bytes, by which it knows the protocol.
async fn silence(is_used: &AtomicBool) {
    tokio::time::sleep(HEADER_TIMEOUT).await;
    if is_used.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

/// Whether only the connection that was about to be accepted failed.
fn is_of_the_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}
