//! Who watches a decision being made.

use super::{Condition, Otherwise, RoutingRule, WhenEmpty, compile::Share, group::Pool};

/// Watches a decision step by step. Nobody watches the plain path: `()` does nothing, and the calls to
/// it are compiled away.
pub(super) trait Observer {
    /// Whether conditions are looked at that no longer matter for the outcome.
    const IS_THOROUGH: bool;

    /// A condition was looked at; those of a rule's caller and of a branch come before its own step.
    fn condition(&mut self, _condition: &Condition, _looked: Looked<'_>) {}

    /// A rule was looked at.
    fn rule(&mut self, _rule: &RoutingRule, _is_for_caller: bool) {}

    /// A branch was looked at.
    fn branch(&mut self, _rule: &RoutingRule, _index: usize, _takes: bool) {}

    /// A target of a branch was looked at.
    fn target(
        &mut self,
        _rule: &RoutingRule,
        _branch: usize,
        _share: &Share,
        _pool: Option<&Pool<'_, '_>>,
    ) {
    }

    /// No target of a branch has a healthy instance, and the unhealthy ones are taken.
    fn suspects(&mut self, _rule: &RoutingRule, _branch: usize) {}

    /// No target of a branch has an instance.
    fn is_empty(&mut self, _rule: &RoutingRule, _branch: usize, _then: WhenEmpty) {}

    /// No branch of a rule decided.
    fn otherwise(&mut self, _rule: &RoutingRule, _then: Otherwise) {}

    /// Every instance of the callee was looked at.
    fn all(&mut self, _pool: Option<&Pool<'_, '_>>) {}
}

/// What looking at a condition gave.
#[derive(Clone, Copy)]
pub(super) struct Looked<'c> {
    pub(super) got: Option<&'c str>,
    /// The other fact, where two facts of the call are compared.
    pub(super) other: Option<&'c str>,
    pub(super) holds: bool,
}

impl Observer for () {
    const IS_THOROUGH: bool = false;
}
