//! Rate limits: what a rule may say, and the arithmetic that enforces it.
//!
//! A [`RateLimitRule`] belongs to the service that it protects. Each call that it matches is counted on a
//! counter, one for each combination of the values that the rule tests; a call goes through when every
//! rule that matches it lets it. Rules are values that were checked when they were parsed: a refused one
//! names the exact place of the fault.
//!
//! | noun | module |
//! |---|---|
//! | a rule | [`rule`] |
//! | how many calls in how long, and how that starts | [`amount`] |
//! | who counts, and what becomes of a call too many | [`policy`], [`response`] |
//! | counting | [`bucket`], [`counter`] |
//! | sharing a global limit out | [`quota`] |
//! | trying rules out | [`trial`] |
//! | what was probably not meant | [`mod@lint`] |

pub mod amount;
pub mod bucket;
pub mod counter;
pub mod lint;
pub mod policy;
pub mod quota;
pub mod response;
pub mod rule;
pub mod trial;

pub use amount::{Amount, AmountDocument, WarmUp, WarmUpDocument};
pub use bucket::{Moment, Pace};
pub use counter::{Cause, Claim, Counter, Left, Limits, Refusal, UnderWay, admit, foresee};
pub use policy::{Action, ActionDocument, AmountMode, Failover, Scope, ScopeKind};
pub use response::{ResponseDocument, ResponseSpec};
pub use rule::{RateLimitRule, RateLimitRuleDocument, RateLimitRuleSpec};
