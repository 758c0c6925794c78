//! What this control plane is: `/api/v1/about`.

use axum::extract::State;
use merak_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    problem::{ListProblems, Problem},
};

/// The operation that tells what the control plane is.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_about))
}

/// What a control plane is, and since when.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "version": "0.1.0", "started_at": "2026-01-02T10:42:07Z", "epoch": "0b9e", "revision": 44,
}))]
struct About {
    /// The version of the program.
    version: &'static str,
    /// When it began to serve.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// Names the history that revisions belong to; another one after a restore from a backup.
    epoch: String,
    /// The revision of the newest change.
    revision: u64,
}

/// Reads what the control plane is.
#[utoipa::path(
    get, path = "/api/v1/about", tag = "operations",
    responses((status = 200, description = "What it is", body = About), ListProblems),
)]
async fn get_about(State(api): State<Api>) -> Result<axum::Json<About>, Problem> {
    Ok(axum::Json(About {
        version: env!("CARGO_PKG_VERSION"),
        started_at: api.started_at,
        epoch: api.plane.epoch.to_string(),
        revision: api.plane.catalog.revision().get(),
    }))
}
