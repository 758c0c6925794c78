//! The rules by name and by whom they are for, and when that last changed.
//!
//! A rule is kept once, under the services that it selects: by name, or by `*`. The rules of one
//! service are the merge of the four places that can select it, so that neither many rules for
//! another service nor many services cost it anything. Each place remembers its last change, removals
//! included, which makes the revision of a service's rules exact, also after a restart. Families of rules,
//! which are subscribed to apart, have places of their own.

mod snapshot;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use merak_model::{
    NamespaceName, Revision, ServiceKey,
    routing::{RuleKey, RuleName, RuleSet as RoutingRules},
};

use crate::{AnyRule, Callees, LoadedCallees, Rule, RuleFamily, RuleKind};
pub use snapshot::{CalleeLimits, CalleeRules, RuleChanges, RulesSnapshot};

/// The recent changes that a place remembers, so that subscribers get deltas.
///
/// A subscriber that is further behind gets everything.
const RECENT_LIMIT: usize = 1024;

/// The rules by name and by whom they are for.
#[derive(Debug, Default)]
pub(crate) struct RuleIndex {
    rules: BTreeMap<(RuleKind, Arc<RuleKey>), AnyRule>,
    places: HashMap<(RuleFamily, Callees), Arc<Place>, rapidhash::fast::RandomState>,
}

/// The rules of a family that select the same services in the same way, in the order of their precedence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    revision: Revision,
    rules: Vec<AnyRule>,
    /// What changed lately, removals included.
    recent: VecDeque<(Revision, RuleKind, Arc<RuleKey>)>,
    /// What changed after this revision is remembered.
    floor: Revision,
}

/// The places of a family that can select a service; merging them needs no lock.
#[derive(Debug, Clone)]
pub(crate) struct Places(Vec<Arc<Place>>);

impl RuleIndex {
    pub(crate) fn find<R: Rule>(&self, key: &Arc<RuleKey>) -> Option<&Arc<R>> {
        R::of_any(self.rules.get(&(R::KIND, Arc::clone(key)))?)
    }

    /// The rules of a kind in a namespace, sorted by name.
    pub(crate) fn of_namespace(
        &self,
        namespace: &NamespaceName,
        kind: RuleKind,
    ) -> impl Iterator<Item = &AnyRule> {
        let first = RuleKey {
            namespace: namespace.clone(),
            name: RuleName::parse("-").expect("`-` is the first of all valid names"),
        };
        let rules = self.rules.range((kind, Arc::new(first))..);
        let namespace = namespace.clone();
        let is_of_both =
            move |(of, key): &(RuleKind, Arc<RuleKey>)| *of == kind && key.namespace == namespace;
        let rules = rules.take_while(move |(key, _)| is_of_both(key));
        rules.map(|(_, rule)| rule)
    }

    /// The rules of a kind, sorted by namespace and name.
    pub(crate) fn all<R: Rule>(&self) -> impl Iterator<Item = &Arc<R>> {
        self.rules.values().filter_map(R::of_any)
    }

    pub(crate) fn places_of(&self, family: RuleFamily, callee: &ServiceKey) -> Places {
        let all = Callees::all_of(callee).map(|callees| (family, callees));
        let places = all.iter().filter_map(|one| self.places.get(one));
        Places(places.cloned().collect())
    }

    /// The places of rules that are for a service in common with `callees`.
    pub(crate) fn places_beside(&self, family: RuleFamily, callees: &Callees) -> Places {
        if let Some(single) = callees.single() {
            return self.places_of(family, &single);
        }
        let places = self.places.iter();
        let beside = places.filter(|((of, others), _)| *of == family && others.overlap(callees));
        Places(beside.map(|(_, place)| Arc::clone(place)).collect())
    }

    /// Brings a rule to its state after a change; none if it is gone.
    pub(crate) fn set(
        &mut self,
        (kind, key): (RuleKind, &Arc<RuleKey>),
        after: Option<&AnyRule>,
        revision: Revision,
    ) {
        let named = (kind, Arc::clone(key));
        let before = match after {
            Some(after) => self.rules.insert(named, after.clone()),
            None => self.rules.remove(&named),
        };
        if let Some(before) = before {
            let place = self.place(kind.family(), before.callees(), revision);
            let is_it = |one: &AnyRule| one.kind() == kind && one.key() == before.key();
            place.rules.retain(|one| !is_it(one));
            place.remember(revision, kind, key);
        }
        if let Some(after) = after {
            let place = self.place(kind.family(), after.callees(), revision);
            let rules = &mut place.rules;
            let at = rules.partition_point(|one| one.precedence() < after.precedence());
            rules.insert(at, after.clone());
            place.remember(revision, kind, key);
        }
    }

    /// Ends the start: notes when the rules for some services last changed, and forgets what came before.
    pub(crate) fn settle(&mut self, changed: Vec<LoadedCallees>) {
        for changed in changed {
            self.place(changed.family, changed.callees, changed.revision);
        }
        for place in self.places.values_mut() {
            let place = Arc::make_mut(place);
            place.recent.clear();
            place.floor = place.revision;
        }
    }

    fn place(&mut self, family: RuleFamily, callees: Callees, revision: Revision) -> &mut Place {
        let place = Arc::make_mut(self.places.entry((family, callees)).or_default());
        place.revision = place.revision.max(revision);
        place
    }
}

impl Place {
    fn remember(&mut self, revision: Revision, kind: RuleKind, key: &Arc<RuleKey>) {
        let change = (revision, kind, Arc::clone(key));
        // A rule that stays in its place was taken out first.
        if self.recent.back() == Some(&change) {
            return;
        }
        self.recent.push_back(change);
        if self.recent.len() > RECENT_LIMIT {
            let forgotten = self.recent.pop_front();
            self.floor = forgotten.map_or(self.floor, |(revision, ..)| revision);
        }
    }
}

impl Places {
    fn revision(&self) -> Revision {
        let revision = self.0.iter().map(|place| place.revision).max();
        revision.unwrap_or(Revision::ZERO)
    }

    /// The routing and nearby rules, each kind in the order in which its rules are tried.
    pub(crate) fn routing(&self) -> RoutingRules {
        RoutingRules {
            routing: self.rules(),
            nearby: self.rules(),
        }
    }

    pub(crate) fn rules<R: Rule>(&self) -> Vec<Arc<R>> {
        sorted(self.of_kind().cloned().collect())
    }

    fn of_kind<R: Rule>(&self) -> impl Iterator<Item = &Arc<R>> {
        let rules = self.0.iter().flat_map(|place| &place.rules);
        rules.filter_map(R::of_any)
    }
}

/// Rules in the order in which they are looked at.
pub(crate) fn sorted<R: Rule>(mut rules: Vec<Arc<R>>) -> Vec<Arc<R>> {
    rules.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
    rules
}
