//! A routing rule: for which calls, and where they go.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    Branch, BranchDocument, CalleeDocument, CalleeSelector, CallerDocument, CallerSelector,
    Entries, RoutingTest, RoutingTestDocument,
    branch::refuse_repeated,
    document::{checked_count, not_null},
};
use crate::{
    Invalid, Metadata, NamespaceName, ServiceKey, Stamp, Text,
    invalid::{List, PatternWhy, Why, each, together},
    name::name_type,
    text::{checked_text, limit},
};

name_type! {
    /// The name of a rule within its namespace: 1..=128 characters of `0-9A-Za-z._:/-`.
    RuleName, field = "name", limit = 128
}

/// A rule's full name: its namespace and its own name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RuleKey {
    pub namespace: NamespaceName,
    pub name: RuleName,
}

/// A routing rule as the control plane holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutingRule {
    #[serde(flatten)]
    pub key: RuleKey,
    pub spec: RoutingRuleSpec,
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// What people say of a routing rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RoutingRuleDocument", into = "RoutingRuleDocument")]
pub struct RoutingRuleSpec {
    /// Up to 1024 characters.
    pub description: Text,
    /// Labels of the rule itself, such as the team that owns it.
    pub metadata: Metadata,
    /// A rule that is not enabled is kept and not applied.
    pub enabled: bool,
    priority: u32,
    pub caller: CallerSelector,
    pub callee: CalleeSelector,
    branches: Arc<[Branch]>,
    pub otherwise: Otherwise,
    tests: Arc<[RoutingTest]>,
}

/// What becomes of a call that a rule is for, when no branch decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The next rule decides; after the last one, any instance of the callee.
    FallThrough,
    /// It is refused.
    Reject,
}

/// A routing rule as it is written.
///
/// ```
/// use merak_model::routing::{self, RoutingRuleDocument, RoutingRuleSpec};
/// let text = r#"{
///     "priority": 10,
///     "caller": {"service": "micro-api"},
///     "callee": {"service": "micro-order"},
///     "branches": [
///         {"name": "vip", "matches": {"all": [{"on": "header", "key": "x-user", "op": "in", "values": ["42"]}]},
///          "targets": [{"labels": {"version": "v2"}}]},
///         {"name": "canary", "targets": [{"labels": {"version": "v1"}, "weight": 70},
///                                        {"labels": {"version": "v2"}, "weight": 30}]}
///     ],
///     "otherwise": "fall_through"
/// }"#;
/// let document: RoutingRuleDocument = routing::parse(&mut serde_json::Deserializer::from_str(text))?;
/// let spec = RoutingRuleSpec::parse(document)?;
/// assert_eq!(spec.branches()[1].targets()[1].weight.get(), 30);
/// # Ok::<(), merak_model::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRuleDocument {
    /// Up to 1024 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Labels of the rule itself, up to 64 entries.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub metadata: Entries<String>,
    /// By default true.
    #[serde(default = "truth")]
    pub enabled: bool,
    /// 0..=10000, default 0: lower ones are tried first, equal ones in the order of their names.
    #[serde(default)]
    pub priority: u64,
    /// By default every caller.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub caller: Option<CallerDocument>,
    pub callee: CalleeDocument,
    /// 1..=64 of them, tried in order.
    pub branches: Vec<BranchDocument>,
    pub otherwise: Otherwise,
    /// What is expected of calls that the rule is for, up to 32; clients are not told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<RoutingTestDocument>,
}

pub(crate) fn truth() -> bool {
    true
}

/// The highest number of a rule's priority.
pub const PRIORITY_MAX: u64 = 10_000;

pub(crate) fn checked_priority(priority: u64) -> Result<u32, Invalid> {
    match u32::try_from(priority) {
        Ok(parsed) if priority <= PRIORITY_MAX => Ok(parsed),
        _ => Err(Invalid::range("priority", priority, 0, PRIORITY_MAX)),
    }
}

impl RoutingRule {
    /// Whether the rule is for calls to a service.
    pub fn is_for(&self, callee: &ServiceKey) -> bool {
        self.spec.callee.selects(callee, &self.key.namespace)
    }

    /// What rules are tried in the order of: priority, then name, then namespace.
    pub fn precedence(&self) -> (u32, &RuleName, &NamespaceName) {
        (self.spec.priority, &self.key.name, &self.key.namespace)
    }
}

impl RoutingRuleSpec {
    /// The most branches.
    pub const BRANCH_LIMIT: usize = 64;
    /// The most regular expressions, over all branches.
    pub const PATTERN_LIMIT: usize = 64;
    /// The most tests of a rule.
    pub const TEST_LIMIT: usize = 32;

