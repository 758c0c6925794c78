//! What a pick costs, and what an update costs.
//!
//! A control plane of a few lines runs in this process, and says what the real one would.

use std::{collections::BTreeMap, hint::black_box, pin::Pin, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::{Stream, StreamExt as _, stream};
use merak_model::{
    Health, Host, Instance, InstanceSpec, Port, Registration, ServiceKey, Stamp,
    routing::{Policy, Selection},
};
use merak_proto::v1::{
    self,
    discovery_server::{Discovery, DiscoveryServer},
    sync_request::Kind as Request,
    sync_response::Update,
};
use merak_sdk::{Call, Client};
use tokio::{net::TcpListener, runtime::Runtime};
use tonic::{Response, Status, Streaming, transport::server::TcpIncoming};

/// Answers each subscription with as many instances as the name of its service says.
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
                        Update::Rules(v1::RulesSnapshot::default())
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

fn snapshot(service: &str) -> v1::InstancesSnapshot {
    let count = service.parse().unwrap_or(0);
    v1::InstancesSnapshot {
        revision: 1,
        service: None,
        instances: (0..count)
            .map(|number| (&*instance(service, number)).into())
            .collect(),
    }
}

fn instance(service: &str, number: u64) -> Arc<Instance> {
    let service = Arc::new(ServiceKey::parse("default", service).expect("a number is a name"));
    let host = format!("10.0.{}.{}", number / 250, number % 250 + 1);
    let registration = Registration {
        service: (*service).clone(),
        id: None,
        spec: InstanceSpec::new(
            Host::parse(&host).expect("an IP address"),
            Port::new(8080).expect("a port"),
        ),
    };
    Arc::new(Instance {
        service,
        id: registration.instance_id(),
        spec: registration.spec,
        registered: None,
        isolated: false,
        health: Health::Healthy,
        stamp: Stamp::default(),
    })
}

fn picks(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let client = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = tonic::transport::Server::builder().add_service(DiscoveryServer::new(Fake));
        let serving = server.serve_with_incoming(TcpIncoming::from(listener));
        runtime.spawn(async move { serving.await.expect("the fake serves") });
        Client::builder(format!("http://{address}"))
            .build()
            .expect("a client")
    });
    for service in ["10", "1000"] {
        let call = Call::to(service);
        let handle = runtime
            .block_on(client.service(service))
            .expect("the fake answers");
        criterion.bench_function(&format!("pick by name, {service} instances"), |bencher| {
            // A warm pick is ready at its first poll.
            bencher.iter(|| {
                let mut pick = std::pin::pin!(client.pick(&call));
                let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                black_box(pick.as_mut().poll(&mut context).is_ready())
            });
        });
        criterion.bench_function(&format!("pick by handle, {service} instances"), |bencher| {
            bencher.iter(|| black_box(handle.pick(&call)).is_ok());
        });
    }
}

fn updates(criterion: &mut Criterion) {
    let instances: BTreeMap<_, _> = (0..1000)
        .map(|number| instance("pay", number))
        .map(|one| (one.id.clone(), one))
        .collect();
    let changed = instance("pay", 500);
    criterion.bench_function("apply a delta of 1 to 1000 instances", |bencher| {
        bencher.iter(|| {
            // What the session does: a copy of the shared map, the change, and a new selection.
            let mut next = instances.clone();
            next.insert(changed.id.clone(), Arc::clone(&changed));
            black_box(Selection::compile(next.values(), Policy::default()));
        });
    });
}

criterion_group!(benches, picks, updates);
criterion_main!(benches);
