//! What an instance says of itself, as it comes in.

use merak_model::{
    self as model, Host, InstanceId, InstanceSpec, Invalid, Port, Registration, ServiceKey, Ttl,
    Weight,
    invalid::together,
    text::{checked_text, limit},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{HealthCheck, Location};
use crate::{extract::not_null, metadata::Entries};

/// What an instance says of itself when it registers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InstanceRegistration, example = json!({
    "id": "pay-1", "host": "10.0.0.7", "port": 8080, "protocol": "grpc", "version": "v2.1.0",
    "weight": 100, "metadata": {"env": "prod"}, "location": {"region": "eu", "zone": "eu-1"},
    "health_check": {"type": "heartbeat", "ttl_seconds": 5},
}))]
pub(crate) struct RegistrationBody {
    /// 1..=128 letters, digits and `. _ : / -`. By default the hex SHA-1 of
    /// `namespace##service##host##port`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub(super) id: Option<String>,
    /// An IPv4 or IPv6 address without brackets, or a DNS name; up to 128 characters.
    pub(super) host: String,
    /// 1..=65535.
    #[schema(minimum = 1, maximum = 65_535)]
    pub(super) port: u64,
    /// Such as `grpc` or `http`; up to 64 characters.
    #[serde(default)]
    pub(super) protocol: String,
    /// Such as `v2.1.0`; up to 64 characters.
    #[serde(default)]
    pub(super) version: String,
    /// Its share of the calls, relative to the others: 0..=10000, default 100. 0 gets none.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, maximum = 10_000)]
    pub(super) weight: Option<u64>,
    /// Up to 64 entries: keys of 1..=128 characters, values up to 4096.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub(super) metadata: Entries<String>,
    #[serde(default)]
    pub(super) location: Location,
    /// By default a heartbeat every 5 seconds.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub(super) health_check: Option<HealthCheck>,
}

impl RegistrationBody {
    pub(super) fn parse(self, service: ServiceKey) -> Result<Registration, Invalid> {
        let id = self.id.as_deref().map(InstanceId::parse).transpose();
        let Location {
            region,
            zone,
            campus,
        } = &self.location;
        let health_check = match self.health_check {
            None => Ok(model::HealthCheck::default()),
            Some(HealthCheck::None {}) => Ok(model::HealthCheck::None),
            Some(HealthCheck::Heartbeat { ttl_seconds }) => {
                Ttl::from_seconds(ttl_seconds).map(|ttl| model::HealthCheck::Heartbeat { ttl })
            }
        };
        let (id, host, port, protocol, version, weight, metadata, location, health_check) =
            together((
                id,
                Host::parse(&self.host),
                Port::new(self.port),
                checked_text("protocol", &self.protocol, limit::PROTOCOL),
                checked_text("version", &self.version, limit::VERSION),
                self.weight.map_or(Ok(Weight::default()), Weight::new),
                self.metadata.parse(),
                model::Location::parse(region, zone, campus),
                health_check,
            ))?;
        let spec = InstanceSpec {
            host,
            port,
            protocol,
            version,
            weight,
            metadata,
            location,
            health_check,
        };
        Ok(Registration { service, id, spec })
    }
}
