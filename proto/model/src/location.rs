//! Where an instance or a caller runs.

use serde::{Deserialize, Serialize};

use crate::{
    Invalid, Text,
    invalid::together,
    text::{checked_text, limit},
};

/// Where an instance runs: region, zone and campus, each up to 128 characters, empty if unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Location {
    pub region: Text,
    pub zone: Text,
    pub campus: Text,
}

impl Location {
    /// Checks the three parts.
    ///
    /// # Errors
    /// When a part is longer than 128 characters or has a control character.
    pub fn parse(region: &str, zone: &str, campus: &str) -> Result<Self, Invalid> {
        let (region, zone, campus) = together((
            checked_text("location.region", region, limit::LOCATION),
            checked_text("location.zone", zone, limit::LOCATION),
            checked_text("location.campus", campus, limit::LOCATION),
        ))?;
        Ok(Self {
            region,
            zone,
            campus,
        })
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.region.is_empty() && self.zone.is_empty() && self.campus.is_empty()
    }
}
