//! The rules by name and by whom they are for, and when that last changed.
//!
//! A rule is kept once, under the services that it selects: by name, or by `*`. The rules of one
//! service are the merge of the four places that can select it, so that neither many rules for
//! another service nor many services cost it anything. Each place remembers its last change, removals
//! included, which makes the revision of a service's rules exact, also after a restart.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use merak_model::{
    NamespaceName, Revision, ServiceKey,
    routing::{NearbyRule, RoutingRule, RuleKey, RuleName, RuleSet},
};

use crate::{Callees, Item, Key, Rule};

/// The rules for calls to one service, each kind in the order in which its rules are tried; those
/// that are not enabled are among them.
#[derive(Debug, Clone, PartialEq)]
pub struct CalleeRules {
    pub callee: ServiceKey,
    /// The last change of any of them, of what is gone since included; zero if there was never one.
    pub revision: Revision,
    pub routing: Vec<Arc<RoutingRule>>,
    pub nearby: Vec<Arc<NearbyRule>>,
}

/// The rules by name and by whom they are for.
#[derive(Debug, Default)]
pub(crate) struct RuleIndex {
    items: BTreeMap<Key, Item>,
    by_callees: HashMap<Callees, Arc<Place>, rapidhash::fast::RandomState>,
}

/// The rules that select the same services in the same way, in the order of their precedence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    revision: Revision,
    routing: Vec<Arc<RoutingRule>>,
    nearby: Vec<Arc<NearbyRule>>,
}

impl RuleIndex {
    pub(crate) fn find<R: Rule>(&self, key: &Arc<RuleKey>) -> Option<&Arc<R>> {
        R::of_item(self.items.get(&R::log_key(Arc::clone(key)))?)
    }

    /// The rules of a namespace, sorted by name.
    pub(crate) fn of_namespace<R: Rule>(
        &self,
        namespace: &NamespaceName,
    ) -> impl Iterator<Item = &Arc<R>> {
        let first = RuleKey {
            namespace: namespace.clone(),
            name: RuleName::parse("-").expect("`-` is the first of all valid names"),
        };
        let rules = self.items.range(R::log_key(Arc::new(first))..);
        let rules = rules.map_while(|(_, item)| R::of_item(item));
        let namespace = namespace.clone();
        rules.take_while(move |rule| rule.key().namespace == namespace)
    }

    /// The rules of a kind, sorted by namespace and name.
    pub(crate) fn all<R: Rule>(&self) -> impl Iterator<Item = &Arc<R>> {
        self.items.values().filter_map(R::of_item)
    }

    /// The places that can select a service; merging them needs no lock.
    pub(crate) fn places_of(&self, callee: &ServiceKey) -> Vec<Arc<Place>> {
        let all = Callees::all_of(callee);
        let places = all.iter().filter_map(|one| self.by_callees.get(one));
        places.cloned().collect()
    }

    /// The places of rules that are for a service in common with `callees`.
    pub(crate) fn places_beside(&self, callees: &Callees) -> Vec<Arc<Place>> {
        if let Some(single) = callees.single() {
            return self.places_of(&single);
        }
        let places = self.by_callees.iter();
        let beside = places.filter(|(others, _)| others.overlap(callees));
        beside.map(|(_, place)| Arc::clone(place)).collect()
    }

    /// Brings a rule to its state after a change; none if it is gone.
    pub(crate) fn set(&mut self, key: &Key, after: Option<&Item>, revision: Revision) {
        let before = match after {
            Some(after) => self.items.insert(key.clone(), after.clone()),
            None => self.items.remove(key),
        };
        if let Some(before) = before {
            self.place(&before, revision, Place::remove);
        }
        if let Some(after) = after {
            self.place(after, revision, Place::insert);
        }
    }

    /// Notes at start when the rules for some services last changed.
    pub(crate) fn restore(&mut self, callees: Callees, revision: Revision) {
        let place = Arc::make_mut(self.by_callees.entry(callees).or_default());
        place.revision = place.revision.max(revision);
    }

    fn place(&mut self, rule: &Item, revision: Revision, apply: fn(&mut Place, &Item)) {
        if let Some(callees) = rule.callees() {
            let place = Arc::make_mut(self.by_callees.entry(callees).or_default());
            place.revision = place.revision.max(revision);
            apply(place, rule);
        }
    }
}

impl Place {
    fn insert(&mut self, item: &Item) {
        if let Some(rule) = RoutingRule::of_item(item) {
            insert(&mut self.routing, rule);
        }
        if let Some(rule) = NearbyRule::of_item(item) {
            insert(&mut self.nearby, rule);
        }
    }

    /// The rules of several places.
    pub(crate) fn gather(places: &[Arc<Self>]) -> RuleSet {
        let routing = places.iter().flat_map(|place| &place.routing);
        let nearby = places.iter().flat_map(|place| &place.nearby);
        RuleSet {
            routing: routing.cloned().collect(),
            nearby: nearby.cloned().collect(),
        }
    }

    fn remove(&mut self, item: &Item) {
        if let Some(rule) = RoutingRule::of_item(item) {
            self.routing.retain(|one| one.key != rule.key);
        }
        if let Some(rule) = NearbyRule::of_item(item) {
            self.nearby.retain(|one| one.key != rule.key);
        }
    }
}

fn insert<R: Rule>(rules: &mut Vec<Arc<R>>, rule: &Arc<R>) {
    let at = rules.partition_point(|one| one.precedence() < rule.precedence());
    rules.insert(at, Arc::clone(rule));
}

impl CalleeRules {
    pub(crate) fn merged(callee: ServiceKey, places: &[Arc<Place>]) -> Self {
        let revision = places.iter().map(|place| place.revision).max();
        let RuleSet { routing, nearby } = Place::gather(places);
        Self::sorted(
            callee,
            revision.unwrap_or(Revision::ZERO),
            (routing, nearby),
        )
    }

    pub(crate) fn sorted(
        callee: ServiceKey,
        revision: Revision,
        (mut routing, mut nearby): (Vec<Arc<RoutingRule>>, Vec<Arc<NearbyRule>>),
    ) -> Self {
        routing.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
        nearby.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
        Self {
            callee,
            revision,
            routing,
            nearby,
        }
    }
}
