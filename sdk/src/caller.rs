//! Who calls, as the headers of a request say.

use std::task::{Context, Poll};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use merak_model::{NamespaceName, ServiceName, call::Caller};
use tower::{Layer, Service};

const NAMESPACE: HeaderName = HeaderName::from_static("x-merak-caller-namespace");
const SERVICE: HeaderName = HeaderName::from_static("x-merak-caller-service");

/// The service that a request says it comes from.
///
/// [`Client::channel`](crate::Client::channel) and [`Client::http`](crate::Client::http) set the headers
/// `x-merak-caller-namespace` and `x-merak-caller-service` to the client's own service, in place of what
/// the application set or passed on; they take them out where the client has no service.
///
/// **Not authenticated**: anybody who reaches a server can send any header. It is good for routing,
/// metrics and logs, and for nothing that must be kept from somebody.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct CallerIdentity {
    /// The caller's namespace; none where the header is missing or not a valid name.
    pub namespace: Option<NamespaceName>,
    /// The caller's service; none where the header is missing or not a valid name.
    pub service: Option<ServiceName>,
}

impl CallerIdentity {
    /// Reads the headers of a request.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let find = |name| headers.get(name)?.to_str().ok();
        Self {
            namespace: find(NAMESPACE).and_then(|name| NamespaceName::parse(name).ok()),
            service: find(SERVICE).and_then(|name| ServiceName::parse(name).ok()),
        }
    }

    /// Sets the headers of a request that this caller sends.
    pub(crate) fn sign(&self, headers: &mut HeaderMap) {
        headers.remove(NAMESPACE);
        headers.remove(SERVICE);
        let Some(service) = &self.service else { return };
        let namespace = self.namespace.as_ref().map(NamespaceName::as_str);
        for (name, value) in [(NAMESPACE, namespace), (SERVICE, Some(service.as_str()))] {
            // Names are of ASCII characters that headers may have.
            let value = value.and_then(|value| HeaderValue::from_str(value).ok());
            headers.extend(value.map(|value| (name, value)));
        }
    }
}

/// Gives handlers the [`CallerIdentity`] of each request, as an extension of the request.
///
/// Outside of a [`LimitLayer`](crate::limiter::LimitLayer), it also tells rate limit rules who calls.
///
/// For axum, where handlers take `Extension<CallerIdentity>`:
///
/// ```
/// use axum::{Extension, Router, routing::get};
/// use merak_sdk::{CallerIdentity, CallerLayer};
///
/// async fn hello(Extension(caller): Extension<CallerIdentity>) -> String {
///     match caller.service {
///         Some(service) => format!("hello, {service}"),
///         None => "hello, whoever you are".to_owned(),
///     }
/// }
///
/// let router: Router = Router::new().route("/hello", get(hello)).layer(CallerLayer);
/// # drop(router);
/// ```
///
/// For tonic, where it is among the `extensions()` of a request: `Server::builder().layer(CallerLayer)`.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallerLayer;

/// A service behind a [`CallerLayer`].
#[derive(Debug, Clone)]
pub struct CallerAware<S>(S);

impl<S> Layer<S> for CallerLayer {
    type Service = CallerAware<S>;

    fn layer(&self, inner: S) -> CallerAware<S> {
        CallerAware(inner)
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for CallerAware<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let identity = CallerIdentity::from_headers(request.headers());
        let extensions = request.extensions_mut();
        // What somebody else found out of the caller says more.
        if identity.service.is_some() && extensions.get::<Caller>().is_none() {
            extensions.insert(Caller {
                namespace: identity.namespace.clone(),
                service: identity.service.clone(),
                ..Caller::default()
            });
        }
        extensions.insert(identity);
        self.0.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_signs_is_read_again_in_place_of_what_was_passed_on() {
        let caller = CallerIdentity {
            namespace: Some(NamespaceName::parse("shop").unwrap()),
            service: Some(ServiceName::parse("micro-api/v1").unwrap()),
        };
        let mut headers = HeaderMap::new();
        headers.append(SERVICE, HeaderValue::from_static("somebody"));
        headers.append(SERVICE, HeaderValue::from_static("somebody-else"));
        caller.sign(&mut headers);
        assert_eq!(headers.get_all(SERVICE).iter().count(), 1);
        assert_eq!(CallerIdentity::from_headers(&headers), caller);
        CallerIdentity::default().sign(&mut headers);
        assert!(headers.is_empty());
    }

    #[test]
    fn what_is_no_name_is_nobody() {
        let mut headers = HeaderMap::new();
        headers.insert(SERVICE, HeaderValue::from_static("a b"));
        headers.insert(NAMESPACE, HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(
            CallerIdentity::from_headers(&headers),
            CallerIdentity::default()
        );
    }
}
