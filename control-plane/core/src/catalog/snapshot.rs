//! One service with its instances at one revision, and what changed lately.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::{AddAssign, Bound, SubAssign},
    sync::Arc,
};

use merak_model::{Instance, InstanceId, Revision, Service};

/// The recent changes that a service remembers, so that subscribers get deltas.
///
/// A subscriber that is further behind gets a snapshot, which is about as large as such a delta.
const RECENT_LIMIT: usize = 1024;

/// One service with its instances at one revision.
#[derive(Debug, Clone)]
pub struct ServiceSnapshot {
    service: Arc<Service>,
    revision: Revision,
    instances: BTreeMap<InstanceId, Arc<Instance>>,
    counts: InstanceCounts,
    recent: VecDeque<(Revision, InstanceId)>,
    /// Deltas can start at this revision or later.
    floor: Revision,
}

/// How many instances a service has, kept as they change, so that nobody goes through them to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InstanceCounts {
    pub total: usize,
    /// Healthy ones, isolated or not.
    pub healthy: usize,
    /// Isolated ones, healthy or not.
    pub isolated: usize,
}

/// What changed between a revision and a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    pub from: Revision,
    pub to: Revision,
    /// The service itself, if it changed.
    pub service: Option<Arc<Service>>,
    pub upserts: Vec<Arc<Instance>>,
    pub removals: Vec<InstanceId>,
}

impl ServiceSnapshot {
    pub(super) fn new(service: Arc<Service>) -> Self {
        let revision = service.stamp.revision;
        Self {
            service,
            revision,
            instances: BTreeMap::new(),
            counts: InstanceCounts::default(),
            recent: VecDeque::new(),
            floor: revision,
        }
    }

    /// A service as a store holds it, when it or one of its instances last changed, and nothing
    /// remembered from before.
    pub(super) fn restored(service: Arc<Service>, revision: Revision) -> Self {
        let mut snapshot = Self::new(service);
        snapshot.revision = revision;
        snapshot.floor = revision;
        snapshot
    }

    /// The service itself.
    pub fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// The last change of the service or of one of its instances.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The instances, sorted by id.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = &Arc<Instance>> {
        self.instances.values()
    }

    /// How many instances there are.
    pub fn counts(&self) -> InstanceCounts {
        self.counts
    }

    /// The instances whose id comes after `after`, sorted by id.
    pub fn instances_after(
        &self,
        after: Option<&InstanceId>,
    ) -> impl Iterator<Item = &Arc<Instance>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let later = self
            .instances
            .range::<InstanceId, _>((start, Bound::Unbounded));
        later.map(|(_, instance)| instance)
    }

    /// An instance by id.
    pub fn find_instance(&self, id: &InstanceId) -> Option<&Arc<Instance>> {
        self.instances.get(id)
    }

    /// Whether it is remembered what changed since `from`.
    pub fn remembers(&self, from: Revision) -> bool {
        (self.floor..=self.revision).contains(&from)
    }

    /// What changed since `from`; none if that is too long ago to be remembered.
    pub fn delta_since(&self, from: Revision) -> Option<Delta> {
        if !self.remembers(from) {
            return None;
        }
        let later = self
            .recent
            .iter()
            .rev()
            .take_while(|(revision, _)| *revision > from);
        let touched: BTreeSet<&InstanceId> = later.map(|(_, id)| id).collect();
        let service = (self.service.stamp.revision > from).then(|| Arc::clone(&self.service));
        let (mut upserts, mut removals) = (Vec::new(), Vec::new());
        for id in touched {
            match self.instances.get(id) {
                Some(instance) => upserts.push(Arc::clone(instance)),
                None => removals.push(id.clone()),
            }
        }
        Some(Delta {
            from,
            to: self.revision,
            service,
            upserts,
            removals,
        })
    }

    /// Adds an instance at start.
    pub(super) fn restore(&mut self, instance: Arc<Instance>) {
        self.insert(instance);
    }

    pub(super) fn set_service(&mut self, service: Arc<Service>) {
        self.revision = service.stamp.revision;
        self.service = service;
    }

    pub(super) fn upsert(&mut self, instance: Arc<Instance>) {
        self.remember(instance.stamp.revision, instance.id.clone());
        self.insert(instance);
    }

    pub(super) fn remove(&mut self, id: &InstanceId, revision: Revision) {
        self.remember(revision, id.clone());
        if let Some(removed) = self.instances.remove(id) {
            self.counts -= InstanceCounts::of(&removed);
        }
    }

    fn insert(&mut self, instance: Arc<Instance>) {
        self.counts += InstanceCounts::of(&instance);
        if let Some(replaced) = self.instances.insert(instance.id.clone(), instance) {
            self.counts -= InstanceCounts::of(&replaced);
        }
    }

    fn remember(&mut self, revision: Revision, id: InstanceId) {
        self.revision = revision;
        self.recent.push_back((revision, id));
        if self.recent.len() > RECENT_LIMIT {
            let forgotten = self.recent.pop_front();
            self.floor = forgotten.map_or(self.floor, |(revision, _)| revision);
        }
    }
}

impl InstanceCounts {
    fn of(instance: &Instance) -> Self {
        Self {
            total: 1,
            healthy: usize::from(instance.health.is_healthy()),
            isolated: usize::from(instance.isolated),
        }
    }

    /// Those that are not healthy, isolated or not.
    pub fn unhealthy(self) -> usize {
        self.total - self.healthy
    }
}

impl AddAssign for InstanceCounts {
    fn add_assign(&mut self, more: Self) {
        self.total += more.total;
        self.healthy += more.healthy;
        self.isolated += more.isolated;
    }
}

impl SubAssign for InstanceCounts {
    fn sub_assign(&mut self, fewer: Self) {
        self.total -= fewer.total;
        self.healthy -= fewer.healthy;
        self.isolated -= fewer.isolated;
    }
}
