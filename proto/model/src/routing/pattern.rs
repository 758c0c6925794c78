//! A regular expression that cannot stall a caller.

use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::{Invalid, Problem};

/// A regular expression, found anywhere in a value unless it is anchored with `^` and `$`.
///
/// It runs on an engine without backtracking, in time linear to the value; the compiled size is
/// bounded, and a value of more than 4,096 bytes fits none, so that no rule can stall a caller.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// The longest expression, in characters.
    pub const LIMIT: usize = 1024;
    /// Bytes that the compiled expression may take.
    pub const SIZE_LIMIT_BYTES: usize = 128 * 1024;
    /// The longest value that is looked at, in bytes.
    pub const VALUE_LIMIT_BYTES: usize = 4096;

    /// Compiles an expression.
    ///
    /// # Errors
    /// When it is empty, too long, no regular expression, or too large once compiled.
    pub fn parse(field: &str, expression: &str) -> Result<Self, Invalid> {
        if expression.is_empty() {
            return Err(Invalid::missing(field));
        }
        let (length, limit) = (expression.chars().count(), Self::LIMIT);
        if length > limit {
            return Err(Invalid::new(field, Problem::TooLong { length, limit }));
        }
        let compiled = RegexBuilder::new(expression)
            .size_limit(Self::SIZE_LIMIT_BYTES)
            .dfa_size_limit(Self::SIZE_LIMIT_BYTES)
            .nest_limit(32)
            .build();
        compiled
            .map(Self)
            .map_err(|error| Invalid::refused(field, reason(&error)))
    }

    /// Whether the value has a match.
    pub fn is_match(&self, value: &str) -> bool {
        value.len() <= Self::VALUE_LIMIT_BYTES && self.0.is_match(value)
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn reason(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(limit) = error {
        return format!("the compiled expression takes more than {limit} bytes: make it simpler");
    }
    // The engine draws the place over several lines; the last one says what is wrong.
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    let what = last.strip_prefix("error: ").unwrap_or(last);
    format!("not a regular expression: {what}")
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_anywhere_unless_anchored() {
        let loose = Pattern::parse("value", "4[23]").unwrap();
        let anchored = Pattern::parse("value", "^4[23]$").unwrap();
        assert!(loose.is_match("x42") && !anchored.is_match("x42"));
        assert!(anchored.is_match("43") && !anchored.is_match("44"));
    }

    #[test]
    fn refuses_what_is_no_expression_or_too_large() {
        let refused =
            |expression: &str| Pattern::parse("value", expression).unwrap_err().to_string();
        assert_eq!(
            refused("a("),
            "value: not a regular expression: unclosed group"
        );
        assert_eq!(refused(""), "value: a value is required");
        assert!(refused(r"(\w{50}){50}").contains("more than 131072 bytes"));
        assert!(refused(&"a".repeat(1025)).contains("at most 1024"));
        assert!(
            refused("(?=a)").contains("look-around"),
            "{}",
            refused("(?=a)")
        );
        assert!(Pattern::parse("value", r"^[\w.]+@\w+\.(com|cn)$").is_ok());
    }
}
