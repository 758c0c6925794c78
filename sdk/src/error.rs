//! What can go wrong, in the kinds that applications act on.

use std::time::Duration;

use merak_model::{Invalid, ServiceKey, routing::RuleKey};

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that was passed in is not valid; it names the field, the limit and the value.
    #[error("{0}")]
    Invalid(#[from] Invalid),

    /// The control plane says that the service does not exist.
    #[error("service `{0}` does not exist")]
    Absent(ServiceKey),

    /// No instance of the service can take the call.
    #[error(
        "service `{service}` has no instance for this call: {known} known, {healthy} healthy, \
         {isolated} isolated, {excluded} excluded by the call"
    )]
    NoInstance {
        /// The callee.
        service: ServiceKey,
        /// Instances that the service has.
        known: usize,
        /// Those that are healthy.
        healthy: usize,
        /// Those that an operator took out.
        isolated: usize,
        /// Those that the call excludes.
        excluded: usize,
    },

    /// A routing rule refuses the call.
    #[error("routing rule `{rule}` rejects this call to service `{service}`")]
    Rejected {
        /// The callee.
        service: ServiceKey,
        /// The rule that decided.
        rule: RuleKey,
        /// The branch whose targets have no instance; none where no branch decided.
        branch: Option<usize>,
    },

    /// The first state of a service did not arrive in time, and there is no copy of it on disk.
    #[error("service `{service}` was not answered within {waited:?}: {connection}")]
    FirstSync {
        /// The service asked for.
        service: ServiceKey,
        /// [`ClientBuilder::first_sync_timeout`](crate::ClientBuilder::first_sync_timeout).
        waited: Duration,
        /// How the connection to the control plane stands, with its addresses.
        connection: String,
    },

    /// The control plane refused the request for good; another try will not help.
    #[error("the control plane refused: {0}")]
    Refused(String),

    /// The control plane cannot be reached, or asks to try again later.
    #[error("the control plane is unavailable: {0}")]
    Unavailable(String),

    /// An instance could not be reached, or the connection to it broke under the request.
    #[error("instance `{address}` of service `{service}` failed: {why}")]
    Instance {
        /// The callee.
        service: ServiceKey,
        /// `host:port` of the instance.
        address: String,
        /// What the transport says.
        why: String,
    },

    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}
