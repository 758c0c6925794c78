//! A transport that finds an instance for each request.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, uri::PathAndQuery};
use merak_model::{Call, Instance, InstanceId, Revision, ServiceKey};
use parking_lot::Mutex;
use tonic::{
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::Service as _;
use tracing::debug;

use crate::{Client, Error, Result, driver::describe};

/// How long connecting to an instance may take before another one is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Instances that are tried for one request.
const ATTEMPTS: usize = 3;

/// A transport for tonic clients that finds an instance of a service for each request.
///
/// It keeps a connection to each instance that it has called, and closes it when the instance leaves.
/// Where connecting to an instance fails, the request goes to another one; a request that was sent is
/// never sent again.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use merak_proto::v1::{HeartbeatRequest, registry_client::RegistryClient};
/// use merak_sdk::Client;
///
/// let client = Client::builder("http://127.0.0.1:8091").build()?;
/// // Any client that tonic generates.
/// let mut pay = RegistryClient::new(client.channel("micro-pay")?);
/// pay.heartbeat(HeartbeatRequest::default()).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ServiceChannel {
    client: Client,
    key: Arc<ServiceKey>,
    pool: Arc<Mutex<Pool>>,
}

/// Connections by instance.
#[derive(Default)]
struct Pool {
    /// The state of the service that was last looked at.
    revision: Revision,
    channels: HashMap<InstanceId, (String, Channel)>,
}

impl ServiceChannel {
    pub(crate) fn new(client: Client, key: ServiceKey) -> Self {
        Self {
            client,
            key: Arc::new(key),
            pool: Arc::default(),
        }
    }

    async fn send(self, mut request: Request<Body>) -> Result<Response<Body>> {
        let (instance, mut channel) = self.connect(request.uri().path()).await?;
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = absolute(&instance, path);
        let sent = async {
            std::future::poll_fn(|context| channel.poll_ready(context)).await?;
            channel.call(request).await
        };
        sent.await.map_err(|failure| {
            // The next request connects anew, or learns that the instance is gone.
            self.pool.lock().channels.remove(&instance.id);
            self.failed(instance.address(), describe(&failure))
        })
    }

    /// An instance for a request, with a connection to it.
    async fn connect(&self, path: &str) -> Result<(Arc<Instance>, Channel)> {
        let mut failed = Vec::new();
        loop {
            let call = Call::to(self.key.service.as_str())
                .in_namespace(self.key.namespace.as_str())
                .path(path)
                .excluding(&failed);
            let instance = self.client.pick(&call).await?;
            self.forget_those_that_left().await?;
            if let Some(channel) = self.find(&instance) {
                return Ok((instance, channel));
            }
            let address = instance.address();
            match open(&address).await {
                Ok(channel) => {
                    let entry = (address, channel.clone());
                    self.pool.lock().channels.insert(instance.id.clone(), entry);
                    return Ok((instance, channel));
                }
                Err(why) => {
                    debug!(service = %self.key, address, "cannot connect: {why}");
                    failed.push(instance.id.clone());
                    if failed.len() == ATTEMPTS {
                        return Err(self.failed(address, why));
                    }
                }
            }
        }
    }

    fn failed(&self, address: String, why: String) -> Error {
        Error::Instance {
            service: (*self.key).clone(),
            address,
            why,
        }
    }

    fn find(&self, instance: &Instance) -> Option<Channel> {
        let pool = self.pool.lock();
        let (address, channel) = pool.channels.get(&instance.id)?;
        (*address == instance.address()).then(|| channel.clone())
    }

    async fn forget_those_that_left(&self) -> Result<()> {
        let state = self.client.state_of(&self.key).await?;
        let mut pool = self.pool.lock();
        if pool.revision != state.revision() {
            pool.revision = state.revision();
            pool.channels
                .retain(|id, _| state.find_instance(id).is_some());
        }
        Ok(())
    }
}

impl tower::Service<Request<Body>> for ServiceChannel {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

async fn open(address: &str) -> Result<Channel, String> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"));
    let endpoint = endpoint.map_err(|failure| describe(&failure))?;
    let endpoint = endpoint.tcp_nodelay(true);
    let connecting = endpoint.connect();
    match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(failure)) => Err(describe(&failure)),
        Err(_) => Err(format!("no connection within {CONNECT_TIMEOUT:?}")),
    }
}

/// The request's path at an instance.
fn absolute(instance: &Instance, path: Option<PathAndQuery>) -> http::Uri {
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    http::Uri::builder()
        .scheme("http")
        .authority(instance.address())
        .path_and_query(path)
        .build()
        .unwrap_or_default()
}
