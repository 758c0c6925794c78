//! A control plane that does and says what the test tells it, on a real port.

#![allow(
    clippy::allow_attributes,
    dead_code,
    reason = "every test file uses a part of it"
)]

use std::{future::Future, pin::Pin, time::Duration};

use futures_util::Stream;
use merak_proto::v1::{
    self,
    discovery_server::{Discovery, DiscoveryServer},
    registry_server::{Registry, RegistryServer},
    sync_request::Kind,
    sync_response::Update,
};
use tokio::{
    net::TcpListener,
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        oneshot,
    },
    task::JoinSet,
};
use tokio_stream::wrappers::{TcpListenerStream, UnboundedReceiverStream};
use tonic::{Request, Response, Status, Streaming};

/// Waits for something that happens soon or never.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, future).await.unwrap()
}

pub(crate) type Sync = Duplex<v1::SyncRequest, v1::SyncResponse>;
pub(crate) type KeepAlive = Duplex<v1::KeepAliveRequest, v1::KeepAliveResponse>;

/// A control plane; what it is asked waits until the test looks at it.
pub(crate) struct Plane {
    pub(crate) address: String,
    pub(crate) syncs: UnboundedReceiver<Sync>,
    pub(crate) keep_alives: UnboundedReceiver<KeepAlive>,
    pub(crate) registrations: UnboundedReceiver<Asked<v1::RegisterRequest, v1::RegisterResponse>>,
    pub(crate) deregistrations:
        UnboundedReceiver<Asked<v1::DeregisterRequest, v1::DeregisterResponse>>,
    serving: JoinSet<()>,
}

/// A call that waits for its answer.
pub(crate) struct Asked<Q, A> {
    pub(crate) request: Q,
    answer: oneshot::Sender<Result<A, Status>>,
}

/// An open stream; dropping it ends it.
pub(crate) struct Duplex<Q, A> {
    requests: Streaming<Q>,
    answers: UnboundedSender<Result<A, Status>>,
}

impl Plane {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (syncs_in, syncs) = mpsc::unbounded_channel();
        let (keep_alives_in, keep_alives) = mpsc::unbounded_channel();
        let (registrations_in, registrations) = mpsc::unbounded_channel();
        let (deregistrations_in, deregistrations) = mpsc::unbounded_channel();
        let registry = RegistryServer::new(Joins {
            keep_alives: keep_alives_in,
            registrations: registrations_in,
            deregistrations: deregistrations_in,
        });
        let discovery = DiscoveryServer::new(Looks { syncs: syncs_in });
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let server = tonic::transport::Server::builder()
                .add_service(registry)
                .add_service(discovery);
            let incoming = TcpListenerStream::new(listener);
            server.serve_with_incoming(incoming).await.unwrap();
        });
        Self {
            address,
            syncs,
            keep_alives,
            registrations,
            deregistrations,
            serving,
        }
    }

    /// Takes no more connections; those that are open stay.
    pub(crate) fn hide(&mut self) {
        self.serving.abort_all();
    }

    /// The next discovery stream, welcomed.
    pub(crate) async fn welcome(&mut self) -> Sync {
        let mut sync = soon(self.syncs.recv()).await.unwrap();
        let hello = sync.next().await.expect("a stream begins with a hello");
        assert!(matches!(hello.kind, Some(Kind::Hello(_))));
        let epoch = "e".to_owned();
        sync.update(0, Update::Welcome(v1::Welcome { epoch }));
        sync
    }

    /// The next registration, accepted.
    pub(crate) async fn accept(&mut self) -> v1::RegisterRequest {
        let asked = soon(self.registrations.recv()).await.unwrap();
        let request = asked.request.clone();
        asked.accept();
        request
    }
}

impl<Q, A> Asked<Q, A> {
    pub(crate) fn answer(self, answer: Result<A, Status>) {
        // The client may have given up.
        let _ = self.answer.send(answer);
    }
}

impl Asked<v1::RegisterRequest, v1::RegisterResponse> {
    pub(crate) fn accept(self) {
        let id = match self.request.id.as_str() {
            "" => "0123456789abcdef",
            id => id,
        };
        let answer = v1::RegisterResponse {
            id: id.to_owned(),
            revision: 1,
            outcome: v1::register_response::Outcome::Created.into(),
        };
        self.answer(Ok(answer));
    }
}

impl<Q, A> Duplex<Q, A> {
    /// What the client says next; none at its end.
    pub(crate) async fn next(&mut self) -> Option<Q> {
        soon(self.requests.message()).await.ok().flatten()
    }

