//! What a condition looks at in a call.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Invalid, Text,
    invalid::{Form, Why},
    text::checked_text,
};

/// One fact of a call, such as its path or the header `x-user`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    kind: FactKind,
    key: Text,
}

/// Where in a call a fact is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// The HTTP verb, or the full name of a gRPC method.
    Method,
    /// The path of the request.
    Path,
    /// A header; the name is not case-sensitive.
    Header,
    /// A parameter of the query.
    Query,
    /// A cookie.
    Cookie,
    /// The address of the caller.
    CallerIp,
    /// The namespace of the caller.
    CallerNamespace,
    /// The name of the calling service.
    CallerService,
    /// A label of the caller.
    CallerMetadata,
    /// What the application itself said of the call.
    Argument,
}

/// A fact as it is written: `{"on": "header", "key": "x-user"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactDocument {
    pub on: FactKind,
    /// Which header, parameter, cookie, label or argument.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
}

impl Fact {
    /// The longest key, in characters.
    pub const KEY_LIMIT: usize = 128;

    /// Checks a kind and its key.
    ///
    /// # Errors
    /// When a kind that has keys has none, another one has, or the key is too long.
    pub fn parse(kind: FactKind, key: &str) -> Result<Self, Invalid> {
        if kind.has_keys() && key.is_empty() {
            return Err(Invalid::missing("key"));
        }
        if !kind.has_keys() && !key.is_empty() {
            return Err(Invalid::because("key", Why::NoKeys { fact: kind }));
        }
        let mut key = checked_text("key", key, Self::KEY_LIMIT)?;
        if kind == FactKind::Header {
            key.make_ascii_lowercase();
        }
        Ok(Self { kind, key })
    }

    /// Parses a fact as one word, as it is displayed: `path`, or `header.x-user`.
    ///
    /// # Errors
    /// When there is no such kind, or as [`Fact::parse`].
    pub fn parse_word(word: &str) -> Result<Self, Invalid> {
        let (kind, key) = word.split_once('.').unwrap_or((word, ""));
        let known = FactKind::ALL.into_iter().find(|one| one.as_str() == kind);
        let unknown = || Invalid::malformed("fact", word, Form::Fact);
        Self::parse(known.ok_or_else(unknown)?, key)
    }

    /// Where in a call it is found.
    pub fn kind(&self) -> FactKind {
        self.kind
    }

    /// Which header (in lower case), parameter, cookie, label or argument; empty where there is one only.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl FactKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Method,
        Self::Path,
        Self::Header,
        Self::Query,
        Self::Cookie,
        Self::CallerIp,
        Self::CallerNamespace,
        Self::CallerService,
        Self::CallerMetadata,
        Self::Argument,
    ];

    /// Whether a call has many facts of the kind, told apart by a key.
    pub fn has_keys(self) -> bool {
        match self {
            Self::Header | Self::Query | Self::Cookie | Self::CallerMetadata | Self::Argument => {
                true
            }
            Self::Method
            | Self::Path
            | Self::CallerIp
            | Self::CallerNamespace
            | Self::CallerService => false,
        }
    }

    /// The kind as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Path => "path",
            Self::Header => "header",
            Self::Query => "query",
            Self::Cookie => "cookie",
            Self::CallerIp => "caller_ip",
            Self::CallerNamespace => "caller_namespace",
            Self::CallerService => "caller_service",
            Self::CallerMetadata => "caller_metadata",
            Self::Argument => "argument",
        }
    }
}

impl fmt::Display for FactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `path`, or `header.x-user`.
impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            return self.kind.fmt(f);
        }
        write!(f, "{}.{}", self.kind, self.key)
    }
}

impl TryFrom<FactDocument> for Fact {
    type Error = Invalid;

    fn try_from(document: FactDocument) -> Result<Self, Invalid> {
        Self::parse(document.on, &document.key)
    }
}

impl From<&Fact> for FactDocument {
    fn from(fact: &Fact) -> Self {
        Self {
            on: fact.kind,
            key: fact.key.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_parsed_as_it_is_displayed() {
        for kind in FactKind::ALL {
            let key = if kind.has_keys() { "x.user" } else { "" };
            let fact = Fact::parse(kind, key).unwrap();
            assert_eq!(Fact::parse_word(&fact.to_string()), Ok(fact));
        }
        for refused in ["", "header", "path.x", "host.x"] {
            assert!(Fact::parse_word(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_key_is_given_where_there_are_many() {
        let header = Fact::parse(FactKind::Header, "X-User").unwrap();
        assert_eq!(header.to_string(), "header.x-user");
        assert_eq!(Fact::parse(FactKind::Path, "").unwrap().to_string(), "path");
        assert_eq!(
            Fact::parse(FactKind::Query, "").unwrap_err().to_string(),
            "key: a value is required"
        );
        assert_eq!(
            Fact::parse(FactKind::CallerIp, "x")
                .unwrap_err()
                .to_string(),
            "key: `caller_ip` has no keys: leave it out"
        );
    }
}
