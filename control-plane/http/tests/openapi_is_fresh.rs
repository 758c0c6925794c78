//! The checked-in description of the API is what the handlers say.
//!
//! `UPDATE_GENERATED=1 cargo test -p merak-http --test openapi_is_fresh` writes it anew.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeSet, env, fs, path::Path};

use merak_model::{
    call::{CallDocument, FromDocument, LocationDocument, ToDocument},
    limiting::{
        AmountDocument, AmountMode, Failover, RateLimitRuleDocument, ResponseDocument, ScopeKind,
        WarmUpDocument,
    },
    routing::{
        BranchDocument, CalleeDocument, CallerDocument, ConditionDocument, ExpectDocument,
        FactDocument, FactKind, Level, MatchesDocument, NearbyDocument, Operator, Otherwise,
        RoutingRuleDocument, RoutingTestDocument, TargetDocument, TestDocument,
        TestInstanceDocument, WarningCode, WhenEmpty,
    },
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[test]
fn the_description_is_fresh() {
    let fresh = merak_http::openapi();
    let checked_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    #[expect(clippy::disallowed_methods, reason = "a switch of this test alone")]
    if env::var("UPDATE_GENERATED").is_ok() {
        fs::write(&checked_in, &fresh).unwrap();
    }
    let is_fresh = fs::read_to_string(&checked_in).is_ok_and(|found| found == fresh);
    assert!(is_fresh, "openapi.json is stale: run `make generate`");
}

#[test]
fn every_operation_is_described() {
    let description: Value = serde_json::from_str(&merak_http::openapi()).unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            let parameters = operation["parameters"].as_array();
            for parameter in parameters.into_iter().flatten() {
                let described = parameter["description"].is_string();
                assert!(described, "{name}: {} is not described", parameter["name"]);
            }
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{name}"
            );
            if path.starts_with("/api/") {
                let problem = &responses["400"]["content"]["application/problem+json"];
                assert!(problem.is_object(), "{name} has no problem");
            }
        }
    }
}

/// The fields of a type, or its variants, as it names them when it meets another.
fn names_of<T: DeserializeOwned>(unknown: Value) -> BTreeSet<String> {
    let refused = serde_json::from_value::<T>(unknown)
        .err()
        .unwrap()
        .to_string();
    let (_, expected) = refused.split_once("expected ").unwrap();
    let quoted = expected.split('`').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

#[test]
fn the_description_of_rules_is_what_the_model_reads() {
    let description: Value = serde_json::from_str(&merak_http::openapi()).unwrap();
    let schemas = &description["components"]["schemas"];
    let other = || json!({"?": 1});
    for (schema, fields) in [
        ("RoutingRuleSpec", names_of::<RoutingRuleDocument>(other())),
        ("NearbyRuleSpec", names_of::<NearbyDocument>(other())),
        ("CallerSelector", names_of::<CallerDocument>(other())),
        ("CalleeSelector", names_of::<CalleeDocument>(other())),
        ("Branch", names_of::<BranchDocument>(other())),
        ("Matches", names_of::<MatchesDocument>(other())),
        ("Condition", names_of::<ConditionDocument>(other())),
        ("Test", names_of::<TestDocument>(other())),
        ("Fact", names_of::<FactDocument>(other())),
        ("RoutingTest", names_of::<RoutingTestDocument>(other())),
        ("TestInstance", names_of::<TestInstanceDocument>(other())),
        ("RoutingExpectation", names_of::<ExpectDocument>(other())),
        ("CallRequest", names_of::<CallDocument>(other())),
        ("CallFrom", names_of::<FromDocument>(other())),
        ("CallTo", names_of::<ToDocument>(other())),
        ("Location", names_of::<LocationDocument>(other())),
        ("Target", names_of::<TargetDocument>(other())),
        (
            "RateLimitRuleSpec",
            names_of::<RateLimitRuleDocument>(other()),
        ),
        ("Amount", names_of::<AmountDocument>(other())),
        ("WarmUp", names_of::<WarmUpDocument>(other())),
        ("LimitResponse", names_of::<ResponseDocument>(other())),
    ] {
        let described = schemas[schema]["properties"].as_object().unwrap();
        let described: BTreeSet<String> = described.keys().cloned().collect();
        assert_eq!(described, fields, "{schema}");
    }
    for (schema, words) in [
        ("FactKind", names_of::<FactKind>(json!("?"))),
        ("Operator", names_of::<Operator>(json!("?"))),
        ("WhenEmpty", names_of::<WhenEmpty>(json!("?"))),
        ("Otherwise", names_of::<Otherwise>(json!("?"))),
        ("NearbyLevel", names_of::<Level>(json!("?"))),
        ("WarningCode", names_of::<WarningCode>(json!("?"))),
        ("LimitScope", names_of::<ScopeKind>(json!("?"))),
        ("AmountMode", names_of::<AmountMode>(json!("?"))),
        ("Failover", names_of::<Failover>(json!("?"))),
    ] {
        let described = schemas[schema]["enum"].as_array().unwrap().iter();
        let described = described.map(|word| word.as_str().unwrap().to_owned());
        assert_eq!(described.collect::<BTreeSet<_>>(), words, "{schema}");
    }
    let codes = schemas["WarningReason"]["oneOf"].as_array().unwrap().iter();
    let codes = codes.map(|one| {
        one["properties"]["code"]["enum"][0]
            .as_str()
            .unwrap()
            .to_owned()
    });
    assert_eq!(
        codes.collect::<BTreeSet<_>>(),
        names_of::<WarningCode>(json!("?"))
    );
}
