//! Which callers and which callees a rule is for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Condition, Entries, Fact, FactKind, LabelDocument, Matcher, Test,
    document::{checked_count, not_null},
};
use crate::{
    Invalid, Metadata, NamespaceName, ServiceKey, ServiceName, Text,
    invalid::{Why, together},
    text::checked_text,
};

/// One name, or any, which is written `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector<T> {
    Any,
    Named(T),
}

/// The callers that a rule is for; by default every one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerSelector {
    pub namespace: Selector<NamespaceName>,
    pub service: Selector<ServiceName>,
    metadata: Box<[Condition]>,
}

/// The services that a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalleeSelector {
    /// By default the rule's own.
    pub namespace: Option<Selector<NamespaceName>>,
    pub service: Selector<ServiceName>,
}

/// The callers of a rule as they are written; what is left out may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerDocument {
    /// A name or `*`.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub namespace: Option<String>,
    /// A name or `*`.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub service: Option<String>,
    /// Tests of the caller's labels, all of which must hold; a text stands for `exact`.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub metadata: Entries<LabelDocument>,
}

/// The callee of a rule as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalleeDocument {
    /// A name or `*`; by default the rule's own namespace.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub namespace: Option<String>,
    /// A name or `*`.
    pub service: String,
}

impl<T: PartialEq> Selector<T> {
    /// Whether a name is meant.
    pub fn selects(&self, name: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Named(named) => named == name,
        }
    }
}

impl<T> Selector<T> {
    fn parse(
        field: &'static str,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Result<Self, Invalid> {
        match value {
            "*" => Ok(Self::Any),
            name => match parse(name) {
                Ok(name) => Ok(Self::Named(name)),
                Err(invalid) => Err(Invalid::new(field, invalid.problem().clone())),
            },
        }
    }
}

impl<T: fmt::Display> fmt::Display for Selector<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Named(name) => name.fmt(f),
        }
    }
}

impl CallerSelector {
    /// The most labels that may be tested.
    pub const METADATA_LIMIT: usize = 16;

    /// Whether no caller is left out.
    pub fn is_any(&self) -> bool {
        self.namespace == Selector::Any && self.service == Selector::Any && self.metadata.is_empty()
    }

    /// The conditions on the caller's labels, sorted by key.
    pub fn metadata(&self) -> &[Condition] {
        &self.metadata
    }

    /// All that is asked of a caller, as conditions that it must all meet.
    pub fn conditions(&self) -> Vec<Condition> {
        let named = |kind, name: &str| {
            let fact = Fact::parse(kind, "").expect("the caller's name has no keys");
            let test = Test::Value(Matcher::Exact(name.into()));
            Condition { fact, test }
        };
        let mut conditions = Vec::new();
        if let Selector::Named(namespace) = &self.namespace {
            conditions.push(named(FactKind::CallerNamespace, namespace.as_str()));
        }
        if let Selector::Named(service) = &self.service {
            conditions.push(named(FactKind::CallerService, service.as_str()));
        }
        conditions.extend_from_slice(&self.metadata);
        conditions
    }
}

impl Default for CallerSelector {
    fn default() -> Self {
        Self {
            namespace: Selector::Any,
            service: Selector::Any,
            metadata: Box::default(),
        }
    }
}

impl CalleeSelector {
    /// The services of a namespace and a name, for a rule that belongs to `home`.
    pub fn selects(&self, service: &ServiceKey, home: &NamespaceName) -> bool {
        self.service.selects(&service.service) && self.selects_namespace(&service.namespace, home)
    }

    fn selects_namespace(&self, namespace: &NamespaceName, home: &NamespaceName) -> bool {
        match &self.namespace {
            None => namespace == home,
            Some(selector) => selector.selects(namespace),
        }
    }

    /// The namespace that is meant, for a rule that belongs to `home`.
    pub fn namespace_in(&self, home: &NamespaceName) -> Selector<NamespaceName> {
        match &self.namespace {
            None => Selector::Named(home.clone()),
            Some(selector) => selector.clone(),
        }
    }
}

impl TryFrom<CallerDocument> for CallerSelector {
    type Error = Invalid;

    fn try_from(document: CallerDocument) -> Result<Self, Invalid> {
        let namespace = document.namespace.as_deref().unwrap_or("*");
        let service = document.service.as_deref().unwrap_or("*");
        let count = document.metadata.0.len();
        checked_count("metadata", count, Self::METADATA_LIMIT)?;
        let metadata = document.metadata.parse("metadata", |key, label| {
            let fact = Fact::parse(FactKind::CallerMetadata, &checked_key(key)?)?;
            let test = label.parse()?;
            Ok(Condition { fact, test })
        });
        let (namespace, service, mut metadata) = together((
            Selector::parse("namespace", namespace, NamespaceName::parse),
            Selector::parse("service", service, ServiceName::parse),
            metadata,
        ))?;
        metadata.sort_unstable_by(|one, other| one.fact.cmp(&other.fact));
        Ok(Self {
            namespace,
            service,
            metadata: metadata.into(),
        })
    }
}

/// Checks the key of a label.
pub(super) fn checked_key(key: &str) -> Result<Text, Invalid> {
    if key.is_empty() {
        return Err(Invalid::because("", Why::EmptyKey));
    }
    checked_text("", key, Metadata::KEY_LIMIT)
}

impl From<&CallerSelector> for CallerDocument {
    fn from(selector: &CallerSelector) -> Self {
        let tests = selector
            .metadata
            .iter()
            .map(|one| (one.fact.key().to_owned(), LabelDocument::from(&one.test)));
        Self {
            namespace: named(&selector.namespace),
            service: named(&selector.service),
            metadata: Entries(tests.collect()),
        }
    }
}

fn named<T: fmt::Display>(selector: &Selector<T>) -> Option<String> {
    match selector {
        Selector::Any => None,
        Selector::Named(name) => Some(name.to_string()),
    }
}

impl TryFrom<CalleeDocument> for CalleeSelector {
    type Error = Invalid;

    fn try_from(document: CalleeDocument) -> Result<Self, Invalid> {
        let namespace = document.namespace.as_deref();
        let namespace =
            namespace.map(|name| Selector::parse("namespace", name, NamespaceName::parse));
        let (namespace, service) = together((
            namespace.transpose(),
            Selector::parse("service", &document.service, ServiceName::parse),
        ))?;
        Ok(Self { namespace, service })
    }
}

impl From<&CalleeSelector> for CalleeDocument {
    fn from(selector: &CalleeSelector) -> Self {
        Self {
            namespace: selector.namespace.as_ref().map(ToString::to_string),
            service: selector.service.to_string(),
        }
    }
}
