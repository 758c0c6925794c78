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
//! | instances prepared by rules, and which one a call gets | [`compile`], [`select`] |
//! | why it gets that one | [`explain`] |
//! | the rules of a service, and rules beside each other | [`index`], [`rule_set`] |
//! | what was probably not meant | [`mod@lint`] |
//! | what a rule is expected to do, and the instances to try it with | [`expectation`], [`fixture`] |
//! | what is not as expected, now or after a change | [`failed_test`] |

mod alias;
pub mod branch;
pub mod compile;
pub mod condition;
pub mod document;
pub mod expectation;
pub mod explain;
pub mod fact;
mod facts;
pub mod failed_test;
pub mod fixture;
mod group;
pub mod index;
pub mod lint;
pub mod matcher;
mod narrow;
pub mod nearby;
mod observe;
pub mod pattern;
pub mod rule;
pub mod rule_set;
pub mod select;
pub mod selector;
pub mod target;

pub use branch::{Branch, BranchDocument, Matches, MatchesDocument, WhenEmpty};
pub use compile::{Policy, Selection};
pub use condition::{Condition, ConditionDocument, Test, TestDocument};
pub use document::{Entries, parse};
pub use expectation::{ExpectDocument, Mismatch, RoutingTest, RoutingTestDocument, TestOutcome};
pub use explain::Explanation;
pub use fact::{Fact, FactDocument, FactKind};
pub use failed_test::FailedTest;
pub use fixture::TestInstanceDocument;
pub use group::{Candidate, Pool, Prepared, mix};
pub use index::{CalleeRule, RuleIndex};
pub use lint::{Concern, Surroundings, Warning, WarningCode, lint, lint_nearby};
pub use matcher::{Bounds, Matcher, Operator, Values};
pub use narrow::Narrowing;
pub use nearby::{Level, NearbyDocument, NearbyRule, NearbySpec};
pub use pattern::Pattern;
pub use rule::{Otherwise, RoutingRule, RoutingRuleDocument, RoutingRuleSpec, RuleKey, RuleName};
pub use rule_set::RuleSet;
pub use select::Unrouted;
pub use selector::{CalleeDocument, CalleeSelector, CallerDocument, CallerSelector, Selector};
pub use target::{LabelDocument, Labels, Target, TargetDocument};
