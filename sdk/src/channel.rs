//! A transport that finds an instance for each request.

mod pool;

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, uri::PathAndQuery};
use merak_model::{Call, Instance, ServiceKey};
use tonic::{body::Body, transport::Channel};
use tower::Service as _;
use tracing::debug;

use crate::{Client, Error, Result, driver::describe};
use pool::{Link, Pool};

/// Instances that are tried for one request.
const ATTEMPTS: usize = 3;

/// A transport for tonic clients that finds an instance of a service for each request.
///
/// It keeps the service subscribed and a connection to each instance that it has called, which all calls
/// share and which closes when the instance leaves.
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
    pool: Arc<Pool>,
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
        let (instance, link, mut channel) = self.connect(request.uri().path()).await?;
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = absolute(&instance, path);
        let sent = async {
            std::future::poll_fn(|context| channel.poll_ready(context)).await?;
            channel.call(request).await
        };
        sent.await.map_err(|failure| {
            // The next request connects anew, or learns that the instance is gone.
            self.pool.forget(&instance.id, &link);
            self.failed(&instance, describe(&failure))
        })
    }

    /// An instance for a request, with a connection to it.
    async fn connect(&self, path: &str) -> Result<(Arc<Instance>, Link, Channel)> {
        let mut failed = Vec::new();
        let mut last = None;
        loop {
            let call = Call::to(self.key.service.as_str())
                .in_namespace(self.key.namespace.as_str())
                .path(path)
                .excluding(&failed);
            let instance = match (self.client.pick(&call).await, last) {
                (Ok(instance), _) => instance,
                // There are no more to try.
                (Err(Error::NoInstance { .. }), Some(last)) => return Err(last),
                (Err(failure), _) => return Err(failure),
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
                    failed.push(instance.id.clone());
                    let failure = self.failed(&instance, why);
                    if failed.len() == ATTEMPTS {
                        return Err(failure);
                    }
                    last = Some(failure);
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
