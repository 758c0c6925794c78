//! Reading what has the shape of a type, so that every fault has a place and plain words.
//!
//! It goes around any deserializer, of JSON as of YAML: an object is an object and never a list of its
//! fields by their positions, a word is a string, and what is wrong is said without the names of Rust's
//! types.

mod strict;
mod words;

use serde::{Deserializer, de::DeserializeOwned};
use serde_path_to_error::{Error, Path, Segment, Track};

pub use self::words::problem;
use self::{strict::Strict, words::Fault};
use crate::{Invalid, invalid::quoted_key};

/// Reads a value: one of the wrong kind, an unknown field and a missing one are refused with their
/// place.
///
/// ```
/// use merak_model::routing::{self, RoutingRuleDocument, RoutingRuleSpec};
/// let text = r#"{"callee": {"service": "pay"}, "branches": [{"tragets": []}], "otherwise": "reject"}"#;
/// let mut json = serde_json::Deserializer::from_str(text);
/// let refused = routing::parse::<RoutingRuleDocument, _>(&mut json).unwrap_err();
/// assert_eq!(refused.field(), "branches[0].tragets");
/// ```
///
/// # Errors
/// When it does not have the shape of `T`.
pub fn parse<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, Invalid> {
    read(deserializer).map_err(|error| refused(&error))
}

/// Reads a value like [`parse`], for those who tell the errors of the format from those of the shape.
///
/// # Errors
/// When it does not have the shape of `T`, or not the format that is read.
pub fn read<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, Error<D::Error>> {
    let mut track = Track::new();
    let tracked = serde_path_to_error::Deserializer::new(deserializer, &mut track);
    T::deserialize(Strict(tracked)).map_err(|error| Error::new(track.path(), error))
}

/// Says what is wrong with the shape, and where.
pub fn refused<E: std::fmt::Display>(error: &Error<E>) -> Invalid {
    let place = field_at(error.path());
    match Fault::of(&error.inner().to_string()) {
        Fault::Of { field, problem } => Invalid::new(field, problem).within(place),
        Fault::Here(problem) => Invalid::new(place, problem),
    }
}

fn field_at(path: &Path) -> String {
    let mut field = String::new();
    let mut is_key = false;
    for segment in path {
        match segment {
            Segment::Map { key } if is_key || !is_plain(key) => field.push_str(&quoted_key(key)),
            Segment::Seq { index } => field.push_str(&format!("[{index}]")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                let separator = if field.is_empty() { "" } else { "." };
                field.push_str(separator);
                field.push_str(key);
            }
            Segment::Unknown => {}
        }
        is_key = !is_key && has_chosen_keys(segment);
    }
    field
}

/// Whether a key needs no quotes in the path of a field.
fn is_plain(key: &str) -> bool {
    let mut bytes = key.bytes();
    !key.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether the keys of the object at a place are chosen by people.
fn has_chosen_keys(place: &Segment) -> bool {
    matches!(place, Segment::Map { key } if matches!(key.as_str(), "labels" | "metadata"))
}
