//! The groups of a selection in the making.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{GroupRef, KeyedGroups};
use crate::{
    Instance, Text,
    routing::{
        Fact, Labels, Matcher, Test,
        group::{Group, Member, is_usable},
        narrow::Scope,
        target::label,
    },
};

/// Groups in the making; equal labels get one group.
pub(super) struct Groups<'c> {
    usable: Vec<Member<'c>>,
    /// Usable instances by the values of a label, for the labels that were asked for.
    by_value: HashMap<&'c str, HashMap<&'c str, Vec<Member<'c>>>>,
    scope: Scope<'c>,
    by_labels: BTreeMap<&'c Labels, GroupRef>,
    groups: Vec<Group>,
    keyed: Vec<KeyedGroups>,
}

impl<'c> Groups<'c> {
    pub(super) fn new(instances: &'c [Arc<Instance>], scope: Scope<'c>) -> Self {
        Self {
            usable: usable_of(instances),
            by_value: HashMap::new(),
            scope,
            by_labels: BTreeMap::new(),
            groups: Vec::new(),
            keyed: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> (Vec<Group>, Vec<KeyedGroups>) {
        (self.groups, self.keyed)
    }

    /// The group of the instances with some labels.
    pub(super) fn of(&mut self, labels: &'c Labels) -> GroupRef {
        if let Some(known) = self.by_labels.get(labels) {
            return *known;
        }
        let compared = labels.iter().filter_map(|(key, test)| match test {
            Test::SameAs(fact) => Some((key, fact.clone())),
            Test::Value(_) => None,
        });
        let (keys, facts): (Vec<&str>, Vec<Fact>) = compared.unzip();
        let fitting = self.fitting(labels);
        let group = match keys.is_empty() {
            true => GroupRef::Fixed(self.push(fitting)),
            false => self.keyed_groups(&keys, facts.into(), fitting),
        };
        self.by_labels.insert(labels, group);
        group
    }

    /// The usable instances with some labels. Those that have the rarest of the values are looked at, so
    /// that a thousand targets of few instances each do not cost a thousand passes over all.
    fn fitting(&mut self, labels: &'c Labels) -> Vec<Member<'c>> {
        let exact = labels.iter().filter_map(|(key, test)| match test {
            Test::Value(Matcher::Exact(value)) => Some((key, &**value)),
            Test::Value(_) | Test::SameAs(_) => None,
        });
        let exact: Vec<(&str, &str)> = exact.collect();
        for (key, _) in &exact {
            let usable = &self.usable;
            let values = self.by_value.entry(key);
            values.or_insert_with(|| by_value(key, usable));
        }
        let having = exact.iter().map(|(key, value)| self.having(key, value));
        let rarest = having.min_by_key(|one| one.len());
        let looked_at = rarest.unwrap_or(&self.usable).iter();
        looked_at
            .filter(|one| labels.fit(one.instance))
            .copied()
            .collect()
    }

    /// The usable instances with a value of a label that was asked for.
    fn having(&self, key: &str, value: &str) -> &[Member<'c>] {
        let values = self.by_value.get(key);
        let instances = values.and_then(|values| values.get(value));
        instances.map_or(&[], Vec::as_slice)
    }

    /// Adds a group, and gives its index.
    fn push(&mut self, members: Vec<Member<'c>>) -> usize {
        let index = self.groups.len();
        self.groups.push(Group::new(index, members, self.scope));
        index
    }

    /// A group for each combination of values that instances have.
    fn keyed_groups(
        &mut self,
        keys: &[&str],
        facts: Box<[Fact]>,
        fitting: Vec<Member<'c>>,
    ) -> GroupRef {
        let mut by_values: BTreeMap<Box<[Text]>, Vec<Member<'c>>> = BTreeMap::new();
        for member in fitting {
            let values = keys.iter();
            let values = values.map(|key| label(member.instance, key).map(Text::from));
            // An instance without the label equals nothing.
            let Some(values) = values.collect::<Option<Box<[Text]>>>() else {
                continue;
            };
            by_values.entry(values).or_default().push(member);
        }
        let groups = by_values.into_iter();
        let groups = groups.map(|(values, members)| (values, self.push(members)));
        let groups = groups.collect();
        self.keyed.push(KeyedGroups { facts, groups });
        GroupRef::Keyed(self.keyed.len() - 1)
    }
}

fn usable_of(instances: &[Arc<Instance>]) -> Vec<Member<'_>> {
    let members = (0..).zip(instances);
    let members = members.map(|(place, instance)| Member { place, instance });
    members.filter(|one| is_usable(one.instance)).collect()
}

fn by_value<'c>(key: &str, instances: &[Member<'c>]) -> HashMap<&'c str, Vec<Member<'c>>> {
    let mut by_value: HashMap<&str, Vec<_>> = HashMap::new();
    for member in instances {
        if let Some(value) = label(member.instance, key) {
            by_value.entry(value).or_default().push(*member);
        }
    }
    by_value
}
