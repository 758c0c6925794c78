//! Whether an instance can take calls, and how that is known.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// Whether an instance can take calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Healthy,
    Unhealthy,
}

impl Health {
    /// Whether it is [`Health::Healthy`].
    pub fn is_healthy(self) -> bool {
        matches!(self, Self::Healthy)
    }

    /// The word that the API uses for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the control plane knows the health of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum HealthCheck {
    /// The instance beats; three missed beats, or a lost stream, make it unhealthy.
    Heartbeat {
        /// Seconds between beats.
        #[serde(rename = "ttl_seconds")]
        ttl: Ttl,
    },
    /// A static instance: its health is what somebody last said, healthy at first.
    None,
}

impl HealthCheck {
    /// The time between beats, if the instance beats.
    pub fn ttl(self) -> Option<Ttl> {
        match self {
            Self::Heartbeat { ttl } => Some(ttl),
            Self::None => None,
        }
    }
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self::Heartbeat {
            ttl: Ttl::default(),
        }
    }
}

/// Seconds between two heartbeats: 1..=60, default 5.
///
/// Values outside the range are refused. (Polaris silently uses its default instead:
/// `service/instance.go`.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Ttl(u8);

impl Ttl {
    const MIN: u64 = 1;
    const MAX: u64 = 60;

    /// Parses whole seconds.
    ///
    /// # Errors
    /// When the number is outside 1..=60.
    pub fn from_seconds(seconds: u64) -> Result<Self, Invalid> {
        match u8::try_from(seconds) {
            Ok(value) if (Self::MIN..=Self::MAX).contains(&seconds) => Ok(Self(value)),
            _ => Err(Invalid::range(
                "health_check.ttl_seconds",
                seconds,
                Self::MIN,
                Self::MAX,
            )),
        }
    }

    /// Whole seconds.
    pub fn seconds(self) -> u64 {
        u64::from(self.0)
    }

    /// The time between two beats.
    pub fn interval(self) -> Duration {
        Duration::from_secs(self.seconds())
    }

    /// The time after the last beat at which an instance is unhealthy.
    pub fn expiry(self) -> Duration {
        // Polaris expires after 3 × ttl: service/healthcheck/check.go, expireTtlCount.
        self.interval() * 3
    }
}

impl Default for Ttl {
    fn default() -> Self {
        Self(5)
    }
}

impl TryFrom<u64> for Ttl {
    type Error = Invalid;

    fn try_from(seconds: u64) -> Result<Self, Invalid> {
        Self::from_seconds(seconds)
    }
}

impl From<Ttl> for u64 {
    fn from(ttl: Ttl) -> Self {
        ttl.seconds()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ttl_is_between_one_and_sixty_seconds() {
        assert_eq!(
            Ttl::from_seconds(1).unwrap().expiry(),
            Duration::from_secs(3)
        );
        assert_eq!(
            Ttl::from_seconds(60).unwrap().interval(),
            Duration::from_secs(60)
        );
        for refused in [0, 61, 256 + 5, u64::MAX] {
            assert!(Ttl::from_seconds(refused).is_err(), "{refused}");
        }
    }
}
