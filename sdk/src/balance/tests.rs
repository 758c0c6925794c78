//! Balancers through the states that applications pick from.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use fastrand::Rng;
use merak_model::{
    Call, Health, Instance, InstanceId, Location, Revision, ServiceKey, Stamp, Timestamp, Weight,
    call::Balancer,
    routing::{NearbyRule, RuleKey},
};
use merak_proto::v1;
use serde_json::json;
use tokio::time::Instant;

use super::{Moment, Traits};
use crate::{
    Outcome, Picked,
    state::{Known, Origin, Rules, ServiceState},
    testing,
};

const WINDOW: Duration = Duration::from_secs(60);

/// A service that changes as a test says.
struct Service {
    key: Arc<ServiceKey>,
    instances: BTreeMap<InstanceId, Arc<Instance>>,
    traits: Traits,
    nearby: Option<Arc<NearbyRule>>,
    state: ServiceState,
    moment: Moment,
    rng: Rng,
}

impl Service {
    /// A service with an instance of each weight, and metadata.
    fn new(weights: &[u64], metadata: &[(&str, &str)]) -> Self {
        let key = Arc::new(ServiceKey::parse("default", "pay").unwrap());
        let mut traits = Traits::default();
        let metadata = metadata
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()));
        let told = v1::ServiceTraits {
            metadata: metadata.collect(),
            ..v1::ServiceTraits::default()
        };
        traits.take(&key, told);
        let moment = Moment {
            now: Instant::now() + 2 * WINDOW,
            wall: Timestamp::from_unix_ms(1_767_350_527_250),
        };
        let mut service = Self {
            state: ServiceState::unknown(Arc::clone(&key)),
            key,
            instances: BTreeMap::new(),
            traits,
            nearby: None,
            moment,
            rng: Rng::with_seed(7),
        };
        for (number, weight) in (1..).zip(weights) {
            service.put(number, |one| {
                one.spec.weight = Weight::new(*weight).unwrap()
            });
        }
        service.publish();
        service
    }

    fn put(&mut self, number: u64, change: impl FnOnce(&mut Instance)) -> InstanceId {
        let mut instance = testing::instance(&self.key, number, 1);
        change(&mut instance);
        let id = instance.id.clone();
        self.instances.insert(id.clone(), Arc::new(instance));
        id
    }

    fn id(&self, number: u64) -> InstanceId {
        testing::instance(&self.key, number, 1).id
    }

    fn publish(&mut self) {
        let known = Known {
            instances: Arc::new(self.instances.clone()),
            traits: self.traits.clone(),
            rules: Rules {
                nearby: self.nearby.clone().into_iter().collect(),
                ..Rules::default()
            },
            ..Known::new(Arc::default())
        };
        let (revision, origin) = (Revision(1), Origin::ControlPlane);
        let next = ServiceState::new(Arc::clone(&self.key), revision, origin, known);
        self.state = next.succeeding(&self.state, self.moment);
    }

    fn pick(&mut self, call: &Call<'_>) -> Picked {
        let (draw, now) = (self.rng.u64(..), self.moment.now);
        self.state.pick(call, draw, || now).unwrap()
    }

    /// The ports of picks that end at once, counted.
    fn shares(&mut self, call: &Call<'_>, picks: usize) -> BTreeMap<u16, usize> {
        let mut shares = BTreeMap::new();
        for _ in 0..picks {
            *shares.entry(self.pick(call).spec.port.get()).or_default() += 1;
        }
        shares
    }

    /// The port that each of many keys goes to.
    fn owners(&mut self, balancer: Balancer) -> Vec<u16> {
        let keys = (0..20_000).map(|number| format!("user-{number}"));
        let owners = keys.map(|key| {
            let call = Call::to("pay").balanced_by(balancer).keyed_by(&key);
            self.pick(&call).spec.port.get()
        });
        owners.collect()
    }
}

fn by(balancer: Balancer) -> Call<'static> {
    Call::to("pay").balanced_by(balancer)
}

fn chi_square(shares: &BTreeMap<u16, usize>, weights: &[u64]) -> f64 {
    let picks: usize = shares.values().sum();
    let total: u64 = weights.iter().sum();
    let terms = (1..).zip(weights).map(|(port, weight)| {
        let expected = picks as f64 * *weight as f64 / total as f64;
        let got = shares.get(&port).copied().unwrap_or(0) as f64;
        (got - expected).powi(2) / expected
    });
    terms.sum()
}

