//! What `docs/routing.md` shows is valid.

use merak_model::routing::{
    self, NearbyDocument, NearbySpec, RoutingRuleDocument, RoutingRuleSpec, RoutingTest,
    RoutingTestDocument,
};

const PAGE: &str = include_str!("../../../../docs/routing.md");

/// The examples in JSON, in their order.
fn examples() -> Vec<&'static str> {
    let blocks = PAGE.split("```json").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

#[test]
fn the_examples_are_valid() {
    let examples = examples();
    let [rule, nearby, test] = examples[..] else {
        panic!("{} examples", examples.len());
    };
    let json = serde_json::Deserializer::from_str;
    let rule: RoutingRuleDocument = routing::parse(&mut json(rule)).unwrap();
    assert_eq!(RoutingRuleSpec::parse(rule).unwrap().branches().len(), 2);
    let nearby: NearbyDocument = routing::parse(&mut json(nearby)).unwrap();
    assert_eq!(NearbySpec::parse(nearby).unwrap().spill_over(), 0.3);
    let test: RoutingTestDocument = routing::parse(&mut json(test)).unwrap();
    RoutingTest::parse(test).unwrap();
}
