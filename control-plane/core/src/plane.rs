//! The control plane as a whole: what the edges hold.

use std::sync::Arc;

use merak_model::Epoch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Catalog, Clock, Committer, Discovery, Liveness, MissingService, Registry, Result, Store,
    committer::CommitTask,
};

/// The control plane as a whole.
pub struct ControlPlane {
    pub registry: Registry,
    pub discovery: Arc<Discovery>,
    pub liveness: Arc<Liveness>,
    pub catalog: Arc<Catalog>,
    /// Names the history that this control plane's revisions belong to.
    pub epoch: Epoch,
    committer: Committer,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl ControlPlane {
    /// Loads the catalog from a store and starts committing.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        missing_service: MissingService,
    ) -> Result<Self> {
        let loaded = store.load().await?;
        let epoch = loaded.epoch.clone();
        let catalog = Arc::new(Catalog::load(loaded)?);
        let discovery = Arc::new(Discovery::new(Arc::clone(&catalog)));
        let liveness = Arc::new(Liveness::new(&catalog, Arc::clone(&clock)));
        let (committer, queue) = Committer::channel();
        let tasks = TaskTracker::new();
        let task = CommitTask {
            queue,
            store,
            catalog: Arc::clone(&catalog),
            clock,
            followers: vec![Arc::clone(&liveness) as _, Arc::clone(&discovery) as _],
        };
        tasks.spawn(task.run());
        let stop = CancellationToken::new();
        tasks.spawn(Arc::clone(&liveness).run(committer.clone(), stop.clone()));
        let registry = Registry::new(committer.clone(), Arc::clone(&liveness), missing_service);
        Ok(Self {
            registry,
            discovery,
            liveness,
            catalog,
            epoch,
            committer,
            tasks,
            stop,
        })
    }

    /// Commits what time has decided, now rather than at the next tick.
    ///
    /// # Errors
    /// When the store refused the write; the next tick tries again.
    pub async fn tick(&self) -> Result<usize> {
        self.liveness.tick(&self.committer).await
    }

    /// Stops taking decisions, commits those that wait, and ends.
    ///
    /// Clones of the registry that are still held keep the committer alive: drop them first.
    pub async fn shutdown(self) {
        let Self {
            registry,
            committer,
            tasks,
            stop,
            ..
        } = self;
        stop.cancel();
        drop((registry, committer));
        tasks.close();
        tasks.wait().await;
    }
}
