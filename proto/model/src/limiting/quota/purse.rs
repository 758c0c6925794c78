//! A client's side: the tokens that it holds, and how many it will need.

use std::time::Duration;

use super::{Answer, Ask, Tokens, demand::Demand};
use crate::limiting::{Failover, Moment, bucket::nanos};

/// What a client holds of one counter of a global limit.
///
/// [`Purse::spend`] is for each call; [`Purse::tick`] says every 10 milliseconds or so what to ask.
#[derive(Debug)]
pub struct Purse {
    window: u64,
    failover: Failover,
    /// The control plane's time less the client's, in nanoseconds: the most of what answers have shown,
    /// because that came with the least delay.
    offset: Option<i64>,
    /// Of the current window and the next one.
    held: [Tokens; 2],
    spent: Tokens,
    /// What was spent in the last whole windows, smoothed: its share, should it be alone.
    share: f64,
    /// The window that has no more tokens.
    exhausted: Option<u64>,
    /// How much of a window was used up at a time after its beginning, in nanoseconds.
    used: (u64, f64, u64),
    /// What may be spent of the window in which the control plane was lost.
    last_allowance: Tokens,
    alone: Alone,
    demand: Demand,
    asked: Option<Asked>,
    last_id: u64,
    /// How long an answer takes, in nanoseconds, smoothed.
    delay: u64,
    returned: Tokens,
    spent_alone: Tokens,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spending {
    /// It goes through.
    Spent,
    /// It does not; a token may be there after so long.
    Refused { retry_after: Duration },
}

/// Whether the control plane is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alone {
    No,
    Yes,
    /// It is back, and grants tokens after this window.
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
/// What of a window is left when clients have had nearly what they will get.
const MOSTLY_USED: f64 = 0.25;
/// Beside the way there and back: the time between ticks, and some more.
const MARGIN: u64 = 20_000_000;
/// What clocks may drift apart between answers, in nanoseconds.
const DRIFT: i64 = 10_000;
/// The least time until an ask is repeated.
const REPEAT_AFTER: u64 = 30_000_000;

impl Purse {
    /// One for windows of a length, the shortest of the rule's. It has no tokens until the first answer.
    pub fn new(window: Duration, failover: Failover) -> Self {
        Self {
            window: nanos(window).max(1),
            failover,
            offset: None,
            held: [Tokens::default(); 2],
            spent: Tokens::default(),
            share: 0.0,
            exhausted: None,
            used: (0, 0.0, 0),
            last_allowance: Tokens::default(),
            alone: Alone::No,
            demand: Demand::default(),
            asked: None,
            last_id: 0,
            delay: 10_000_000,
            returned: Tokens::default(),
            spent_alone: Tokens::default(),
        }
    }

    /// Takes the token of a call.
    pub fn spend(&mut self, now: Moment) -> Spending {
        self.demand.add();
        let window = self.turn_to(now);
        let may_spend = match self.alone {
            Alone::No => self.take_held(window),
            // What it holds is a part of its share.
            Alone::Yes | Alone::Until(_) => self.take_alone(window),
        };
        if may_spend {
            self.spent.count += 1;
            return Spending::Spent;
        }
        let retry_after = if self.exhausted == Some(window) {
            Duration::from_nanos(self.until_next(now))
        } else {
            Duration::from_nanos(self.delay)
        };
        Spending::Refused { retry_after }
    }

