//! A client's side: how many tokens it will need, and what it does without an answer.

use std::{sync::Arc, time::Duration};

use super::{Answer, Ask, Till, Tokens, demand::Demand};
use crate::limiting::{Amount, Failover, Moment, bucket::nanos};

mod alone;
mod needs;

use alone::{shortest, strictest};

/// What fills the [`Till`] of one counter of a global limit.
///
/// [`Purse::tick`] says every 10 milliseconds or so what to ask, as long as the till does not sleep.
#[derive(Debug)]
pub struct Purse {
    till: Arc<Till>,
    window: u64,
    failover: Failover,
    /// Calls in a window by the amount that allows the fewest in the long run, and by the shortest one.
    strictest: f64,
    shortest: u32,
    /// Whether tokens of a window that is over still count, in a longer one.
    has_longer: bool,
    current: u64,
    /// What was put into the till for the current window and the next one.
    slots: [Option<Slot>; 2],
    /// Calls of the current window that went through without a token.
    passed: u32,
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
#[derive(Debug, Clone, Copy)]
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
            shortest: shortest(amounts),
            has_longer: amounts.len() > 1,
            till,
            failover,
            current: 0,
            slots: [None; 2],
            passed: 0,
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
        self.shortest = shortest(amounts);
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
                self.refuse_beyond_share();
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
        // Being alone it keeps its share: there is no other one in this window.
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

    /// Windows have other numbers than so far: nothing is known of any.
    pub fn forget_windows(&mut self, now: Moment) {
        let spent = self.spent();
        self.current = self.till.time(now) / self.window;
        for window in [self.current, self.current + 1] {
            self.till.begin(window, 0);
        }
        self.slots = [None; 2];
        // What went through is of the window that is current now, as far as anybody knows.
        self.passed = spent;
        self.returned = Tokens::default();
        self.unasked.window = self.current;
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
        let Some(slot) = slot_of(&mut self.slots, of) else {
            return 0;
        };
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
        if matches!(self.alone, Alone::Until(last) if last < window) {
            self.alone = Alone::No;
            self.choose_passing();
        }
        (self.current, self.passed) = (window, 0);
    }

    /// Calls that went through in the current window.
    fn spent(&self) -> u32 {
        let slot = self.slots[(self.current % 2) as usize];
        let slot = slot.filter(|slot| slot.put.window == self.current);
        let spent = slot.map_or(0, |slot| slot.spent);
        spent.saturating_add(self.passed)
    }

    /// Puts tokens into the till.
    fn fill(&mut self, tokens: Tokens) {
        let Tokens { window, count } = tokens;
        let slot = &mut self.slots[(window % 2) as usize];
        match slot {
            Some(slot) if slot.put.window == window => {
                slot.put.count = slot.put.count.saturating_add(count);
                self.till.put(window, count);
            }
            // Of a window that is over.
            Some(slot) if slot.put.window > window => {}
            Some(_) | None => {
                *slot = Some(Slot {
                    put: tokens,
                    spent: 0,
                });
                self.till.begin(window, count);
            }
        }
    }

    /// Takes what is left of a window out of the till.
    fn clear(&mut self, window: u64) -> u32 {
        self.take(window, u32::MAX)
    }

    fn take(&mut self, window: u64, count: u32) -> u32 {
        let taken = self.till.take(window, count);
        if let Some(slot) = slot_of(&mut self.slots, window) {
            slot.put.count = slot.put.count.saturating_sub(taken);
        }
        taken
    }

    fn give_back(&mut self, tokens: Tokens) {
        self.returned = merged(self.returned, tokens);
    }

    fn tell_unasked(&mut self, tokens: Tokens) {
        self.unasked = merged(self.unasked, tokens);
    }
}

/// What was put into the till for a window, if anything was.
fn slot_of(slots: &mut [Option<Slot>; 2], window: u64) -> Option<&mut Slot> {
    let slot = slots[(window % 2) as usize].as_mut();
    slot.filter(|slot| slot.put.window == window)
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
