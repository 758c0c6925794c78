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
    members: Box<[Arc<Instance>]>,
    index: usize,
    /// How many of the members are candidates.
    candidates: usize,
    narrowing: Option<Narrowing>,
    table: AliasTable,
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

/// A pool that was prepared when the selection was compiled, and what balancers may keep state by.
#[derive(Debug, Clone, Copy)]
pub struct Prepared<'s> {
    /// Which one of the selection's pools it is: 0.. without gaps.
    pub index: usize,
    pub candidates: &'s [Arc<Instance>],
}

/// What to look at where a group is not prepared for a call.
#[derive(Clone, Copy)]
struct Scan<'c> {
    location: &'c Location,
    excluded: &'c [InstanceId],
}

/// Whether an instance can serve at all: an operator has not taken it out, and it has a weight.
pub(super) fn is_usable(instance: &Instance) -> bool {
    !instance.isolated && instance.spec.weight.get() > 0
}

impl Group {
    /// Prepares usable instances.
    pub(super) fn new(index: usize, members: Vec<Arc<Instance>>, scope: Scope<'_>) -> Self {
        let narrowing = narrow(&members, scope, &[]);
        let is_candidate = |one: &Arc<Instance>| {
            narrowing.is_some_and(|narrowing| narrowing.admits(one, scope.location))
        };
        let (mut first, rest): (Vec<_>, Vec<_>) = members.into_iter().partition(is_candidate);
        let candidates = first.len();
        let weights = first.iter().map(|one| one.spec.weight.get());
        let table = AliasTable::new(&weights.collect::<Vec<_>>());
        first.extend(rest);
        Self {
            members: first.into(),
            index,
            candidates,
            narrowing,
            table,
        }
    }

    /// The candidates of calls from the selection's own place that exclude nothing.
    pub(super) fn candidates(&self) -> &[Arc<Instance>] {
        &self.members[..self.candidates]
    }

    /// The candidates, for balancers.
    pub(super) fn prepared(&self) -> Prepared<'_> {
        Prepared {
            index: self.index,
            candidates: self.candidates(),
        }
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
        let narrowing = prepared.or_else(|| narrow(&self.members, view.scope, view.excluded));
        Some(Pool {
            group: self,
            narrowing: narrowing?,
            scan: Some(Scan {
                location: view.scope.location,
                excluded: view.excluded,
            }),
        })
    }
}

impl<'s, 'c> Pool<'s, 'c> {
    /// Draws an instance by weight; `draw` is 64 random bits.
    #[inline]
    pub fn draw(&self, draw: u64) -> &'s Arc<Instance> {
        let drawn = match self.scan {
            None => self
                .group
                .table
                .draw(draw)
                .map(|index| &self.group.members[index]),
            Some(_) => self.draw_scanned(draw),
        };
        drawn.expect("a pool has an instance")
    }

    #[cold]
    fn draw_scanned(&self, draw: u64) -> Option<&'s Arc<Instance>> {
        let mut left = scale(draw, self.weight());
        self.candidates().find(|one| {
            let weight = u64::from(one.spec.weight.get());
            let is_drawn = left < weight;
            left = left.saturating_sub(weight);
            is_drawn
        })
    }

    /// The instances.
    pub fn candidates(&self) -> impl Iterator<Item = &'s Arc<Instance>> + use<'s, 'c> {
        let Self {
            group,
            narrowing,
            scan,
        } = *self;
        let members = match scan {
            None => group.candidates(),
            Some(_) => &group.members,
        };
        members.iter().filter(move |one| {
            scan.is_none_or(|scan| {
                narrowing.admits(one, scan.location) && !scan.excluded.contains(&one.id)
            })
        })
    }

    /// The pool as it was prepared; none where the call excludes instances or comes from another place.
    pub fn prepared(&self) -> Option<Prepared<'s>> {
        match self.scan {
            None => Some(self.group.prepared()),
            Some(_) => None,
        }
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

/// Maps 64 random bits onto `0..bound`.
pub(super) fn scale(draw: u64, bound: u64) -> u64 {
    ((u128::from(draw) * u128::from(bound)) >> 64) as u64
}

/// Fresh bits from used ones (the finaliser of SplitMix64).
pub(super) fn mix(draw: u64) -> u64 {
    let mut bits = draw.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
