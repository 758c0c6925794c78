//! What global rules allow, by name, as their counters see it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use merak_model::{
    ServiceKey,
    limiting::{Amount, AmountMode, RateLimitRule, Scope, quota::Start},
    routing::RuleKey,
};
use parking_lot::RwLock;

/// The global rules by name.
#[derive(Debug, Default)]
pub(super) struct GlobalRules(RwLock<HashMap<RuleKey, Arc<GlobalRule>>>);

/// A global rule, over all its editions.
#[derive(Debug)]
pub(super) struct GlobalRule {
    /// Whether clients may hold what an earlier control plane granted.
    pub(super) start: Start,
    edition: AtomicU64,
    allows: RwLock<Option<Arc<Allowance>>>,
}

/// What a rule allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) amounts: Box<[Amount]>,
    pub(super) mode: AmountMode,
    callee: RateLimitRule,
}

impl GlobalRules {
    pub(super) fn find(&self, key: &RuleKey) -> Option<Arc<GlobalRule>> {
        self.0.read().get(key).cloned()
    }

    /// Takes what has become of a rule; none if it is gone.
    ///
    /// A rule that is new here begins as `start` says.
    pub(super) fn set(&self, key: &RuleKey, rule: Option<&RateLimitRule>, start: Start) {
        let allows = rule.and_then(Allowance::of).map(Arc::new);
        let mut rules = self.0.write();
        match (rules.get(key), allows) {
            (Some(known), None) => {
                known.edit(None);
                rules.remove(key);
            }
            (Some(known), allows) => known.edit(allows),
            (None, None) => {}
            (None, allows) => {
                let rule = GlobalRule {
                    start,
                    edition: AtomicU64::new(1),
                    allows: RwLock::new(allows),
                };
                rules.insert(key.clone(), Arc::new(rule));
            }
        }
    }
}

impl GlobalRule {
    /// Changes with what the rule allows.
    pub(super) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// What it allows; none if it is gone, or no longer global.
    pub(super) fn allows(&self) -> Option<Arc<Allowance>> {
        self.allows.read().clone()
    }

    fn edit(&self, allows: Option<Arc<Allowance>>) {
        let mut known = self.allows.write();
        if *known != allows {
            *known = allows;
            self.edition.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Allowance {
    fn of(rule: &RateLimitRule) -> Option<Self> {
        match rule.spec.scope() {
            Scope::Global { mode, .. } if rule.spec.enabled => Some(Self {
                amounts: rule.spec.amounts().into(),
                mode,
                callee: rule.clone(),
            }),
            Scope::Global { .. } | Scope::Local => None,
        }
    }

    /// Whether the rule is for calls to a service.
    pub(super) fn is_for(&self, callee: &ServiceKey) -> bool {
        self.callee.is_for(callee)
    }
}
