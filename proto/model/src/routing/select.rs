//! Which instance a call goes to.

use std::{fmt, sync::Arc};

use super::{
    Matches, Otherwise, RoutingRule, Selection, WhenEmpty,
    compile::{CompiledRule, GroupRef, Share},
    facts::{Facts, holds_all, holds_any},
    group::{Group, Pool, View, mix, scale},
    observe::Observer,
};
use crate::{Call, Instance};

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
    /// Targets of a branch.
    Targets(Targets<'s>),
    None(Unrouted<'s>),
}

/// The targets of one priority, of which at least one has an instance for the call.
pub(super) struct Targets<'s> {
    pub(super) rule: &'s RoutingRule,
    pub(super) branch: usize,
    pub(super) shares: &'s [Share],
    /// Which of them take part.
    pub(super) standard: Standard,
    /// The weights of those that take part.
    pub(super) weight: u64,
}

/// Which targets take part in a draw.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Standard {
    /// Those with a healthy instance.
    Healthy,
    /// Those with an instance: a list of suspects is better than none.
    Any,
}

/// A call as the selection sees it.
#[derive(Clone, Copy)]
pub(super) struct Situation<'c> {
    pub(super) facts: Facts<'c>,
    pub(super) view: View<'c>,
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
        self.route(call, draw)
            .map(|pool| pool.draw(mix(draw)).instance)
    }

    /// The instances that a call may go to, for a balancer to choose from: those of its target, which
    /// is drawn by weight; `draw` is 64 random bits, which must not choose the instance as well.
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
            Decision::Targets(targets) => Ok(self.draw_target(&targets, &situation, draw)),
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
        if let Some(targets) = self.choose_targets(compiled, index, situation, observer) {
            return Some(Then::Decided(Decision::Targets(targets)));
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

    /// The targets of the lowest priority that have a healthy instance; else those that have one at all.
    fn choose_targets<'s, O: Observer>(
        &'s self,
        compiled: &'s CompiledRule,
        branch: usize,
        situation: &Situation<'_>,
        observer: &mut O,
    ) -> Option<Targets<'s>> {
        let rule = &compiled.rule;
        let mut has_suspects = false;
        for shares in by_priority(&compiled.branches[branch]) {
            let mut weight = 0;
            for share in shares {
                let pool = self.pool(share, situation);
                observer.target(rule, branch, share, pool.as_ref());
                match pool {
                    Some(pool) if pool.has_healthy() => weight += share.weight,
                    Some(_) => has_suspects = true,
                    None => {}
                }
            }
            if weight > 0 {
                let standard = Standard::Healthy;
                return Some(Targets {
                    rule,
                    branch,
                    shares,
                    standard,
                    weight,
                });
            }
        }
        if !has_suspects {
            return None;
        }
        observer.suspects(rule, branch);
        by_priority(&compiled.branches[branch]).find_map(|shares| {
            let with_one = shares
                .iter()
                .filter(|one| self.pool(one, situation).is_some());
            let weight = with_one.map(|one| one.weight).sum();
            let standard = Standard::Any;
            (weight > 0).then_some(Targets {
                rule,
                branch,
                shares,
                standard,
                weight,
            })
        })
    }

    /// What a call may go to at a target that takes part in a draw.
    #[inline]
    pub(super) fn pool_of<'s, 'c>(
        &'s self,
        targets: &Targets<'_>,
        share: &Share,
        situation: &Situation<'c>,
    ) -> Option<Pool<'s, 'c>> {
        let pool = self.pool(share, situation);
        pool.filter(|pool| targets.standard == Standard::Any || pool.has_healthy())
    }

    /// What a call may go to at a target, if there is something.
    #[inline]
    fn pool<'s, 'c>(&'s self, share: &Share, situation: &Situation<'c>) -> Option<Pool<'s, 'c>> {
        let group = self.find_group(share, situation.facts)?;
        group.pool(&situation.view)
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

    #[inline]
    pub(super) fn draw_target<'s, 'c>(
        &'s self,
        targets: &Targets<'_>,
        situation: &Situation<'c>,
        draw: u64,
    ) -> Pool<'s, 'c> {
        let mut left = scale(draw, targets.weight);
        for share in targets.shares {
            let Some(pool) = self.pool_of(targets, share, situation) else {
                continue;
            };
            if left < share.weight {
                return pool;
            }
            left -= share.weight;
        }
        unreachable!("the weights of the targets that take part add up to more than the draw")
    }
}

fn by_priority(shares: &[Share]) -> impl Iterator<Item = &[Share]> {
    shares.chunk_by(|one, other| one.priority == other.priority)
}

/// What became of a branch that decides.
enum Then<'s, 'c> {
    Decided(Decision<'s, 'c>),
    /// Any instance of the callee.
    All,
}
