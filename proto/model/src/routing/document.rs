//! How rules are written.
//!
//! The `…Document` types beside each noun are its shape in JSON (or YAML, or any other format that
//! serde reads), not yet checked; [`parse`] reads them, and the noun's `parse` checks them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

pub use crate::reading::parse;
use crate::{
    Invalid, Metadata,
    invalid::{Why, each, quoted_key},
};

/// The entries of a JSON object in the order given, repeated keys included, so that checking them can
/// refuse those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries<V>(pub Vec<(String, V)>);

impl<V> Entries<V> {
    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks each entry of `field`, and that no key is given twice.
    pub(crate) fn parse<T>(
        self,
        field: &str,
        mut check: impl FnMut(&str, V) -> Result<T, Invalid>,
    ) -> Result<Vec<T>, Invalid> {
        let mut seen = std::collections::BTreeSet::new();
        each(self.0.into_iter().map(|(key, value)| {
            let place = format!("{field}{}", quoted_key(&key));
            let parsed = check(&key, value).map_err(|invalid| invalid.within(&place))?;
            if !seen.insert(key) {
                return Err(Invalid::because(place, Why::KeyRepeated));
            }
            Ok(parsed)
        }))
    }
}

impl From<&Metadata> for Entries<String> {
    fn from(metadata: &Metadata) -> Self {
        let entries = metadata.iter();
        Self(
            entries
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        )
    }
}

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: Serialize> Serialize for Entries<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<V>(std::marker::PhantomData<V>);

        impl<'de, V: Deserialize<'de>> de::Visitor<'de> for Visitor<V> {
            type Value = Entries<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Entries<V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

/// Reads an optional field that must not be `null`: what is left out has its default, `null` is no
/// value.
pub(crate) fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Checks that a list is not longer than its limit.
pub(crate) fn checked_count(field: &str, count: usize, limit: usize) -> Result<(), Invalid> {
    if count > limit {
        return Err(Invalid::new(
            field,
            crate::Problem::TooMany { count, limit },
        ));
    }
    Ok(())
}
