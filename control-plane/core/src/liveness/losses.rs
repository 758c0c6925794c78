//! How often an instance is lost: more than now and then is flapping.

use std::time::Duration;

use crate::Event;

/// An instance that became unhealthy so often within [`FLAPPING_WINDOW`] flaps.
const FLAPPING_LOSSES: u32 = 3;

/// The time within which losses count as flapping.
const FLAPPING_WINDOW: Duration = Duration::from_secs(600);

/// How often a lease ran out lately.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Losses {
    count: u32,
    first_at: Duration,
}

impl Losses {
    /// Counts one more; some if the instance flaps, once a window.
    pub(super) fn add(&mut self, now: Duration) -> Option<Event> {
        if self.count == 0 || now > self.first_at + FLAPPING_WINDOW {
            *self = Self {
                count: 0,
                first_at: now,
            };
        }
        self.count += 1;
        (self.count == FLAPPING_LOSSES).then_some(Event::Flapping {
            losses: self.count,
            window_seconds: FLAPPING_WINDOW.as_secs(),
        })
    }
}
