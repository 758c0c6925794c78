//! A control plane behind the listener, and what tests ask of it.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use merak_core::{ControlPlane, ManualClock, Settings, testing::MemoryStore};
use merak_model::{InstanceId, ServiceKey};
use merak_proto::v1::{self, registry_client::RegistryClient};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Streaming, transport::Channel};

/// Nothing here takes nearly as long.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) channel: Channel,
    pub(crate) drain: CancellationToken,
}

/// One KeepAlive stream.
pub(crate) struct KeepAlive {
    requests: mpsc::Sender<v1::KeepAliveRequest>,
    pub(crate) answers: Streaming<v1::KeepAliveResponse>,
}

/// Waits for something that happens soon or never.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        let (store, clock) = (MemoryStore::default(), Arc::new(ManualClock::default()));
        let clock_of_plane = Arc::clone(&clock) as _;
        let plane = ControlPlane::start(Arc::new(store), clock_of_plane, Settings::default());
        let plane = Arc::new(plane.await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, drain) = (listener.local_addr().unwrap(), CancellationToken::new());
        let serving = merak_grpc::serve(listener, Arc::clone(&plane), drain.clone());
        #[expect(clippy::disallowed_methods, reason = "the test's runtime ends it")]
        tokio::spawn(serving);
        let channel = Channel::from_shared(format!("http://{address}")).unwrap();
        let channel = soon(channel.connect()).await.unwrap();
        Self {
            address,
            plane,
            clock,
            channel,
            drain,
        }
    }

    pub(crate) fn registry(&self) -> RegistryClient<Channel> {
        RegistryClient::new(self.channel.clone())
    }

    /// Registers an instance of `pay` that beats every 5 s.
    pub(crate) async fn register(&self, id: &str) {
        let request = v1::RegisterRequest {
            service: key(id).service,
            id: id.to_owned(),
            spec: Some(v1::InstanceSpec {
                host: "10.0.0.1".to_owned(),
                port: 80,
                ..v1::InstanceSpec::default()
            }),
        };
        soon(self.registry().register(request)).await.unwrap();
    }

    /// Removes an instance of `pay`, as an operator does.
    pub(crate) async fn deregister(&self, id: &str) {
        let request = v1::DeregisterRequest {
            instance: Some(key(id)),
        };
        let answer = soon(self.registry().deregister(request)).await.unwrap();
        assert_ne!(answer.into_inner().revision, 0);
    }

    pub(crate) async fn keep_alive(&self) -> KeepAlive {
        let (requests, queue) = mpsc::channel(8);
        let answers = soon(self.registry().keep_alive(ReceiverStream::new(queue))).await;
        KeepAlive {
            requests,
            answers: answers.unwrap().into_inner(),
        }
    }

    /// Lets time pass, has the control plane notice, and tells whether an instance is healthy.
    pub(crate) async fn is_healthy_after(&self, id: &str, seconds: f64) -> bool {
        self.clock.advance(Duration::from_secs_f64(seconds));
        self.plane.tick().await.unwrap();
        let service = ServiceKey::parse("default", "pay").unwrap();
        let service = self.plane.catalog.find_service(&service).unwrap();
        let instance = service.find_instance(&InstanceId::parse(id).unwrap());
        instance.unwrap().health.is_healthy()
    }

    /// An HTTP/2 connection below gRPC.
    pub(crate) async fn connect(&self) -> h2::client::SendRequest<bytes::Bytes> {
        let stream = soon(TcpStream::connect(self.address)).await.unwrap();
        let (requests, connection) = soon(h2::client::handshake(stream)).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "the test's runtime ends it")]
        tokio::spawn(connection);
        soon(requests.ready()).await.unwrap()
    }
}

impl KeepAlive {
    pub(crate) async fn send(&self, request: v1::KeepAliveRequest) {
        soon(self.requests.send(request)).await.unwrap();
    }

    /// Attaches instances; the ids of those that are unknown.
    pub(crate) async fn attach(&mut self, ids: &[&str]) -> Vec<String> {
        let attach = ids.iter().map(|id| key(id)).collect();
        let request = v1::KeepAliveRequest {
            attach,
            ..v1::KeepAliveRequest::default()
        };
        self.send(request).await;
        self.unknown().await
    }

    /// The ids of the instances that the next answer names.
    pub(crate) async fn unknown(&mut self) -> Vec<String> {
        let answer = soon(self.answers.message()).await.unwrap().unwrap();
        answer.unknown.into_iter().map(|key| key.id).collect()
    }

    /// Sends a beat, and waits until the server has taken it: messages are taken in order.
    pub(crate) async fn beat(&mut self) {
        self.send(v1::KeepAliveRequest::default()).await;
        assert_eq!(self.attach(&["nobody"]).await, ["nobody"]);
    }

    /// Ends the stream from the client's side, and waits until the server has ended it too.
    pub(crate) async fn end(self) {
        let Self {
            requests,
            mut answers,
        } = self;
        drop(requests);
        assert_eq!(soon(answers.message()).await.unwrap(), None);
    }
}

pub(crate) fn key(id: &str) -> v1::InstanceKey {
    v1::InstanceKey {
        service: Some(v1::ServiceKey {
            namespace: String::new(),
            service: "pay".to_owned(),
        }),
        id: id.to_owned(),
    }
}