#[test]
fn random_and_idle_least_request_honour_weights() {
    /// What chance exceeds once in a thousand times, with four degrees of freedom.
    const LIMIT: f64 = 18.47;
    let weights = [100, 200, 300, 50, 1000];
    let mut service = Service::new(&weights, &[]);
    for balancer in [Balancer::Random, Balancer::LeastRequest] {
        let shares = service.shares(&by(balancer), 50_000);
        let distance = chi_square(&shares, &weights);
        assert!(distance < LIMIT, "{balancer}: {distance} with {shares:?}");
    }
}

#[test]
fn round_robin_is_exact_over_any_whole_round() {
    for weights in [
        &[1, 1, 1, 1][..],
        &[500, 100, 100],
        &[7, 3, 11, 2, 1],
        &[100],
    ] {
        let divisor = if weights[0] == 500 { 100 } else { 1 };
        let divisor = if weights == [100] { 100 } else { divisor };
        let round: u64 = weights.iter().map(|weight| weight / divisor).sum();
        let mut service = Service::new(weights, &[("merak.balancer", "round_robin")]);
        service.shares(&Call::to("pay"), 5);
        for _ in 0..3 {
            let shares = service.shares(&Call::to("pay"), round as usize);
            for (port, weight) in (1..).zip(weights) {
                assert_eq!(shares[&port] as u64, weight / divisor, "of {weights:?}");
            }
        }
    }
}

#[test]
fn a_retry_takes_no_turn() {
    let mut service = Service::new(&[100; 2], &[]);
    let dead = [service.id(1)];
    let call = by(Balancer::RoundRobin);
    let mut failed = 0;
    for _ in 0..100 {
        if service.pick(&call).id == dead[0] {
            failed += 1;
            drop(service.pick(&call.clone().excluding(&dead)));
        }
    }
    assert_eq!(failed, 50);
}

#[test]
fn round_robin_is_smooth_within_a_round() {
    let weights = [5000, 1000, 997, 3, 250];
    let total: u64 = weights.iter().sum();
    let mut service = Service::new(&weights, &[]);
    let mut got = [0_u64; 5];
    for picks in 1..=total {
        let picked = service.pick(&by(Balancer::RoundRobin));
        got[usize::from(picked.spec.port.get()) - 1] += 1;
        for (got, weight) in got.iter().zip(weights) {
            let expected = picks as f64 * weight as f64 / total as f64;
            assert!((*got as f64 - expected).abs() < 4.0, "{got} of {expected}");
        }
    }
}

#[test]
fn least_request_passes_over_the_busy() {
    let mut service = Service::new(&[100; 2], &[("merak.balancer", "least_request")]);
    let busy = service.pick(&Call::to("pay"));
    let shares = service.shares(&Call::to("pay"), 2000);
    let got = shares.get(&busy.spec.port.get()).copied().unwrap_or(0);
    // Only where all three draws are of the busy one.
    assert!((150..350).contains(&got), "{shares:?}");
    drop(busy);
    let shares = service.shares(&Call::to("pay"), 2000);
    assert!(shares.values().all(|got| *got > 850), "{shares:?}");
}

#[test]
fn least_request_keeps_calls_under_way_in_proportion_to_weights() {
    let mut service = Service::new(&[100, 300, 200, 200], &[]);
    let kept: Vec<_> = (0..800)
        .map(|_| service.pick(&by(Balancer::LeastRequest)))
        .collect();
    for (number, expected) in [(1, 100), (2, 300), (3, 200), (4, 200)] {
        let usage = service.state.usage(&service.id(number)).unwrap();
        assert!(usage.active.abs_diff(expected) <= 6, "{number}: {usage:?}");
    }
    drop(kept);
    assert_eq!(service.state.usage(&service.id(1)).unwrap().active, 0);
}

#[test]
fn an_instance_that_leaves_moves_few_keys_of_the_others() {
    for (balancer, limit) in [(Balancer::RingHash, 0.02), (Balancer::Maglev, 0.03)] {
        let mut service = Service::new(&[100; 100], &[]);
        let before = service.owners(balancer);
        let left = service.id(50);
        service.instances.remove(&left);
        service.publish();
        let after = service.owners(balancer);
        let others = before
            .iter()
            .zip(&after)
            .filter(|(before, _)| **before != 50);
        let moved = others
            .clone()
            .filter(|(before, after)| before != after)
            .count();
        let share = moved as f64 / others.count() as f64;
        assert!(share <= limit, "{balancer}: {share}");
        service.put(50, |_| {});
        service.publish();
        assert_eq!(service.owners(balancer), before, "{balancer}: it came back");
    }
}

