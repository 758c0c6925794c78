//! The rules by name and by whom they are for, and when that last changed.
//!
//! A rule is kept once, under the services that it selects: by name, or by `*`. The rules of one
//! service are the merge of the four places that can select it, so that neither many rules for
//! another service nor many services cost it anything. Each place remembers its last change, removals
//! included, which makes the revision of a service's rules exact, also after a restart. Families of rules,
//! which are subscribed to apart, have places of their own.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use merak_model::{
    NamespaceName, Revision, ServiceKey,
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule, RuleKey, RuleName, RuleSet as RoutingRules},
};

use crate::{AnyRule, Callees, LoadedCallees, Rule, RuleFamily, RuleKind};

/// The rules that callers of one service obey, each kind in the order in which its rules are tried;
/// those that are not enabled are among them.
#[derive(Debug, Clone, PartialEq)]
pub struct CalleeRules {
    pub callee: ServiceKey,
    /// The last change of any of them, of what is gone since included; zero if there was never one.
    pub revision: Revision,
    pub routing: Vec<Arc<RoutingRule>>,
    pub nearby: Vec<Arc<NearbyRule>>,
}

/// The rules that protect one service, in the order of their precedence; those that are not enabled are
/// among them.
#[derive(Debug, Clone, PartialEq)]
pub struct CalleeLimits {
    pub callee: ServiceKey,
    /// The last change of any of them, of what is gone since included; zero if there was never one.
    pub revision: Revision,
    pub rules: Vec<Arc<RateLimitRule>>,
}

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
}

/// The places of a family that can select a service; merging them needs no lock.
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
        let key = (kind, Arc::clone(key));
        let before = match after {
            Some(after) => self.rules.insert(key, after.clone()),
            None => self.rules.remove(&key),
        };
        if let Some(before) = before {
            let place = self.place(kind.family(), before.callees(), revision);
            let is_it = |one: &AnyRule| one.kind() == kind && one.key() == before.key();
            place.rules.retain(|one| !is_it(one));
        }
        if let Some(after) = after {
            let rules = &mut self.place(kind.family(), after.callees(), revision).rules;
            let at = rules.partition_point(|one| one.precedence() < after.precedence());
            rules.insert(at, after.clone());
        }
    }

    /// Notes at start when the rules for some services last changed.
    pub(crate) fn restore(&mut self, changed: LoadedCallees) {
        self.place(changed.family, changed.callees, changed.revision);
    }

    fn place(&mut self, family: RuleFamily, callees: Callees, revision: Revision) -> &mut Place {
        let place = Arc::make_mut(self.places.entry((family, callees)).or_default());
        place.revision = place.revision.max(revision);
        place
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

    fn rules<R: Rule>(&self) -> Vec<Arc<R>> {
        let rules = self.0.iter().flat_map(|place| &place.rules);
        sorted(rules.filter_map(R::of_any).cloned().collect())
    }
}

impl CalleeRules {
    pub(crate) fn merged(callee: ServiceKey, places: &Places) -> Self {
        let RoutingRules { routing, nearby } = places.routing();
        Self {
            callee,
            revision: places.revision(),
            routing,
            nearby,
        }
    }
}

impl CalleeLimits {
    pub(crate) fn merged(callee: ServiceKey, places: &Places) -> Self {
        Self {
            callee,
            revision: places.revision(),
            rules: places.rules(),
        }
    }
}

/// Rules in the order in which they are looked at.
pub(crate) fn sorted<R: Rule>(mut rules: Vec<Arc<R>>) -> Vec<Arc<R>> {
    rules.sort_by(|one, other| one.precedence().cmp(&other.precedence()));
    rules
}
