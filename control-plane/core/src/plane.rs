//! The control plane as a whole: what the edges hold.

use std::{pin::Pin, sync::Arc, time::Duration};

use merak_model::Epoch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, warn};

use crate::{
    CallTally, Catalog, ChangeRetention, Clock, CommitTally, Committer, Discovery, History,
    Liveness, Quotas, Registry, Result, Settings, Store, StoreSize, Trends, committer::CommitTask,
};

/// What runs as long as the control plane does.
type Duty = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How often the log is pruned.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);

/// How far the wall clock may run ahead of the time that has passed since the start: a clock that jumps
/// into the future for a moment must not make the whole log old.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(3600);

/// The control plane as a whole.
pub struct ControlPlane {
    pub registry: Registry,
    pub discovery: Arc<Discovery>,
    pub liveness: Arc<Liveness>,
    pub catalog: Arc<Catalog>,
    pub history: Arc<History>,
    /// Global rate limits.
    pub quotas: Arc<Quotas>,
    pub clock: Arc<dyn Clock>,
    /// Names the history that this control plane's revisions belong to.
    pub epoch: Epoch,
    /// Cancelled when the store or one of the tasks failed in a way that only a restart can clear up.
    pub failed: CancellationToken,
    /// The calls of the native protocol since the start.
    pub calls: Arc<CallTally>,
    /// What was committed since the start.
    pub commits: Arc<CommitTally>,
    /// How much there was lately.
    pub trends: Arc<Trends>,
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
        settings: Settings,
    ) -> Result<Self> {
        let loaded = store.load().await?;
        let (epoch, newest_at) = (loaded.epoch.clone(), loaded.at);
        let catalog = Arc::new(Catalog::load(loaded)?);
        let discovery = Arc::new(Discovery::new(Arc::clone(&catalog), Arc::clone(&clock)));
        let liveness = Arc::new(Liveness::new(&catalog, Arc::clone(&clock), &settings));
        let quotas = Arc::new(Quotas::new(&catalog, Arc::clone(&clock)));
        let (history, live) = History::new(Arc::clone(&store), Arc::clone(&catalog));
        let (committer, queue) = Committer::channel();
        let (failed, stop) = (CancellationToken::new(), CancellationToken::new());
        let commits = Arc::<CommitTally>::default();
        let committing = CommitTask {
            queue,
            store,
            catalog: Arc::clone(&catalog),
            clock: Arc::clone(&clock),
            followers: vec![
                Arc::clone(&liveness) as _,
                Arc::clone(&discovery) as _,
                Arc::clone(&quotas) as _,
                Arc::new(live) as _,
            ],
            tally: Arc::clone(&commits),
            newest_at,
            refusal: None,
            failed: failed.clone(),
        };
        let trends = Arc::new(Trends::new(Arc::clone(&catalog), Arc::clone(&clock)));
        let pruned = (Arc::clone(&history), settings.change_retention);
        let duties: [Duty; 5] = [
            Box::pin(committing.run()),
            Box::pin(Arc::clone(&liveness).run(committer.clone(), stop.clone())),
            Box::pin(prune(pruned, Arc::clone(&clock), stop.clone())),
            Box::pin(Arc::clone(&quotas).run(stop.clone())),
            Box::pin(Arc::clone(&trends).run(stop.clone())),
        ];
        let tasks = kept_up(duties, &failed);
        Ok(Self {
            registry: Registry::new(
                committer.clone(),
                Arc::clone(&catalog),
                Arc::clone(&liveness),
                settings.missing_service,
            ),
            discovery,
            liveness,
            catalog,
            history,
            quotas,
            clock,
            epoch,
            failed,
            calls: Arc::default(),
            commits,
            trends,
            committer,
            tasks,
            stop,
        })
    }

    /// How much room the store takes; none if it has no files of its own.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub fn store_size(&self) -> Result<Option<StoreSize>> {
        self.history.store_size()
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
            liveness,
            committer,
            tasks,
            stop,
            ..
        } = self;
        liveness.stop_judging();
        stop.cancel();
        drop((registry, committer));
        tasks.close();
        tasks.wait().await;
    }
}

/// Runs duties, without any of which the control plane must not go on.
fn kept_up(duties: [Duty; 5], failed: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    for duty in duties {
        tasks.spawn(or_fail(failed.clone(), duty));
    }
    tasks
}

/// A duty whose panic is a failure of the control plane.
async fn or_fail(failed: CancellationToken, task: impl Future<Output = ()>) {
    let guard = failed.drop_guard();
    task.await;
    guard.disarm();
}

async fn prune(
    (history, retention): (Arc<History>, ChangeRetention),
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let (began_at, began) = (clock.timestamp(), clock.elapsed());
    let mut ticks = tokio::time::interval(PRUNE_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let passed = clock.elapsed().saturating_sub(began) + CLOCK_TOLERANCE;
        let passed_ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        let now = clock.timestamp().min(began_at.plus_ms(passed_ms));
        match history.prune_until(&stop, retention, now).await {
            Ok(0) => {}
            Ok(pruned) => debug!(pruned, "pruned the change log"),
            Err(failure) => warn!("the change log could not be pruned: {failure}"),
        }
    }
}
