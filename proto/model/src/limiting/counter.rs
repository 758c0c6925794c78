//! What is counted for one combination of values, and how calls go through several counters at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::{
    Amount, Moment, Pace, RateLimitRuleSpec,
    bucket::{Bucket, Token, nanos},
    quota::{Denial, Till},
};

mod tills;

/// What a rule allows, prepared for counting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    paces: Box<[(Amount, Pace)]>,
    max_wait: u64,
    concurrency: Option<u32>,
    is_shared: bool,
}

/// What is counted of a rule for one combination of values. It takes no lock.
#[derive(Debug)]
pub struct Counter {
    buckets: Box<[Bucket]>,
    under_way: Option<Arc<UnderWay>>,
    /// In place of buckets, where the control plane counts.
    till: Option<Arc<Till>>,
}

/// What is left of an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Calls that would go through at once.
    pub calls: u32,
    /// The time until nothing is missing.
    pub full_in: Duration,
}

/// The calls that are under way.
#[derive(Debug, Default)]
pub struct UnderWay(AtomicU32);

/// A rule's limits and one of its counters, by which a call must go.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'c> {
    pub limits: &'c Limits,
    pub counter: &'c Counter,
}

/// Why a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The first of the claims that refuses it.
    pub claim: usize,
    pub cause: Cause,
    /// When it would go through if no other call came; nothing is known of calls under way.
    pub retry_after: Option<Duration>,
}

/// What of a rule refuses a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The amount at this place of the rule.
    Amount(usize),
    /// The calls under way.
    Concurrency,
}

impl Limits {
    /// Prepares the limits of a rule.
    pub fn compile(spec: &RateLimitRuleSpec) -> Self {
        let paces = spec.amounts().iter().map(|&amount| {
            let pace = Pace::of(amount, spec.burst(amount), spec.warm_up());
            (amount, pace)
        });
        Self {
            paces: paces.collect(),
            max_wait: nanos(spec.action().max_wait()),
            concurrency: spec.concurrency(),
            is_shared: false,
        }
    }

    /// The same limits, where the control plane counts: their counters are [`Counter::shared`].
    #[must_use]
    pub fn shared(self) -> Self {
        let is_shared = true;
        Self { is_shared, ..self }
    }

    /// Whether the control plane counts.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// A counter that has counted nothing.
    pub fn counter(&self) -> Counter {
        Counter {
            buckets: self.paces.iter().map(|_| Bucket::full()).collect(),
            under_way: self.concurrency.map(|_| Arc::default()),
            till: None,
        }
    }

    /// A counter that goes on from one of an earlier edition of the rule: what amounts of the same windows
    /// have counted is kept, and so are the calls under way.
    pub fn carry(&self, earlier: &Self, counter: &Counter, now: Moment) -> Counter {
        let counted = || earlier.paces.iter().zip(&counter.buckets);
        let buckets = self.paces.iter().map(|(amount, pace)| {
            let same = counted().find(|((old, _), _)| old.window() == amount.window());
            match same {
                Some(((_, old), bucket)) => bucket.carried(old, pace, now.nanos()),
                None => Bucket::full(),
            }
        });
        let under_way = self
            .concurrency
            .map(|_| counter.under_way.clone().unwrap_or_default());
        Counter {
            buckets: buckets.collect(),
            under_way,
            till: None,
        }
    }

    /// Calls under way at a time, if that is limited.
    pub fn concurrency(&self) -> Option<u32> {
        self.concurrency
    }

    /// The amounts, and how they are paced.
    pub fn amounts(&self) -> impl ExactSizeIterator<Item = (Amount, Pace)> {
        self.paces.iter().copied()
    }
}

impl Counter {
    /// One whose tokens the control plane grants.
    pub fn shared(till: Arc<Till>) -> Self {
        Self {
            buckets: Box::default(),
            under_way: None,
            till: Some(till),
        }
    }

    /// Where its tokens are, if the control plane grants them.
    pub fn till(&self) -> Option<&Arc<Till>> {
        self.till.as_ref()
    }

