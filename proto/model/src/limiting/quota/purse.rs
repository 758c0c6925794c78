//! A client's side: how many tokens it will need, and what it does without an answer.

use std::{sync::Arc, time::Duration};

use super::{Answer, Ask, Till, Tokens, demand::Demand};
use crate::limiting::{Amount, Failover, Moment, bucket::nanos};

mod needs;

/// What fills the [`Till`] of one counter of a global limit.
///
/// [`Purse::tick`] says every 10 milliseconds or so what to ask, as long as the till does not sleep.
#[derive(Debug)]
pub struct Purse {
    till: Arc<Till>,
    window: u64,
    failover: Failover,
    /// Calls in a window, for one that never had an answer.
    strictest: u32,
    /// Whether tokens of a window that is over still count, in a longer one.
    has_longer: bool,
    current: u64,
    /// What was put into the till for the current window and the next one.
    slots: [Slot; 2],
    /// Calls of the current window that went through without a token.
    passed: u32,
    /// What was spent in the last whole windows, smoothed: its share, should it be alone.
    share: Option<f64>,
    exhausted_until: Moment,
    last: Option<Answer>,
    alone: Alone,
    demand: Demand,
    asked: Option<Asked>,
    last_id: u64,
    answered_at: Option<Moment>,
    /// How long an answer takes, in nanoseconds, smoothed.
    delay: u64,
    returned: Tokens,
    unasked: Tokens,
    refused: u32,
}

/// What was put into the till for a window.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    put: Tokens,
    /// As many of them as were counted as spent.
    spent: u32,
}

/// Which control plane a client meets again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// The one that was lost: it knows what it granted.
    Again,
    /// One that was started since: it knows nothing of the window.
    Anew,
}

/// Whether the control plane is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alone {
    No,
    Yes,
    /// It is back, and has not said that it grants tokens.
    Meeting,
    /// It grants tokens after this window.
    Until(u64),
}

#[derive(Debug)]
struct Asked {
    ask: Ask,
    first_at: Moment,
    last_at: Moment,
}

/// How much of its share a client learns from a window.
const SHARE_WEIGHT: f64 = 0.5;
/// The time between ticks.
const TICK: u64 = 10_000_000;
/// The least time until an ask is repeated.
const REPEAT_AFTER: u64 = 30_000_000;

impl Purse {
    /// One for the amounts of a rule. It has no tokens until the first answer.
    ///
    /// While the control plane is away, [`Purse::lose`] comes next.
    pub fn new(till: Arc<Till>, amounts: &[Amount], failover: Failover) -> Self {
        Self {
            window: nanos(till.window()),
            strictest: strictest(amounts, till.window()),
            has_longer: amounts.len() > 1,
            till,
            failover,
            current: 0,
            slots: [Slot::default(); 2],
            passed: 0,
            share: None,
            exhausted_until: Moment::default(),
            last: None,
            alone: Alone::No,
            demand: Demand::default(),
            asked: None,
            last_id: 0,
            answered_at: None,
            delay: TICK,
            returned: Tokens::default(),
            unasked: Tokens::default(),
            refused: 0,
        }
    }

    /// What it fills.
    pub fn till(&self) -> &Arc<Till> {
        &self.till
    }

    /// The rule was edited, and its shortest window was not.
    pub fn edit(&mut self, amounts: &[Amount], failover: Failover) {
        self.strictest = strictest(amounts, self.till.window());
        self.has_longer = amounts.len() > 1;
        self.failover = failover;
        self.choose_passing();
    }

    /// What to ask the control plane now, if anything. An ask may be lost: it is repeated.
    pub fn tick(&mut self, now: Moment) -> Option<Ask> {
        if self.till.is_asleep() {
            return None;
        }
        self.count(now);
        match self.alone {
            Alone::No => self.give_surplus_back(),
            Alone::Yes | Alone::Meeting => {
                self.allow(self.current);
                self.allow(self.current + 1);
            }
            Alone::Until(_) => {}
        }
        if self.alone == Alone::Yes {
            return None;
        }
        let repeat_after = Duration::from_nanos((3 * self.delay).max(REPEAT_AFTER));
        if let Some(asked) = &mut self.asked {
            if now.since(asked.last_at) < repeat_after {
                return None;
            }
            asked.last_at = now;
            return Some(asked.ask.clone());
        }
        let (window, want) = self.needed(now)?;
        Some(self.ask(window, want, now))
    }

    /// Lets the till sleep, if it is not used and there is nothing to tell: it needs no tick until it wakes.
    pub fn rests(&mut self, now: Moment) -> bool {
        self.count(now);
        let is_alone = self.alone == Alone::Yes;
        let has_told = self.refused == 0
            && self.unasked.count == 0
            && self.returned.count == 0
            && self.asked.is_none()
            && self.till.held(self.current) == 0
            && self.till.held(self.current + 1) == 0;
        if self.demand.a_second() > 0 || !(has_told || is_alone) {
            return false;
        }
        self.clear(self.current);
        self.clear(self.current + 1);
        self.till.sleep();
        true
    }

