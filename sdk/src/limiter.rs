//! Rate limits of a service, enforced where its calls arrive.
//!
//! A [`Limiter`] holds the rules of one service, prepared, and what they have counted. Acquiring takes no
//! exclusive lock and, for a combination of values that was seen before, allocates nothing. It does no I/O
//! and knows nothing of where rules come from: [`Limiter::replace`] gives it others.
//!
//! A rule that the control plane counts for (`scope: global`) is applied as its failover says, until the
//! limiter joins a client ([`Limiter::join`]): from then on the control plane grants its tokens.

mod admission;
mod explain;
mod layer;
mod rules;
mod shares;
mod table;

use std::{
    fmt,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use crate::Client;
use arc_swap::ArcSwap;
use merak_model::{
    Call, Invalid, Problem, ServiceKey,
    limiting::{Moment, admit},
    routing::RuleKey,
};
use parking_lot::Mutex;

use admission::Holding;
pub use admission::{Admission, Permit, Rejected, Wait};
pub use explain::{AmountStanding, LimitExplanation, RuleStanding, Verdict};
pub(crate) use layer::Refuse;
pub use layer::{Grpc, Http, LimitLayer, Limited};
pub use merak_model::limiting::{Amount, RateLimitRule, ResponseSpec};
use rules::Rules;
pub(crate) use shares::Shares;
use table::Table;

/// The rate limits of a service; cheap to clone, and all clones count together.
///
/// ```
/// use merak_sdk::{Call, ServiceKey, limiter::{Admission, Limiter, RateLimitRule}};
///
/// let limiter = Limiter::new(ServiceKey::parse("default", "micro-pay")?);
/// let rule: RateLimitRule = serde_json::from_str(r#"{
///     "namespace": "default", "name": "ten-a-user",
///     "spec": {
///         "callee": {"service": "micro-pay"},
///         "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
///         "amounts": [{"max": 10, "window_ms": 1000}]
///     },
///     "created_revision": 1, "revision": 1,
///     "created_at": "2026-01-01T00:00:00Z", "modified_at": "2026-01-01T00:00:00Z"
/// }"#)?;
/// limiter.replace(vec![rule]);
/// let call = Call::to("micro-pay").header("x-user", "42");
/// match limiter.acquire(&call) {
///     Admission::Permitted(permit) => drop(permit), // when the call has ended
///     Admission::Waiting(wait) => println!("in {:?}", wait.duration()),
///     Admission::Rejected(rejected) => println!("{rejected}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

/// A limiter that may be gone.
pub(crate) struct WeakLimiter(Weak<Inner>);

/// Builds a [`Limiter`].
pub struct LimiterBuilder {
    service: ServiceKey,
    counters: usize,
    clock: Clock,
}

type Clock = Box<dyn Fn() -> Duration + Send + Sync>;

struct Inner {
    service: ServiceKey,
    rules: ArcSwap<Rules>,
    table: Table,
    clock: Clock,
    /// All rules that were given, whether they are applied or not; held while they are replaced.
    editing: Mutex<Vec<RateLimitRule>>,
    /// Where global rules are counted, once it has joined a client.
    shares: OnceLock<Arc<Shares>>,
}

impl Limiter {
    /// Counters that a limiter keeps by default.
    pub const DEFAULT_COUNTERS: usize = 100_000;

    /// The limits of a service, without rules so far.
    pub fn new(service: ServiceKey) -> Self {
        Self::builder(service).build()
    }

    /// The limits of a service, with settings.
    pub fn builder(service: ServiceKey) -> LimiterBuilder {
        let started = tokio::time::Instant::now();
        LimiterBuilder {
            service,
            counters: Self::DEFAULT_COUNTERS,
            clock: Box::new(move || started.elapsed()),
        }
    }

    /// The service whose calls are limited.
    pub fn service(&self) -> &ServiceKey {
        &self.inner.service
    }

    /// Replaces all rules; those for other services, and those that are not enabled, are not applied.
    ///
    /// A rule that was there before, by namespace and name, goes on with its counters as long as it tells
    /// calls apart by the same facts: amounts of the same window keep what they have counted, calls that
    /// wait keep their turns, and calls under way stay counted.
    pub fn replace(&self, rules: Vec<RateLimitRule>) {
        let mut given = self.inner.editing.lock();
        *given = rules;
        self.prepare(given.clone());
    }

    /// Has the control plane of a client count for the rules with the scope `global`.
    ///
    /// A limiter joins one client, the first, and shares that client's connection. It does not keep the client
    /// open: without it, the rules are applied as their failover says.
    pub fn join(&self, client: &Client) {
        let inner = &*self.inner;
        let given = inner.editing.lock();
        if inner.shares.get().is_some() {
            return;
        }
        let shares = client.share(self);
        if inner.shares.set(shares).is_ok() {
            self.prepare(given.clone());
        }
    }

    fn prepare(&self, rules: Vec<RateLimitRule>) {
        let (inner, now) = (&*self.inner, self.now());
        let earlier = inner.rules.load_full();
        let places = (&inner.service, &inner.table);
        let rules = Rules::prepare(&earlier, rules, places, inner.shares.get(), now);
        let rules = Arc::new(rules);
        inner.rules.store(Arc::clone(&rules));
        let carry = |entry: &Arc<_>| rules.carry(entry, now);
        inner.table.edit(rules.edition, carry);
    }

    /// Whether a call may go through now, later, or not.
    ///
    /// A call that goes through is counted by every rule that matches it, one that is rejected by none.
    #[inline]
    pub fn acquire(&self, call: &Call<'_>) -> Admission {
        let inner = &*self.inner;
        let now = self.now();
        loop {
            let rules = inner.rules.load();
            let Ok(holding) = Holding::of(&rules, call, &inner.table, now) else {
                // The rules are being replaced, and this call is the first with its values.
                drop(inner.editing.lock());
                continue;
            };
            return match admit(holding.claims(), now) {
                Ok(wait) => holding.admitted(wait),
                Err(refusal) => holding.rejected(refusal),
            };
        }
    }

    /// Waits for the turn of a call, if it has to wait for one.
    ///
    /// A call that is dropped while it waits has used its turn.
    ///
    /// # Errors
    /// When a rule rejects the call.
    pub async fn admit(&self, call: &Call<'_>) -> Result<Permit, Rejected> {
        match self.acquire(call) {
            Admission::Permitted(permit) => Ok(permit),
            Admission::Waiting(wait) => Ok(wait.turn().await),
            Admission::Rejected(rejected) => Err(rejected),
        }
    }

    /// What every rule says of a call, without counting it.
    pub fn explain_limit(&self, call: &Call<'_>) -> LimitExplanation {
        let rules = self.inner.rules.load();
        explain::explain(&rules, call, &self.inner.table, self.now())
    }

    /// What is left of the amounts that a call is counted on, with their rules.
    fn standing(&self, call: &Call<'_>) -> Vec<(RuleKey, AmountStanding)> {
        let rules = self.inner.rules.load();
        explain::standing(&rules, call, &self.inner.table, self.now())
    }

    /// Forgets the counters that are as good as new, and gives their memory back.
    ///
    /// Without it they make room only for others. It locks a part of the counters at a time; call it
    /// every few minutes.
    pub fn forget_idle(&self) {
        self.inner.table.forget_idle(self.now());
    }

    /// How many counters there are of rules that tell calls apart.
    pub fn counters(&self) -> usize {
        self.inner.table.len()
    }

    pub(crate) fn downgrade(&self) -> WeakLimiter {
        WeakLimiter(Arc::downgrade(&self.inner))
    }

    /// Whether there is another clone of it.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.inner) > 1
    }

    #[inline]
    fn now(&self) -> Moment {
        Moment::after((self.inner.clock)())
    }
}

