//! The state as it will be once the changes drafted so far are committed.
//!
//! Decisions are functions of a [`Draft`]: they read what is there, refuse, or put and delete
//! things. Because the one committer runs them one after another, what they read still holds when
//! it is committed. A decision that fails leaves no trace.

use std::{collections::HashMap, sync::Arc};

use merak_model::{
    Instance, InstanceId, Namespace, NamespaceName, NamespaceSpec, Revision, Service, ServiceKey,
    ServiceSpec, Stamp, Timestamp, routing::RuleKey,
};

use crate::{AnyRule, Caller, Change, Event, Item, Key, Kind, Rule, RuleKind, catalog::Index};

/// The state as it will be once the changes drafted so far are committed.
pub struct Draft<'a> {
    index: &'a Index,
    at: Timestamp,
    actor: Arc<str>,
    request_id: Arc<str>,
    changes: Vec<Change>,
    latest: HashMap<Key, Option<Item>, rapidhash::fast::RandomState>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(index: &'a Index, at: Timestamp) -> Self {
        let (actor, request_id) = (Arc::from(""), Arc::from(""));
        Self {
            index,
            at,
            actor,
            request_id,
            changes: Vec::new(),
            latest: HashMap::default(),
        }
    }

    pub(crate) fn set_caller(&mut self, caller: &Caller) {
        if *self.actor != *caller.actor {
            self.actor = Arc::from(caller.actor.as_str());
        }
        if *self.request_id != *caller.request_id {
            self.request_id = Arc::from(caller.request_id.as_str());
        }
    }

    /// Where to return to when a decision fails.
    pub(crate) fn mark(&self) -> usize {
        self.changes.len()
    }

    /// Undoes what was drafted since `mark`.
    pub(crate) fn undo_to(&mut self, mark: usize) {
        while self.changes.len() > mark {
            if let Some(change) = self.changes.pop() {
                self.latest.insert(change.key, change.before);
            }
        }
    }

    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// The revision that the next change will get.
    fn next_revision(&self) -> Revision {
        self.changes
            .last()
            .map_or(self.index.revision, |change| change.revision)
            .next()
    }

    /// A namespace by name.
    pub fn find_namespace(&self, name: &NamespaceName) -> Option<Arc<Namespace>> {
        match self.latest.get(&Key::Namespace(name.clone())) {
            Some(Some(Item::Namespace(namespace))) => Some(Arc::clone(namespace)),
            Some(_) => None,
            None => self.index.namespaces.get(name).cloned(),
        }
    }

    /// A service by key.
    pub fn find_service(&self, key: &Arc<ServiceKey>) -> Option<Arc<Service>> {
        match self.latest.get(&Key::Service(Arc::clone(key))) {
            Some(Some(Item::Service(service))) => Some(Arc::clone(service)),
            Some(_) => None,
            None => self
                .index
                .services
                .get(&**key)
                .map(|found| Arc::clone(found.service())),
        }
    }

    /// An instance by service and id.
    pub fn find_instance(&self, key: &Arc<ServiceKey>, id: &InstanceId) -> Option<Arc<Instance>> {
        match self.latest.get(&Key::Instance(Arc::clone(key), id.clone())) {
            Some(Some(Item::Instance(instance))) => Some(Arc::clone(instance)),
            Some(_) => None,
            None => self.index.services.get(&**key)?.find_instance(id).cloned(),
        }
    }

    /// A rule by name.
    pub fn find_rule<R: Rule>(&self, key: &Arc<RuleKey>) -> Option<Arc<R>> {
        match self.latest.get(&R::log_key(Arc::clone(key))) {
            Some(drafted) => R::of_item(drafted.as_ref()?).cloned(),
            None => self.index.rules.find(key).cloned(),
        }
    }

    /// Writes a namespace unless it is so already.
    pub fn put_namespace(&mut self, name: &NamespaceName, spec: NamespaceSpec) -> Arc<Namespace> {
        let before = self.find_namespace(name);
        if let Some(same) = before.as_ref().filter(|before| before.spec == spec) {
            return Arc::clone(same);
        }
        let stamp = self.stamp(before.as_ref().map(|before| before.stamp));
        let after = Arc::new(Namespace {
            name: name.clone(),
            spec,
            stamp,
        });
        let item = Item::Namespace(Arc::clone(&after));
        self.record(
            Key::Namespace(name.clone()),
            before.map(Item::Namespace),
            Some(item),
        );
        after
    }

    /// Writes a service unless it is so already.
    pub fn put_service(&mut self, key: &Arc<ServiceKey>, spec: ServiceSpec) -> Arc<Service> {
        let before = self.find_service(key);
        if let Some(same) = before.as_ref().filter(|before| before.spec == spec) {
            return Arc::clone(same);
        }
        let stamp = self.stamp(before.as_ref().map(|before| before.stamp));
        let after = Arc::new(Service {
            key: Arc::clone(key),
            spec,
            stamp,
        });
        let item = Item::Service(Arc::clone(&after));
        self.record(
            Key::Service(Arc::clone(key)),
            before.map(Item::Service),
            Some(item),
        );
        after
    }

    /// Writes an instance unless it is so already; its stamp is set here.
    pub fn put_instance(&mut self, mut instance: Instance) -> Arc<Instance> {
        let before = self.find_instance(&instance.service, &instance.id);
        if let Some(same) = before
            .as_ref()
            .filter(|before| before.has_same_content(&instance))
        {
            return Arc::clone(same);
        }
        instance.stamp = self.stamp(before.as_ref().map(|before| before.stamp));
        let key = Key::Instance(Arc::clone(&instance.service), instance.id.clone());
        let after = Arc::new(instance);
        let item = Item::Instance(Arc::clone(&after));
        self.record(key, before.map(Item::Instance), Some(item));
        after
    }

    /// Writes a rule unless it is so already.
    pub fn put_rule<R: Rule>(&mut self, key: &Arc<RuleKey>, spec: R::Spec) -> Arc<R> {
        let before = self.find_rule::<R>(key);
        if let Some(same) = before.as_ref().filter(|before| *before.spec() == spec) {
            return Arc::clone(same);
        }
        let stamp = self.stamp(before.as_ref().map(|before| before.stamp()));
        let after = Arc::new(R::new((**key).clone(), spec, stamp));
        let item = Arc::clone(&after).item();
        let log_key = R::log_key(Arc::clone(key));
        self.record(log_key, before.map(R::item), Some(item));
        after
    }

    /// Whether a service has an instance.
    pub fn has_instances(&self, service: &ServiceKey) -> bool {
        let drafted = self.latest.iter().any(|(key, item)| {
            matches!(key, Key::Instance(of, _) if **of == *service) && item.is_some()
        });
        let is_left = |instance: &&Arc<Instance>| {
            let key = Key::Instance(Arc::clone(&instance.service), instance.id.clone());
            self.latest.get(&key).is_none_or(Option::is_some)
        };
        let stored = self.index.services.get(service);
        drafted || stored.is_some_and(|stored| stored.instances().any(|one| is_left(&one)))
    }

    /// Whether a namespace has a service.
    pub fn has_services(&self, namespace: &NamespaceName) -> bool {
        let drafted = self.latest.iter().any(|(key, item)| {
            matches!(key, Key::Service(of) if of.namespace == *namespace) && item.is_some()
        });
        let is_left = |key: &ServiceKey| {
            let key = Key::Service(Arc::new(key.clone()));
            self.latest.get(&key).is_none_or(Option::is_some)
        };
        drafted
            || self
                .index
                .services_of(namespace)
                .any(|(key, _)| is_left(key))
    }

    /// Whether a namespace has a rule of a kind.
    pub fn has_rules(&self, namespace: &NamespaceName, kind: RuleKind) -> bool {
        let drafted = self.latest.iter().any(|(key, item)| {
            key.kind() == Kind::Rule(kind) && key.namespace() == namespace && item.is_some()
        });
        let is_left = |rule: &AnyRule| {
            let key = Key::Rule(kind, Arc::new(rule.key().clone()));
            self.latest.get(&key).is_none_or(Option::is_some)
        };
        let mut stored = self.index.rules.of_namespace(namespace, kind);
        drafted || stored.any(is_left)
    }

    /// Deletes a namespace; the revision of the removal, or none if it was not there.
    ///
    /// That nothing is in it is for the caller to check.
    pub fn delete_namespace(&mut self, name: &NamespaceName) -> Option<Revision> {
        let before = self.find_namespace(name)?;
        let key = Key::Namespace(name.clone());
        Some(self.record(key, Some(Item::Namespace(before)), None))
    }

    /// Deletes a service; the revision of the removal, or none if it was not there.
    ///
    /// That it has no instance is for the caller to check.
    pub fn delete_service(&mut self, key: &Arc<ServiceKey>) -> Option<Revision> {
        let before = self.find_service(key)?;
        let key = Key::Service(Arc::clone(key));
        Some(self.record(key, Some(Item::Service(before)), None))
    }

    /// Notes what happened to a service or to one of its instances.
    pub fn record_event(
        &mut self,
        service: &Arc<ServiceKey>,
        id: Option<&InstanceId>,
        event: Event,
    ) {
        let key = Key::Event(Arc::clone(service), id.cloned());
        self.record(key, None, Some(Item::Event(Arc::new(event))));
    }

    /// Deletes an instance; the revision of the removal, or none if it was not there.
    pub fn delete_instance(&mut self, key: &Arc<ServiceKey>, id: &InstanceId) -> Option<Revision> {
        let before = self.find_instance(key, id)?;
        let key = Key::Instance(Arc::clone(key), id.clone());
        Some(self.record(key, Some(Item::Instance(before)), None))
    }

    /// Deletes a rule; the revision of the removal, or none if it was not there.
    pub fn delete_rule<R: Rule>(&mut self, key: &Arc<RuleKey>) -> Option<Revision> {
        let before = self.find_rule::<R>(key)?;
        let key = R::log_key(Arc::clone(key));
        Some(self.record(key, Some(before.item()), None))
    }

    fn stamp(&self, before: Option<Stamp>) -> Stamp {
        let (revision, modified_at) = (self.next_revision(), self.at);
        match before {
            Some(before) => Stamp {
                revision,
                modified_at,
                ..before
            },
            None => Stamp {
                created_revision: revision,
                revision,
                created_at: modified_at,
                modified_at,
            },
        }
    }

    fn record(&mut self, key: Key, before: Option<Item>, after: Option<Item>) -> Revision {
        let revision = self.next_revision();
        self.latest.insert(key.clone(), after.clone());
        let (actor, request_id) = (Arc::clone(&self.actor), Arc::clone(&self.request_id));
        self.changes.push(Change {
            revision,
            at: self.at,
            actor,
            request_id,
            key,
            before,
            after,
        });
        revision
    }
}
