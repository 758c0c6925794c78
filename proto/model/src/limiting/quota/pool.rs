//! The control plane's side: what was granted of a limit, and to whom more may be.

use std::{collections::HashMap, time::Duration};

use super::{Answer, Ask, Exhausted, Tokens};
use crate::limiting::{Amount, AmountMode, Moment, bucket::nanos};

mod demands;
mod ledger;

use demands::{Demands, Wanted};
use ledger::{Ledger, Speed};

/// What was granted of one counter of a global limit.
#[derive(Debug)]
pub struct Pool {
    /// The first one has the shortest window, to which tokens belong.
    ledgers: Box<[Ledger]>,
    mode: AmountMode,
    members: HashMap<ClientId, Member>,
    demands: Demands,
    speed: Speed,
    /// Before this, nothing is granted.
    opens_at: u64,
}

/// A client, as whoever carries the messages knows it.
pub type ClientId = u64;

/// Whether an earlier control plane may have granted tokens that this one does not know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// No: the counter is a new one.
    Fresh,
    /// Perhaps, until so long ago: clients have two seconds to come back, and nothing is granted until then,
    /// nor in the rest of a window that is not longer.
    Restarted(Moment),
}

/// What a client makes of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientUse {
    /// Which one.
    pub client: ClientId,
    /// Calls that went through in the current window, at least: what it was granted less what it held when
    /// it last asked.
    pub used: u32,
    /// Tokens that it held then.
    pub held: u32,
    /// Calls that it gets, in a second.
    pub demand: u32,
    /// Calls that it refused since it takes part.
    pub refused: u64,
}

#[derive(Debug, Default)]
struct Member {
    wanted: Wanted,
    heard_at: Moment,
    last: Option<Answer>,
    /// What it held when it asked, and what it was granted then.
    held: u32,
    asked_at: Moment,
    /// What it had of a window.
    had: Tokens,
    refused: u64,
}

/// A client that is not heard of for so long is forgotten.
const LEASE: Duration = Duration::from_secs(3);
/// How long the clients of an earlier control plane have to come back.
const COMING_BACK: Duration = Duration::from_secs(2);
/// A client holds at most such a part of a limit, unless the way to it is long.
const PARTS: u64 = 40;
/// Of a small limit a few more, so that calls may come at once.
const FEW: u64 = 8;
/// And never more than such a part.
const LEAST_PARTS: u64 = 4;

impl Pool {
    /// A pool for the amounts of a rule, of which there must be one.
    ///
    /// Moments must count from the same origin after a restart, so that windows stay where they are.
    pub fn new(amounts: &[Amount], mode: AmountMode, start: Start) -> Self {
        let ledgers = Ledger::of(amounts);
        let opens_at = match start {
            Start::Fresh => 0,
            Start::Restarted(at) => opens_at(at.nanos(), ledgers[0].window()),
        };
        Self {
            ledgers,
            mode,
            members: HashMap::new(),
            demands: Demands::default(),
            speed: Speed::default(),
            opens_at,
        }
    }

    /// The rule was edited: amounts of the same window go on with what was granted.
    pub fn edit(&mut self, amounts: &[Amount], mode: AmountMode) {
        let mut ledgers = Ledger::of(amounts);
        for ledger in &mut ledgers {
            ledger.carry(&self.ledgers);
        }
        if ledgers[0].window() != self.ledgers[0].window() {
            // Windows have other numbers: what clients hold is of none of these.
            self.members.clear();
            self.demands = Demands::default();
        }
        (self.ledgers, self.mode) = (ledgers, mode);
    }

