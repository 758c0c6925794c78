//! Every decision of the control plane: what changes, in which order, and who is told.
//!
//! ```text
//! caller → Registry → a decision over a Draft → Committer: one transaction → Catalog → Discovery
//! ```
//!
//! Knows neither tonic, axum nor SQL: a [`Store`] keeps the log, the edges speak to
//! [`ControlPlane`].

mod call_tally;
mod caller;
mod catalog;
mod change;
mod clock;
mod commit_tally;
mod committer;
mod discovery;
mod draft;
mod duration_tally;
mod error;
mod event;
mod history;
mod liveness;
mod obstacle;
mod plane;
mod quota;
mod registry;
mod rule;
mod settings;
mod store;
mod trends;

pub use call_tally::CallTally;
pub use caller::Caller;
pub use catalog::{
    CalleeLimits, CalleeRules, Catalog, Delta, InstanceCounts, RuleChanges, RulesSnapshot,
    ServiceSnapshot,
};
pub use change::{Change, Item, Key, Kind};
pub use clock::{Clock, ManualClock, SystemClock};
pub use commit_tally::{CommitTally, Commits};
pub use committer::Committer;
pub use discovery::{
    Client, Discovery, Holding, LeftOut, RuleProgress, Subscriber, Subscription, Told, Topic,
    Update,
};
pub use draft::Draft;
pub use duration_tally::Durations;
pub use error::{Error, ErrorKind, Result};
pub use event::Event;
pub use history::{History, Moment, PastService, Tail};
pub use liveness::{DISCONNECT_GRACE, Liveness, Session, TICK, UNHEALTHY_RETENTION};
pub use obstacle::{Held, Obstacle, Thing};
pub use plane::ControlPlane;
pub use quota::{
    AmountUse, CounterUse, QuotaClient, QuotaRefusal, QuotaSession, QuotaTally, Quotas, RuleUse,
};
pub use registry::{
    InstancePatch, MissingService, Outcome, Precondition, Registered, Registry, Standing, Written,
};
pub use rule::{AnyRule, Callees, Lint, Rule, RuleFamily, RuleKind};
pub use settings::{ChangeRetention, Settings};
#[cfg(feature = "testing")]
pub use store::testing;
pub use store::{ChangeQuery, Loaded, LoadedCallees, LoadedService, Order, Store, StoreSize};
pub use trends::{Counts, SAMPLE_INTERVAL, Sample, TREND_LENGTH, Trends};
