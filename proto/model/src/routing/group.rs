//! The instances of a target, prepared for a draw.

use std::sync::Arc;

use super::{
    alias::AliasTable,
    narrow::{Narrowing, Scope, left, narrow},
};
use crate::{Instance, InstanceId, Location};

/// The usable instances of a target (those that are not isolated and have a weight), of which those
/// come first that calls from the selection's own place may go to.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Its number in the selection.
    number: usize,
    members: Box<[Arc<Instance>]>,
    /// The place of each member among the selection's instances.
    places: Box<[u32]>,
    /// How many of the members are candidates.
    candidates: usize,
    narrowing: Option<Narrowing>,
    table: AliasTable,
}

/// An instance, and its place among the selection's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'c> {
    pub(super) place: u32,
    pub(super) instance: &'c Arc<Instance>,
}

/// How a call looks at groups.
#[derive(Clone, Copy)]
pub(super) struct View<'c> {
    pub(super) scope: Scope<'c>,
    pub(super) excluded: &'c [InstanceId],
    /// Whether groups are prepared for the place that the call comes from.
    pub(super) is_prepared: bool,
}

/// The instances that one call may go to, at least one; a draw by weight is the default way to choose.
#[derive(Clone, Copy)]
pub struct Pool<'s, 'c> {
    group: &'s Group,
    narrowing: Narrowing,
    scan: Option<Scan<'c>>,
}

/// An instance that a call may go to.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'s> {
    /// Its index in [`Selection::instances`](super::Selection::instances).
    pub place: usize,
    /// The instance.
    pub instance: &'s Arc<Instance>,
}

/// The instances that a target was prepared with, in the order of the selection; at least one.
#[derive(Debug, Clone, Copy)]
pub struct Prepared<'s> {
    group: &'s Group,
}

/// What to look at where a group is not prepared for a call.
#[derive(Clone, Copy)]
struct Scan<'c> {
    location: &'c Location,
    excluded: &'c [InstanceId],
    /// The call may go to what the group is prepared for, but for what it excludes.
    is_prepared: bool,
}

/// Whether an instance can serve at all: an operator has not taken it out, and it has a weight.
pub(super) fn is_usable(instance: &Instance) -> bool {
    !instance.isolated && instance.spec.weight.get() > 0
}

impl Group {
    /// Prepares usable instances.
    pub(super) fn new(number: usize, members: Vec<Member<'_>>, scope: Scope<'_>) -> Self {
        let usable: Vec<_> = members.iter().map(|one| Arc::clone(one.instance)).collect();
        let narrowing = narrow(&usable, scope, &[]);
        let is_candidate = |one: &Member<'_>| {
            narrowing.is_some_and(|narrowing| narrowing.admits(one.instance, scope.location))
        };
        let (mut first, rest): (Vec<_>, Vec<_>) = members.into_iter().partition(is_candidate);
        let candidates = first.len();
        let weights = first.iter().map(|one| one.instance.spec.weight.get());
        let table = AliasTable::new(&weights.collect::<Vec<_>>());
        first.extend(rest);
        Self {
            number,
            places: first.iter().map(|one| one.place).collect(),
            members: first
                .into_iter()
                .map(|one| Arc::clone(one.instance))
                .collect(),
            candidates,
            narrowing,
            table,
        }
    }

    /// The candidates of calls from the selection's own place that exclude nothing.
    pub(super) fn candidates(&self) -> &[Arc<Instance>] {
        &self.members[..self.candidates]
    }

    /// What the candidates were narrowed by, if there is one.
    pub(super) fn narrowing(&self) -> Option<Narrowing> {
        self.narrowing
    }

    /// What a call may go to, if there is something.
    #[inline]
    pub(super) fn pool<'s, 'c>(&'s self, view: &View<'c>) -> Option<Pool<'s, 'c>> {
        if view.is_prepared && view.excluded.is_empty() {
            return Some(Pool {
                group: self,
                narrowing: self.narrowing?,
                scan: None,
            });
        }
        self.scan(view)
    }

    /// Looks at every member: the rare case of a retry, or of a call from another place.
    #[cold]
    fn scan<'s, 'c>(&'s self, view: &View<'c>) -> Option<Pool<'s, 'c>> {
        let prepared = self.narrowing.filter(|_| view.is_prepared);
        let prepared = prepared.and_then(|narrowing| {
            let has_healthy = left(self.candidates().iter(), view.excluded)?;
            Some(Narrowing {
                has_healthy,
                ..narrowing
            })
        });
        let is_prepared = prepared.is_some();
        let narrowing = prepared.or_else(|| narrow(&self.members, view.scope, view.excluded));
        Some(Pool {
            group: self,
            narrowing: narrowing?,
            scan: Some(Scan {
                location: view.scope.location,
                excluded: view.excluded,
                is_prepared,
            }),
        })
    }

    fn candidate(&self, index: usize) -> Candidate<'_> {
        Candidate {
            place: self.places[index] as usize,
            instance: &self.members[index],
        }
    }
}

