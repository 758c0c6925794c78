//! What is wrong with a refused value, for programs that say it in another language.

use serde::Serialize;
use utoipa::ToSchema;

/// What is wrong with a refused value, for programs: a code that stays the same from release to release, and
/// what a sentence about it needs.
#[expect(dead_code, reason = "describes what the model writes")]
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemReason)]
#[serde(tag = "code", rename_all = "snake_case")]
pub(crate) enum Reason {
    /// It is required and was not given.
    Missing,
    /// The text has more than `limit` characters.
    TooLong { length: usize, limit: usize },
    /// The text has a character that is not allowed here.
    BadCharacter {
        found: char,
        /// From 0.
        position: usize,
        /// Those that are, in English.
        allowed: String,
    },
    /// The number is outside `min..=max`.
    OutOfRange {
        value: String,
        min: String,
        max: String,
    },
    /// There are more than `limit` entries.
    TooMany { count: usize, limit: usize },
    /// It has the right type and the wrong form.
    Malformed {
        /// At most 80 characters of it.
        value: String,
        /// The right form, in English.
        expected: String,
    },
    /// There is no such field.
    UnknownField {
        field: String,
        /// Those that there are, in English.
        known: String,
    },
}
