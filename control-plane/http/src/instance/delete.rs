//! Deregistering an instance.

use axum::response::Response;

use super::{InstancePath, not_found};
use crate::{
    etag::WriteHeaders,
    extract::Path,
    mutation::{Mutation, MutationQuery},
    problem::{DeleteProblems, Problem},
};

/// Deregisters an instance.
///
/// An application that is alive is told with its next beat, and registers again: to take its
/// instance out, isolate it instead.
#[utoipa::path(
    delete, path = "/api/v1/namespaces/{namespace}/services/{service}/instances/{id}",
    tag = "instances",
    params(InstancePath, MutationQuery, WriteHeaders),
    responses((status = 204, description = "It is gone"), DeleteProblems),
)]
pub(super) async fn delete_instance(
    mutation: Mutation,
    Path(path): Path<InstancePath>,
) -> Result<Response, Problem> {
    let (service, id) = path.key();
    let missing = not_found(&service, &id);
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = &mutation;
    let deleted = registry
        .deregister(caller, (service, id), *precondition)
        .await?;
    deleted.ok_or(missing)?;
    Ok(mutation.deleted())
}
