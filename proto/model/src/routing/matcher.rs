//! How a value is tested.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Invalid, Text, invalid::Why, routing::Pattern, text::checked_text};

/// A test of one value: of a fact of a call, or of a label of an instance.
///
/// A value that is not there fails every test but [`Matcher::Absent`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matcher {
    /// The very same text.
    Exact(Text),
    /// Any other text.
    NotEqual(Text),
    /// One of these texts.
    In(Values),
    /// None of these texts.
    NotIn(Values),
    /// A match of a regular expression.
    Regex(Pattern),
    /// A whole number within bounds.
    Range(Bounds),
    /// Any value.
    Present,
    /// No value.
    Absent,
}

/// The name of a test, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    Exact,
    NotEqual,
    In,
    NotIn,
    Regex,
    Range,
    Present,
    Absent,
    SameAs,
}

/// 1..=256 different texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Values(Box<[Text]>);

/// Whole numbers from `min` to `max`, both included; at least one of them is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounds {
    min: Option<i64>,
    max: Option<i64>,
}

/// The longest text to compare with, in characters.
pub const VALUE_LIMIT: usize = 1024;

impl Matcher {
    /// A test for the very same text.
    ///
    /// # Errors
    /// When the text is longer than 1,024 characters or has a control character.
    pub fn exact(value: &str) -> Result<Self, Invalid> {
        checked_text("value", value, VALUE_LIMIT).map(Self::Exact)
    }

    /// Whether the test holds for a value, or for the absence of one.
    pub fn matches(&self, value: Option<&str>) -> bool {
        let Some(value) = value else {
            return matches!(self, Self::Absent);
        };
        match self {
            Self::Exact(wanted) => **wanted == *value,
            Self::NotEqual(refused) => **refused != *value,
            Self::In(values) => values.contains(value),
            Self::NotIn(values) => !values.contains(value),
            Self::Regex(pattern) => pattern.is_match(value),
            Self::Range(range) => range.contains(value),
            Self::Present => true,
            Self::Absent => false,
        }
    }

    /// The name of the test.
    pub fn operator(&self) -> Operator {
        match self {
            Self::Exact(_) => Operator::Exact,
            Self::NotEqual(_) => Operator::NotEqual,
            Self::In(_) => Operator::In,
            Self::NotIn(_) => Operator::NotIn,
            Self::Regex(_) => Operator::Regex,
            Self::Range(_) => Operator::Range,
            Self::Present => Operator::Present,
            Self::Absent => Operator::Absent,
        }
    }

    /// Whether exactly one text passes.
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Exact(_))
    }
}

impl Operator {
    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::NotEqual => "not_equal",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::Regex => "regex",
            Self::Range => "range",
            Self::Present => "present",
            Self::Absent => "absent",
            Self::SameAs => "same_as",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Values {
    /// The most texts.
    pub const LIMIT: usize = 256;

    /// Checks and sorts texts.
    ///
    /// # Errors
    /// When there is none, there are more than 256, one is given twice, or one is too long.
    pub fn parse<T: AsRef<str>>(values: &[T]) -> Result<Self, Invalid> {
        if values.is_empty() {
            return Err(Invalid::missing("values"));
        }
        super::document::checked_count("values", values.len(), Self::LIMIT)?;
        let mut checked = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let value = checked_text("", value.as_ref(), VALUE_LIMIT)
                .map_err(|invalid| invalid.at("values", index))?;
            if checked.contains(&value) {
                let value = value.into_string();
                let why = Why::ValueRepeated { value };
                return Err(Invalid::because(format!("values[{index}]"), why));
            }
            checked.push(value);
        }
        checked.sort_unstable();
        Ok(Self(checked.into()))
    }

    /// Whether a text is one of them.
    pub fn contains(&self, value: &str) -> bool {
        self.0
            .binary_search_by(|candidate| candidate.as_ref().cmp(value))
            .is_ok()
    }

    /// The texts, sorted.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl Bounds {
    /// Checks bounds.
    ///
    /// # Errors
    /// When both are left out, or `min` is above `max`.
    pub fn parse(min: Option<i64>, max: Option<i64>) -> Result<Self, Invalid> {
        match (min, max) {
            (None, None) => {
                let fields = vec!["min", "max"];
                Err(Invalid::because("min", Why::OneOfRequired { fields }))
            }
            (Some(min), Some(max)) if min > max => {
                Err(Invalid::because("min", Why::BoundsReversed { min, max }))
            }
            _ => Ok(Self { min, max }),
        }
    }

    /// The lower bound, if there is one.
    pub fn lower(self) -> Option<i64> {
        self.min
    }

    /// The upper bound, if there is one.
    pub fn upper(self) -> Option<i64> {
        self.max
    }

    /// Whether a text is a whole number within the bounds.
    pub fn contains(self, value: &str) -> bool {
        value.parse::<i64>().is_ok_and(|number| {
            self.min.is_none_or(|min| min <= number) && self.max.is_none_or(|max| number <= max)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_holds_and_fails() {
        let values = |texts: &[&str]| Values::parse(texts).unwrap();
        let table = [
            (Matcher::exact("42").unwrap(), "42", "43"),
            (Matcher::NotEqual("42".into()), "43", "42"),
            (Matcher::In(values(&["43", "42"])), "42", "44"),
            (Matcher::NotIn(values(&["43", "42"])), "44", "42"),
            (
                Matcher::Regex(Pattern::parse("", "^4").unwrap()),
                "42",
                "24",
            ),
            (
                Matcher::Range(Bounds::parse(Some(1), Some(9)).unwrap()),
                "9",
                "10",
            ),
            (
                Matcher::Range(Bounds::parse(None, Some(-1)).unwrap()),
                "-1",
                "0",
            ),
            (
                Matcher::Range(Bounds::parse(Some(1), None).unwrap()),
                "1",
                "one",
            ),
        ];
        for (matcher, holds, fails) in table {
            assert!(matcher.matches(Some(holds)), "{matcher:?} {holds}");
            assert!(!matcher.matches(Some(fails)), "{matcher:?} {fails}");
            assert!(!matcher.matches(None), "{matcher:?} without a value");
        }
        assert!(Matcher::Present.matches(Some("")) && !Matcher::Present.matches(None));
        assert!(Matcher::Absent.matches(None) && !Matcher::Absent.matches(Some("")));
    }

    #[test]
    fn bounds_and_lists_are_checked() {
        let refused = |invalid: Result<Values, Invalid>| invalid.unwrap_err().to_string();
        assert_eq!(
            refused(Values::parse(&["a", "b", "a"])),
            r#"values[2]: "a" is given more than once"#
        );
        assert_eq!(
            refused(Values::parse::<&str>(&[])),
            "values: a value is required"
        );
        let many: Vec<String> = (0..257).map(|number| number.to_string()).collect();
        assert_eq!(
            refused(Values::parse(&many)),
            "values: 257 entries, at most 256 are allowed"
        );
        assert_eq!(
            Bounds::parse(Some(5), Some(4)).unwrap_err().to_string(),
            "min: 5 is above `max`, which is 4"
        );
        assert!(Bounds::parse(None, None).is_err());
    }
}
