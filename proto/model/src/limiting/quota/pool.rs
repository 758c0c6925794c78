//! The control plane's side: what was granted of a limit, and to whom more may be.

use std::{collections::BTreeMap, time::Duration};

use super::{Answer, Ask, Tokens};
use crate::limiting::{Amount, AmountMode, Moment, bucket::nanos};

/// What was granted of one counter of a global limit.
#[derive(Debug)]
pub struct Pool {
    /// The first one has the shortest window, to which tokens belong.
    ledgers: Box<[Ledger]>,
    mode: AmountMode,
    members: BTreeMap<ClientId, Member>,
    demand: u64,
    /// The window in which nothing is granted.
    closed: Option<u64>,
}

/// A client, as whoever carries the messages knows it.
pub type ClientId = u64;

/// Whether an earlier control plane may have granted tokens that this one does not know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// No: the counter is a new one.
    Fresh,
    /// Perhaps: nothing is granted in the window in which it starts.
    Restarted,
}

/// What was granted of one amount.
#[derive(Debug)]
struct Ledger {
    max: u64,
    window: u64,
    /// Of the current window and the next one, or the two before; by the parity of their numbers.
    granted: [(u64, u64); 2],
}

#[derive(Debug, Default)]
struct Member {
    demand: u32,
    heard_at: Moment,
    last: Option<Answer>,
    /// What it held when it asked, and what it was granted then.
    held: u32,
    asked_at: Moment,
}

/// A client that is not heard of for so long is forgotten.
const LEASE: Duration = Duration::from_secs(3);
/// At most such a part of a limit is granted at once, and twice that held by a client.
const BATCHES: u64 = 40;

impl Pool {
    /// A pool for the amounts of a rule, of which there must be one.
    ///
    /// Moments must count from the same origin after a restart, so that windows stay where they are.
    pub fn new(amounts: &[Amount], mode: AmountMode, start: Start, now: Moment) -> Self {
        let mut ledgers: Vec<_> = amounts.iter().copied().map(Ledger::new).collect();
        ledgers.sort_by_key(|ledger| ledger.window);
        let mut pool = Self {
            ledgers: ledgers.into(),
            mode,
            members: BTreeMap::new(),
            demand: 0,
            closed: None,
        };
        pool.closed = (start == Start::Restarted).then(|| pool.window_at(now));
        pool
    }

    /// Answers a client, unless it asks for what it has taken back since.
    pub fn ask(&mut self, client: ClientId, ask: &Ask, now: Moment) -> Option<Answer> {
        let member = self.members.entry(client).or_default();
        member.heard_at = now;
        match member.last {
            Some(last) if ask.id == last.id => return Some(Answer { now, ..last }),
            Some(last) if ask.id < last.id => return None,
            Some(_) | None => {}
        }
        self.demand += u64::from(ask.demand);
        self.demand -= u64::from(std::mem::replace(&mut member.demand, ask.demand));
        let current = self.window_at(now);
        self.settle(ask, current);
        let window = ask.window.clamp(current, current + 1);
        let budget = self.budget(window);
        let count = self.batch(ask, budget);
        let base = self.ledgers[0].window;
        for ledger in &mut self.ledgers {
            ledger.grant(window * base, u64::from(count));
        }
        let answer = Answer {
            id: ask.id,
            granted: Tokens { window, count },
            left: u32::try_from(budget - u64::from(count)).unwrap_or(u32::MAX),
            total: self.total_of(window),
            now,
        };
        if let Some(member) = self.members.get_mut(&client) {
            member.last = Some(answer);
            member.held = ask.held.saturating_add(count);
            member.asked_at = ask.at;
        }
        Some(answer)
    }

