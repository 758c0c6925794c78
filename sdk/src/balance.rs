//! Which of the instances that may get a call gets it.
//!
//! Rules narrow a service down to a pool ([`merak_model::routing::Pool`]); a balancer chooses from it,
//! one file each. What balancers keep of instances (calls under way, since when they serve) goes from each
//! state of a service to the next one. Time and randomness are passed in.

mod least_request;
mod maglev;
mod rendezvous;
mod ring_hash;
mod round_robin;
mod settings;
mod slot;
mod slow_start;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use merak_model::{
    Call, Instance, InstanceId, Timestamp,
    call::Balancer,
    routing::{Pool, Selection, mix},
};
use rapidhash::v3::rapidhash_v3;
use tokio::time::Instant;

pub(crate) use settings::{Settings, Traits};
pub use slot::Usage;
pub(crate) use slot::{Slot, Slots};
use slow_start::SlowStart;
use tables::{TableCache, Tables};

/// Targets of a service for which tables of keyed balancers are kept; others are chosen from without one.
const TABLED_GROUPS: usize = 64;

/// What a keyed retry may ask of a table before it looks at each instance.
const PROPOSALS: usize = 16;

/// The moment of an update, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) now: Instant,
    /// The machine's own, to compare with when instances were created.
    pub(crate) wall: Timestamp,
}

impl Moment {
    /// The moment that it is.
    pub(crate) fn now() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "what is created elsewhere has a time of day only"
        )]
        let wall = std::time::SystemTime::now();
        let since = wall.duration_since(std::time::UNIX_EPOCH);
        let unix_ms = since.map_or(0, |since| since.as_millis() as i64);
        Self {
            now: Instant::now(),
            wall: Timestamp::from_unix_ms(unix_ms),
        }
    }
}

/// What chooses instances for one state of a service.
#[derive(Debug, Default)]
pub(crate) struct Balance {
    settings: Settings,
    /// One for each of the selection's instances.
    slots: Slots,
    slow_start: SlowStart,
    /// One for each of the selection's targets.
    groups: Box<[Tables]>,
    cache: Arc<TableCache>,
}

impl Balance {
    /// Balances a selection that takes the place of `previous`.
    pub(crate) fn succeeding(
        previous: &Self,
        selection: &Selection,
        settings: &Settings,
        moment: Moment,
    ) -> Self {
        let slots = previous.slots.succeeded(selection.instances(), moment);
        Self {
            settings: settings.clone(),
            slow_start: SlowStart::new(settings.slow_start, &slots, moment.now),
            slots,
            groups: (0..selection.group_count())
                .map(|_| Tables::default())
                .collect(),
            cache: Arc::clone(&previous.cache),
        }
    }

    /// What is kept of an instance.
    pub(crate) fn find(&self, id: &InstanceId) -> Option<&Slot> {
        self.slots.find(id)
    }

    /// Chooses an instance; `draw` is 64 random bits, and `clock` is asked while instances start slowly.
    #[inline]
    pub(crate) fn choose(
        &self,
        pool: &Pool<'_, '_>,
        call: &Call<'_>,
        draw: u64,
        clock: impl FnOnce() -> Instant,
    ) -> &Arc<Slot> {
        let drawn = |draw| pool.draw(draw).place;
        let place = match call.balancer().unwrap_or(self.settings.balancer) {
            Balancer::Random => self.slowly(draw, clock, drawn),
            Balancer::RoundRobin => {
                self.slowly(draw, clock, |draw| self.next_in_turn(pool, call, draw))
            }
            Balancer::LeastRequest => self.slowly(draw, clock, |draw| {
                least_request::choose(pool, draw, &self.slots)
            }),
            keyed @ (Balancer::RingHash | Balancer::Maglev) => match self.key_of(call) {
                Some(key) => self.keyed(keyed, pool, rapidhash_v3(key.as_bytes())),
                None => self.slowly(draw, clock, drawn),
            },
        };
        self.slots.get(place)
    }

    fn key_of<'c>(&self, call: &Call<'c>) -> Option<&'c str> {
        let fact = self.settings.hash_key.as_ref();
        call.hash_key().or_else(|| call.find(fact?))
    }

    /// Has instances that started a while ago chosen more often than new ones.
    #[inline]
    fn slowly(
        &self,
        draw: u64,
        clock: impl FnOnce() -> Instant,
        propose: impl Fn(u64) -> usize,
    ) -> usize {
        if !self.slow_start.is_on() {
            return propose(draw);
        }
        self.slow_start.choose(draw, clock(), |draw| {
            let place = propose(draw);
            (place, self.slots.get(place).since)
        })
    }

    /// A retry takes no turn: it would leave the next call to the instance that just failed.
    fn next_in_turn(&self, pool: &Pool<'_, '_>, call: &Call<'_>, draw: u64) -> usize {
        match pool.prepared() {
            Some(prepared) if call.excluded().is_empty() => {
                let turns = self.groups[pool.group()].turns(prepared.instances(), draw);
                prepared.candidate(turns.next()).place
            }
            _ => pool.draw(draw).place,
        }
    }

    fn keyed(&self, balancer: Balancer, pool: &Pool<'_, '_>, hash: u64) -> usize {
        let tabled = pool.prepared().filter(|_| pool.group() < TABLED_GROUPS);
        let Some(prepared) = tabled else {
            return rendezvous::choose(pool, hash);
        };
        let (instances, tables) = (prepared.instances(), &self.groups[pool.group()]);
        let is_admitted = |owner: &usize| pool.admits(&instances[*owner]);
        let owner = if balancer == Balancer::Maglev {
            let maglev = tables.maglev(instances, &self.cache);
            let mut hashes = std::iter::successors(Some(hash), |hash| Some(mix(*hash)));
            let mut owners = (0..PROPOSALS).filter_map(|_| Some(maglev.owner(hashes.next()?)));
            owners.find(is_admitted)
        } else {
            let ring = tables.ring(instances, &self.cache);
            ring.owners(hash).find(is_admitted)
        };
        match owner {
            Some(owner) => prepared.candidate(owner).place,
            None => rendezvous::choose(pool, hash),
        }
    }
}

/// A hash of an instance that is the same in every process.
fn hash_of(instance: &Instance) -> u64 {
    rapidhash_v3(instance.id.as_str().as_bytes())
}
