//! What the control plane asks of its storage.

#[cfg(feature = "testing")]
pub mod testing;

use async_trait::async_trait;
use merak_model::{
    Epoch, Instance, InstanceId, Namespace, NamespaceName, Revision, Service, ServiceName,
    Timestamp, routing::RuleName,
};

use crate::{AnyRule, Callees, Change, Kind, Result, RuleFamily};

/// Durable storage of the current state and of the log that led to it.
///
/// One writer uses [`Store::append`]: the committer. Revisions in the log have no gap.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Reads everything, once, at start.
    ///
    /// # Errors
    /// When the storage cannot be read or holds what the model refuses.
    async fn load(&self) -> Result<Loaded>;

    /// Makes changes durable, all of them or none, in ascending order of revision: appends them to
    /// the log and brings the tables of current state to their `after`.
    ///
    /// # Errors
    /// `Unavailable` when nothing was written and a later try may succeed; `Internal` when it is
    /// not known what was written, after which the control plane must not go on.
    async fn append(&self, changes: &[Change]) -> Result<()>;

    /// The changes of the log that a query asks for.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn list_changes(&self, query: &ChangeQuery) -> Result<Vec<Change>>;

    /// The oldest change that the log still has.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn find_oldest_change(&self) -> Result<Option<Revision>>;

    /// When a change of the log happened.
    ///
    /// # Errors
    /// When the storage cannot be read.
    async fn find_change_time(&self, revision: Revision) -> Result<Option<Timestamp>>;

    /// Deletes the changes up to a revision from the log, never the newest one; the current state
    /// stays.
    ///
    /// # Errors
    /// When nothing was deleted.
    async fn prune_changes(&self, through: Revision) -> Result<()>;

    /// How much room it takes; none if it has no files of its own.
    ///
    /// # Errors
    /// When the storage cannot be asked.
    fn size(&self) -> Result<Option<StoreSize>> {
        Ok(None)
    }
}

/// The room that a store takes on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreSize {
    pub file_bytes: u64,
    /// The write-ahead log, from which commits go to the file by and by.
    pub log_bytes: u64,
}

/// Everything that a store holds.
#[derive(Debug, Default)]
pub struct Loaded {
    pub epoch: Epoch,
    /// The revision of the newest change; [`Revision::ZERO`] in a new store.
    pub revision: Revision,
    /// When the newest change happened.
    pub at: Timestamp,
    pub namespaces: Vec<Namespace>,
    pub services: Vec<LoadedService>,
    pub instances: Vec<Instance>,
    pub rules: Vec<AnyRule>,
    pub callees: Vec<LoadedCallees>,
}

/// When a rule of a family that is, or was, for these services last changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedCallees {
    pub family: RuleFamily,
    pub callees: Callees,
    /// The newest change of such a rule, removals included, whatever was pruned from the log.
    pub revision: Revision,
}

/// A service, and when it or one of its instances last changed.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedService {
    pub service: Service,
    /// The newest change of the service or of one of its instances, removals included. Where the
    /// log no longer says, the newest revision that the log has forgotten.
    pub revision: Revision,
}

/// Which changes of the log are asked for; by default the newest of everything.
#[derive(Debug, Clone, Default)]
pub struct ChangeQuery {
    pub kind: Option<Kind>,
    pub namespace: Option<NamespaceName>,
    pub service: Option<ServiceName>,
    pub instance: Option<InstanceId>,
    /// Only changes of rules of this name.
    pub rule: Option<RuleName>,
    pub actor: Option<String>,
    /// Only later changes.
    pub after: Option<Revision>,
    /// Only earlier changes.
    pub before: Option<Revision>,
    pub order: Order,
    /// At most so many changes.
    pub limit: usize,
}

/// From which end of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}
