//! What was granted of one amount, and how quickly.

use crate::limiting::{Amount, Moment, bucket::nanos};

/// What was granted of one amount.
#[derive(Debug)]
pub(super) struct Ledger {
    max: u64,
    window: u64,
    /// Of the current window and the next one, or the two before; by the parity of their numbers.
    granted: [(u64, u64); 2],
}

/// How quickly tokens are granted, smoothed over some 50 milliseconds.
#[derive(Debug, Default)]
pub(super) struct Speed {
    a_second: f64,
    at: Moment,
}

const SMOOTHING_SECONDS: f64 = 0.05;

impl Ledger {
    /// A ledger for each amount, the shortest window first.
    pub(super) fn of(amounts: &[Amount]) -> Box<[Self]> {
        let ledgers = amounts.iter().map(|amount| Self {
            max: u64::from(amount.max()),
            window: nanos(amount.window()),
            granted: [(0, 0); 2],
        });
        let mut ledgers: Box<[Self]> = ledgers.collect();
        ledgers.sort_by_key(|ledger| ledger.window);
        ledgers
    }

    /// Goes on with what was granted of an amount of the same window.
    pub(super) fn carry(&mut self, earlier: &[Self]) {
        let same = earlier.iter().find(|one| one.window == self.window);
        if let Some(same) = same {
            self.granted = same.granted;
        }
    }

    pub(super) fn window(&self) -> u64 {
        self.window
    }

    /// The tokens of a window, so many times.
    pub(super) fn total(&self, scale: u64) -> u64 {
        self.max.saturating_mul(scale)
    }

    /// When the window ends in which a moment is.
    pub(super) fn end_of(&self, moment: u64) -> u64 {
        (moment / self.window + 1).saturating_mul(self.window)
    }

    pub(super) fn granted_at(&self, moment: u64) -> u64 {
        let index = moment / self.window;
        let (window, granted) = self.granted[(index % 2) as usize];
        if window == index {
            return granted;
        }
        0
    }

    /// Whether nothing was granted in the window of a moment, nor in the one before.
    pub(super) fn is_idle(&self, moment: u64) -> bool {
        let index = moment / self.window;
        let is_over = |window: u64, granted: u64| granted == 0 || window + 1 < index;
        self.granted
            .iter()
            .all(|&(window, granted)| is_over(window, granted))
    }

    /// Counts tokens; those beyond the limit are of the next window.
    pub(super) fn grant(&mut self, moment: u64, count: u64, scale: u64) {
        let index = moment / self.window;
        let total = self.total(scale);
        let slot = &mut self.granted[(index % 2) as usize];
        if slot.0 < index {
            *slot = (index, 0);
        }
        if slot.0 != index {
            return;
        }
        let most = total.max(slot.1);
        let beyond = (slot.1 + count).saturating_sub(most);
        slot.1 += count - beyond;
        if beyond > 0 {
            let next = &mut self.granted[((index + 1) % 2) as usize];
            if next.0 < index + 1 {
                *next = (index + 1, 0);
            }
            next.1 = (next.1 + beyond).min(total);
        }
    }

    pub(super) fn give_back(&mut self, moment: u64, count: u64) {
        let index = moment / self.window;
        let slot = &mut self.granted[(index % 2) as usize];
        if slot.0 == index {
            slot.1 = slot.1.saturating_sub(count);
        }
    }
}

impl Speed {
    pub(super) fn add(&mut self, count: u32, now: Moment) {
        let elapsed = now.since(self.at).as_secs_f64();
        self.at = now;
        let before = self.a_second * SMOOTHING_SECONDS;
        self.a_second = (before + f64::from(count)) / (SMOOTHING_SECONDS + elapsed);
    }

    pub(super) fn a_second(&self, now: Moment) -> u32 {
        let elapsed = now.since(self.at).as_secs_f64();
        let speed = self.a_second * SMOOTHING_SECONDS / (SMOOTHING_SECONDS + elapsed);
        speed.round() as u32
    }
}