impl<'s, 'c> Pool<'s, 'c> {
    /// Draws an instance by weight; `draw` is 64 random bits.
    #[inline]
    pub fn draw(&self, draw: u64) -> Candidate<'s> {
        let drawn = match self.scan {
            None => self.prepared_draw(draw),
            Some(_) => self.draw_scanned(draw),
        };
        drawn.expect("a pool has an instance")
    }

    #[inline]
    fn prepared_draw(&self, draw: u64) -> Option<Candidate<'s>> {
        let index = self.group.table.draw(draw)?;
        Some(self.group.candidate(index))
    }

    #[cold]
    fn draw_scanned(&self, draw: u64) -> Option<Candidate<'s>> {
        let mut left = scale(draw, self.weight());
        self.iter().find(|one| {
            let weight = u64::from(one.instance.spec.weight.get());
            let is_drawn = left < weight;
            left = left.saturating_sub(weight);
            is_drawn
        })
    }

    /// The instances and their places.
    pub fn iter(&self) -> impl Iterator<Item = Candidate<'s>> + use<'s, 'c> {
        let Self { group, scan, .. } = *self;
        let count = match scan {
            None => group.candidates,
            Some(_) => group.members.len(),
        };
        let pool = *self;
        let all = (0..count).map(|index| group.candidate(index));
        all.filter(move |one| pool.admits(one.instance))
    }

    /// The instances.
    pub fn candidates(&self) -> impl Iterator<Item = &'s Arc<Instance>> + use<'s, 'c> {
        self.iter().map(|one| one.instance)
    }

    /// Whether the call may go to one of the instances that its target was prepared with.
    #[inline]
    pub fn admits(&self, instance: &Instance) -> bool {
        self.scan.is_none_or(|scan| {
            self.narrowing.admits(instance, scan.location) && !scan.excluded.contains(&instance.id)
        })
    }

    /// What the pool's target was prepared with, if the call may go to that: but for the instances that it
    /// excludes, which [`admits`](Self::admits) tells.
    ///
    /// None for a call from another place, and where all that was prepared is excluded.
    #[inline]
    pub fn prepared(&self) -> Option<Prepared<'s>> {
        let is_prepared = self.scan.is_none_or(|scan| scan.is_prepared);
        is_prepared.then_some(Prepared { group: self.group })
    }

    /// The number of the pool's target among the selection's different ones; 0 is all of the callee.
    #[inline]
    pub fn group(&self) -> usize {
        self.group.number
    }

    /// The sum of the instances' weights.
    pub fn weight(&self) -> u64 {
        let weights = self
            .candidates()
            .map(|one| u64::from(one.spec.weight.get()));
        weights.sum()
    }

    /// Whether at least one of the instances is healthy; else all of them are suspects.
    #[inline]
    pub fn has_healthy(&self) -> bool {
        self.narrowing.has_healthy
    }

    /// How near the instances are, and whether unhealthy ones count.
    pub fn narrowing(&self) -> Narrowing {
        self.narrowing
    }
}

impl<'s> Prepared<'s> {
    /// One of the instances.
    ///
    /// # Panics
    /// When there are not as many.
    #[inline]
    pub fn candidate(&self, index: usize) -> Candidate<'s> {
        self.group.candidate(index)
    }

    /// All of them.
    pub fn instances(&self) -> &'s [Arc<Instance>] {
        self.group.candidates()
    }
}

/// Maps 64 random bits onto `0..bound`.
pub(super) fn scale(draw: u64, bound: u64) -> u64 {
    ((u128::from(draw) * u128::from(bound)) >> 64) as u64
}

/// Fresh bits from used ones (the finaliser of SplitMix64).
pub fn mix(draw: u64) -> u64 {
    let mut bits = draw.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
