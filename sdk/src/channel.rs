//! A transport that finds an instance for each request.

mod pool;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, request::Parts, uri::PathAndQuery};
use http_body_util::BodyExt as _;
use merak_model::{Instance, InstanceId, ServiceKey};
use tonic::{Code, Status, body::Body, transport::Channel};
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
/// A request that reaches no instance fails with `UNAVAILABLE`, and the reason as its message: the service is
/// unknown, the rules leave it no instance, its instances cannot be connected to, or the control plane did not
/// tell them in time. So does one whose connection breaks before its answer is complete, which the instance may
/// have seen: only repeat it where doing so twice is harmless. `DEADLINE_EXCEEDED` ends one that is not answered
/// within the timeout that it carries. [`Error`] says which codes other failures
/// have as a [`Status`], and is the source of the status.
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

    async fn send(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (mut parts, body) = request.into_parts();
        self.client.identity().sign(&mut parts.headers);
        let permit = match self.permit(&parts).await {
            Ok(permit) => permit,
            Err(Error::Limited(rejected)) => return Ok(Grpc::refuse(&rejected)),
            Err(failure) => return Err(failure.into()),
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
                    return Ok(
                        response.map(|body| Body::new(body.holding(permit).map_err(unless_broken)))
                    );
                }
                Err(failure) => failure,
            };
            // The next request connects anew, or learns that the instance is gone.
            self.pool.forget(&instance.id, &link);
            let error = self.failed(&instance, describe(&failure));
            if !is_of_connecting(&failure) {
                instance.report(Outcome::Failed);
                return Err(unanswered(error, failure));
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
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// Whether a request failed because a connection that was lost could not be made again: it was not sent.
fn is_of_connecting(failure: &(dyn std::error::Error + 'static)) -> bool {
    has_cause::<tonic::ConnectError>(failure)
}

fn has_cause<E: std::error::Error + 'static>(failure: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(failure), |cause| cause.source());
    causes.any(|cause| cause.is::<E>())
}

/// Why a request that was sent has no answer.
fn unanswered(error: Error, failure: tonic::transport::Error) -> Status {
    let is_late = has_cause::<tonic::TimeoutExpired>(&failure);
    let mut code = Status::from_error(failure.into()).code();
    if is_late {
        code = Code::DeadlineExceeded;
    } else if matches!(code, Code::Unknown | Code::Cancelled) {
        // The connection broke, or was closed; tonic knows the codes of other ends of HTTP/2 streams.
        code = Code::Unavailable;
    }
    let mut status = Status::new(code, error.to_string());
    status.set_source(Arc::new(error));
    status
}

/// Why an answer ended early: tonic has no code for a connection that broke, and calls it unknown.
fn unless_broken(failure: Status) -> Status {
    if failure.code() != Code::Unknown {
        return failure;
    }
    let mut broken = Status::unavailable(failure.message());
    broken.set_source(Arc::new(failure));
    broken
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