    /// What is left of each amount at a moment; of a limit that the control plane counts, what it had left of
    /// all amounts when it last answered.
    pub fn left(&self, limits: &Limits, now: Moment) -> Vec<Left> {
        if let Some(till) = &self.till {
            let (calls, full_in) = till.left(now);
            return vec![Left { calls, full_in }; limits.paces.len()];
        }
        let buckets = self.buckets.iter().zip(&limits.paces);
        let left = buckets.map(|(bucket, (_, pace))| Left {
            calls: bucket.left(pace, now.nanos()),
            full_in: Duration::from_nanos(bucket.full_in(now.nanos())),
        });
        left.collect()
    }

    /// The calls under way, where they are limited.
    pub fn under_way(&self) -> Option<&Arc<UnderWay>> {
        self.under_way.as_ref()
    }

    /// How long after a moment the counter will be as good as a new one, so that to forget it loses
    /// nothing; [`Duration::MAX`] while calls are under way.
    pub fn rest(&self, limits: &Limits, now: Moment) -> Duration {
        if self.under_way.as_ref().is_some_and(|calls| calls.get() > 0) {
            return Duration::MAX;
        }
        if let Some(till) = &self.till {
            return till.rest(now);
        }
        let buckets = self.buckets.iter().zip(&limits.paces);
        let rests = buckets.map(|(bucket, (_, pace))| bucket.rest(pace, now.nanos()));
        Duration::from_nanos(rests.max().unwrap_or(0))
    }
}

impl UnderWay {
    /// How many there are.
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    /// Ends one that [`admit`] let through.
    pub fn end(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }

    fn begin(&self, limit: u32) -> bool {
        let begun = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |calls| {
                (calls < limit).then_some(calls + 1)
            });
        begun.is_ok()
    }
}

/// Lets a call through all claims, or none: how long it has to wait for its turn, which is nothing unless
/// a rule queues.
///
/// A call that goes through is counted by each claim, and under way for each that limits that, until
/// [`UnderWay::end`]. A call that is refused is counted by none.
///
/// # Errors
/// When a claim refuses the call.
#[inline]
pub fn admit<'c, I>(claims: I, now: Moment) -> Result<Duration, Refusal>
where
    I: Iterator<Item = Claim<'c>> + Clone,
{
    begin(claims.clone())?;
    let taken = tills::spend(&claims, now).and_then(|spent| {
        let turn = take_turn(&claims, now.nanos());
        turn.inspect_err(|_| spent.give_back(&claims))
    });
    match taken {
        Ok(wait) => Ok(Duration::from_nanos(wait)),
        Err(refusal) => {
            end(claims);
            Err(refusal)
        }
    }
}

/// What [`admit`] would say, without counting anything.
///
/// # Errors
/// When a claim would refuse the call.
pub fn foresee<'c, I>(claims: I, now: Moment) -> Result<Duration, Refusal>
where
    I: Iterator<Item = Claim<'c>> + Clone,
{
    for (index, claim) in claims.clone().enumerate() {
        if let (Some(calls), Some(limit)) = (&claim.counter.under_way, claim.limits.concurrency)
            && calls.get() >= limit
        {
            return Err(Refusal::by_concurrency(index));
        }
        if let Some(till) = &claim.counter.till {
            let foreseen = till.foresee(now);
            foreseen.map_err(|denial| Refusal::by_till(index, claim.limits, denial))?;
        }
    }
    let turn = turn(&claims, now.nanos())?;
    Ok(Duration::from_nanos(turn - now.nanos()))
}

impl Refusal {
    #[cold]
    fn by_till(claim: usize, limits: &Limits, denial: Denial) -> Self {
        let mut by_window: Vec<usize> = (0..limits.paces.len()).collect();
        by_window.sort_by_key(|&index| limits.paces[index].0.window());
        let place = usize::try_from(denial.amount).unwrap_or(0);
        let amount = by_window.get(place).copied().unwrap_or(0);
        Self {
            claim,
            cause: Cause::Amount(amount),
            retry_after: Some(denial.retry_after),
        }
    }

