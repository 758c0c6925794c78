//! Which states the disk does not have yet, and the one write that is under way.

use std::{collections::HashMap, sync::Arc, time::Duration};

use merak_model::ServiceKey;
use tokio::{
    task::JoinHandle,
    time::{Interval, MissedTickBehavior},
};
use tokio_util::task::TaskTracker;

use crate::{ServiceState, disk::Disk, limits::LimitRules};

/// How often changed states are written to the disk.
const INTERVAL: Duration = Duration::from_secs(1);

/// Keeps states on the disk, each under the history that its revision belongs to.
pub(crate) struct Keeping {
    disk: Option<Disk>,
    unkept: HashMap<Arc<ServiceKey>, (Arc<str>, Arc<ServiceState>)>,
    unkept_limits: HashMap<Arc<ServiceKey>, (Arc<str>, LimitRules)>,
    writing: Option<JoinHandle<()>>,
    ticks: Interval,
}

impl Keeping {
    /// Keeps nothing where there is no folder for it.
    pub(crate) fn new(disk: Option<Disk>) -> Self {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            disk,
            unkept: HashMap::new(),
            unkept_limits: HashMap::new(),
            writing: None,
            ticks,
        }
    }

    pub(super) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    /// A state was pushed; it is kept at one of the next ticks.
    pub(super) fn push(&mut self, epoch: &str, key: &Arc<ServiceKey>, state: &Arc<ServiceState>) {
        if self.disk.is_some() {
            let entry = (epoch.into(), Arc::clone(state));
            self.unkept.insert(Arc::clone(key), entry);
        }
    }

    /// Rate limits were pushed; they are kept at one of the next ticks.
    pub(super) fn push_limits(&mut self, epoch: &str, limits: LimitRules) {
        if self.disk.is_some() {
            let key = Arc::clone(&limits.service);
            self.unkept_limits.insert(key, (epoch.into(), limits));
        }
    }

    fn has_nothing(&self) -> bool {
        self.unkept.is_empty() && self.unkept_limits.is_empty()
    }

    /// Waits until there is something to write and it is time to; cancelling the wait loses nothing.
    pub(super) async fn due(&mut self) {
        if self.has_nothing() {
            return std::future::pending().await;
        }
        self.ticks.tick().await;
    }

    /// Writes what the disk does not have, beside the task; while a write is under way, the next one waits.
    pub(super) fn write(&mut self, tasks: &TaskTracker) {
        let is_writing = |writing: &JoinHandle<()>| !writing.is_finished();
        if self.has_nothing() || self.writing.as_ref().is_some_and(is_writing) {
            return;
        }
        let Some(disk) = self.disk.clone() else {
            return;
        };
        let unkept = std::mem::take(&mut self.unkept);
        let unkept_limits = std::mem::take(&mut self.unkept_limits);
        self.writing = Some(tasks.spawn_blocking(move || {
            for (epoch, state) in unkept.into_values() {
                disk.write(&epoch, &state);
            }
            for (epoch, limits) in unkept_limits.into_values() {
                disk.write_limits(&epoch, &limits);
            }
        }));
    }

    /// Writes the rest.
    pub(super) async fn finish(mut self, tasks: &TaskTracker) {
        if let Some(writing) = self.writing.take() {
            // A write that panicked has said so.
            let _ = writing.await;
        }
        self.write(tasks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::state;

    #[tokio::test]
    async fn each_state_is_kept_under_the_history_that_it_came_with() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, tasks) = (Disk::new(folder.path(), Arc::default()), TaskTracker::new());
        let mut keeping = Keeping::new(Some(disk.clone()));
        let key = |name| Arc::new(ServiceKey::parse("default", name).unwrap());
        let (pay, order) = (key("pay"), key("order"));
        keeping.push("e1", &pay, &Arc::new(state(&pay, 7, 1..=2)));
        keeping.push("e2", &order, &Arc::new(state(&order, 5, 1..=2)));
        keeping.write(&tasks);
        // Whether or not the first write is over.
        keeping.push("e2", &order, &Arc::new(state(&order, 6, 1..=3)));
        keeping.write(&tasks);
        keeping.finish(&tasks).await;
        tasks.close();
        tasks.wait().await;
        for (key, epoch, revision) in [(&pay, "e1", 7), (&order, "e2", 6)] {
            let (of, kept) = disk.read(key).unwrap();
            assert_eq!((of.as_str(), kept.revision().get()), (epoch, revision));
        }
    }
}