#[test]
fn a_ring_of_any_size_moves_no_key_of_the_others() {
    for count in [2, 64, 65, 82, 128, 129, 164, 256] {
        let mut service = Service::new(&vec![100; count], &[]);
        let before = service.owners(Balancer::RingHash);
        let left = service.id(1);
        service.instances.remove(&left);
        service.publish();
        let after = service.owners(Balancer::RingHash);
        let mut others = before
            .iter()
            .zip(&after)
            .filter(|(before, _)| **before != 1);
        assert!(others.all(|(before, after)| before == after), "of {count}");
    }
}

#[test]
fn keys_are_shared_out_by_weight() {
    let weights = [100, 200, 300, 400];
    for (balancer, limit) in [(Balancer::RingHash, 0.25), (Balancer::Maglev, 0.05)] {
        let mut service = Service::new(&weights, &[]);
        let owners = service.owners(balancer);
        for (port, weight) in (1..).zip(weights) {
            let got = owners.iter().filter(|owner| **owner == port).count() as f64;
            let expected = owners.len() as f64 * weight as f64 / 1000.0;
            assert!(
                (got / expected - 1.0).abs() < limit,
                "{balancer}: {got} of {expected}"
            );
        }
    }
}

#[test]
fn a_key_is_what_the_call_or_the_service_says() {
    let metadata = [
        ("merak.balancer", "maglev"),
        ("merak.hash_key", "header.x-user"),
    ];
    let mut service = Service::new(&[100; 50], &metadata);
    let call = Call::to("pay").header("X-User", "42");
    assert_eq!(service.shares(&call, 100).len(), 1);
    let explicit = Call::to("pay").header("x-user", "43").keyed_by("42");
    assert_eq!(service.shares(&explicit, 100), service.shares(&call, 100));
    let keyless = service.shares(&Call::to("pay"), 1000);
    assert!(keyless.len() > 40, "a call without a key is drawn");
}

#[test]
fn a_retry_goes_elsewhere_and_a_keyed_one_to_one_place() {
    for balancer in Balancer::ALL {
        let mut service = Service::new(&[100; 20], &[]);
        let call = by(balancer).keyed_by("42");
        let failed = [service.pick(&call).id.clone()];
        let retry = call.excluding(&failed);
        let first = service.pick(&retry).id.clone();
        for _ in 0..200 {
            let again = service.pick(&retry);
            assert!(!failed.contains(&again.id), "{balancer}");
            let is_keyed = matches!(balancer, Balancer::RingHash | Balancer::Maglev);
            assert!(!is_keyed || again.id == first, "{balancer}");
        }
        let all_but_one: Vec<_> = (2..=20).map(|number| service.id(number)).collect();
        let last = service.pick(&by(balancer).keyed_by("42").excluding(&all_but_one));
        assert_eq!(last.id, service.id(1), "{balancer}");
    }
}

#[test]
fn calls_from_elsewhere_are_keyed_and_shared_out_without_a_table() {
    let elsewhere = Location::parse("eu", "eu-1", "").unwrap();
    let near = json!({"callee": {"service": "*"}, "level": "zone"});
    let near = NearbyRule {
        key: RuleKey::parse("default", "near").unwrap(),
        spec: serde_json::from_value(near).unwrap(),
        stamp: Stamp::default(),
    };
    for balancer in [Balancer::RingHash, Balancer::Maglev] {
        let mut service = Service::new(&[], &[]);
        service.nearby = Some(Arc::new(near.clone()));
        for number in 1..=4 {
            service.put(number, |one| one.spec.location = elsewhere.clone());
        }
        service.put(5, |_| {});
        service.publish();
        let mut shares = BTreeMap::<_, usize>::new();
        for number in 0..4000 {
            let key = format!("user-{number}");
            let call = by(balancer).keyed_by(&key).located(&elsewhere);
            let port = service.pick(&call).spec.port.get();
            assert_eq!(service.pick(&call).spec.port.get(), port);
            *shares.entry(port).or_default() += 1;
        }
        assert!(shares.keys().eq(&[1, 2, 3, 4]), "{shares:?}");
        assert!(chi_square(&shares, &[100; 4]) < 16.27, "{shares:?}");
    }
}