    /// The length of the windows to which tokens belong.
    pub fn window(&self) -> Duration {
        Duration::from_nanos(self.ledgers[0].window())
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
        self.demands.tell(&mut member.wanted, ask.demand, now);
        let part = self.demands.part(&member.wanted);
        let current = self.window_at(now);
        self.settle(client, ask, current);
        let window = ask.window.clamp(current, current + 1);
        let budget = self.budget(window, now);
        let count = self.batch(ask, budget);
        let start = window * self.ledgers[0].window();
        let mode = self.scale();
        for ledger in &mut self.ledgers {
            ledger.grant(start, u64::from(count), mode);
        }
        self.speed.add(count, now);
        let answer = Answer {
            id: ask.id,
            granted: Tokens { window, count },
            left: u32::try_from(budget - u64::from(count)).unwrap_or(u32::MAX),
            total: self.total_of(window, now),
            part,
            pace: self.speed.a_second(now),
            exhausted: self.exhausted(window),
            now,
        };
        if let Some(member) = self.members.get_mut(&client) {
            member.last = Some(answer);
            member.held = ask.held.saturating_add(count);
            member.asked_at = ask.at;
            member.have(answer.granted);
        }
        Some(answer)
    }

    /// Whether an ask was answered before, or is older than one that was.
    pub fn is_repeated(&self, client: ClientId, id: u64) -> bool {
        let member = self.members.get(&client);
        let last = member.and_then(|member| member.last);
        last.is_some_and(|last| id <= last.id)
    }

    /// Forgets a client that goes, or whose connection ended, and takes back what it holds: what it held
    /// when it was last answered, less the calls that it has had since, by its demand.
    pub fn leave(&mut self, client: ClientId, now: Moment) {
        let Some(member) = self.members.remove(&client) else {
            return;
        };
        self.demands.forget(&member.wanted);
        let Some(last) = member.last else {
            return;
        };
        let start = last.granted.window * self.ledgers[0].window();
        let since = now
            .nanos()
            .saturating_sub(member.asked_at.nanos().max(start));
        let spent = since as f64 / 2e9 * f64::from(member.wanted.now());
        let held = u64::from(member.held).saturating_sub(spent.ceil() as u64);
        for ledger in &mut self.ledgers {
            ledger.give_back(start, held);
        }
    }

    /// Forgets a client that has given back what it held.
    pub fn close(&mut self, client: ClientId) {
        if let Some(member) = self.members.remove(&client) {
            self.demands.forget(&member.wanted);
        }
    }

    /// Forgets the clients that were not heard of for three seconds.
    pub fn expire(&mut self, now: Moment) {
        self.members.retain(|_, member| {
            let stays = now.since(member.heard_at) < LEASE;
            if !stays {
                self.demands.forget(&member.wanted);
            }
            stays
        });
    }

    /// How many clients take part.
    pub fn clients(&self) -> usize {
        self.members.len()
    }

    /// What each client makes of it, in no order.
    pub fn uses(&self, now: Moment) -> impl Iterator<Item = ClientUse> {
        let window = self.window_at(now);
        self.members.iter().map(move |(&client, member)| {
            let had = if member.had.window == window {
                member.had.count
            } else {
                0
            };
            let last = member.last.map(|last| last.granted.window);
            let held = if last == Some(window) { member.held } else { 0 };
            ClientUse {
                client,
                used: had.saturating_sub(held),
                held,
                demand: member.wanted.now(),
                refused: member.refused,
            }
        })
    }

    /// Tokens that may still be granted in the current window.
    pub fn left(&self, now: Moment) -> u64 {
        self.budget(self.window_at(now), now)
    }

    /// Of each amount, the shortest window first: the tokens that were granted in its current window, and
    /// those that it has in all.
    pub fn granted(&self, now: Moment) -> impl Iterator<Item = (Duration, u64, u64)> {
        self.ledgers.iter().map(move |ledger| {
            let window = Duration::from_nanos(ledger.window());
            (
                window,
                ledger.granted_at(now.nanos()),
                ledger.total(self.scale()),
            )
        })
    }

    /// Whether to forget it loses nothing: nobody takes part, and no window remembers anything.
    pub fn is_idle(&self, now: Moment) -> bool {
        let mut ledgers = self.ledgers.iter();
        self.members.is_empty() && ledgers.all(|ledger| ledger.is_idle(now.nanos()))
    }

    fn window_at(&self, now: Moment) -> u64 {
        now.nanos() / self.ledgers[0].window()
    }

