//! Calls by name between real processes: the SDK here, the services of the demonstration there.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{path::Path, process::Stdio};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use merak_proto::demo::{DoPayRequest, pay_client::PayClient};
use merak_sdk::{CallOptions, Client, Error, HttpService, Location, Usage};
use serde_json::{Value, json};
use support::{Server, merak, soon};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
};

const RULES: &str = "/api/v1/namespaces/default";

/// A process of a service; it ends with its standard input.
async fn node(server: &Server, directory: &Path, service: &str, place: [&str; 3]) -> Child {
    let [name, version, zone] = place;
    let node = [
        "demo",
        "node",
        service,
        "--name",
        name,
        "--version",
        version,
    ];
    let mut process = merak(directory, &node)
        .args(["--zone", zone, "--control-plane", &server.address()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let line = soon(output.next_line()).await.unwrap().unwrap();
    assert!(line.starts_with("serving on "), "{line}");
    process
}

/// Two replicas of micro-order and of micro-pay, and a client that calls them.
struct System {
    server: Server,
    client: Client,
    http: HttpService<Full<Bytes>>,
    orders: Vec<Child>,
    pays: Vec<Child>,
    _data: TempDir,
}

impl System {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let server = Server::start(data.path()).await;
        let (mut orders, mut pays) = (Vec::new(), Vec::new());
        for place in [["pay-1", "v1", "east-1"], ["pay-2", "v2", "east-2"]] {
            pays.push(node(&server, data.path(), "micro-pay", place).await);
        }
        for place in [["order-1", "v1", "east-1"], ["order-2", "v2", "east-2"]] {
            orders.push(node(&server, data.path(), "micro-order", place).await);
        }
        let client = Client::builder(server.address()).service("till");
        let client = client.build().unwrap();
        Self {
            http: client.http("micro-order").unwrap(),
            client,
            server,
            orders,
            pays,
            _data: data,
        }
    }

    /// Writes a rule, and waits until the client obeys it.
    async fn put(&self, kind: &str, service: &str, rule: &Value) {
        let mut watch = self.client.watch(service).await.unwrap();
        let path = format!("{RULES}/{kind}");
        let (status, answer) = self.server.http("POST", &path, &rule.to_string()).await;
        assert_eq!(status, 201, "{answer}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let revision = answer["revision"].as_u64().unwrap();
        while soon(watch.next()).await.unwrap().rules_revision().get() < revision {}
    }

    /// Orders over HTTP.
    async fn order(&self, options: CallOptions) -> Result<Value, Error> {
        let order = json!({"businessId": "b", "amount": 1, "channel": "card"});
        let request = http::Request::post("/order/create")
            .header("content-type", "application/json")
            .extension(options)
            .body(Full::new(Bytes::from(order.to_string())))
            .unwrap();
        let answer = soon(self.http.request(request)).await?;
        assert_eq!(answer.status(), 200);
        let body = soon(answer.into_body().collect()).await.unwrap().to_bytes();
        Ok(serde_json::from_slice(&body).unwrap())
    }

    /// How the calls of the client to a version of a service went.
    async fn usage(&self, service: &str, version: &str) -> Usage {
        let state = self.client.instances(service).await.unwrap();
        let mut instances = state.instances();
        let instance = instances.find(|one| &*one.spec.version == version).unwrap();
        state.usage(&instance.id).unwrap()
    }
}

fn payment(options: CallOptions) -> tonic::Request<DoPayRequest> {
    let mut request = tonic::Request::new(DoPayRequest {
        order_id: "o".to_owned(),
        amount: 1,
        channel: "card".to_owned(),
    });
    request.extensions_mut().insert(options);
    request
}

#[tokio::test]
async fn calls_go_elsewhere_at_once_when_an_instance_is_killed() {
    let mut system = System::start().await;
    let mut pay = PayClient::new(system.client.channel("micro-pay").unwrap());
    let plain = CallOptions::default;
    while system.usage("micro-pay", "v1").await.succeeded == 0 {
        soon(pay.do_pay(payment(plain()))).await.unwrap();
    }
    while system.usage("micro-order", "v1").await.succeeded == 0 {
        system.order(plain()).await.unwrap();
    }
    // The control plane takes some seconds to notice; these calls do not wait for it.
    soon(system.orders[0].kill()).await.unwrap();
    let mut failed = 0;
    for _ in 0..40 {
        match system.order(plain()).await {
            Ok(answer) => assert_eq!(answer["servedBy"]["order"], "order-2"),
            Err(_) => failed += 1,
        }
    }
    assert!(failed <= 1, "{failed}: only what was under way may fail");
    soon(system.pays[0].kill()).await.unwrap();
    let mut failed = 0;
    for _ in 0..40 {
        match soon(pay.do_pay(payment(plain()))).await {
            Ok(paid) => assert_eq!(paid.into_inner().served_by, "pay-2"),
            Err(_) => failed += 1,
        }
    }
    assert!(failed <= 1, "{failed}: only what was under way may fail");
}

#[tokio::test]
async fn where_a_rule_leaves_one_instance_its_failure_is_told() {
    let mut system = System::start().await;
    let only_v1 = json!({
        "name": "only-v1", "callee": {"service": "micro-pay"}, "otherwise": "reject",
        "branches": [{"targets": [{"labels": {"version": "v1"}}], "when_empty": "reject"}],
    });
    system.put("routing-rules", "micro-pay", &only_v1).await;
    let channel = system.client.channel("micro-pay").unwrap();
    soon(system.pays[0].kill()).await.unwrap();
    let mut pay = PayClient::new(channel);
    let status = soon(pay.do_pay(payment(CallOptions::default()))).await;
    let why = status.unwrap_err();
    // Not that the rule rejects: it does so only because this instance was tried.
    assert!(
        why.message()
            .contains("of service `default/micro-pay` failed"),
        "{why}"
    );
    let used = system.usage("micro-pay", "v1").await;
    assert_eq!((used.unreachable, used.active), (1, 0));
}

#[tokio::test]
async fn rules_see_what_a_request_says_of_its_caller() {
    let system = System::start().await;
    let gray = json!({
        "name": "gray", "callee": {"service": "micro-order"}, "otherwise": "fall_through",
        "branches": [{
            "matches": {"any": [
                {"on": "caller_metadata", "key": "env", "op": "exact", "value": "gray"},
                {"on": "caller_ip", "op": "regex", "value": "^10\\."},
            ]},
            "targets": [{"labels": {"version": "v2"}}],
        }, {
            "matches": {"all": [{"on": "argument", "key": "tier", "op": "exact", "value": "gold"}]},
            "targets": [{"labels": {"version": "v1"}}],
        }],
    });
    system.put("routing-rules", "micro-order", &gray).await;
    for (options, expected) in [
        (
            CallOptions::default().caller_metadata("env", "gray"),
            "order-2",
        ),
        (CallOptions::default().caller_ip("10.0.0.7"), "order-2"),
        (CallOptions::default().argument("tier", "gold"), "order-1"),
    ] {
        for _ in 0..8 {
            let answer = system.order(options.clone()).await.unwrap();
            assert_eq!(answer["servedBy"]["order"], expected);
            // The axum layer of micro-order read who calls.
            assert_eq!(answer["calledBy"], "till");
        }
    }
    let near = json!({"name": "near", "callee": {"service": "micro-pay"}, "level": "zone"});
    system.put("nearby-rules", "micro-pay", &near).await;
    let mut pay = PayClient::new(system.client.channel("micro-pay").unwrap());
    for (zone, expected) in [("east-1", "pay-1"), ("east-2", "pay-2")] {
        let location = Location::parse("east", zone, "").unwrap();
        for _ in 0..8 {
            let options = CallOptions::default().located(location.clone());
            let paid = soon(pay.do_pay(payment(options))).await.unwrap();
            assert_eq!(paid.into_inner().served_by, expected);
        }
    }
}
