//! One combination of values of a global rule, and what its clients have of it.

use std::{sync::Arc, time::Duration};

use merak_model::{
    ServiceKey,
    limiting::{
        Moment,
        quota::{Answer, Ask, ClientId, ClientUse, Pool},
    },
};
use parking_lot::Mutex;

use super::{
    rules::{Allowance, GlobalRule},
    session::QuotaRefusal,
    usage::{AmountUse, Minutes},
};
use crate::quota::Tally;

/// What tells counters apart.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct CounterKey {
    pub(super) rule: merak_model::routing::RuleKey,
    pub(super) callee: ServiceKey,
    pub(super) values: Box<[String]>,
}

/// A counter.
pub(super) struct Counter {
    pub(super) key: Arc<CounterKey>,
    rule: Arc<GlobalRule>,
    state: Mutex<State>,
}

struct State {
    pool: Pool,
    edition: u64,
    admitted: Minutes,
    refused: Minutes,
}

/// What a counter has seen.
pub(super) struct Seen {
    pub(super) amounts: Vec<AmountUse>,
    pub(super) admitted: u64,
    pub(super) refused: u64,
    pub(super) clients: Vec<ClientUse>,
}

impl Counter {
    pub(super) fn new(key: Arc<CounterKey>, rule: Arc<GlobalRule>, allows: &Allowance) -> Self {
        let state = State {
            pool: Pool::new(&allows.amounts, allows.mode, rule.start),
            edition: 0,
            admitted: Minutes::default(),
            refused: Minutes::default(),
        };
        Self {
            key,
            rule,
            state: Mutex::new(state),
        }
    }

    /// Answers a client whose tokens belong to windows of a length.
    pub(super) fn ask(
        &self,
        (client, window): (ClientId, Duration),
        ask: &Ask,
        now: Moment,
        tally: &Tally,
    ) -> Result<Option<Answer>, QuotaRefusal> {
        let mut state = self.state.lock();
        let edition = self.rule.edition();
        if state.edition != edition {
            let Some(allows) = self.rule.allows() else {
                return Err(QuotaRefusal::NoSuchLimit(self.key.rule.clone()));
            };
            state.pool.edit(&allows.amounts, allows.mode);
            state.edition = edition;
        }
        if state.pool.window() != window {
            return Err(QuotaRefusal::OtherWindow(state.pool.window()));
        }
        let repeated = state.pool.is_repeated(client, ask.id);
        let answer = state.pool.ask(client, ask, now);
        if !repeated && let Some(answer) = &answer {
            state.count(ask, answer, now, tally);
        }
        Ok(answer)
    }

    /// A client has gone with what it held.
    pub(super) fn leave(&self, client: ClientId, now: Moment) {
        self.state.lock().pool.leave(client, now);
    }

    /// A client holds nothing any more.
    pub(super) fn close(&self, client: ClientId) {
        self.state.lock().pool.close(client);
    }

    /// Forgets clients that are silent; whether there is nothing to remember.
    pub(super) fn expire(&self, now: Moment) -> bool {
        let mut state = self.state.lock();
        state.pool.expire(now);
        state.pool.is_idle(now) && state.refused.of_last(now) == 0
    }

    pub(super) fn is_of(&self, rule: &Arc<GlobalRule>) -> bool {
        Arc::ptr_eq(&self.rule, rule)
    }

    /// Calls that went through and that were refused in the last minutes.
    pub(super) fn weight(&self, now: Moment) -> u64 {
        let state = self.state.lock();
        state.admitted.of_last(now) + state.refused.of_last(now)
    }

    pub(super) fn seen(&self, now: Moment) -> Seen {
        let state = self.state.lock();
        let amounts = state.pool.granted(now);
        let held: u32 = state.pool.uses(now).map(|client| client.held).sum();
        let amounts = amounts.map(|(window, granted, limit)| AmountUse {
            window,
            limit,
            used: granted.saturating_sub(u64::from(held)),
        });
        Seen {
            amounts: amounts.collect(),
            admitted: state.admitted.of_last(now),
            refused: state.refused.of_last(now),
            clients: state.pool.uses(now).collect(),
        }
    }
}

impl State {
    fn count(&mut self, ask: &Ask, answer: &Answer, now: Moment, tally: &Tally) {
        let (granted, unasked) = (answer.granted.count, ask.unasked.count);
        self.admitted
            .add(u64::from(granted) + u64::from(unasked), now);
        self.admitted.subtract(u64::from(ask.returned.count), now);
        self.refused.add(u64::from(ask.refused), now);
        tally.count(granted, unasked, ask.refused);
    }
}