    /// Takes an answer; one that was not waited for any more is not looked at.
    pub fn answered(&mut self, answer: &Answer, now: Moment) {
        let is_awaited = |asked: &mut Asked| asked.ask.id == answer.id;
        let Some(asked) = self.asked.take_if(is_awaited) else {
            return;
        };
        if asked.first_at == asked.last_at {
            let took = nanos(now.since(asked.first_at));
            self.delay = (self.delay * 7 + took) / 8;
        }
        self.count(now);
        self.answered_at = Some(now);
        let (granted, window) = (answer.granted, self.current);
        if answer.total == 0 {
            return;
        }
        if matches!(self.alone, Alone::Yes | Alone::Meeting) {
            self.clear(window + 1);
            self.alone = if granted.window > window {
                Alone::Until(window)
            } else {
                self.clear(window);
                Alone::No
            };
            self.choose_passing();
        }
        self.last = Some(*answer);
        let exhausted = answer.exhausted;
        self.exhausted_until = exhausted.map_or(Moment::default(), |exhausted| exhausted.until);
        if granted.window <= window {
            self.till.set_left(answer.left, exhausted);
        }
        if granted.window < window {
            self.give_back(granted);
        } else {
            self.fill(granted);
        }
    }

    /// The connection to the control plane ended: the client is alone until it answers again.
    pub fn lose(&mut self, now: Moment) {
        self.count(now);
        if let Some(asked) = self.asked.take() {
            // Whoever answers next may not know of it.
            self.give_back(asked.ask.returned);
            self.tell_unasked(asked.ask.unasked);
            self.refused = self.refused.saturating_add(asked.ask.refused);
        }
        let window = self.current;
        if self.alone == Alone::No && !self.till.is_asleep() {
            let count = self.part_of_the_rest(now);
            self.fill(Tokens { window, count });
            let next = self.slots[((window + 1) % 2) as usize].put;
            if next.window == window + 1 {
                let count = self.allowance().saturating_sub(next.count);
                self.fill(Tokens {
                    window: window + 1,
                    count,
                });
            }
        }
        self.alone = Alone::Yes;
        self.exhausted_until = Moment::default();
        self.till.set_left(0, None);
        self.choose_passing();
    }

    /// There is a connection again: the client asks, and is alone until it is granted tokens.
    pub fn meet(&mut self, met: Met, now: Moment) {
        self.count(now);
        if self.alone != Alone::No {
            self.alone = Alone::Meeting;
        }
        self.answered_at = None;
        if met == Met::Anew {
            // It has to learn all that went through in this window.
            self.unasked = Tokens {
                window: self.current,
                count: self.spent(),
            };
            self.returned = Tokens::default();
        }
    }

    /// Windows have other numbers than so far: nothing is known of any.
    pub fn forget_windows(&mut self, now: Moment) {
        self.current = self.till.time(now) / self.window;
        for window in [self.current, self.current + 1] {
            self.till.begin(window, 0);
        }
        self.slots = [Slot::default(); 2];
        self.passed = 0;
        self.returned = Tokens::default();
        self.unasked = Tokens::default();
        self.exhausted_until = Moment::default();
        self.till.set_left(0, None);
    }

    /// Counts what was spent since it was counted before, and goes over to the window of a moment.
    fn count(&mut self, now: Moment) {
        let window = (self.till.time(now) / self.window).max(self.current);
        let (passed, refused) = self.till.counts();
        let mut calls = passed.saturating_add(refused);
        let before = self.current;
        for of in [before, before + 1] {
            calls = calls.saturating_add(self.count_slot(of, window));
        }
        if window > before {
            self.turn(window);
        }
        self.passed = self.passed.saturating_add(passed);
        self.refused = self.refused.saturating_add(refused);
        let count = passed;
        self.tell_unasked(Tokens { window, count });
        self.demand.look(calls, now);
    }

    /// Counts what was spent of a window; takes the rest of one that is over.
    fn count_slot(&mut self, of: u64, current: u64) -> u32 {
        let is_alone = self.is_alone_in(of);
        let slot = &mut self.slots[(of % 2) as usize];
        if slot.put.window != of {
            return 0;
        }
        let is_over = of < current;
        let left = match is_over {
            true => self.till.take(of, u32::MAX),
            false => self.till.held(of),
        };
        let spent = slot.put.count.saturating_sub(left);
        let newly = spent.saturating_sub(slot.spent);
        slot.spent = spent;
        let tokens = |count| Tokens { window: of, count };
        if is_alone {
            self.tell_unasked(tokens(newly));
        } else if is_over && self.has_longer {
            self.give_back(tokens(left));
        }
        newly
    }

