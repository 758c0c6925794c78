//! How many calls a client gets, and how many more may be expected.

use crate::limiting::Moment;

/// The calls that a client gets.
#[derive(Debug, Default)]
pub(super) struct Demand {
    /// In a second, smoothed.
    rate: f64,
    looked_at: Moment,
}

/// The time in which a change of the demand shows.
const SMOOTHING_SECONDS: f64 = 0.3;
/// Less than this, in calls a second, is none.
const IDLE_RATE: f64 = 0.05;

impl Demand {
    /// Calls in a second, rounded up.
    pub(super) fn a_second(&self) -> u32 {
        self.rate.ceil() as u32
    }

    /// Takes the calls since it was looked at last into the rate.
    pub(super) fn look(&mut self, calls: u32, now: Moment) {
        // Nobody looks while no calls come: what comes then is of now.
        let elapsed = now.since(self.looked_at).as_secs_f64().clamp(1e-3, 0.1);
        self.looked_at = now;
        let weight = 1.0 - (-elapsed / SMOOTHING_SECONDS).exp();
        self.rate += (f64::from(calls) / elapsed - self.rate) * weight;
        if self.rate < IDLE_RATE {
            self.rate = 0.0;
        }
    }

    /// Calls that may be expected within nanoseconds, unless twice in a hundred times there are more.
    pub(super) fn within(&self, time: u64) -> u32 {
        if self.rate == 0.0 {
            return 0;
        }
        let expected = self.rate * time as f64 / 1e9;
        (expected + 2.0 * expected.sqrt() + 1.0).ceil() as u32
    }
}