    fn by_concurrency(claim: usize) -> Self {
        Self {
            claim,
            cause: Cause::Concurrency,
            retry_after: None,
        }
    }
}

/// Counts a call as under way for each claim, or for none.
fn begin<'c>(claims: impl Iterator<Item = Claim<'c>> + Clone) -> Result<(), Refusal> {
    for (index, claim) in claims.clone().enumerate() {
        if let (Some(calls), Some(limit)) = (&claim.counter.under_way, claim.limits.concurrency)
            && !calls.begin(limit)
        {
            end(claims.take(index));
            return Err(Refusal::by_concurrency(index));
        }
    }
    Ok(())
}

fn end<'c>(claims: impl Iterator<Item = Claim<'c>>) {
    let calls = claims.filter_map(|claim| claim.counter.under_way.as_ref());
    calls.for_each(|calls| calls.end());
}

/// An amount of a claim.
#[derive(Clone, Copy)]
struct Place<'c> {
    claim: usize,
    amount: usize,
    bucket: &'c Bucket,
    pace: &'c Pace,
    max_wait: u64,
}

#[inline]
fn places<'c, I>(claims: &I) -> impl Iterator<Item = Place<'c>> + use<'c, I>
where
    I: Iterator<Item = Claim<'c>> + Clone,
{
    claims.clone().enumerate().flat_map(|(claim, by)| {
        let buckets = by.counter.buckets.iter().zip(&by.limits.paces);
        let amounts = buckets.enumerate();
        amounts.map(move |(amount, (bucket, (_, pace)))| Place {
            claim,
            amount,
            bucket,
            pace,
            max_wait: by.limits.max_wait,
        })
    })
}

/// Takes the tokens of a call, each at the place that its amount gives it; when the last of them is there.
///
/// What an amount counts does not depend on the others: a call that has to wait for one of them holds up
/// nobody at the rest.
#[inline]
fn take_turn<'c, I>(claims: &I, now: u64) -> Result<u64, Refusal>
where
    I: Iterator<Item = Claim<'c>> + Clone,
{
    loop {
        turn(claims, now)?;
        if let Some(turn) = take_all(claims, now) {
            return Ok(turn - now);
        }
        // Another call took a token between the two: there is a later turn, or none.
    }
}

/// When a call would have a token of every amount, if it may wait for that.
#[inline]
fn turn<'c, I>(claims: &I, now: u64) -> Result<u64, Refusal>
where
    I: Iterator<Item = Claim<'c>> + Clone,
{
    let mut turn = now;
    let mut refused: Option<(Place<'c>, u64)> = None;
    for place in places(claims) {
        let earliest = place.bucket.earliest(place.pace, now);
        turn = turn.max(earliest);
        let too_long = (earliest - now).saturating_sub(place.max_wait);
        if too_long > 0 {
            let (first, longest) = refused.unwrap_or((place, 0));
            refused = Some((first, longest.max(too_long)));
        }
    }
    match refused {
        None => Ok(turn),
        Some((place, too_long)) => Err(Refusal {
            claim: place.claim,
            cause: Cause::Amount(place.amount),
            retry_after: Some(Duration::from_nanos(too_long)),
        }),
    }
}

/// As many tokens as are given back without memory of the heap.
const INLINE: usize = 8;

/// Takes a token of every amount, or of none; when the last of them is there.
#[inline]
fn take_all<'c, I>(claims: &I, now: u64) -> Option<u64>
where
    I: Iterator<Item = Claim<'c>> + Clone,
{
    let mut turn = now;
    let mut first = [Token::default(); INLINE];
    let mut more = Vec::new();
    for (index, place) in places(claims).enumerate() {
        let Ok(token) = place.bucket.take(place.pace, now, place.max_wait) else {
            let tokens = first.iter().chain(&more);
            let taken = places(claims).zip(tokens).take(index);
            taken.for_each(|(place, token)| place.bucket.give_back(*token));
            return None;
        };
        turn = turn.max(token.at);
        match first.get_mut(index) {
            Some(slot) => *slot = token,
            None => more.push(token),
        }
    }
    Some(turn)
}
