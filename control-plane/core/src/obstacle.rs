//! What is in the way of a request that is right in itself, in words and for programs.

use std::{fmt, sync::Arc};

use merak_model::{InstanceId, NamespaceName, Revision, ServiceKey, routing::RuleKey};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{Error, ErrorKind, Key, Kind, RuleKind};

/// What is in the way of a request that is right in itself.
///
/// `Display` is the sentence about it in English. As JSON it is a `code` that stays the same from release to
/// release, and what the sentence is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Obstacle {
    /// There is no such thing.
    NotFound { thing: Thing },
    /// There is such a thing, and none was expected.
    Exists { thing: Thing, revision: Revision },
    /// A service is not deleted while it has instances.
    HasInstances { service: Thing },
    /// A namespace is not deleted while it has things of these kinds.
    NotEmpty { namespace: Thing, held: Vec<Held> },
}

/// A thing that an obstacle is about.
///
/// As JSON it has a `kind`, a `name`, which is that within the `namespace` if it is in one, and for an
/// instance the `service`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing(Key);

/// A kind of things that a namespace has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held(Kind);

impl Thing {
    pub fn namespace(name: &NamespaceName) -> Self {
        Self(Key::Namespace(name.clone()))
    }

    pub fn service(key: &ServiceKey) -> Self {
        Self(Key::Service(Arc::new(key.clone())))
    }

    pub fn instance(service: &ServiceKey, id: &InstanceId) -> Self {
        Self(Key::Instance(Arc::new(service.clone()), id.clone()))
    }

    pub fn rule(kind: RuleKind, key: &RuleKey) -> Self {
        Self(Key::Rule(kind, Arc::new(key.clone())))
    }
}

impl Obstacle {
    /// What a namespace has that keeps it from being deleted; services first.
    pub(crate) fn not_empty(
        namespace: &NamespaceName,
        held: impl IntoIterator<Item = Kind>,
    ) -> Self {
        Self::NotEmpty {
            namespace: Thing::namespace(namespace),
            held: held.into_iter().map(Held).collect(),
        }
    }
}

impl From<Obstacle> for Error {
    fn from(obstacle: Obstacle) -> Self {
        let error = match &obstacle {
            Obstacle::NotFound { .. } => Self::new(ErrorKind::NotFound, obstacle.to_string()),
            Obstacle::Exists { revision, .. } => {
                Self::precondition_failed(obstacle.to_string(), Some(*revision))
            }
            Obstacle::HasInstances { .. } | Obstacle::NotEmpty { .. } => {
                Self::conflict(obstacle.to_string())
            }
        };
        error.with_obstacle(obstacle)
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { thing } => write!(f, "{thing} not found"),
            Self::Exists { thing, revision } => {
                write!(f, "{thing} exists already, at revision {revision}")
            }
            Self::HasInstances { service } => {
                write!(f, "{service} still has instances: remove them first")
            }
            Self::NotEmpty { namespace, held } => {
                let held: Vec<String> = held.iter().map(|one| format!("{one}s")).collect();
                write!(
                    f,
                    "{namespace} still has {}: delete them first",
                    held.join(" and ")
                )
            }
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Key::Namespace(name) => write!(f, "namespace `{name}`"),
            Key::Service(key) | Key::Event(key, None) => write!(f, "service `{key}`"),
            Key::Instance(service, id) | Key::Event(service, Some(id)) => {
                write!(f, "instance `{id}` of service `{service}`")
            }
            Key::Rule(kind, key) => write!(f, "{kind} `{key}`"),
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Rule(kind) => kind.fmt(f),
            Kind::Namespace | Kind::Service | Kind::Instance | Kind::Event => self.0.fmt(f),
        }
    }
}

impl Serialize for Held {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl Serialize for Thing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Thing", 4)?;
        fields.serialize_field("kind", self.0.kind().as_str())?;
        match &self.0 {
            Key::Namespace(name) => fields.serialize_field("name", name)?,
            Key::Service(key) | Key::Event(key, None) => {
                fields.serialize_field("namespace", &key.namespace)?;
                fields.serialize_field("name", &key.service)?;
            }
            Key::Instance(key, id) | Key::Event(key, Some(id)) => {
                fields.serialize_field("namespace", &key.namespace)?;
                fields.serialize_field("service", &key.service)?;
                fields.serialize_field("name", id)?;
            }
            Key::Rule(_, key) => {
                fields.serialize_field("namespace", &key.namespace)?;
                fields.serialize_field("name", &key.name)?;
            }
        }
        fields.end()
    }
}
