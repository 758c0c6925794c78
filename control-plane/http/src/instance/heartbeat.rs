//! One heartbeat, for clients that cannot hold a stream.

use axum::extract::State;
use http::StatusCode;
use merak_core::Error;

use super::{InstancePath, not_found};
use crate::{
    Api,
    extract::{NoParameters, Path, Query},
    problem::{DeleteProblems, Problem},
};

/// Keeps an instance alive for three times its `ttl_seconds`.
///
/// One that is unknown answers 404: register it again. One that is static answers 409. A beat is no
/// change: it is not in the change log.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/services/{service}/instances/{id}/heartbeat",
    tag = "instances",
    params(InstancePath),
    responses((status = 204, description = "It is alive"), DeleteProblems),
)]
pub(super) async fn heartbeat_instance(
    State(api): State<Api>,
    Path(path): Path<InstancePath>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<StatusCode, Problem> {
    let (service, id) = path.key();
    let unknown = api
        .plane
        .liveness
        .heartbeat([(service.clone(), id.clone())]);
    if unknown.is_empty() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let snapshot = api.plane.catalog.find_service(&service);
    let is_static = snapshot.is_some_and(|snapshot| snapshot.find_instance(&id).is_some());
    if !is_static {
        return Err(not_found(&service, &id).into());
    }
    let message = format!("instance `{id}` of service `{service}` is static: it does not beat");
    Err(Error::conflict(message).into())
}
