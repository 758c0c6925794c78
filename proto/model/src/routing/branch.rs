//! A branch of a rule: which calls it takes, and where it sends them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Condition, ConditionDocument, Target, TargetDocument,
    document::{checked_count, not_null},
};
use crate::{
    Invalid, Text,
    invalid::{List, Why, each, together},
    text::checked_text,
};

/// A branch of a rule: which calls it takes, and where it sends them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Up to 128 characters; empty, or different from every other branch of the rule.
    pub name: Text,
    matches: Matches,
    targets: Box<[Target]>,
    pub when_empty: WhenEmpty,
}

/// Which calls a branch takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Matches {
    /// Every call.
    #[default]
    Always,
    /// Those that meet every one of these conditions.
    All(Box<[Condition]>),
    /// Those that meet at least one of these conditions.
    Any(Box<[Condition]>),
}

/// What becomes of a call that a branch takes, when no target has an instance for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenEmpty {
    /// The next branch that takes it; after the last one, the rule's `otherwise`.
    #[default]
    NextBranch,
    /// Any instance of the callee, as if there were no rule.
    AllInstances,
    /// It is refused.
    Reject,
}

/// A branch as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BranchDocument {
    /// Up to 128 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// By default every call.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub matches: Option<MatchesDocument>,
    /// 1..=32 of them.
    pub targets: Vec<TargetDocument>,
    /// By default the next branch.
    #[serde(default)]
    pub when_empty: WhenEmpty,
}

/// Which calls a branch takes, as it is written: `{"all": […]}` or `{"any": […]}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchesDocument {
    /// Conditions that a call must meet, 1..=32.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub all: Option<Vec<ConditionDocument>>,
    /// Conditions of which a call must meet one, 1..=32.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub any: Option<Vec<ConditionDocument>>,
}

impl Branch {
    /// The longest name, in characters.
    pub const NAME_LIMIT: usize = 128;
    /// The most targets.
    pub const TARGET_LIMIT: usize = 32;

    /// Which calls it takes.
    pub fn matches(&self) -> &Matches {
        &self.matches
    }

    /// Where it sends them, in the order written; never empty, and not all of weight 0.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    fn parse_targets(documents: Vec<TargetDocument>) -> Result<Box<[Target]>, Invalid> {
        if documents.is_empty() {
            let list = List::Targets;
            return Err(Invalid::because("targets", Why::Empty { list }));
        }
        checked_count("targets", documents.len(), Self::TARGET_LIMIT)?;
        let parsed = documents.into_iter().enumerate().map(|(index, document)| {
            Target::try_from(document).map_err(|invalid| invalid.at("targets", index))
        });
        let targets: Box<[Target]> = each(parsed)?;
        refuse_repeated("targets", targets.iter().map(|target| &*target.name))?;
        if targets.iter().all(|target| target.weight.get() == 0) {
            return Err(Invalid::because("targets", Why::NoWeight));
        }
        Ok(targets)
    }
}

impl Matches {
    /// The most conditions.
    pub const LIMIT: usize = 32;

    /// The conditions, whichever way they are joined.
    pub fn conditions(&self) -> &[Condition] {
        match self {
            Self::Always => &[],
            Self::All(conditions) | Self::Any(conditions) => conditions,
        }
    }
}

impl TryFrom<MatchesDocument> for Matches {
    type Error = Invalid;

    fn try_from(document: MatchesDocument) -> Result<Self, Invalid> {
        match (document.all, document.any) {
            (Some(conditions), None) => parse_conditions("all", conditions).map(Self::All),
            (None, Some(conditions)) => parse_conditions("any", conditions).map(Self::Any),
            (None, None) => {
                let fields = vec!["all", "any"];
                Err(Invalid::because("", Why::OneOfRequired { fields }))
            }
            (Some(_), Some(_)) => Err(Invalid::because("any", Why::BothGiven { other: "all" })),
        }
    }
}

fn parse_conditions(
    field: &str,
    documents: Vec<ConditionDocument>,
) -> Result<Box<[Condition]>, Invalid> {
    if documents.is_empty() {
        let list = List::Conditions;
        return Err(Invalid::because(field, Why::Empty { list }));
    }
    checked_count(field, documents.len(), Matches::LIMIT)?;
    let parsed = documents.into_iter().enumerate().map(|(index, document)| {
        Condition::try_from(document).map_err(|invalid| invalid.at(field, index))
    });
    each(parsed)
}

impl From<&Matches> for Option<MatchesDocument> {
    fn from(matches: &Matches) -> Self {
        let documents = |all: &[Condition]| Some(all.iter().map(Into::into).collect());
        match matches {
            Matches::Always => None,
            Matches::All(conditions) => Some(MatchesDocument {
                all: documents(conditions),
                any: None,
            }),
            Matches::Any(conditions) => Some(MatchesDocument {
                all: None,
                any: documents(conditions),
            }),
        }
    }
}

impl TryFrom<BranchDocument> for Branch {
    type Error = Invalid;

    fn try_from(document: BranchDocument) -> Result<Self, Invalid> {
        let matches = document
            .matches
            .map_or(Ok(Matches::Always), Matches::try_from);
        let (name, matches, targets) = together((
            checked_text("name", &document.name, Self::NAME_LIMIT),
            matches.map_err(|invalid| invalid.within("matches")),
            Self::parse_targets(document.targets),
        ))?;
        Ok(Self {
            name,
            matches,
            targets,
            when_empty: document.when_empty,
        })
    }
}

impl From<&Branch> for BranchDocument {
    fn from(branch: &Branch) -> Self {
        Self {
            name: branch.name.to_string(),
            matches: (&branch.matches).into(),
            targets: branch.targets.iter().map(Into::into).collect(),
            when_empty: branch.when_empty,
        }
    }
}

/// Refuses a name that an earlier entry of a list has.
pub(super) fn refuse_repeated<'n>(
    field: &str,
    names: impl Iterator<Item = &'n str>,
) -> Result<(), Invalid> {
    let mut seen = BTreeSet::new();
    for (index, name) in names.enumerate() {
        if !name.is_empty() && !seen.insert(name) {
            let name = name.to_owned();
            return Err(Invalid::because("name", Why::NameRepeated { name }).at(field, index));
        }
    }
    Ok(())
}
