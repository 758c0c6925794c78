//! Why the regular expressions and compared labels of a rule are refused.

use std::fmt;

use serde::Serialize;

/// Why regular expressions and compared labels are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum PatternWhy {
    /// The text is no regular expression; `detail` is what the parser says of it, in English.
    BadPattern { detail: String },
    /// The regular expression has what is not supported; `detail` is what the compiler says of it, in
    /// English.
    PatternNotSupported { detail: String },
    /// The regular expression takes more than `limit` bytes once it is compiled.
    PatternTooLarge { limit: usize },
    /// The rule has more than `limit` regular expressions.
    TooManyPatterns { count: usize, limit: usize },
    /// More than `limit` labels are compared with facts of the call.
    TooManyCompared { count: usize, limit: usize },
}

impl fmt::Display for PatternWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadPattern { detail } => write!(f, "not a regular expression: {detail}"),
            Self::PatternNotSupported { detail } => write!(f, "not supported: {detail}"),
            Self::PatternTooLarge { limit } => write!(
                f,
                "the compiled expression takes more than {limit} bytes: make it simpler"
            ),
            Self::TooManyPatterns { count, limit } => write!(
                f,
                "{count} regular expressions, at most {limit} are allowed in a rule"
            ),
            Self::TooManyCompared { count, limit } => write!(
                f,
                "{count} labels are compared by `same_as`, at most {limit} may be"
            ),
        }
    }
}
