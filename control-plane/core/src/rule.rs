//! What the kinds of rules have in common, so that each is written, read and pushed the same way.

use std::{fmt, sync::Arc};

use merak_model::{
    NamespaceName, ServiceKey, Stamp,
    routing::{
        self, CalleeSelector, NearbyRule, NearbySpec, RoutingRule, RoutingRuleSpec, RuleKey,
    },
    routing::{RuleName, Selector, Surroundings, Warning},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::{Catalog, Item, Key, Kind};

/// A rule for calls to services: it has a name within its namespace, and a callee.
pub trait Rule: Clone + PartialEq + fmt::Debug + Send + Sync + Sized + 'static {
    /// What people say of it.
    type Spec: Clone + PartialEq + fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static;

    const KIND: Kind;
    /// What messages call it.
    const NOUN: &'static str;

    fn new(key: RuleKey, spec: Self::Spec, stamp: Stamp) -> Self;
    fn key(&self) -> &RuleKey;
    fn spec(&self) -> &Self::Spec;
    fn stamp(&self) -> Stamp;
    /// The services that it is for, as people say them.
    fn callee(&self) -> &CalleeSelector;
    /// What rules are tried in the order of.
    fn precedence(&self) -> (u32, &RuleName, &NamespaceName);

    /// What names it in the log.
    fn log_key(key: Arc<RuleKey>) -> Key;
    /// It as a thing of the log.
    fn item(self: Arc<Self>) -> Item;
    /// The rule that a thing of the log is, if it is one of this kind.
    fn of_item(item: &Item) -> Option<&Arc<Self>>;

    /// Looks for what was probably not meant, beside the other rules and the instances that there are
    /// now; it need not be one of the catalog's.
    fn lint(&self, catalog: &Catalog) -> Vec<Warning> {
        _ = catalog;
        Vec::new()
    }

    /// The services that it is for.
    fn callees(&self) -> Callees {
        Callees::of(self.callee(), &self.key().namespace)
    }
}

/// The services that a rule is for, its own namespace spelled out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Callees {
    pub namespace: Selector<NamespaceName>,
    pub service: Selector<merak_model::ServiceName>,
}

impl Callees {
    /// The services that a rule of the namespace `home` selects.
    pub fn of(selector: &CalleeSelector, home: &NamespaceName) -> Self {
        Self {
            namespace: selector.namespace_in(home),
            service: selector.service.clone(),
        }
    }

    /// Every way to select a service.
    pub fn all_of(service: &ServiceKey) -> [Self; 4] {
        let namespaces = [Selector::Named(service.namespace.clone()), Selector::Any];
        let [own, any] = namespaces.map(|namespace| {
            let named = Selector::Named(service.service.clone());
            [named, Selector::Any].map(|service| Self {
                namespace: namespace.clone(),
                service,
            })
        });
        let ([first, second], [third, fourth]) = (own, any);
        [first, second, third, fourth]
    }

    /// Whether a service is one of them.
    pub fn selects(&self, service: &ServiceKey) -> bool {
        self.namespace.selects(&service.namespace) && self.service.selects(&service.service)
    }

    /// Whether a service can be one of both.
    pub fn overlap(&self, other: &Self) -> bool {
        overlap(&self.namespace, &other.namespace) && overlap(&self.service, &other.service)
    }

    /// The service, if it is one.
    pub fn single(&self) -> Option<ServiceKey> {
        match (&self.namespace, &self.service) {
            (Selector::Named(namespace), Selector::Named(service)) => {
                Some(ServiceKey::new(namespace.clone(), service.clone()))
            }
            _ => None,
        }
    }
}

fn overlap<T: PartialEq>(one: &Selector<T>, other: &Selector<T>) -> bool {
    *one == Selector::Any || *other == Selector::Any || one == other
}

impl Item {
    /// The services that it is for, if it is a rule.
    pub fn callees(&self) -> Option<Callees> {
        match self {
            Self::RoutingRule(rule) => Some(rule.callees()),
            Self::NearbyRule(rule) => Some(rule.callees()),
            Self::Namespace(_) | Self::Service(_) | Self::Instance(_) | Self::Event(_) => None,
        }
    }
}

impl Rule for RoutingRule {
    type Spec = RoutingRuleSpec;

    const KIND: Kind = Kind::RoutingRule;
    const NOUN: &'static str = "routing rule";

    fn new(key: RuleKey, spec: RoutingRuleSpec, stamp: Stamp) -> Self {
        Self { key, spec, stamp }
    }

    fn key(&self) -> &RuleKey {
        &self.key
    }

    fn spec(&self) -> &RoutingRuleSpec {
        &self.spec
    }

    fn stamp(&self) -> Stamp {
        self.stamp
    }

    fn callee(&self) -> &CalleeSelector {
        &self.spec.callee
    }

    fn precedence(&self) -> (u32, &RuleName, &NamespaceName) {
        Self::precedence(self)
    }

    fn lint(&self, catalog: &Catalog) -> Vec<Warning> {
        let callees = self.callees();
        let instances = callees.single().map(|callee| {
            let found = catalog.find_service(&callee);
            let instances = found.iter().flat_map(|service| service.instances());
            instances.cloned().collect::<Vec<_>>()
        });
        let surroundings = Surroundings {
            rules: &catalog.rules_beside(&callees).routing,
            instances: instances.as_deref(),
        };
        routing::lint(self, surroundings)
    }

    fn log_key(key: Arc<RuleKey>) -> Key {
        Key::RoutingRule(key)
    }

    fn item(self: Arc<Self>) -> Item {
        Item::RoutingRule(self)
    }

    fn of_item(item: &Item) -> Option<&Arc<Self>> {
        match item {
            Item::RoutingRule(rule) => Some(rule),
            Item::Namespace(_)
            | Item::Service(_)
            | Item::Instance(_)
            | Item::Event(_)
            | Item::NearbyRule(_) => None,
        }
    }
}

impl Rule for NearbyRule {
    type Spec = NearbySpec;

    const KIND: Kind = Kind::NearbyRule;
    const NOUN: &'static str = "nearby rule";

    fn new(key: RuleKey, spec: NearbySpec, stamp: Stamp) -> Self {
        Self { key, spec, stamp }
    }

    fn key(&self) -> &RuleKey {
        &self.key
    }

    fn spec(&self) -> &NearbySpec {
        &self.spec
    }

    fn stamp(&self) -> Stamp {
        self.stamp
    }

    fn callee(&self) -> &CalleeSelector {
        &self.spec.callee
    }

    fn precedence(&self) -> (u32, &RuleName, &NamespaceName) {
        Self::precedence(self)
    }

    fn lint(&self, catalog: &Catalog) -> Vec<Warning> {
        routing::lint_nearby(self, &catalog.rules_beside(&self.callees()).nearby)
    }

    fn log_key(key: Arc<RuleKey>) -> Key {
        Key::NearbyRule(key)
    }

    fn item(self: Arc<Self>) -> Item {
        Item::NearbyRule(self)
    }

    fn of_item(item: &Item) -> Option<&Arc<Self>> {
        match item {
            Item::NearbyRule(rule) => Some(rule),
            Item::Namespace(_)
            | Item::Service(_)
            | Item::Instance(_)
            | Item::Event(_)
            | Item::RoutingRule(_) => None,
        }
    }
}
