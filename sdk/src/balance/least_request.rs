//! Least request: the power of two choices.

use merak_model::routing::{Pool, mix};

use super::Slots;

/// Of two instances drawn by weight, the place of the one with fewer calls under way for its weight.
///
/// Instances that are equally busy share calls by weight, and a busy one is passed over without looking
/// at all of them.
pub(super) fn choose(pool: &Pool<'_, '_>, draw: u64, slots: &Slots) -> usize {
    let one = pool.draw(draw);
    let mut other = pool.draw(mix(draw));
    if other.place == one.place {
        other = pool.draw(mix(!draw));
    }
    let busy = |place| u64::from(slots.get(place).load.active());
    let weight = |instance: &merak_model::Instance| u64::from(instance.spec.weight.get());
    let is_other_less_busy =
        busy(other.place) * weight(one.instance) < busy(one.place) * weight(other.instance);
    if is_other_less_busy {
        other.place
    } else {
        one.place
    }
}
