//! A store in memory.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use merak_model::{Revision, ServiceKey, Timestamp};
use parking_lot::Mutex;

use crate::{
    Callees, Change, ChangeQuery, Error, ErrorKind, Item, Key, Loaded, LoadedCallees,
    LoadedService, Order, Result, RuleFamily, Store,
};

/// A log in memory; clones share it, so that control planes can be started on it one after another.
#[derive(Clone, Default)]
pub struct MemoryStore {
    contents: Arc<Mutex<Contents>>,
}

#[derive(Default)]
struct Contents {
    log: Vec<Change>,
    items: BTreeMap<Key, Item>,
    callees: BTreeMap<(RuleFamily, Callees), Revision>,
    /// The newest change, and when it was.
    newest: (Revision, Timestamp),
    is_full: bool,
}

impl MemoryStore {
    /// Refuses every write from now on, as a full disk does.
    pub fn fill(&self) {
        self.contents.lock().is_full = true;
    }

    /// Takes writes again.
    pub fn make_room(&self) {
        self.contents.lock().is_full = false;
    }

    /// The log as it is.
    pub fn log(&self) -> Vec<Change> {
        self.contents.lock().log.clone()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self) -> Result<Loaded> {
        let contents = self.contents.lock();
        let forgotten = match contents.log.first() {
            Some(oldest) => Revision(oldest.revision.get() - 1),
            None => contents.newest.0,
        };
        let mut loaded = Loaded {
            revision: contents.newest.0,
            at: contents.newest.1,
            ..Loaded::default()
        };
        for item in contents.items.values() {
            match item {
                Item::Namespace(namespace) => loaded.namespaces.push((**namespace).clone()),
                Item::Service(service) => loaded.services.push(LoadedService {
                    revision: newest_of(&contents.log, &service.key).unwrap_or(forgotten),
                    service: (**service).clone(),
                }),
                Item::Instance(instance) => loaded.instances.push((**instance).clone()),
                Item::Event(_) => {}
                Item::Rule(rule) => loaded.rules.push(rule.clone()),
            }
        }
        let callees = contents.callees.iter();
        loaded.callees = callees
            .map(|((family, callees), revision)| LoadedCallees {
                family: *family,
                callees: callees.clone(),
                revision: *revision,
            })
            .collect();
        Ok(loaded)
    }

    async fn append(&self, changes: &[Change]) -> Result<()> {
        let mut contents = self.contents.lock();
        if contents.is_full {
            return Err(Error::unavailable("the store is full"));
        }
        let mut expected = contents.newest.0;
        for change in changes {
            expected = expected.next();
            if change.revision != expected {
                let message = format!("revision {} where {expected} is next", change.revision);
                return Err(Error::new(ErrorKind::Internal, message));
            }
        }
        for change in changes {
            match &change.after {
                Some(Item::Event(_)) => None,
                Some(after) => contents.items.insert(change.key.clone(), after.clone()),
                None => contents.items.remove(&change.key),
            };
            for state in [&change.before, &change.after].into_iter().flatten() {
                if let Some(rule) = state.rule() {
                    let callees = (rule.kind().family(), rule.callees());
                    contents.callees.insert(callees, change.revision);
                }
            }
            contents.newest = (change.revision, change.at);
            contents.log.push(change.clone());
        }
        Ok(())
    }

    async fn list_changes(&self, query: &ChangeQuery) -> Result<Vec<Change>> {
        let contents = self.contents.lock();
        let asked = |change: &&Change| is_asked(query, change);
        let found = contents.log.iter().filter(asked);
        Ok(match query.order {
            Order::OldestFirst => found.take(query.limit).cloned().collect(),
            Order::NewestFirst => found.rev().take(query.limit).cloned().collect(),
        })
    }

    async fn find_oldest_change(&self) -> Result<Option<Revision>> {
        Ok(self
            .contents
            .lock()
            .log
            .first()
            .map(|oldest| oldest.revision))
    }

    async fn find_change_time(&self, revision: Revision) -> Result<Option<Timestamp>> {
        let contents = self.contents.lock();
        let found = contents
            .log
            .binary_search_by_key(&revision, |change| change.revision);
        Ok(found.ok().map(|index| contents.log[index].at))
    }

    async fn prune_changes(&self, through: Revision) -> Result<()> {
        let mut contents = self.contents.lock();
        let newest = contents.newest.0;
        let is_kept = |change: &Change| change.revision > through || change.revision == newest;
        contents.log.retain(is_kept);
        Ok(())
    }
}

fn newest_of(log: &[Change], service: &ServiceKey) -> Option<Revision> {
    let of_service = |change: &&Change| match &change.key {
        Key::Service(key) | Key::Instance(key, _) => **key == *service,
        Key::Namespace(_) | Key::Event(..) | Key::Rule(..) => false,
    };
    log.iter()
        .rev()
        .find(of_service)
        .map(|change| change.revision)
}

fn is_asked(query: &ChangeQuery, change: &Change) -> bool {
    let key = &change.key;
    query.kind.is_none_or(|kind| key.kind() == kind)
        && query
            .namespace
            .as_ref()
            .is_none_or(|name| key.namespace() == name)
        && query
            .service
            .as_ref()
            .is_none_or(|name| key.service() == Some(name))
        && query
            .instance
            .as_ref()
            .is_none_or(|id| key.instance() == Some(id))
        && query
            .rule
            .as_ref()
            .is_none_or(|name| key.rule() == Some(name))
        && query
            .actor
            .as_ref()
            .is_none_or(|actor| *change.actor == **actor)
        && query.after.is_none_or(|after| change.revision > after)
        && query.before.is_none_or(|before| change.revision < before)
}
