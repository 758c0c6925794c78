//! What a client keeps of instances from state to state.

use std::{
    cmp::Ordering as Order,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use merak_model::{Instance, InstanceId};
use tokio::time::Instant;

use super::Moment;
use crate::Outcome;

/// An instance of one state, and what is kept of it.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) instance: Arc<Instance>,
    /// Shared with the slots of the instance in other states.
    pub(crate) load: Arc<Load>,
    /// When it was first seen serving; none if it served before anybody looked.
    pub(super) since: Option<Instant>,
}

/// The calls of this client to one instance.
#[derive(Debug, Default)]
pub(crate) struct Load {
    active: AtomicU32,
    succeeded: AtomicU64,
    failed: AtomicU64,
    unreachable: AtomicU64,
}

/// The calls of this client to one instance, as far as their picks were kept until they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// Calls under way.
    pub active: u32,
    /// Calls that were reported as [`Outcome::Succeeded`].
    pub succeeded: u64,
    /// Calls that were reported as [`Outcome::Failed`].
    pub failed: u64,
    /// Calls that were reported as [`Outcome::Unreachable`].
    pub unreachable: u64,
}

/// A slot for each instance of a state, sorted by id.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    slots: Box<[Arc<Slot>]>,
    /// Whether these are of a state that somebody told.
    is_told: bool,
}

impl Load {
    pub(crate) fn begin(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.active.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn active(&self) -> u32 {
        self.active.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Succeeded => &self.succeeded,
            Outcome::Failed => &self.failed,
            Outcome::Unreachable => &self.unreachable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage {
            active: self.active(),
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            unreachable: self.unreachable.load(Ordering::Relaxed),
        }
    }
}

impl Slots {
    /// Slots for the instances that take the place of these, sorted by id.
    pub(super) fn succeeded(&self, instances: &[Arc<Instance>], moment: Moment) -> Self {
        let mut known = self.slots.iter().peekable();
        let slots = instances.iter().map(|instance| {
            while let Some(slot) = known.peek() {
                match slot.instance.id.cmp(&instance.id) {
                    Order::Less => drop(known.next()),
                    Order::Equal => return succeeded(slot, instance, moment),
                    Order::Greater => break,
                }
            }
            Arc::new(Slot {
                instance: Arc::clone(instance),
                load: Arc::default(),
                since: self.since(instance, moment),
            })
        });
        Self {
            slots: slots.collect(),
            is_told: true,
        }
    }

    /// Since when an instance serves that was not known before.
    fn since(&self, instance: &Instance, moment: Moment) -> Option<Instant> {
        if self.is_told {
            return Some(moment.now);
        }
        // The client is new, not the instance. Clocks of machines differ: of the future is of now.
        let age = moment.wall.unix_ms() - instance.stamp.created_at.unix_ms();
        let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
        moment.now.checked_sub(age)
    }

    /// The slot of the instance at a place of the selection.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> &Arc<Slot> {
        &self.slots[place]
    }

    pub(super) fn find(&self, id: &InstanceId) -> Option<&Slot> {
        let found = self.slots.binary_search_by(|slot| slot.instance.id.cmp(id));
        found.ok().map(|place| &*self.slots[place])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().map(|slot| &**slot)
    }
}

/// One that comes back to health starts anew: most often it was started anew.
fn succeeded(slot: &Arc<Slot>, instance: &Arc<Instance>, moment: Moment) -> Arc<Slot> {
    if Arc::ptr_eq(&slot.instance, instance) {
        return Arc::clone(slot);
    }
    let is_back = !slot.instance.health.is_healthy() && instance.health.is_healthy();
    Arc::new(Slot {
        instance: Arc::clone(instance),
        load: Arc::clone(&slot.load),
        since: if is_back {
            Some(moment.now)
        } else {
            slot.since
        },
    })
}
