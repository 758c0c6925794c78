//! What every rule says of a call, and on which counters it would be counted.

use std::{sync::Arc, time::Duration};

use merak_model::{
    Call,
    limiting::{Amount, Cause, Claim, Counter, Limits, Moment, foresee, rule::holds},
    routing::{Condition, Fact, RuleKey},
};

use super::{
    rules::{Prepared, Rules},
    table::Table,
};

/// What every rule of a service says of a call, and what would become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitExplanation {
    /// In the order in which they are looked at.
    pub rules: Vec<RuleStanding>,
    /// What would become of the call.
    pub verdict: Verdict,
}

/// What one rule says of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleStanding {
    /// Which one.
    pub rule: RuleKey,
    /// The first test that the call fails, and the value that it has; none if the rule matches.
    pub fails: Option<(Condition, Option<String>)>,
    /// The facts that tell counters apart, with the call's values; empty if all calls share a counter, or
    /// the rule does not match.
    pub counter: Vec<(Fact, String)>,
    /// What is left of each amount; empty if the rule does not match.
    pub amounts: Vec<AmountStanding>,
    /// Calls under way and how many may be, where that is limited.
    pub under_way: Option<(u32, u32)>,
}

/// What is left of an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AmountStanding {
    /// Calls in a window.
    pub amount: Amount,
    /// Calls that may come at once after a pause.
    pub burst: u32,
    /// Calls that may come at once now.
    pub left: u32,
    /// The time until as many may come as after a pause.
    pub full_in: Duration,
}

/// What would become of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It would go through.
    Permitted,
    /// It would wait so long for its turn.
    Waiting(Duration),
    /// A rule would reject it.
    Rejected {
        /// Which one.
        rule: RuleKey,
        /// The amount that is used up; none where too many calls are under way.
        amount: Option<Amount>,
        /// When the call would go through if no other came, if that is known.
        retry_after: Option<Duration>,
    },
}

pub(super) fn explain(
    rules: &Rules,
    call: &Call<'_>,
    table: &Table,
    now: Moment,
) -> LimitExplanation {
    let matching = rules.rules.iter();
    let matching: Vec<&Arc<Prepared>> = matching
        .filter(|rule| rule.rule.spec.matches(call))
        .collect();
    let held: Vec<_> = matching.iter().map(|rule| rule.find(call, table)).collect();
    // A call that would be the first with its values finds a counter that has counted nothing.
    let fresh: Vec<Counter> = matching.iter().map(|rule| rule.fresh()).collect();
    let counters = matching.iter().zip(&held).zip(&fresh);
    let claims: Vec<Claim<'_>> = counters
        .map(|((rule, held), fresh)| match held {
            Some(held) => held.entry().claim(),
            None => Claim {
                limits: rule.limits(),
                counter: fresh,
            },
        })
        .collect();
    let mut standing = claims.iter();
    let standings = rules.rules.iter().map(|rule| {
        let fails = first_failure(rule, call);
        let claim = fails.is_none().then(|| standing.next()).flatten();
        stand(rule, call, fails, claim, now)
    });
    LimitExplanation {
        rules: standings.collect(),
        verdict: verdict(&matching, &claims, now),
    }
}

fn verdict(matching: &[&Arc<Prepared>], claims: &[Claim<'_>], now: Moment) -> Verdict {
    match foresee(claims.iter().copied(), now) {
        Ok(Duration::ZERO) => Verdict::Permitted,
        Ok(wait) => Verdict::Waiting(wait),
        Err(refusal) => {
            let rule = &matching[refusal.claim].rule;
            let amount = match refusal.cause {
                Cause::Amount(index) => rule.spec.amounts().get(index).copied(),
                Cause::Concurrency => None,
            };
            Verdict::Rejected {
                rule: rule.key.clone(),
                amount,
                retry_after: refusal.retry_after,
            }
        }
    }
}

fn first_failure(rule: &Prepared, call: &Call<'_>) -> Option<(Condition, Option<String>)> {
    let mut conditions = rule.rule.spec.conditions().iter();
    let failed = conditions.find(|condition| !holds(condition, call))?;
    let value = call.find(&failed.fact).map(str::to_owned);
    Some((failed.clone(), value))
}

fn stand(
    rule: &Prepared,
    call: &Call<'_>,
    fails: Option<(Condition, Option<String>)>,
    claim: Option<&Claim<'_>>,
    now: Moment,
) -> RuleStanding {
    let facts = rule.facts().iter().filter(|_| claim.is_some());
    let counter = facts.map(|fact| {
        let value = call.find(fact).unwrap_or_default();
        (fact.clone(), value.to_owned())
    });
    let amounts = claim.map(|claim| amounts(claim.limits, claim.counter, now));
    let under_way = claim.and_then(|claim| {
        let calls = claim.counter.under_way()?.get();
        Some((calls, claim.limits.concurrency()?))
    });
    RuleStanding {
        rule: rule.rule.key.clone(),
        fails,
        counter: counter.collect(),
        amounts: amounts.unwrap_or_default(),
        under_way,
    }
}

fn amounts(limits: &Limits, counter: &Counter, now: Moment) -> Vec<AmountStanding> {
    let left = counter.left(limits, now);
    let standings = limits.amounts().zip(left);
    standings
        .map(|((amount, pace), left)| AmountStanding {
            amount,
            burst: pace.burst(),
            left: left.calls,
            full_in: left.full_in,
        })
        .collect()
}

/// The amounts that a call is counted on, and what is left of them.
pub(super) fn standing(
    rules: &Rules,
    call: &Call<'_>,
    table: &Table,
    now: Moment,
) -> Vec<(RuleKey, AmountStanding)> {
    let mut all = Vec::new();
    for rule in &rules.rules {
        if !rule.rule.spec.matches(call) {
            continue;
        }
        if let Some(held) = rule.find(call, table) {
            let claim = held.entry().claim();
            let amounts = amounts(claim.limits, claim.counter, now);
            let key = &rule.rule.key;
            all.extend(amounts.into_iter().map(|amount| (key.clone(), amount)));
        }
    }
    all
}
