//! What is valid survives the way to the wire and back; what is not is refused by name.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use merak_model::{
    Health, HealthCheck, Host, Instance, InstanceId, InstanceSpec, Location, Metadata, Port,
    Registration, Revision, ServiceKey, Stamp, Timestamp, Ttl, Weight,
};
use merak_proto::{convert::instance_from_wire, v1};
use proptest::prelude::*;

fn any_spec() -> impl Strategy<Value = InstanceSpec> {
    let metadata = proptest::collection::btree_map("[a-z]{1,8}", "\\PC{0,16}", 0..8);
    let place = "[a-z0-9-]{0,8}";
    let check = prop_oneof![
        Just(HealthCheck::None),
        (1_u64..=60).prop_map(|seconds| HealthCheck::Heartbeat {
            ttl: Ttl::from_seconds(seconds).unwrap()
        }),
    ];
    (
        "[a-z]{1,9}(\\.[a-z]{1,9}){0,2}",
        1_u64..=65_535,
        0_u64..=10_000,
        metadata,
        place,
        check,
    )
        .prop_map(
            |(host, port, weight, metadata, zone, health_check)| InstanceSpec {
                weight: Weight::new(weight).unwrap(),
                metadata: Metadata::parse(metadata).unwrap(),
                location: Location::parse("", &zone, "").unwrap(),
                health_check,
                ..InstanceSpec::new(Host::parse(&host).unwrap(), Port::new(port).unwrap())
                    .with_version(&zone)
                    .unwrap()
            },
        )
}

proptest! {
    #[test]
    fn registrations_survive_the_wire(spec in any_spec(), named: bool) {
        let service = ServiceKey::parse("shop", "pay").unwrap();
        let id = named.then(|| InstanceId::parse("pay-1").unwrap());
        let registration = Registration { service, id, spec };
        let wire = v1::RegisterRequest::from(&registration);
        prop_assert_eq!(Registration::try_from(wire).unwrap(), registration);
    }

    #[test]
    fn instances_survive_the_wire(spec in any_spec(), isolated: bool, revision: u64) {
        let service = Arc::new(ServiceKey::parse("shop", "pay").unwrap());
        let instance = Instance {
            service: Arc::clone(&service),
            id: InstanceId::derived(&service, &spec.host, spec.port),
            spec,
            registered: None,
            isolated,
            health: if isolated { Health::Unhealthy } else { Health::Healthy },
            stamp: Stamp {
                created_revision: Revision(1),
                revision: Revision(revision),
                created_at: Timestamp::from_unix_ms(1_000),
                modified_at: Timestamp::from_unix_ms(2_000),
            },
        };
        let wire = v1::Instance::from(&instance);
        prop_assert_eq!(instance_from_wire(&service, wire).unwrap(), instance);
    }
}

fn request() -> v1::RegisterRequest {
    v1::RegisterRequest {
        service: Some(v1::ServiceKey {
            namespace: String::new(),
            service: "pay".to_owned(),
        }),
        id: String::new(),
        spec: Some(v1::InstanceSpec {
            host: "10.0.0.1".to_owned(),
            port: 80,
            ..Default::default()
        }),
    }
}

#[test]
fn an_empty_namespace_is_the_default_one_and_absent_parts_have_defaults() {
    let registration = Registration::try_from(request()).unwrap();
    assert_eq!(registration.service.to_string(), "default/pay");
    assert_eq!(registration.spec.weight.get(), 100);
    assert_eq!(registration.spec.health_check, HealthCheck::default());
}

#[test]
fn refused_values_are_named() {
    type Break = fn(&mut v1::RegisterRequest);
    let cases: [(&str, Break); 6] = [
        ("service", |request| request.service = None),
        ("spec", |request| request.spec = None),
        ("port", |request| {
            request.spec.as_mut().unwrap().port = 65_536
        }),
        ("weight", |request| {
            request.spec.as_mut().unwrap().weight = Some(10_001)
        }),
        ("health_check.ttl_seconds", |request| {
            let ttl = v1::health_check::Heartbeat { ttl_seconds: 61 };
            request.spec.as_mut().unwrap().health_check = Some(v1::HealthCheck {
                kind: Some(v1::health_check::Kind::Heartbeat(ttl)),
            });
        }),
        ("health_check.kind", |request| {
            request.spec.as_mut().unwrap().health_check = Some(v1::HealthCheck { kind: None });
        }),
    ];
    for (field, break_it) in cases {
        let mut broken = request();
        break_it(&mut broken);
        assert_eq!(Registration::try_from(broken).unwrap_err().field(), field);
    }
}
