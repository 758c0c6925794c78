//! What operators can set.

use std::time::Duration;

use crate::{DISCONNECT_GRACE, MissingService, UNHEALTHY_RETENTION};

/// What operators can set; every default is the documented one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether a registration creates the namespace and the service that it names.
    pub missing_service: MissingService,
    /// How long an instance whose stream ended has to come back.
    pub disconnect_grace: Duration,
    /// How long an unhealthy instance is kept before it is removed.
    pub unhealthy_retention: Duration,
    pub change_retention: ChangeRetention,
}

/// How much of the change log is kept. What is beyond either bound is pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeRetention {
    /// Older changes are pruned; 7 days by default. A wall clock that runs ahead of the time that has
    /// passed since the start by more than an hour is not believed.
    pub age: Duration,
    /// More changes than this are pruned, oldest first; 1,000,000 by default. The newest is always kept.
    pub count: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            missing_service: MissingService::default(),
            disconnect_grace: DISCONNECT_GRACE,
            unhealthy_retention: UNHEALTHY_RETENTION,
            change_retention: ChangeRetention::default(),
        }
    }
}

impl Default for ChangeRetention {
    fn default() -> Self {
        Self {
            age: Duration::from_secs(7 * 24 * 3600),
            count: 1_000_000,
        }
    }
}
