//! This limiter's share of global limits: what it asks the control plane for, without I/O.
//!
//! Each counter of a global rule has a till, from which calls take tokens, and a purse, which fills it. A
//! purse whose till sleeps is not looked at, and its counter is closed at the control plane, so that what is
//! not used costs neither side anything.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use merak_model::{
    ServiceKey,
    limiting::{
        Failover, Moment, RateLimitRule, Scope,
        quota::{Met, Purse, ServerTime, Till, Wake},
    },
    routing::RuleKey,
};
use merak_proto::v1;
use parking_lot::Mutex;
use sha1::{Digest as _, Sha1};
use tokio::sync::Notify;
use tracing::debug;

/// The counters of a limiter that the control plane counts.
pub(crate) struct Shares {
    callee: ServiceKey,
    /// Numbers of counters; all limiters of a client have one stream.
    numbers: Arc<AtomicU32>,
    time: Arc<ServerTime>,
    woken: Arc<Woken>,
    book: Mutex<Book>,
}

/// The tills that were woken.
struct Woken {
    tills: Mutex<Vec<u32>>,
    notify: Arc<Notify>,
}

#[derive(Default)]
struct Book {
    counters: HashMap<u32, Counter, rapidhash::fast::RandomState>,
    /// Those whose tills do not sleep.
    awake: Vec<u32>,
    /// The process that was talked to last.
    process: Option<u64>,
    is_connected: bool,
    closed: Vec<u32>,
    /// As many counters make it look for those that nobody can use any more.
    sweep_at: usize,
}

struct Counter {
    rule: RuleKey,
    values: Box<[String]>,
    purse: Purse,
    /// Whether the control plane knows it.
    is_open: bool,
    /// When the control plane, which refused it, is asked again.
    refused_until: Option<Moment>,
}

/// Counters that one request opens or asks for.
const BATCH: usize = 2000;
/// How long a counter that was refused waits for the next try: the rules of both may be about to be the same.
const REFUSED_RETRY: Duration = Duration::from_secs(1);
/// A first message that is no later than this tells no other time: the machine, or the network, was busy.
const LATE: Duration = Duration::from_secs(1);
/// Fewer counters are not looked through for those that nobody can use any more.
const SWEEP_LEAST: usize = 1024;
/// The most bytes of a value that the control plane takes; longer ones are told apart by their hash.
const VALUE_BYTES: usize = 256;

impl Wake for Woken {
    fn wake(&self, till: u32) {
        self.tills.lock().push(till);
        self.notify.notify_one();
    }
}

impl Shares {
    pub(crate) fn new(callee: ServiceKey, numbers: Arc<AtomicU32>, notify: Arc<Notify>) -> Self {
        let woken = Woken {
            tills: Mutex::default(),
            notify,
        };
        Self {
            callee,
            numbers,
            time: Arc::default(),
            woken: Arc::new(woken),
            book: Mutex::default(),
        }
    }

