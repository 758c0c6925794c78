//! Creating an instance under an id of one's choice, or replacing it.

use axum::response::Response;
use merak_model::Registration;

use super::{Instance, InstancePath, place_of, spec::RegistrationBody};
use crate::{
    etag::WriteHeaders,
    extract::{Json, Path},
    mutation::{Mutation, MutationQuery},
    namespace::require_same,
    problem::{Problem, WriteProblems},
};

/// Creates an instance, or brings it to what the body says, whatever was changed of it since.
///
/// What the body leaves out gets its default; the isolation stays. The same content again writes
/// nothing.
#[utoipa::path(
    put, path = "/api/v1/namespaces/{namespace}/services/{service}/instances/{id}",
    tag = "instances",
    params(InstancePath, MutationQuery, WriteHeaders), request_body = RegistrationBody,
    responses(
        (status = 200, description = "It was there", body = Instance, headers(("ETag" = String))),
        (status = 201, description = "It was created", body = Instance,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
    ),
)]
pub(super) async fn put_instance(
    mutation: Mutation,
    Path(path): Path<InstancePath>,
    Json(body): Json<RegistrationBody>,
) -> Result<Response, Problem> {
    let (service, id) = path.key();
    require_same("id", body.id.as_deref(), id.as_str())?;
    let registration = Registration {
        id: Some(id),
        ..body.parse(service)?
    };
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = &mutation;
    let put = registry
        .put_instance(caller, registration, *precondition)
        .await?;
    let instance = Instance::from(&*put.instance);
    Ok(mutation.answer(put.outcome, place_of(&put), &instance))
}
