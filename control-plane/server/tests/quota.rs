//! Applications that share a global limit, through the binary as its users run it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use merak_sdk::{
    Call, Client, ServiceKey,
    limiter::{Admission, Limiter, RateLimitRule},
};
use serde_json::{Value, json};
use support::{Server, soon};

const RULE: &str = "/api/v1/namespaces/default/rate-limit-rules";

fn spec(max: u64) -> Value {
    json!({
        "callee": {"service": "pay"}, "scope": "global",
        "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
        "amounts": [{"max": max, "window_ms": 86_400_000}],
    })
}

/// An application that obeys the rule, whose limiter has joined its client.
fn application(server: &Server) -> (Client, Limiter) {
    let client = Client::builder(server.address()).service("pay");
    let client = client.build().unwrap();
    let limiter = Limiter::new(ServiceKey::parse("default", "pay").unwrap());
    limiter.join(&client);
    let time = "2026-01-01T00:00:00Z";
    let rule: RateLimitRule = serde_json::from_value(json!({
        "namespace": "default", "name": "day", "spec": spec(40), "created_revision": 1,
        "revision": 1, "created_at": time, "modified_at": time,
    }))
    .unwrap();
    limiter.replace(vec![rule]);
    (client, limiter)
}

async fn usage(server: &Server) -> Value {
    let (status, body) = server.http("GET", &format!("{RULE}/day/usage"), "").await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// Waits until so many clients have a stream.
async fn connected(server: &Server, clients: usize) {
    let expected = format!("merak_quota_streams {clients}\n");
    while !server
        .http("GET", "/metrics", "")
        .await
        .1
        .contains(&expected)
    {
        tokio::task::yield_now().await;
    }
}

/// Calls until the control plane says that the limit is exhausted: how many went through.
async fn call_until_exhausted(limiter: &Limiter) -> u32 {
    let mut permitted = 0;
    loop {
        match limiter.acquire(&Call::to("pay").header("x-user", "42")) {
            Admission::Permitted(_) => permitted += 1,
            Admission::Waiting(_) => panic!("a global limit does not queue"),
            Admission::Rejected(rejected) => {
                let retry_after = rejected.retry_after().unwrap();
                // Short while tokens are on the way, and until the end of the day when there are none.
                if retry_after.as_millis() > 10 {
                    return permitted;
                }
                tokio::time::sleep(retry_after / 10).await;
            }
        }
    }
}

#[tokio::test]
async fn applications_share_a_limit_that_the_control_plane_counts() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let body = json!({"name": "day", "callee": {"service": "pay"}, "scope": "global",
        "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
        "amounts": [{"max": 40, "window_ms": 86_400_000}]});
    let (status, answer) = server.http("POST", RULE, &body.to_string()).await;
    assert_eq!(status, 201, "{answer}");
    let applications = [application(&server), application(&server)];
    // One that is not connected yet would apply the amounts alone.
    soon(connected(&server, 2)).await;
    let mut permitted = 0;
    for (_, limiter) in &applications {
        permitted += soon(call_until_exhausted(limiter)).await;
    }
    assert!((40..=42).contains(&permitted), "{permitted} of 40");
    let usage = usage(&server).await;
    assert_eq!(usage["counter_count"], 1, "{usage}");
}
