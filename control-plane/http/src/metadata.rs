//! Metadata as it comes in: entries in their order, so that a repeated key is seen and refused.

use std::{fmt, marker::PhantomData};

use merak_model::{Invalid, Metadata};
use serde::{Deserialize, Deserializer, de};

/// The entries of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entries<V>(pub(crate) Vec<(String, V)>);

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl Entries<String> {
    /// Checks the entries.
    pub(crate) fn parse(self) -> Result<Metadata, Invalid> {
        Metadata::parse(self.0)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> de::Visitor<'de> for EntriesVisitor<V> {
    type Value = Entries<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with text values")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
        let mut entries: Vec<(String, V)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, V>()? {
            // Few entries are allowed, so looking through them costs less than a set.
            let is_repeated =
                entries.len() <= Metadata::LIMIT && entries.iter().any(|(other, _)| *other == key);
            if is_repeated {
                return Err(de::Error::custom(format_args!("the key `{key}` repeats")));
            }
            entries.push((key, value));
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_refused() {
        let refused = serde_json::from_str::<Entries<String>>(r#"{"a":"1","b":"2","a":"3"}"#);
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .starts_with("the key `a` repeats")
        );
    }

    #[test]
    fn null_is_a_value_where_it_removes() {
        let entries: Entries<Option<String>> = serde_json::from_str(r#"{"a":null}"#).unwrap();
        assert_eq!(entries.0, [("a".to_owned(), None)]);
    }
}
