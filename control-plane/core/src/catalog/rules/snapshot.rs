//! The rules of a family for one service at one revision, and what changed lately.

use std::{collections::BTreeSet, sync::Arc};

use merak_model::{
    Revision, ServiceKey,
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule, RuleKey, RuleSet as RoutingRules},
};

use super::Places;
use crate::{Rule, RuleFamily};

/// The rules of a family for one service at one revision; cheap to make, whatever their number.
#[derive(Debug, Clone)]
pub struct RulesSnapshot {
    callee: ServiceKey,
    family: RuleFamily,
    places: Places,
}

/// What changed of the rules of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleChanges<R> {
    /// New and changed ones.
    pub changed: Vec<Arc<R>>,
    /// Those that are gone, or are for other services now.
    pub removed: Vec<RuleKey>,
    /// How many there are after it.
    pub count: usize,
}

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

impl RulesSnapshot {
    pub(crate) fn new(callee: ServiceKey, family: RuleFamily, places: Places) -> Self {
        Self {
            callee,
            family,
            places,
        }
    }

    /// The service that they are for.
    pub fn callee(&self) -> &ServiceKey {
        &self.callee
    }

    /// The kinds of rules that they are of.
    pub fn family(&self) -> RuleFamily {
        self.family
    }

    /// The last change of any of them, of what is gone since included; zero if there was never one.
    pub fn revision(&self) -> Revision {
        self.places.revision()
    }

    /// The rules of a kind of the family, in the order in which they are looked at.
    pub fn rules<R: Rule>(&self) -> Vec<Arc<R>> {
        self.places.rules()
    }

    /// Whether it is remembered what changed since `from`.
    pub fn remembers(&self, from: Revision) -> bool {
        let mut places = self.places.0.iter();
        from != Revision::ZERO && from <= self.revision() && places.all(|one| one.floor <= from)
    }

    /// What changed of a kind since `from`; none if that is too long ago to be remembered.
    pub fn changes_since<R: Rule>(&self, from: Revision) -> Option<RuleChanges<R>> {
        if !self.remembers(from) {
            return None;
        }
        let places = self.places.0.iter();
        let recent = places.flat_map(|place| {
            let later = place.recent.iter().rev();
            later.take_while(|(revision, ..)| *revision > from)
        });
        let of_kind = recent.filter(|(_, kind, _)| *kind == R::KIND);
        let mut touched: BTreeSet<&RuleKey> = of_kind.map(|(.., key)| &**key).collect();
        let (mut changed, mut count) = (Vec::new(), 0);
        for rule in self.places.of_kind::<R>() {
            count += 1;
            if touched.remove(rule.key()) {
                changed.push(Arc::clone(rule));
            }
        }
        // What was touched and is not here any more.
        let removed = touched.into_iter().cloned().collect();
        Some(RuleChanges {
            changed,
            removed,
            count,
        })
    }
}

impl From<RulesSnapshot> for CalleeRules {
    fn from(snapshot: RulesSnapshot) -> Self {
        let RoutingRules { routing, nearby } = snapshot.places.routing();
        Self {
            revision: snapshot.revision(),
            callee: snapshot.callee,
            routing,
            nearby,
        }
    }
}

impl From<RulesSnapshot> for CalleeLimits {
    fn from(snapshot: RulesSnapshot) -> Self {
        Self {
            revision: snapshot.revision(),
            rules: snapshot.rules(),
            callee: snapshot.callee,
        }
    }
}
