//! A token bucket in one atomic word.
//!
//! It holds the moment at which it will be full again: a call moves that moment on by the time that a token
//! takes, and may do so as long as the moment is no further away than a whole bucket takes to fill. That is
//! the generic cell rate algorithm (ITU-T I.371): no timer fills anything, and a bucket that nobody uses is
//! full. A call that may wait takes its place the same way, at the moment when there will be a token.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{Amount, WarmUp};

/// A moment by a clock that never goes back, as the time since any fixed start.
///
/// Counters hold moments up to four years after that start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(u64);

/// How quickly a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// What a token takes to come, in nanoseconds.
    interval: u64,
    /// What the whole bucket takes.
    depth: u64,
    burst: u32,
    warm_up: Option<WarmUp>,
}

/// The tokens that are left of an amount.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The moment when it is full, and in the low bits how often it was, so that a token is not given back
    /// to a bucket that has filled up since.
    state: AtomicU64,
    /// When the warm-up began; [`COLD`] before the first call.
    warm_since: AtomicU64,
}

/// A token that was taken.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Token {
    /// When the call that takes it goes through.
    pub(super) at: u64,
    fill: u64,
    cost: u64,
}

/// Where a call would stand.
struct Place {
    at: u64,
    cost: u64,
    /// When the warm-up began, as it is for this call.
    since: u64,
}

const FILL_BITS: u32 = 6;
const FILL_MASK: u64 = (1 << FILL_BITS) - 1;
const COLD: u64 = u64::MAX;
/// The longest that a bucket may take to fill: two years, so that moments stay within their bits.
pub(super) const DEPTH_LIMIT: u64 = 1 << 56;

impl Moment {
    /// The moment so long after the start.
    pub fn after(time: Duration) -> Self {
        Self(nanos(time))
    }

    /// The time from an earlier moment to this one; nothing from a later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The moment so long after this one.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }

    pub(super) fn nanos(self) -> u64 {
        self.0
    }
}

pub(super) fn nanos(time: Duration) -> u64 {
    time.as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::from(time.subsec_nanos()))
}

impl Pace {
    /// The pace of an amount that lets `burst` calls through at once.
    pub fn of(amount: Amount, burst: u32, warm_up: Option<WarmUp>) -> Self {
        let interval = nanos(amount.interval());
        let depth = interval.saturating_mul(u64::from(burst)).min(DEPTH_LIMIT);
        Self {
            interval,
            depth: depth.max(interval),
            burst,
            warm_up,
        }
    }

    /// How many calls may come at once after a pause.
    pub fn burst(self) -> u32 {
        self.burst
    }

    /// The time in which a token comes, from so long after the warm-up began.
    #[inline]
    fn cost(self, warm_for: u64) -> u64 {
        match self.warm_up {
            None => self.interval,
            Some(warm_up) => self.warming_cost(warm_up, warm_for),
        }
    }

    fn warming_cost(self, warm_up: WarmUp, warm_for: u64) -> u64 {
        if warm_for >= nanos(warm_up.period()) {
            return self.interval;
        }
        let warming = Warming::of(warm_up);
        let wanted = warming.filled_after(warm_for as f64) + self.interval as f64;
        let cost = (warming.time_to_fill(wanted) - warm_for as f64).ceil() as u64;
        cost.clamp(self.interval, DEPTH_LIMIT)
    }

    /// As many tokens as come between two moments, as long after the warm-up began.
    fn tokens(self, from: u64, to: u64) -> u64 {
        let time = match self.warm_up {
            None => to.saturating_sub(from),
            Some(warm_up) => {
                let filled = |at: u64| Warming::of(warm_up).filled_after(at as f64);
                // As far as the accuracy of the numbers goes, a token that is there is there.
                (filled(to) - filled(from) + 1.0).max(0.0) as u64
            }
        };
        time / self.interval
    }

    /// The pause after which a bucket that was full all the time warms up anew.
    fn cold_after(self) -> u64 {
        let period = self.warm_up.map_or(0, |warm_up| nanos(warm_up.period()));
        // With a longer time between tokens, each of them would find the bucket cold.
        period.max(self.interval)
    }
}

