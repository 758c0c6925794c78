//! The one filter grammar of every list.
//!
//! A filter is a query parameter. Text matches as a whole, by its beginning when the filter ends with
//! `*`, or anywhere when it begins with `*` as well. Metadata matches by `metadata=key:value`, once for
//! each entry that is wanted. A row is listed when it matches every filter. A backslash takes the meaning
//! from a `*`, a `:` or a backslash that follows it.

use merak_model::{Invalid, Metadata, invalid::Form};
use serde::Deserialize;

/// Text to look for: whole, with a trailing `*` its beginning, between two `*` any part.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) enum TextFilter {
    Whole(String),
    Beginning(String),
    Part(String),
}

/// A metadata entry to look for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct MetadataFilter {
    key: String,
    value: TextFilter,
}

impl From<String> for TextFilter {
    fn from(text: String) -> Self {
        match text.strip_suffix('*').filter(|rest| !is_escaping(rest)) {
            Some(beginning) => match beginning.strip_prefix('*') {
                Some(part) => Self::Part(unescaped(part)),
                None => Self::Beginning(unescaped(beginning)),
            },
            None => Self::Whole(unescaped(&text)),
        }
    }
}

impl TextFilter {
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Whole(whole) => text == whole,
            Self::Beginning(beginning) => text.starts_with(beginning.as_str()),
            Self::Part(part) => text.contains(part.as_str()),
        }
    }
}

impl TryFrom<String> for MetadataFilter {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let mut colons = text.match_indices(':');
        let colon = colons.find(|(at, _)| !is_escaping(&text[..*at]));
        match colon.map(|(at, _)| (&text[..at], &text[at + 1..])) {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: unescaped(key),
                value: value.to_owned().into(),
            }),
            _ => Err(Invalid::malformed(
                "metadata",
                text,
                Form::Other("key:value or key:beginning*"),
            )),
        }
    }
}

impl MetadataFilter {
    pub(crate) fn matches(&self, metadata: &Metadata) -> bool {
        metadata
            .get(&self.key)
            .is_some_and(|value| self.value.matches(value))
    }
}

/// Whether the character after this text has lost its meaning: an odd number of backslashes is before it.
fn is_escaping(text: &str) -> bool {
    let backslashes = text.len() - text.trim_end_matches('\\').len();
    backslashes % 2 == 1
}

/// Takes the backslashes away that are before a `*`, a `:` or a backslash; others stand for themselves.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = characters.next_if(|next| character == '\\' && "*:\\".contains(*next));
        plain.push(escaped.unwrap_or(character));
    }
    plain
}

/// Whether metadata has every wanted entry.
pub(crate) fn has_all(filters: &[MetadataFilter], metadata: &Metadata) -> bool {
    filters.iter().all(|filter| filter.matches(metadata))
}

/// Whether a text matches a filter, if there is one.
pub(crate) fn matches(filter: Option<&TextFilter>, text: &str) -> bool {
    filter.is_none_or(|filter| filter.matches(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_matches_whole_by_its_beginning_or_anywhere() {
        for (filter, text, expected) in [
            ("pay", "pay", true),
            ("pay", "payment", false),
            ("pay*", "payment", true),
            ("pay*", "repay", false),
            ("*pay*", "repayment", true),
            ("*pay*", "order", false),
            ("**", "pay", true),
            ("*pay", "repay", false),
            ("*", "", true),
            ("", "", true),
            ("", "pay", false),
            (r"pay\*", "pay*", true),
            (r"pay\*", "payment", false),
            (r"pay\\*", r"pay\ment", true),
            (r"\*pay*", "*payment", true),
            (r"\*pay*", "repayment", false),
            (r"c:\temp", r"c:\temp", true),
        ] {
            let matches = TextFilter::from(filter.to_owned()).matches(text);
            assert_eq!(matches, expected, "{filter} {text}");
        }
    }

    #[test]
    fn metadata_matches_by_entry() {
        let entries = [
            ("env", "prod"),
            ("url", "http://x"),
            ("x:y", "z*"),
            (r"a\", "b"),
        ];
        let metadata = Metadata::parse(entries).unwrap();
        for (filter, expected) in [
            ("env:prod", true),
            ("env:pr*", true),
            ("env:dev", false),
            ("zone:*", false),
            ("url:http://x", true),
            (r"x\:y:z\*", true),
            ("x:y:z*", false),
            (r"x\:y:z", false),
            (r"a\\:b", true),
        ] {
            let filter = MetadataFilter::try_from(filter.to_owned()).unwrap();
            assert_eq!(filter.matches(&metadata), expected, "{filter:?}");
        }
        for refused in ["env", ":prod", ""] {
            assert!(
                MetadataFilter::try_from(refused.to_owned()).is_err(),
                "{refused}"
            );
        }
    }
}
