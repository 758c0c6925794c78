//! Which instances are alive: leases, renewed by beats and by the streams that carry them.
//!
//! Leases are a fold of the change log, like the catalog: an instance that beats has one from its
//! registration to its removal. A beat is memory only; what becomes a change is the transition.
//!
//! - Without a beat for 3 × ttl an instance is unhealthy.
//! - The end of its stream is evidence: without a sign of life for [`DISCONNECT_GRACE`] after it,
//!   the instance is unhealthy. If more than half of a service (and at least three) lose their
//!   streams together, that is more likely the network: they are held until 3 × ttl.
//! - Unhealthy for [`UNHEALTHY_RETENTION`], an instance is removed.
//! - Leases loaded at start get a full term, whatever was before.
//! - Three losses within ten minutes are flapping: an event says so.
//!
//! A renewal only writes a time. Each lease waits in one bucket of [`Wheel`] for a moment at which
//! it may be due; if it was renewed meanwhile, it moves on to the next such moment.

mod lease;
mod losses;
mod session;
mod wheel;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use merak_model::{Instance, InstanceId, ServiceKey};
use parking_lot::Mutex;
use tracing::{info, warn};

use crate::{
    Caller, Catalog, Change, Clock, Committer, Draft, Event, Item, Key, Result, Settings,
    committer::Follow,
};
use lease::{LeaseKey, Leases};
pub use session::Session;

/// How long an instance whose stream ended has to come back.
pub const DISCONNECT_GRACE: Duration = Duration::from_secs(2);

/// How long an unhealthy instance is kept before it is removed.
pub const UNHEALTHY_RETENTION: Duration = Duration::from_secs(3600);

/// Verdicts that one commit takes, so that the writes of others need not wait long for it.
pub(crate) const VERDICTS_LIMIT: usize = 1000;

/// How long what could not be written waits for the next try.
const RETRY: Duration = Duration::from_secs(1);

/// How often due leases are looked for.
pub const TICK: Duration = Duration::from_millis(100);

/// Knows which instances are alive.
pub struct Liveness {
    clock: Arc<dyn Clock>,
    leases: Mutex<Leases>,
    /// Sessions that are open.
    sessions: AtomicU64,
}

/// What the leases have decided and the log does not say yet.
///
/// It may wait for the store, so that what is written is what the lease says by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The health of an instance is another.
    Turned(LeaseKey),
    /// An instance was unhealthy for too long.
    Removed(LeaseKey),
    Happened(Arc<ServiceKey>, Option<InstanceId>, Event),
}

/// How long leases are given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) disconnect_grace: Duration,
    pub(crate) unhealthy_retention: Duration,
}

impl Liveness {
    /// Gives every instance of the catalog that beats a full term.
    pub(crate) fn new(catalog: &Catalog, clock: Arc<dyn Clock>, settings: &Settings) -> Self {
        let mut leases = Leases::new(Terms {
            disconnect_grace: settings.disconnect_grace,
            unhealthy_retention: settings.unhealthy_retention,
        });
        let (now, today) = (clock.elapsed(), clock.timestamp());
        for service in catalog.all_services() {
            for instance in service.instances() {
                let age_ms = today.unix_ms() - instance.stamp.modified_at.unix_ms();
                let age = Duration::from_millis(u64::try_from(age_ms).unwrap_or(0));
                leases.restore(instance, age, now);
            }
        }
        Self {
            clock,
            leases: Mutex::new(leases),
            sessions: AtomicU64::new(0),
        }
    }

    /// Opens the session of a stream that will keep instances alive; its drop is the stream's end.
    pub fn open_session(self: &Arc<Self>) -> Session {
        Session::new(Arc::clone(self))
    }

    /// Streams that keep instances alive now.
    pub fn count_sessions(&self) -> u64 {
        self.sessions.load(Ordering::Relaxed)
    }

    /// Renews instances once; returns those that are unknown or do not beat.
    pub fn heartbeat(
        &self,
        instances: impl IntoIterator<Item = (ServiceKey, InstanceId)>,
    ) -> Vec<(ServiceKey, InstanceId)> {
        let now = self.clock.elapsed();
        let mut leases = self.leases.lock();
        let mut unknown = Vec::new();
        for (service, id) in instances {
            let key = LeaseKey::new(Arc::new(service), id);
            if !leases.renew(&key, now) {
                unknown.push(key.into_parts());
            }
        }
        unknown
    }

