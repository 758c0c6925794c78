//! Rendezvous hashing: a keyed choice without a table, for calls that no table is prepared for.

use merak_model::routing::{Candidate, Pool, mix};

use super::hash_of;

/// The place of the instance with the best score for a key: it looks at each instance once, and one that
/// leaves moves its own keys only.
#[cold]
pub(super) fn choose(pool: &Pool<'_, '_>, hash: u64) -> usize {
    let score = |one: &Candidate<'_>| {
        let bits = mix(hash ^ hash_of(one.instance)) >> 11;
        // Uniform between 0 and 1, ends excluded: an exponential draw with the weight as its rate.
        let uniform = (bits as f64 + 0.5) / (1_u64 << 53) as f64;
        f64::from(one.instance.spec.weight.get()) / -uniform.ln()
    };
    let scored = pool.iter().map(|one| (score(&one), one.place));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.expect("a pool has an instance").1
}
