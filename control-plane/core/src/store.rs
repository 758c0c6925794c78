//! What the control plane asks of its storage.

use async_trait::async_trait;
use merak_model::{Epoch, Instance, Namespace, Revision, Service};

use crate::{Change, Result};

/// Durable storage of the current state and of the log that led to it.
///
/// One writer uses it: the committer.
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
    /// When nothing was written, with kind `Unavailable` if a later try may succeed.
    async fn append(&self, changes: &[Change]) -> Result<()>;
}

/// Everything that a store holds.
#[derive(Debug, Default)]
pub struct Loaded {
    pub epoch: Epoch,
    /// The revision of the newest change; [`Revision::ZERO`] in a new store.
    pub revision: Revision,
    pub namespaces: Vec<Namespace>,
    pub services: Vec<Service>,
    pub instances: Vec<Instance>,
}
