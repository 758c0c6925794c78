//! What Merak's nouns mean, without I/O.
//!
//! Every type here is valid once it exists: it is parsed on construction, and a refused value
//! comes back as [`Invalid`], which names the field, the limit and what was given. The crate knows
//! nothing of tokio, prost, tonic or SQL; it reads no clock and draws no random number, both are
//! passed in. The control plane and the SDK run the same code from here.
//!
//! | noun | types |
//! |---|---|
//! | namespace | [`Namespace`], [`NamespaceName`] |
//! | service | [`Service`], [`ServiceSpec`], [`ServiceKey`], [`ServiceName`] |
//! | instance | [`Instance`], [`InstanceSpec`], [`InstanceId`], [`Registration`] |
//! | routing | [`routing::RoutingRule`], [`routing::NearbyRule`] |
//! | rate limits | [`limiting::RateLimitRule`] |
//! | parts of them | [`Metadata`], [`Location`], [`Weight`], [`Health`], [`HealthCheck`], [`Stamp`] |
//! | a call | [`Call`], [`routing::Selection`] |

pub mod analysis;
pub mod call;
pub mod health;
pub mod instance;
pub mod invalid;
pub mod limiting;
pub mod location;
pub mod manifest;
pub mod metadata;
pub mod name;
pub mod namespace;
pub mod network;
pub mod reading;
pub mod revision;
pub mod routing;
pub mod service;
pub mod text;
pub mod timestamp;
pub mod weight;

pub use call::Call;
pub use health::{Health, HealthCheck, Ttl};
pub use instance::{Instance, InstanceId, InstanceSpec, Registration};
pub use invalid::{Invalid, Problem};
pub use location::Location;
pub use metadata::Metadata;
pub use name::{NamespaceName, ServiceKey, ServiceName};
pub use namespace::{Namespace, NamespaceSpec};
pub use network::{Host, Port};
pub use revision::{Epoch, Revision, Stamp};
pub use service::{Exports, ProtectThreshold, Service, ServiceSpec};
pub use text::Text;
pub use timestamp::Timestamp;
pub use weight::Weight;
