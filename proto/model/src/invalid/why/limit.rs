//! Why parts of a rate limit rule are refused.

use std::fmt;

use serde::Serialize;

/// Why parts of a rate limit rule are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum LimitWhy {
    /// An earlier amount, counted from 0, has the same window.
    WindowRepeated { window_ms: u64, earlier: usize },
    /// Another amount, counted from 0, lets no more through, which is `other_max` in `other_window_ms`.
    AmountNeverReached {
        max: u32,
        other: usize,
        other_max: u32,
        other_window_ms: u64,
    },
    /// The amount comes to `a_second` calls a second, more than `limit`.
    TooFast {
        max: u32,
        window_ms: u64,
        a_second: u64,
        limit: u32,
    },
    /// More than `limit` calls at once would take more than two years to come back.
    BurstTooLarge { burst: u32, limit: u64 },
    /// The text is no name of a header.
    BadHeaderName { name: String },
    /// The header frames the message, which is the server's.
    FramingHeader { name: String },
    /// The method of a call is tested by the `method` of the rule.
    MethodAsArgument,
}

impl fmt::Display for LimitWhy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowRepeated { window_ms, earlier } => {
                write!(f, "{window_ms} is the window of amounts[{earlier}] as well")
            }
            Self::AmountNeverReached {
                max,
                other,
                other_max,
                other_window_ms,
            } => write!(
                f,
                "{max} is never reached: amounts[{other}] lets no more than {other_max} in \
                 {other_window_ms} ms through"
            ),
            Self::TooFast {
                max,
                window_ms,
                a_second,
                limit,
            } => write!(
                f,
                "{max} in {window_ms} ms is {a_second} a second, at most {limit} may be"
            ),
            Self::BurstTooLarge { burst, limit } => write!(
                f,
                "{burst} calls take more than two years to come back: at most {limit} at this pace"
            ),
            Self::BadHeaderName { name } => write!(f, "{name:?} is no name of a header"),
            Self::FramingHeader { name } => {
                write!(f, "{name:?} frames the message: leave it out")
            }
            Self::MethodAsArgument => f.write_str("use the `method` of the rule"),
        }
    }
}
