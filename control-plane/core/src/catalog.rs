//! The state of everything, in memory: the fold of the change log.
//!
//! One writer, the committer, applies changes in commit order; readers take `Arc` snapshots of a
//! service and never see half a commit. Knows nothing of SQL or gRPC.

pub(crate) mod rules;
mod snapshot;

use std::{collections::BTreeMap, sync::Arc};

use merak_model::{
    Instance, InstanceId, Namespace, NamespaceName, Revision, ServiceKey, ServiceName,
    limiting::RateLimitRule,
    routing::{RuleKey, RuleSet},
};
use parking_lot::{RwLock, RwLockReadGuard};

use crate::{Callees, Change, Error, Item, Key, Loaded, Result, Rule, RuleFamily};
use rules::RuleIndex;
pub use rules::{CalleeLimits, CalleeRules, RuleChanges, RulesSnapshot};
pub use snapshot::{Delta, InstanceCounts, ServiceSnapshot};

/// The state of everything, in memory.
#[derive(Debug, Default)]
pub struct Catalog {
    index: RwLock<Index>,
}

/// What the lock of the catalog protects.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) revision: Revision,
    pub(crate) namespaces: BTreeMap<NamespaceName, Arc<Namespace>>,
    pub(crate) services: BTreeMap<Arc<ServiceKey>, Arc<ServiceSnapshot>>,
    pub(crate) rules: RuleIndex,
    names: Names,
}

/// When the services of a namespace last became others.
#[derive(Debug, Default)]
struct Names {
    /// The newest revision at the start: nothing is known of before.
    loaded: Revision,
    /// Of the namespaces to which something happened since, also of those that are gone.
    changed: BTreeMap<NamespaceName, Revision>,
}

impl Catalog {
    /// Builds the catalog from what a store holds.
    ///
    /// # Errors
    /// When an instance belongs to no service.
    pub fn load(loaded: Loaded) -> Result<Self> {
        let mut index = Index {
            revision: loaded.revision,
            names: Names {
                loaded: loaded.revision,
                ..Names::default()
            },
            ..Index::default()
        };
        for namespace in loaded.namespaces {
            index
                .namespaces
                .insert(namespace.name.clone(), Arc::new(namespace));
        }
        for service in loaded.services {
            let key = service.service.key.clone();
            let snapshot = ServiceSnapshot::restored(Arc::new(service.service), service.revision);
            index.services.insert(key, Arc::new(snapshot));
        }
        for instance in loaded.instances {
            let Some(snapshot) = index.services.get_mut(&*instance.service) else {
                let message = format!("instance `{}` belongs to no service", instance.id);
                return Err(Error::new(crate::ErrorKind::Internal, message));
            };
            Arc::make_mut(snapshot).restore(Arc::new(instance));
        }
        for rule in &loaded.rules {
            let key = Arc::new(rule.key().clone());
            let revision = rule.stamp().revision;
            index.rules.set((rule.kind(), &key), Some(rule), revision);
        }
        index.rules.settle(loaded.callees);
        Ok(Self {
            index: RwLock::new(index),
        })
    }

    /// The revision of the newest change that readers see.
    pub fn revision(&self) -> Revision {
        self.index.read().revision
    }

    /// A namespace by name.
    pub fn find_namespace(&self, name: &NamespaceName) -> Option<Arc<Namespace>> {
        self.index.read().namespaces.get(name).cloned()
    }

    /// A service with its instances.
    pub fn find_service(&self, key: &ServiceKey) -> Option<Arc<ServiceSnapshot>> {
        self.index.read().services.get(key).cloned()
    }

    /// An instance of a service.
    pub fn find_instance(&self, key: &ServiceKey, id: &InstanceId) -> Option<Arc<Instance>> {
        let index = self.index.read();
        index.services.get(key)?.find_instance(id).cloned()
    }

    /// Every namespace, sorted by name.
    pub fn list_namespaces(&self) -> Vec<Arc<Namespace>> {
        self.index.read().namespaces.values().cloned().collect()
    }

    /// The services of a namespace, sorted by name, and the revision at which they are so.
    pub fn list_services(
        &self,
        namespace: &NamespaceName,
    ) -> (Revision, Vec<Arc<ServiceSnapshot>>) {
        let index = self.index.read();
        let of_namespace = index.services_of(namespace);
        let services = of_namespace
            .map(|(_, service)| Arc::clone(service))
            .collect();
        (index.revision, services)
    }

    /// Every service, sorted by key.
    pub fn all_services(&self) -> Vec<Arc<ServiceSnapshot>> {
        self.index.read().services.values().cloned().collect()
    }

    /// A rule by name.
    pub fn find_rule<R: Rule>(&self, key: &RuleKey) -> Option<Arc<R>> {
        let key = Arc::new(key.clone());
        self.index.read().rules.find(&key).cloned()
    }

