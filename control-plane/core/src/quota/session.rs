//! One client's stream: counters by the numbers that it gave them.

use std::{collections::HashMap, fmt, sync::Arc, sync::atomic::Ordering, time::Duration};

use merak_model::{
    ServiceKey,
    limiting::quota::{Answer, Ask, ClientId},
    routing::RuleKey,
};

use super::{
    Quotas,
    counter::{Counter, CounterKey},
};
use crate::Client;

/// One client's share of global limits; dropping it gives back what the client holds.
pub struct QuotaSession {
    quotas: Arc<Quotas>,
    client: ClientId,
    counters: HashMap<u32, (Arc<Counter>, Duration), rapidhash::fast::RandomState>,
}

/// Why a counter cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuotaRefusal {
    /// There is no such rule that is enabled and global for the service.
    NoSuchLimit(RuleKey),
    /// The rule's shortest window is another one.
    OtherWindow(Duration),
    /// The values are more, or longer, than they may be.
    Invalid(String),
    /// There are as many counters as there may be.
    TooMany { limit: usize },
    /// The number names no counter.
    NotOpen,
}

impl QuotaSession {
    /// The most counters of a client that are open at a time.
    pub const COUNTER_LIMIT: usize = 20_000;
    /// The most values of a counter, and the most bytes of each.
    pub const VALUE_LIMIT: usize = 17;
    pub const VALUE_BYTES: usize = 256;

    pub(super) fn new(quotas: Arc<Quotas>, client: Arc<Client>) -> Self {
        let number = quotas.last_client.fetch_add(1, Ordering::Relaxed) + 1;
        quotas.clients.write().insert(number, client);
        Self {
            quotas,
            client: number,
            counters: HashMap::default(),
        }
    }

    /// Opens a counter of a rule, whose shortest window the client believes to be `window`, under a number.
    ///
    /// # Errors
    /// When it cannot be served.
    pub fn open(
        &mut self,
        number: u32,
        (rule, callee): (RuleKey, ServiceKey),
        values: Vec<String>,
        window: Duration,
    ) -> Result<(), QuotaRefusal> {
        if self.counters.len() >= Self::COUNTER_LIMIT {
            let limit = Self::COUNTER_LIMIT;
            return Err(QuotaRefusal::TooMany { limit });
        }
        check(&values)?;
        let key = CounterKey {
            rule,
            callee,
            values: values.into(),
        };
        let counter = self.quotas.find_or_insert(key)?;
        if let Some((before, _)) = self.counters.insert(number, (counter, window)) {
            before.leave(self.client, self.quotas.now());
        }
        Ok(())
    }

    /// Answers an ask for a counter; none if it is an old one.
    ///
    /// # Errors
    /// When the counter cannot be served any more; it is closed.
    pub fn ask(&mut self, number: u32, ask: &Ask) -> Result<Option<Answer>, QuotaRefusal> {
        let Some((counter, window)) = self.counters.get(&number) else {
            return Err(QuotaRefusal::NotOpen);
        };
        let now = self.quotas.now();
        let answer = counter.ask((self.client, *window), ask, now, &self.quotas.tally);
        if answer.is_err() {
            self.close(number);
        }
        answer
    }

    /// Closes a counter of which the client holds nothing.
    pub fn close(&mut self, number: u32) {
        if let Some((counter, _)) = self.counters.remove(&number) {
            counter.close(self.client);
        }
    }
}

impl Drop for QuotaSession {
    fn drop(&mut self) {
        let now = self.quotas.now();
        for (counter, _) in self.counters.values() {
            counter.leave(self.client, now);
        }
        self.quotas.clients.write().remove(&self.client);
    }
}

fn check(values: &[String]) -> Result<(), QuotaRefusal> {
    let (limit, bytes) = (QuotaSession::VALUE_LIMIT, QuotaSession::VALUE_BYTES);
    if values.len() > limit {
        let count = values.len();
        let why = format!("{count} values, at most {limit} are allowed");
        return Err(QuotaRefusal::Invalid(why));
    }
    match values.iter().position(|value| value.len() > bytes) {
        None => Ok(()),
        Some(index) => {
            let length = values[index].len();
            let why = format!("values[{index}] has {length} bytes, at most {bytes} are allowed");
            Err(QuotaRefusal::Invalid(why))
        }
    }
}

impl Quotas {
    fn find_or_insert(&self, key: CounterKey) -> Result<Arc<Counter>, QuotaRefusal> {
        use std::hash::BuildHasher as _;
        let shard = self.hasher.hash_one(&key) as usize % self.shards.len();
        let mut shard = self.shards[shard].lock();
        let missing = || QuotaRefusal::NoSuchLimit(key.rule.clone());
        let rule = self.rules.find(&key.rule).ok_or_else(missing)?;
        let allows = rule.allows().filter(|allows| allows.is_for(&key.callee));
        let allows = allows.ok_or_else(missing)?;
        let known = shard.get(&key).filter(|counter| counter.is_of(&rule));
        if let Some(counter) = known {
            return Ok(Arc::clone(counter));
        }
        if self.count.load(Ordering::Relaxed) >= Self::COUNTER_LIMIT {
            let limit = Self::COUNTER_LIMIT;
            return Err(QuotaRefusal::TooMany { limit });
        }
        let key = Arc::new(key);
        let counter = Counter::new(Arc::clone(&key), rule, &allows);
        let counter = Arc::new(counter);
        if shard.insert(key, Arc::clone(&counter)).is_none() {
            self.count.fetch_add(1, Ordering::Relaxed);
        }
        Ok(counter)
    }
}

impl QuotaRefusal {
    /// A stable word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoSuchLimit(_) => "no_such_limit",
            Self::OtherWindow(_) => "other_window",
            Self::Invalid(_) => "invalid_counter",
            Self::TooMany { .. } => "too_many_counters",
            Self::NotOpen => "not_open",
        }
    }
}

impl fmt::Display for QuotaRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchLimit(rule) => write!(f, "no enabled global rate limit rule `{rule}`"),
            Self::OtherWindow(window) => {
                write!(f, "the shortest window is {} ms", window.as_millis())
            }
            Self::Invalid(why) => f.write_str(why),
            Self::TooMany { limit } => write!(f, "at most {limit} counters"),
            Self::NotOpen => f.write_str("no counter is open under this number"),
        }
    }
}
