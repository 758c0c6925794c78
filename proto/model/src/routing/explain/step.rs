//! The steps of an explanation.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::{
    InstanceId, Revision,
    routing::{Entries, LabelDocument, Level, Operator, Otherwise, RuleKey, WhenEmpty},
};

/// One step of a decision.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Step {
    /// A rule that is not enabled was passed over.
    Disabled { rule: Place },
    /// A rule was looked at: is it for the caller?
    Rule {
        rule: Place,
        revision: Revision,
        priority: u32,
        is_for_caller: bool,
        /// What is asked of the caller; all of it must hold.
        conditions: Vec<Check>,
    },
    /// A branch was looked at: does it take the call?
    Branch {
        branch: Place,
        name: String,
        takes: bool,
        join: Join,
        conditions: Vec<Check>,
    },
    /// A target of a branch that takes the call was looked at: has it an instance?
    Target {
        branch: Place,
        /// The index of the target in its branch.
        target: usize,
        name: String,
        labels: Entries<LabelDocument>,
        weight: u64,
        priority: u8,
        #[serde(flatten)]
        group: GroupReport,
    },
    /// No target of a branch has a healthy instance: the unhealthy ones are taken.
    Suspects { branch: Place },
    /// No target of a branch has an instance for the call.
    Empty { branch: Place, then: WhenEmpty },
    /// No branch of a rule decided.
    Otherwise { rule: Place, then: Otherwise },
    /// Every instance of the callee was looked at.
    AllInstances {
        #[serde(flatten)]
        group: GroupReport,
    },
}

/// How the conditions of a branch are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// There is none: every call is taken.
    Always,
    All,
    Any,
}

/// A condition that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The fact of the call, such as `path` or `header.x-user`.
    pub fact: String,
    pub op: Operator,
    /// What it is compared with: texts, an expression, or bounds such as `1..=9`; the other fact of the
    /// call where two are compared.
    pub want: Vec<String>,
    /// What the call has; none if it does not have the fact.
    pub got: Option<String>,
    pub holds: bool,
}

/// Instances that fit a target, and what is left of them for the call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupReport {
    /// Instances with the target's labels, whatever their state.
    pub instances: usize,
    /// Those that the call may go to.
    pub candidates: usize,
    /// How near the candidates are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Whether unhealthy ones count, because too few are healthy.
    pub is_protected: bool,
    /// Whether a candidate is healthy; if not, the target takes part only where no other has a healthy one.
    pub has_healthy: bool,
    /// The others, and why they are not candidates.
    pub dropped: Vec<Dropped>,
}

/// An instance that is not a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dropped {
    pub id: InstanceId,
    /// `host:port`.
    pub address: String,
    pub why: Why,
}

/// Why an instance is not a candidate; the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// An operator took it out.
    Isolated,
    /// Its weight is 0.
    NoWeight,
    /// The call excludes it.
    Excluded,
    /// A nearby rule applies, and it is not near enough.
    TooFar,
    /// It is unhealthy, and enough others are healthy.
    Unhealthy,
}

/// A rule or one of its branches, written `shop/canary` and `shop/canary[1]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub rule: RuleKey,
    pub branch: Option<usize>,
}

impl Place {
    pub(super) fn rule(rule: &RuleKey) -> Self {
        Self {
            rule: rule.clone(),
            branch: None,
        }
    }

    pub(super) fn branch(rule: &RuleKey, index: usize) -> Self {
        Self {
            rule: rule.clone(),
            branch: Some(index),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.fmt(f)?;
        self.branch.map_or(Ok(()), |index| write!(f, "[{index}]"))
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