    /// Checks a document.
    ///
    /// # Errors
    /// When parts are not valid; the error names the place of each, such as
    /// `branches[1].targets[0].weight`.
    pub fn parse(document: RoutingRuleDocument) -> Result<Self, Invalid> {
        let caller = CallerSelector::try_from(document.caller.unwrap_or_default());
        let callee = CalleeSelector::try_from(document.callee);
        let (description, metadata, priority, caller, callee, branches, tests) = together((
            checked_text("description", &document.description, limit::COMMENT),
            Metadata::parse(document.metadata.0),
            checked_priority(document.priority),
            caller.map_err(|invalid| invalid.within("caller")),
            callee.map_err(|invalid| invalid.within("callee")),
            parse_branches(document.branches),
            parse_tests(document.tests),
        ))?;
        let spec = Self {
            description,
            metadata,
            enabled: document.enabled,
            priority,
            caller,
            callee,
            branches,
            otherwise: document.otherwise,
            tests,
        };
        spec.check_patterns()?;
        Ok(spec)
    }

    /// 0..=10000: lower ones are tried first, equal ones in the order of their names.
    pub fn priority(&self) -> u32 {
        self.priority
    }

    /// The branches, in the order in which they are tried; never empty.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// What is expected of calls that the rule is for, in the order written.
    pub fn tests(&self) -> &[RoutingTest] {
        &self.tests
    }

    fn check_patterns(&self) -> Result<(), Invalid> {
        let conditions = |branch: &Branch| {
            let tests = branch.matches().conditions().iter();
            tests.filter(|one| one.test.pattern().is_some()).count()
        };
        let labels = |branch: &Branch| {
            let tests = branch.targets().iter().flat_map(|one| one.labels().iter());
            tests.filter(|(_, test)| test.pattern().is_some()).count()
        };
        let branches = self.branches.iter();
        let count: usize = branches.map(|one| conditions(one) + labels(one)).sum();
        let limit = Self::PATTERN_LIMIT;
        if count > limit {
            let why = PatternWhy::TooManyPatterns { count, limit };
            return Err(Invalid::because("branches", why));
        }
        Ok(())
    }
}

fn parse_tests(documents: Vec<RoutingTestDocument>) -> Result<Arc<[RoutingTest]>, Invalid> {
    checked_count("tests", documents.len(), RoutingRuleSpec::TEST_LIMIT)?;
    let parsed = documents.into_iter().enumerate().map(|(index, document)| {
        RoutingTest::parse(document).map_err(|invalid| invalid.at("tests", index))
    });
    each(parsed)
}

fn parse_branches(documents: Vec<BranchDocument>) -> Result<Arc<[Branch]>, Invalid> {
    if documents.is_empty() {
        let list = List::Branches;
        return Err(Invalid::because("branches", Why::Empty { list }));
    }
    checked_count("branches", documents.len(), RoutingRuleSpec::BRANCH_LIMIT)?;
    let parsed = documents.into_iter().enumerate().map(|(index, document)| {
        Branch::try_from(document).map_err(|invalid| invalid.at("branches", index))
    });
    let branches: Arc<[Branch]> = each(parsed)?;
    refuse_repeated("branches", branches.iter().map(|branch| &*branch.name))?;
    Ok(branches)
}

impl TryFrom<RoutingRuleDocument> for RoutingRuleSpec {
    type Error = Invalid;

    fn try_from(document: RoutingRuleDocument) -> Result<Self, Invalid> {
        Self::parse(document)
    }
}

impl From<RoutingRuleSpec> for RoutingRuleDocument {
    fn from(spec: RoutingRuleSpec) -> Self {
        let caller = (!spec.caller.is_any()).then(|| (&spec.caller).into());
        Self {
            description: spec.description.into(),
            metadata: (&spec.metadata).into(),
            enabled: spec.enabled,
            priority: u64::from(spec.priority),
            caller,
            callee: (&spec.callee).into(),
            branches: spec.branches.iter().map(Into::into).collect(),
            otherwise: spec.otherwise,
            tests: spec
                .tests
                .iter()
                .map(|test| test.document().clone())
                .collect(),
        }
    }
}

impl RuleKey {
    /// Parses both parts.
    ///
    /// # Errors
    /// When either part is not a valid name; the error names the part.
    pub fn parse(namespace: &str, name: &str) -> Result<Self, Invalid> {
        Ok(Self {
            namespace: NamespaceName::parse(namespace)?,
            name: RuleName::parse(name)?,
        })
    }
}

impl fmt::Display for RuleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
