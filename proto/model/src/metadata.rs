//! Key/value labels of namespaces, services and instances.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

use crate::{
    Invalid, Problem, Text,
    invalid::{Form, each},
    text::checked_text,
};

/// Key/value labels: at most 64 entries, keys of 1..=128 characters, values up to 4096.
///
/// Kept sorted by key in one block, because most instances carry a few entries and a million
/// instances are held in memory.
#[derive(Clone, PartialEq, Eq, Default, Hash)]
pub struct Metadata(Box<[(Text, Text)]>);

impl Metadata {
    /// The most entries that metadata may have.
    pub const LIMIT: usize = 64;
    /// The longest key, in characters.
    pub const KEY_LIMIT: usize = 128;
    /// The longest value, in characters.
    pub const VALUE_LIMIT: usize = 4096;

    /// Checks and sorts entries.
    ///
    /// # Errors
    /// When there are too many, a key is empty or given twice, or a key or value is too long or
    /// has a control character.
    pub fn parse<K: AsRef<str>, V: AsRef<str>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, Invalid> {
        let mut count = 0;
        let checked = each(entries.into_iter().filter_map(|(key, value)| {
            count += 1;
            (count <= Self::LIMIT).then(|| checked_entry(key.as_ref(), value.as_ref()))
        }));
        if count > Self::LIMIT {
            return Err(Invalid::new(
                "metadata",
                Problem::TooMany {
                    count,
                    limit: Self::LIMIT,
                },
            ));
        }
        let mut checked: Vec<(Text, Text)> = checked?;
        checked.sort_unstable();
        if let Some(twice) = checked.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Invalid::malformed("metadata", &twice[0].0, Form::KeyOnce));
        }
        Ok(Self(checked.into()))
    }

    /// These entries with some changed: a value replaces or adds a key, none removes it.
    ///
    /// # Errors
    /// As [`Metadata::parse`], for the outcome.
    pub fn patched<'a>(
        &'a self,
        changes: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, Invalid> {
        let mut entries: BTreeMap<&str, &str> = self.iter().collect();
        for (key, value) in changes {
            match value {
                Some(value) => entries.insert(key, value),
                None => entries.remove(key),
            };
        }
        Self::parse(entries)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self
            .0
            .binary_search_by(|(candidate, _)| candidate.as_ref().cmp(key));
        found.ok().map(|index| self.0[index].1.as_ref())
    }

    /// All entries, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_ref(), value.as_ref()))
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn checked_entry(key: &str, value: &str) -> Result<(Text, Text), Invalid> {
    if key.is_empty() {
        return Err(Invalid::malformed("metadata", "", Form::Key));
    }
    let key = checked_text(&field_of(key), key, Metadata::KEY_LIMIT)?;
    if value.len() <= Metadata::VALUE_LIMIT && !value.chars().any(|c| c.is_control() && c != '\n') {
        return Ok((key, value.into()));
    }
    let value = checked_text(&field_of(&key), value, Metadata::VALUE_LIMIT)?;
    Ok((key, value))
}

fn field_of(key: &str) -> String {
    let shown: String = key.chars().take(Metadata::KEY_LIMIT).collect();
    format!("metadata.{shown}")
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (key, value) in self.iter() {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> de::Visitor<'de> for Entries {
            type Value = Metadata;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with text values")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
                let mut entries: Vec<(String, String)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Metadata::parse(entries).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_values_whatever_the_order_they_came_in() {
        let metadata = Metadata::parse([("zone", "b"), ("env", "prod")]).unwrap();
        assert_eq!(metadata.get("env"), Some("prod"));
        assert_eq!(metadata.get("absent"), None);
        assert_eq!(
            metadata,
            Metadata::parse([("env", "prod"), ("zone", "b")]).unwrap()
        );
    }

    #[test]
    fn refuses_the_sixty_fifth_entry() {
        let entries = |count: usize| (0..count).map(|n| (format!("k{n}"), "v"));
        assert_eq!(Metadata::parse(entries(64)).unwrap().len(), 64);
        assert_eq!(
            Metadata::parse(entries(65)).unwrap_err().to_string(),
            "metadata: 65 entries, at most 64 are allowed"
        );
    }

    #[test]
    fn a_patch_replaces_adds_and_removes() {
        let metadata = Metadata::parse([("env", "prod"), ("zone", "b")]).unwrap();
        let patched = metadata.patched([("env", Some("dev")), ("zone", None), ("rack", Some("7"))]);
        let expected = Metadata::parse([("env", "dev"), ("rack", "7")]);
        assert_eq!(patched.unwrap(), expected.unwrap());
        assert!(metadata.patched([("", Some("x"))]).is_err());
    }

    #[test]
    fn refuses_empty_and_repeated_keys() {
        assert!(Metadata::parse([("", "v")]).is_err());
        assert!(Metadata::parse([("a", "1"), ("a", "2")]).is_err());
    }
}
