//! What operators and their machines ask: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, StatusCode, header};
use merak_core::Error;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api, metrics,
    problem::{ListProblems, Problem},
};

/// The operations for operators.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_health))
        .routes(routes!(get_readiness))
        .routes(routes!(get_metrics))
        .routes(routes!(get_openapi))
}

/// How the control plane is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
struct Status {
    /// `ok`.
    status: &'static str,
}

const OK: Status = Status { status: "ok" };

/// Answers while the process serves at all.
#[utoipa::path(
    get, path = "/healthz", tag = "operations",
    responses((status = 200, description = "It serves", body = Status)),
)]
async fn get_health() -> axum::Json<Status> {
    axum::Json(OK)
}

/// Answers whether requests should be sent here: 503 while it drains and when it failed.
#[utoipa::path(
    get, path = "/readyz", tag = "operations",
    responses((status = 200, description = "Send requests", body = Status), ListProblems),
)]
async fn get_readiness(State(api): State<Api>) -> Result<axum::Json<Status>, Problem> {
    if api.plane.failed.is_cancelled() {
        return Err(Error::unavailable("the control plane failed and is stopping").into());
    }
    if api.drain.is_cancelled() {
        return Err(Error::unavailable("the control plane is shutting down").into());
    }
    Ok(axum::Json(OK))
}

/// Reads the metrics, in the text format of Prometheus, or of OpenMetrics 1.0 if `Accept` names it.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses(
        (status = 200, description = "The metrics", content(
            (String = metrics::PROMETHEUS, example = "merak_revision 44\n"),
            (String = metrics::OPEN_METRICS, example = "merak_revision 44\n# EOF\n"),
        )),
        ListProblems,
    ),
)]
async fn get_metrics(State(api): State<Api>, headers: HeaderMap) -> Result<Response, Problem> {
    // Counting goes through every service, which takes more than a moment when there are many.
    let format = metrics::Format::of(&headers);
    let metrics = Arc::clone(&api.metrics);
    let text = tokio::task::spawn_blocking(move || metrics.encode(format)).await;
    let text = text.map_err(|_| Error::unavailable("the metrics could not be counted"))?;
    Ok(([(header::CONTENT_TYPE, format.media_type())], text).into_response())
}

/// Reads the description of this API: OpenAPI 3.1, generated from the code that serves it.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "The description", body = Object)),
)]
async fn get_openapi(State(api): State<Api>) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::OK, json, api.openapi.to_string()).into_response()
}