    /// The rules of a namespace, sorted by name, and the revision at which they are so.
    pub fn list_rules<R: Rule>(&self, namespace: &NamespaceName) -> (Revision, Vec<Arc<R>>) {
        let index = self.index.read();
        let rules = index.rules.of_namespace(namespace, R::KIND);
        let rules = rules.filter_map(R::of_any).cloned().collect();
        (index.revision, rules)
    }

    /// The number of rules of a kind in a namespace.
    pub fn count_rules<R: Rule>(&self, namespace: &NamespaceName) -> usize {
        let index = self.index.read();
        index.rules.of_namespace(namespace, R::KIND).count()
    }

    /// The rules that callers of a service obey, which need not exist, in the order in which they are
    /// tried.
    pub fn rules_for(&self, callee: &ServiceKey) -> CalleeRules {
        self.rules_of(RuleFamily::Routing, callee).into()
    }

    /// The routing and nearby rules that are for a service in common with `callees`.
    pub fn rules_beside(&self, callees: &Callees) -> RuleSet {
        let index = self.index.read();
        let places = index.rules.places_beside(RuleFamily::Routing, callees);
        drop(index);
        places.routing()
    }

    /// The rate limit rules that are for a service in common with `callees`.
    pub fn limits_beside(&self, callees: &Callees) -> Vec<Arc<RateLimitRule>> {
        let index = self.index.read();
        let places = index.rules.places_beside(RuleFamily::RateLimit, callees);
        drop(index);
        places.rules()
    }

    /// The rules of a kind, sorted by namespace and name.
    pub fn all_rules<R: Rule>(&self) -> Vec<Arc<R>> {
        self.index.read().rules.all().cloned().collect()
    }

    /// The rules that protect a service, which need not exist, in the order of their precedence.
    pub fn limits_for(&self, callee: &ServiceKey) -> CalleeLimits {
        self.rules_of(RuleFamily::RateLimit, callee).into()
    }

    /// The rules of a family for a service, which need not exist, and what changed of them lately.
    pub fn rules_of(&self, family: RuleFamily, callee: &ServiceKey) -> RulesSnapshot {
        let places = self.index.read().rules.places_of(family, callee);
        RulesSnapshot::new(callee.clone(), family, places)
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read()
    }

    /// Brings the catalog to the state after `changes`; readers see all of them or none.
    pub(crate) fn apply(&self, changes: &[Change]) {
        let mut index = self.index.write();
        for change in changes {
            index.apply(change);
        }
    }
}

impl Index {
    /// The services of a namespace, sorted by name.
    pub(crate) fn services_of(
        &self,
        namespace: &NamespaceName,
    ) -> impl Iterator<Item = (&Arc<ServiceKey>, &Arc<ServiceSnapshot>)> {
        let first = ServiceKey::new(namespace.clone(), ServiceName::first());
        let namespace = namespace.clone();
        let from_first = self.services.range(first..);
        from_first.take_while(move |(key, _)| key.namespace == namespace)
    }

    /// When a service of a namespace was last created or deleted, or the start if that was before it.
    pub(crate) fn names_changed(&self, namespace: &NamespaceName) -> Revision {
        let changed = self.names.changed.get(namespace);
        changed.copied().unwrap_or(self.names.loaded)
    }

    fn apply(&mut self, change: &Change) {
        self.revision = change.revision;
        if let Key::Service(key) = &change.key
            && (change.before.is_none() || change.after.is_none())
        {
            let namespace = key.namespace.clone();
            self.names.changed.insert(namespace, change.revision);
        }
        match (&change.key, &change.after) {
            (_, Some(Item::Namespace(namespace))) => {
                self.namespaces
                    .insert(namespace.name.clone(), Arc::clone(namespace));
            }
            (Key::Namespace(name), _) => {
                self.namespaces.remove(name);
            }
            (_, Some(Item::Service(service))) => match self.services.get_mut(&service.key) {
                Some(snapshot) => Arc::make_mut(snapshot).set_service(Arc::clone(service)),
                None => {
                    let snapshot = ServiceSnapshot::new(Arc::clone(service));
                    self.services
                        .insert(service.key.clone(), Arc::new(snapshot));
                }
            },
            (Key::Service(key), _) => {
                self.services.remove(&**key);
            }
            // An event is history, not state.
            (Key::Event(..), _) => {}
            (Key::Rule(kind, key), after) => {
                let after = after.as_ref().and_then(Item::rule);
                self.rules.set((*kind, key), after, change.revision);
            }
            (Key::Instance(key, id), after) => {
                let snapshot = self
                    .services
                    .get_mut(&**key)
                    .expect("the committer checked that the instance's service exists");
                let snapshot = Arc::make_mut(snapshot);
                match after {
                    Some(Item::Instance(instance)) => snapshot.upsert(Arc::clone(instance)),
                    _ => snapshot.remove(id, change.revision),
                }
            }
        }
    }
}
