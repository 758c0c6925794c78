//! Rules in a line, and one counter of one rule.

use std::time::Duration;

use merak_model::{
    limiting::{Claim, Counter, Limits, Moment, RateLimitRuleDocument, RateLimitRuleSpec, Refusal},
    routing,
};
use serde_json::{Value, json};

/// The limits of a rule with these fields.
pub(crate) fn limits(fields: Value) -> Limits {
    let mut rule = json!({"callee": {"service": "pay"}});
    let fields = fields.as_object().unwrap().clone();
    rule.as_object_mut().unwrap().extend(fields);
    let document = routing::parse::<RateLimitRuleDocument, _>(rule).unwrap();
    Limits::compile(&RateLimitRuleSpec::parse(document).unwrap())
}

/// The limits of a rule with one amount in a second.
pub(crate) fn a_second(max: u32, burst: u32) -> Limits {
    limits(json!({"amounts": [{"max": max, "window_ms": 1000, "burst": burst}]}))
}

pub(crate) fn at_ms(ms: u64) -> Moment {
    Moment::after(Duration::from_millis(ms))
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// One counter of one rule.
pub(crate) struct One {
    pub(crate) limits: Limits,
    pub(crate) counter: Counter,
}

impl One {
    pub(crate) fn new(limits: Limits) -> Self {
        let counter = limits.counter();
        Self { limits, counter }
    }

    pub(crate) fn claim(&self) -> Claim<'_> {
        Claim {
            limits: &self.limits,
            counter: &self.counter,
        }
    }

    pub(crate) fn admit(&self, now: Moment) -> Result<Duration, Refusal> {
        merak_model::limiting::admit([self.claim()].into_iter(), now)
    }

    /// How many of so many calls go through at a moment, without waiting.
    pub(crate) fn admitted(&self, calls: u32, now: Moment) -> u32 {
        let calls = (0..calls).filter(|_| self.admit(now) == Ok(Duration::ZERO));
        u32::try_from(calls.count()).unwrap()
    }

    pub(crate) fn left(&self, now: Moment) -> Vec<u32> {
        let left = self.counter.left(&self.limits, now);
        left.into_iter().map(|left| left.calls).collect()
    }
}
