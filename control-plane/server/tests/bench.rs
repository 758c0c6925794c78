//! `merak bench` against a control plane that somebody else runs.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Server, merak, soon};

async fn bench(arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let mut command = merak(directory.path(), &["bench"]);
    soon(command.args(arguments).output()).await.unwrap()
}

async fn serving() -> (TempDir, Server) {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start_with(directory.path(), "127.0.0.1:0", &["--durability", "normal"]);
    let server = server.await;
    (directory, server)
}

#[tokio::test]
async fn it_measures_what_it_was_told_to_and_removes_its_instances() {
    let (_directory, server) = serving().await;
    let count = ["--count", "100", "--streams", "64"];
    let target = ["--json", "--target", &server.grpc, "discover"];
    let output = bench(&[&target[..], &count].concat()).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(
        errors.starts_with("removed 1010 instances from namespace `bench`"),
        "{errors}"
    );
    let figures = String::from_utf8(output.stdout).unwrap();
    let figures: Vec<Value> = figures
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let counts: Vec<&Value> = figures[1..].iter().map(|figure| &figure["count"]).collect();
    assert_eq!(counts, [100, 5]);
    for service in ["discovered-10", "discovered-1000"] {
        let path = format!("/api/v1/namespaces/bench/services/{service}/instances");
        let (status, body) = server.http("GET", &path, "").await;
        assert_eq!(status, 200);
        assert!(body.contains(r#""items":[]"#), "{body}");
    }
    let rest = format!("http://{}", server.http);
    let other = "/api/v1/namespaces/bench/services/other";
    assert_eq!(server.http("PUT", other, "{}").await.0, 201);
    let output = bench(&[&target[..], &count, &["--server", &rest]].concat()).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("deleted 2 services of it, and others remain"),
        "{errors}"
    );
    assert_eq!(server.http("DELETE", other, "").await.0, 204);
    let output = bench(&[&target[..], &count, &["--server", &rest]].concat()).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("from namespace `bench`; deleted it with 2 services"),
        "{errors}"
    );
    let (status, _) = server.http("GET", "/api/v1/namespaces/bench", "").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn an_address_of_something_else_is_named() {
    let (_directory, server) = serving().await;
    let output = bench(&["--target", &server.http, "push"]).await;
    assert!(!output.status.success());
    let alone = bench(&["push", "--server", "http://127.0.0.1:1"]).await;
    let refusal = String::from_utf8_lossy(&alone.stderr);
    assert!(refusal.contains("--server goes with --target"), "{refusal}");
    let refusal = String::from_utf8_lossy(&output.stderr);
    let expected = format!("{} is not the gRPC listener of a Merak", server.http);
    assert!(refusal.contains(&expected), "{refusal}");
}

#[tokio::test]
async fn it_compares_rules_told_whole_with_what_changed() {
    let few = ["--rules", "50", "--services", "10", "--changes", "3"];
    let output = bench(&[&["--json", "rules"][..], &few].concat()).await;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let figures = String::from_utf8(output.stdout).unwrap();
    let size: Value = serde_json::from_str(figures.lines().last().unwrap()).unwrap();
    assert!(size["bytes_saved_times"].as_f64().unwrap() > 20.0, "{size}");
    let (_directory, server) = serving().await;
    let output = bench(&["--target", &server.grpc, "rules"]).await;
    assert!(!output.status.success());
    let refusal = String::from_utf8_lossy(&output.stderr);
    assert!(refusal.contains("leave --target out"), "{refusal}");
}
