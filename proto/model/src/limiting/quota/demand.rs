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
/// How often there may be more calls than are provided for.
const SELDOM: f64 = 0.02;
/// From here on calls are spread about as the normal distribution says.
const MANY: f64 = 25.0;

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
        seldom_exceeded(self.rate * time as f64 / 1e9).max(1)
    }
}

/// The least number of calls that are exceeded at most twice in a hundred times, where so many are expected
/// that come independently. A few more would be tokens of a small limit that others go without.
fn seldom_exceeded(expected: f64) -> u32 {
    if expected > MANY {
        return (expected + 2.0 * expected.sqrt() + 1.0).ceil() as u32;
    }
    let mut chance = (-expected).exp();
    let (mut number, mut covered) = (0, chance);
    while 1.0 - covered > SELDOM {
        number += 1;
        chance *= expected / f64::from(number);
        covered += chance;
    }
    number
}
