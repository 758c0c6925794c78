//! What was made of a limit, for operators.

use std::{cmp::Reverse, sync::Arc, sync::atomic::Ordering, time::Duration};

use merak_model::{ServiceKey, limiting::Moment, routing::RuleKey};

use super::{Quotas, Tally, counter::Counter};
use crate::Client;

/// What was made of a global rule.
#[derive(Debug, Clone, Default)]
pub struct RuleUse {
    /// Counters that are held of it.
    pub counters: usize,
    /// Those that were used most in the last five minutes, most first.
    pub most_used: Vec<CounterUse>,
}

/// What was made of one counter.
#[derive(Debug, Clone)]
pub struct CounterUse {
    pub callee: ServiceKey,
    /// The values that tell it apart.
    pub values: Vec<String>,
    /// The shortest window first.
    pub amounts: Vec<AmountUse>,
    /// Calls that went through in the last five minutes.
    pub admitted: u64,
    /// Calls that were refused in the last five minutes.
    pub refused: u64,
    /// Clients that take part.
    pub client_count: usize,
    /// Those with the most demand, most first.
    pub clients: Vec<QuotaClient>,
}

/// What was made of an amount in its current window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmountUse {
    pub window: Duration,
    /// Calls that may go through, over all clients.
    pub limit: u64,
    /// Calls that went through, as far as clients have told.
    pub used: u64,
}

/// What a client makes of a counter.
#[derive(Debug, Clone)]
pub struct QuotaClient {
    pub client: Arc<Client>,
    /// Calls that went through in the current window, as far as it has told.
    pub used: u32,
    /// Tokens that it holds.
    pub held: u32,
    /// Calls that it gets, in a second.
    pub demand: u32,
    /// Calls that it refused since it takes part.
    pub refused: u64,
}

/// Counts of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Minutes {
    newest: u64,
    counts: [u64; MINUTES],
}

const MINUTES: usize = 5;

impl Minutes {
    pub(super) fn add(&mut self, count: u64, now: Moment) {
        *self.current(now) += count;
    }

    pub(super) fn subtract(&mut self, count: u64, now: Moment) {
        let current = self.current(now);
        *current = current.saturating_sub(count);
    }

    pub(super) fn of_last(&self, now: Moment) -> u64 {
        let age = minute_of(now).saturating_sub(self.newest);
        let kept = (MINUTES as u64).saturating_sub(age);
        let minutes = (0..kept).filter_map(|back| self.newest.checked_sub(back));
        minutes
            .map(|minute| self.counts[(minute % MINUTES as u64) as usize])
            .sum()
    }

    fn current(&mut self, now: Moment) -> &mut u64 {
        let minute = minute_of(now).max(self.newest);
        let first = (self.newest + 1).max(minute.saturating_sub(MINUTES as u64 - 1));
        for passed in first..=minute {
            self.counts[(passed % MINUTES as u64) as usize] = 0;
        }
        self.newest = minute;
        &mut self.counts[(minute % MINUTES as u64) as usize]
    }
}

fn minute_of(now: Moment) -> u64 {
    now.since(Moment::default()).as_secs() / 60
}

impl Tally {
    pub(super) fn count(&self, granted: u32, unasked: u32, refused: u32) {
        self.asks.fetch_add(1, Ordering::Relaxed);
        for (sum, count) in [
            (&self.granted, granted),
            (&self.unasked, unasked),
            (&self.refused, refused),
        ] {
            if count > 0 {
                sum.fetch_add(u64::from(count), Ordering::Relaxed);
            }
        }
    }
}

impl Quotas {
    /// What was made of a global rule: of its most used counters, and their busiest clients; none if there is
    /// no such rule. Looks at all counters.
    pub fn usage(&self, rule: &RuleKey, counters: usize, clients: usize) -> Option<RuleUse> {
        let (rule, now) = (self.rules.find(rule)?, self.now());
        let mut of_rule: Vec<(u64, Arc<Counter>)> = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock();
            let those = shard.values().filter(|counter| counter.is_of(&rule));
            of_rule.extend(those.map(|counter| (counter.weight(now), Arc::clone(counter))));
        }
        let count = of_rule.len();
        of_rule.sort_by_key(|(weight, _)| Reverse(*weight));
        of_rule.truncate(counters);
        let used = of_rule.iter();
        let most_used = used.map(|(_, counter)| self.use_of(counter, clients, now));
        Some(RuleUse {
            counters: count,
            most_used: most_used.collect(),
        })
    }

    fn use_of(&self, counter: &Counter, clients: usize, now: Moment) -> CounterUse {
        let mut seen = counter.seen(now);
        let client_count = seen.clients.len();
        seen.clients.sort_by_key(|client| Reverse(client.demand));
        let known = self.clients.read();
        let busiest = seen.clients.iter().filter_map(|of| {
            let client = Arc::clone(known.get(&of.client)?);
            Some(QuotaClient {
                client,
                used: of.used,
                held: of.held,
                demand: of.demand,
                refused: of.refused,
            })
        });
        CounterUse {
            callee: counter.key.callee.clone(),
            values: counter.key.values.to_vec(),
            amounts: seen.amounts,
            admitted: seen.admitted,
            refused: seen.refused,
            client_count,
            clients: busiest.take(clients).collect(),
        }
    }
}
