//! Values of a call that were given one by one.

use std::fmt;

use crate::routing::{Fact, FactKind};

type Value<'a> = (FactKind, &'a str, &'a str);

/// Values by kind and name: the first six in place, more of them in a list.
#[derive(Clone)]
pub(super) struct Given<'a> {
    count: usize,
    first: [Value<'a>; Given::IN_PLACE],
    more: Vec<Value<'a>>,
}

impl<'a> Given<'a> {
    const IN_PLACE: usize = 6;

    #[inline]
    pub(super) fn push(&mut self, kind: FactKind, name: &'a str, value: &'a str) {
        match self.first.get_mut(self.count) {
            Some(place) => {
                *place = (kind, name, value);
                self.count += 1;
            }
            None => self.more.push((kind, name, value)),
        }
    }

    #[inline]
    pub(super) fn find(&self, fact: &Fact) -> Option<&'a str> {
        self.iter()
            .find(|(kind, name, _)| *kind == fact.kind() && is_named(fact, name))
            .map(|(_, _, value)| *value)
    }

    fn iter(&self) -> impl Iterator<Item = &Value<'a>> {
        self.first[..self.count].iter().chain(&self.more)
    }
}

fn is_named(fact: &Fact, name: &str) -> bool {
    match fact.kind() {
        FactKind::Header => fact.key().eq_ignore_ascii_case(name),
        FactKind::Method
        | FactKind::Path
        | FactKind::Query
        | FactKind::Cookie
        | FactKind::CallerIp
        | FactKind::CallerNamespace
        | FactKind::CallerService
        | FactKind::CallerMetadata
        | FactKind::Argument => fact.key() == name,
    }
}

impl Default for Given<'_> {
    #[inline]
    fn default() -> Self {
        Self {
            count: 0,
            first: [(FactKind::Argument, "", ""); Self::IN_PLACE],
            more: Vec::new(),
        }
    }
}

impl fmt::Debug for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
