//! Why a value was refused: the field, the limit, and what was given.

mod form;
mod path;
mod together;
mod why;

use std::fmt;

use serde::Serialize;

pub use form::{Characters, Form};
pub(crate) use path::pointer_to;
pub use path::quoted_key;
pub use together::{Together, each, together};
pub use why::{Found, LimitWhy, List, PatternWhy, Present, Taker, Wanted, Why};

/// A refused value: which field, and what is wrong with it; and what else is refused beside it.
///
/// `Display` reads as one sentence fragment, for example
/// ``metadata: 65 entries, at most 64 are allowed``, of the first fault alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    field: String,
    problem: Problem,
    others: Vec<Invalid>,
}

/// What is wrong with a refused value.
///
/// As JSON it is a `code` that stays the same from release to release, and what the sentence about it is
/// made of: `{"code": "out_of_range", "value": "0", "min": "1", "max": "65535"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Problem {
    /// The value is required and was not given.
    Missing,
    /// The text has more than `limit` characters.
    TooLong { length: usize, limit: usize },
    /// The text has a character that is not allowed here.
    #[serde(rename = "bad_character")]
    Character {
        found: char,
        position: usize,
        #[serde(flatten)]
        allowed: Characters,
    },
    /// The number is outside `min..=max`.
    #[serde(rename = "out_of_range")]
    Range {
        value: String,
        min: String,
        max: String,
    },
    /// The collection has more than `limit` entries.
    TooMany { count: usize, limit: usize },
    /// The value has the right type and the wrong form.
    Malformed {
        value: String,
        #[serde(flatten)]
        expected: Form,
    },
    /// There is no such field; `known` says which there are.
    #[serde(rename = "unknown_field")]
    Unknown {
        field: String,
        /// In English.
        known: String,
        /// Their names.
        fields: Box<[String]>,
    },
    /// The value is refused for another reason, given as a fragment, which no page of a console leads to.
    Refused {
        #[serde(skip)]
        why: String,
    },
    /// The value fits its type and limits, and is refused for another reason.
    #[serde(untagged)]
    Because(Box<Why>),
}

impl Invalid {
    /// Refuses the value of `field`.
    pub fn new(field: impl Into<String>, problem: Problem) -> Self {
        Self {
            field: field.into(),
            problem,
            others: Vec::new(),
        }
    }

