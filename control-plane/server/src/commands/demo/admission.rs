//! How many of some calls a rate limit let through, against how many it may.

use std::time::Duration;

use serde::Serialize;

/// The part of what a limit allows that has to be admitted: a machine that is busy with other things may
/// stop callers and callees for some time, in which tokens are lost.
const LEAST: f64 = 0.8;

/// How far a global limit may be exceeded, which is counted ahead of the calls.
const GLOBAL_EXCESS: f64 = 1.01;

/// Calls that were more than a limit allows.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Admission {
    of: String,
    pub(super) sent: u64,
    pub(super) admitted: u64,
    at_least: u64,
    at_most: u64,
    is_as_expected: bool,
}

/// A limit a second.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    /// For each of some replicas: buckets that were full, and refill.
    Local { max: u32, replicas: usize },
    /// For all replicas together, in whole seconds of which neither the first nor the last need be seen as
    /// a whole.
    Global { max: u32 },
}

impl Admission {
    pub(super) fn new(
        of: &str,
        limit: Limit,
        (sent, admitted): (u64, u64),
        took: Duration,
    ) -> Self {
        let seconds = took.as_secs_f64();
        let (at_least, at_most) = match limit {
            Limit::Local { max, replicas } => {
                let max = f64::from(max) * replicas as f64;
                (LEAST * max * seconds, max * (seconds + 1.0))
            }
            Limit::Global { max } => {
                let max = f64::from(max);
                let whole = (seconds - 1.0).max(0.0);
                (LEAST * max * whole, max * (seconds + 1.0) * GLOBAL_EXCESS)
            }
        };
        let (at_least, at_most) = (at_least as u64, at_most as u64);
        Self {
            of: of.to_owned(),
            sent,
            admitted,
            at_least,
            at_most,
            is_as_expected: (at_least..=at_most).contains(&admitted),
        }
    }

    pub(super) fn of(&self) -> &str {
        &self.of
    }

    pub(super) fn is_as_expected(&self) -> bool {
        self.is_as_expected
    }

    /// A part of a line of a table: which calls, how many were allowed, and how many were admitted.
    pub(super) fn row(&self) -> String {
        format!(
            "{:<22} {:<14} {:>5} of {:<7} {}",
            self.of,
            format!("{}..{}", self.at_least, self.at_most),
            self.admitted,
            self.sent,
            if self.is_as_expected { "ok" } else { "OFF" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_expected_than_buckets_hold_and_no_less_than_most_of_the_pace() {
        let limit = Limit::Local {
            max: 50,
            replicas: 2,
        };
        for (admitted, is_as_expected) in [(300, true), (301, false), (160, true), (159, false)] {
            let seen = Admission::new("batch", limit, (1000, admitted), Duration::from_secs(2));
            assert_eq!(seen.is_as_expected(), is_as_expected, "{}", seen.row());
        }
    }

    #[test]
    fn a_global_limit_holds_for_all_together() {
        let limit = Limit::Global { max: 100 };
        for (admitted, is_as_expected) in [(404, true), (405, false), (160, true), (159, false)] {
            let seen = Admission::new("all", limit, (1000, admitted), Duration::from_secs(3));
            assert_eq!(seen.is_as_expected(), is_as_expected, "{}", seen.row());
        }
    }
}
