//! Which of a target's instances may get a call: near enough, and healthy.

use std::sync::Arc;

use super::{Level, NearbySpec};
use crate::{Instance, InstanceId, Location, ProtectThreshold};

/// What instances are narrowed by.
#[derive(Clone, Copy)]
pub(super) struct Scope<'c> {
    pub(super) protect_threshold: ProtectThreshold,
    pub(super) nearby: Option<&'c NearbySpec>,
    /// Where the call comes from.
    pub(super) location: &'c Location,
}

/// The outcome: how far calls go, and whether they go to the unhealthy too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Narrowing {
    /// Instances that share it with the caller are near enough.
    pub level: Level,
    /// Unhealthy instances count too, because too few are healthy.
    pub is_protected: bool,
    /// At least one of those that are left is healthy.
    pub has_healthy: bool,
}

/// What is asked of the instances at a level for calls to stay there.
#[derive(Clone, Copy, PartialEq)]
enum Demand {
    /// More healthy ones than the rule's spill-over and the service's threshold.
    Enough,
    /// At least one that is healthy.
    Healthy,
    /// At least one.
    Any,
}

impl Narrowing {
    /// Whether an instance may get a call from `location`.
    pub(super) fn admits(self, instance: &Instance, location: &Location) -> bool {
        (self.is_protected || instance.health.is_healthy())
            && self.level.is_shared(&instance.spec.location, location)
    }
}

/// Narrows usable instances down, as far as one of them is left that is not excluded.
pub(super) fn narrow(
    members: &[Arc<Instance>],
    scope: Scope<'_>,
    excluded: &[InstanceId],
) -> Option<Narrowing> {
    levels(scope.nearby).find_map(|(level, demand)| {
        let narrowing = narrow_to(level, demand, members, scope)?;
        let is_admitted = |one: &&Arc<Instance>| narrowing.admits(one, scope.location);
        let admitted = members.iter().filter(is_admitted);
        left(admitted, excluded).map(|has_healthy| Narrowing {
            has_healthy,
            ..narrowing
        })
    })
}

/// Whether one of the instances that are left is healthy; none where none is left.
pub(super) fn left<'i>(
    instances: impl Iterator<Item = &'i Arc<Instance>>,
    excluded: &[InstanceId],
) -> Option<bool> {
    let mut is_one_left = None;
    for instance in instances.filter(|one| !excluded.contains(&one.id)) {
        if instance.health.is_healthy() {
            return Some(true);
        }
        is_one_left = Some(false);
    }
    is_one_left
}

fn narrow_to(
    level: Level,
    demand: Demand,
    members: &[Arc<Instance>],
    scope: Scope<'_>,
) -> Option<Narrowing> {
    let near = members
        .iter()
        .filter(|one| level.is_shared(&one.spec.location, scope.location));
    let (total, healthy) = near.fold((0_usize, 0_usize), |(total, healthy), one| {
        (total + 1, healthy + usize::from(one.health.is_healthy()))
    });
    let is_at_most = |share: f64| healthy as f64 <= share * total as f64;
    let is_protected = healthy < total && is_at_most(scope.protect_threshold.get());
    let spill_over = scope.nearby.map_or(0.0, NearbySpec::spill_over);
    let is_met = match demand {
        Demand::Enough => !is_protected && !is_at_most(spill_over),
        Demand::Healthy => healthy > 0,
        Demand::Any => total > 0,
    };
    is_met.then_some(Narrowing {
        level,
        is_protected,
        has_healthy: healthy > 0,
    })
}

/// The levels to try in turn.
fn levels(nearby: Option<&NearbySpec>) -> impl Iterator<Item = (Level, Demand)> {
    let (first, widest, is_strict) = match nearby {
        None => (Level::All, Level::All, false),
        Some(nearby) => (nearby.level(), nearby.max_level(), nearby.strict),
    };
    let is_final = is_strict || widest == Level::All;
    let within = std::iter::successors(Some(first), |level| level.wider())
        .take_while(move |level| *level <= widest)
        .map(move |level| match level {
            level if level < widest => (level, Demand::Enough),
            level if is_final => (level, Demand::Any),
            level => (level, Demand::Healthy),
        });
    within.chain((!is_final).then_some((Level::All, Demand::Any)))
}
