//! Maglev: a table of slots that instances take in turn, each by an order of its own.
//!
//! After Eisenbud and others, "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016),
//! section 3.4; weights as turns that an instance may take.

use std::sync::Arc;

use merak_model::{Instance, routing::mix};

use super::hash_of;

/// Sizes of tables, primes: as the paper, a hundred slots an instance keep shares within 1 %.
const SIZES: [u64; 2] = [65_537, 655_373];
const SLOTS_EACH: usize = 100;

/// A table of owners.
#[derive(Debug)]
pub(super) struct Maglev {
    owners: Box<[u32]>,
}

/// The order in which an instance wants slots.
struct Wish {
    next: u64,
    skip: u64,
    weight: u64,
    /// Turns saved up, in units of the largest weight.
    saved: u64,
}

impl Maglev {
    /// Shares the slots among instances by their weights.
    pub(super) fn new(instances: &[Arc<Instance>]) -> Self {
        let [small, large] = SIZES;
        let is_small = instances.len() * SLOTS_EACH <= small as usize;
        let size = if is_small { small } else { large };
        let wish = |instance: &Arc<Instance>| {
            let hash = hash_of(instance);
            Wish {
                next: hash % size,
                skip: mix(hash) % (size - 1) + 1,
                weight: u64::from(instance.spec.weight.get()),
                saved: 0,
            }
        };
        let mut wishes: Vec<Wish> = instances.iter().map(wish).collect();
        Self {
            owners: fill(&mut wishes, size as usize),
        }
    }

    /// The index of the instance that owns a hash.
    pub(super) fn owner(&self, hash: u64) -> usize {
        let size = self.owners.len() as u128;
        let slot = (u128::from(hash) * size) >> 64;
        self.owners[slot as usize] as usize
    }
}

fn fill(wishes: &mut [Wish], size: usize) -> Box<[u32]> {
    const FREE: u32 = u32::MAX;
    let mut owners = vec![FREE; size].into_boxed_slice();
    let largest = wishes.iter().map(|wish| wish.weight).max().unwrap_or(1);
    let mut free = if wishes.is_empty() { 0 } else { size };
    while free > 0 {
        for (owner, wish) in (0_u32..).zip(&mut *wishes) {
            wish.saved += wish.weight;
            if wish.saved < largest || free == 0 {
                continue;
            }
            wish.saved -= largest;
            while owners[wish.next as usize] != FREE {
                wish.next = (wish.next + wish.skip) % size as u64;
            }
            owners[wish.next as usize] = owner;
            free -= 1;
        }
    }
    owners
}
