//! Smooth weighted round robin, without a lock.
//!
//! Each instance owns as many of `total` numbers as its weight says, side by side. The turns walk over all
//! numbers in steps of about 0.618 of the total, which has no divisor in common with the step: any `total`
//! turns in a row visit each number once, so shares are exact; and as every stretch of numbers is visited
//! evenly in between, an instance is not chosen in bursts.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use merak_model::Instance;

/// Whose turn it is.
#[derive(Debug)]
pub(super) struct Turns {
    /// The end of the numbers of each instance.
    ends: Box<[u64]>,
    total: u64,
    step: u64,
    turn: AtomicU64,
}

impl Turns {
    /// Prepares turns from anywhere, so that clients that start together do not go together.
    pub(super) fn new(instances: &[Arc<Instance>], start: u64) -> Self {
        let weights = instances.iter().map(|one| u64::from(one.spec.weight.get()));
        let divisor = weights.clone().fold(0, greatest_divisor).max(1);
        let ends = weights.scan(0, |end, weight| {
            *end += weight / divisor;
            Some(*end)
        });
        let ends: Box<[u64]> = ends.collect();
        let total = ends.last().copied().unwrap_or(0).max(1);
        Self {
            ends,
            total,
            step: step_of(total),
            turn: AtomicU64::new(start % total),
        }
    }

    /// The index of the instance whose turn it is.
    pub(super) fn next(&self) -> usize {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.total;
        // At most 10,000 numbers an instance: no overflow below 429,496 instances of the largest weight.
        let number = match turn.checked_mul(self.step) {
            Some(product) => product % self.total,
            None => (u128::from(turn) * u128::from(self.step) % u128::from(self.total)) as u64,
        };
        if self.total == self.ends.len() as u64 {
            return number as usize;
        }
        self.ends.partition_point(|end| *end <= number)
    }
}

/// A step near the golden ratio that reaches every number.
fn step_of(total: u64) -> u64 {
    const GOLDEN_RATIO: f64 = 0.618_033_988_749_894_9;
    let golden = (total as f64 * GOLDEN_RATIO) as u64;
    let mut steps = golden.max(1)..;
    steps
        .find(|step| greatest_divisor(*step, total) == 1)
        .unwrap_or(1)
}

fn greatest_divisor(one: u64, other: u64) -> u64 {
    match other {
        0 => one,
        _ => greatest_divisor(other, one % other),
    }
}
