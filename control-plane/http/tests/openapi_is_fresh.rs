//! The checked-in description of the API is what the handlers say.
//!
//! `UPDATE_GENERATED=1 cargo test -p merak-http --test openapi_is_fresh` writes it anew.

use std::{env, fs, path::Path};

use serde_json::Value;

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
