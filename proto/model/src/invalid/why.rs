//! Why a value is refused that fits its type and limits.

mod limit;
mod pattern;

use std::fmt;

use serde::Serialize;

pub use self::{limit::LimitWhy, pattern::PatternWhy};
use crate::{
    NamespaceName, Revision, ServiceName, Timestamp,
    routing::{FactKind, Level, Operator},
};

/// Why a value is refused that fits its type and limits.
///
/// `Display` is the sentence about it in English, as a fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Why {
    /// The field is given more than once.
    FieldRepeated,
    /// The key is given more than once.
    KeyRepeated,
    /// The value is given more than once.
    ValueRepeated { value: String },
    /// An earlier entry has the same name.
    NameRepeated { name: String },
    /// At least one of the fields is required.
    OneOfRequired { fields: Vec<&'static str> },
    /// Only one of two fields is taken, and the other one is given as well.
    BothGiven { other: &'static str },
    /// The list needs at least one entry.
    Empty { list: List },
    /// The key is empty.
    EmptyKey,
    /// The field is not taken by what else is given.
    NotTaken { by: Taker },
    /// A fact of this kind has no keys.
    NoKeys { fact: FactKind },
    /// The operator does not take the field.
    NotOperand { operator: Operator },
    /// The lower bound is above the upper one.
    BoundsReversed { min: i64, max: i64 },
    /// The widest level is nearer than the first one.
    LevelsReversed { max_level: Level, level: Level },
    /// Every weight is 0.
    NoWeight,
    /// The health of an instance that beats is what its heartbeats say.
    HealthOfBeating,
    /// The name of a header is given more than once, in whatever case.
    HeaderRepeated,
    /// A draft is not for calls to a service, so that it would play no part in what becomes of one.
    PlaysNoPart {
        namespace: NamespaceName,
        service: ServiceName,
    },
    /// The value is of another kind than expected.
    WrongType { wanted: Wanted, found: Found },
    /// The text is no whole number from 0 on.
    NotCount,
    /// The number is larger than any that is taken.
    NumberTooLarge,
    /// The time is in the future.
    FutureTime { time: Timestamp },
    /// The revision is in the future.
    FutureRevision {
        revision: Revision,
        newest: Revision,
    },
    /// It is not known of an earlier moment.
    NotKnownThen { what: Present },
    #[serde(untagged)]
    Pattern(PatternWhy),
    #[serde(untagged)]
    Limit(LimitWhy),
}

/// A list that needs at least one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    Branches,
    Targets,
    Conditions,
}

/// What does not take a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Taker {
    GlobalLimit,
    LocalLimit,
    LimitWithoutAmounts,
}

/// What is known of the present alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Present {
    Counts,
    Status,
}

/// The kind of value that is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wanted {
    /// A whole number from 0 on, up to `max` if there is one.
    Count {
        #[serde(skip_serializing_if = "Option::is_none")]
        max: Option<u32>,
    },
    /// A whole number.
    Whole,
    Number,
    Boolean,
    Text,
    List,
    Object,
    /// One of these words.
    Word {
        words: Vec<String>,
    },
}

/// The kind of value that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Found {
    Null,
    List,
    Object,
    /// A number, a boolean or a text, as JSON writes it.
    Value {
        text: String,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldRepeated => f.write_str("given more than once"),
            Self::KeyRepeated => f.write_str("the key is given more than once"),
            Self::ValueRepeated { value } => write!(f, "{value:?} is given more than once"),
            Self::NameRepeated { name } => write!(f, "{name:?} is the name of an earlier one"),
            Self::OneOfRequired { fields } => write_required(f, fields),
            Self::BothGiven { other } => write!(f, "`{other}` is given as well: use one"),
            Self::Empty { list } => list.fmt(f),
            Self::EmptyKey => f.write_str("keys are never empty"),
            Self::NotTaken { by } => write!(f, "{by} does not take it: leave it out"),
            Self::NoKeys { fact } => write!(f, "`{fact}` has no keys: leave it out"),
            Self::NotOperand { operator } => {
                write!(f, "`{operator}` does not take it: leave it out")
            }
            Self::BoundsReversed { min, max } => write!(f, "{min} is above `max`, which is {max}"),
            Self::LevelsReversed { max_level, level } => {
                write!(
                    f,
                    "`{max_level}` is nearer than `level`, which is `{level}`"
                )
            }
            Self::NoWeight => f.write_str("every weight is 0: no target would get a call"),
            Self::HealthOfBeating => {
                f.write_str("set for static instances alone: this one's is what its heartbeats say")
            }
            Self::HeaderRepeated => {
                f.write_str("given more than once: names of headers are the same in any case")
            }
            Self::PlaysNoPart { namespace, service } => write!(
                f,
                "the draft is not for calls to `{namespace}/{service}`: it would play no part"
            ),
            Self::WrongType { wanted, found } => write!(f, "expected {wanted}, found {found}"),
            Self::NotCount => write!(f, "expected {}", Wanted::Count { max: None }),
            Self::NumberTooLarge => f.write_str("the number is too large"),
            Self::FutureTime { time } => write!(f, "{time} is in the future"),
            Self::FutureRevision { revision, newest } => write!(
                f,
                "revision {revision} is in the future, the newest is {newest}"
            ),
            Self::NotKnownThen { what } => f.write_str(match what {
                Present::Counts => "counts are not known of an earlier moment",
                Present::Status => "not known of an earlier moment",
            }),
            Self::Pattern(why) => why.fmt(f),
            Self::Limit(why) => why.fmt(f),
        }
    }
}

impl From<PatternWhy> for Why {
    fn from(why: PatternWhy) -> Self {
        Self::Pattern(why)
    }
}

impl From<LimitWhy> for Why {
    fn from(why: LimitWhy) -> Self {
        Self::Limit(why)
    }
}

/// Which fields are required, as each type has said it from the start.
fn write_required(f: &mut fmt::Formatter<'_>, fields: &[&str]) -> fmt::Result {
    match fields {
        ["min", "max"] => f.write_str("a range needs `min`, `max` or both"),
        [one, other] => write!(f, "either `{one}` or `{other}` is required"),
        many => {
            let (last, first) = many.split_last().expect("some are required");
            let first: Vec<String> = first.iter().map(|one| format!("`{one}`")).collect();
            write!(
                f,
                "at least one of {} and `{last}` is required",
                first.join(", ")
            )
        }
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Branches => "a rule needs at least one branch",
            Self::Targets => "a branch needs at least one target",
            Self::Conditions => {
                "at least one condition is required; leave `matches` out to take every call"
            }
        })
    }
}

impl fmt::Display for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GlobalLimit => "a global limit",
            Self::LocalLimit => "a local limit",
            Self::LimitWithoutAmounts => "a rule without `amounts`",
        })
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { max: None } => f.write_str("a whole number, 0 or more"),
            Self::Count { max: Some(max) } => write!(f, "a whole number, 0..={max}"),
            Self::Whole => f.write_str("a whole number"),
            Self::Number => f.write_str("a number"),
            Self::Boolean => f.write_str("true or false"),
            Self::Text => f.write_str("a string"),
            Self::List => f.write_str("a list"),
            Self::Object => f.write_str("an object"),
            Self::Word { words } => {
                let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                match &quoted[..] {
                    [one, other] => write!(f, "{one} or {other}"),
                    [one] => f.write_str(one),
                    many => write!(f, "one of {}", many.join(", ")),
                }
            }
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::List => "a list",
            Self::Object => "an object",
            Self::Value { text } => text,
        })
    }
}
