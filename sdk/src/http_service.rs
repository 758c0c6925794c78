//! An HTTP client that finds an instance for each request.

use std::{
    error::Error as StdError,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, request::Parts};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client as Connections, connect::HttpConnector},
    rt::TokioExecutor,
};
use merak_model::ServiceKey;
use parking_lot::Mutex;
use tracing::debug;

use crate::{
    Client, Error, InFlight, Outcome, Picked, Result,
    channel::{ATTEMPTS, CONNECT_TIMEOUT, absolute},
    driver::describe,
    outgoing::Outgoing,
};

/// An HTTP/1.1 client that finds an instance of a service for each request; also a [`tower::Service`].
///
/// The rules of the service see the request's method, path, headers, query and cookies, and what its
/// [`CallOptions`](crate::CallOptions) add. Where an instance cannot be connected to within 2 s the
/// request goes to another one, three in all. So it does where a connection breaks before the answer begins, if
/// the method is idempotent (`GET`, `HEAD`, `OPTIONS`, `TRACE`, `PUT`, `DELETE`) and nothing of the body was
/// read; any other request that was sent is never sent again. Connections are kept for the next request. Of
/// the request's URI only the path and the query count.
///
/// There is no limit to how long an answer may take: put a timeout around it where there must be one.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use http_body_util::BodyExt;
/// use merak_sdk::Client;
///
/// let client = Client::builder("http://127.0.0.1:8091").service("micro-api").build()?;
/// let orders = client.http("micro-order")?;
/// let request = http::Request::post("/order/create")
///     .header("x-user", "42")
///     .body("{}".to_owned())?;
/// let answer = orders.request(request).await?;
/// println!("{}: {:?}", answer.status(), answer.into_body().collect().await?.to_bytes());
/// # Ok(()) }
/// ```
pub struct HttpService<B> {
    client: Client,
    key: Arc<ServiceKey>,
    is_limited: bool,
    connections: Connections<HttpConnector, Lent<B>>,
}

impl<B> HttpService<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    pub(crate) fn new(client: Client, key: ServiceKey) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let mut connections = Connections::builder(TokioExecutor::new());
        connections.pool_idle_timeout(IDLE_TIMEOUT);
        Self {
            client,
            key: Arc::new(key),
            is_limited: false,
            connections: connections.build(connector),
        }
    }

    /// Obeys the rate limits of the service before a request leaves, as [`Client::acquire`] does: this client
    /// counts its own calls. A request that has to queue waits for its turn, one that is rejected is not
    /// sent and fails with [`Error::Limited`].
    /// A request counts once however many instances are tried, and is under way until its
    /// answer has been read. The first request subscribes to the rules.
    ///
    /// ```no_run
    /// # async fn example(client: merak_sdk::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use merak_sdk::Error;
    ///
    /// let orders = client.http("micro-order")?.limited();
    /// match orders.request(http::Request::get("/orders").body(String::new())?).await {
    ///     Ok(answer) => println!("{}", answer.status()),
    ///     Err(Error::Limited(why)) => println!("{}, again in {:?}", why.rule(), why.retry_after()),
    ///     Err(failure) => return Err(failure.into()),
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn limited(mut self) -> Self {
        self.is_limited = true;
        self
    }

    /// Sends a request, as the service does that this is.
    ///
    /// # Errors
    /// As [`Client::pick`]; [`Error::Instance`] when no instance could be connected to, or the connection
    /// broke before the answer began; [`Error::Limited`] if it is [`limited`](Self::limited).
    pub async fn request(&self, request: Request<B>) -> Result<Response<InFlight<Incoming>>> {
        self.clone().send(request).await
    }

    async fn send(self, request: Request<B>) -> Result<Response<InFlight<Incoming>>> {
        let (mut parts, body) = request.into_parts();
        self.client.identity().sign(&mut parts.headers);
        let permit = if self.is_limited {
            let outgoing = Outgoing::http(&parts);
            Some(self.client.permit(outgoing.call(&self.key, &[])).await?)
        } else {
            None
        };
        let body = Lent::new(body);
        let mut failed = Vec::new();
        let mut last = None;
        loop {
            let outgoing = Outgoing::http(&parts);
            let picking = self.client.pick(&outgoing.call(&self.key, &failed)).await;
            // That there is no other instance says less than why the first one could not be reached.
            let picked = picking.map_err(|why| last.take().unwrap_or(why))?;
            let attempt = attempt(&parts, &picked, body.clone());
            let failure = match self.connections.request(attempt).await {
                Ok(response) => {
                    let response = InFlight::http(response, picked);
                    return Ok(response.map(|body| body.holding(permit)));
                }
                Err(failure) => failure,
            };
            let (id, address) = (picked.id.clone(), picked.address());
            let why = describe(&failure);
            debug!(service = %self.key, address, "a request failed: {why}");
            let error = Error::Instance {
                service: (*self.key).clone(),
                address,
                why,
            };
            let was_sent = !failure.is_connect();
            picked.report(if was_sent {
                Outcome::Failed
            } else {
                Outcome::Unreachable
            });
            if was_sent && !(parts.method.is_idempotent() && body.is_whole()) {
                return Err(error);
            }
            failed.push(id);
            if failed.len() == ATTEMPTS {
                return Err(error);
            }
            last = Some(error);
        }
    }
}

impl Client {
    /// An HTTP client that finds an instance of the service for each request.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the name is not valid.
    pub fn http<B>(&self, service: &str) -> Result<HttpService<B>>
    where
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        Ok(HttpService::new(self.clone(), self.key(service)?))
    }
}

/// How long a connection without a request is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The request as it goes to an instance.
pub(crate) fn attempt<B>(parts: &Parts, picked: &Picked, body: B) -> Request<B> {
    let mut attempt = Request::new(body);
    *attempt.method_mut() = parts.method.clone();
    *attempt.uri_mut() = absolute(picked, parts.uri.path_and_query().cloned());
    *attempt.headers_mut() = parts.headers.clone();
    attempt
}

impl<B> Clone for HttpService<B> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            key: Arc::clone(&self.key),
            is_limited: self.is_limited,
            connections: self.connections.clone(),
        }
    }
}

impl<B> tower::Service<Request<B>> for HttpService<B>
where
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    type Response = Response<InFlight<Incoming>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

/// A body that is lent to one attempt after the other.
pub(crate) struct Lent<B>(Arc<Mutex<Loan<B>>>);

struct Loan<B> {
    body: B,
    /// Whether no attempt has read anything of it. One that could not connect has not.
    is_whole: bool,
}

impl<B> Lent<B> {
    pub(crate) fn new(body: B) -> Self {
        let is_whole = true;
        Self(Arc::new(Mutex::new(Loan { body, is_whole })))
    }

    fn is_whole(&self) -> bool {
        self.0.lock().is_whole
    }
}

impl<B> Clone for Lent<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: Body + Unpin> Body for Lent<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut loan = self.0.lock();
        let polled = Pin::new(&mut loan.body).poll_frame(context);
        // An end without a frame is read again by the next attempt.
        loan.is_whole &= !matches!(polled, Poll::Ready(Some(_)));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().body.size_hint()
    }
}
