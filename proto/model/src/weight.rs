//! An instance's share of the calls.

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// An instance's share of the calls, relative to the others: 0..=10000, default 100.
///
/// An instance of weight 0 gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Weight(u16);

impl Weight {
    /// The largest weight.
    pub const MAX: u64 = 10_000;

    /// Parses a weight.
    ///
    /// # Errors
    /// When the number is outside 0..=10000.
    pub fn new(value: u64) -> Result<Self, Invalid> {
        match u16::try_from(value) {
            Ok(weight) if value <= Self::MAX => Ok(Self(weight)),
            _ => Err(Invalid::range("weight", value, 0, Self::MAX)),
        }
    }

    /// The weight as a number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(100)
    }
}

impl TryFrom<u64> for Weight {
    type Error = Invalid;

    fn try_from(value: u64) -> Result<Self, Invalid> {
        Self::new(value)
    }
}

impl From<Weight> for u64 {
    fn from(weight: Weight) -> Self {
        u64::from(weight.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_ends_at_ten_thousand() {
        assert_eq!(Weight::new(10_000).unwrap().get(), 10_000);
        assert_eq!(
            Weight::new(10_001).unwrap_err().to_string(),
            "weight: 10001 is outside 0..=10000"
        );
        assert!(Weight::new(65_536 + 100).is_err());
    }
}
