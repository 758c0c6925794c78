//! Reading an instance.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::HeaderMap;

use super::{Instance, InstancePath, not_found};
use crate::{
    Api,
    as_of::AsOfQuery,
    etag::{self, ReadHeaders},
    extract::{Path, Query},
    problem::{HistoryProblems, Problem},
};

/// Reads an instance.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/services/{service}/instances/{id}",
    tag = "instances",
    params(InstancePath, AsOfQuery, ReadHeaders),
    responses(
        (status = 200, description = "The instance", body = Instance, headers(("ETag" = String))),
        (status = 304, description = "It is as the client holds it"),
        HistoryProblems,
    ),
)]
pub(super) async fn get_instance(
    State(api): State<Api>,
    Path(path): Path<InstancePath>,
    Query(AsOfQuery { as_of }): Query<AsOfQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (service, id) = path.key();
    let found = match as_of {
        Some(as_of) => as_of
            .find_service(&api, &service)
            .await?
            .instances
            .remove(&id),
        None => {
            let snapshot = api.plane.catalog.find_service(&service);
            snapshot.and_then(|snapshot| snapshot.find_instance(&id).map(Arc::clone))
        }
    };
    let found = found.ok_or_else(|| not_found(&service, &id))?;
    etag::answer(&headers, found.stamp.revision, &Instance::from(&*found))
}
