//! The REST admin API, live changes, metrics and the browser console, over HTTP.
//!
//! Every decision is taken by [`merak_core`]; here JSON becomes model types, things become JSON and
//! errors become RFC 9457 problems. One list of handlers is both the router and the OpenAPI
//! document. Knows neither SQL nor gRPC.

mod about;
mod analyze;
mod as_of;
mod caller;
mod change;
mod console;
mod etag;
mod export;
mod extract;
mod filter;
mod instance;
mod metadata;
mod metrics;
mod mutation;
mod namespace;
mod nearby_rule;
mod openapi;
mod operations;
mod page;
mod problem;
mod rate_limit_rule;
mod rate_limit_usage;
mod request_id;
mod routing_rule;
mod rule;
mod server;
mod service;
mod simulate;
mod sort;
mod subscriber;
mod trend;
mod warning;
mod watch;

use std::{any::Any, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, Method, Uri};
use merak_core::ControlPlane;
use merak_model::Timestamp;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::error;

use crate::{
    extract::BODY_LIMIT_BYTES,
    metrics::Metrics,
    problem::{Code, Problem},
};
pub use openapi::openapi;
pub use server::serve;

/// Where applications reach the control plane, which the console tells newcomers.
#[derive(Debug, Clone)]
pub struct GrpcEndpoint {
    /// Where the gRPC listener of this process listens.
    pub listener: SocketAddr,
    /// What to tell applications instead, such as `https://merak.example.com:443`.
    pub advertised: Option<String>,
}

/// What every handler can reach.
#[derive(Clone)]
struct Api {
    plane: Arc<ControlPlane>,
    metrics: Arc<Metrics>,
    grpc: Option<Arc<GrpcEndpoint>>,
    openapi: Arc<str>,
    /// When it began to serve.
    started_at: Timestamp,
    /// Cancelled when the server is about to end: watches end, and it is no longer ready.
    drain: CancellationToken,
}

/// The API over a control plane; watches end when `drain` is cancelled.
///
/// `grpc` is only told to those who ask `/api/v1/about`. Who asks is taken from axum's `ConnectInfo<SocketAddr>`, if the connection has it.
pub fn router(
    plane: Arc<ControlPlane>,
    grpc: Option<GrpcEndpoint>,
    drain: CancellationToken,
) -> Router {
    let (routes, description) = openapi::operations().split_for_parts();
    let api = Api {
        metrics: Arc::new(Metrics::new(Arc::clone(&plane))),
        openapi: openapi::text_of(&description).into(),
        started_at: plane.clock.timestamp(),
        plane,
        grpc: grpc.map(Arc::new),
        drain,
    };
    with_layers(routes, api)
}

/// What every request goes through, from the last line to the first.
fn with_layers(routes: Router<Api>, api: Api) -> Router {
    routes
        .fallback(no_such_path)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT_BYTES))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(request_id::layer))
        .layer(from_fn_with_state(api.clone(), metrics::layer))
        .with_state(api)
}

/// What is no operation is the console's, or nobody's.
async fn no_such_path(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    console::answer(&method, &uri, &headers).unwrap_or_else(|| {
        let detail = format!("the API has no path `{}`", uri.path());
        Problem::new(Code::NoSuchPath, detail).into_response()
    })
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!(
        "`{}` has no method {method}, `Allow` names those it has",
        uri.path()
    );
    Problem::new(Code::MethodNotAllowed, detail)
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    error!("a request ended in a panic");
    Problem::new(
        Code::Internal,
        "a defect of the control plane ended the request",
    )
    .into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use http::Request;
    use http_body_util::BodyExt as _;
    use merak_core::{ManualClock, Settings, testing::MemoryStore};
    use tower::ServiceExt as _;

    use super::*;

    async fn answer_to(path: &str) -> (u16, serde_json::Value) {
        let (store, clock) = (MemoryStore::default(), ManualClock::default());
        let plane = ControlPlane::start(Arc::new(store), Arc::new(clock), Settings::default());
        let plane = Arc::new(plane.await.unwrap());
        let api = Api {
            metrics: Arc::new(Metrics::new(Arc::clone(&plane))),
            openapi: "".into(),
            started_at: plane.clock.timestamp(),
            plane,
            grpc: None,
            drain: CancellationToken::new(),
        };
        let panics = get(async || -> &'static str { panic!("a defect") });
        let hangs = get(async || std::future::pending::<()>().await);
        let routes = Router::new()
            .route("/panics", panics)
            .route("/hangs", hangs);
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = with_layers(routes, api).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_problem() {
        let (status, problem) = answer_to("/panics").await;
        assert_eq!((status, &problem["code"]), (500, &"internal".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_takes_too_long_is_given_up() {
        let begin = tokio::time::Instant::now();
        let (status, problem) = answer_to("/hangs").await;
        assert_eq!((status, &problem["code"]), (504, &"timeout".into()));
        assert_eq!(begin.elapsed().as_secs(), 30);
    }
}
