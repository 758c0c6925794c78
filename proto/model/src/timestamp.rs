//! A moment, as the control plane saw it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

use crate::{Invalid, invalid::Form};

/// A moment in Unix milliseconds; RFC 3339 in UTC where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment by its Unix milliseconds.
    pub const fn from_unix_ms(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Its Unix milliseconds.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Parses an RFC 3339 time, such as `2026-01-02T10:42:07Z`.
    ///
    /// # Errors
    /// When the text is not an RFC 3339 time.
    pub fn parse(field: &str, value: &str) -> Result<Self, Invalid> {
        let parsed = OffsetDateTime::parse(value, &Rfc3339)
            .map_err(|_| Invalid::malformed(field, value, Form::Time))?;
        let milliseconds = parsed.unix_timestamp_nanos().div_euclid(1_000_000);
        i64::try_from(milliseconds)
            .map(Self)
            .map_err(|_| Invalid::malformed(field, value, Form::TimeWithinReach))
    }

    /// The moment `milliseconds` later.
    #[must_use]
    pub const fn plus_ms(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.to_offset(UtcOffset::UTC).format(&Rfc3339).ok());
        match shown {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse("time", &text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_and_parses_rfc_3339() {
        let moment = Timestamp::from_unix_ms(1_767_350_527_250);
        assert_eq!(moment.to_string(), "2026-01-02T10:42:07.25Z");
        assert_eq!(
            Timestamp::parse("as_of", "2026-01-02T11:42:07.25+01:00").unwrap(),
            moment
        );
        assert!(Timestamp::parse("as_of", "10:42").is_err());
    }
}
