//! What a warning says: a code, what the sentence about it is made of, and the sentence.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::routing::RuleKey;

/// What was probably not meant.
///
/// As JSON it is a `code` that stays the same from release to release, and what the sentence about it is
/// made of: `{"code": "target_without_instances", "instances": 2}`. `Display` is that sentence in English,
/// as a fragment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Concern {
    /// No call can meet the conditions of a branch.
    BranchNeverMatches,
    /// An earlier branch, counted from 0, decides every call that a branch would take.
    BranchUnreachable { earlier: usize },
    /// An earlier branch, counted from 0, takes every call that a branch would take, which sees those
    /// only that the earlier one has no instance for.
    BranchShadowed { earlier: usize },
    /// A regular expression matches every value.
    RegexMatchesEverything,
    /// Two rules for the same calls or services have the same priority: their names decide, and put
    /// `first` before `second`.
    EqualPriority {
        other: RuleKey,
        first: RuleKey,
        second: RuleKey,
        subject: Subject,
    },
    /// An earlier rule decides everything that a rule is for.
    RuleUnreachable { other: RuleKey, subject: Subject },
    /// No call can meet the conditions of a rate limit rule.
    RuleNeverMatches,
    /// Another rate limit rule counts every call that a rule counts, and lets no more through.
    LimitNeverReached { other: RuleKey },
    /// None of the callee's `instances` has the labels of a target now.
    TargetWithoutInstances { instances: usize },
    /// So many of the callee's `instances` have the labels of a target, and none can get a call now.
    TargetWithoutUsableInstances { labelled: usize, instances: usize },
    /// The callee has no instance now.
    CalleeWithoutInstances { obeyed_by: Side },
    /// A target holds the same instances as an earlier one of its branch, counted from 0.
    TargetRepeated { earlier: usize },
    /// The weights say another percentage than a text: one share for each named percentage, or, where
    /// one is named that no target gets, the share of each target.
    WeightNotAsNamed {
        text: NamingText,
        named: Vec<f64>,
        shares: Vec<f64>,
    },
    /// The weights look like percentages and do not add up to 100.
    WeightsNotHundred { sum: u64, shares: Vec<f64> },
}

/// What the rules of a kind are for, each on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Calls,
    Services,
}

/// Who obeys the rules of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Caller,
    Callee,
}

/// A text that names percentages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NamingText {
    Name,
    Description,
}

/// The kinds of warnings; their names stay the same from release to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// No call can meet the conditions of a branch.
    BranchNeverMatches,
    /// An earlier branch decides every call that a branch would take.
    BranchUnreachable,
    /// An earlier branch takes every call that a branch would take, which sees those only that the
    /// earlier one has no instance for.
    BranchShadowed,
    /// A regular expression matches every value.
    RegexMatchesEverything,
    /// Two rules for the same calls have the same priority: their names decide.
    EqualPriority,
    /// An earlier rule decides every call that a rule is for.
    RuleUnreachable,
    /// No call can meet the conditions of a rate limit rule.
    RuleNeverMatches,
    /// Another rate limit rule counts every call that a rule counts, and lets no more through.
    LimitNeverReached,
    /// No instance of the callee has the labels of a target now.
    TargetWithoutInstances,
    /// Instances of the callee have the labels of a target, and none of them can get a call now.
    TargetWithoutUsableInstances,
    /// The callee has no instance now.
    CalleeWithoutInstances,
    /// Two targets of a branch hold the same instances.
    TargetRepeated,
    /// The weights say another percentage than a name or the description.
    WeightNotAsNamed,
    /// The weights look like percentages and do not add up to 100.
    WeightsNotHundred,
}

