//! One stream that keeps instances alive.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use merak_model::{InstanceId, ServiceKey};
use parking_lot::Mutex;

use super::{Liveness, lease::LeaseKey};

/// One stream that keeps instances alive; dropping it is the end of the stream.
///
/// A beat writes one time, however many instances are attached: their leases read it when they
/// are looked at.
pub struct Session {
    liveness: Arc<Liveness>,
    pulse: Arc<Pulse>,
}

/// What a session shares with the leases that are attached to it.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    last_beat_ms: AtomicU64,
    /// The slots of leases that ran out although they are attached: the next beat revives them.
    pub(super) lapsed: Mutex<Vec<u32>>,
    /// The leases that hold this pulse; changed under the lock of the leases.
    pub(super) attached: Mutex<HashSet<LeaseKey>>,
    /// Leases that ended while they held this pulse, until the stream is told.
    pub(super) lost: Mutex<HashSet<LeaseKey>>,
}

impl Pulse {
    pub(super) fn last_beat(&self) -> Duration {
        Duration::from_millis(self.last_beat_ms.load(Ordering::Relaxed))
    }

    fn beat_at(&self, now: Duration) {
        let milliseconds = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.last_beat_ms.store(milliseconds, Ordering::Relaxed);
    }
}

impl Session {
    pub(super) fn new(liveness: Arc<Liveness>) -> Self {
        let pulse = Arc::new(Pulse::default());
        pulse.beat_at(liveness.clock.elapsed());
        liveness.sessions.fetch_add(1, Ordering::Relaxed);
        Self { liveness, pulse }
    }

    /// Speaks for these instances from now on; returns those that are unknown or do not beat.
    pub fn attach(
        &self,
        instances: impl IntoIterator<Item = (ServiceKey, InstanceId)>,
    ) -> Vec<(ServiceKey, InstanceId)> {
        self.beat();
        let mut unknown = Vec::new();
        self.liveness.with_leases(|leases, now| {
            for (service, id) in instances {
                let key = LeaseKey::new(Arc::new(service), id);
                if !leases.attach(&key, &self.pulse, now) {
                    unknown.push(key.into_parts());
                }
            }
        });
        unknown
    }

    /// No longer speaks for these instances; their leases run on without it.
    pub fn detach(&self, instances: impl IntoIterator<Item = (ServiceKey, InstanceId)>) {
        self.liveness.with_leases(|leases, _| {
            for (service, id) in instances {
                let key = LeaseKey::new(Arc::new(service), id);
                leases.detach(&key, &self.pulse);
                self.pulse.attached.lock().remove(&key);
                self.pulse.lost.lock().remove(&key);
            }
        });
    }

    /// Instances that it spoke for and that are gone, or no longer beat; each is told once.
    pub fn take_lost(&self) -> Vec<(ServiceKey, InstanceId)> {
        let lost = std::mem::take(&mut *self.pulse.lost.lock());
        lost.into_iter().map(LeaseKey::into_parts).collect()
    }

    /// The number of instances that it speaks for.
    pub fn len(&self) -> usize {
        self.pulse.attached.lock().len()
    }

    /// Whether it speaks for no instance.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Renews every attached instance.
    pub fn beat(&self) {
        self.pulse.beat_at(self.liveness.clock.elapsed());
        let lapsed = std::mem::take(&mut *self.pulse.lapsed.lock());
        if !lapsed.is_empty() {
            self.liveness
                .with_leases(|leases, now| leases.revive(&lapsed, &self.pulse, now));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.liveness.sessions.fetch_sub(1, Ordering::Relaxed);
        let attached = std::mem::take(&mut *self.pulse.attached.lock());
        self.liveness.with_leases(|leases, now| {
            for key in &attached {
                leases.disconnect(key, &self.pulse, now);
            }
        });
    }
}
