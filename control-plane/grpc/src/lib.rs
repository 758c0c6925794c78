//! Merak's native protocol over gRPC: conversion and nothing else.
//!
//! Every decision is taken by [`merak_core`]; here messages become model types, updates become
//! messages, and errors become statuses. Knows neither SQL nor the command line.

mod ack;
mod body;
mod caller;
mod discovery;
mod incoming;
mod limits;
mod quota;
mod reflection;
mod registry;
mod server;
mod status;
mod sync;
mod transport;
mod update;

pub use server::serve;
