//! How much the clients of a counter call for: each of them, and all together.

use crate::limiting::{Moment, quota::demand::Steady};

/// What all clients call for.
#[derive(Debug, Default)]
pub(super) struct Demands {
    /// Calls in a second, as they were told last.
    now: u64,
    /// The same in thousandths, smoothed.
    steady: u64,
}

/// What one client calls for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    now: u32,
    steady: Steady,
    /// As many as are counted for it.
    thousandths: u64,
    told_at: Option<Moment>,
}

impl Demands {
    /// A client says what it calls for.
    pub(super) fn tell(&mut self, of: &mut Wanted, demand: u32, now: Moment) {
        // Somebody who begins knows no more than this.
        let elapsed = of
            .told_at
            .map_or(1e-3, |told| now.since(told).as_secs_f64());
        of.steady.learn(f64::from(demand), elapsed.max(1e-3));
        self.forget(of);
        (of.now, of.told_at) = (demand, Some(now));
        of.thousandths = (of.steady.rate() * 1e3) as u64;
        self.now += u64::from(of.now);
        self.steady += of.thousandths;
    }

    /// A client is gone.
    pub(super) fn forget(&mut self, of: &Wanted) {
        self.now -= u64::from(of.now);
        self.steady -= of.thousandths;
    }

    /// Calls in a second.
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// The part of a client in the long run, in millionths.
    pub(super) fn part(&self, of: &Wanted) -> u32 {
        let part = u128::from(of.thousandths) * 1_000_000 / u128::from(self.steady.max(1));
        u32::try_from(part).unwrap_or(u32::MAX)
    }
}

impl Wanted {
    /// Calls in a second.
    pub(super) fn now(&self) -> u32 {
        self.now
    }
}
