//! What a client has to know to obey a rule, beyond what every client knows.
//!
//! Protobuf has a client overlook a field that is newer than itself, which would make another rule of it. So a
//! rule that uses such a field names a word for it in `requires`, and a client that does not know the word
//! leaves the rule out and says so. New values of an enum and new choices of a `oneof` need no word: who does
//! not know them sees that there is something. Neither does what is only for people, such as a description.
//!
//! A new field brings its word into [`KNOWN`], and the conversion that writes the field names it.

use merak_model::Invalid;

/// The words that this version knows; the fields of the first version have none.
const KNOWN: &[&str] = &[];

/// Refuses a rule that requires what this version does not know.
pub(super) fn check(requires: &[String]) -> Result<(), Invalid> {
    let unknown = requires.iter().filter(|word| !KNOWN.contains(&&***word));
    let unknown: Vec<String> = unknown.map(|word| format!("`{word}`")).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let why = format!("this version does not know {}", unknown.join(", "));
    Err(Invalid::refused("requires", why))
}
