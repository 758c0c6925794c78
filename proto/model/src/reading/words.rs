//! What serde says of a value, in the words of JSON.

use crate::{Problem, invalid::shortened};

/// What is wrong, with the value itself or with one of its fields.
pub(super) enum Fault {
    Here(Problem),
    Of { field: String, problem: Problem },
}

impl Fault {
    pub(super) fn of(message: &str) -> Self {
        let message = without_position(message);
        let of = |field: &str, problem| Self::Of {
            field: field.trim_matches('`').to_owned(),
            problem,
        };
        if let Some(field) = message.strip_prefix("missing field ") {
            return of(field, Problem::Missing);
        }
        if let Some(field) = message.strip_prefix("duplicate field ") {
            let why = "given more than once".to_owned();
            return of(field, Problem::Refused { why });
        }
        let unknown = message.strip_prefix("unknown field `");
        if let Some((field, known)) = unknown.and_then(|rest| rest.split_once("`, ")) {
            return Self::Here(Problem::Unknown {
                field: shortened(field),
                known: known.to_owned(),
            });
        }
        let why = plain(message);
        Self::Here(Problem::Refused { why })
    }
}

/// A message of serde's, without the names of Rust's types.
pub fn plain(message: &str) -> String {
    if let Some((word, known)) = message
        .strip_prefix("unknown variant `")
        .and_then(|rest| rest.split_once("`, expected "))
    {
        return format!("expected {known}, found {:?}", shortened(word));
    }
    let mismatch = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "));
    match mismatch {
        Some((found, expected)) => format!("expected {}, found {}", wanted(expected), given(found)),
        None if is_no_number(message) => format!("expected {COUNT}"),
        None if is_too_large(message) => "the number is too large".to_owned(),
        None => message.to_owned(),
    }
}

const COUNT: &str = "a whole number, 0 or more";

/// The place is said by the pointer; line and column of JSON's reader say it a second time.
fn without_position(message: &str) -> &str {
    match message.rsplit_once(" at line ") {
        Some((message, position)) if position.contains(" column ") => message,
        _ => message,
    }
}

/// What is said of a text that should be a number, in a query.
fn is_no_number(message: &str) -> bool {
    message.ends_with("invalid digit found in string")
        || message.ends_with("cannot parse integer from empty string")
}

/// What is said of a text that is a larger number than its type holds, in a query.
fn is_too_large(message: &str) -> bool {
    message.ends_with("number too large to fit in target type")
}

/// What was expected, as JSON calls it.
fn wanted(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number, 0..=255",
        "u16" => "a whole number, 0..=65535",
        "u32" => "a whole number, 0..=4294967295",
        "u64" | "usize" => COUNT,
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        _ => expected,
    }
}

/// What was given, as JSON calls it.
fn given(found: &str) -> String {
    match found {
        "sequence" => return "a list".to_owned(),
        "map" => return "an object".to_owned(),
        _ => {}
    }
    for kind in ["integer ", "floating point ", "boolean "] {
        if let Some(value) = found.strip_prefix(kind) {
            return value.trim_matches('`').to_owned();
        }
    }
    match found.strip_prefix("string ") {
        Some(text) => shortened_quote(text),
        None => found.to_owned(),
    }
}

/// A quoted text, of which the quotation mark at the end stays.
fn shortened_quote(quoted: &str) -> String {
    match shortened(quoted) {
        whole if whole == quoted => whole,
        beginning => beginning + "\"",
    }
}
