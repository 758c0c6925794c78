//! Trying rules out: what becomes of a sequence of equal calls, by a clock that is moved by hand.
//!
//! Local limits are counted by the very code that enforces them, on counters that have counted nothing.
//! Global limits are counted in whole windows that begin with the sequence, as the control plane grants them.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use super::{
    AmountMode, Claim, Counter, Left, Limits, Moment, RateLimitRule, Scope, admit, foresee,
    rule::holds,
};
use crate::{Call, routing::Condition};

/// Equal calls at an even pace, and who counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    /// How many, at least one.
    pub calls: u32,
    /// From the first call to the time of the one that would come after the last.
    pub over: Duration,
    /// How long each is under way after its turn.
    pub lasting: Duration,
    /// The instances of the service, at least one, which take calls in turns.
    pub instances: u32,
}

/// What became of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Of each call, in their order.
    pub calls: Vec<Fate>,
    /// What is left of the amounts of each rule, after the last call, to the instance that took it.
    pub left: Vec<Vec<Left>>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It went through, after so long a wait.
    Admitted(Duration),
    /// The rule at this place refused it.
    Rejected {
        rule: usize,
        /// The amount at this place of the rule; none where too many calls were under way.
        amount: Option<usize>,
        /// When it would have gone through if no other call came, if that is known.
        retry_after: Option<Duration>,
    },
}

/// A test of a rule, and what the call has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    pub condition: Condition,
    pub got: Option<String>,
    pub holds: bool,
}

/// Every test of a rule, whether or not an earlier one failed.
pub fn tests(rule: &RateLimitRule, call: &Call<'_>) -> Vec<Tested> {
    let conditions = rule.spec.conditions().iter();
    let tested = conditions.map(|condition| Tested {
        condition: condition.clone(),
        got: call.find(&condition.fact).map(str::to_owned),
        holds: holds(condition, call),
    });
    tested.collect()
}

/// Lets a sequence of calls go by rules, all of which match them, in the order of their precedence.
pub fn run(rules: &[&RateLimitRule], sequence: &Sequence) -> Trial {
    let mut counters = Counters::new(rules, sequence.instances);
    let calls = (0..sequence.calls).map(|number| {
        let at = sequence.time_of(number);
        counters.take(number % sequence.instances, at, sequence.lasting)
    });
    let calls = calls.collect();
    let last = sequence.calls.saturating_sub(1);
    let at = sequence.time_of(last);
    Trial {
        calls,
        left: counters.left(last % sequence.instances, at),
    }
}

