//! The place of a change in the control plane's one ordered log.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The place of a change in the log: strictly increasing over the whole control plane, never
/// reused. 0 means "before the first change".
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// Before the first change.
    pub const ZERO: Self = Self(0);

    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The revision as a number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When and at which revisions a stored thing came to be and last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Stamp {
    /// The change that created it; unique over all things, and its primary key in SQL.
    pub created_revision: Revision,
    /// The last change that touched it.
    pub revision: Revision,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// Names one unbroken history of revisions.
///
/// A control plane that starts on a restored backup goes on from an older revision, so that a
/// revision held by a client may mean something else by then. The backup carries a new epoch;
/// revisions of another epoch are never compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub Box<str>);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
