//! Registering an instance.

use axum::response::Response;

use super::{Instance, place_of, spec::RegistrationBody};
use crate::{
    extract::{Json, Path},
    mutation::{Mutation, MutationQuery},
    problem::{Problem, WriteProblems},
    service::ServicePath,
};

/// Registers an instance.
///
/// Registering again keeps the id, the isolation and the time of creation, and what operators
/// changed unless the instance says something new of itself; the same words again write nothing. It
/// counts as a heartbeat. The namespace and the service are created if they do not exist, unless the
/// control plane is set to refuse that.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/services/{service}/instances", tag = "instances",
    params(ServicePath, MutationQuery), request_body = RegistrationBody,
    responses(
        (status = 200, description = "It was there", body = Instance, headers(("ETag" = String))),
        (status = 201, description = "It was created", body = Instance,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
    ),
)]
pub(super) async fn register_instance(
    mutation: Mutation,
    Path(path): Path<ServicePath>,
    Json(body): Json<RegistrationBody>,
) -> Result<Response, Problem> {
    mutation.require_unconditional()?;
    let registration = body.parse(path.key())?;
    let registered = mutation
        .registry
        .register(&mutation.caller, registration)
        .await?;
    let instance = Instance::from(&*registered.instance);
    Ok(mutation.answer(registered.outcome, place_of(&registered), &instance))
}
