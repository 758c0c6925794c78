//! What becomes of a call: it goes through, it waits, or it is rejected.

use std::{fmt, sync::Arc, time::Duration};

use merak_model::{
    Call,
    limiting::{Amount, Cause, Claim, Moment, Refusal, ResponseSpec, UnderWay},
    routing::RuleKey,
};

use super::{
    rules::{Held, Prepared, Rules},
    table::{Outdated, Table},
};

/// What becomes of a call.
#[derive(Debug)]
#[must_use]
pub enum Admission {
    /// It goes through now.
    Permitted(Permit),
    /// It has a turn, and goes through when it comes.
    Waiting(Wait),
    /// It does not go through.
    Rejected(Rejected),
}

/// Leave for one call. Hold it as long as the call lasts, where calls under way are limited.
#[derive(Debug, Default)]
#[must_use = "a call counts as ended when its permit is dropped"]
pub struct Permit {
    first: Option<Arc<UnderWay>>,
    more: Vec<Arc<UnderWay>>,
}

/// A turn that has not come yet.
#[derive(Debug)]
#[must_use = "the call is counted: wait for its turn"]
pub struct Wait {
    duration: Duration,
    permit: Permit,
}

/// Why a call does not go through, and what its caller is to be told.
#[derive(Clone)]
pub struct Rejected {
    rule: Arc<Prepared>,
    refusal: Refusal,
}

/// The rules that match a call, and the counters that it is counted on.
pub(super) struct Holding<'r> {
    first: [Option<Part<'r>>; INLINE],
    more: Vec<Part<'r>>,
}

type Part<'r> = (&'r Arc<Prepared>, Held<'r>);

/// Rules of a call that are held without memory of the heap.
const INLINE: usize = 4;

impl<'r> Holding<'r> {
    #[inline]
    pub(super) fn of(
        rules: &'r Rules,
        call: &Call<'_>,
        table: &Table,
        now: Moment,
    ) -> Result<Self, Outdated> {
        let mut holding = Self {
            first: [const { None }; INLINE],
            more: Vec::new(),
        };
        let mut count = 0;
        for rule in &rules.rules {
            if rule.rule.spec.matches(call) {
                let held = rule.hold(call, table, rules.edition, now)?;
                match holding.first.get_mut(count) {
                    Some(slot) => *slot = Some((rule, held)),
                    None => holding.more.push((rule, held)),
                }
                count += 1;
            }
        }
        Ok(holding)
    }

    #[inline]
    fn parts(&self) -> impl Iterator<Item = &Part<'r>> + Clone {
        self.first
            .iter()
            .map_while(Option::as_ref)
            .chain(&self.more)
    }

    #[inline]
    pub(super) fn claims(&self) -> impl Iterator<Item = Claim<'_>> + Clone {
        self.parts().map(|(_, held)| held.entry().claim())
    }

    #[inline]
    pub(super) fn admitted(&self, wait: Duration) -> Admission {
        let mut permit = Permit::default();
        for claim in self.claims() {
            if let Some(calls) = claim.counter.under_way() {
                permit.hold(Arc::clone(calls));
            }
        }
        if wait.is_zero() {
            return Admission::Permitted(permit);
        }
        Admission::Waiting(Wait {
            duration: wait,
            permit,
        })
    }

    pub(super) fn rejected(&self, refusal: Refusal) -> Admission {
        let mut parts = self.parts();
        let (rule, _) = parts
            .nth(refusal.claim)
            .expect("a refusal names one of the claims");
        Admission::Rejected(Rejected {
            rule: Arc::clone(rule),
            refusal,
        })
    }
}

impl Permit {
    fn hold(&mut self, calls: Arc<UnderWay>) {
        match self.first {
            None => self.first = Some(calls),
            Some(_) => self.more.push(calls),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let calls = self.first.iter().chain(&self.more);
        calls.for_each(|calls| calls.end());
    }
}

impl Wait {
    /// How long it is until the turn.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// The permit, to be used after [`Wait::duration`].
    pub fn into_permit(self) -> Permit {
        self.permit
    }

    /// Waits for the turn.
    pub async fn turn(self) -> Permit {
        tokio::time::sleep(self.duration).await;
        self.permit
    }
}

impl Rejected {
    /// The rule that rejects it: of several the one of the lowest priority, then the first by name.
    pub fn rule(&self) -> &RuleKey {
        &self.rule.rule.key
    }

    /// The amount of the rule that is used up; none where too many calls are under way.
    pub fn amount(&self) -> Option<Amount> {
        match self.refusal.cause {
            Cause::Amount(index) => self.rule.rule.spec.amounts().get(index).copied(),
            Cause::Concurrency => None,
        }
    }

    /// When the call would go through if no other came; not known where too many calls are under way.
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal.retry_after
    }

    /// What the rule wants the caller to be told.
    pub fn response(&self) -> &ResponseSpec {
        &self.rule.rule.spec.response
    }
}

/// ``rate limit `default/ten-a-user` allows 10 in 1000 ms: try again in 100 ms``
impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rate limit `{}` allows ", self.rule())?;
        match (self.amount(), self.rule.limits().concurrency()) {
            (Some(amount), _) => write!(f, "{amount}")?,
            (None, limit) => write!(f, "{} calls under way", limit.unwrap_or_default())?,
        }
        match self.retry_after() {
            Some(time) => write!(
                f,
                ": try again in {} ms",
                time.as_nanos().div_ceil(1_000_000)
            ),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rejected({self})")
    }
}

impl std::error::Error for Rejected {}