/// How a bucket fills that warms up: its pace rises in a straight line from a share of the whole one. What it
/// fills is given as the time that the whole pace takes for that, in nanoseconds.
struct Warming {
    start: f64,
    period: f64,
}

impl Warming {
    fn of(warm_up: WarmUp) -> Self {
        Self {
            start: f64::from(warm_up.start_percent()) / 100.0,
            period: nanos(warm_up.period()) as f64,
        }
    }

    /// What is filled so long after the beginning.
    fn filled_after(&self, time: f64) -> f64 {
        let rising = time.min(self.period);
        let rise = (1.0 - self.start) * rising / (2.0 * self.period);
        rising * (self.start + rise) + (time - rising)
    }

    /// How long after the beginning so much is filled.
    fn time_to_fill(&self, filled: f64) -> f64 {
        let at_the_end = self.filled_after(self.period);
        if filled >= at_the_end {
            return self.period + filled - at_the_end;
        }
        // filled = start * time + slope * time²
        let slope = (1.0 - self.start) / (2.0 * self.period);
        2.0 * filled / (self.start + (self.start * self.start + 4.0 * slope * filled).sqrt())
    }
}

impl Bucket {
    /// A full one.
    pub(super) fn full() -> Self {
        Self {
            state: AtomicU64::new(0),
            warm_since: AtomicU64::new(COLD),
        }
    }

    /// When a call that comes at a moment could go through.
    #[inline]
    pub(super) fn earliest(&self, pace: &Pace, at: u64) -> u64 {
        self.place(pace, self.full_at(), at).at
    }

    /// Takes the token of a call that comes at a moment and may wait so long, or says when it could go
    /// through.
    #[inline]
    pub(super) fn take(&self, pace: &Pace, at: u64, max_wait: u64) -> Result<Token, u64> {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            let full_at = state >> FILL_BITS;
            let place = self.place(pace, full_at, at);
            if place.at - at > max_wait {
                return Err(place.at);
            }
            if pace.warm_up.is_some() {
                // Before the token is gone: whoever sees it gone sees the warm-up.
                self.warm_since.store(place.since, Ordering::Release);
            }
            let fill = state.wrapping_add(u64::from(full_at < at)) & FILL_MASK;
            let next = (full_at.max(at) + place.cost) << FILL_BITS | fill;
            let taken =
                self.state
                    .compare_exchange_weak(state, next, Ordering::AcqRel, Ordering::Acquire);
            match taken {
                Ok(_) => {
                    let Place { at, cost, .. } = place;
                    return Ok(Token { at, fill, cost });
                }
                Err(now) => state = now,
            }
        }
    }

    /// The place of a call that comes at a moment.
    #[inline]
    fn place(&self, pace: &Pace, full_at: u64, at: u64) -> Place {
        let since = self.since(pace, full_at, at);
        let full_at = full_at.max(at);
        let cost = pace.cost(full_at.saturating_sub(since));
        Place {
            at: ready_at(pace, full_at, cost).max(at),
            cost,
            since,
        }
    }

    /// Gives a token back, unless the bucket has been full since: then it is not missed.
    pub(super) fn give_back(&self, token: Token) {
        // An error says that the bucket has been full, and asks for nothing.
        let _ = self
            .state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |state| {
                (state & FILL_MASK == token.fill).then(|| state - (token.cost << FILL_BITS))
            });
    }

    /// Whole tokens that are left at a moment.
    pub(super) fn left(&self, pace: &Pace, at: u64) -> u32 {
        let full_at = self.full_at();
        let since = self.since(pace, full_at, at);
        let from = full_at.max(at).saturating_sub(since);
        let tokens = pace.tokens(from, (at + pace.depth).saturating_sub(since));
        // One that takes longer than the whole bucket goes when nothing is missing.
        let first = u64::from(full_at <= at);
        u32::try_from(tokens.max(first))
            .unwrap_or(u32::MAX)
            .min(pace.burst)
    }

    /// How long after a moment it will be full.
    pub(super) fn full_in(&self, at: u64) -> u64 {
        self.full_at().saturating_sub(at)
    }

    /// How long after a moment it will be as good as new, a warm-up included.
    pub(super) fn rest(&self, pace: &Pace, at: u64) -> u64 {
        let cold_after = pace.warm_up.map_or(0, |_| pace.cold_after());
        (self.full_at() + cold_after).saturating_sub(at)
    }

    /// This bucket at another pace: as many calls are still counted, as far as the new bucket holds them,
    /// and calls that wait keep their places.
    pub(super) fn carried(&self, old: &Pace, new: &Pace, at: u64) -> Self {
        let missing = self.full_at().saturating_sub(at);
        let waiting = missing.saturating_sub(old.depth);
        let counted = u128::from(missing - waiting) * u128::from(new.interval);
        let counted = counted.div_ceil(u128::from(old.interval));
        let missing = u64::try_from(counted).map_or(new.depth, |counted| counted.min(new.depth));
        Self {
            state: AtomicU64::new((at + missing + waiting) << FILL_BITS),
            warm_since: AtomicU64::new(self.warm_since.load(Ordering::Acquire)),
        }
    }

    #[inline]
    fn full_at(&self) -> u64 {
        self.state.load(Ordering::Acquire) >> FILL_BITS
    }

    /// When the warm-up began for a call at a moment: with the call itself after a long pause.
    #[inline]
    fn since(&self, pace: &Pace, full_at: u64, at: u64) -> u64 {
        if pace.warm_up.is_none() {
            return 0;
        }
        let since = self.warm_since.load(Ordering::Acquire);
        let has_paused = at.saturating_sub(full_at) >= pace.cold_after();
        if since == COLD || has_paused {
            return at;
        }
        since
    }
}

