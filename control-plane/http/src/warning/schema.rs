//! The shape of warnings, for the description of the API; the model writes them.

#![expect(dead_code, reason = "describes what the model writes")]

use serde::Serialize;
use utoipa::ToSchema;

/// What was probably not meant, for programs: the code again, and what a sentence about it needs.
#[derive(Serialize, ToSchema)]
#[schema(as = WarningReason)]
#[serde(tag = "code", rename_all = "snake_case")]
pub(crate) enum Concern {
    /// No call can meet the conditions of a branch.
    BranchNeverMatches,
    /// An earlier branch decides every call that a branch would take.
    BranchUnreachable {
        /// Which branch of the rule, from 0.
        earlier: usize,
    },
    /// An earlier branch takes every call that a branch would take, which sees those only that the
    /// earlier one has no instance for.
    BranchShadowed {
        /// Which branch of the rule, from 0.
        earlier: usize,
    },
    /// A regular expression matches every value.
    RegexMatchesEverything,
    /// Two rules for the same calls or services have the same priority: their names decide.
    EqualPriority {
        /// The one that is not the rule itself.
        other: NamedRule,
        /// The one of the two that comes first by its name.
        first: NamedRule,
        second: NamedRule,
        subject: Subject,
    },
    /// An earlier rule decides everything that a rule is for.
    RuleUnreachable { other: NamedRule, subject: Subject },
    /// No call can meet the conditions of a rate limit rule.
    RuleNeverMatches,
    /// Another rate limit rule counts every call that a rule counts, and lets no more through.
    LimitNeverReached { other: NamedRule },
    /// No instance of the callee has the labels of a target now.
    TargetWithoutInstances {
        /// How many the callee has.
        instances: usize,
    },
    /// Instances of the callee have the labels of a target, and none of them can get a call now.
    TargetWithoutUsableInstances {
        /// How many have the labels.
        labelled: usize,
        /// How many the callee has.
        instances: usize,
    },
    /// The callee has no instance now.
    CalleeWithoutInstances { obeyed_by: Side },
    /// Two targets of a branch hold the same instances.
    TargetRepeated {
        /// Which target of the branch, from 0.
        earlier: usize,
    },
    /// The weights say another percentage than a name or the description.
    WeightNotAsNamed {
        text: NamingText,
        /// The percentages that the text names.
        named: Vec<f64>,
        /// What the weights come to, in percent: for each named percentage, or, where one is named that no
        /// target gets, for each target.
        shares: Vec<f64>,
    },
    /// The weights look like percentages and do not add up to 100.
    WeightsNotHundred {
        sum: u64,
        /// What the weights come to, in percent.
        shares: Vec<f64>,
    },
}

/// The full name of a rule that a warning names.
#[derive(Serialize, ToSchema)]
#[schema(as = WarningRule)]
pub(crate) struct NamedRule {
    namespace: String,
    name: String,
}

/// What the rules of a kind are for, each on its own.
#[derive(Serialize, ToSchema)]
#[schema(as = WarningSubject)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    Calls,
    Services,
}

/// Who obeys the rules of a kind.
#[derive(Serialize, ToSchema)]
#[schema(as = WarningSide)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    Caller,
    Callee,
}

/// A text that names percentages.
#[derive(Serialize, ToSchema)]
#[schema(as = WarningText)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NamingText {
    Name,
    Description,
}

/// The kinds of warnings; their names stay the same from release to release.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WarningCode {
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
