//! What is told of the services of the listener: gRPC reflection.

use merak_proto::v1::registry_server;
use tonic::server::NamedService as _;
use tonic_health::pb::health_server;
use tonic_reflection::{pb, server::Builder};

use crate::sync::SyncServer;

/// A description of what the listener serves, and of nothing else that the protocol crate knows.
pub(crate) fn description() -> Builder<'static> {
    let names = [
        registry_server::SERVICE_NAME,
        SyncServer::NAME,
        health_server::SERVICE_NAME,
        pb::v1::server_reflection_server::SERVICE_NAME,
        pb::v1alpha::server_reflection_server::SERVICE_NAME,
    ];
    let builder = Builder::configure()
        .include_reflection_service(false)
        .register_encoded_file_descriptor_set(merak_proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(pb::v1alpha::FILE_DESCRIPTOR_SET);
    names.into_iter().fold(builder, Builder::with_service_name)
}
