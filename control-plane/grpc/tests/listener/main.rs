//! The gRPC listener over real connections, with a clock that stands still.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod details;
mod harness;
mod keepalive;
mod limits;
mod reflection;
