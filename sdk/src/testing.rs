//! States for tests.

use std::{ops::RangeInclusive, sync::Arc};

use merak_model::{
    Health, Host, Instance, InstanceSpec, Port, Registration, Revision, ServiceKey, Stamp,
    limiting::RateLimitRule, routing::RuleKey,
};

use crate::{
    limits::LimitRules,
    state::{Known, Origin, ServiceState},
};

pub(crate) fn instance(key: &Arc<ServiceKey>, port: u64, revision: u64) -> Instance {
    let registration = Registration {
        service: (**key).clone(),
        id: None,
        spec: InstanceSpec::new(Host::parse("10.0.0.1").unwrap(), Port::new(port).unwrap()),
    };
    Instance {
        service: Arc::clone(key),
        id: registration.instance_id(),
        spec: registration.spec,
        registered: None,
        isolated: false,
        health: Health::Healthy,
        stamp: Stamp {
            revision: Revision(revision),
            ..Stamp::default()
        },
    }
}

pub(crate) fn state(
    key: &Arc<ServiceKey>,
    revision: u64,
    ports: RangeInclusive<u64>,
) -> ServiceState {
    let instances = ports.map(|port| Arc::new(instance(key, port, revision)));
    let known = Known {
        instances: Arc::new(instances.map(|one| (one.id.clone(), one)).collect()),
        ..Known::new(Arc::default())
    };
    let revision = Revision(revision);
    ServiceState::new(Arc::clone(key), revision, Origin::ControlPlane, known)
}

/// One rule that lets `max` calls a minute through.
pub(crate) fn limits(key: &Arc<ServiceKey>, revision: u64, max: u64) -> LimitRules {
    let spec = serde_json::json!({
        "callee": {"service": key.service.as_str()},
        "amounts": [{"max": max, "window_ms": 60_000}],
    });
    let rule = RateLimitRule {
        key: RuleKey::parse("default", "few").unwrap(),
        spec: serde_json::from_value(spec).unwrap(),
        stamp: Stamp::default(),
    };
    LimitRules {
        service: Arc::clone(key),
        revision: Revision(revision),
        rules: [Arc::new(rule)].into_iter().collect(),
    }
}