    /// Forgets a client that goes, or whose connection ended, and takes back what it holds: what it held
    /// when it was last answered, less the calls that it has had since, by its demand.
    pub fn leave(&mut self, client: ClientId, now: Moment) {
        let Some(member) = self.members.remove(&client) else {
            return;
        };
        self.demand -= u64::from(member.demand);
        let Some(last) = member.last else {
            return;
        };
        let start = last.granted.window * self.ledgers[0].window;
        let since = now.since(
            member
                .asked_at
                .max(Moment::after(Duration::from_nanos(start))),
        );
        let spent = since.as_secs_f64() * f64::from(member.demand);
        let spent = spent.ceil() as u64;
        let held = u64::from(member.held).saturating_sub(spent);
        for ledger in &mut self.ledgers {
            ledger.give_back(start, held);
        }
    }

    /// Forgets the clients that were not heard of for three seconds.
    pub fn expire(&mut self, now: Moment) {
        let mut gone = 0;
        self.members.retain(|_, member| {
            let stays = now.since(member.heard_at) < LEASE;
            gone += if stays { 0 } else { u64::from(member.demand) };
            stays
        });
        self.demand -= gone;
    }

    /// How many clients take part.
    pub fn clients(&self) -> usize {
        self.members.len()
    }

    /// Tokens that may still be granted in the current window.
    pub fn left(&self, now: Moment) -> u64 {
        self.budget(self.window_at(now))
    }

    fn window_at(&self, now: Moment) -> u64 {
        now.nanos() / self.ledgers[0].window
    }

    /// Takes back what was not spent, and counts what was spent unasked; nothing of windows to come.
    fn settle(&mut self, ask: &Ask, current: u64) {
        let base = self.ledgers[0].window;
        for ledger in &mut self.ledgers {
            if ask.returned.window <= current + 1 {
                ledger.give_back(ask.returned.window * base, u64::from(ask.returned.count));
            }
            if ask.alone.window <= current {
                ledger.grant(ask.alone.window * base, u64::from(ask.alone.count));
            }
        }
    }

    fn budget(&self, window: u64) -> u64 {
        if self.closed == Some(window) {
            return 0;
        }
        let start = window * self.ledgers[0].window;
        let budgets = self
            .ledgers
            .iter()
            .map(|ledger| self.total(ledger).saturating_sub(ledger.granted_at(start)));
        budgets.min().unwrap_or(0)
    }

    /// The tokens of a window.
    fn total(&self, ledger: &Ledger) -> u64 {
        match self.mode {
            AmountMode::Total => ledger.max,
            AmountMode::PerClient => ledger.max.saturating_mul(self.members.len().max(1) as u64),
        }
    }

    /// The tokens of a window, as a client is told.
    fn total_of(&self, window: u64) -> u32 {
        if self.closed == Some(window) {
            return 0;
        }
        u32::try_from(self.total(&self.ledgers[0])).unwrap_or(u32::MAX)
    }

    /// How many tokens a client gets of a budget: half of its share of it, so that all clients get some, and
    /// batches become smaller as the budget does.
    fn batch(&self, ask: &Ask, budget: u64) -> u32 {
        let share = (budget * u64::from(ask.demand)).div_ceil(2 * self.demand.max(1));
        let most = (self.ledgers[0].max / BATCHES).max(1);
        let room = (2 * most).saturating_sub(u64::from(ask.held));
        let count = u64::from(ask.want)
            .min(share.max(1))
            .min(most)
            .min(room)
            .min(budget);
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

impl Ledger {
    fn new(amount: Amount) -> Self {
        Self {
            max: u64::from(amount.max()),
            window: nanos(amount.window()),
            granted: [(0, 0); 2],
        }
    }

    fn granted_at(&self, moment: u64) -> u64 {
        let index = moment / self.window;
        let (window, granted) = self.granted[(index % 2) as usize];
        if window == index { granted } else { 0 }
    }

    fn grant(&mut self, moment: u64, count: u64) {
        let index = moment / self.window;
        let slot = &mut self.granted[(index % 2) as usize];
        if slot.0 < index {
            *slot = (index, 0);
        }
        if slot.0 == index {
            slot.1 += count;
        }
    }

    fn give_back(&mut self, moment: u64, count: u64) {
        let index = moment / self.window;
        let slot = &mut self.granted[(index % 2) as usize];
        if slot.0 == index {
            slot.1 = slot.1.saturating_sub(count);
        }
    }
}
