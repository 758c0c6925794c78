//! What a client lets through while the control plane is away.

use std::time::Duration;

use super::{Alone, Met, Purse, slot_of};
use crate::limiting::{
    Amount, Failover, Moment,
    quota::{Answer, Exhausted, Tokens},
};

impl Purse {
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
        if self.alone == Alone::No {
            let count = self.part_of_the_rest(now);
            self.fill(Tokens { window, count });
            if let Some(slot) = slot_of(&mut self.slots, window + 1) {
                let next = slot.put;
                let count = self.allowance(window + 1).saturating_sub(next.count);
                self.fill(Tokens {
                    window: window + 1,
                    count,
                });
            }
        }
        self.alone = Alone::Yes;
        self.exhausted_until = Moment::default();
        self.refuse_beyond_share();
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
        if self.till.is_asleep() {
            // What it has to itself ends here, not when it is called for the next time.
            self.clear(self.current);
            self.clear(self.current + 1);
            self.alone = Alone::No;
            self.till.set_left(0, None);
            self.choose_passing();
            if self.unasked.count > 0 {
                self.till.wake();
            }
        }
    }

    /// Being alone, nothing goes through beyond its share before the next window.
    pub(super) fn refuse_beyond_share(&mut self) {
        let until = Duration::from_nanos((self.current + 1).saturating_mul(self.window));
        let exhausted = Exhausted {
            amount: 0,
            until: Moment::after(until),
        };
        self.till.set_left(0, Some(exhausted));
    }

    /// Whether what the till has for a window was not granted for it.
    pub(super) fn is_alone_in(&self, window: u64) -> bool {
        match self.alone {
            Alone::No => false,
            Alone::Yes | Alone::Meeting => true,
            Alone::Until(last) => window <= last,
        }
    }

    pub(super) fn choose_passing(&self) {
        let passes = self.failover == Failover::Pass && self.alone != Alone::No;
        self.till.pass_all(passes);
    }

    /// Lets it have its share of a window, being alone, if it has none yet.
    pub(super) fn allow(&mut self, window: u64) {
        let slot = self.slots[(window % 2) as usize];
        if slot.is_some_and(|slot| slot.put.window >= window) {
            return;
        }
        let passed = if window == self.current {
            self.passed
        } else {
            0
        };
        let count = self.allowance(window).saturating_sub(passed);
        self.fill(Tokens { window, count });
    }

    /// The calls that it lets through in a window, being alone: its part of the limit by its part of the
    /// demand; one, if nobody called it before.
    fn allowance(&self, window: u64) -> u32 {
        let Some(last) = self.last else {
            return self.strictest.ceil() as u32;
        };
        if last.part == 0 {
            return 1;
        }
        // Of several amounts the shortest one says no more than what the others let through in the long run.
        let total = f64::from(last.total) * self.strictest / f64::from(self.shortest);
        let bound = self.demand.bound_for(part_of(&last) * total, self.window);
        self.whole(bound, window)
    }

    /// What it lets through, beside what it has, of the window in which it loses the control plane: its part
    /// of what is left.
    fn part_of_the_rest(&self, now: Moment) -> u32 {
        let held = self.till.held(self.current);
        let has = self.spent().saturating_add(held);
        let Some(last) = self.last else {
            return (self.strictest.ceil() as u32).saturating_sub(has);
        };
        if last.granted.window != self.current {
            let is_known = last.granted.window > self.current;
            let share = if is_known {
                0
            } else {
                self.allowance(self.current)
            };
            return share.saturating_sub(has);
        }
        let time = self.till.time(now);
        // What was granted last was on the way for a while when the connection ended.
        let ended = time.saturating_sub(self.delay);
        let since = ended.saturating_sub(last.now.nanos()) as f64 / 1e9;
        // Batches become smaller with what is left.
        let left = f64::from(last.left.max(1));
        let left = left * (-f64::from(last.pace) * since / left).exp();
        let total = f64::from(last.total.max(1));
        let of_left = part_of(&last) * left;
        let of_all = (part_of(&last) * total - f64::from(has)).max(0.0);
        // The second is right on the whole as long as few had more than their parts, and so early on; the
        // first becomes so the better the less there is left.
        let early = ((left / total - 0.3) / 0.3).clamp(0.0, 1.0);
        let share = f64::from(held) + of_left + (of_all - of_left) * early;
        let rest = ((self.current + 1) * self.window).saturating_sub(time);
        let bound = self.demand.bound_for(share, rest);
        self.whole(bound, self.current).saturating_sub(held)
    }

    /// A number of calls, rounded so that what clients round is right on the whole, and over many windows.
    fn whole(&self, calls: f64, window: u64) -> u32 {
        const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;
        let dither = ((self.last_id + window) as f64 * GOLDEN_RATIO).fract();
        (calls + dither).floor() as u32
    }
}

/// The client's part of the demand.
fn part_of(last: &Answer) -> f64 {
    f64::from(last.part) * 1e-6
}

/// The calls in a window by the amount that allows the fewest in the long run.
pub(super) fn strictest(amounts: &[Amount], window: Duration) -> f64 {
    let of_window = amounts.iter().map(|amount| {
        f64::from(amount.max()) * window.as_secs_f64() / amount.window().as_secs_f64()
    });
    of_window.reduce(f64::min).unwrap_or(1.0)
}

/// The calls in a window by the amount whose window it is.
pub(super) fn shortest(amounts: &[Amount]) -> u32 {
    let shortest = amounts.iter().min_by_key(|amount| amount.window());
    shortest.map_or(1, |amount| amount.max())
}