impl Sequence {
    /// When a call comes.
    pub fn time_of(&self, number: u32) -> Duration {
        let nanos = self.over.as_nanos() * u128::from(number) / u128::from(self.calls.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// What the rules have counted.
struct Counters {
    rules: Vec<Counting>,
    /// Calls under way: when they end, and at which instance.
    ends: BinaryHeap<Reverse<(Duration, u32)>>,
}

/// Who counts by a rule.
enum Counting {
    /// Each instance by itself.
    Local(Limits, Vec<Counter>),
    Global(Vec<Window>),
}

/// A window of a global limit.
struct Window {
    max: u64,
    length: Duration,
    /// The number of the window that `used` is of.
    number: u128,
    used: u64,
}

impl Counters {
    fn new(rules: &[&RateLimitRule], instances: u32) -> Self {
        let counting = rules.iter().map(|rule| match rule.spec.scope() {
            Scope::Local => {
                let limits = Limits::compile(&rule.spec);
                let counters = (0..instances).map(|_| limits.counter()).collect();
                Counting::Local(limits, counters)
            }
            Scope::Global { mode, .. } => {
                let share = match mode {
                    AmountMode::Total => 1,
                    AmountMode::PerClient => u64::from(instances),
                };
                let amounts = rule.spec.amounts().iter();
                let windows = amounts.map(|amount| Window {
                    max: u64::from(amount.max()) * share,
                    length: amount.window(),
                    number: 0,
                    used: 0,
                });
                Counting::Global(windows.collect())
            }
        });
        Self {
            rules: counting.collect(),
            ends: BinaryHeap::new(),
        }
    }

    fn take(&mut self, instance: u32, at: Duration, lasting: Duration) -> Fate {
        self.end_until(at);
        let moment = Moment::after(at);
        let global = self.full_window(at);
        let local = foresee(self.claims(instance), moment).err();
        let local = local.map(|refusal| {
            let amount = match refusal.cause {
                super::Cause::Amount(amount) => Some(amount),
                super::Cause::Concurrency => None,
            };
            (self.local_rule(refusal.claim), amount, refusal.retry_after)
        });
        let refusals = [local, global].into_iter().flatten();
        if let Some((rule, amount, mut retry_after)) = refusals.clone().min_by_key(|one| one.0) {
            if retry_after.is_some() {
                retry_after = refusals.filter_map(|(.., retry_after)| retry_after).max();
            }
            return Fate::Rejected {
                rule,
                amount,
                retry_after,
            };
        }
        let wait =
            admit(self.claims(instance), moment).expect("it was foreseen, and nobody else counts");
        for windows in self.windows() {
            windows.used += 1;
        }
        self.ends.push(Reverse((at + wait + lasting, instance)));
        Fate::Admitted(wait)
    }

    /// The first global rule that refuses a call, its amount, and the time until its window is over.
    fn full_window(&mut self, at: Duration) -> Option<(usize, Option<usize>, Option<Duration>)> {
        let mut refusal: Option<(usize, Option<usize>, Option<Duration>)> = None;
        for (rule, counting) in self.rules.iter_mut().enumerate() {
            let Counting::Global(windows) = counting else {
                continue;
            };
            for (amount, window) in windows.iter_mut().enumerate() {
                if let Some(rest) = window.rest_if_full(at) {
                    let (first, amount, longest) = refusal.unwrap_or((rule, Some(amount), None));
                    refusal = Some((first, amount, longest.max(Some(rest))));
                }
            }
        }
        refusal
    }

    fn end_until(&mut self, at: Duration) {
        while let Some(&Reverse((end, instance))) = self.ends.peek()
            && end <= at
        {
            self.ends.pop();
            for claim in self.claims(instance) {
                if let Some(calls) = claim.counter.under_way() {
                    calls.end();
                }
            }
        }
    }

    fn claims(&self, instance: u32) -> impl Iterator<Item = Claim<'_>> + Clone {
        self.rules
            .iter()
            .filter_map(move |counting| match counting {
                Counting::Local(limits, counters) => Some(Claim {
                    limits,
                    counter: &counters[instance as usize],
                }),
                Counting::Global(_) => None,
            })
    }

    fn windows(&mut self) -> impl Iterator<Item = &mut Window> {
        let windows = self.rules.iter_mut().filter_map(|counting| match counting {
            Counting::Local(..) => None,
            Counting::Global(windows) => Some(windows),
        });
        windows.flatten()
    }

    /// The place among all rules of one among the local ones.
    fn local_rule(&self, local: usize) -> usize {
        let rules = self.rules.iter().enumerate();
        let mut locals = rules.filter(|(_, one)| matches!(one, Counting::Local(..)));
        let (rule, _) = locals
            .nth(local)
            .expect("a refusal names one of the claims");
        rule
    }

    fn left(&mut self, instance: u32, at: Duration) -> Vec<Vec<Left>> {
        let rules = self.rules.iter_mut().map(|counting| match counting {
            Counting::Local(limits, counters) => {
                let counter = &counters[instance as usize];
                counter.left(limits, Moment::after(at))
            }
            Counting::Global(windows) => windows.iter_mut().map(|window| window.left(at)).collect(),
        });
        rules.collect()
    }
}

impl Window {
    /// Enters the window of a time; the time until it is over.
    fn enter(&mut self, at: Duration) -> Duration {
        let (at, length) = (at.as_nanos(), self.length.as_nanos());
        let number = at / length;
        if number != self.number {
            (self.number, self.used) = (number, 0);
        }
        let rest = (number + 1) * length - at;
        Duration::from_nanos(u64::try_from(rest).unwrap_or(u64::MAX))
    }

    fn rest_if_full(&mut self, at: Duration) -> Option<Duration> {
        let rest = self.enter(at);
        (self.used >= self.max).then_some(rest)
    }

    fn left(&mut self, at: Duration) -> Left {
        let rest = self.enter(at);
        Left {
            calls: u32::try_from(self.max - self.used).unwrap_or(u32::MAX),
            full_in: if self.used == 0 { Duration::ZERO } else { rest },
        }
    }
}
