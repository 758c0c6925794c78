//! An instance: one process that serves a service at a host and a port.

use std::{fmt, fmt::Write as _, sync::Arc};

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use crate::{
    Health, HealthCheck, Host, Invalid, Location, Metadata, Port, ServiceKey, Stamp, Text, Weight,
    name::name_type,
    text::{checked_text, limit},
};

name_type! {
    /// The id of an instance within its service: 1..=128 characters of `0-9A-Za-z._:/-`.
    InstanceId, field = "id", limit = 128
}

impl InstanceId {
    /// The id that an instance gets unless its registration names one: hex SHA-1 of
    /// `namespace##service##host##port`, the rule of Polaris (`common/utils/funcs.go`).
    pub fn derived(service: &ServiceKey, host: &Host, port: Port) -> Self {
        let mut digest = Sha1::new();
        for part in [
            service.namespace.as_str(),
            "##",
            service.service.as_str(),
            "##",
        ] {
            digest.update(part.as_bytes());
        }
        digest.update(host.as_str().as_bytes());
        digest.update(b"##");
        digest.update(port.to_string().as_bytes());
        let mut hex = String::with_capacity(40);
        for byte in digest.finalize() {
            write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
        }
        Self(Arc::from(hex))
    }
}

/// What an instance says of itself when it registers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSpec {
    pub host: Host,
    pub port: Port,
    /// Such as `grpc` or `http`; up to 64 characters.
    pub protocol: Text,
    /// Such as `v2.1.0`; up to 64 characters.
    pub version: Text,
    pub weight: Weight,
    pub metadata: Metadata,
    pub location: Location,
    pub health_check: HealthCheck,
}

impl InstanceSpec {
    /// An instance at a host and a port, with the default of everything else.
    pub fn new(host: Host, port: Port) -> Self {
        Self {
            host,
            port,
            protocol: Text::default(),
            version: Text::default(),
            weight: Weight::default(),
            metadata: Metadata::default(),
            location: Location::default(),
            health_check: HealthCheck::default(),
        }
    }

    /// Sets the protocol.
    ///
    /// # Errors
    /// When it is longer than 64 characters or has a control character.
    pub fn with_protocol(mut self, protocol: &str) -> Result<Self, Invalid> {
        self.protocol = checked_text("protocol", protocol, limit::PROTOCOL)?;
        Ok(self)
    }

    /// Sets the version.
    ///
    /// # Errors
    /// When it is longer than 64 characters or has a control character.
    pub fn with_version(mut self, version: &str) -> Result<Self, Invalid> {
        self.version = checked_text("version", version, limit::VERSION)?;
        Ok(self)
    }

    /// The address to connect to, `host:port`.
    pub fn address(&self) -> String {
        self.host.with_port(self.port)
    }
}

/// A wish to join a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub service: ServiceKey,
    /// The id to use; by default [`InstanceId::derived`].
    pub id: Option<InstanceId>,
    pub spec: InstanceSpec,
}

impl Registration {
    /// The id that the instance has or will have.
    pub fn instance_id(&self) -> InstanceId {
        match &self.id {
            Some(id) => id.clone(),
            None => InstanceId::derived(&self.service, &self.spec.host, self.spec.port),
        }
    }
}

/// An instance as the control plane holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    #[serde(flatten)]
    pub service: Arc<ServiceKey>,
    pub id: InstanceId,
    #[serde(flatten)]
    pub spec: InstanceSpec,
    /// What the instance said of itself, where an operator changed it since.
    ///
    /// An instance that registers with the same words again keeps what the operator set; one that
    /// says something new is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Arc<InstanceSpec>>,
    /// An operator took it out of every list; survives a re-registration.
    pub isolated: bool,
    pub health: Health,
    #[serde(flatten)]
    pub stamp: Stamp,
}

impl Instance {
    /// Whether two states of an instance differ in nothing that anybody set: all but the stamp.
    pub fn has_same_content(&self, other: &Self) -> bool {
        self.health == other.health
            && self.isolated == other.isolated
            && self.spec == other.spec
            && self.registered == other.registered
            && self.id == other.id
            && self.service == other.service
    }

    /// What the instance itself said when it last registered.
    pub fn registered_spec(&self) -> &InstanceSpec {
        self.registered.as_deref().unwrap_or(&self.spec)
    }

    /// The address to connect to, `host:port`.
    pub fn address(&self) -> String {
        self.spec.address()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derived_id_is_the_one_that_polaris_derives() {
        let service = ServiceKey::parse("default", "micro-pay").unwrap();
        let id = InstanceId::derived(
            &service,
            &Host::parse("10.0.0.7").unwrap(),
            Port::new(18888).unwrap(),
        );
        // printf '%s' 'default##micro-pay##10.0.0.7##18888' | sha1sum
        assert_eq!(id.as_str(), "02967a72e2210377d2efa11598b0c47d3cf56dfd");
    }
}
