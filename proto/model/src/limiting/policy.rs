//! Who counts calls, and what becomes of one too many.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::amount::{checked_ms, written_ms};
use crate::{
    Invalid,
    invalid::{Taker, Why},
};

/// Who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Scope {
    /// Each instance of the service counts the calls that it gets.
    #[default]
    Local,
    /// The control plane, for all instances together.
    Global {
        mode: AmountMode,
        failover: Failover,
    },
}

/// The name of a scope, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    #[default]
    Local,
    Global,
}

/// Whom the amounts of a global limit are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountMode {
    /// All instances together.
    #[default]
    Total,
    /// Each of them: together they have as many times the amounts as there are instances, and one that is
    /// busy may use what another one leaves.
    PerClient,
}

/// What an instance does with a global limit while the control plane is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failover {
    /// It lets its part of the limit through, by its part of the calls before.
    #[default]
    Local,
    /// It lets every call through.
    Pass,
}

/// What becomes of a call too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Action {
    /// It is refused.
    #[default]
    Reject,
    /// It waits for its turn, in the order of arrival, and is refused if that would take longer.
    Queue {
        /// The longest wait; not longer than the longest window.
        max_wait: Duration,
    },
}

/// What becomes of a call too many, as it is written: `"reject"` or `{"queue": {"max_wait_ms": 500}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ActionDocument {
    #[default]
    Reject,
    Queue {
        /// Milliseconds, 1..= the longest window.
        max_wait_ms: u64,
    },
}

/// The parts of a document that make a [`Scope`].
#[derive(Default)]
pub(super) struct ScopeDocument {
    pub(super) scope: ScopeKind,
    pub(super) amount_mode: Option<AmountMode>,
    pub(super) failover: Option<Failover>,
}

impl Scope {
    /// Whether the control plane counts.
    pub fn is_global(self) -> bool {
        matches!(self, Self::Global { .. })
    }
}

impl Action {
    /// The longest that a call may wait: nothing, if calls too many are refused.
    pub fn max_wait(self) -> Duration {
        match self {
            Self::Reject => Duration::ZERO,
            Self::Queue { max_wait } => max_wait,
        }
    }

    /// Checks a document, for a rule whose longest window is given.
    pub(super) fn parse(document: ActionDocument, window: Duration) -> Result<Self, Invalid> {
        match document {
            ActionDocument::Reject => Ok(Self::Reject),
            ActionDocument::Queue { max_wait_ms } => {
                let max_wait = checked_ms("max_wait_ms", max_wait_ms, window)
                    .map_err(|invalid| invalid.within("action.queue"))?;
                Ok(Self::Queue { max_wait })
            }
        }
    }
}

impl TryFrom<ScopeDocument> for Scope {
    type Error = Invalid;

    fn try_from(document: ScopeDocument) -> Result<Self, Invalid> {
        let ScopeDocument {
            scope,
            amount_mode,
            failover,
        } = document;
        match scope {
            ScopeKind::Global => Ok(Self::Global {
                mode: amount_mode.unwrap_or_default(),
                failover: failover.unwrap_or_default(),
            }),
            ScopeKind::Local => {
                let given = [
                    ("amount_mode", amount_mode.is_some()),
                    ("failover", failover.is_some()),
                ];
                match given.iter().find(|(_, is_given)| *is_given) {
                    None => Ok(Self::Local),
                    Some((field, _)) => {
                        let by = Taker::LocalLimit;
                        Err(Invalid::because(*field, Why::NotTaken { by }))
                    }
                }
            }
        }
    }
}

impl From<Scope> for ScopeDocument {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Local => Self::default(),
            Scope::Global { mode, failover } => Self {
                scope: ScopeKind::Global,
                amount_mode: Some(mode),
                failover: Some(failover),
            },
        }
    }
}

impl From<Action> for ActionDocument {
    fn from(action: Action) -> Self {
        match action {
            Action::Reject => Self::Reject,
            Action::Queue { max_wait } => Self::Queue {
                max_wait_ms: written_ms(max_wait),
            },
        }
    }
}
