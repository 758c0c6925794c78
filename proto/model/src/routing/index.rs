//! Rules by the services that they are for.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{CalleeSelector, NearbyRule, RoutingRule, RuleKey, RuleName, Selector};
use crate::{NamespaceName, ServiceKey, ServiceName};

/// A rule for the calls to some services.
pub trait CalleeRule {
    /// Its full name.
    fn key(&self) -> &RuleKey;

    /// The services that it is for.
    fn callee(&self) -> &CalleeSelector;

    /// Rules are tried from the lowest number to the highest, then by name.
    fn priority(&self) -> u32;
}

/// Rules by the services that they are for, so that a rule for one costs the others nothing.
#[derive(Debug, Clone)]
pub struct RuleIndex<R> {
    by_key: BTreeMap<RuleKey, Arc<R>>,
    by_callee: HashMap<Callee, BTreeMap<Precedence, Arc<R>>>,
}

type Callee = (Selector<NamespaceName>, Selector<ServiceName>);
type Precedence = (u32, RuleName, NamespaceName);

impl<R: CalleeRule> RuleIndex<R> {
    /// Adds a rule, and gives back the one that it replaces.
    pub fn upsert(&mut self, rule: Arc<R>) -> Option<Arc<R>> {
        let replaced = self.remove(rule.key());
        let same_callee = self.by_callee.entry(callee_of(&*rule)).or_default();
        same_callee.insert(precedence_of(&*rule), Arc::clone(&rule));
        self.by_key.insert(rule.key().clone(), rule);
        replaced
    }

    /// Takes a rule out.
    pub fn remove(&mut self, key: &RuleKey) -> Option<Arc<R>> {
        let rule = self.by_key.remove(key)?;
        let callee = callee_of(&*rule);
        if let Some(same_callee) = self.by_callee.get_mut(&callee) {
            same_callee.remove(&precedence_of(&*rule));
            if same_callee.is_empty() {
                self.by_callee.remove(&callee);
            }
        }
        Some(rule)
    }

    /// The rule of a name.
    pub fn find(&self, key: &RuleKey) -> Option<&Arc<R>> {
        self.by_key.get(key)
    }

    /// Every rule, sorted by namespace and name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<R>> {
        self.by_key.values()
    }

    /// The rules for a service, enabled or not, in the order in which they are tried.
    pub fn list_for(&self, service: &ServiceKey) -> Vec<Arc<R>> {
        let namespace = Selector::Named(service.namespace.clone());
        let name = Selector::Named(service.service.clone());
        let callees = [
            (namespace.clone(), name.clone()),
            (namespace, Selector::Any),
            (Selector::Any, name),
            (Selector::Any, Selector::Any),
        ];
        let found = callees
            .iter()
            .filter_map(|callee| self.by_callee.get(callee));
        let mut rules: Vec<_> = found.flatten().collect();
        rules.sort_unstable_by_key(|(precedence, _)| *precedence);
        rules
            .into_iter()
            .map(|(_, rule)| Arc::clone(rule))
            .collect()
    }
}

impl<R> Default for RuleIndex<R> {
    fn default() -> Self {
        Self {
            by_key: BTreeMap::new(),
            by_callee: HashMap::new(),
        }
    }
}

impl<R: CalleeRule> FromIterator<Arc<R>> for RuleIndex<R> {
    fn from_iter<T: IntoIterator<Item = Arc<R>>>(rules: T) -> Self {
        let mut index = Self::default();
        for rule in rules {
            index.upsert(rule);
        }
        index
    }
}

fn callee_of<R: CalleeRule>(rule: &R) -> Callee {
    let callee = rule.callee();
    let namespace = callee.namespace_in(&rule.key().namespace);
    (namespace, callee.service.clone())
}

fn precedence_of<R: CalleeRule>(rule: &R) -> Precedence {
    let RuleKey { namespace, name } = rule.key().clone();
    (rule.priority(), name, namespace)
}

impl CalleeRule for RoutingRule {
    fn key(&self) -> &RuleKey {
        &self.key
    }

    fn callee(&self) -> &CalleeSelector {
        &self.spec.callee
    }

    fn priority(&self) -> u32 {
        self.spec.priority()
    }
}

impl CalleeRule for NearbyRule {
    fn key(&self) -> &RuleKey {
        &self.key
    }

    fn callee(&self) -> &CalleeSelector {
        &self.spec.callee
    }

    fn priority(&self) -> u32 {
        self.spec.priority()
    }
}
