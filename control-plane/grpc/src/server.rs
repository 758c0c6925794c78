//! The gRPC listener: services, health and reflection, until it is drained.

use std::{sync::Arc, time::Duration};

use merak_core::ControlPlane;
use merak_proto::v1::{quota_server::QuotaServer, registry_server::RegistryServer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Error, Server};
use tracing::warn;

use crate::{
    discovery::DiscoveryService,
    incoming::incoming,
    limits::{HEADER_BYTES, REQUEST_BYTES, STREAMS},
    quota::QuotaService,
    reflection,
    registry::RegistryService,
    sync::SyncServer,
    transport::PreciseLayer,
};

/// How often an idle connection is pinged, and how long it has to answer.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// How long connections have to end once the server is drained; then they are left behind.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Serves the native protocol, gRPC health and reflection until `drain` is cancelled.
///
/// Then the health is NOT_SERVING, streams end, and calls under way have five seconds to finish.
///
/// # Errors
/// When the transport cannot be set up.
pub async fn serve(
    listener: TcpListener,
    plane: Arc<ControlPlane>,
    drain: CancellationToken,
) -> Result<(), Error> {
    let calls = Arc::clone(&plane.calls);
    let registry = RegistryServer::new(RegistryService {
        plane: Arc::clone(&plane),
        drain: drain.clone(),
    });
    let quota = QuotaServer::new(QuotaService::new(&plane, &drain));
    let discovery = DiscoveryService::new(plane, drain.clone());
    let discovery = SyncServer::new(discovery);
    let (health, health_service) = tonic_health::server::health_reporter();
    health
        .set_serving::<RegistryServer<RegistryService>>()
        .await;
    health.set_serving::<SyncServer>().await;
    health.set_serving::<QuotaServer<QuotaService>>().await;
    let well_formed = "the checked-in descriptor sets are well formed";
    let reflection = reflection::description().build_v1().expect(well_formed);
    // Python's client library and older tools ask for the version that came before.
    let older_reflection = reflection::description().build_v1alpha();
    let older_reflection = older_reflection.expect(well_formed);
    let drained = {
        let drain = drain.clone();
        async move {
            drain.cancelled().await;
            health
                .set_service_status("", tonic_health::ServingStatus::NotServing)
                .await;
            health
                .set_not_serving::<RegistryServer<RegistryService>>()
                .await;
            health.set_not_serving::<SyncServer>().await;
            health.set_not_serving::<QuotaServer<QuotaService>>().await;
        }
    };
    let serving = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .max_concurrent_streams(STREAMS)
        .http2_max_header_list_size(HEADER_BYTES)
        .layer(PreciseLayer(calls))
        .add_service(registry.max_decoding_message_size(REQUEST_BYTES))
        .add_service(discovery)
        .add_service(quota.max_decoding_message_size(REQUEST_BYTES))
        .add_service(health_service.max_decoding_message_size(REQUEST_BYTES))
        .add_service(older_reflection.max_decoding_message_size(REQUEST_BYTES))
        .add_service(reflection.max_decoding_message_size(REQUEST_BYTES))
        .serve_with_incoming_shutdown(incoming(listener), drained);
    let overdue = async {
        drain.cancelled().await;
        tokio::time::sleep(DRAIN_LIMIT).await;
    };
    tokio::select! {
        served = serving => served,
        () = overdue => {
            warn!("connections were left behind after {} s", DRAIN_LIMIT.as_secs());
            Ok(())
        }
    }
}
