//! Routing through its public interface: rules, selection, explanation, warnings.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod any;
mod builders;
mod concerns;
mod documentation;
mod expectations;
mod explanation;
mod nearness;
mod oracle;
mod pools;
mod properties;
mod rule_index;
mod rules;
mod selection;
mod warnings;
