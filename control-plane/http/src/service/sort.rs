//! What lists of services can be sorted by.

use super::{Found, SEPARATOR};
use crate::sort::{Sort, SortField, Value};

pub(super) type ServiceSort = Sort<ServiceField>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServiceField {
    Namespace,
    Name,
    InstanceCount,
    UnhealthyInstanceCount,
    IsolatedInstanceCount,
    Owners,
    ModifiedAt,
}

impl ServiceField {
    /// Whether it says something of the instances.
    pub(super) fn is_count(self) -> bool {
        matches!(
            self,
            Self::InstanceCount | Self::UnhealthyInstanceCount | Self::IsolatedInstanceCount
        )
    }
}

impl SortField for ServiceField {
    type Row = Found;

    const ALL: &'static [(&'static str, Self)] = &[
        ("namespace", Self::Namespace),
        ("name", Self::Name),
        ("instance_count", Self::InstanceCount),
        ("unhealthy_instance_count", Self::UnhealthyInstanceCount),
        ("isolated_instance_count", Self::IsolatedInstanceCount),
        ("owners", Self::Owners),
        ("modified_at", Self::ModifiedAt),
    ];

    fn value(self, (service, snapshot): &Found) -> Value {
        let counts = snapshot.as_ref().map(|snapshot| snapshot.counts());
        let counts = counts.unwrap_or_default();
        match self {
            Self::Namespace => Value::Text(service.key.namespace.to_string()),
            Self::Name => Value::Text(service.key.service.to_string()),
            Self::InstanceCount => Value::count(counts.total),
            Self::UnhealthyInstanceCount => Value::count(counts.unhealthy()),
            Self::IsolatedInstanceCount => Value::count(counts.isolated),
            Self::Owners => Value::Text(service.spec.owners.to_string()),
            Self::ModifiedAt => Value::Number(service.stamp.modified_at.unix_ms()),
        }
    }

    fn key((service, _): &Found) -> String {
        let key = &service.key;
        format!("{}{SEPARATOR}{}", key.namespace, key.service)
    }
}
