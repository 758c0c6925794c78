//! `merak test`: rules and what is expected of them, in files and beside a running control plane.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{fs, path::Path};

use serde_json::{Value, json};
use support::{Server, merak, soon};

const RULE: &str = "\
kind: RoutingRule
metadata: {namespace: shop, name: canary}
spec:
  priority: 10
  callee: {service: order}
  branches:
    - name: vip
      matches: {all: [{on: header, key: x-user, op: in, values: ['42', '43']}]}
      targets: [{labels: {version: v2}}]
    - name: rest
      targets: [{labels: {version: v1}, weight: 70}, {labels: {version: v2}, weight: 30}]
  otherwise: fall_through
";

const TESTS: &str = "\
kind: RoutingTest
metadata: {namespace: shop, name: vip-goes-to-v2}
spec:
  request: {to: {namespace: shop, service: order}, headers: {x-user: '42'}}
  expect: {decided_by: 'shop/canary[0]', labels: {version: v2}}
---
kind: RoutingTest
metadata: {namespace: shop, name: others-stay}
spec:
  description: nobody else sees v2
  request: {to: {namespace: shop, service: order}, headers: {x-user: '7'}}
  expect: {labels: {version: v1}}
";

/// Runs `merak test` and gives its exit code and what it printed.
async fn test(directory: &Path, arguments: &[&str]) -> (i32, String) {
    let output = merak(directory, &[&["test"], arguments].concat()).output();
    let output = soon(output).await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(printed).unwrap(),
    )
}

fn files() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("rule.yaml"), RULE).unwrap();
    fs::write(directory.path().join("tests.yaml"), TESTS).unwrap();
    directory
}

#[tokio::test]
async fn a_failed_test_says_what_happened_instead() {
    let directory = files();
    let (code, printed) = test(directory.path(), &["-f", "rule.yaml", "tests.yaml"]).await;
    let expected = "\
pass  RoutingTest shop/vip-goes-to-v2
FAIL  RoutingTest shop/others-stay: nobody else sees v2 (tests.yaml:9)
      expect.labels[\"version\"]: wanted v1, got v2 at instance test-2
        → routed, by shop/canary[1]
            test-3:80  test-3  v1  70.0 %
            test-2:80  test-2  v2  30.0 %

        ✓ rule shop/canary, priority 10: for this caller
          ✗ branch [0] \"vip\" does not take the call, all of:
              ✗ header.x-user in 42, 43: it is \"7\"
          ✓ branch [1] \"rest\" takes the call
            ✓ target [0]: version=v1, weight 70, priority 0: 1 of 1 instances may get it
            ✓ target [1]: version=v2, weight 30, priority 0: 1 of 1 instances may get it
1 passed, 1 failed
";
    assert_eq!((code, &*printed), (1, expected));

    let arguments = ["-f", "rule.yaml", "-f", "tests.yaml", "--output", "json"];
    let (code, printed) = test(directory.path(), &arguments).await;
    let found: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (code, &found["passed_count"], &found["failed_count"]),
        (1, &json!(1), &json!(1))
    );
    let failed = &found["documents"][2]["tests"][0];
    assert_eq!(
        (&failed["passed"], &failed["line"]),
        (&json!(false), &json!(9))
    );
    assert_eq!(failed["explanation"]["decided_by"], "shop/canary[1]");
}

