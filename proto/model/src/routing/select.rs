//! Which instance a call goes to.

use std::{fmt, sync::Arc};

use super::{
    Condition, Fact, Matches, Otherwise, RoutingRule, Selection, Test, WhenEmpty,
    compile::{CompiledRule, GroupRef, Share},
    group::{Group, Pool, View, mix, scale},
    observe::{Looked, Observer},
};
use crate::{Call, Instance, call::Caller};

/// Why a call goes nowhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Unrouted<'s> {
    /// A rule refuses it: the branch whose targets have no instance, or its `otherwise`.
    Rejected {
        rule: &'s Arc<RoutingRule>,
        branch: Option<usize>,
    },
    /// No instance of the callee may get it.
    NoInstance,
}

/// `no instance`, or `rejected by shop/canary[1]`: the rule, and the index of the branch if one decided.
impl fmt::Display for Unrouted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInstance => f.write_str("no instance"),
            Self::Rejected { rule, branch } => {
                write!(f, "rejected by {}", rule.key)?;
                branch.map_or(Ok(()), |index| write!(f, "[{index}]"))
            }
        }
    }
}

/// What was decided: where the call may go, before anything is drawn.
pub(super) enum Decision<'s, 'c> {
    /// Every instance of the callee.
    All(Pool<'s, 'c>),
    /// The targets of one priority, of which at least one has an instance.
    Targets {
        rule: &'s CompiledRule,
        branch: usize,
        shares: &'s [Share],
        /// The weights of those that have one.
        weight: u64,
    },
    None(Unrouted<'s>),
}

/// A call as the selection sees it.
#[derive(Clone, Copy)]
pub(super) struct Situation<'c> {
    pub(super) facts: Facts<'c>,
    pub(super) view: View<'c>,
}

/// A call, and what is known of who calls.
#[derive(Clone, Copy)]
pub(super) struct Facts<'c> {
    call: &'c Call<'c>,
    /// Who calls, unless the call says otherwise.
    home: &'c Caller,
}

