//! Registering an instance.

use axum::response::Response;
use merak_core::{Precondition, Standing};

use super::{Instance, place_of, spec::RegistrationBody};
use crate::{
    etag::CreateHeaders,
    extract::{Json, Path},
    mutation::{Mutation, MutationQuery},
    problem::{Problem, WriteProblems},
    service::ServicePath,
};

/// Registers an instance.
///
/// Registering again keeps the id, the isolation and the time of creation, and what operators
/// changed unless the instance says something new of itself; the same words again write nothing. It
/// counts as a heartbeat. With `If-None-Match: *` it registers only what is not there, and leaves an
/// instance that is as it is: so should whoever registers one by hand, as saying something new of an
/// instance replaces what it said of itself, its heartbeat included. The namespace and the service are
/// created if they do not exist, unless the control plane is set to refuse that.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/services/{service}/instances", tag = "instances",
    params(ServicePath, MutationQuery, CreateHeaders), request_body = RegistrationBody,
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
    let must_be_absent = mutation.wants_absent()?;
    let registration = body.parse(path.key())?;
    let Mutation {
        registry, caller, ..
    } = &mutation;
    let registered = if must_be_absent {
        let standing = Standing::default();
        registry
            .put_instance(caller, registration, standing, Precondition::Absent)
            .await?
    } else {
        registry.register(caller, registration).await?
    };
    let instance = Instance::from(&*registered.instance);
    Ok(mutation.answer(registered.outcome, place_of(&registered), &instance))
}