    fn turn(&mut self, window: u64) {
        if window == self.current + 1 && self.alone == Alone::No {
            let spent = f64::from(self.spent());
            let share = self.share.get_or_insert(spent);
            *share += (spent - *share) * SHARE_WEIGHT;
        }
        if matches!(self.alone, Alone::Until(last) if last < window) {
            self.alone = Alone::No;
            self.choose_passing();
        }
        (self.current, self.passed) = (window, 0);
    }

    /// Calls that went through in the current window.
    fn spent(&self) -> u32 {
        let slot = self.slots[(self.current % 2) as usize];
        let spent = if slot.put.window == self.current {
            slot.spent
        } else {
            0
        };
        spent.saturating_add(self.passed)
    }

    /// Whether what the till has for a window was not granted for it.
    fn is_alone_in(&self, window: u64) -> bool {
        match self.alone {
            Alone::No => false,
            Alone::Yes | Alone::Meeting => true,
            Alone::Until(last) => window <= last,
        }
    }

    fn choose_passing(&self) {
        let passes = self.failover == Failover::Pass && self.alone != Alone::No;
        self.till.pass_all(passes);
    }

    /// Puts tokens into the till.
    fn fill(&mut self, tokens: Tokens) {
        let Tokens { window, count } = tokens;
        let slot = &mut self.slots[(window % 2) as usize];
        if slot.put.window == window {
            slot.put.count = slot.put.count.saturating_add(count);
            self.till.put(window, count);
        } else if slot.put.window < window {
            *slot = Slot {
                put: tokens,
                spent: 0,
            };
            self.till.begin(window, count);
        }
    }

    /// Takes what is left of a window out of the till.
    fn clear(&mut self, window: u64) -> u32 {
        self.take(window, u32::MAX)
    }

    fn take(&mut self, window: u64, count: u32) -> u32 {
        let taken = self.till.take(window, count);
        let slot = &mut self.slots[(window % 2) as usize];
        slot.put.count = slot.put.count.saturating_sub(taken);
        taken
    }

    /// Lets it have its share of a window, being alone, if it has none yet.
    fn allow(&mut self, window: u64) {
        if self.slots[(window % 2) as usize].put.window >= window {
            return;
        }
        let passed = if window == self.current {
            self.passed
        } else {
            0
        };
        let count = self.allowance().saturating_sub(passed);
        self.fill(Tokens { window, count });
    }

    /// The calls that it lets through in a window, being alone.
    fn allowance(&self) -> u32 {
        let share = self.last.map(|last| self.share_of(last));
        share.map_or(self.strictest, |share| share.round().max(1.0) as u32)
    }

    /// What it spent in the last whole windows; before there was one, its part by its demand.
    fn share_of(&self, last: Answer) -> f64 {
        let part = || f64::from(last.part) * 1e-6 * f64::from(last.total);
        self.share.unwrap_or_else(part)
    }

    /// Its part of what is left of the window in which it loses the control plane, beside what it holds.
    fn part_of_the_rest(&self, now: Moment) -> u32 {
        let has = self.spent().saturating_add(self.till.held(self.current));
        let Some(last) = self.last else {
            return self.strictest.saturating_sub(has);
        };
        if last.granted.window != self.current {
            let is_known = last.granted.window > self.current;
            let share = if is_known { 0 } else { self.allowance() };
            return share.saturating_sub(has);
        }
        // What was granted last was on the way for a while when the connection ended.
        let ended = self.till.time(now).saturating_sub(self.delay);
        let since = ended.saturating_sub(last.now.nanos()) as f64 / 1e9;
        // Batches become smaller with what is left.
        let left = f64::from(last.left.max(1));
        let left = left * (-f64::from(last.pace) * since / left).exp();
        let total = f64::from(last.total.max(1));
        let part = self.share_of(last) / total * left;
        (part + self.dither()).floor() as u32
    }

    /// A part of a call, spread evenly among clients: what they round is right on the whole.
    fn dither(&self) -> f64 {
        const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;
        ((self.last_id + u64::from(self.spent())) as f64 * GOLDEN_RATIO).fract()
    }

    fn give_back(&mut self, tokens: Tokens) {
        self.returned = merged(self.returned, tokens);
    }

    fn tell_unasked(&mut self, tokens: Tokens) {
        self.unasked = merged(self.unasked, tokens);
    }
}

/// Tokens of the later of two windows.
fn merged(one: Tokens, other: Tokens) -> Tokens {
    if other.count == 0 || (one.count > 0 && other.window < one.window) {
        return one;
    }
    let before = if one.window == other.window {
        one.count
    } else {
        0
    };
    Tokens {
        window: other.window,
        count: before.saturating_add(other.count),
    }
}

/// The most calls of a window, by the amount that allows the fewest.
fn strictest(amounts: &[Amount], window: Duration) -> u32 {
    let of_window = amounts.iter().map(|amount| {
        let calls = u128::from(amount.max()) * window.as_nanos();
        calls.div_ceil(amount.window().as_nanos())
    });
    let strictest = of_window.min().unwrap_or(1);
    u32::try_from(strictest).unwrap_or(u32::MAX)
}