    /// A till for one combination of values of a global rule.
    pub(super) fn open(&self, rule: &RateLimitRule, values: &[&str], now: Moment) -> Arc<Till> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let (time, wake) = (Arc::clone(&self.time), Arc::clone(&self.woken));
        let till = Arc::new(Till::new(number, shortest_window(rule), time, wake));
        let mut purse = Purse::new(Arc::clone(&till), rule.spec.amounts(), failover_of(rule));
        let mut book = self.book.lock();
        if book.counters.len() >= book.sweep_at {
            book.forget_unused();
            book.sweep_at = (2 * book.counters.len()).max(SWEEP_LEAST);
        }
        if !book.is_connected {
            purse.lose(now);
        }
        let counter = Counter {
            rule: rule.key.clone(),
            values: values.iter().map(|value| written(value)).collect(),
            purse,
            is_open: false,
            refused_until: None,
        };
        book.counters.insert(number, counter);
        till
    }

    /// A rule was edited, and tills stay.
    pub(super) fn edit(&self, rule: &RateLimitRule) {
        let mut book = self.book.lock();
        let of_rule = book.counters.values_mut();
        for counter in of_rule.filter(|counter| counter.rule == rule.key) {
            counter.purse.edit(rule.spec.amounts(), failover_of(rule));
        }
    }

    /// Whether there is anything to look after.
    pub(crate) fn is_awake(&self) -> bool {
        !self.book.lock().awake.is_empty() || !self.woken.tills.lock().is_empty()
    }

    /// What to tell the control plane now, if anything.
    pub(crate) fn tick(&self, now: Moment) -> Option<v1::QuotaRequest> {
        let mut book = self.book.lock();
        let book = &mut *book;
        book.awake.append(&mut self.woken.tills.lock());
        let mut request = v1::QuotaRequest::default();
        let mut awake = mem::take(&mut book.awake);
        awake.retain(|number| book.look_at(*number, &self.callee, now, &mut request));
        book.awake = awake;
        request.close.append(&mut book.closed);
        let has_news = !request.asks.is_empty() || !request.close.is_empty();
        has_news.then_some(request)
    }

    /// Forgets the counters that nobody can use any more.
    pub(crate) fn forget_unused(&self) {
        self.book.lock().forget_unused();
    }

    /// There is a stream; its first response.
    pub(crate) fn welcome(&self, process: u64, made_at: Moment, now: Moment) {
        let mut book = self.book.lock();
        let met = match book.process.replace(process) {
            Some(known) if known == process => Met::Again,
            Some(_) | None => Met::Anew,
        };
        let before = self.time.at(now);
        let is_late = made_at <= before && before.since(made_at) < LATE;
        let is_other_time = if is_late {
            self.time.learn(made_at, now);
            false
        } else {
            self.time.begin(made_at, now)
        };
        let after = self.time.at(now);
        book.is_connected = true;
        book.closed.clear();
        for counter in book.counters.values_mut() {
            (counter.is_open, counter.refused_until) = (false, None);
            // Where it is the same window by both times, what it has counted stays.
            let window = counter.purse.till().window();
            let number = |at: Moment| at.since(Moment::default()).as_nanos() / window.as_nanos();
            if is_other_time && number(before) != number(after) {
                counter.purse.forget_windows(now);
            }
            counter.purse.meet(met, now);
        }
    }

    /// Takes a response in.
    pub(crate) fn receive(&self, response: &v1::QuotaResponse, now: Moment) {
        let mut book = self.book.lock();
        let made_at = response.made_at();
        self.time.learn(made_at, now);
        for answer in &response.answers {
            if let Some(counter) = book.counters.get_mut(&answer.counter) {
                counter.purse.answered(&answer.made_at(made_at), now);
            }
        }
        for refused in &response.refused {
            if let Some(counter) = book.counters.get_mut(&refused.counter) {
                let (rule, message) = (&counter.rule, &refused.message);
                debug!(%rule, "the control plane does not count: {message}");
                counter.is_open = false;
                counter.refused_until = Some(now.plus(REFUSED_RETRY));
                counter.purse.lose(now);
            }
        }
    }

    /// There is no stream any more.
    pub(crate) fn lose(&self, now: Moment) {
        let mut book = self.book.lock();
        book.is_connected = false;
        for counter in book.counters.values_mut() {
            counter.purse.lose(now);
        }
    }
}

impl Book {
    fn forget_unused(&mut self) {
        let closed = &mut self.closed;
        self.counters.retain(|number, counter| {
            let is_used = counter.is_used();
            if !is_used && counter.is_open {
                closed.push(*number);
            }
            is_used
        });
    }

    /// Looks after a counter; whether it stays awake.
    fn look_at(
        &mut self,
        number: u32,
        callee: &ServiceKey,
        now: Moment,
        request: &mut v1::QuotaRequest,
    ) -> bool {
        let Some(counter) = self.counters.get_mut(&number) else {
            return false;
        };
        if !counter.is_used() {
            if counter.is_open {
                self.closed.push(number);
            }
            self.counters.remove(&number);
            return false;
        }
        if self.is_connected && counter.refused_until.is_some_and(|until| until <= now) {
            counter.refused_until = None;
            counter.purse.meet(Met::Again, now);
        }
        if request.asks.len() < BATCH
            && let Some(ask) = counter.purse.tick(now)
        {
            if !mem::replace(&mut counter.is_open, true) {
                request.open.push(counter.opening(number, callee));
            }
            request.asks.push((number, ask).into());
        }
        if !counter.purse.rests(now) {
            return true;
        }
        if mem::take(&mut counter.is_open) {
            self.closed.push(number);
        }
        false
    }
}

