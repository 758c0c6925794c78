//! Every described operation is served, and what is not described is refused as such.

use http::Method;
use serde_json::Value;

use crate::harness::TestApi;

#[tokio::test]
async fn every_described_operation_is_served() {
    let api = TestApi::new().await;
    api.drain.cancel(); // so that a watch ends
    let description: Value = serde_json::from_str(&merak_http::openapi()).unwrap();
    let mut served = 0;
    for (path, operations) in description["paths"].as_object().unwrap() {
        let filled = path.replace(['{', '}'], "");
        for method in operations.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = api.send(method.clone(), &filled, &[], Value::Null).await;
            let code = answer.json["code"].as_str().unwrap_or_default();
            let is_missing = ["no_such_path", "method_not_allowed"].contains(&code);
            assert!(!is_missing, "{method} {path}: {}", answer.text);
            served += 1;
        }
    }
    assert!(served >= 60, "{served} operations are described");
}

#[tokio::test]
async fn an_unknown_path_is_no_such_path() {
    let api = TestApi::new().await;
    for path in [
        "/",
        "/api/v1",
        "/api/v1/namespaces/",
        "/api/v2/namespaces",
        "/metrics/",
    ] {
        assert_eq!(
            api.get(path).await.problem(),
            (404, "no_such_path", ""),
            "{path}"
        );
    }
}

#[tokio::test]
async fn another_method_is_told_which_there_are() {
    let api = TestApi::new().await;
    for (method, path, allowed) in [
        (Method::POST, "/healthz", "GET,HEAD"),
        (Method::PATCH, "/api/v1/namespaces", "GET,HEAD,POST"),
        (Method::POST, "/api/v1/namespaces/a", "GET,HEAD,PUT,DELETE"),
    ] {
        let refused = api.send(method, path, &[], Value::Null).await;
        assert_eq!(refused.problem(), (405, "method_not_allowed", ""));
        let sorted = |list: &str| {
            let mut methods: Vec<String> =
                list.split(',').map(|one| one.trim().to_owned()).collect();
            methods.sort_unstable();
            methods
        };
        assert_eq!(sorted(refused.header("allow")), sorted(allowed), "{path}");
        assert_eq!(refused.header("content-type"), "application/problem+json");
    }
}
