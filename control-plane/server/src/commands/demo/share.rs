//! A share of calls, against what a rule says.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// Standard deviations that chance may take a share from what is expected: further than this, in either
/// direction, is one run in 1.7 million.
const DEVIATIONS: f64 = 5.0;

/// The width of a bar that stands for all calls.
const BAR: f64 = 20.0;

/// How many of some calls went somewhere, and how many should have.
#[derive(Debug, Clone)]
pub(super) struct Share {
    /// Which calls, such as `v2 of the others`.
    of: String,
    /// 0..=1.
    expected: f64,
    served: usize,
    calls: usize,
}

impl Share {
    pub(super) fn new(of: impl Into<String>, expected: f64, served: usize, calls: usize) -> Self {
        Self {
            of: of.into(),
            expected,
            served,
            calls,
        }
    }

    /// The share, 0..=1.
    fn seen(&self) -> f64 {
        self.served as f64 / self.calls as f64
    }

    /// How far chance may take the share from what is expected: nowhere, for none and for all.
    ///
    /// Calls are drawn one by one, so that their number is binomial.
    fn tolerance(&self) -> f64 {
        let variance = self.expected * (1.0 - self.expected) / self.calls as f64;
        DEVIATIONS * variance.sqrt()
    }

    /// A part of a line of a table: which calls, what was expected of how many, and what was seen.
    pub(super) fn row(&self) -> String {
        let tolerance = match self.tolerance() {
            0.0 => String::new(),
            tolerance => format!("± {:.1}", tolerance * 100.0),
        };
        format!(
            "{:<22} {:>5.1} % {tolerance:<6} {:>5.1} % of {:<5} {}",
            self.of,
            self.expected * 100.0,
            self.seen() * 100.0,
            self.calls,
            if self.is_as_expected() { "ok" } else { "OFF" }
        )
    }

    pub(super) fn is_as_expected(&self) -> bool {
        (self.seen() - self.expected).abs() <= self.tolerance()
    }
}

/// With a bar.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bar = "█".repeat((self.seen() * BAR).round() as usize);
        let seen = self.seen() * 100.0;
        write!(f, "{:<22} {bar:<20} {seen:>5.1} %", self.of)
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut share = serializer.serialize_struct("Share", 7)?;
        share.serialize_field("of", &self.of)?;
        share.serialize_field("calls", &self.calls)?;
        share.serialize_field("served", &self.served)?;
        share.serialize_field("seen", &self.seen())?;
        share.serialize_field("expected", &self.expected)?;
        share.serialize_field("tolerance", &self.tolerance())?;
        share.serialize_field("is_as_expected", &self.is_as_expected())?;
        share.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_allowed_for_and_nothing_else() {
        // √(0.3 × 0.7 / 1000) = 0.01449, and five of these are 72.5 calls.
        for (expected, served, is_as_expected) in [
            (0.3, 300, true),
            (0.3, 372, true),
            (0.3, 373, false),
            (0.3, 227, false),
            (0.0, 0, true),
            (0.0, 1, false),
            (1.0, 1000, true),
            (1.0, 999, false),
        ] {
            let share = Share::new("v2", expected, served, 1000);
            assert_eq!(share.is_as_expected(), is_as_expected, "{share}");
        }
    }

    #[test]
    fn no_calls_are_no_share() {
        assert!(!Share::new("v2", 0.0, 0, 0).is_as_expected());
    }
}
