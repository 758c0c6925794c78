//! How many calls in how long, and how that starts after a pause.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Invalid,
    invalid::{LimitWhy, together},
    routing::document::not_null,
};

/// At most `max` calls in a `window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    max: u32,
    window: Duration,
    burst: Option<u32>,
}

/// An amount as it is written: `{"max": 100, "window_ms": 1000}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountDocument {
    /// Calls in a window, 1..=1000000000, and not more than 10,000,000 a second.
    pub max: u64,
    /// Milliseconds, 1..=86400000 (a day); at least 1000 for a global limit.
    pub window_ms: u64,
    /// Calls that may come at once after a pause, 1..=1000000000. By default `max` where calls too many
    /// are rejected, and 1 where they queue. For local limits.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub burst: Option<u64>,
}

/// A slow start: a counter that is new, or was not used for a `period`, begins at a share of its pace and
/// comes to the whole of it, in a straight line, within the `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WarmUp {
    period: Duration,
    start_percent: u8,
}

/// A slow start as it is written: `{"period_ms": 30000, "start_percent": 30}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmUpDocument {
    /// Milliseconds until the whole pace, 1..=3600000 (an hour).
    pub period_ms: u64,
    /// Per cent of the pace at the start, 1..=99, default 30.
    #[serde(default = "thirty")]
    pub start_percent: u64,
}

fn thirty() -> u64 {
    30
}

impl Amount {
    /// The most calls in a window, and the most at once.
    pub const MAX_LIMIT: u32 = 1_000_000_000;
    /// The longest window: a day.
    pub const WINDOW_LIMIT: Duration = Duration::from_hours(24);
    /// The shortest window of a global limit: calls are granted in batches, which takes a while.
    pub const GLOBAL_WINDOW_MIN: Duration = Duration::from_secs(1);
    /// The quickest pace, in calls a second.
    pub const PACE_LIMIT: u32 = 10_000_000;

    /// Calls in a window; never 0.
    pub fn max(self) -> u32 {
        self.max
    }

    /// The window; never 0.
    pub fn window(self) -> Duration {
        self.window
    }

    /// Calls that may come at once after a pause, if the rule says so.
    pub fn burst(self) -> Option<u32> {
        self.burst
    }

    /// The time from one call to the next at an even pace, rounded up to a nanosecond: at least 100 ns.
    pub fn interval(self) -> Duration {
        Duration::from_nanos(self.window_ns().div_ceil(u64::from(self.max)))
    }

    fn window_ns(self) -> u64 {
        u64::try_from(self.window.as_nanos()).expect("a day at most, checked in Amount::try_from")
    }

    /// Whether this one refuses no call that `other` lets through, where both are counted in windows that begin
    /// together.
    pub(super) fn is_idle_beside_in_windows(self, other: Self) -> bool {
        let (window, shorter) = (self.window.as_nanos(), other.window.as_nanos());
        // As many of the other's windows, in part or whole, as there may be in one of this one's.
        let has_rest = u128::from(shorter < window && !window.is_multiple_of(shorter));
        let windows = window.div_ceil(shorter) + has_rest;
        u128::from(self.max) >= u128::from(other.max) * windows
    }

    /// Whether this one, of bursts as given, refuses no call that `other` lets through.
    pub(super) fn is_idle_beside(self, burst: u32, other: Self, other_burst: u32) -> bool {
        let pace = u128::from(self.max) * other.window.as_nanos();
        let other_pace = u128::from(other.max) * self.window.as_nanos();
        pace >= other_pace && burst >= other_burst
    }
}

/// `100 in 1000 ms`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} ms", self.max, self.window.as_millis())
    }
}

