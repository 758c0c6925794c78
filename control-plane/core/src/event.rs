//! What happened that is no change of a thing, and that operators want to know all the same.

use serde::{Deserialize, Serialize};

/// Something that happened to a service or an instance; it is in the log like any change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Many instances of a service lost their streams together. More likely the network failed than
    /// they all died, so they stay healthy until 3 × ttl without a beat.
    MassLossHeld {
        /// Instances whose stream ended.
        disconnected: usize,
        /// Healthy instances of the service at that moment, those included.
        healthy: usize,
    },
    /// An instance changes its health again and again.
    Flapping {
        /// How often it became unhealthy within the window.
        losses: u32,
        window_seconds: u64,
    },
}