#[test]
fn a_new_instance_gets_its_share_little_by_little() {
    for balancer in [
        Balancer::Random,
        Balancer::RoundRobin,
        Balancer::LeastRequest,
    ] {
        let metadata = [
            ("merak.slow_start_s", "60"),
            ("merak.balancer", balancer.as_str()),
        ];
        let mut service = Service::new(&[100; 9], &metadata);
        let shares = service.shares(&Call::to("pay"), 9000);
        assert!(
            shares.values().all(|got| (850..1150).contains(got)),
            "{shares:?}"
        );
        service.put(10, |_| {});
        service.publish();
        for (waited, weight) in [(0, 10), (15, 25), (15, 50), (30, 100)] {
            service.moment.now += Duration::from_secs(waited);
            let got = service.shares(&Call::to("pay"), 20_000)[&10] as f64;
            let expected = 20_000.0 * f64::from(weight) / f64::from(900 + weight);
            let ratio = got / expected;
            assert!(
                (0.85..1.15).contains(&ratio),
                "{balancer}, {weight} %: {ratio}"
            );
        }
    }
}

#[test]
fn a_client_that_starts_goes_by_when_instances_were_created() {
    let mut service = Service::new(&[], &[("merak.slow_start_s", "60")]);
    service.state = ServiceState::unknown(Arc::clone(&service.key));
    let wall = service.moment.wall;
    for (number, age_s) in [(1, 3600), (2, 30), (3, -3600)] {
        service.put(number, |one| {
            one.stamp.created_at = wall.plus_ms(-1000 * age_s)
        });
    }
    service.publish();
    let shares = service.shares(&Call::to("pay"), 16_000);
    // By 100, 50 and 10 %.
    for (port, expected) in [(1, 10_000_usize), (2, 5_000), (3, 1_000)] {
        assert!(
            shares[&port].abs_diff(expected) < expected / 8,
            "{shares:?}"
        );
    }
}

#[test]
fn an_instance_that_comes_back_to_health_starts_slowly() {
    let mut service = Service::new(&[100; 2], &[("merak.slow_start_s", "60")]);
    for health in [Health::Unhealthy, Health::Healthy] {
        service.moment.now += 2 * WINDOW;
        service.put(1, |one| one.health = health);
        service.publish();
    }
    let got = service.shares(&Call::to("pay"), 11_000)[&1];
    assert!((850..1150).contains(&got), "{got}");
}

#[test]
fn what_is_counted_outlives_an_update() {
    let mut service = Service::new(&[100], &[]);
    let id = service.id(1);
    let kept = service.pick(&Call::to("pay"));
    service.pick(&Call::to("pay")).report(Outcome::Failed);
    service.put(1, |one| one.spec.weight = Weight::new(7).unwrap());
    service.publish();
    service.pick(&Call::to("pay")).report(Outcome::Unreachable);
    let usage = service.state.usage(&id).unwrap();
    assert_eq!((usage.active, usage.failed, usage.unreachable), (1, 1, 1));
    kept.report(Outcome::Succeeded);
    let usage = service.state.usage(&id).unwrap();
    assert_eq!((usage.active, usage.succeeded), (0, 1));
}

#[test]
fn metadata_that_is_not_understood_leaves_the_default() {
    let metadata = [
        ("merak.balancer", "fastest"),
        ("merak.hash_key", "host"),
        ("merak.slow_start_s", "3601"),
    ];
    let mut service = Service::new(&[100; 2], &metadata);
    let key = Call::to("pay").keyed_by("42");
    assert_eq!(service.shares(&key, 100).len(), 2, "drawn at random");
    service.put(3, |_| {});
    service.publish();
    let shares = service.shares(&key, 3000);
    assert!(
        shares.values().all(|got| (850..1150).contains(got)),
        "{shares:?}"
    );
}

#[test]
fn a_warm_pick_allocates_nothing_whatever_the_balancer() {
    let mut service = Service::new(&[100; 50], &[("merak.slow_start_s", "60")]);
    service.put(51, |_| {});
    service.publish();
    for balancer in Balancer::ALL {
        for call in [by(balancer), by(balancer).keyed_by("42")] {
            drop(service.pick(&call));
            let used = allocation_counter::measure(|| {
                for _ in 0..100 {
                    service.pick(&call).report(Outcome::Succeeded);
                }
            });
            assert_eq!(used.count_total, 0, "{balancer}");
        }
    }
}
