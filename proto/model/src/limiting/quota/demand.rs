//! How many calls a client gets, and how many more may be expected.

use crate::limiting::Moment;

/// The calls that a client gets.
#[derive(Debug, Default)]
pub(super) struct Demand {
    /// In a second, smoothed.
    rate: f64,
    steady: Steady,
    /// Those since it was looked at.
    calls: u32,
    looked_at: Moment,
}

/// A rate, smoothed for so long that chance evens out.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Steady {
    /// In a second.
    rate: f64,
    /// Seconds in which it was learned.
    age: f64,
}

/// The time in which a change of the demand shows.
const SMOOTHING_SECONDS: f64 = 0.3;
/// And in which one shows that is there to stay.
const STEADY_SECONDS: f64 = 3.0;
/// What comes in less time says nothing of the rate yet.
const LEAST_SECONDS: f64 = 1e-3;
/// Less than this, in calls a second, is none.
const IDLE_RATE: f64 = 0.05;
/// How often there may be more calls than are provided for.
const SELDOM: f64 = 0.02;
/// From here on the normal distribution says well enough how many are seldom exceeded.
const SOME: f64 = 25.0;
/// From here on chance makes little of a difference to a share.
const MANY: f64 = 500.0;

impl Demand {
    /// Calls in a second, rounded up.
    pub(super) fn a_second(&self) -> u32 {
        self.rate.ceil() as u32
    }

    /// Takes the calls since it was looked at last into the rate.
    pub(super) fn look(&mut self, calls: u32, now: Moment) {
        // Nobody looks while no calls come: what comes then is of now.
        let elapsed = now.since(self.looked_at).as_secs_f64().min(0.1);
        self.calls = self.calls.saturating_add(calls);
        if elapsed < LEAST_SECONDS {
            return;
        }
        self.looked_at = now;
        let rate = f64::from(std::mem::take(&mut self.calls)) / elapsed;
        self.rate += (rate - self.rate) * weight(elapsed, SMOOTHING_SECONDS);
        self.steady.learn(rate, elapsed);
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
        let bound = if expected > SOME {
            seldom_exceeded(expected)
        } else {
            bound_for(f64::INFINITY, expected)
        };
        bound.max(1.0) as u32
    }

    /// A bound under which `share` of the calls in so many nanoseconds go through on average, should there be
    /// as many; if there are fewer, nearly all.
    pub(super) fn bound_for(&self, share: f64, time: u64) -> f64 {
        bound_for(share, self.steady.rate * time as f64 / 1e9).max(share)
    }
}

impl Steady {
    /// In a second.
    pub(super) fn rate(self) -> f64 {
        self.rate
    }

    /// Takes what the rate was for some seconds into it; at first quickly, because nothing was known.
    pub(super) fn learn(&mut self, rate: f64, elapsed: f64) {
        self.age += elapsed;
        let first = (3.0 * elapsed / self.age).min(1.0);
        self.rate += (rate - self.rate) * weight(elapsed, STEADY_SECONDS).max(first);
    }
}

/// What a value that is so many seconds newer counts in one that is smoothed.
fn weight(elapsed: f64, smoothing: f64) -> f64 {
    1.0 - (-elapsed / smoothing).exp()
}

/// The bound under which `share` calls go through on average, where so many are expected that come
/// independently; or the least one that is seldom exceeded, if that is less.
///
/// A bound of `share` itself would let fewer through: what comes less at one time is not made up for by what
/// comes more at another.
fn bound_for(share: f64, expected: f64) -> f64 {
    if expected > MANY {
        return if share < expected {
            share
        } else {
            seldom_exceeded(expected)
        };
    }
    let mut chance = (-expected).exp();
    let (mut covered, mut bound, mut passing) = (chance, 0.0, 0.0);
    loop {
        // How often there is one call more than the bound.
        let more = 1.0 - covered;
        if more <= SELDOM {
            return bound;
        }
        if passing + more >= share {
            return bound + (share - passing) / more;
        }
        passing += more;
        bound += 1.0;
        chance *= expected / bound;
        covered += chance;
    }
}

/// As many calls as are seldom exceeded where many are expected.
fn seldom_exceeded(expected: f64) -> f64 {
    (expected + 2.0 * expected.sqrt() + 1.0).ceil()
}
