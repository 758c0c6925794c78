//! A namespace: what separates teams or environments from each other.

use serde::{Deserialize, Serialize};

use crate::{
    Invalid, Metadata, NamespaceName, Stamp, Text,
    invalid::together,
    text::{checked_text, limit},
};

/// A namespace as the control plane holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    pub name: NamespaceName,
    #[serde(flatten)]
    pub spec: NamespaceSpec,
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// What people say of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NamespaceSpec {
    /// Up to 1024 characters.
    pub comment: Text,
    pub metadata: Metadata,
}

impl NamespaceSpec {
    /// Checks the parts.
    ///
    /// # Errors
    /// When the comment is too long or has a control character, and when [`Metadata::parse`] refuses the
    /// entries.
    pub fn parse<K: AsRef<str>, V: AsRef<str>>(
        comment: &str,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, Invalid> {
        let (comment, metadata) = together((
            checked_text("comment", comment, limit::COMMENT),
            Metadata::parse(entries),
        ))?;
        Ok(Self { comment, metadata })
    }
}
