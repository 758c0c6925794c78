//! Layers that limit the requests of a server: one for HTTP, one for gRPC.

mod facts;
mod refusal;

use std::{
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::{Layer, Service};

use self::{facts::Facts, refusal::tell_standing};
use super::{Admission, Limiter, Permit};

pub(crate) use refusal::Refuse;
pub use refusal::{Grpc, Http};

/// Puts a service behind a [`Limiter`].
///
/// Rules look at the request: its method (the verb; of gRPC the full name, `shop.Pay/Charge`), path, headers,
/// parameters of the query and cookies; its [`Caller`](merak_model::call::Caller) and the caller's
/// [`IpAddr`](std::net::IpAddr), where a layer outside of this one has put them among the request's
/// extensions. A request is under way until its response begins.
///
/// A request that goes through is answered as ever, with `RateLimit-Policy` and `RateLimit` beside it, as
/// draft-ietf-httpapi-ratelimit-headers describes them: a policy for each amount that it was counted on. One
/// that is rejected does not reach the service.
///
/// ```
/// use http::{Request, Response};
/// use merak_sdk::{ServiceKey, limiter::{LimitLayer, Limiter}};
/// use tower::ServiceBuilder;
///
/// let limiter = Limiter::new(ServiceKey::parse("default", "micro-pay")?);
/// let service = ServiceBuilder::new()
///     .layer(LimitLayer::http(limiter))
///     .service_fn(async |_: Request<String>| Ok::<_, std::io::Error>(Response::new("paid".to_owned())));
/// # let _ = service;
/// # Ok::<(), merak_sdk::Invalid>(())
/// ```
#[derive(Debug)]
pub struct LimitLayer<P> {
    limiter: Limiter,
    protocol: PhantomData<P>,
}

/// A service behind a [`Limiter`].
#[derive(Debug)]
pub struct Limited<S, P> {
    inner: S,
    limiter: Limiter,
    protocol: PhantomData<P>,
}

impl LimitLayer<Http> {
    /// For HTTP servers, such as those of axum: a rejected request is answered as its rule says, with
    /// `Retry-After`, in whole seconds, where that is known.
    pub fn http(limiter: Limiter) -> Self {
        Self::with(limiter)
    }
}

impl LimitLayer<Grpc> {
    /// For gRPC servers, such as those of tonic: a rejected request fails with `RESOURCE_EXHAUSTED`, and
    /// with a `google.rpc.RetryInfo` among the details where it is known when to try again.
    pub fn grpc(limiter: Limiter) -> Self {
        Self::with(limiter)
    }
}

impl<P> LimitLayer<P> {
    fn with(limiter: Limiter) -> Self {
        Self {
            limiter,
            protocol: PhantomData,
        }
    }
}

impl<P> Clone for LimitLayer<P> {
    fn clone(&self) -> Self {
        Self::with(self.limiter.clone())
    }
}

impl<S, P> Layer<S> for LimitLayer<P> {
    type Service = Limited<S, P>;

    fn layer(&self, inner: S) -> Limited<S, P> {
        Limited {
            inner,
            limiter: self.limiter.clone(),
            protocol: PhantomData,
        }
    }
}

impl<S: Clone, P> Clone for Limited<S, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            limiter: self.limiter.clone(),
            protocol: PhantomData,
        }
    }
}

impl<S, P, B, R> Service<Request<B>> for Limited<S, P>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    P: Refuse<R>,
    B: Send + 'static,
    R: 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was asked whether it is ready, and not its clone, takes the request.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let limiter = self.limiter.clone();
        Box::pin(async move {
            let (admission, standing) = {
                let facts = Facts::of(&request);
                let call = facts.call::<P>(limiter.service());
                let admission = limiter.acquire(&call);
                (admission, limiter.standing(&call))
            };
            let permit: Permit = match admission {
                Admission::Permitted(permit) => permit,
                Admission::Waiting(wait) => wait.turn().await,
                Admission::Rejected(rejected) => {
                    let mut response = P::refuse(&rejected);
                    tell_standing(response.headers_mut(), &standing);
                    return Ok(response);
                }
            };
            let mut response = inner.call(request).await?;
            drop(permit);
            tell_standing(response.headers_mut(), &standing);
            Ok(response)
        })
    }
}
