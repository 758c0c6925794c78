//! A regular expression that cannot stall a caller.

use std::{fmt, sync::Arc};

use regex_automata::{
    Input,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson,
    util::syntax,
};

use crate::{Invalid, Problem, invalid::PatternWhy};

/// A regular expression, found anywhere in a value unless it is anchored with `^` and `$`.
///
/// It is compiled to a table that takes one step a byte, whatever the expression: it cannot stall a
/// caller, allocates nothing, and shares nothing between threads. An expression whose table would be
/// larger than 256 KiB is refused, and a value of more than 16,384 bytes has no match. Classes such as
/// `\w` are those of ASCII, and `.` is one byte, so that `.+` matches any text.
#[derive(Clone)]
pub struct Pattern(Arc<Compiled>);

struct Compiled {
    expression: Box<str>,
    table: dense::DFA<Vec<u32>>,
}

impl Pattern {
    /// The longest expression, in characters.
    pub const LIMIT: usize = 1024;
    /// Bytes that the table may take.
    pub const SIZE_LIMIT_BYTES: usize = 256 * 1024;
    /// The longest value that is looked at, in bytes.
    pub const VALUE_LIMIT_BYTES: usize = 16 * 1024;

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
        let table = compile(expression).map_err(|why| Invalid::because(field, why))?;
        let expression = expression.into();
        Ok(Self(Arc::new(Compiled { expression, table })))
    }

    /// Whether the value has a match.
    pub fn is_match(&self, value: &str) -> bool {
        if value.len() > Self::VALUE_LIMIT_BYTES {
            return false;
        }
        let input = Input::new(value).earliest(true);
        let found = self.0.table.try_search_fwd(&input);
        found
            .expect("no byte stops a table without Unicode")
            .is_some()
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.0.expression
    }
}

/// Builds the table, or says why there is none.
fn compile(expression: &str) -> Result<dense::DFA<Vec<u32>>, PatternWhy> {
    let limit = Some(Pattern::SIZE_LIMIT_BYTES);
    let config = syntax::Config::new()
        .unicode(false)
        .utf8(false)
        .nest_limit(32);
    let parsed = syntax::parse_with(expression, &config).map_err(|error| {
        // The parser draws the place over several lines; the last one says what is wrong.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default().trim();
        let what = last.strip_prefix("error: ").unwrap_or(last);
        PatternWhy::BadPattern {
            detail: what.to_owned(),
        }
    })?;
    let config = thompson::Config::new().utf8(false).nfa_size_limit(limit);
    let steps = thompson::Compiler::new()
        .configure(config)
        .build_from_hir(&parsed)
        .map_err(|_| too_large())?;
    let config = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(limit)
        .determinize_size_limit(limit);
    let builder = dense::Builder::new()
        .configure(config)
        .build_from_nfa(&steps);
    builder.map_err(|error| match error.is_size_limit_exceeded() {
        true => too_large(),
        false => PatternWhy::PatternNotSupported {
            detail: error.to_string(),
        },
    })
}

fn too_large() -> PatternWhy {
    let limit = Pattern::SIZE_LIMIT_BYTES;
    PatternWhy::PatternTooLarge { limit }
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
        assert!(refused(r"(\w{50}){50}x").contains("more than 262144 bytes"));
        assert!(refused(r"[ab]*a[ab]{30}c").contains("more than 262144 bytes"));
        assert!(refused(&"a".repeat(1025)).contains("at most 1024"));
        assert!(
            refused("(?=a)").contains("look-around"),
            "{}",
            refused("(?=a)")
        );
        assert!(Pattern::parse("value", r"^[\w.]+@\w+\.(com|cn)$").is_ok());
    }
}
