//! What a pick by name costs under a routing rule, for each balancer, and what its table costs.
//!
//! A control plane of a few lines runs in this process, and says what the real one would.

use std::{hint::black_box, pin::Pin};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::{Stream, StreamExt as _, stream};
use merak_model::{
    Health, Host, Instance, InstanceSpec, Port, Registration, ServiceKey, Stamp,
    routing::{self, RoutingRule, RoutingRuleSpec, RuleKey},
};
use merak_proto::v1::{
    self,
    discovery_server::{Discovery, DiscoveryServer},
    sync_request::Kind as Request,
    sync_response::Update,
};
use merak_sdk::{Balancer, Call, Client};
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime};
use tonic::{Response, Status, Streaming, transport::server::TcpIncoming};

/// Answers each subscription with as many instances as the name of its service says, and with a rule.
struct Fake;

#[tonic::async_trait]
impl Discovery for Fake {
    type SyncStream = Pin<Box<dyn Stream<Item = Result<v1::SyncResponse, Status>> + Send>>;

    async fn sync(
        &self,
        requests: tonic::Request<Streaming<v1::SyncRequest>>,
    ) -> Result<Response<Self::SyncStream>, Status> {
        let answers = requests.into_inner().filter_map(async |request| {
            let (subscription, update) = match request.ok()?.kind? {
                Request::Hello(_) => (0, Update::Welcome(v1::Welcome::default())),
                Request::Subscribe(subscribe) => {
                    let update = if subscribe.kind() == v1::Kind::RoutingRules {
                        Update::Rules(rules())
                    } else {
                        Update::Instances(snapshot(&subscribe.key?.service))
                    };
                    (subscribe.subscription, update)
                }
                Request::Unsubscribe(_) | Request::Ack(_) => return None,
            };
            Some(Ok(v1::SyncResponse {
                subscription,
                update: Some(update),
            }))
        });
        Ok(Response::new(Box::pin(answers.chain(stream::pending()))))
    }
}

/// A header rule before a canary.
fn rules() -> v1::RulesSnapshot {
    let document = json!({
        "callee": {"service": "*"},
        "branches": [
            {
                "matches": {"all": [{"on": "header", "key": "x-user", "op": "in", "values": ["42", "43"]}]},
                "targets": [{"labels": {"version": "v2"}}],
            },
            {
                "targets": [
                    {"labels": {"version": "v1"}, "weight": 70},
                    {"labels": {"version": "v2"}, "weight": 30},
                ],
            },
        ],
        "otherwise": "reject",
    });
    let document = routing::parse(document).expect("a rule");
    let rule = RoutingRule {
        key: RuleKey::parse("default", "canary").expect("a name"),
        spec: RoutingRuleSpec::parse(document).expect("a valid rule"),
        stamp: Stamp::default(),
    };
    v1::RulesSnapshot {
        revision: 1,
        routing_rules: vec![(&rule).into()],
        nearby_rules: Vec::new(),
    }
}

fn snapshot(service: &str) -> v1::InstancesSnapshot {
    let count = service.parse().unwrap_or(0);
    v1::InstancesSnapshot {
        revision: 1,
        service: None,
        instances: (0..count)
            .map(|number| (&instance(service, number)).into())
            .collect(),
    }
}

fn instance(service: &str, number: u64) -> Instance {
    let key = ServiceKey::parse("default", service).expect("a number is a name");
    let host = format!("10.0.{}.{}", number / 250, number % 250 + 1);
    let host = Host::parse(&host).expect("an IP address");
    let version = if number.is_multiple_of(2) { "v1" } else { "v2" };
    let spec = InstanceSpec::new(host, Port::new(8080).expect("a port"));
    let registration = Registration {
        service: key.clone(),
        id: None,
        spec: spec.with_version(version).expect("a version"),
    };
    Instance {
        service: key.into(),
        id: registration.instance_id(),
        spec: registration.spec,
        registered: None,
        isolated: false,
        health: Health::Healthy,
        stamp: Stamp::default(),
    }
}

fn client(runtime: &Runtime) -> Client {
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = tonic::transport::Server::builder().add_service(DiscoveryServer::new(Fake));
        let serving = server.serve_with_incoming(TcpIncoming::from(listener));
        runtime.spawn(async move { serving.await.expect("the fake serves") });
        let client = Client::builder(format!("http://{address}"));
        client.build().expect("a client")
    })
}

fn picks(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let client = client(&runtime);
    let users: Vec<String> = (0..1024).map(|number| format!("user-{number}")).collect();
    for service in ["10", "1000"] {
        let handle = runtime.block_on(client.service(service));
        let _kept = handle.expect("the fake answers");
        for balancer in Balancer::ALL {
            let name = format!("pick with a rule by name, {balancer}, {service} instances");
            let mut users = users.iter().cycle();
            criterion.bench_function(&name, |bencher| {
                // A warm pick is ready at its first poll.
                bencher.iter(|| {
                    let user = users.next().map_or("", String::as_str);
                    let call = Call::to(service).header("x-user", user);
                    let call = call.balanced_by(balancer).keyed_by(user);
                    let mut pick = std::pin::pin!(client.pick(&call));
                    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                    black_box(pick.as_mut().poll(&mut context).is_ready())
                });
            });
        }
    }
}

criterion_group!(benches, picks);
criterion_main!(benches);
