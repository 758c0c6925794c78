//! A transport that finds an instance for each request.

mod pool;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, request::Parts, uri::PathAndQuery};
use merak_model::{Instance, InstanceId, ServiceKey};
use tonic::{body::Body, transport::Channel};
use tower::Service as _;
use tracing::debug;

use crate::{
    Client, Error, InFlight, Outcome, Picked, Result,
    driver::describe,
    http_service::{Lent, attempt},
    limiter::{Grpc, Permit, Refuse as _},
    outgoing::Outgoing,
};
pub(crate) use pool::CONNECT_TIMEOUT;
use pool::{Link, Pool};

/// Instances that are tried for one request.
pub(crate) const ATTEMPTS: usize = 3;

/// A transport for tonic clients that finds an instance of a service for each request.
///
/// It keeps the service subscribed and a connection to each instance that it has called, which all calls
/// share and which closes when the instance leaves.
/// Where connecting to an instance fails, the request goes to another one; a request that was sent is
/// never sent again. Rules see the request's path and metadata, and its method as the full name of the gRPC
/// method; [`CallOptions`](crate::CallOptions) among the request's extensions add to that. An instance
/// counts as busy until its answer has been read.
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
    is_limited: bool,
    pool: Arc<Pool>,
}

/// What was tried for a request in vain.
#[derive(Default)]
struct Tried {
    instances: Vec<InstanceId>,
    last: Option<Error>,
}

impl ServiceChannel {
    pub(crate) fn new(client: Client, key: ServiceKey) -> Self {
        Self {
            client,
            key: Arc::new(key),
            is_limited: false,
            pool: Arc::default(),
        }
    }

    /// Obeys the rate limits of the service before a request leaves, as [`Client::acquire`] does: this client
    /// counts its own calls. A request that has to queue waits for its turn, one that is rejected is not
    /// sent and fails with `RESOURCE_EXHAUSTED` and a `google.rpc.RetryInfo`.
    /// A request counts once however many instances are tried, and is under way until its
    /// answer has been read. The first request subscribes to the rules.
    #[must_use]
    pub fn limited(mut self) -> Self {
        self.is_limited = true;
        self
    }

    async fn send(self, request: Request<Body>) -> Result<Response<Body>> {
        let (mut parts, body) = request.into_parts();
        self.client.identity().sign(&mut parts.headers);
        let permit = match self.permit(&parts).await {
            Ok(permit) => permit,
            Err(Error::Limited(rejected)) => return Ok(Grpc::refuse(&rejected)),
            Err(failure) => return Err(failure),
        };
        let body = Lent::new(body);
        let mut tried = Tried::default();
        loop {
            let outgoing = Outgoing::grpc(&parts);
            let (instance, link, mut channel) = self.connect(&outgoing, &mut tried).await?;
            let mut attempt = attempt(&parts, &instance, Body::new(body.clone()));
            *attempt.version_mut() = parts.version;
            *attempt.extensions_mut() = parts.extensions.clone();
            let sent = async {
                std::future::poll_fn(|context| channel.poll_ready(context)).await?;
                channel.call(attempt).await
            };
            let failure = match sent.await {
                Ok(response) => {
                    let response = InFlight::grpc(response, instance);
                    return Ok(response.map(|body| Body::new(body.holding(permit))));
                }
                Err(failure) => failure,
            };
            // The next request connects anew, or learns that the instance is gone.
            self.pool.forget(&instance.id, &link);
            let error = self.failed(&instance, describe(&failure));
            if !is_of_connecting(&failure) {
                instance.report(Outcome::Failed);
                return Err(error);
            }
            tried.unreachable(instance, error)?;
        }
    }

    /// Leave for a request, if rate limits are obeyed.
    async fn permit(&self, parts: &Parts) -> Result<Option<Permit>> {
        if !self.is_limited {
            return Ok(None);
        }
        let outgoing = Outgoing::grpc(parts);
        let call = outgoing.call(&self.key, &[]);
        self.client.permit(call).await.map(Some)
    }

    /// An instance for a request, with a connection to it.
    async fn connect(
        &self,
        outgoing: &Outgoing<'_>,
        tried: &mut Tried,
    ) -> Result<(Picked, Link, Channel)> {
        loop {
            let call = outgoing.call(&self.key, &tried.instances);
            let picked = self.client.pick(&call).await;
            let instance = match (picked, tried.last.take()) {
                (Ok(instance), _) => instance,
                // That there is no other instance says less than why the first one could not be reached.
                (Err(_), Some(last)) => return Err(last),
                (Err(failure), None) => return Err(failure),
            };
            if !self.pool.is_following() {
                let news = self.client.news_of(&self.key).await?;
                self.pool.follow(news, self.client.shared());
            }
            let link = self.pool.link(&instance);
            match link.clone().await {
                Ok(channel) => return Ok((instance, link, channel)),
                Err(why) => {
                    debug!(service = %self.key, instance = %instance.id, "cannot connect: {why}");
                    self.pool.forget(&instance.id, &link);
                    let failure = self.failed(&instance, why);
                    tried.unreachable(instance, failure)?;
                }
            }
        }
    }

    fn failed(&self, instance: &Instance, why: String) -> Error {
        Error::Instance {
            service: (*self.key).clone(),
            address: instance.address(),
            why,
        }
    }
}

impl Tried {
    /// Notes an instance that cannot be connected to; fails when that is enough of them.
    fn unreachable(&mut self, instance: Picked, failure: Error) -> Result<()> {
        self.instances.push(instance.id.clone());
        instance.report(Outcome::Unreachable);
        if self.instances.len() == ATTEMPTS {
            return Err(failure);
        }
        self.last = Some(failure);
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

/// Whether a request failed because a connection that was lost could not be made again: it was not sent.
fn is_of_connecting(failure: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(failure), |cause| cause.source());
    causes.any(|cause| cause.is::<tonic::ConnectError>())
}

/// The request's path at an instance.
pub(crate) fn absolute(instance: &Instance, path: Option<PathAndQuery>) -> http::Uri {
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    http::Uri::builder()
        .scheme("http")
        .authority(instance.address())
        .path_and_query(path)
        .build()
        .unwrap_or_default()
}
