//! The leases themselves: plain state, told the time.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use merak_model::{Health, Instance, InstanceId, ServiceKey, Ttl};

use super::{
    Terms, VERDICTS_LIMIT, Verdict,
    losses::Losses,
    session::Pulse,
    wheel::{Entry, Wheel},
};
use crate::Event;

/// Names the instance that a lease is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct LeaseKey {
    pub(super) service: Arc<ServiceKey>,
    pub(super) id: InstanceId,
}

impl LeaseKey {
    pub(super) fn new(service: Arc<ServiceKey>, id: InstanceId) -> Self {
        Self { service, id }
    }

    pub(super) fn into_parts(self) -> (ServiceKey, InstanceId) {
        (Arc::unwrap_or_clone(self.service), self.id)
    }
}

#[derive(Debug)]
struct Lease {
    key: LeaseKey,
    ttl: Ttl,
    health: Health,
    last_beat: Duration,
    pulse: Option<Arc<Pulse>>,
    /// When its stream ended, if that still counts.
    disconnected_at: Option<Duration>,
    /// When it is removed, if it is still unhealthy by then.
    remove_at: Duration,
    /// Its removal is decided, and not yet committed.
    is_leaving: bool,
    losses: Losses,
    /// Counts the uses of the slot and the entries in the wheel: older entries are ignored.
    generation: u32,
}

/// All leases.
#[derive(Debug)]
pub(super) struct Leases {
    terms: Terms,
    slots: Vec<Option<Lease>>,
    free: Vec<Entry>,
    by_key: HashMap<LeaseKey, u32, rapidhash::fast::RandomState>,
    by_service: HashMap<Arc<ServiceKey>, Counts, rapidhash::fast::RandomState>,
    wheel: Wheel,
    undelivered: VecDeque<Verdict>,
    is_over: bool,
}

/// How the leases of one service stand.
#[derive(Debug, Default)]
struct Counts {
    leases: usize,
    healthy: usize,
    /// The slots of those whose stream ended and still counts as evidence.
    disconnected: HashSet<u32, rapidhash::fast::RandomState>,
}

impl Counts {
    /// More than half of the healthy ones, and at least three, lost their streams together.
    fn is_mass_loss(&self) -> bool {
        self.disconnected.len() >= 3 && self.disconnected.len() * 2 > self.healthy
    }
}

impl Lease {
    fn last_sign(&self) -> Duration {
        let by_stream = self.pulse.as_ref().map(|pulse| pulse.last_beat());
        by_stream.map_or(self.last_beat, |beat| beat.max(self.last_beat))
    }

    /// When the lease may next have something to say.
    fn deadline(&self, terms: Terms) -> Duration {
        if !self.health.is_healthy() {
            return self.remove_at;
        }
        let expiry = self.last_sign() + self.ttl.expiry();
        self.disconnected_at
            .map_or(expiry, |at| expiry.min(at + terms.disconnect_grace))
    }
}

