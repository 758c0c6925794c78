//! Slow start: a new instance gets its share little by little.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use merak_model::routing::mix;
use tokio::time::Instant;

use super::Slots;

/// The share of its weight that an instance begins with, as Envoy's `min_weight_percent`.
const FIRST_SHARE: f64 = 0.1;
/// What may be passed over for one call; where all instances are new, it goes by weight alone.
const PROPOSALS: usize = 16;

/// Whether instances start slowly at the moment, and how.
#[derive(Debug, Default)]
pub(super) struct SlowStart {
    window: Duration,
    /// When the last one has started.
    end: Option<Instant>,
    is_over: AtomicBool,
}

impl SlowStart {
    /// Looks at when instances began to serve; a window of zero turns slow start off.
    pub(super) fn new(window: Duration, slots: &Slots, now: Instant) -> Self {
        let ends = slots.iter().filter_map(|slot| Some(slot.since? + window));
        Self {
            window,
            end: ends.max().filter(|end| *end > now),
            is_over: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.end.is_some() && !self.is_over.load(Ordering::Relaxed)
    }

    /// Asks for proposals, a place and since when it serves, until one may have the call.
    pub(super) fn choose(
        &self,
        mut draw: u64,
        now: Instant,
        propose: impl Fn(u64) -> (usize, Option<Instant>),
    ) -> usize {
        if self.end.is_none_or(|end| end <= now) {
            self.is_over.store(true, Ordering::Relaxed);
            return propose(draw).0;
        }
        for _ in 0..PROPOSALS {
            let (place, since) = propose(draw);
            draw = mix(draw);
            let uniform = (draw >> 11) as f64 / (1_u64 << 53) as f64;
            draw = mix(draw);
            if uniform < since.map_or(1.0, |since| self.share(now - since)) {
                return place;
            }
        }
        propose(draw).0
    }

    /// The share of its weight that an instance has at an age.
    fn share(&self, age: Duration) -> f64 {
        (age.as_secs_f64() / self.window.as_secs_f64()).clamp(FIRST_SHARE, 1.0)
    }
}
