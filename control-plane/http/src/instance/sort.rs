//! What lists of instances can be sorted by.

use std::sync::Arc;

use merak_model::Instance;

use crate::sort::{Sort, SortField, Value};

pub(super) type InstanceSort = Sort<InstanceField>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InstanceField {
    Id,
    Host,
    Health,
    Isolated,
    Weight,
    Version,
    Protocol,
    Zone,
    ModifiedAt,
}

impl SortField for InstanceField {
    type Row = Arc<Instance>;

    const ALL: &'static [(&'static str, Self)] = &[
        ("id", Self::Id),
        ("host", Self::Host),
        ("health", Self::Health),
        ("isolated", Self::Isolated),
        ("weight", Self::Weight),
        ("version", Self::Version),
        ("protocol", Self::Protocol),
        ("zone", Self::Zone),
        ("modified_at", Self::ModifiedAt),
    ];

    fn value(self, instance: &Arc<Instance>) -> Value {
        let spec = &instance.spec;
        match self {
            Self::Id => Value::Text(instance.id.to_string()),
            // A space sorts before all that a host contains.
            Self::Host => Value::natural(&format!("{} {}", spec.host, spec.port)),
            Self::Health => Value::count(usize::from(!instance.health.is_healthy())),
            Self::Isolated => Value::count(usize::from(instance.isolated)),
            Self::Weight => Value::Number(i64::from(spec.weight.get())),
            Self::Version => Value::natural(&spec.version),
            Self::Protocol => Value::Text(spec.protocol.to_string()),
            Self::Zone => Value::Text(spec.location.zone.to_string()),
            Self::ModifiedAt => Value::Number(instance.stamp.modified_at.unix_ms()),
        }
    }

    fn key(instance: &Arc<Instance>) -> String {
        instance.id.to_string()
    }
}
