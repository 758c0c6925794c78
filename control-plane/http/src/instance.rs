//! Instances: `/api/v1/namespaces/{namespace}/services/{service}/instances`.

mod batch;
mod delete;
mod get;
mod heartbeat;
mod list;
mod patch;
mod put;
mod register;
mod sort;
mod spec;

use std::sync::Arc;

use merak_core::{Error, Obstacle, Registered, Thing};
use merak_model::{
    self as model, Host, InstanceId, Metadata, NamespaceName, Port, ServiceKey, ServiceName, Text,
    Timestamp, Weight,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Api, extract::not_null, service};

/// The operations on instances.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_instances, register::register_instance))
        .routes(routes!(batch::batch_instances))
        .routes(routes!(
            get::get_instance,
            put::put_instance,
            patch::patch_instance,
            delete::delete_instance
        ))
        .routes(routes!(heartbeat::heartbeat_instance))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct InstancePath {
    /// Name of the namespace; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 64, example = "default")]
    namespace: NamespaceName,
    /// Name of the service; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 128, example = "com.shop/pay")]
    service: ServiceName,
    /// Id of the instance within its service; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 128, example = "pay-1")]
    id: InstanceId,
}

/// An instance: one process that serves a service at a host and a port.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "namespace": "default", "service": "com.shop/pay", "id": "pay-1", "host": "10.0.0.7",
    "port": 8080, "protocol": "grpc", "version": "v2.1.0", "weight": 100,
    "metadata": {"env": "prod"}, "location": {"region": "eu", "zone": "eu-1", "campus": ""},
    "health_check": {"type": "heartbeat", "ttl_seconds": 5}, "isolated": false,
    "health": "healthy", "revision": 44, "created_revision": 3,
    "created_at": "2026-01-02T10:42:07Z", "modified_at": "2026-01-02T11:00:00Z",
}))]
pub(crate) struct Instance {
    #[schema(value_type = String)]
    namespace: NamespaceName,
    #[schema(value_type = String)]
    service: ServiceName,
    #[schema(value_type = String)]
    id: InstanceId,
    #[serde(flatten)]
    #[schema(inline)]
    spec: Spec,
    /// An operator took it out of every list; survives a registration.
    isolated: bool,
    health: Health,
    /// What the instance said of itself, where an operator changed it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    registered: Option<Spec>,
    /// The change that last touched it; its ETag.
    revision: u64,
    /// The change that created it.
    created_revision: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

/// What an instance says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = InstanceSpec)]
struct Spec {
    /// An IP address or a DNS name.
    #[schema(value_type = String)]
    host: Host,
    #[schema(value_type = u16, minimum = 1)]
    port: Port,
    /// Such as `grpc` or `http`; empty if unknown.
    #[schema(value_type = String)]
    protocol: Text,
    /// Such as `v2.1.0`; empty if unknown.
    #[schema(value_type = String)]
    version: Text,
    /// Its share of the calls, relative to the others; one of weight 0 gets none.
    #[schema(value_type = u16, maximum = 10_000)]
    weight: Weight,
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    location: Location,
    health_check: HealthCheck,
}

/// Where an instance runs; empty parts are unknown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Location {
    /// Up to 128 characters.
    #[schema(required = false)]
    region: String,
    /// Up to 128 characters.
    #[schema(required = false)]
    zone: String,
    /// Up to 128 characters.
    #[schema(required = false)]
    campus: String,
}

/// How the control plane knows the health of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    deny_unknown_fields,
    try_from = "HealthCheckBody"
)]
pub(crate) enum HealthCheck {
    /// The instance beats; three missed beats, or a lost stream, make it unhealthy.
    Heartbeat {
        /// Seconds between beats: 1..=60, default 5.
        #[serde(default = "default_ttl_seconds")]
        #[schema(minimum = 1, maximum = 60)]
        ttl_seconds: u64,
    },
    /// A static instance: its health is what somebody last said, healthy at first.
    None {},
}

/// A health check as it comes in: serde reads an enum whose tag is a field from a list too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HealthCheckBody {
    r#type: HealthCheckType,
    #[serde(default, deserialize_with = "not_null")]
    ttl_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum HealthCheckType {
    Heartbeat,
    None,
}

impl TryFrom<HealthCheckBody> for HealthCheck {
    type Error = &'static str;

    fn try_from(body: HealthCheckBody) -> Result<Self, Self::Error> {
        match (body.r#type, body.ttl_seconds) {
            (HealthCheckType::Heartbeat, given) => Ok(Self::Heartbeat {
                ttl_seconds: given.unwrap_or_else(default_ttl_seconds),
            }),
            (HealthCheckType::None, None) => Ok(Self::None {}),
            (HealthCheckType::None, Some(_)) => Err("ttl_seconds is for type heartbeat alone"),
        }
    }
}

/// Whether an instance can take calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Health {
    Healthy,
    Unhealthy,
}

fn default_ttl_seconds() -> u64 {
    model::Ttl::default().seconds()
}

impl InstancePath {
    fn key(self) -> (ServiceKey, InstanceId) {
        (ServiceKey::new(self.namespace, self.service), self.id)
    }
}

impl From<&model::Instance> for Instance {
    fn from(instance: &model::Instance) -> Self {
        Self {
            namespace: instance.service.namespace.clone(),
            service: instance.service.service.clone(),
            id: instance.id.clone(),
            spec: instance.spec.clone().into(),
            isolated: instance.isolated,
            health: instance.health.into(),
            registered: instance
                .registered
                .clone()
                .map(|said| Arc::unwrap_or_clone(said).into()),
            revision: instance.stamp.revision.get(),
            created_revision: instance.stamp.created_revision.get(),
            created_at: instance.stamp.created_at,
            modified_at: instance.stamp.modified_at,
        }
    }
}

impl From<model::InstanceSpec> for Spec {
    fn from(spec: model::InstanceSpec) -> Self {
        let model::Location {
            region,
            zone,
            campus,
        } = spec.location;
        Self {
            host: spec.host,
            port: spec.port,
            protocol: spec.protocol,
            version: spec.version,
            weight: spec.weight,
            metadata: spec.metadata,
            location: Location {
                region: region.into(),
                zone: zone.into(),
                campus: campus.into(),
            },
            health_check: match spec.health_check {
                model::HealthCheck::Heartbeat { ttl } => HealthCheck::Heartbeat {
                    ttl_seconds: ttl.seconds(),
                },
                model::HealthCheck::None => HealthCheck::None {},
            },
        }
    }
}

impl From<model::Health> for Health {
    fn from(health: model::Health) -> Self {
        match health {
            model::Health::Healthy => Self::Healthy,
            model::Health::Unhealthy => Self::Unhealthy,
        }
    }
}

impl From<Health> for model::Health {
    fn from(health: Health) -> Self {
        match health {
            Health::Healthy => Self::Healthy,
            Health::Unhealthy => Self::Unhealthy,
        }
    }
}

/// Where an instance is found, percent-encoded, and the revision that it is at.
fn place_of(registered: &Registered) -> (model::Revision, String) {
    let instance = &registered.instance;
    let service = service::location_of(&instance.service);
    let location = format!(
        "{service}/instances/{}",
        instance.id.as_str().replace('/', "%2F")
    );
    (instance.stamp.revision, location)
}

/// An instance that is not there.
fn not_found(service: &ServiceKey, id: &InstanceId) -> Error {
    let thing = Thing::instance(service, id);
    Obstacle::NotFound { thing }.into()
}
