//! A control plane of a few lines, and instances to call.

#![allow(
    clippy::allow_attributes,
    dead_code,
    reason = "every test file uses a part of it"
)]

use std::{collections::HashMap, future::Future, pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use merak_model::{
    Health, Host, Instance, InstanceId, InstanceSpec, Port, Registration, ServiceKey, Stamp,
    limiting::RateLimitRule, routing::RuleKey,
};
use merak_proto::v1::{
    self,
    discovery_server::{Discovery, DiscoveryServer},
    sync_request::Kind as Request,
    sync_response::Update,
};
use merak_sdk::{Client, ClientBuilder};
use tokio::{net::TcpListener, task::JoinSet};
use tonic::{
    Response, Status, Streaming,
    transport::{Server, server::TcpIncoming},
};

/// Nothing here takes nearly as long.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits for something that happens soon or never.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.unwrap()
}

/// A control plane that knows one service, `pay`, without routing rules.
pub(crate) struct Plane {
    snapshot: v1::InstancesSnapshot,
    limits: v1::RateLimitsSnapshot,
}

/// An instance of `pay` on this machine.
pub(crate) fn instance(port: u16) -> Instance {
    let key = ServiceKey::parse("default", "pay").unwrap();
    let host = Host::parse("127.0.0.1").unwrap();
    let registration = Registration {
        service: key.clone(),
        id: None,
        spec: InstanceSpec::new(host, Port::new(port.into()).unwrap()),
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

/// The id of an instance of `pay`.
pub(crate) fn id(port: u16) -> InstanceId {
    instance(port).id
}

/// Serves in the background a control plane with instances of `pay` at these ports.
pub(crate) async fn plane(
    ports: &[u16],
    metadata: &[(&str, &str)],
    tasks: &mut JoinSet<()>,
) -> ClientBuilder {
    let metadata = metadata
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()));
    let traits = v1::ServiceTraits {
        metadata: metadata.collect::<HashMap<_, _>>(),
        ..v1::ServiceTraits::default()
    };
    let snapshot = v1::InstancesSnapshot {
        revision: 1,
        service: Some(traits),
        instances: ports.iter().map(|port| (&instance(*port)).into()).collect(),
    };
    let limits = v1::RateLimitsSnapshot::default();
    serve(Plane { snapshot, limits }, tasks).await
}

/// Serves in the background a control plane with instances of `pay` at these ports, which is protected by a
/// rule with the name `some` that has these fields.
pub(crate) async fn limited_plane(
    ports: &[u16],
    fields: serde_json::Value,
    tasks: &mut JoinSet<()>,
) -> ClientBuilder {
    let mut spec = serde_json::json!({"callee": {"service": "pay"}});
    let fields = fields.as_object().unwrap().clone();
    spec.as_object_mut().unwrap().extend(fields);
    let rule = RateLimitRule {
        key: RuleKey::parse("default", "some").unwrap(),
        spec: serde_json::from_value(spec).unwrap(),
        stamp: Stamp::default(),
    };
    let limits = v1::RateLimitsSnapshot {
        revision: 1,
        rules: vec![(&rule).into()],
    };
    let snapshot = v1::InstancesSnapshot {
        revision: 1,
        service: None,
        instances: ports.iter().map(|port| (&instance(*port)).into()).collect(),
    };
    serve(Plane { snapshot, limits }, tasks).await
}

async fn serve(plane: Plane, tasks: &mut JoinSet<()>) -> ClientBuilder {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().add_service(DiscoveryServer::new(plane));
    let serving = server.serve_with_incoming(TcpIncoming::from(listener));
    tasks.spawn(async move { serving.await.unwrap() });
    Client::builder(format!("http://{address}"))
}

#[tonic::async_trait]
impl Discovery for Plane {
    type SyncStream = Pin<Box<dyn Stream<Item = Result<v1::SyncResponse, Status>> + Send>>;

    async fn sync(
        &self,
        requests: tonic::Request<Streaming<v1::SyncRequest>>,
    ) -> Result<Response<Self::SyncStream>, Status> {
        let (snapshot, limits) = (self.snapshot.clone(), self.limits.clone());
        let answers = requests.into_inner().filter_map(move |request| {
            let answer = answer(&snapshot, &limits, request);
            async move { Some(Ok(answer?)) }
        });
        Ok(Response::new(Box::pin(answers.chain(stream::pending()))))
    }
}

fn answer(
    snapshot: &v1::InstancesSnapshot,
    limits: &v1::RateLimitsSnapshot,
    request: Result<v1::SyncRequest, Status>,
) -> Option<v1::SyncResponse> {
    let (subscription, update) = match request.ok()?.kind? {
        Request::Hello(_) => (0, Update::Welcome(v1::Welcome::default())),
        Request::Subscribe(subscribe) => {
            let update = match subscribe.kind() {
                v1::Kind::RoutingRules => Update::Rules(v1::RulesSnapshot::default()),
                v1::Kind::RateLimitRules => Update::RateLimits(limits.clone()),
                v1::Kind::Unspecified | v1::Kind::Instances | v1::Kind::Services => {
                    Update::Instances(snapshot.clone())
                }
            };
            (subscribe.subscription, update)
        }
        Request::Unsubscribe(_) | Request::Ack(_) => return None,
    };
    Some(v1::SyncResponse {
        subscription,
        update: Some(update),
    })
}

/// A port where nobody listens.
pub(crate) async fn dead_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}
