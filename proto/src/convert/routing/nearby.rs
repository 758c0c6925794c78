//! Nearby rules.

use merak_model::{
    Invalid, Revision, Stamp, Timestamp,
    routing::{Level, NearbyDocument, NearbyRule, NearbySpec},
};

use super::{callee_document, entries, key_of, metadata};
use crate::{convert::requires, v1};

impl TryFrom<v1::NearbyRule> for NearbyRule {
    type Error = Invalid;

    fn try_from(rule: v1::NearbyRule) -> Result<Self, Invalid> {
        requires::check(&rule.requires)?;
        let spec = rule.spec.ok_or_else(|| Invalid::missing("spec"))?;
        let spec = NearbySpec::try_from(spec).map_err(|invalid| invalid.within("spec"))?;
        Ok(Self {
            key: key_of(rule.key)?,
            spec,
            stamp: Stamp {
                created_revision: Revision(rule.created_revision),
                revision: Revision(rule.revision),
                created_at: Timestamp::from_unix_ms(rule.created_at_ms),
                modified_at: Timestamp::from_unix_ms(rule.modified_at_ms),
            },
        })
    }
}

impl From<&NearbyRule> for v1::NearbyRule {
    fn from(rule: &NearbyRule) -> Self {
        let NearbyRule { key, spec, stamp } = rule;
        Self {
            key: Some(key.into()),
            spec: Some(spec.into()),
            revision: stamp.revision.get(),
            created_revision: stamp.created_revision.get(),
            created_at_ms: stamp.created_at.unix_ms(),
            modified_at_ms: stamp.modified_at.unix_ms(),
            requires: Vec::new(),
        }
    }
}

impl TryFrom<v1::NearbySpec> for NearbySpec {
    type Error = Invalid;

    fn try_from(spec: v1::NearbySpec) -> Result<Self, Invalid> {
        let (level, max_level) = (spec.level(), spec.max_level());
        Self::parse(NearbyDocument {
            description: spec.description,
            metadata: entries(spec.metadata),
            enabled: spec.enabled,
            priority: u64::from(spec.priority),
            callee: callee_document(spec.callee)?,
            level: level_of("level", level)?,
            max_level: level_of("max_level", max_level)?,
            strict: spec.strict,
            spill_over: spec.spill_over,
        })
    }
}

impl From<&NearbySpec> for v1::NearbySpec {
    fn from(spec: &NearbySpec) -> Self {
        Self {
            description: spec.description.to_string(),
            metadata: metadata(&spec.metadata),
            enabled: spec.enabled,
            priority: spec.priority(),
            callee: Some((&spec.callee).into()),
            level: v1::NearbyLevel::from(spec.level()).into(),
            max_level: v1::NearbyLevel::from(spec.max_level()).into(),
            strict: spec.strict,
            spill_over: spec.spill_over(),
        }
    }
}

impl From<Level> for v1::NearbyLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Campus => Self::Campus,
            Level::Zone => Self::Zone,
            Level::Region => Self::Region,
            Level::All => Self::All,
        }
    }
}

fn level_of(field: &str, level: v1::NearbyLevel) -> Result<Level, Invalid> {
    match level {
        v1::NearbyLevel::Campus => Ok(Level::Campus),
        v1::NearbyLevel::Zone => Ok(Level::Zone),
        v1::NearbyLevel::Region => Ok(Level::Region),
        v1::NearbyLevel::All => Ok(Level::All),
        v1::NearbyLevel::Unspecified => Err(Invalid::missing(field)),
    }
}