    /// What to ask the control plane now, if anything. An ask may be lost: it is repeated.
    pub fn tick(&mut self, now: Moment) -> Option<Ask> {
        self.demand.look(now);
        let window = self.turn_to(now);
        let repeat_after = Duration::from_nanos((3 * self.delay).max(REPEAT_AFTER));
        if let Some(asked) = &mut self.asked {
            if now.since(asked.last_at) < repeat_after {
                return None;
            }
            asked.last_at = now;
            return Some(asked.ask.clone());
        }
        let (window, want) = self.needed(window, now)?;
        let at = Moment::after(Duration::from_nanos(self.time(now)));
        let held = self.held_of(window);
        self.last_id += 1;
        let ask = Ask {
            id: self.last_id,
            window,
            want,
            held,
            at,
            demand: self.demand.a_second(),
            returned: std::mem::take(&mut self.returned),
            alone: std::mem::take(&mut self.spent_alone),
        };
        self.asked = Some(Asked {
            ask: ask.clone(),
            first_at: now,
            last_at: now,
        });
        Some(ask)
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
        self.learn_time(answer.now.nanos() as i64 - now.nanos() as i64, now);
        let window = self.turn_to(now);
        if self.alone == Alone::Yes {
            // A control plane that has just started does not count in this window.
            let is_closed = answer.total == 0 && answer.granted.window == window;
            self.alone = if is_closed && self.share > 0.0 {
                Alone::Until(window)
            } else {
                Alone::No
            };
        }
        let granted = answer.granted;
        if granted.window < window {
            self.give_back(granted);
        } else {
            let slot = &mut self.held[(granted.window % 2) as usize];
            slot.window = granted.window;
            slot.count += granted.count;
        }
        let into = self.time(now) % self.window;
        let used = 1.0 - f64::from(answer.left) / f64::from(answer.total.max(1));
        if granted.window == window {
            self.used = (window, used, into);
        }
        if answer.left == 0 {
            self.exhausted = Some(granted.window);
        }
    }

    /// The connection to the control plane ended: the client is alone until it answers again.
    pub fn lose(&mut self, now: Moment) {
        let window = self.turn_to(now);
        if self.alone == Alone::No {
            self.last_allowance = Tokens {
                window,
                count: self.last_allowance(window, now).max(1),
            };
        }
        self.alone = Alone::Yes;
        if let Some(asked) = self.asked.take() {
            // Whoever answers next may not know of it.
            self.give_back(asked.ask.returned);
            self.spent_alone = asked.ask.alone;
        }
    }

    /// Goes over to the window of a moment, as far as the client knows the control plane's time.
    fn turn_to(&mut self, now: Moment) -> u64 {
        let window = self.time(now) / self.window;
        if window > self.spent.window {
            let is_next = window == self.spent.window + 1;
            let before = if is_next { self.spent.count } else { 0 };
            self.learn_share(f64::from(before));
            self.spent = Tokens { window, count: 0 };
            if matches!(self.alone, Alone::Until(last) if last < window) {
                self.alone = Alone::No;
            }
        }
        for index in 0..self.held.len() {
            if self.held[index].window < window && self.held[index].count > 0 {
                let expired = std::mem::take(&mut self.held[index]);
                self.give_back(expired);
            }
        }
        window
    }

    /// Takes the control plane's time from an answer.
    fn learn_time(&mut self, offset: i64, now: Moment) {
        let is_known = self
            .offset
            .is_some_and(|known| known.abs_diff(offset) < self.window);
        if is_known {
            // Clocks drift: what was the most must show again, or is lowered by 10 µs with every answer.
            let known = self.offset.map(|known| known - DRIFT);
            self.offset = known.max(Some(offset));
            return;
        }
        // Windows have other numbers than so far: nothing is known of any.
        self.offset = Some(offset);
        self.held = [Tokens::default(); 2];
        self.returned = Tokens::default();
        self.spent_alone = Tokens::default();
        self.exhausted = None;
        self.share = 0.0;
        self.spent = Tokens {
            window: self.time(now) / self.window,
            count: 0,
        };
    }

    /// Takes what was spent in a whole window into its share, unless it was alone with that share.
    fn learn_share(&mut self, spent: f64) {
        if self.alone != Alone::No {
            return;
        }
        let weight = if self.share == 0.0 { 1.0 } else { SHARE_WEIGHT };
        self.share += (spent - self.share) * weight;
    }

