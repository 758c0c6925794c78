//! Looking back: the log as a list, as a live tail, and as the state of an earlier moment.
//!
//! An earlier state is the current one with the later changes undone, which costs what changed since
//! and needs no other copy of anything. A tail reads what it missed from the store and then lives on
//! what is published, and goes back to the store whenever it falls behind: it holds no queue of its
//! own, and neither misses a change nor repeats one.

mod rules;

use std::{collections::BTreeMap, sync::Arc};

use merak_model::{
    Instance, InstanceId, Invalid, NamespaceName, Revision, Service, ServiceKey, ServiceName,
    Timestamp, invalid::Why,
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    Catalog, Change, ChangeQuery, ChangeRetention, Error, ErrorKind, Item, Key, Order, Result,
    Store, StoreSize, committer::Follow,
};

/// Changes that one read of the log takes.
const PAGE: usize = 1000;

/// Changes that one deletion takes, so that commits need not wait long for it.
const PRUNE_PAGE: u64 = 5000;

/// Commits that a slow tail may lag behind before it reads from the store again.
const LIVE_LIMIT: usize = 64;

/// The log, and what follows from it.
pub struct History {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
    /// Weak, so that tails end with the task that commits.
    live: broadcast::WeakSender<Arc<[Change]>>,
}

/// Brings changes to the tails as they are committed.
pub(crate) struct Live {
    tails: broadcast::Sender<Arc<[Change]>>,
}

/// A moment in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Right after this change.
    Revision(Revision),
    /// After all changes up to this time.
    Time(Timestamp),
}

/// A service with its instances at an earlier moment.
#[derive(Debug, Clone, PartialEq)]
pub struct PastService {
    pub service: Arc<Service>,
    pub instances: BTreeMap<InstanceId, Arc<Instance>>,
}

/// The log from some revision on, without end.
pub struct Tail {
    history: Arc<History>,
    at: Revision,
    live: broadcast::Receiver<Arc<[Change]>>,
    is_behind: bool,
}

impl History {
    pub(crate) fn new(store: Arc<dyn Store>, catalog: Arc<Catalog>) -> (Arc<Self>, Live) {
        let (tails, _) = broadcast::channel(LIVE_LIMIT);
        let history = Self {
            store,
            catalog,
            live: tails.downgrade(),
        };
        (Arc::new(history), Live { tails })
    }

    pub(crate) fn store_size(&self) -> Result<Option<StoreSize>> {
        self.store.size()
    }

