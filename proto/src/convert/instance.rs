//! Instances, registrations and their parts.

use std::sync::Arc;

use merak_model::{
    Health, HealthCheck, Host, Instance, InstanceId, InstanceSpec, Invalid, Location, Metadata,
    Port, Registration, Revision, ServiceKey, Stamp, Timestamp, Ttl, Weight,
};

use crate::v1;

impl TryFrom<v1::RegisterRequest> for Registration {
    type Error = Invalid;

    fn try_from(request: v1::RegisterRequest) -> Result<Self, Invalid> {
        let id = match request.id.as_str() {
            "" => None,
            id => Some(InstanceId::parse(id)?),
        };
        Ok(Self {
            service: request
                .service
                .ok_or_else(|| Invalid::missing("service"))?
                .try_into()?,
            id,
            spec: request
                .spec
                .ok_or_else(|| Invalid::missing("spec"))?
                .try_into()?,
        })
    }
}

impl From<&Registration> for v1::RegisterRequest {
    fn from(registration: &Registration) -> Self {
        Self {
            service: Some((&registration.service).into()),
            id: registration
                .id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            spec: Some((&registration.spec).into()),
        }
    }
}

impl TryFrom<v1::InstanceKey> for (ServiceKey, InstanceId) {
    type Error = Invalid;

    fn try_from(key: v1::InstanceKey) -> Result<Self, Invalid> {
        let service = key.service.ok_or_else(|| Invalid::missing("service"))?;
        Ok((service.try_into()?, InstanceId::parse(&key.id)?))
    }
}

impl From<(&ServiceKey, &InstanceId)> for v1::InstanceKey {
    fn from((service, id): (&ServiceKey, &InstanceId)) -> Self {
        Self {
            service: Some(service.into()),
            id: id.to_string(),
        }
    }
}

impl TryFrom<v1::InstanceSpec> for InstanceSpec {
    type Error = Invalid;

    fn try_from(spec: v1::InstanceSpec) -> Result<Self, Invalid> {
        let host = Host::parse(&spec.host)?;
        let port = Port::new(u64::from(spec.port))?;
        let mut parsed = Self::new(host, port)
            .with_protocol(&spec.protocol)?
            .with_version(&spec.version)?;
        if let Some(weight) = spec.weight {
            parsed.weight = Weight::new(u64::from(weight))?;
        }
        parsed.metadata = Metadata::parse(spec.metadata)?;
        if let Some(location) = spec.location {
            parsed.location = Location::parse(&location.region, &location.zone, &location.campus)?;
        }
        if let Some(check) = spec.health_check {
            parsed.health_check = check.try_into()?;
        }
        Ok(parsed)
    }
}

impl From<&InstanceSpec> for v1::InstanceSpec {
    fn from(spec: &InstanceSpec) -> Self {
        let metadata = spec.metadata.iter();
        Self {
            host: spec.host.to_string(),
            port: u32::from(spec.port.get()),
            protocol: spec.protocol.to_string(),
            version: spec.version.to_string(),
            weight: Some(u32::from(spec.weight.get())),
            metadata: metadata
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            location: (!spec.location.is_unknown()).then(|| (&spec.location).into()),
            health_check: Some(spec.health_check.into()),
        }
    }
}

impl From<&Location> for v1::Location {
    fn from(location: &Location) -> Self {
        Self {
            region: location.region.to_string(),
            zone: location.zone.to_string(),
            campus: location.campus.to_string(),
        }
    }
}

impl TryFrom<v1::HealthCheck> for HealthCheck {
    type Error = Invalid;

    fn try_from(check: v1::HealthCheck) -> Result<Self, Invalid> {
        match check.kind {
            Some(v1::health_check::Kind::Heartbeat(heartbeat)) => match heartbeat.ttl_seconds {
                0 => Ok(Self::default()),
                seconds => Ok(Self::Heartbeat {
                    ttl: Ttl::from_seconds(u64::from(seconds))?,
                }),
            },
            Some(v1::health_check::Kind::None(_)) => Ok(Self::None),
            // An absent kind is also how a kind that this version does not know arrives.
            None => Err(Invalid::missing("health_check.kind")),
        }
    }
}

impl From<HealthCheck> for v1::HealthCheck {
    fn from(check: HealthCheck) -> Self {
        use v1::health_check::{Heartbeat, Kind, None as Static};
        let kind = match check {
            HealthCheck::Heartbeat { ttl } => Kind::Heartbeat(Heartbeat {
                ttl_seconds: ttl.seconds() as u32,
            }),
            HealthCheck::None => Kind::None(Static {}),
        };
        Self { kind: Some(kind) }
    }
}

impl From<Health> for v1::Health {
    fn from(health: Health) -> Self {
        match health {
            Health::Healthy => Self::Healthy,
            Health::Unhealthy => Self::Unhealthy,
        }
    }
}

impl From<&Instance> for v1::Instance {
    fn from(instance: &Instance) -> Self {
        Self {
            id: instance.id.to_string(),
            spec: Some((&instance.spec).into()),
            health: v1::Health::from(instance.health).into(),
            isolated: instance.isolated,
            revision: instance.stamp.revision.get(),
            created_revision: instance.stamp.created_revision.get(),
            created_at_ms: instance.stamp.created_at.unix_ms(),
            modified_at_ms: instance.stamp.modified_at.unix_ms(),
        }
    }
}

/// Reads an instance of `service`, which messages name once for all their instances.
///
/// # Errors
/// When a part is missing or outside the limits of the model.
pub fn instance_from_wire(
    service: &Arc<ServiceKey>,
    instance: v1::Instance,
) -> Result<Instance, Invalid> {
    let health = match instance.health() {
        v1::Health::Healthy => Health::Healthy,
        v1::Health::Unhealthy => Health::Unhealthy,
        v1::Health::Unspecified => return Err(Invalid::missing("health")),
    };
    Ok(Instance {
        service: Arc::clone(service),
        id: InstanceId::parse(&instance.id)?,
        spec: instance
            .spec
            .ok_or_else(|| Invalid::missing("spec"))?
            .try_into()?,
        registered: None,
        isolated: instance.isolated,
        health,
        stamp: Stamp {
            created_revision: Revision(instance.created_revision),
            revision: Revision(instance.revision),
            created_at: Timestamp::from_unix_ms(instance.created_at_ms),
            modified_at: Timestamp::from_unix_ms(instance.modified_at_ms),
        },
    })
}