    fn give_back(&mut self, tokens: Tokens) {
        if self.returned.window == tokens.window {
            self.returned.count += tokens.count;
        } else if self.returned.window < tokens.window {
            self.returned = tokens;
        }
    }

    fn take_held(&mut self, window: u64) -> bool {
        let slot = &mut self.held[(window % 2) as usize];
        let has_one = slot.window == window && slot.count > 0;
        slot.count -= u32::from(has_one);
        has_one
    }

    fn take_alone(&mut self, window: u64) -> bool {
        let may = match self.failover {
            Failover::Pass => true,
            Failover::Local => self.spent.count < self.allowance(window),
        };
        if may {
            if self.spent_alone.window != window {
                self.spent_alone = Tokens { window, count: 0 };
            }
            self.spent_alone.count += 1;
        }
        may
    }

    /// The calls that it lets through in a window, being alone.
    fn allowance(&self, window: u64) -> u32 {
        if self.last_allowance.window == window {
            return self.last_allowance.count;
        }
        self.share.round().max(1.0) as u32
    }

    /// The calls that it lets through in the window in which it loses the control plane: its share, as long
    /// as most of the window was left; then what it has, and its share of what is left.
    fn last_allowance(&self, window: u64, now: Moment) -> u32 {
        let has = self.spent.count + self.held_of(window);
        let left = self.left_of(window, now);
        if left > MOSTLY_USED {
            return has.max((self.share + self.dither()).floor() as u32);
        }
        has + (self.share * left + self.dither()).floor() as u32
    }

    /// How much of a window is left, if calls have come as they did until the last answer.
    fn left_of(&self, window: u64, now: Moment) -> f64 {
        let (known, used, into) = self.used;
        if known != window {
            return 1.0;
        }
        // Granting began with what was asked for before the window did, and what was granted last was on the
        // way for a while when the connection ended.
        let ahead = self.horizon();
        let into_now = self.time(now) % self.window;
        let into_last = into_now.saturating_sub(self.delay).max(into);
        let longer = (into_last - into) as f64 / (into + ahead) as f64;
        // By half: batches become smaller as a window is used up.
        let used = used * (1.0 + longer / 2.0);
        (1.0 - used).max(0.0)
    }

    /// How far ahead tokens are asked for: the way there and back, and the time between ticks.
    fn horizon(&self) -> u64 {
        2 * self.delay + MARGIN
    }

    /// A part of a call, spread evenly among clients: what they round is right on the whole.
    fn dither(&self) -> f64 {
        const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;
        ((self.last_id + u64::from(self.spent.count)) as f64 * GOLDEN_RATIO).fract()
    }

    /// The window that tokens are needed for, and how many.
    fn needed(&self, window: u64, now: Moment) -> Option<(u64, u32)> {
        let horizon = self.horizon();
        let reserve = self.demand.within(horizon);
        let missing = |window: u64| {
            let held = self.held_of(window);
            (held < reserve.div_ceil(2)).then(|| reserve - held)
        };
        let can_have = |window| self.exhausted != Some(window);
        if self.alone == Alone::Yes && self.demand.a_second() > 0 {
            // To learn whether it is back, and what time it is.
            let want = if self.share > 0.0 { 0 } else { reserve };
            return Some((window, want));
        }
        if self.alone == Alone::No
            && can_have(window)
            && let Some(want) = missing(window)
        {
            return Some((window, want));
        }
        let is_near = self.until_next(now) < horizon;
        if is_near && can_have(window + 1) {
            return missing(window + 1).map(|want| (window + 1, want));
        }
        None
    }

    fn held_of(&self, window: u64) -> u32 {
        let slot = self.held[(window % 2) as usize];
        if slot.window == window { slot.count } else { 0 }
    }

    fn until_next(&self, now: Moment) -> u64 {
        self.window - self.time(now) % self.window
    }

    /// The control plane's time, at most as much behind as the quickest message took.
    fn time(&self, now: Moment) -> u64 {
        now.nanos().saturating_add_signed(self.offset.unwrap_or(0))
    }
}
