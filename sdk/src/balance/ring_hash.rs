//! Ring hash: each instance owns the arcs before its points on a circle of hashes.

use std::sync::Arc;

use merak_model::{Instance, routing::mix};

use super::hash_of;

/// Points that an instance has on average, to twice as many, unless there are too many instances.
const POINTS_EACH: u64 = 128;
/// The most points of a ring, 8 bytes each and 4 for where to begin: 1.5 MiB.
const POINTS_LIMIT: u64 = 1 << 17;

/// Points on a circle, and whose they are.
#[derive(Debug)]
pub(super) struct Ring {
    /// Sorted.
    points: Box<[Point]>,
    /// The first point of each of equal stretches of the circle, as many as a power of two.
    starts: Box<[u32]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    /// The upper half of its hash.
    at: u32,
    /// The index of the instance that owns what lies before it.
    owner: u32,
}

impl Ring {
    /// Places instances by their ids, with points in proportion to their weights.
    pub(super) fn new(instances: &[Arc<Instance>]) -> Self {
        let weight = |one: &Arc<Instance>| u64::from(one.spec.weight.get());
        let scale = Scale::of(instances.iter().map(weight).sum(), instances.len() as u64);
        let mut points = Vec::new();
        for (owner, instance) in (0_u32..).zip(instances) {
            let seed = hash_of(instance);
            points.extend((0..scale.points(weight(instance))).map(|number| Point {
                at: place_of(mix(seed ^ mix(number))),
                owner,
            }));
        }
        points.sort_unstable();
        let stretches = points.len().next_power_of_two().max(2);
        let width = stretches.trailing_zeros();
        let mut next = 0;
        let starts = (0..stretches as u32).map(|stretch| {
            while points
                .get(next)
                .is_some_and(|point| point.at >> (32 - width) < stretch)
            {
                next += 1;
            }
            next as u32
        });
        Self {
            starts: starts.collect(),
            points: points.into(),
        }
    }

    /// The instances from a hash on around the circle, by their indexes; some of them more than once.
    #[inline]
    pub(super) fn owners(&self, hash: u64) -> impl Iterator<Item = usize> {
        let (place, width) = (place_of(hash), self.starts.len().trailing_zeros());
        let mut first = self.starts[(place >> (32 - width)) as usize] as usize;
        while self.points.get(first).is_some_and(|point| point.at < place) {
            first += 1;
        }
        let (before, after) = self.points.split_at(first);
        let around = after.iter().chain(before);
        around.map(|point| point.owner as usize)
    }
}

fn place_of(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// How many points a weight is, as a power of two: so the points of an instance stay when others come and
/// go, unless the mean weight passes from one power of two to another, or with very many the total does.
#[derive(Clone, Copy)]
struct Scale(i32);

impl Scale {
    fn of(total: u64, count: u64) -> Self {
        let mean = total / count.max(1);
        let wanted = POINTS_EACH.ilog2() as i32 - mean.max(1).ilog2() as i32;
        let most = POINTS_LIMIT.ilog2() as i32 - 1 - total.max(1).ilog2() as i32;
        Self(wanted.min(most))
    }

    fn points(self, weight: u64) -> u64 {
        let points = match self.0 {
            up @ 0.. => weight << up,
            down => weight >> down.unsigned_abs(),
        };
        points.max(1)
    }
}