#[tokio::test]
async fn tests_that_pass_and_documents_that_are_wrong_are_told_by_the_exit_code() {
    let directory = files();
    let passing = TESTS.replace("{labels: {version: v1}}", "{verdict: routed}");
    fs::write(directory.path().join("tests.yaml"), passing).unwrap();
    let arguments = ["-f", "rule.yaml", "-f", "tests.yaml"];
    let (code, printed) = test(directory.path(), &arguments).await;
    assert_eq!(code, 0);
    assert!(printed.ends_with("2 passed, 0 failed\n"), "{printed}");
    fs::write(
        directory.path().join("rule.yaml"),
        RULE.replace("vip", "rest"),
    )
    .unwrap();
    let (code, printed) = test(directory.path(), &arguments).await;
    assert_eq!(code, 1);
    assert!(printed.contains("rule.yaml:10: error: "), "{printed}");
    assert!(
        printed.ends_with("1 passed, 1 failed, 1 error\n"),
        "{printed}"
    );
    for (arguments, part) in [
        (&["rule.yaml"][..], "unexpected argument"),
        (&["-f", "none.yaml"], "none.yaml"),
    ] {
        let (code, printed) = test(directory.path(), arguments).await;
        assert_eq!(code, 2);
        assert!(printed.contains(part), "{printed}");
    }
    fs::write(directory.path().join("rule.yaml"), RULE).unwrap();
    let (code, printed) = test(directory.path(), &["-f", "rule.yaml"]).await;
    assert_eq!(code, 2);
    assert!(printed.contains("there is no test"), "{printed}");
}

#[tokio::test]
async fn live_rules_are_tried_where_the_files_have_none() {
    let directory = files();
    let server = Server::start(directory.path()).await;
    let live = json!({
        "name": "canary", "callee": {"service": "order"}, "otherwise": "reject",
        "branches": [{"targets": [{"labels": {"version": "v1"}}]}],
    });
    let rules = "/api/v1/namespaces/shop/routing-rules";
    let (status, answer) = server.http("POST", rules, &live.to_string()).await;
    assert_eq!(status, 201, "{answer}");
    let address = format!("http://{}", server.http);
    let arguments = ["--server", &address, "-f", "tests.yaml"];
    let (code, printed) = test(directory.path(), &arguments).await;
    assert_eq!(code, 1);
    assert!(
        printed.contains("FAIL  RoutingTest shop/vip-goes-to-v2"),
        "{printed}"
    );
    assert!(
        printed.contains("pass  RoutingTest shop/others-stay"),
        "{printed}"
    );
    let with_file = [&arguments[..], &["rule.yaml"]].concat();
    let (_, printed) = test(directory.path(), &with_file).await;
    assert!(
        printed.contains("pass  RoutingTest shop/vip-goes-to-v2"),
        "{printed}"
    );
}

#[tokio::test]
async fn tests_that_a_rule_carries_guard_it_in_files_and_on_the_server() {
    let directory = files();
    let server = Server::start(directory.path()).await;
    let rule = |version: &str| {
        json!({
            "callee": {"service": "order"}, "otherwise": "reject",
            "branches": [{"targets": [{"labels": {"version": version}}]}],
            "tests": [{"description": "all get v1", "expect": {"labels": {"version": "v1"}},
                       "request": {"to": {"namespace": "shop", "service": "order"}}}],
        })
    };
    let document = |version: &str| {
        let metadata = json!({"namespace": "shop", "name": "canary"});
        json!({"kind": "RoutingRule", "metadata": metadata, "spec": rule(version)}).to_string()
    };
    for (version, code) in [("v1", 0), ("v2", 1)] {
        fs::write(directory.path().join("rule.json"), document(version)).unwrap();
        let (found, printed) = test(directory.path(), &["-f", "rule.json"]).await;
        assert_eq!(found, code, "{printed}");
        let name = "RoutingRule shop/canary: /spec/tests/0: all get v1";
        assert!(printed.contains(name), "{printed}");
    }
    let rules = "/api/v1/namespaces/shop/routing-rules";
    for (name, version, tests, status) in [
        ("canary", "v1", None, 201),
        ("before", "v2", Some(json!([])), 422),
    ] {
        let mut body = rule(version);
        body["name"] = name.into();
        if let Some(tests) = tests {
            body["tests"] = tests;
        }
        let (answered, answer) = server.http("POST", rules, &body.to_string()).await;
        assert_eq!(answered, status, "{answer}");
    }
    let server = {
        server.kill().await;
        Server::start(directory.path()).await
    };
    let (_, read) = server.http("GET", &format!("{rules}/canary"), "").await;
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read["tests"], rule("v1")["tests"]);
}
