//! Wire messages to model types and back.
//!
//! `TryFrom<v1::X> for model::X` is *the* validation: what it returns is valid from there on.
//! The other direction cannot fail.

mod instance;
mod quota;
mod ratelimit;
mod requires;
mod routing;
mod service;

pub use instance::instance_from_wire;
