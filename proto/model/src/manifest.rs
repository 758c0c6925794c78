//! A document that says which thing it is: `kind`, `metadata` and `spec`.
//!
//! It is how rules and their tests stand in files. The `spec` is what the thing's own document says; an
//! unknown kind and an unknown field are refused with their place.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned, de::IgnoredAny};

use crate::{
    Invalid, NamespaceName, Stamp,
    limiting::{RateLimitRule, RateLimitRuleDocument, RateLimitRuleSpec},
    routing::{
        self, NearbyDocument, NearbyRule, NearbySpec, RoutingRule, RoutingRuleDocument,
        RoutingRuleSpec, RoutingTest, RoutingTestDocument, RuleKey,
    },
};

/// A document that was read: what it is, as far as that is known, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// None if it is no known kind.
    pub kind: Option<Kind>,
    /// None if it has no valid name.
    pub key: Option<RuleKey>,
    /// What it says, or what is wrong with it.
    pub content: Result<Content, Invalid>,
}

/// The kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    RoutingRule,
    NearbyRule,
    RateLimitRule,
    RoutingTest,
}

/// What a document says.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "few at a time, and each is used")]
pub enum Content {
    RoutingRule(RoutingRule),
    NearbyRule(NearbyRule),
    RateLimitRule(RateLimitRule),
    RoutingTest(RoutingTest),
}

/// What every document has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    kind: Kind,
    metadata: KeyDocument,
    #[serde(rename = "spec")]
    _spec: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyDocument {
    #[serde(default = "default_namespace")]
    namespace: String,
    name: String,
}

fn default_namespace() -> String {
    NamespaceName::DEFAULT.to_owned()
}

#[derive(Deserialize)]
struct Body<T> {
    spec: T,
}

impl Manifest {
    /// Reads a document, which is read several times: once for its kind, and by the shape of that.
    ///
    /// ```
    /// use merak_model::manifest::{Kind, Manifest};
    /// let document = serde_json::json!({
    ///     "kind": "NearbyRule",
    ///     "metadata": {"namespace": "shop", "name": "near"},
    ///     "spec": {"callee": {"service": "order"}, "levle": "zone"},
    /// });
    /// let manifest = Manifest::read(&document);
    /// assert_eq!(manifest.kind, Some(Kind::NearbyRule));
    /// assert_eq!(manifest.content.unwrap_err().field(), "spec.levle");
    /// ```
    pub fn read<'de, D: Deserializer<'de> + Copy>(document: D) -> Self {
        let head: Head = match routing::parse(document) {
            Ok(head) => head,
            Err(invalid) => {
                return Self {
                    kind: None,
                    key: None,
                    content: Err(invalid),
                };
            }
        };
        let KeyDocument { namespace, name } = head.metadata;
        let key = RuleKey::parse(&namespace, &name);
        let key = key.map_err(|invalid| invalid.within("metadata"));
        let content = key
            .clone()
            .and_then(|key| content(head.kind, key, document));
        Self {
            kind: Some(head.kind),
            key: key.ok(),
            content,
        }
    }
}

fn content<'de, D: Deserializer<'de> + Copy>(
    kind: Kind,
    key: RuleKey,
    document: D,
) -> Result<Content, Invalid> {
    let stamp = Stamp::default();
    Ok(match kind {
        Kind::RoutingRule => {
            let spec = spec::<RoutingRuleDocument, _, _>(document, RoutingRuleSpec::parse)?;
            Content::RoutingRule(RoutingRule { key, spec, stamp })
        }
        Kind::NearbyRule => {
            let spec = spec::<NearbyDocument, _, _>(document, NearbySpec::parse)?;
            Content::NearbyRule(NearbyRule { key, spec, stamp })
        }
        Kind::RateLimitRule => {
            let spec = spec::<RateLimitRuleDocument, _, _>(document, RateLimitRuleSpec::parse)?;
            Content::RateLimitRule(RateLimitRule { key, spec, stamp })
        }
        Kind::RoutingTest => {
            let test = spec::<RoutingTestDocument, _, _>(document, RoutingTest::parse)?;
            Content::RoutingTest(test.at_home(&key.namespace))
        }
    })
}

fn spec<'de, T: DeserializeOwned, S, D: Deserializer<'de>>(
    document: D,
    parse: fn(T) -> Result<S, Invalid>,
) -> Result<S, Invalid> {
    let Body { spec } = routing::parse::<Body<T>, D>(document)?;
    parse(spec).map_err(|invalid| invalid.within("spec"))
}

impl Kind {
    /// The kind as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoutingRule => "RoutingRule",
            Self::NearbyRule => "NearbyRule",
            Self::RateLimitRule => "RateLimitRule",
            Self::RoutingTest => "RoutingTest",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
