//! A control plane of a few lines, and instances to call.

use std::{collections::HashMap, future::Future, pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use merak_model::{
    Health, Host, Instance, InstanceId, InstanceSpec, Port, Registration, ServiceKey, Stamp,
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

/// A control plane that knows one service, `pay`, without rules.
pub(crate) struct Plane {
    snapshot: v1::InstancesSnapshot,
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
    let plane = Plane {
        snapshot: v1::InstancesSnapshot {
            revision: 1,
            service: Some(traits),
            instances: ports.iter().map(|port| (&instance(*port)).into()).collect(),
        },
    };
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
        let snapshot = self.snapshot.clone();
        let answers = requests.into_inner().filter_map(move |request| {
            let answer = answer(&snapshot, request);
            async move { Some(Ok(answer?)) }
        });
        Ok(Response::new(Box::pin(answers.chain(stream::pending()))))
    }
}

fn answer(
    snapshot: &v1::InstancesSnapshot,
    request: Result<v1::SyncRequest, Status>,
) -> Option<v1::SyncResponse> {
    let (subscription, update) = match request.ok()?.kind? {
        Request::Hello(_) => (0, Update::Welcome(v1::Welcome::default())),
        Request::Subscribe(subscribe) => {
            let is_of_rules = subscribe.kind() == v1::Kind::RoutingRules;
            let update = if is_of_rules {
                Update::Rules(v1::RulesSnapshot::default())
            } else {
                Update::Instances(snapshot.clone())
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