/// Refuses amounts of which one says nothing beside another, as `is_idle` says of two.
pub(super) fn refuse_overlaps(
    amounts: &[Amount],
    is_idle: impl Fn(Amount, Amount) -> bool,
) -> Result<(), Invalid> {
    for (index, &amount) in amounts.iter().enumerate() {
        let others = || amounts.iter().copied().enumerate();
        if let Some((earlier, _)) =
            others().find(|&(other, one)| other < index && one.window == amount.window)
        {
            let why = LimitWhy::WindowRepeated {
                window_ms: written_ms(amount.window),
                earlier,
            };
            return Err(Invalid::because("window_ms", why).at("amounts", index));
        }
        let idle = others().find(|&(other, one)| other != index && is_idle(amount, one));
        if let Some((other, stricter)) = idle {
            let why = LimitWhy::AmountNeverReached {
                max: amount.max,
                other,
                other_max: stricter.max,
                other_window_ms: written_ms(stricter.window),
            };
            return Err(Invalid::because("max", why).at("amounts", index));
        }
    }
    Ok(())
}

impl TryFrom<AmountDocument> for Amount {
    type Error = Invalid;

    fn try_from(document: AmountDocument) -> Result<Self, Invalid> {
        let AmountDocument {
            max,
            window_ms,
            burst,
        } = document;
        let burst = burst.map(|burst| checked_calls("burst", burst));
        let (max, window, burst) = together((
            checked_calls("max", max),
            checked_ms("window_ms", window_ms, Self::WINDOW_LIMIT),
            burst.transpose(),
        ))?;
        let a_second = u128::from(max) * 1_000_000_000 / window.as_nanos();
        if a_second > u128::from(Self::PACE_LIMIT) {
            let limit = Self::PACE_LIMIT;
            let why = LimitWhy::TooFast {
                max,
                window_ms,
                a_second: u64::try_from(a_second).unwrap_or(u64::MAX),
                limit,
            };
            return Err(Invalid::because("max", why));
        }
        Ok(Self { max, window, burst })
    }
}

fn checked_calls(field: &str, calls: u64) -> Result<u32, Invalid> {
    let limit = Amount::MAX_LIMIT;
    match u32::try_from(calls) {
        Ok(parsed) if (1..=limit).contains(&parsed) => Ok(parsed),
        _ => Err(Invalid::range(field, calls, 1, u64::from(limit))),
    }
}

/// Checks a time that is not 0 and not beyond a limit.
pub(super) fn checked_ms(field: &str, ms: u64, limit: Duration) -> Result<Duration, Invalid> {
    let limit_ms = limit.as_millis();
    if ms == 0 || u128::from(ms) > limit_ms {
        return Err(Invalid::range(field, u128::from(ms), 1, limit_ms));
    }
    Ok(Duration::from_millis(ms))
}

/// A time of a document, in milliseconds.
pub(super) fn written_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).expect("a day at most, checked when it was read")
}

impl From<Amount> for AmountDocument {
    fn from(amount: Amount) -> Self {
        Self {
            max: u64::from(amount.max),
            window_ms: written_ms(amount.window),
            burst: amount.burst.map(u64::from),
        }
    }
}

impl WarmUp {
    /// The longest period: an hour.
    pub const PERIOD_LIMIT: Duration = Duration::from_hours(1);

    /// How long it takes to the whole pace.
    pub fn period(self) -> Duration {
        self.period
    }

    /// Per cent of the pace at the start, 1..=99.
    pub fn start_percent(self) -> u8 {
        self.start_percent
    }
}

impl TryFrom<WarmUpDocument> for WarmUp {
    type Error = Invalid;

    fn try_from(document: WarmUpDocument) -> Result<Self, Invalid> {
        let percent = document.start_percent;
        let start_percent = match u8::try_from(percent) {
            Ok(parsed) if (1..=99).contains(&parsed) => Ok(parsed),
            _ => Err(Invalid::range("start_percent", percent, 1, 99)),
        };
        let period = checked_ms("period_ms", document.period_ms, Self::PERIOD_LIMIT);
        let (period, start_percent) = together((period, start_percent))?;
        Ok(Self {
            period,
            start_percent,
        })
    }
}

impl From<WarmUp> for WarmUpDocument {
    fn from(warm_up: WarmUp) -> Self {
        Self {
            period_ms: written_ms(warm_up.period),
            start_percent: u64::from(warm_up.start_percent),
        }
    }
}
