//! One entry of the change log.

use std::sync::Arc;

use merak_model::{
    Instance, InstanceId, Namespace, NamespaceName, Revision, Service, ServiceKey, Timestamp,
};
use serde::Serialize;

/// One durable change of one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub revision: Revision,
    pub at: Timestamp,
    pub actor: Arc<str>,
    pub request_id: Arc<str>,
    pub key: Key,
    /// The state before; none if the change created the thing.
    pub before: Option<Item>,
    /// The state after; none if the change deleted the thing.
    pub after: Option<Item>,
}

/// Names a thing that the log speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    Namespace(NamespaceName),
    Service(Arc<ServiceKey>),
    Instance(Arc<ServiceKey>, InstanceId),
}

/// A thing in one of its states.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Item {
    Namespace(Arc<Namespace>),
    Service(Arc<Service>),
    Instance(Arc<Instance>),
}

impl Key {
    /// The word for the kind of thing: `namespace`, `service` or `instance`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Namespace(_) => "namespace",
            Self::Service(_) => "service",
            Self::Instance(..) => "instance",
        }
    }

    /// The namespace that the thing is, or is in.
    pub fn namespace(&self) -> &NamespaceName {
        match self {
            Self::Namespace(name) => name,
            Self::Service(key) | Self::Instance(key, _) => &key.namespace,
        }
    }
}
