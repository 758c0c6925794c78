//! Rate limits through their public interface: rules, and what enforces them.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod admission;
mod builders;
mod lint;
mod properties;
mod quota;
mod rules;
mod trial;