    /// Takes back what was not spent, and counts what was spent unasked; nothing of windows to come.
    fn settle(&mut self, client: ClientId, ask: &Ask, current: u64) {
        let (base, scale, opens_at) = (self.ledgers[0].window(), self.scale(), self.opens_at);
        let (returned, unasked) = (ask.returned, ask.unasked);
        for ledger in &mut self.ledgers {
            if returned.window <= current + 1 {
                ledger.give_back(returned.window * base, u64::from(returned.count));
            }
            if unasked.window <= current + 1 {
                let start = unasked.window * base;
                // What clients made of a limit on their own while this one was away is not held against them.
                let scale = if start < opens_at { u64::MAX } else { scale };
                ledger.grant(start, u64::from(unasked.count), scale);
            }
        }
        if let Some(member) = self.members.get_mut(&client) {
            member.have(unasked);
            member.refused += u64::from(ask.refused);
            if member.had.window == returned.window {
                member.had.count = member.had.count.saturating_sub(returned.count);
            }
        }
    }

    fn budget(&self, window: u64, now: Moment) -> u64 {
        if self.is_closed(window, now) {
            return 0;
        }
        let start = window * self.ledgers[0].window();
        let scale = self.scale();
        let budgets = self
            .ledgers
            .iter()
            .map(|ledger| ledger.total(scale).saturating_sub(ledger.granted_at(start)));
        budgets.min().unwrap_or(0)
    }

    /// How many times the amounts there are.
    fn scale(&self) -> u64 {
        match self.mode {
            AmountMode::Total => 1,
            AmountMode::PerClient => self.members.len().max(1) as u64,
        }
    }

    /// Whether nothing is granted of a window yet.
    fn is_closed(&self, window: u64, now: Moment) -> bool {
        let start = window * self.ledgers[0].window();
        now.nanos().max(start) < self.opens_at
    }

    /// The tokens of a window, as a client is told.
    fn total_of(&self, window: u64, now: Moment) -> u32 {
        if self.is_closed(window, now) {
            return 0;
        }
        u32::try_from(self.ledgers[0].total(self.scale())).unwrap_or(u32::MAX)
    }

    /// The amount that has nothing left in a window, of several that which is so the longest.
    fn exhausted(&self, window: u64) -> Option<Exhausted> {
        let start = window * self.ledgers[0].window();
        let scale = self.scale();
        let ledgers = self.ledgers.iter().enumerate();
        let used_up = ledgers.filter(|(_, ledger)| ledger.granted_at(start) >= ledger.total(scale));
        let last = used_up.max_by_key(|(_, ledger)| ledger.end_of(start));
        last.map(|(amount, ledger)| Exhausted {
            amount: u32::try_from(amount).unwrap_or(u32::MAX),
            until: Moment::after(Duration::from_nanos(ledger.end_of(start))),
        })
    }

    /// How many tokens a client gets of a budget: half of its share of it, so that all clients get some, and
    /// batches become smaller as the budget does; and no more in its hands than what it needs for the way.
    fn batch(&self, ask: &Ask, budget: u64) -> u32 {
        let share = (budget * u64::from(ask.demand)).div_ceil(2 * self.demands.now().max(1));
        let ledger = &self.ledgers[0];
        let ahead = u64::from(ask.ahead_ms) * 1_000_000;
        let total = ledger.total(1);
        let most = (total / PARTS).max(total.saturating_mul(ahead) / ledger.window());
        let most = most.max(FEW).min(total / LEAST_PARTS).max(1);
        let room = most.saturating_sub(u64::from(ask.held));
        let count = u64::from(ask.want).min(share.max(1)).min(room).min(budget);
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

impl Member {
    /// Counts tokens that it has of a window.
    fn have(&mut self, tokens: Tokens) {
        if tokens.window > self.had.window {
            self.had = tokens;
        } else if tokens.window == self.had.window {
            self.had.count = self.had.count.saturating_add(tokens.count);
        }
    }
}

/// When a control plane that started at a moment begins to grant: with the first window that begins when the
/// clients had time to come back, or then, in a longer window.
fn opens_at(start: u64, window: u64) -> u64 {
    let settled = start.saturating_add(nanos(COMING_BACK));
    if window > nanos(COMING_BACK) {
        return settled;
    }
    settled.div_ceil(window) * window
}
