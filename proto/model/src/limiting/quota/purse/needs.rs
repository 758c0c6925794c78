//! How many tokens a client will need, and when it asks for them.

use std::time::Duration;

use super::{Alone, Asked, Purse, REPEAT_AFTER, TICK};
use crate::limiting::{
    Moment,
    quota::{Ask, Tokens},
};

/// So many tokens are not waited with until half of them are spent: two calls may come at once.
const FEW: u32 = 4;
/// Tokens of long windows are asked for less often: for such a part of a window at once.
const PARTS: u64 = 50;
/// The time between asks of a limit that is exhausted, or of a control plane that does not grant yet.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// How long calls that were refused may go untold.
const REPORT_AFTER: Duration = Duration::from_secs(1);

impl Purse {
    /// How far ahead tokens are asked for: the way there and back twice, and the time between ticks; more of
    /// a long window.
    fn reserve(&self) -> u32 {
        let ahead = (2 * self.delay + 2 * TICK).max(self.window / PARTS);
        self.demand.within(ahead)
    }

    /// Gives back what it will hardly need, as its demand has fallen.
    pub(super) fn give_surplus_back(&mut self) {
        let (window, reserve) = (self.current, self.reserve());
        let held = self.till.held(window);
        if held > 2 * reserve {
            let count = self.take(window, held - reserve);
            self.give_back(Tokens { window, count });
        }
    }

    /// The window that tokens are needed for, and how many; none to tell something alone.
    pub(super) fn needed(&self, now: Moment) -> Option<(u64, u32)> {
        let (window, reserve, time) = (self.current, self.reserve(), self.till.time(now));
        let until_next = (window + 1) * self.window - time.min((window + 1) * self.window);
        let is_near = until_next < 2 * self.delay + 2 * TICK;
        let missing = |window: u64| {
            let held = self.till.held(window);
            let low = if reserve <= FEW {
                reserve
            } else {
                reserve.div_ceil(2)
            };
            (held < low).then(|| (window, reserve - held))
        };
        let rested = |pause| {
            let answered = self.answered_at;
            answered.is_none_or(|answered| now.since(answered) >= pause)
        };
        let is_asked_for = |window: u64| self.alone == Alone::No && self.is_exhausted(window);
        match self.alone {
            Alone::Yes => return None,
            Alone::Meeting if is_near && rested(Duration::from_nanos(REPEAT_AFTER)) => {
                return Some((window + 1, reserve));
            }
            Alone::Meeting => return rested(ASK_AGAIN).then_some((window, reserve)),
            Alone::Until(_) => {}
            Alone::No if !is_asked_for(window) || rested(ASK_AGAIN) => {
                if let Some(needed) = missing(window) {
                    return Some(needed);
                }
            }
            Alone::No => {}
        }
        if is_near
            && !self.is_exhausted(window + 1)
            && let Some(needed) = missing(window + 1)
        {
            return Some(needed);
        }
        let has_news = self.returned.count > 0 || self.unasked.count > 0;
        let is_due = has_news || (self.refused > 0 && rested(REPORT_AFTER));
        is_due.then_some((window, 0))
    }

    /// Whether a window is known to have no tokens at its beginning, or, if it is the current one, now.
    fn is_exhausted(&self, window: u64) -> bool {
        let at = window * self.window;
        self.exhausted_until.nanos() > at
    }

    pub(super) fn ask(&mut self, window: u64, want: u32, now: Moment) -> Ask {
        let held = if self.is_alone_in(window) {
            0
        } else {
            self.till.held(window)
        };
        let ahead_ms = (self.delay + TICK) / 1_000_000;
        self.last_id += 1;
        let ask = Ask {
            id: self.last_id,
            window,
            want,
            held,
            at: Moment::after(Duration::from_nanos(self.till.time(now))),
            demand: self.demand.a_second(),
            ahead_ms: u32::try_from(ahead_ms).unwrap_or(u32::MAX),
            returned: std::mem::take(&mut self.returned),
            unasked: std::mem::take(&mut self.unasked),
            refused: std::mem::take(&mut self.refused),
        };
        self.asked = Some(Asked {
            ask: ask.clone(),
            first_at: now,
            last_at: now,
        });
        ask
    }
}