impl Counter {
    /// Whether anybody but the purse has the till.
    fn is_used(&self) -> bool {
        Arc::strong_count(self.purse.till()) > 1
    }

    fn opening(&self, counter: u32, callee: &ServiceKey) -> v1::OpenCounter {
        let window_ms = self.purse.till().window().as_millis();
        v1::OpenCounter {
            counter,
            namespace: self.rule.namespace.to_string(),
            rule: self.rule.name.to_string(),
            callee: Some(callee.into()),
            values: self.values.to_vec(),
            window_ms: u32::try_from(window_ms).unwrap_or(u32::MAX),
        }
    }
}

/// The window that tokens of a rule belong to.
pub(super) fn shortest_window(rule: &RateLimitRule) -> Duration {
    let windows = rule.spec.amounts().iter().map(|amount| amount.window());
    windows.min().unwrap_or(Duration::from_secs(1))
}

fn failover_of(rule: &RateLimitRule) -> Failover {
    match rule.spec.scope() {
        Scope::Global { failover, .. } => failover,
        Scope::Local => Failover::default(),
    }
}

/// A value as the control plane is told it.
fn written(value: &str) -> String {
    if value.len() <= VALUE_BYTES {
        return value.to_owned();
    }
    let end = (0..=VALUE_BYTES / 2).rev();
    let end = end.into_iter().find(|&end| value.is_char_boundary(end));
    let beginning = &value[..end.unwrap_or(0)];
    let hash = Sha1::digest(value.as_bytes());
    let hash = hash.iter().map(|byte| format!("{byte:02x}"));
    format!("{beginning}~{}", hash.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;

    fn at_ms(ms: u64) -> Moment {
        Moment::after(Duration::from_millis(ms))
    }

    /// A share of 40 calls in a window.
    fn shares(window_ms: u64) -> (Shares, RateLimitRule) {
        let key = ServiceKey::parse("default", "pay").unwrap();
        let spec = serde_json::json!({
            "callee": {"service": "pay"}, "scope": "global",
            "amounts": [{"max": 40, "window_ms": window_ms}],
        });
        let rule = RateLimitRule {
            key: RuleKey::parse("default", "some").unwrap(),
            spec: serde_json::from_value(spec).unwrap(),
            stamp: Default::default(),
        };
        (Shares::new(key, Arc::default(), Arc::default()), rule)
    }

    /// How many of 100 calls go through.
    fn spend(shares: &Shares, till: &Till, now: Moment) -> usize {
        shares.tick(now);
        let calls = (0..100).map(|_| till.spend(now));
        calls.filter(Result::is_ok).count()
    }

    #[test]
    fn a_welcome_that_is_late_gives_no_share_a_second_time() {
        let noon = 20_000 * DAY_MS + DAY_MS / 2;
        // 20 ms into the second, so that a message which took 60 ms longer than those before it was made in
        // the second before; and a day, of which no message is late enough to be of another one.
        for (window_ms, late_ms) in [(1000, 60), (DAY_MS, 60), (DAY_MS, 5000)] {
            let (shares, rule) = shares(window_ms);
            shares.welcome(1, at_ms(noon), at_ms(0));
            shares.lose(at_ms(10));
            let till = shares.open(&rule, &[], at_ms(20));
            assert!(till.spend(at_ms(20_010)).is_ok(), "the first wakes it");
            assert_eq!(spend(&shares, &till, at_ms(20_015)), 39);
            shares.welcome(2, at_ms(noon + 20_020 - late_ms), at_ms(20_020));
            let told = shares.tick(at_ms(20_025)).unwrap();
            let unasked = told.asks[0].unasked.unwrap();
            assert_eq!(unasked.count, 40, "{late_ms} ms, {window_ms} ms");
            assert_eq!(unasked.window, (noon + 20_000) / window_ms);
            assert_eq!(spend(&shares, &till, at_ms(20_030)), 0);
            // The next window has a share of its own.
            shares.lose(at_ms(20_040));
            let next = at_ms(20_010 + window_ms);
            assert_eq!(spend(&shares, &till, next), 40);
        }
    }
}
