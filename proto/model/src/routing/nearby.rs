//! A nearby rule: instances near the caller first.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    CalleeDocument, CalleeSelector, Entries, RuleKey, RuleName,
    rule::{checked_priority, truth},
};
use crate::{
    Invalid, Location, Metadata, NamespaceName, ServiceKey, Stamp, Text,
    invalid::{Why, together},
    text::{checked_text, limit},
};

/// A nearby rule as the control plane holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NearbyRule {
    #[serde(flatten)]
    pub key: RuleKey,
    pub spec: NearbySpec,
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// What people say of a nearby rule.
///
/// Calls go to the instances that share `level` with their caller, as long as enough of those are
/// healthy; else to those that share the next wider level, up to `max_level`. Of several rules for a
/// callee the first one in the order of their priorities and names applies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "NearbyDocument", into = "NearbyDocument")]
pub struct NearbySpec {
    /// Up to 1024 characters.
    pub description: Text,
    /// Labels of the rule itself.
    pub metadata: Metadata,
    /// A rule that is not enabled is kept and not applied.
    pub enabled: bool,
    priority: u32,
    pub callee: CalleeSelector,
    level: Level,
    max_level: Level,
    /// Whether calls stay within `max_level` even where it has no instance for them, or where the
    /// caller's location is not known: they are refused then.
    pub strict: bool,
    spill_over: f64,
}

/// How much of its location an instance shares with a caller, from the nearest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Region, zone and campus.
    Campus,
    /// Region and zone.
    Zone,
    /// The region.
    Region,
    /// Nothing: every instance.
    All,
}

/// A nearby rule as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NearbyDocument {
    /// Up to 1024 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Labels of the rule itself, up to 64 entries.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub metadata: Entries<String>,
    /// By default true.
    #[serde(default = "truth")]
    pub enabled: bool,
    /// 0..=10000, default 0: of several rules for a callee the lowest one applies.
    #[serde(default)]
    pub priority: u64,
    pub callee: CalleeDocument,
    /// The level that is tried first; by default the zone.
    #[serde(default = "zone")]
    pub level: Level,
    /// The widest level, not nearer than `level`; by default all.
    #[serde(default = "all")]
    pub max_level: Level,
    /// By default false: where `max_level` has no instance, calls go to any.
    #[serde(default)]
    pub strict: bool,
    /// The share of healthy instances, 0..=1, at or below which a wider level is used; default 0, which
    /// is when none is healthy.
    #[serde(default)]
    pub spill_over: f64,
}

fn zone() -> Level {
    Level::Zone
}

fn all() -> Level {
    Level::All
}

impl NearbyRule {
    /// Whether the rule is for calls to a service.
    pub fn is_for(&self, callee: &ServiceKey) -> bool {
        self.spec.callee.selects(callee, &self.key.namespace)
    }

    /// What rules are tried in the order of: priority, then name, then namespace.
    pub fn precedence(&self) -> (u32, &RuleName, &NamespaceName) {
        (self.spec.priority, &self.key.name, &self.key.namespace)
    }
}

impl NearbySpec {
    /// Checks a document.
    ///
    /// # Errors
    /// When parts are not valid; the error names the place of each.
    pub fn parse(document: NearbyDocument) -> Result<Self, Invalid> {
        let callee = CalleeSelector::try_from(document.callee);
        let (description, metadata, priority, callee, max_level, spill_over) = together((
            checked_text("description", &document.description, limit::COMMENT),
            Metadata::parse(document.metadata.0),
            checked_priority(document.priority),
            callee.map_err(|invalid| invalid.within("callee")),
            checked_max_level(document.level, document.max_level),
            checked_spill_over(document.spill_over),
        ))?;
        Ok(Self {
            description,
            metadata,
            enabled: document.enabled,
            priority,
            callee,
            level: document.level,
            max_level,
            strict: document.strict,
            spill_over,
        })
    }

    /// 0..=10000: of several rules for a callee the lowest one applies.
    pub fn priority(&self) -> u32 {
        self.priority
    }

    /// The level that is tried first.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The widest level, not nearer than `level`.
    pub fn max_level(&self) -> Level {
        self.max_level
    }

    /// The share of healthy instances, 0..=1, at or below which a wider level is used.
    pub fn spill_over(&self) -> f64 {
        self.spill_over
    }
}

fn checked_max_level(level: Level, max_level: Level) -> Result<Level, Invalid> {
    if level > max_level {
        let why = Why::LevelsReversed { max_level, level };
        return Err(Invalid::because("max_level", why));
    }
    Ok(max_level)
}

fn checked_spill_over(share: f64) -> Result<f64, Invalid> {
    if !(0.0..=1.0).contains(&share) {
        return Err(Invalid::range("spill_over", share, 0.0, 1.0));
    }
    // Adding zero turns -0.0, which is in the range, into 0.0.
    Ok(share + 0.0)
}

impl Level {
    /// The level as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Campus => "campus",
            Self::Zone => "zone",
            Self::Region => "region",
            Self::All => "all",
        }
    }

    /// The next wider level.
    pub fn wider(self) -> Option<Self> {
        match self {
            Self::Campus => Some(Self::Zone),
            Self::Zone => Some(Self::Region),
            Self::Region => Some(Self::All),
            Self::All => None,
        }
    }

    /// Whether two places share the level; what is not known is not shared.
    pub fn is_shared(self, one: &Location, other: &Location) -> bool {
        let same = |one: &Text, other: &Text| !one.is_empty() && one == other;
        // A zone may be known without its region.
        let agree = |one: &Text, other: &Text| one == other;
        match self {
            Self::All => true,
            Self::Region => same(&one.region, &other.region),
            Self::Zone => same(&one.zone, &other.zone) && agree(&one.region, &other.region),
            Self::Campus => {
                same(&one.campus, &other.campus)
                    && agree(&one.zone, &other.zone)
                    && agree(&one.region, &other.region)
            }
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<NearbyDocument> for NearbySpec {
    type Error = Invalid;

    fn try_from(document: NearbyDocument) -> Result<Self, Invalid> {
        Self::parse(document)
    }
}

impl From<NearbySpec> for NearbyDocument {
    fn from(spec: NearbySpec) -> Self {
        Self {
            description: spec.description.into(),
            metadata: (&spec.metadata).into(),
            enabled: spec.enabled,
            priority: u64::from(spec.priority),
            callee: (&spec.callee).into(),
            level: spec.level,
            max_level: spec.max_level,
            strict: spec.strict,
            spill_over: spec.spill_over,
        }
    }
}
