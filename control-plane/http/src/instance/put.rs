//! Creating an instance under an id of one's choice, or replacing it.

use axum::response::Response;
use merak_core::Standing;
use merak_model::Registration;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Health, HealthCheck, Instance, InstancePath, Location, place_of, spec::RegistrationBody,
};
use crate::{
    etag::WriteHeaders,
    extract::{Json, Path, not_null},
    metadata::Entries,
    mutation::{Mutation, MutationQuery},
    namespace::require_same,
    problem::{Problem, WriteProblems},
};

/// What an instance says of itself, and where an operator puts it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InstancePut, example = json!({
    "host": "10.0.0.7", "port": 8080, "protocol": "grpc", "version": "v2.1.0", "weight": 100,
    "metadata": {"env": "prod"}, "location": {"region": "eu", "zone": "eu-1"},
    "health_check": {"type": "none"}, "isolated": true, "health": "healthy",
}))]
pub(super) struct PutBody {
    /// May be left out; the one in the path.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    id: Option<String>,
    /// An IPv4 or IPv6 address without brackets, or a DNS name; up to 128 characters.
    host: String,
    /// 1..=65535.
    #[schema(minimum = 1, maximum = 65_535)]
    port: u64,
    /// Such as `grpc` or `http`; up to 64 characters.
    #[serde(default)]
    protocol: String,
    /// Such as `v2.1.0`; up to 64 characters.
    #[serde(default)]
    version: String,
    /// Its share of the calls, relative to the others: 0..=10000, default 100. 0 gets none.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, maximum = 10_000)]
    weight: Option<u64>,
    /// Up to 64 entries: keys of 1..=128 characters, values up to 4096.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Entries<String>,
    #[serde(default)]
    location: Location,
    /// By default a heartbeat every 5 seconds.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    health_check: Option<HealthCheck>,
    /// Whether an operator takes it out of every list. Left out, it stays as it is; a new one is in.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    isolated: Option<bool>,
    /// For a static instance only: the health of others is what their heartbeats say. Left out, it
    /// stays as it is; a new one is healthy.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    health: Option<Health>,
}

impl PutBody {
    fn into_parts(self) -> (RegistrationBody, Standing) {
        let standing = Standing {
            isolated: self.isolated,
            health: self.health.map(Into::into),
        };
        let registration = RegistrationBody {
            id: self.id,
            host: self.host,
            port: self.port,
            protocol: self.protocol,
            version: self.version,
            weight: self.weight,
            metadata: self.metadata,
            location: self.location,
            health_check: self.health_check,
        };
        (registration, standing)
    }
}

/// Creates an instance, or brings it to what the body says, whatever was changed of it since.
///
/// What the body leaves out gets its default; isolation and the health of a static instance stay. The
/// same content again writes nothing.
#[utoipa::path(
    put, path = "/api/v1/namespaces/{namespace}/services/{service}/instances/{id}",
    tag = "instances",
    params(InstancePath, MutationQuery, WriteHeaders), request_body = PutBody,
    responses(
        (status = 200, description = "It was there", body = Instance, headers(("ETag" = String))),
        (status = 201, description = "It was created", body = Instance,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
    ),
)]
pub(super) async fn put_instance(
    mutation: Mutation,
    Path(path): Path<InstancePath>,
    Json(body): Json<PutBody>,
) -> Result<Response, Problem> {
    let (service, id) = path.key();
    let (body, standing) = body.into_parts();
    require_same("id", body.id.as_deref(), id.as_str())?;
    let registration = Registration {
        id: Some(id),
        ..body.parse(service)?
    };
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = &mutation;
    let put = registry
        .put_instance(caller, registration, standing, *precondition)
        .await?;
    let instance = Instance::from(&*put.instance);
    Ok(mutation.answer(put.outcome, place_of(&put), &instance))
}
