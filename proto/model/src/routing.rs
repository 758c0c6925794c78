//! Traffic routing: rules, which instance a call gets by them, and why.
//!
//! A [`RoutingRule`] looks at a [`Call`](crate::Call) and narrows the callee's instances down to
//! weighted [`Target`]s; a [`NearbyRule`] prefers instances near the caller. Both are values that
//! were checked when they were parsed: a refused one names the exact place of the fault.
//!
//! | noun | module |
//! |---|---|
//! | a rule, its callers and its callee | [`rule`], [`selector`] |
//! | a branch, and where it sends calls | [`branch`], [`target`] |
//! | what is tested, and how | [`condition`], [`fact`], [`matcher`], [`pattern`] |
//! | a preference for near instances | [`nearby`] |

pub mod branch;
pub mod condition;
pub mod document;
pub mod fact;
pub mod matcher;
pub mod nearby;
pub mod pattern;
pub mod rule;
pub mod selector;
pub mod target;

pub use branch::{Branch, BranchDocument, Matches, MatchesDocument, WhenEmpty};
pub use condition::{Condition, ConditionDocument, Test, TestDocument};
pub use document::{Entries, parse};
pub use fact::{Fact, FactDocument, FactKind};
pub use matcher::{Bounds, Matcher, Operator, Values};
pub use nearby::{Level, NearbyDocument, NearbyRule, NearbySpec};
pub use pattern::Pattern;
pub use rule::{Otherwise, RoutingRule, RoutingRuleDocument, RoutingRuleSpec, RuleKey, RuleName};
pub use selector::{CalleeDocument, CalleeSelector, CallerDocument, CallerSelector, Selector};
pub use target::{LabelDocument, Labels, Target, TargetDocument};
