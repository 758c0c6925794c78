//! Every decision of the control plane: what changes, in which order, and who is told.
//!
//! ```text
//! caller → Registry → a decision over a Draft → Committer: one transaction → Catalog → Discovery
//! ```
//!
//! Knows neither tonic, axum nor SQL: a [`Store`] keeps the log, the edges speak to
//! [`ControlPlane`].

mod caller;
mod catalog;
mod change;
mod clock;
mod committer;
mod discovery;
mod draft;
mod error;
mod liveness;
mod plane;
mod registry;
mod store;

pub use caller::Caller;
pub use catalog::{Catalog, Delta, ServiceSnapshot};
pub use change::{Change, Item, Key};
pub use clock::{Clock, ManualClock, SystemClock};
pub use committer::Committer;
pub use discovery::{Discovery, Subscriber, Topic, Update};
pub use draft::Draft;
pub use error::{Error, ErrorKind, Result};
pub use liveness::{DISCONNECT_GRACE, Liveness, Session, TICK, UNHEALTHY_RETENTION};
pub use plane::ControlPlane;
pub use registry::{MissingService, Outcome, Registered, Registry};
pub use store::{Loaded, Store};
