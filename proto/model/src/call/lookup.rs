//! Where values are looked up that somebody holds already.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash},
};

use crate::Metadata;

/// Values by name, such as the headers of a request.
///
/// A [`Call`](super::Call) borrows it, so that only the values that a rule asks for are looked up.
pub trait Lookup {
    /// The value of a name; names of headers are asked for in lower case.
    fn find(&self, name: &str) -> Option<&str>;
}

impl Lookup for Metadata {
    fn find(&self, name: &str) -> Option<&str> {
        self.get(name)
    }
}

impl<K: Borrow<str> + Eq + Hash, V: AsRef<str>, S: BuildHasher> Lookup for HashMap<K, V, S> {
    fn find(&self, name: &str) -> Option<&str> {
        self.get(name).map(AsRef::as_ref)
    }
}

impl<K: Borrow<str> + Ord, V: AsRef<str>> Lookup for BTreeMap<K, V> {
    fn find(&self, name: &str) -> Option<&str> {
        self.get(name).map(AsRef::as_ref)
    }
}

impl<K: AsRef<str>, V: AsRef<str>> Lookup for Vec<(K, V)> {
    fn find(&self, name: &str) -> Option<&str> {
        let mut pairs = self.iter();
        let found = pairs.find(|(key, _)| key.as_ref() == name);
        found.map(|(_, value)| value.as_ref())
    }
}