impl Concern {
    /// The kind of warning.
    pub fn code(&self) -> WarningCode {
        match self {
            Self::BranchNeverMatches => WarningCode::BranchNeverMatches,
            Self::BranchUnreachable { .. } => WarningCode::BranchUnreachable,
            Self::BranchShadowed { .. } => WarningCode::BranchShadowed,
            Self::RegexMatchesEverything => WarningCode::RegexMatchesEverything,
            Self::EqualPriority { .. } => WarningCode::EqualPriority,
            Self::RuleUnreachable { .. } => WarningCode::RuleUnreachable,
            Self::RuleNeverMatches => WarningCode::RuleNeverMatches,
            Self::LimitNeverReached { .. } => WarningCode::LimitNeverReached,
            Self::TargetWithoutInstances { .. } => WarningCode::TargetWithoutInstances,
            Self::TargetWithoutUsableInstances { .. } => WarningCode::TargetWithoutUsableInstances,
            Self::CalleeWithoutInstances { .. } => WarningCode::CalleeWithoutInstances,
            Self::TargetRepeated { .. } => WarningCode::TargetRepeated,
            Self::WeightNotAsNamed { .. } => WarningCode::WeightNotAsNamed,
            Self::WeightsNotHundred { .. } => WarningCode::WeightsNotHundred,
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BranchNeverMatches | Self::RuleNeverMatches => {
                f.write_str("no call can meet these conditions")
            }
            Self::BranchUnreachable { earlier } => write!(
                f,
                "branches[{earlier}] decides every call that this one would take"
            ),
            Self::BranchShadowed { earlier } => write!(
                f,
                "branches[{earlier}] takes every call that this one would: it gets those only for which \
                 the other one has no instance"
            ),
            Self::RegexMatchesEverything => f.write_str(
                "the expression matches every value: say `present`, or anchor it with ^ and $",
            ),
            Self::EqualPriority {
                other,
                first,
                second,
                subject,
            } => write_same_priority(f, other, (first, second), *subject),
            Self::RuleUnreachable { other, subject } => write_unreachable(f, other, *subject),
            Self::LimitNeverReached { other } => write!(
                f,
                "`{other}` counts every call that this rule counts, and lets no more through"
            ),
            Self::TargetWithoutInstances { instances } => {
                write!(f, "none of the callee's {instances} instances has them now")
            }
            Self::TargetWithoutUsableInstances {
                labelled,
                instances,
            } => write!(
                f,
                "{labelled} of the callee's {instances} instances have them, each isolated, unhealthy or \
                 of weight 0 now"
            ),
            Self::CalleeWithoutInstances { obeyed_by } => f.write_str(match obeyed_by {
                Side::Caller => "the callee has no instance now",
                Side::Callee => "the callee has no instance now, so nobody obeys the rule",
            }),
            Self::TargetRepeated { earlier } => write!(
                f,
                "the same instances as targets[{earlier}]: their weights add up"
            ),
            Self::WeightNotAsNamed {
                text,
                named,
                shares,
            } => write_mismatch(f, *text, named, shares),
            Self::WeightsNotHundred { sum, shares } => write!(
                f,
                "the weights add up to {sum}: the shares are {}",
                listed(shares)
            ),
        }
    }
}

fn write_same_priority(
    f: &mut fmt::Formatter<'_>,
    other: &RuleKey,
    (first, second): (&RuleKey, &RuleKey),
    subject: Subject,
) -> fmt::Result {
    write!(f, "`{other}` has the same priority and is for the same ")?;
    match subject {
        Subject::Calls => write!(
            f,
            "calls: by their names `{first}` is tried before `{second}`"
        ),
        Subject::Services => write!(f, "services: by their names `{first}` applies"),
    }
}

fn write_unreachable(f: &mut fmt::Formatter<'_>, other: &RuleKey, subject: Subject) -> fmt::Result {
    match subject {
        Subject::Calls => write!(f, "`{other}` decides every call that this rule is for"),
        Subject::Services => write!(
            f,
            "`{other}` applies to every service that this rule is for"
        ),
    }
}

fn write_mismatch(
    f: &mut fmt::Formatter<'_>,
    text: NamingText,
    named: &[f64],
    shares: &[f64],
) -> fmt::Result {
    let text = match text {
        NamingText::Name => "the name",
        NamingText::Description => "the description",
    };
    match (named, shares) {
        ([named], [share]) => write!(f, "{text} says {named} %, the weights say {share:.1} %"),
        ([named], shares) => write!(
            f,
            "{text} says {named} %, which no target gets: the weights say {}",
            listed(shares)
        ),
        (named, shares) => write!(
            f,
            "{text} says {}, the weights say {}",
            listed(named),
            listed(shares)
        ),
    }
}

fn listed(percentages: &[f64]) -> String {
    let parts = percentages.iter().map(|one| {
        let rounded = format!("{one:.1}");
        format!("{} %", rounded.strip_suffix(".0").unwrap_or(&rounded))
    });
    parts.collect::<Vec<_>>().join(" / ")
}

impl WarningCode {
    /// The code as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BranchNeverMatches => "branch_never_matches",
            Self::BranchUnreachable => "branch_unreachable",
            Self::BranchShadowed => "branch_shadowed",
            Self::RegexMatchesEverything => "regex_matches_everything",
            Self::EqualPriority => "equal_priority",
            Self::RuleUnreachable => "rule_unreachable",
            Self::RuleNeverMatches => "rule_never_matches",
            Self::LimitNeverReached => "limit_never_reached",
            Self::TargetWithoutInstances => "target_without_instances",
            Self::TargetWithoutUsableInstances => "target_without_usable_instances",
            Self::CalleeWithoutInstances => "callee_without_instances",
            Self::TargetRepeated => "target_repeated",
            Self::WeightNotAsNamed => "weight_not_as_named",
            Self::WeightsNotHundred => "weights_not_hundred",
        }
    }
}

impl fmt::Display for WarningCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