    pub(crate) fn send(&self, answer: Result<A, Status>) {
        let _ = self.answers.send(answer);
    }
}

impl Sync {
    pub(crate) fn update(&self, subscription: u32, update: Update) {
        self.send(Ok(v1::SyncResponse {
            subscription,
            update: Some(update),
        }));
    }

    /// The next subscription to instances; the one to the rules, which follows, is answered with none.
    pub(crate) async fn subscription(&mut self) -> v1::Subscribe {
        let instances = self.any_subscription().await;
        let rules = self.any_subscription().await;
        assert_eq!(
            (instances.kind(), rules.kind()),
            (v1::Kind::Instances, v1::Kind::RoutingRules)
        );
        let none = Update::Rules(v1::RulesSnapshot::default());
        self.update(rules.subscription, none);
        instances
    }

    /// The next subscription; acknowledgements are left out.
    pub(crate) async fn any_subscription(&mut self) -> v1::Subscribe {
        loop {
            match self.next().await.unwrap().kind.unwrap() {
                Kind::Subscribe(subscribe) => return subscribe,
                Kind::Ack(_) => {}
                Kind::Hello(_) | Kind::Unsubscribe(_) => panic!("not a subscription"),
            }
        }
    }
}

/// A snapshot of a service with instances at ports of this machine.
pub(crate) fn snapshot(revision: u64, ports: &[u16]) -> Update {
    let instances = ports.iter().map(|port| v1::Instance {
        id: format!("at-{port}"),
        spec: Some(v1::InstanceSpec {
            host: "127.0.0.1".to_owned(),
            port: u32::from(*port),
            ..v1::InstanceSpec::default()
        }),
        health: v1::Health::Healthy.into(),
        revision,
        ..v1::Instance::default()
    });
    Update::Instances(v1::InstancesSnapshot {
        revision,
        service: None,
        instances: instances.collect(),
    })
}

struct Joins {
    keep_alives: UnboundedSender<KeepAlive>,
    registrations: UnboundedSender<Asked<v1::RegisterRequest, v1::RegisterResponse>>,
    deregistrations: UnboundedSender<Asked<v1::DeregisterRequest, v1::DeregisterResponse>>,
}

struct Looks {
    syncs: UnboundedSender<Sync>,
}

type Answers<A> = Pin<Box<dyn Stream<Item = Result<A, Status>> + Send>>;

async fn ask<Q, A>(
    to: &UnboundedSender<Asked<Q, A>>,
    request: Request<Q>,
) -> Result<Response<A>, Status> {
    let (answer, answered) = oneshot::channel();
    let request = request.into_inner();
    let _ = to.send(Asked { request, answer });
    let answered = answered.await;
    answered
        .unwrap_or_else(|_| Err(Status::unavailable("the test is over")))
        .map(Response::new)
}

fn open<Q, A: Send + 'static>(
    to: &UnboundedSender<Duplex<Q, A>>,
    request: Request<Streaming<Q>>,
) -> Response<Answers<A>> {
    let (answers, queue) = mpsc::unbounded_channel();
    let requests = request.into_inner();
    let _ = to.send(Duplex { requests, answers });
    Response::new(Box::pin(UnboundedReceiverStream::new(queue)))
}

#[tonic::async_trait]
impl Registry for Joins {
    type KeepAliveStream = Answers<v1::KeepAliveResponse>;

    async fn register(
        &self,
        request: Request<v1::RegisterRequest>,
    ) -> Result<Response<v1::RegisterResponse>, Status> {
        ask(&self.registrations, request).await
    }

    async fn deregister(
        &self,
        request: Request<v1::DeregisterRequest>,
    ) -> Result<Response<v1::DeregisterResponse>, Status> {
        ask(&self.deregistrations, request).await
    }

    async fn keep_alive(
        &self,
        request: Request<Streaming<v1::KeepAliveRequest>>,
    ) -> Result<Response<Self::KeepAliveStream>, Status> {
        Ok(open(&self.keep_alives, request))
    }

    async fn heartbeat(
        &self,
        _: Request<v1::HeartbeatRequest>,
    ) -> Result<Response<v1::HeartbeatResponse>, Status> {
        Err(Status::unimplemented("clients of this crate use streams"))
    }
}

#[tonic::async_trait]
impl Discovery for Looks {
    type SyncStream = Answers<v1::SyncResponse>;

    async fn sync(
        &self,
        request: Request<Streaming<v1::SyncRequest>>,
    ) -> Result<Response<Self::SyncStream>, Status> {
        Ok(open(&self.syncs, request))
    }
}
