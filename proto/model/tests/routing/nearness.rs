//! Which instances a call can reach where a nearby rule applies.

use std::sync::Arc;

use merak_model::{
    Call, InstanceId,
    routing::{Policy, Selection},
};
use serde_json::{Value, json};

use crate::builders::{One, build, location, nearby, one, policy, reached};

fn places() -> Vec<One> {
    vec![
        one("a", "").at("eu/eu-1/x"),
        one("b", "").at("eu/eu-1/y"),
        one("c", "").at("eu/eu-2/x"),
        one("d", "").at("us/us-1/x"),
        one("e", ""),
    ]
}

/// What a caller in a place reaches, whether the selection was prepared for the place or not.
fn near(instances: &[One], rule: Value, place: &str) -> String {
    let rule = nearby(rule);
    let prepared = |place: &str| {
        let policy = Policy {
            nearby: Some(Arc::clone(&rule)),
            ..policy(vec![], place)
        };
        Selection::compile(&build(instances), policy)
    };
    let call = Call::to("order");
    let at_home = reached(&prepared(place), &call);
    let place = location(place);
    let elsewhere = reached(&prepared("eu/eu-2/x"), &call.located(&place));
    assert_eq!(at_home, elsewhere);
    at_home
}

#[test]
fn nearby_instances_come_first() {
    let at = |level: &str, place: &str| near(&places(), json!({"level": level}), place);
    assert_eq!(at("campus", "eu/eu-1/x"), "a");
    assert_eq!(at("zone", "eu/eu-1/x"), "a b");
    assert_eq!(at("region", "eu/eu-1/x"), "a b c");
    assert_eq!(at("all", "eu/eu-1/x"), "a b c d e");
    assert_eq!(
        at("campus", "eu/eu-1/z"),
        "a b",
        "no such campus, so the zone"
    );
    assert_eq!(at("zone", "us/us-2"), "d", "no such zone, so the region");
    assert_eq!(at("zone", "cn/cn-1"), "a b c d e", "no such region");
    assert_eq!(at("zone", ""), "a b c d e", "not known");
}

#[test]
fn a_zone_is_one_of_its_region() {
    let instances = [
        one("a", "").at("eu/1/x"),
        one("b", "").at("us/1/x"),
        one("c", "").at("/1/x"),
        one("d", "").at("eu/2/x"),
    ];
    for (level, reached) in [("campus", "a"), ("zone", "a"), ("region", "a d")] {
        assert_eq!(near(&instances, json!({"level": level}), "eu/1/x"), reached);
    }
    assert_eq!(near(&instances, json!({"level": "zone"}), "/1"), "c");
}

#[test]
fn a_strict_rule_stays_within_its_widest_level() {
    let rule = |level: &str| json!({"level": "zone", "max_level": level, "strict": true});
    assert_eq!(near(&places(), rule("zone"), "eu/eu-3"), "no instance");
    assert_eq!(near(&places(), rule("region"), "eu/eu-3"), "a b c");
    assert_eq!(near(&places(), rule("region"), "cn"), "no instance");
    assert_eq!(near(&places(), rule("region"), ""), "no instance");
    assert_eq!(near(&places(), rule("all"), ""), "a b c d e");
    let loose = json!({"level": "zone", "max_level": "region"});
    assert_eq!(near(&places(), loose, "cn"), "a b c d e");
}

#[test]
fn calls_spill_over_where_too_few_are_healthy() {
    let mut instances = places();
    instances[0].is_healthy = false;
    let rule = |share: f64| json!({"spill_over": share});
    assert_eq!(near(&instances, rule(0.4), "eu/eu-1"), "b");
    assert_eq!(
        near(&instances, rule(0.5), "eu/eu-1"),
        "b c",
        "half of the zone is healthy"
    );
    assert_eq!(
        near(&instances, rule(0.7), "eu/eu-1"),
        "b c d e",
        "two of three in the region"
    );
    assert_eq!(
        near(
            &instances,
            json!({"spill_over": 0.7, "max_level": "region"}),
            "eu/eu-1"
        ),
        "b c",
        "the widest level does while it has a healthy one"
    );
    for instance in &mut instances[1..4] {
        instance.is_healthy = false;
    }
    assert_eq!(near(&instances, rule(0.0), "eu/eu-1"), "e");
    instances[4].is_healthy = false;
    assert_eq!(
        near(&instances, rule(0.0), "eu/eu-1"),
        "a b c d e",
        "all are suspects"
    );
}

#[test]
fn a_retry_goes_to_a_wider_level_when_the_near_ones_are_excluded() {
    let policy = Policy {
        nearby: Some(nearby(json!({"level": "zone"}))),
        ..policy(vec![], "eu/eu-1")
    };
    let selection = Selection::compile(&build(&places()), policy);
    let excluded = ["a", "b"].map(|id| InstanceId::parse(id).unwrap());
    assert_eq!(
        reached(&selection, &Call::to("order").excluding(&excluded[..1])),
        "b"
    );
    assert_eq!(
        reached(&selection, &Call::to("order").excluding(&excluded)),
        "c"
    );
}
