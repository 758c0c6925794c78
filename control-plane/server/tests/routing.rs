//! Rules from the REST API, obeyed and explained by an application with the SDK.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::time::Duration;

use merak_sdk::{Call, Client, Error, Registration, Watch};
use serde_json::{Value, json};
use support::{Server, soon};
use tokio::time::Instant;

const RULES: &str = "/api/v1/namespaces/default/routing-rules";

/// `42` gets v2, everybody else v1.
fn canary() -> Value {
    json!({
        "name": "canary",
        "callee": {"service": "pay"},
        "branches": [
            {
                "name": "forty-two",
                "matches": {"all": [{"on": "header", "key": "x-user", "op": "exact", "value": "42"}]},
                "targets": [{"labels": {"version": "v2"}}],
            },
            {"name": "rest", "targets": [{"labels": {"version": "v1"}}]},
        ],
        "otherwise": "reject",
    })
}

/// An application that calls `pay`, of which there are v1 and v2, and one that is v3.
async fn caller(server: &Server) -> (Client, Watch) {
    let client = Client::builder(server.address()).service("api");
    let client = client.build().unwrap();
    for version in ["v1", "v2"] {
        let port = if version == "v1" { 1 } else { 2 };
        let pay = Registration::new("pay", "127.0.0.1", port).version(version);
        // A static instance stays when its handle is dropped.
        drop(client.register(pay.without_heartbeat()).await.unwrap());
    }
    let watch = client.watch("pay").await.unwrap();
    (client, watch)
}

/// Waits until the application routes by the rules of a revision.
async fn obeyed(watch: &mut Watch, revision: u64) {
    while soon(watch.next()).await.unwrap().rules_revision().get() != revision {}
}

async fn write(server: &Server, method: &str, path: &str, body: &Value) -> u64 {
    let (status, answer) = server.http(method, path, &body.to_string()).await;
    assert!((200..300).contains(&status), "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["revision"].as_u64().unwrap()
}

async fn versions(client: &Client, user: &str) -> Vec<String> {
    let call = Call::to("pay").header("x-user", user);
    let mut versions = Vec::new();
    for _ in 0..20 {
        let picked = client.pick(&call).await.unwrap();
        versions.push(picked.spec.version.to_string());
    }
    versions.sort();
    versions.dedup();
    versions
}

#[tokio::test]
async fn a_rule_is_obeyed_explained_and_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let (client, mut watch) = caller(&server).await;
    let revision = write(&server, "POST", RULES, &canary()).await;
    obeyed(&mut watch, revision).await;
    assert_eq!(versions(&client, "42").await, ["v2"]);
    assert_eq!(versions(&client, "7").await, ["v1"]);
    let call = Call::to("pay").header("x-user", "42");
    let explained = client.explain(&call).await.unwrap();
    let explained = serde_json::to_value(explained).unwrap();
    assert_eq!(explained["verdict"], "routed");
    assert_eq!(explained["candidates"][0]["version"], "v2");
    assert_eq!(explained["candidates"][0]["probability"], 1.0);

    let grpc = server.kill().await;
    assert_eq!(
        versions(&client, "42").await,
        ["v2"],
        "nobody is needed for it"
    );
    let server = Server::start_with(data.path(), &grpc, &[]).await;
    let mut strict = canary();
    strict["name"] = "a-strict-one".into();
    strict["branches"] = json!([{"name": "v9", "targets": [{"labels": {"version": "v9"}}],
        "when_empty": "reject"}]);
    let revision = write(&server, "POST", RULES, &strict).await;
    obeyed(&mut watch, revision).await;
    let refused = client.pick(&Call::to("pay")).await.unwrap_err();
    let Error::Rejected { rule, branch, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(
        (rule.to_string(), branch),
        ("default/a-strict-one".to_owned(), Some(0))
    );
}

#[tokio::test]
async fn an_application_starts_on_the_rules_that_it_kept() {
    let (data, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path()).await;
    let (_kept, _) = caller(&server).await;
    write(&server, "POST", RULES, &canary()).await;
    let start = |address: String| Client::builder(address).cache_dir(cache.path()).build();
    let earlier = start(server.address()).unwrap();
    assert_eq!(versions(&earlier, "42").await, ["v2"]);
    soon(earlier.close()).await;
    let grpc = server.kill().await;
    let later = start(format!("http://{grpc}")).unwrap();
    assert_eq!(versions(&later, "42").await, ["v2"]);
    assert_eq!(versions(&later, "7").await, ["v1"]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: `make trials`"]
async fn rules_are_obeyed_soon() {
    const CHANGES: u64 = 500;
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let (_client, mut watch) = caller(&server).await;
    let mut delays = Vec::new();
    for change in 0..CHANGES {
        let mut rule = canary();
        rule["name"] = format!("rule-{change}").into();
        let revision = write(&server, "POST", RULES, &rule).await;
        let answered = Instant::now();
        obeyed(&mut watch, revision).await;
        delays.push(answered.elapsed());
    }
    delays.sort();
    let at = |share: u64| delays[(CHANGES * share / 100) as usize];
    println!(
        "obeyed after the answer: p50 {:?}, p99 {:?}",
        at(50),
        at(99)
    );
    assert!(delays.iter().all(|delay| *delay < Duration::from_secs(5)));
}
