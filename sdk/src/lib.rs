//! The client of the Merak control plane: register, discover, pick.
//!
//! ```no_run
//! # async fn example() -> merak_sdk::Result<()> {
//! use merak_sdk::{Call, Client, Registration};
//!
//! let client = Client::builder("http://127.0.0.1:8091").build()?;
//! // Stays in the service, and is kept alive, until it is dropped.
//! let registered = client.register(Registration::new("micro-pay", "10.0.0.7", 18888)).await?;
//! // The first use subscribes; later ones read what was pushed.
//! let instance = client.pick(&Call::to("micro-order").header("x-user", "42")).await?;
//! println!("calling {}", instance.address());
//! registered.deregister().await?;
//! # Ok(()) }
//! ```
//!
//! - **Lazy.** The first use of a service subscribes to it and waits for its state; concurrent first uses
//!   share that wait. Later uses read memory: no lock, no allocation. A service that nobody uses is
//!   unsubscribed.
//! - **It survives.** A control plane that is away changes nothing for an application that runs, and with
//!   [`ClientBuilder::cache_dir`] an application can even start. The client reconnects with jittered
//!   waits over all addresses and resumes from the revisions that it holds.
//! - **By name, without glue.** [`Client::channel`] is a transport for tonic clients and [`Client::http`] an
//!   HTTP client, both of which route and balance each request; [`CallerLayer`] tells a server who calls.
//! - **Pushed.** Changes arrive as deltas; [`Client::watch`] is a stream of states.
//!
//! Metrics, through the `metrics` facade: `merak_sdk_connected` (0 or 1), `merak_sdk_updates_total` (states
//! that were pushed), `merak_sdk_lost_connections_total` (connections lost and failed tries).
#![warn(missing_docs)]

mod backoff;
mod balance;
mod caller;
mod channel;
mod claims;
mod client;
mod disk;
mod driver;
mod error;
mod handles;
mod http_service;
mod in_flight;
mod in_use;
mod keepalive;
pub mod limiter;
mod limits;
mod outgoing;
mod picked;
mod quota;
mod registration;
mod services;
mod session;
mod state;
#[cfg(test)]
mod testing;

pub use balance::Usage;
pub use caller::{CallerAware, CallerIdentity, CallerLayer};
pub use channel::ServiceChannel;
pub use client::{Client, ClientBuilder};
pub use error::{Error, Refusal, Result};
pub use handles::{Registered, Service, Watch};
pub use http_service::HttpService;
pub use in_flight::InFlight;
pub use merak_model::call::Balancer;
pub use merak_model::routing::{Explanation, RuleKey};
pub use merak_model::{
    Call, Health, Instance, InstanceId, Invalid, Location, Revision, ServiceKey,
};
pub use outgoing::CallOptions;
pub use picked::{Outcome, Picked};
pub use registration::Registration;
pub use state::{Origin, ServiceState};
