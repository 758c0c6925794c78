//! What an application says when it joins a service.

use std::{collections::BTreeMap, time::Duration};

use merak_model::{
    HealthCheck, Host, InstanceId, InstanceSpec, Invalid, Location, Metadata, NamespaceName, Port,
    ServiceKey, ServiceName, Ttl, Weight, invalid::Form,
};

/// A wish to join a service.
///
/// ```
/// use std::time::Duration;
/// use merak_sdk::Registration;
///
/// let registration = Registration::new("micro-pay", "10.0.0.7", 18888)
///     .version("v2.1.0")
///     .protocol("grpc")
///     .weight(200)
///     .metadata("env", "prod")
///     .ttl(Duration::from_secs(3));
/// # drop(registration);
/// ```
#[derive(Debug, Clone)]
pub struct Registration {
    namespace: Option<String>,
    service: String,
    id: Option<String>,
    host: String,
    port: u16,
    protocol: String,
    version: String,
    weight: u32,
    metadata: BTreeMap<String, String>,
    location: (String, String, String),
    ttl: Option<Duration>,
}

impl Registration {
    /// A wish to join `service` at an address that its callers can reach: an IP address or a DNS name,
    /// up to 128 characters, and a port of 1..=65535.
    pub fn new(service: impl Into<String>, host: impl Into<String>, port: u16) -> Self {
        Self {
            namespace: None,
            service: service.into(),
            id: None,
            host: host.into(),
            port,
            protocol: String::new(),
            version: String::new(),
            weight: 100,
            metadata: BTreeMap::new(),
            location: Default::default(),
            ttl: Some(Duration::from_secs(5)),
        }
    }

    /// The namespace of the service; by default that of the client.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The id of the instance, 1..=128 characters of `0-9A-Za-z._:/-`; by default the hex SHA-1 of
    /// `namespace##service##host##port`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Such as `grpc` or `http`; up to 64 characters, empty by default.
    #[must_use]
    pub fn protocol(mut self, protocol: impl Into<String>) -> Self {
        self.protocol = protocol.into();
        self
    }

    /// Such as `v2.1.0`; up to 64 characters, empty by default.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The share of calls relative to other instances, 0..=10000; 100 by default, 0 gets none.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Adds a label: at most 64, keys of 1..=128 characters, values up to 4096.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Where the instance runs; each part up to 128 characters, empty if unknown.
    #[must_use]
    pub fn location(
        mut self,
        region: impl Into<String>,
        zone: impl Into<String>,
        campus: impl Into<String>,
    ) -> Self {
        self.location = (region.into(), zone.into(), campus.into());
        self
    }

    /// The time between heartbeats: whole seconds, 1..=60, 5 by default.
    ///
    /// The instance is unhealthy after three times that without a beat, or some two seconds after
    /// its process ended.
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Registers a static instance: it does not beat, and is healthy until an operator says otherwise.
    #[must_use]
    pub fn without_heartbeat(mut self) -> Self {
        self.ttl = None;
        self
    }

    pub(crate) fn parse(
        &self,
        default_namespace: &NamespaceName,
    ) -> Result<merak_model::Registration, Invalid> {
        let namespace = match &self.namespace {
            Some(namespace) => NamespaceName::parse(namespace)?,
            None => default_namespace.clone(),
        };
        let host = Host::parse(&self.host)?;
        let spec = InstanceSpec::new(host, Port::new(u64::from(self.port))?);
        let (region, zone, campus) = &self.location;
        Ok(merak_model::Registration {
            service: ServiceKey::new(namespace, ServiceName::parse(&self.service)?),
            id: self.id.as_deref().map(InstanceId::parse).transpose()?,
            spec: InstanceSpec {
                weight: Weight::new(u64::from(self.weight))?,
                metadata: Metadata::parse(&self.metadata)?,
                location: Location::parse(region, zone, campus)?,
                health_check: self.health_check()?,
                ..spec
                    .with_protocol(&self.protocol)?
                    .with_version(&self.version)?
            },
        })
    }

    fn health_check(&self) -> Result<HealthCheck, Invalid> {
        let Some(ttl) = self.ttl else {
            return Ok(HealthCheck::None);
        };
        if ttl.subsec_nanos() != 0 {
            return Err(Invalid::malformed(
                "ttl",
                format!("{ttl:?}"),
                Form::Other("whole seconds"),
            ));
        }
        let ttl = Ttl::from_seconds(ttl.as_secs())?;
        Ok(HealthCheck::Heartbeat { ttl })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_valid_is_named() {
        let valid = || Registration::new("pay", "10.0.0.1", 80);
        let cases = [
            (Registration::new("", "10.0.0.1", 80), "service"),
            (Registration::new("pay", "10.0.0.1", 0), "port"),
            (valid().weight(10_001), "weight"),
            (valid().ttl(Duration::from_millis(1500)), "ttl"),
            (valid().id("a b"), "id"),
        ];
        for (registration, field) in cases {
            let refused = registration.parse(&NamespaceName::default()).unwrap_err();
            assert_eq!(refused.field(), field);
        }
        assert!(valid().parse(&NamespaceName::default()).is_ok());
    }
}