impl WeakLimiter {
    /// The time by its clock; none if it is gone.
    pub(crate) fn now(&self) -> Option<Moment> {
        let inner = self.0.upgrade()?;
        Some(Moment::after((inner.clock)()))
    }
}

impl LimiterBuilder {
    /// The most counters that a limiter may be told to keep.
    pub const COUNTERS_LIMIT: usize = 100_000_000;

    /// Counters to keep, over all rules that tell calls apart, 1..=100000000, default 100000; about 400
    /// bytes each.
    ///
    /// Where there are more combinations of values, those are forgotten that have least to remember, and
    /// begin anew when they come again. A counter with calls under way is not forgotten.
    ///
    /// # Errors
    /// When the number is 0 or too large.
    pub fn counters(mut self, counters: usize) -> Result<Self, Invalid> {
        let limit = Self::COUNTERS_LIMIT;
        if counters == 0 || counters > limit {
            let (value, min, max) = (counters.to_string(), "1".to_owned(), limit.to_string());
            return Err(Invalid::new("counters", Problem::Range { value, min, max }));
        }
        self.counters = counters;
        Ok(self)
    }

    /// The time since any fixed start, by a clock that does not go back; by default the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// The limiter.
    pub fn build(self) -> Limiter {
        let inner = Inner {
            service: self.service,
            rules: ArcSwap::from_pointee(Rules::none()),
            table: Table::new(self.counters),
            clock: self.clock,
            editing: Mutex::default(),
            shares: OnceLock::new(),
        };
        Limiter {
            inner: Arc::new(inner),
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("service", &self.inner.service)
            .field("rules", &self.inner.rules.load().rules.len())
            .field("counters", &self.counters())
            .finish_non_exhaustive()
    }
}
