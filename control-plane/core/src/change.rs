//! One entry of the change log.

use std::{fmt, sync::Arc};

use merak_model::{
    Instance, InstanceId, Namespace, NamespaceName, Revision, Service, ServiceKey, ServiceName,
    Timestamp,
    routing::{RuleKey, RuleName},
};
use serde::Serialize;

use crate::{AnyRule, Event, RuleKind};

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
    /// What happened to a service, or to one of its instances.
    Event(Arc<ServiceKey>, Option<InstanceId>),
    Rule(RuleKind, Arc<RuleKey>),
}

/// A thing in one of its states.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Item {
    Namespace(Arc<Namespace>),
    Service(Arc<Service>),
    Instance(Arc<Instance>),
    Event(Arc<Event>),
    Rule(AnyRule),
}

/// The kinds of things that the log speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Namespace,
    Service,
    Instance,
    Event,
    Rule(RuleKind),
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Namespace,
        Self::Service,
        Self::Instance,
        Self::Event,
        Self::Rule(RuleKind::Routing),
        Self::Rule(RuleKind::Nearby),
        Self::Rule(RuleKind::RateLimit),
    ];

    /// The word that the API and the log use for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::Service => "service",
            Self::Instance => "instance",
            Self::Event => "event",
            Self::Rule(kind) => kind.as_str(),
        }
    }

    /// Whether it is a kind of rule.
    pub fn is_rule(self) -> bool {
        matches!(self, Self::Rule(_))
    }

    /// The kind that a word stands for.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Key {
    /// The kind of thing that it names.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Namespace(_) => Kind::Namespace,
            Self::Service(_) => Kind::Service,
            Self::Instance(..) => Kind::Instance,
            Self::Event(..) => Kind::Event,
            Self::Rule(kind, _) => Kind::Rule(*kind),
        }
    }

    /// The namespace that the thing is, or is in.
    pub fn namespace(&self) -> &NamespaceName {
        match self {
            Self::Namespace(name) => name,
            Self::Service(key) | Self::Instance(key, _) | Self::Event(key, _) => &key.namespace,
            Self::Rule(_, key) => &key.namespace,
        }
    }

    /// The service that the thing is, or belongs to.
    pub fn service(&self) -> Option<&ServiceName> {
        match self {
            Self::Namespace(_) | Self::Rule(..) => None,
            Self::Service(key) | Self::Instance(key, _) | Self::Event(key, _) => Some(&key.service),
        }
    }

    /// The instance that the thing is, or speaks of.
    pub fn instance(&self) -> Option<&InstanceId> {
        match self {
            Self::Namespace(_) | Self::Service(_) | Self::Rule(..) => None,
            Self::Instance(_, id) => Some(id),
            Self::Event(_, id) => id.as_ref(),
        }
    }

    /// The name of the rule that the thing is.
    pub fn rule(&self) -> Option<&RuleName> {
        match self {
            Self::Rule(_, key) => Some(&key.name),
            Self::Namespace(_) | Self::Service(_) | Self::Instance(..) | Self::Event(..) => None,
        }
    }
}

impl Item {
    /// The change that created it; an event was created by the change that records it.
    pub fn created_revision(&self) -> Option<Revision> {
        match self {
            Self::Namespace(namespace) => Some(namespace.stamp.created_revision),
            Self::Service(service) => Some(service.stamp.created_revision),
            Self::Instance(instance) => Some(instance.stamp.created_revision),
            Self::Event(_) => None,
            Self::Rule(rule) => Some(rule.stamp().created_revision),
        }
    }

    /// The rule that it is, if it is one.
    pub fn rule(&self) -> Option<&AnyRule> {
        match self {
            Self::Rule(rule) => Some(rule),
            Self::Namespace(_) | Self::Service(_) | Self::Instance(_) | Self::Event(_) => None,
        }
    }
}
