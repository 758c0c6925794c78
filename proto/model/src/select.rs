//! Which instance a call goes to.
//!
//! [`Selection::compile`] does the work once, when a list of instances arrives; [`Selection::pick`]
//! then costs one draw per call, whatever the number of instances, and allocates nothing. An
//! instance is a candidate if it is not isolated, has a weight above 0 and is healthy; when the
//! share of healthy ones is at or below the service's protect threshold, unhealthy ones count too.

mod alias;

use std::sync::Arc;

use crate::{Instance, InstanceId, ProtectThreshold};
use alias::AliasTable;

/// A list of instances, prepared for picking.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    candidates: Vec<Arc<Instance>>,
    table: AliasTable,
    is_protected: bool,
}

impl Selection {
    /// Prepares the candidates among `instances`.
    pub fn compile<'i>(
        instances: impl IntoIterator<Item = &'i Arc<Instance>>,
        threshold: ProtectThreshold,
    ) -> Self {
        let usable: Vec<&Arc<Instance>> = instances
            .into_iter()
            .filter(|instance| can_serve(instance))
            .collect();
        let healthy = usable
            .iter()
            .filter(|instance| instance.health.is_healthy())
            .count();
        let is_protected = healthy < usable.len() && is_below(healthy, usable.len(), threshold);
        let candidates: Vec<Arc<Instance>> = usable
            .into_iter()
            .filter(|instance| is_protected || instance.health.is_healthy())
            .cloned()
            .collect();
        let weights = candidates.iter().map(|instance| instance.spec.weight.get());
        let table = AliasTable::new(&weights.collect::<Vec<_>>());
        Self {
            candidates,
            table,
            is_protected,
        }
    }

    /// Draws a candidate by weight; `draw` is 64 random bits.
    pub fn pick(&self, draw: u64) -> Option<&Arc<Instance>> {
        self.candidates.get(self.table.draw(draw)?)
    }

    /// Draws a candidate that is not in `excluded`.
    ///
    /// Falls back to a scan by weight when the first draw is an excluded one, which is the rare
    /// case of a retry.
    pub fn pick_excluding(&self, excluded: &[InstanceId], draw: u64) -> Option<&Arc<Instance>> {
        let first = self.pick(draw)?;
        if !excluded.contains(&first.id) {
            return Some(first);
        }
        let allowed = || {
            self.candidates
                .iter()
                .filter(|instance| !excluded.contains(&instance.id))
        };
        let total: u64 = allowed()
            .map(|instance| u64::from(instance.spec.weight.get()))
            .sum();
        let mut left = scale(mix(draw), total);
        allowed().find(|instance| {
            let weight = u64::from(instance.spec.weight.get());
            let is_drawn = left < weight;
            left = left.saturating_sub(weight);
            is_drawn
        })
    }

    /// The instances that a pick may return.
    pub fn candidates(&self) -> &[Arc<Instance>] {
        &self.candidates
    }

    /// Whether unhealthy instances are candidates because too few are healthy.
    pub fn is_protected(&self) -> bool {
        self.is_protected
    }
}

fn can_serve(instance: &Instance) -> bool {
    !instance.isolated && instance.spec.weight.get() > 0
}

fn is_below(healthy: usize, total: usize, threshold: ProtectThreshold) -> bool {
    healthy as f64 <= threshold.get() * total as f64
}

/// Maps 64 random bits onto `0..bound`.
fn scale(draw: u64, bound: u64) -> u64 {
    ((u128::from(draw) * u128::from(bound)) >> 64) as u64
}