/// When a call goes through that moves the moment of being full on by `cost`.
#[inline]
fn ready_at(pace: &Pace, full_at: u64, cost: u64) -> u64 {
    // A token that takes longer than the bucket holds (a warm-up) goes when nothing is missing.
    (full_at + cost).saturating_sub(pace.depth.max(cost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiting::AmountDocument;

    /// Ten a second, `burst` at once.
    fn pace(burst: u32) -> Pace {
        let document = AmountDocument {
            max: 10,
            window_ms: 1000,
            burst: None,
        };
        Pace::of(Amount::try_from(document).unwrap(), burst, None)
    }

    const STEP: u64 = 100_000_000;

    #[test]
    fn a_token_that_is_given_back_can_be_taken_again() {
        let (bucket, pace) = (Bucket::full(), pace(2));
        let token = bucket.take(&pace, STEP, 0).unwrap();
        bucket.take(&pace, STEP, 0).unwrap();
        assert_eq!(bucket.take(&pace, STEP, 0).unwrap_err(), 2 * STEP);
        bucket.give_back(token);
        assert_eq!(bucket.left(&pace, STEP), 1);
        bucket.take(&pace, STEP, 0).unwrap();
        assert!(bucket.take(&pace, STEP, 0).is_err());
    }

    #[test]
    fn a_bucket_that_has_been_full_since_does_not_miss_a_token() {
        let (bucket, pace) = (Bucket::full(), pace(2));
        let token = bucket.take(&pace, STEP, 0).unwrap();
        bucket.take(&pace, 9 * STEP, 0).unwrap();
        bucket.take(&pace, 9 * STEP, 0).unwrap();
        bucket.give_back(token);
        assert_eq!(bucket.left(&pace, 9 * STEP), 0, "no third call at once");
    }

    #[test]
    fn the_largest_amount_and_the_latest_moment_fit() {
        let document = AmountDocument {
            max: 1,
            window_ms: 86_400_000,
            burst: None,
        };
        let largest = Amount::try_from(document).unwrap();
        let (bucket, pace) = (Bucket::full(), Pace::of(largest, 1_000_000_000, None));
        let late = nanos(Duration::from_hours(4 * 365 * 24));
        let at_once = (0..1000).take_while(|_| bucket.take(&pace, late, 0).is_ok());
        assert_eq!(at_once.count(), 833, "as many as come in two years");
        assert!(bucket.take(&pace, late + pace.interval, 0).is_ok());
    }
}