    /// The changes that a query asks for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list_changes(&self, query: &ChangeQuery) -> Result<Vec<Change>> {
        self.store.list_changes(query).await
    }

    /// The newest change that is not after `moment`.
    ///
    /// # Errors
    /// `Gone` when the log no longer reaches back to it; `InvalidArgument` when it lies in the
    /// future; or when the store cannot be read.
    pub async fn revision_at(&self, moment: Moment) -> Result<Revision> {
        let newest = self.catalog.revision();
        let found = match moment {
            Moment::Revision(revision) if revision > newest => {
                let why = Why::FutureRevision { revision, newest };
                return Err(Invalid::because("", why).into());
            }
            Moment::Revision(revision) => revision,
            Moment::Time(time) => {
                let found = self.newest_until(time, newest).await?;
                self.require_known_time(time, found).await?;
                found
            }
        };
        self.require_remembered(found).await?;
        Ok(found)
    }

    /// Refuses a time before the oldest change, unless nothing was before it: `found` may then have
    /// been later than `time`.
    async fn require_known_time(&self, time: Timestamp, found: Revision) -> Result<()> {
        match self.store.find_oldest_change().await? {
            Some(oldest) if found < oldest && oldest > Revision::ZERO.next() => {
                let message = format!(
                    "the log no longer reaches back to {time}: its oldest change is {oldest}"
                );
                Err(Error::new(ErrorKind::Gone, message))
            }
            _ => Ok(()),
        }
    }

    /// The first change at or after `time`; the one after the newest if there is none yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn first_since(&self, time: Timestamp) -> Result<Revision> {
        let newest = self.catalog.revision();
        Ok(self.newest_until(time.plus_ms(-1), newest).await?.next())
    }

    /// The newest change at or before `time`, by bisection: time in the log never goes back.
    async fn newest_until(&self, time: Timestamp, newest: Revision) -> Result<Revision> {
        let Some(oldest) = self.store.find_oldest_change().await? else {
            return Ok(newest);
        };
        // Invariant: every change before `low` is at or before `time`, every one from `high` is after.
        let (mut low, mut high) = (oldest.get(), newest.get() + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let at = self.store.find_change_time(Revision(middle)).await?;
            // A change that was pruned meanwhile is old.
            if at.is_none_or(|at| at <= time) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(Revision(low - 1))
    }

    /// Refuses a revision after which the log has a hole.
    async fn require_remembered(&self, revision: Revision) -> Result<()> {
        let oldest = self.store.find_oldest_change().await?;
        match oldest {
            Some(oldest) if revision.next() < oldest => {
                let message = format!(
                    "the log no longer reaches back to revision {revision}: its oldest change is {oldest}"
                );
                Err(Error::new(ErrorKind::Gone, message))
            }
            _ => Ok(()),
        }
    }

    /// A service with its instances as it was; none if it did not exist then.
    ///
    /// # Errors
    /// As [`History::revision_at`].
    pub async fn find_service_at(
        &self,
        key: &ServiceKey,
        moment: Moment,
    ) -> Result<Option<PastService>> {
        let revision = self.revision_at(moment).await?;
        let (now, current) = {
            let index = self.catalog.read();
            (index.revision, index.services.get(key).cloned())
        };
        let mut service = current
            .as_ref()
            .map(|current| Arc::clone(current.service()));
        let mut instances: BTreeMap<InstanceId, Arc<Instance>> = current
            .iter()
            .flat_map(|current| current.instances())
            .map(|instance| (instance.id.clone(), Arc::clone(instance)))
            .collect();
        let scope = ChangeQuery {
            namespace: Some(key.namespace.clone()),
            service: Some(key.service.clone()),
            ..ChangeQuery::default()
        };
        self.undo(scope, revision, now, |change| {
            match (change.key, change.before) {
                (Key::Service(_), Some(Item::Service(before))) => service = Some(before),
                (Key::Service(_), _) => service = None,
                (Key::Instance(_, id), Some(Item::Instance(before))) => {
                    instances.insert(id, before);
                }
                (Key::Instance(_, id), _) => {
                    instances.remove(&id);
                }
                (Key::Namespace(_) | Key::Event(..) | Key::Rule(..), _) => {}
            }
        })
        .await?;
        Ok(service.map(|service| PastService { service, instances }))
    }

    /// The services of a namespace as they were, sorted by name.
    ///
    /// # Errors
    /// As [`History::revision_at`].
    pub async fn list_services_at(
        &self,
        namespace: &NamespaceName,
        moment: Moment,
    ) -> Result<Vec<Arc<Service>>> {
        let revision = self.revision_at(moment).await?;
        let (now, current) = self.catalog.list_services(namespace);
        let mut services: BTreeMap<ServiceName, Arc<Service>> = current
            .iter()
            .map(|current| {
                (
                    current.service().key.service.clone(),
                    Arc::clone(current.service()),
                )
            })
            .collect();
        let scope = ChangeQuery {
            kind: Some(crate::Kind::Service),
            namespace: Some(namespace.clone()),
            ..ChangeQuery::default()
        };
        self.undo(scope, revision, now, |change| {
            match (change.key, change.before) {
                (Key::Service(key), Some(Item::Service(before))) => {
                    services.insert(key.service.clone(), before);
                }
                (Key::Service(key), _) => {
                    services.remove(&key.service);
                }
                (Key::Namespace(_) | Key::Instance(..) | Key::Event(..) | Key::Rule(..), _) => {}
            }
        })
        .await?;
        Ok(services.into_values().collect())
    }

    /// Goes through the changes in `(after, until]`, newest first.
    async fn undo(
        &self,
        scope: ChangeQuery,
        after: Revision,
        until: Revision,
        mut undo: impl FnMut(Change),
    ) -> Result<()> {
        let mut before = until.next();
        loop {
            let query = ChangeQuery {
                after: Some(after),
                before: Some(before),
                limit: PAGE,
                ..scope.clone()
            };
            let page = self.store.list_changes(&query).await?;
            let (count, last) = (page.len(), page.last().map(|change| change.revision));
            page.into_iter().for_each(&mut undo);
            match last {
                Some(last) if count == PAGE => before = last,
                _ => break,
            }
        }
        // What was pruned under our feet was not undone.
        self.require_remembered(after).await
    }

    /// Follows the log from the change after `after` on.
    ///
    /// # Errors
    /// `Gone` when the log no longer reaches back to it, or never had it; `Unavailable` when the
    /// control plane has ended.
    pub async fn tail(self: &Arc<Self>, after: Revision) -> Result<Tail> {
        // Listening first and looking later, so that no change falls between the two.
        let live = self.live.upgrade();
        let live = live.ok_or_else(|| Error::unavailable("the control plane has ended"))?;
        let live = live.subscribe();
        let newest = self.catalog.revision();
        if after > newest {
            let message = format!("revision {after} is not in this log, its newest is {newest}");
            return Err(Error::new(ErrorKind::Gone, message));
        }
        self.require_remembered(after).await?;
        Ok(Tail {
            history: Arc::clone(self),
            at: after,
            live,
            is_behind: after < newest,
        })
    }

    /// Deletes what the log need not remember any more; the number of changes deleted.
    ///
    /// # Errors
    /// When the store refused it; the next time tries again.
    pub async fn prune(&self, retention: ChangeRetention, now: Timestamp) -> Result<u64> {
        self.prune_until(&CancellationToken::new(), retention, now)
            .await
    }

    /// Prunes page by page until it is done or told to stop; the number of changes deleted.
    pub(crate) async fn prune_until(
        &self,
        stop: &CancellationToken,
        retention: ChangeRetention,
        now: Timestamp,
    ) -> Result<u64> {
        let Some(oldest) = self.store.find_oldest_change().await? else {
            return Ok(0);
        };
        let newest = self.catalog.revision();
        let age_ms = i64::try_from(retention.age.as_millis()).unwrap_or(i64::MAX);
        let by_age = self.newest_until(now.plus_ms(-age_ms), newest).await?;
        let by_count = newest.get().saturating_sub(retention.count);
        let through = by_age
            .get()
            .max(by_count)
            .min(newest.get().saturating_sub(1));
        let mut at = oldest.get();
        while at <= through && !stop.is_cancelled() {
            let last = through.min(at + PRUNE_PAGE - 1);
            self.store.prune_changes(Revision(last)).await?;
            at = last + 1;
            tokio::task::yield_now().await;
        }
        Ok(at - oldest.get())
    }
}