/// Fresh bits from used ones (the finaliser of SplitMix64).
fn mix(draw: u64) -> u64 {
    let mut bits = draw.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Health, Host, InstanceSpec, Port, ServiceKey, Stamp, Weight};

    fn instance(number: usize, weight: u64, health: Health, isolated: bool) -> Arc<Instance> {
        let service = ServiceKey::parse("default", "pay").unwrap();
        let host = Host::parse(&format!("10.0.{}.{}", number / 250, number % 250 + 1)).unwrap();
        let port = Port::new(80).unwrap();
        let mut spec = InstanceSpec::new(host.clone(), port);
        spec.weight = Weight::new(weight).unwrap();
        let id = InstanceId::derived(&service, &host, port);
        let service = Arc::new(service);
        Arc::new(Instance {
            service,
            id,
            spec,
            registered: None,
            isolated,
            health,
            stamp: Stamp::default(),
        })
    }

    fn any_instances() -> impl Strategy<Value = Vec<Arc<Instance>>> {
        let one = (0_u64..=10_000, any::<bool>(), any::<bool>());
        proptest::collection::vec(one, 0..20).prop_map(|all| {
            let numbered = all.into_iter().enumerate();
            numbered
                .map(|(number, (weight, is_healthy, isolated))| {
                    let health = if is_healthy {
                        Health::Healthy
                    } else {
                        Health::Unhealthy
                    };
                    instance(number, weight, health, isolated)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn picks_only_candidates(
            instances in any_instances(), threshold in 0.0..=1.0_f64, draw: u64
        ) {
            let threshold = ProtectThreshold::new(threshold).unwrap();
            let selection = Selection::compile(&instances, threshold);
            let picked = selection.pick(draw);
            prop_assert_eq!(picked.is_none(), selection.candidates().is_empty());
            if let Some(picked) = picked {
                prop_assert!(instances.contains(picked));
                prop_assert!(!picked.isolated && picked.spec.weight.get() > 0);
                prop_assert!(picked.health.is_healthy() || selection.is_protected());
            }
        }

        #[test]
        fn never_picks_an_excluded_instance(instances in any_instances(), draw: u64, skip: usize) {
            let selection = Selection::compile(&instances, ProtectThreshold::default());
            let excluded: Vec<InstanceId> = selection.candidates().iter()
                .skip(skip % 20).map(|instance| instance.id.clone()).collect();
            let picked = selection.pick_excluding(&excluded, draw);
            let left = selection.candidates().len() - excluded.len();
            prop_assert_eq!(picked.is_some(), left > 0);
            prop_assert!(picked.is_none_or(|picked| !excluded.contains(&picked.id)));
        }
    }

    #[test]
    fn weights_are_honoured() {
        let instances: Vec<_> = [100, 300, 0, 600]
            .into_iter()
            .enumerate()
            .map(|(number, weight)| instance(number, weight, Health::Healthy, false))
            .collect();
        let selection = Selection::compile(&instances, ProtectThreshold::default());
        let mut counts = [0_u32; 4];
        let mut bits = 7_u64;
        for _ in 0..100_000 {
            bits = mix(bits);
            let picked = selection.pick(bits).unwrap();
            counts[instances.iter().position(|other| other == picked).unwrap()] += 1;
        }
        assert_eq!(counts[2], 0);
        // Chi-square with two degrees of freedom: 13.8 is exceeded by chance once in a thousand.
        let chi_square: f64 = [
            (counts[0], 10_000.0),
            (counts[1], 30_000.0),
            (counts[3], 60_000.0),
        ]
        .into_iter()
        .map(|(seen, expected)| (f64::from(seen) - expected).powi(2) / expected)
        .sum();
        assert!(chi_square < 13.8, "{counts:?} gives {chi_square}");
    }

    #[test]
    fn all_unhealthy_is_better_than_none() {
        let instances: Vec<_> = (0..3)
            .map(|number| instance(number, 100, Health::Unhealthy, number == 0))
            .collect();
        let selection = Selection::compile(&instances, ProtectThreshold::default());
        assert!(selection.is_protected());
        assert_eq!(
            selection.candidates(),
            &instances[1..],
            "an isolated one still stays out"
        );
    }

    #[test]
    fn half_unhealthy_is_believed_unless_the_threshold_says_otherwise() {
        let instances: Vec<_> = [Health::Healthy, Health::Unhealthy]
            .into_iter()
            .enumerate()
            .map(|(number, health)| instance(number, 100, health, false))
            .collect();
        let candidates = |threshold: f64| {
            let threshold = ProtectThreshold::new(threshold).unwrap();
            Selection::compile(&instances, threshold).candidates().len()
        };
        assert_eq!(candidates(0.0), 1);
        assert_eq!(candidates(0.5), 2);
    }
}
