//! The API through its router, over a store in memory, with time by hand.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod analyze;
mod batch;
mod changes;
mod console;
mod described;
mod export;
mod faults;
mod harness;
mod history;
mod instances;
mod namespaces;
mod operations;
mod paging;
mod rate_limits;
mod refusals;
mod routes;
mod rule_history;
mod rule_search;
mod rule_tests;
mod rules;
mod services;
mod shapes;
mod simulate;
mod simulate_limits;
mod subscribers;
mod warnings;
mod watch;