impl Follow for Live {
    fn follow(&self, changes: &Arc<[Change]>) {
        // Without a listener there is nobody to tell, which is no failure.
        let _ = self.tails.send(Arc::clone(changes));
    }
}

impl Tail {
    /// The revision up to which the tail has told everything.
    pub fn revision(&self) -> Revision {
        self.at
    }

    /// Waits for the next changes, up to 1,000, oldest first; none once the control plane has ended.
    ///
    /// Cancelling the wait loses nothing.
    ///
    /// # Errors
    /// `Gone` when the log was pruned faster than it was read; or when the store cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<Change>>> {
        loop {
            if self.is_behind {
                let missed = self.read_missed().await?;
                if !missed.is_empty() {
                    return Ok(Some(missed));
                }
                self.is_behind = false;
            }
            match self.live.recv().await {
                Ok(changes) => {
                    let later = changes.iter().filter(|change| change.revision > self.at);
                    if changes.len() > PAGE {
                        // A large commit is read in pages.
                        self.is_behind |= later.count() > 0;
                        continue;
                    }
                    let later: Vec<Change> = later.cloned().collect();
                    match (later.first(), later.last()) {
                        (Some(first), Some(last)) if first.revision == self.at.next() => {
                            self.at = last.revision;
                            return Ok(Some(later));
                        }
                        (None, _) => {}
                        _ => self.is_behind = true,
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => self.is_behind = true,
                Err(broadcast::error::RecvError::Closed) => return Ok(None),
            }
        }
    }

    async fn read_missed(&mut self) -> Result<Vec<Change>> {
        let query = ChangeQuery {
            after: Some(self.at),
            order: Order::OldestFirst,
            limit: PAGE,
            ..ChangeQuery::default()
        };
        let missed = self.history.store.list_changes(&query).await?;
        if missed
            .first()
            .is_some_and(|first| first.revision != self.at.next())
        {
            self.history.require_remembered(self.at).await?;
        }
        self.at = missed.last().map_or(self.at, |last| last.revision);
        Ok(missed)
    }
}