impl Selection {
    /// The instance that a call goes to, drawn by weight; `draw` is 64 random bits.
    ///
    /// # Errors
    /// When a rule rejects the call, or no instance may get it.
    #[inline]
    pub fn pick<'s>(
        &'s self,
        call: &Call<'_>,
        draw: u64,
    ) -> Result<&'s Arc<Instance>, Unrouted<'s>> {
        // The draw of a target must not decide over the draw of an instance.
        self.route(call, draw).map(|pool| pool.draw(mix(draw)))
    }

    /// The instances that a call may go to, for a balancer to choose from: those of its target, which
    /// is drawn by weight; `draw` is 64 random bits.
    ///
    /// # Errors
    /// When a rule rejects the call, or no instance may get it.
    pub fn route<'s, 'c>(
        &'s self,
        call: &'c Call<'_>,
        draw: u64,
    ) -> Result<Pool<'s, 'c>, Unrouted<'s>>
    where
        's: 'c,
    {
        let situation = self.situation(call);
        match self.decide(&situation, &mut ()) {
            Decision::All(pool) => Ok(pool),
            Decision::Targets { shares, weight, .. } => {
                Ok(self.draw_target(shares, weight, &situation, draw))
            }
            Decision::None(unrouted) => Err(unrouted),
        }
    }

    #[inline]
    pub(super) fn situation<'c>(&'c self, call: &'c Call<'_>) -> Situation<'c> {
        let home = &*self.policy.caller;
        let mut scope = self.policy.scope();
        let mut is_prepared = true;
        if scope.nearby.is_some()
            && let Some(location) = call.location()
        {
            is_prepared = *location == home.location;
            scope.location = location;
        }
        Situation {
            facts: Facts { call, home },
            view: View {
                scope,
                excluded: call.excluded(),
                is_prepared,
            },
        }
    }

    /// Goes through the rules. Picking and explaining both come here.
    #[inline]
    pub(super) fn decide<'s, 'c, O: Observer>(
        &'s self,
        situation: &Situation<'c>,
        observer: &mut O,
    ) -> Decision<'s, 'c> {
        for compiled in self.rules_of::<O>(situation.facts) {
            let rule = &compiled.rule;
            let is_for_caller = holds_all(&compiled.caller, situation.facts, observer);
            observer.rule(rule, is_for_caller);
            if !is_for_caller {
                continue;
            }
            for index in 0..compiled.branches.len() {
                match self.decide_branch(compiled, index, situation, observer) {
                    Some(Then::Decided(decision)) => return decision,
                    Some(Then::All) => return self.decide_all(situation, observer),
                    None => {}
                }
            }
            observer.otherwise(rule, rule.spec.otherwise);
            if rule.spec.otherwise == Otherwise::Reject {
                let branch = None;
                return Decision::None(Unrouted::Rejected { rule, branch });
            }
        }
        self.decide_all(situation, observer)
    }

    /// The rules to look at: with many callers, most of them are for others.
    #[inline]
    fn rules_of<O: Observer>(&self, facts: Facts<'_>) -> impl Iterator<Item = &CompiledRule> {
        let is_home = !O::IS_THOROUGH && facts.call.caller().is_none();
        let (all, home) = match is_home {
            false => (&self.rules[..], &[][..]),
            true => (&[][..], &self.home_rules[..]),
        };
        all.iter()
            .chain(home.iter().map(|index| &self.rules[*index]))
    }

    fn decide_all<'s, 'c, O: Observer>(
        &'s self,
        situation: &Situation<'c>,
        observer: &mut O,
    ) -> Decision<'s, 'c> {
        let pool = self.groups[0].pool(&situation.view);
        observer.all(pool.as_ref());
        match pool {
            Some(pool) => Decision::All(pool),
            None => Decision::None(Unrouted::NoInstance),
        }
    }

    fn decide_branch<'s, 'c, O: Observer>(
        &'s self,
        compiled: &'s CompiledRule,
        index: usize,
        situation: &Situation<'c>,
        observer: &mut O,
    ) -> Option<Then<'s, 'c>> {
        let rule = &compiled.rule;
        let branch = &rule.spec.branches()[index];
        let takes = match branch.matches() {
            Matches::Always => true,
            Matches::All(conditions) => holds_all(conditions, situation.facts, observer),
            Matches::Any(conditions) => holds_any(conditions, situation.facts, observer),
        };
        observer.branch(rule, index, takes);
        if !takes {
            return None;
        }
        let by_priority =
            compiled.branches[index].chunk_by(|one, other| one.priority == other.priority);
        for shares in by_priority {
            let mut weight = 0;
            for share in shares {
                let pool = self.pool(share, situation);
                observer.target(rule, index, share, pool.as_ref());
                weight += pool.map_or(0, |_| share.weight);
            }
            if weight > 0 {
                let rule = compiled;
                let branch = index;
                return Some(Then::Decided(Decision::Targets {
                    rule,
                    branch,
                    shares,
                    weight,
                }));
            }
        }
        observer.is_empty(rule, index, branch.when_empty);
        match branch.when_empty {
            WhenEmpty::NextBranch => None,
            WhenEmpty::AllInstances => Some(Then::All),
            WhenEmpty::Reject => {
                let branch = Some(index);
                Some(Then::Decided(Decision::None(Unrouted::Rejected {
                    rule,
                    branch,
                })))
            }
        }
    }

    /// What a call may go to at a target, if there is something.
    #[inline]
    pub(super) fn pool<'s, 'c>(
        &'s self,
        share: &Share,
        situation: &Situation<'c>,
    ) -> Option<Pool<'s, 'c>> {
        self.find_group(share, situation.facts)?
            .pool(&situation.view)
    }

    fn find_group(&self, share: &Share, facts: Facts<'_>) -> Option<&Group> {
        match share.group {
            GroupRef::Fixed(index) => Some(&self.groups[index]),
            GroupRef::Keyed(index) => {
                let index = self.keyed[index].find(|fact| facts.find(fact))?;
                Some(&self.groups[index])
            }
        }
    }

    pub(super) fn draw_target<'s, 'c>(
        &'s self,
        shares: &[Share],
        weight: u64,
        situation: &Situation<'c>,
        draw: u64,
    ) -> Pool<'s, 'c> {
        let mut left = scale(draw, weight);
        for share in shares {
            let Some(pool) = self.pool(share, situation) else {
                continue;
            };
            if left < share.weight {
                return pool;
            }
            left -= share.weight;
        }
        unreachable!(
            "the weights of the targets that have an instance add up to more than the draw"
        )
    }
}

/// What became of a branch that decides.
enum Then<'s, 'c> {
    Decided(Decision<'s, 'c>),
    /// Any instance of the callee.
    All,
}

impl<'c> Facts<'c> {
    /// A fact of the call, or of who calls.
    #[inline]
    pub(super) fn find(&self, fact: &Fact) -> Option<&'c str> {
        self.call.find(fact).or_else(|| match self.call.caller() {
            None => self.home.find(fact),
            Some(_) => None,
        })
    }

    #[inline]
    fn look(&self, condition: &Condition) -> Looked<'c> {
        let got = self.find(&condition.fact);
        match &condition.test {
            Test::Value(matcher) => Looked {
                got,
                other: None,
                holds: matcher.matches(got),
            },
            Test::SameAs(fact) => {
                let other = self.find(fact);
                let holds = got.is_some() && got == other;
                Looked { got, other, holds }
            }
        }
    }
}

#[inline]
fn holds_all<O: Observer>(conditions: &[Condition], facts: Facts<'_>, observer: &mut O) -> bool {
    let mut holds = true;
    for condition in conditions {
        let looked = facts.look(condition);
        observer.condition(condition, looked);
        holds &= looked.holds;
        if !holds && !O::IS_THOROUGH {
            break;
        }
    }
    holds
}

#[inline]
fn holds_any<O: Observer>(conditions: &[Condition], facts: Facts<'_>, observer: &mut O) -> bool {
    let mut holds = false;
    for condition in conditions {
        let looked = facts.look(condition);
        observer.condition(condition, looked);
        holds |= looked.holds;
        if holds && !O::IS_THOROUGH {
            break;
        }
    }
    holds
}
