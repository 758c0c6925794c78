//! Global rate limits: who may let how many calls through.
//!
//! A counter is one combination of values of a rule, and a pool of tokens that its clients share
//! ([`merak_model::limiting::quota`]). Counters are memory only: a control plane that starts has none, and
//! leaves clients on their own for two seconds, in which they come back and tell what went through.
//!
//! A client has a [`QuotaSession`] for its stream, in which counters have numbers, so that an ask costs one
//! lock of its counter and nothing else: no name is looked up. Rules are edited in place: a counter sees at the
//! next ask that its rule has another edition. There are at most [`Quotas::COUNTER_LIMIT`] counters, of about
//! 500 bytes and 150 more for each client; those that nobody asks for are forgotten when their windows are
//! over.

mod counter;
mod rules;
mod session;
mod usage;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use merak_model::limiting::{
    Moment, RateLimitRule,
    quota::{ClientId, Start},
};
use parking_lot::{Mutex, RwLock};
use tokio_util::sync::CancellationToken;

use crate::{Catalog, Change, Client, Clock, Key, Rule as _, RuleKind, committer::Follow};
use counter::{Counter, CounterKey};
use rules::GlobalRules;
pub use session::{QuotaRefusal, QuotaSession};
pub use usage::{AmountUse, CounterUse, QuotaClient, RuleUse};

/// Shares global rate limits out.
pub struct Quotas {
    clock: Arc<dyn Clock>,
    /// The wall clock when the monotonic one began, so that windows stay where they are after a restart.
    origin: Duration,
    /// Names this process for clients.
    process: u64,
    rules: GlobalRules,
    shards: Box<[Mutex<Counters>]>,
    hasher: rapidhash::fast::RandomState,
    count: AtomicUsize,
    clients: RwLock<HashMap<ClientId, Arc<Client>>>,
    last_client: AtomicU64,
    tally: Tally,
}

type Counters = HashMap<Arc<CounterKey>, Arc<Counter>, rapidhash::fast::RandomState>;

/// What was done since the start.
#[derive(Debug, Default)]
struct Tally {
    asks: AtomicU64,
    granted: AtomicU64,
    unasked: AtomicU64,
    refused: AtomicU64,
}

/// What was done since the start, and what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuotaTally {
    /// Streams that are open.
    pub clients: u64,
    /// Counters that are held.
    pub counters: u64,
    /// Asks that were answered.
    pub asks: u64,
    /// Tokens that were granted.
    pub granted: u64,
    /// Calls that clients let through without a token.
    pub unasked: u64,
    /// Calls that clients refused.
    pub refused: u64,
}

const SHARDS: usize = 64;
/// How often clients that are silent, and counters that nobody uses, are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

impl Quotas {
    /// The most counters of all rules; further ones are refused, and clients apply the rule's failover.
    pub const COUNTER_LIMIT: usize = 250_000;

    pub(crate) fn new(catalog: &Catalog, clock: Arc<dyn Clock>) -> Self {
        let unix_ms = u64::try_from(clock.timestamp().unix_ms()).unwrap_or(0);
        let origin = Duration::from_millis(unix_ms).saturating_sub(clock.elapsed());
        let hasher = rapidhash::fast::RandomState::new();
        let rules = GlobalRules::default();
        let start = Start::Restarted(Moment::after(origin + clock.elapsed()));
        for namespace in catalog.list_namespaces() {
            for rule in catalog.list_rules::<RateLimitRule>(&namespace.name).1 {
                rules.set(&rule.key, Some(&rule), start);
            }
        }
        Self {
            process: unix_ms,
            origin,
            clock,
            rules,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher,
            count: AtomicUsize::new(0),
            clients: RwLock::default(),
            last_client: AtomicU64::new(0),
            tally: Tally::default(),
        }
    }

    /// Begins to serve a client; dropping the session is the end of it.
    pub fn open_session(self: &Arc<Self>, client: Client) -> QuotaSession {
        QuotaSession::new(Arc::clone(self), Arc::new(client))
    }

    /// The time by which windows are cut.
    pub fn now(&self) -> Moment {
        Moment::after(self.origin + self.clock.elapsed())
    }

    /// Names this process: what another one granted is not known here.
    pub fn process(&self) -> u64 {
        self.process
    }

    /// What was done since the start, and what there is.
    pub fn tally(&self) -> QuotaTally {
        let tally = &self.tally;
        QuotaTally {
            clients: self.clients.read().len() as u64,
            counters: self.count.load(Ordering::Relaxed) as u64,
            asks: tally.asks.load(Ordering::Relaxed),
            granted: tally.granted.load(Ordering::Relaxed),
            unasked: tally.unasked.load(Ordering::Relaxed),
            refused: tally.refused.load(Ordering::Relaxed),
        }
    }

    /// Forgets clients that are silent, and counters that nobody uses and whose windows are over.
    pub fn sweep(&self) {
        let now = self.now();
        for shard in &self.shards {
            let mut shard = shard.lock();
            let before = shard.len();
            shard.retain(|_, counter| {
                let is_idle = counter.expire(now);
                // Sessions hold the counters that they have opened.
                !is_idle || Arc::strong_count(counter) > 1
            });
            self.count
                .fetch_sub(before - shard.len(), Ordering::Relaxed);
        }
    }

    pub(crate) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => self.sweep(),
            }
        }
    }
}

impl Follow for Quotas {
    fn follow(&self, changes: &Arc<[Change]>) {
        for change in changes.iter() {
            if let Key::Rule(RuleKind::RateLimit, key) = &change.key {
                let after = change.after.as_ref().and_then(RateLimitRule::of_item);
                self.rules.set(key, after.map(|rule| &**rule), Start::Fresh);
            }
        }
    }
}