    /// Adds what else is refused, up to 100 faults in all.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        let more = std::mem::take(&mut other.others);
        self.others.push(other);
        self.others.extend(more);
        self.others.truncate(FAULT_LIMIT - 1);
        self
    }

    /// This fault and those beside it, each by itself.
    pub fn faults(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.others)
    }

    /// Refuses `field` because it is required and was not given.
    pub fn missing(field: impl Into<String>) -> Self {
        Self::new(field, Problem::Missing)
    }

    /// Refuses `value` of `field` because it is not of the expected form.
    pub fn malformed(field: impl Into<String>, value: impl fmt::Display, expected: Form) -> Self {
        Self::new(
            field,
            Problem::Malformed {
                value: shortened(&value.to_string()),
                expected,
            },
        )
    }

    /// Refuses `value` of `field` because it is outside `min..=max`.
    pub fn range<T: fmt::Display>(field: impl Into<String>, value: T, min: T, max: T) -> Self {
        let (value, min, max) = (value.to_string(), min.to_string(), max.to_string());
        Self::new(field, Problem::Range { value, min, max })
    }

    /// Refuses the value of `field` for a reason that is no limit.
    pub fn because(field: impl Into<String>, why: impl Into<Why>) -> Self {
        Self::new(field, Problem::Because(Box::new(why.into())))
    }

    /// Refuses the value of `field` for a reason that only its sentence says.
    pub fn refused(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(field, Problem::Refused { why: why.into() })
    }

    /// Places the field inside an outer one: `port` within `items[3]` is `items[3].port`, and no
    /// field within `items[3]` is `items[3]` itself.
    #[must_use]
    pub fn within(mut self, outer: impl fmt::Display) -> Self {
        let outer = outer.to_string();
        self.place(&outer);
        for other in &mut self.others {
            other.place(&outer);
        }
        self
    }

    fn place(&mut self, outer: &str) {
        let separator = match self.field.chars().next() {
            None | Some('[') => "",
            Some(_) if outer.is_empty() => "",
            Some(_) => ".",
        };
        self.field = format!("{outer}{separator}{}", self.field);
    }

    /// Places the field at an index of an outer list: `port` at 3 of `items` is `items[3].port`.
    #[must_use]
    pub fn at(self, outer: &str, index: usize) -> Self {
        self.within(format_args!("{outer}[{index}]"))
    }

    /// The dotted path of the refused field, such as `location.zone` or `branches[1].targets[0].weight`.
    ///
    /// A key that people chose stands in brackets and quotes, `labels["app.io/tier"]`, but for
    /// those of metadata, which end the path: `metadata.app.io/tier`.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The path of the refused field as a JSON pointer (RFC 6901), such as `/branches/1/name`.
    pub fn pointer(&self) -> String {
        pointer_to(&self.field)
    }

    /// What is wrong with the value.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl Problem {
    /// The problem, unless only its sentence says what it is.
    pub fn usual(&self) -> Option<&Self> {
        match self {
            Self::Refused { .. } => None,
            Self::Missing
            | Self::TooLong { .. }
            | Self::Character { .. }
            | Self::Range { .. }
            | Self::TooMany { .. }
            | Self::Malformed { .. }
            | Self::Unknown { .. }
            | Self::Because(_) => Some(self),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return self.problem.fmt(f);
        }
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for Invalid {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "a value is required"),
            Self::TooLong { length, limit } => {
                write!(f, "{length} characters, at most {limit} are allowed")
            }
            Self::Character {
                found,
                position,
                allowed,
            } => {
                write!(
                    f,
                    "{found:?} at position {position} is not allowed, use {allowed}"
                )
            }
            Self::Range { value, min, max } => {
                write!(f, "{value} is outside {min}..={max}")
            }
            Self::TooMany { count, limit } => {
                write!(f, "{count} entries, at most {limit} are allowed")
            }
            Self::Malformed { value, expected } => {
                write!(f, "{value:?} is not {expected}")
            }
            Self::Unknown { field, known, .. } => write!(f, "unknown field `{field}`, {known}"),
            Self::Because(why) => why.fmt(f),
            Self::Refused { why } => f.write_str(why),
        }
    }
}

/// The most faults that are told of one value.
const FAULT_LIMIT: usize = 100;

/// Error messages quote at most this many characters of a refused value.
const QUOTED_CHARACTERS: usize = 80;

pub(crate) fn shortened(value: &str) -> String {
    if value.chars().count() <= QUOTED_CHARACTERS {
        return value.to_owned();
    }
    value
        .chars()
        .take(QUOTED_CHARACTERS)
        .chain("…".chars())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_field_the_limit_and_the_length() {
        let invalid = Invalid::new(
            "host",
            Problem::TooLong {
                length: 200,
                limit: 128,
            },
        );
        assert_eq!(
            invalid.within("instance").to_string(),
            "instance.host: 200 characters, at most 128 are allowed"
        );
        assert_eq!(Invalid::missing("host").within("").field(), "host");
    }

    #[test]
    fn a_path_is_a_json_pointer_too() {
        for (field, pointer) in [
            ("", ""),
            ("port", "/port"),
            (
                "branches[1].targets[0].weight",
                "/branches/1/targets/0/weight",
            ),
            ("location.zone", "/location/zone"),
            ("ports[3]", "/ports/3"),
            ("metadata", "/metadata"),
            ("metadata.a.b/c~d[0]", "/metadata/a.b~1c~0d[0]"),
            (
                r#"targets[0].labels["a.b/c"].value"#,
                "/targets/0/labels/a.b~1c/value",
            ),
            (r#"labels["a\"]~"]"#, r#"/labels/a"]~0"#),
        ] {
            assert_eq!(Invalid::missing(field).pointer(), pointer);
        }
        assert_eq!(quoted_key(r#"a"]~"#), r#"["a\"]~"]"#);
    }

    #[test]
    fn quotes_only_the_beginning_of_a_long_value() {
        let text = Invalid::malformed("page_token", "x".repeat(5000), Form::Time).to_string();
        assert!(text.len() < 200, "{text}");
    }
}