impl Leases {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            terms,
            slots: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::default(),
            by_service: HashMap::default(),
            wheel: Wheel::default(),
            undelivered: VecDeque::new(),
            is_over: false,
        }
    }

    /// Brings the lease of an instance to what the log says of it.
    ///
    /// A health that is as it was `before` is no news: the lease may know better by now.
    pub(super) fn follow(&mut self, instance: &Instance, before: Option<Health>, now: Duration) {
        let key = LeaseKey::new(Arc::clone(&instance.service), instance.id.clone());
        let Some(ttl) = instance.spec.health_check.ttl() else {
            self.forget(&key);
            return;
        };
        let known = self.by_key.get(&key).copied();
        let slot = known.unwrap_or_else(|| self.insert(key, ttl, instance.health, now));
        let retention = self.terms.unhealthy_retention;
        self.update(slot, |lease| {
            lease.ttl = ttl;
            if before == Some(instance.health) || lease.health == instance.health {
                return;
            }
            lease.health = instance.health;
            match instance.health {
                Health::Healthy => (lease.last_beat, lease.is_leaving) = (now, false),
                Health::Unhealthy => lease.remove_at = now + retention,
            }
        });
        self.schedule(slot);
    }

    /// Begins the lease of an instance at start; `age` is how long it has been as it is.
    ///
    /// One that was unhealthy too long ago gets the time to come back all the same.
    pub(super) fn restore(&mut self, instance: &Instance, age: Duration, now: Duration) {
        self.follow(instance, None, now);
        let retention = self.terms.unhealthy_retention.saturating_sub(age);
        let key = LeaseKey::new(Arc::clone(&instance.service), instance.id.clone());
        if let Some(slot) = self.by_key.get(&key).copied()
            && !instance.health.is_healthy()
        {
            self.update(slot, |lease| {
                lease.remove_at = now + retention.max(lease.ttl.expiry());
            });
            self.schedule(slot);
        }
    }

    /// Ends the lease of an instance that is gone or no longer beats; its stream will be told.
    pub(super) fn forget(&mut self, key: &LeaseKey) {
        let Some(slot) = self.by_key.remove(key) else {
            return;
        };
        if let Some(lease) = self.slots[slot as usize].take() {
            self.free.push(Entry {
                slot,
                generation: lease.generation.wrapping_add(1),
            });
            if let Some(pulse) = &lease.pulse {
                pulse.attached.lock().remove(key);
                pulse.lost.lock().insert(key.clone());
            }
            self.uncount(slot, &lease);
            let counts = self.by_service.get_mut(&key.service);
            if counts.is_some_and(|counts| counts.leases == 0) {
                self.by_service.remove(&key.service);
            }
        }
    }

    /// Whether an instance takes calls, as its lease has it now.
    pub(super) fn find_health(&self, key: &LeaseKey) -> Option<Health> {
        Some(self.find(key)?.health)
    }

    /// Whether an instance is still to be removed.
    pub(super) fn is_leaving(&self, key: &LeaseKey) -> bool {
        self.find(key).is_some_and(|lease| lease.is_leaving)
    }

    fn find(&self, key: &LeaseKey) -> Option<&Lease> {
        self.slots[*self.by_key.get(key)? as usize].as_ref()
    }

    /// Renews a lease; false if there is none.
    pub(super) fn renew(&mut self, key: &LeaseKey, now: Duration) -> bool {
        let Some(slot) = self.by_key.get(key).copied() else {
            return false;
        };
        self.sign_of_life(slot, now);
        true
    }

    /// Lets a stream speak for an instance; false if it has no lease.
    pub(super) fn attach(&mut self, key: &LeaseKey, pulse: &Arc<Pulse>, now: Duration) -> bool {
        pulse.lost.lock().remove(key);
        let Some(slot) = self.by_key.get(key).copied() else {
            return false;
        };
        self.update(slot, |lease| {
            let before = lease.pulse.replace(Arc::clone(pulse));
            if let Some(before) = before {
                before.attached.lock().remove(key);
            }
        });
        pulse.attached.lock().insert(key.clone());
        self.sign_of_life(slot, now);
        true
    }

    /// Ends that a stream speaks for an instance, without prejudice.
    pub(super) fn detach(&mut self, key: &LeaseKey, pulse: &Arc<Pulse>) {
        if let Some(slot) = self.slot_attached_to(key, pulse) {
            self.update(slot, |lease| {
                lease.last_beat = lease.last_sign();
                lease.pulse = None;
            });
        }
    }

    /// Notes that the stream that spoke for an instance ended.
    pub(super) fn disconnect(&mut self, key: &LeaseKey, pulse: &Arc<Pulse>, now: Duration) {
        let Some(slot) = self.slot_attached_to(key, pulse) else {
            return;
        };
        self.update(slot, |lease| {
            lease.last_beat = lease.last_sign();
            lease.pulse = None;
            lease.disconnected_at = lease.health.is_healthy().then_some(now);
        });
        self.schedule(slot);
    }

    /// Judges nothing any more.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Revives leases that ran out although this stream still speaks for them.
    pub(super) fn revive(&mut self, lapsed: &[u32], pulse: &Arc<Pulse>, now: Duration) {
        for slot in lapsed {
            // The slot may be another lease's by now, for which this stream does not speak.
            let lease = self.slots[*slot as usize].as_ref();
            let attached = lease.and_then(|lease| lease.pulse.as_ref());
            if attached.is_some_and(|attached| Arc::ptr_eq(attached, pulse)) {
                self.sign_of_life(*slot, now);
            }
        }
    }

    /// A part of what is due: leases that ran out, came back, or were unhealthy for too long.
    ///
    /// It may be empty while more is due; none once nothing is.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<Vec<Verdict>> {
        let looked_at = self.wheel.take_due(now, VERDICTS_LIMIT);
        if self.is_over || looked_at.is_empty() && self.undelivered.is_empty() {
            return None;
        }
        let due: Vec<u32> = looked_at
            .into_iter()
            .filter(|entry| {
                let lease = self.slots[entry.slot as usize].as_ref();
                lease.is_some_and(|lease| lease.generation == entry.generation)
            })
            .map(|entry| entry.slot)
            .collect();
        self.hold_mass_losses(&due, now);
        for slot in due {
            self.judge(slot, now);
            self.schedule(slot);
        }
        let count = self.undelivered.len().min(VERDICTS_LIMIT);
        Some(self.undelivered.drain(..count).collect())
    }

    /// Keeps verdicts that could not be written for the next time.
    pub(super) fn put_back(&mut self, verdicts: Vec<Verdict>) {
        for verdict in verdicts.into_iter().rev() {
            self.undelivered.push_front(verdict);
        }
    }

    /// Disbelieves the end of streams where too many ended together.
    fn hold_mass_losses(&mut self, due: &[u32], now: Duration) {
        let grace = self.terms.disconnect_grace;
        let is_lost = |lease: &Lease| lease.disconnected_at.is_some_and(|at| at + grace <= now);
        let lost: HashSet<Arc<ServiceKey>> = due
            .iter()
            .filter_map(|slot| self.slots[*slot as usize].as_ref())
            .filter(|lease| is_lost(lease))
            .map(|lease| Arc::clone(&lease.key.service))
            .filter(|service| {
                self.by_service
                    .get(service)
                    .is_some_and(Counts::is_mass_loss)
            })
            .collect();
        for service in lost {
            let counts = &self.by_service[&service];
            let (disconnected, healthy) = (counts.disconnected.len(), counts.healthy);
            let held: Vec<u32> = counts.disconnected.iter().copied().collect();
            tracing::warn!(%service, disconnected, healthy, "mass loss is held until 3 × ttl");
            let event = Event::MassLossHeld {
                disconnected,
                healthy,
            };
            self.undelivered
                .push_back(Verdict::Happened(service, None, event));
            for slot in held {
                self.update(slot, |lease| lease.disconnected_at = None);
                self.schedule(slot);
            }
        }
    }

    /// Decides about one lease whose moment may have come.
    fn judge(&mut self, slot: u32, now: Duration) {
        let Some(lease) = self.slots[slot as usize].as_ref() else {
            return;
        };
        if lease.deadline(self.terms) > now {
            return;
        }
        let key = lease.key.clone();
        let retention = self.terms.unhealthy_retention;
        if !lease.health.is_healthy() {
            self.undelivered.push_back(Verdict::Removed(key));
            // The removal comes back as a change; until then, do not ask again at each tick.
            self.update(slot, |lease| {
                (lease.remove_at, lease.is_leaving) = (now + retention, true);
            });
            return;
        }
        if let Some(pulse) = &lease.pulse {
            pulse.lapsed.lock().push(slot);
        }
        let mut flapping = None;
        self.update(slot, |lease| {
            lease.health = Health::Unhealthy;
            lease.remove_at = now + retention;
            lease.disconnected_at = None;
            flapping = lease.losses.add(now);
        });
        self.undelivered.push_back(Verdict::Turned(key.clone()));
        if let Some(event) = flapping {
            self.undelivered
                .push_back(Verdict::Happened(key.service, Some(key.id), event));
        }
    }

    fn sign_of_life(&mut self, slot: u32, now: Duration) {
        let mut is_revived = false;
        self.update(slot, |lease| {
            is_revived = !lease.health.is_healthy();
            lease.last_beat = now;
            lease.disconnected_at = None;
            lease.health = Health::Healthy;
            lease.is_leaving = false;
        });
        if is_revived {
            if let Some(lease) = self.slots[slot as usize].as_ref() {
                self.undelivered
                    .push_back(Verdict::Turned(lease.key.clone()));
            }
            self.schedule(slot);
        }
    }

    fn insert(&mut self, key: LeaseKey, ttl: Ttl, health: Health, now: Duration) -> u32 {
        let Entry { slot, generation } = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            Entry {
                slot: self.slots.len() as u32 - 1,
                generation: 0,
            }
        });
        let lease = Lease {
            key: key.clone(),
            ttl,
            health,
            last_beat: now,
            pulse: None,
            disconnected_at: None,
            remove_at: now + self.terms.unhealthy_retention,
            is_leaving: false,
            losses: Losses::default(),
            generation,
        };
        self.count(slot, &lease);
        self.by_key.insert(key, slot);
        self.slots[slot as usize] = Some(lease);
        slot
    }

    /// Has the wheel find the lease at its deadline; entries made before are void.
    fn schedule(&mut self, slot: u32) {
        if let Some(lease) = self.slots[slot as usize].as_mut() {
            lease.generation = lease.generation.wrapping_add(1);
            let generation = lease.generation;
            self.wheel
                .insert(lease.deadline(self.terms), Entry { slot, generation });
        }
    }

    fn slot_attached_to(&self, key: &LeaseKey, pulse: &Arc<Pulse>) -> Option<u32> {
        let slot = *self.by_key.get(key)?;
        let attached = self.slots[slot as usize].as_ref()?.pulse.as_ref()?;
        Arc::ptr_eq(attached, pulse).then_some(slot)
    }

    /// Changes a lease and keeps the counts of its service true.
    fn update(&mut self, slot: u32, change: impl FnOnce(&mut Lease)) {
        let Some(mut lease) = self.slots[slot as usize].take() else {
            return;
        };
        self.uncount(slot, &lease);
        change(&mut lease);
        self.count(slot, &lease);
        self.slots[slot as usize] = Some(lease);
    }

    fn count(&mut self, slot: u32, lease: &Lease) {
        let counts = self
            .by_service
            .entry(Arc::clone(&lease.key.service))
            .or_default();
        counts.leases += 1;
        counts.healthy += usize::from(lease.health.is_healthy());
        if lease.disconnected_at.is_some() {
            counts.disconnected.insert(slot);
        }
    }

    fn uncount(&mut self, slot: u32, lease: &Lease) {
        if let Some(counts) = self.by_service.get_mut(&lease.key.service) {
            counts.leases -= 1;
            counts.healthy -= usize::from(lease.health.is_healthy());
            if lease.disconnected_at.is_some() {
                counts.disconnected.remove(&slot);
            }
        }
    }
}