    /// Judges nothing from now on: the control plane itself is going away, and its streams with it.
    pub fn stop_judging(&self) {
        self.leases.lock().end();
    }

    /// Commits what time has decided since the last tick; the number of instances concerned.
    ///
    /// # Errors
    /// When the store refused a write; the next tick tries again.
    pub async fn tick(self: &Arc<Self>, committer: &Committer) -> Result<usize> {
        let now = self.clock.elapsed();
        let take_due = || self.leases.lock().take_due(now);
        let mut count = 0;
        while let Some(verdicts) = take_due() {
            if !verdicts.is_empty() {
                count += self.commit(verdicts, committer).await?;
            }
        }
        Ok(count)
    }

    async fn commit(
        self: &Arc<Self>,
        verdicts: Vec<Verdict>,
        committer: &Committer,
    ) -> Result<usize> {
        let (decided, liveness) = (verdicts.clone(), Arc::clone(self));
        let committed = committer
            .commit(&Caller::system(), move |draft| {
                let leases = liveness.leases.lock();
                for verdict in &decided {
                    carry_out(draft, &leases, verdict);
                }
                Ok(decided.len())
            })
            .await;
        if committed.is_err() {
            self.leases.lock().put_back(verdicts);
        }
        committed
    }

    /// Ticks until it is stopped.
    pub(crate) async fn run(
        self: Arc<Self>,
        committer: Committer,
        stop: tokio_util::sync::CancellationToken,
    ) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_waiting = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            match self.tick(&committer).await {
                Ok(_) if is_waiting => {
                    is_waiting = false;
                    info!("health changes are written again");
                }
                Ok(_) => {}
                Err(failure) => {
                    if !is_waiting {
                        warn!("health changes wait for the store: {failure}");
                    }
                    is_waiting = true;
                    ticks.reset_after(RETRY);
                }
            }
        }
    }

    fn with_leases<T>(&self, act: impl FnOnce(&mut Leases, Duration) -> T) -> T {
        act(&mut self.leases.lock(), self.clock.elapsed())
    }
}

/// Writes a verdict, unless the instance is gone, no longer beats, or gave a sign of life meanwhile.
fn carry_out(draft: &mut Draft<'_>, leases: &Leases, verdict: &Verdict) {
    match verdict {
        Verdict::Turned(key) => {
            if let (Some(instance), Some(health)) =
                (find_beating(draft, key), leases.find_health(key))
            {
                draft.put_instance(Instance {
                    health,
                    ..(*instance).clone()
                });
            }
        }
        Verdict::Removed(key) => {
            let instance = find_beating(draft, key);
            // Healthy is also one that has just registered again, which the lease learns afterwards.
            let is_lost = instance.is_some_and(|instance| !instance.health.is_healthy());
            if is_lost && leases.is_leaving(key) {
                draft.delete_instance(&key.service, &key.id);
            }
        }
        Verdict::Happened(service, id, event) => {
            draft.record_event(service, id.as_ref(), event.clone());
        }
    }
}

fn find_beating(draft: &Draft<'_>, key: &LeaseKey) -> Option<Arc<Instance>> {
    let instance = draft.find_instance(&key.service, &key.id)?;
    instance
        .spec
        .health_check
        .ttl()
        .is_some()
        .then_some(instance)
}

impl Follow for Liveness {
    fn follow(&self, changes: &Arc<[Change]>) {
        let now = self.clock.elapsed();
        let mut leases = self.leases.lock();
        for change in changes.iter() {
            match (&change.key, &change.after) {
                (Key::Instance(..), Some(Item::Instance(instance))) => {
                    let before = match &change.before {
                        Some(Item::Instance(before)) => Some(before.health),
                        _ => None,
                    };
                    leases.follow(instance, before, now);
                }
                (Key::Instance(service, id), _) => {
                    leases.forget(&LeaseKey::new(Arc::clone(service), id.clone()));
                }
                (Key::Namespace(_) | Key::Service(_) | Key::Event(..) | Key::Rule(..), _) => {}
            }
        }
    }
}
