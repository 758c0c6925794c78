//! What serde says of a value, in the words of JSON.

use crate::{
    Problem,
    invalid::{Found, Wanted, Why, shortened},
};

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
            return of(field, because(Why::FieldRepeated));
        }
        let unknown = message.strip_prefix("unknown field `");
        if let Some((field, known)) = unknown.and_then(|rest| rest.split_once("`, ")) {
            return Self::Here(Problem::Unknown {
                field: shortened(field),
                known: known.to_owned(),
                fields: quoted(known).into(),
            });
        }
        Self::Here(problem(message))
    }
}

/// A message of serde's about a value, without the names of Rust's types.
pub fn problem(message: &str) -> Problem {
    let said = |why: &str| Problem::Refused {
        why: why.to_owned(),
    };
    let mismatch = |expected: &str, found: Found, or: &dyn Fn() -> String| match wanted(expected) {
        Some(wanted) => because(Why::WrongType { wanted, found }),
        None => Problem::Refused { why: or() },
    };
    if let Some((word, known)) = message
        .strip_prefix("unknown variant `")
        .and_then(|rest| rest.split_once("`, expected "))
    {
        let text = format!("{:?}", shortened(word));
        let or = || format!("expected {known}, found {text}");
        return mismatch(known, Found::Value { text: text.clone() }, &or);
    }
    let types = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "));
    match types {
        Some((found, expected)) => {
            let found = given(found);
            let or = || format!("expected {expected}, found {found}");
            mismatch(expected, found.clone(), &or)
        }
        None if is_no_number(message) => because(Why::NotCount),
        None if is_too_large(message) => because(Why::NumberTooLarge),
        None if message == "expected a string, found an object" => {
            mismatch("a string", Found::Object, &|| message.to_owned())
        }
        None => said(message),
    }
}

fn because(why: Why) -> Problem {
    Problem::Because(Box::new(why))
}

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

/// What was expected, as JSON calls it; none of what has no name in JSON.
fn wanted(expected: &str) -> Option<Wanted> {
    let count = |max| Some(Wanted::Count { max });
    match expected {
        "u8" => count(Some(u32::from(u8::MAX))),
        "u16" => count(Some(u32::from(u16::MAX))),
        "u32" => count(Some(u32::MAX)),
        "u64" | "usize" => count(None),
        "i8" | "i16" | "i32" | "i64" | "isize" => Some(Wanted::Whole),
        "f32" | "f64" => Some(Wanted::Number),
        "a boolean" => Some(Wanted::Boolean),
        "a string" => Some(Wanted::Text),
        "a sequence" => Some(Wanted::List),
        "a map" | "an object" => Some(Wanted::Object),
        words => {
            let list = Wanted::Word {
                words: quoted(words),
            };
            (list.to_string() == words).then_some(list)
        }
    }
}

/// The words between backticks.
fn quoted(text: &str) -> Vec<String> {
    let words = text.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

/// What was given, as JSON calls it.
fn given(found: &str) -> Found {
    match found {
        "sequence" => return Found::List,
        "map" => return Found::Object,
        "null" => return Found::Null,
        _ => {}
    }
    for kind in ["integer ", "floating point ", "boolean "] {
        if let Some(value) = found.strip_prefix(kind) {
            let text = value.trim_matches('`').to_owned();
            return Found::Value { text };
        }
    }
    let text = match found.strip_prefix("string ") {
        Some(text) => shortened_quote(text),
        None => found.to_owned(),
    };
    Found::Value { text }
}

/// A quoted text, of which the quotation mark at the end stays.
fn shortened_quote(quoted: &str) -> String {
    match shortened(quoted) {
        whole if whole == quoted => whole,
        beginning => beginning + "\"",
    }
}
