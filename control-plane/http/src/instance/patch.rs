//! Changing parts of an instance.

use axum::response::Response;
use merak_core::InstancePatch;
use merak_model::{Invalid, Weight};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Health, Instance, InstancePath, place_of};
use crate::{
    etag::WriteHeaders,
    extract::{MergePatch, Path, not_null},
    metadata::Entries,
    mutation::{Mutation, MutationQuery},
    problem::{Problem, WriteProblems},
};

/// What an operator changes of an instance; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InstancePatch, example = json!({
    "weight": 50, "isolated": true, "metadata": {"env": "prod", "canary": null},
}))]
pub(crate) struct PatchBody {
    /// 0..=10000; an instance of weight 0 gets no calls.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, maximum = 10_000)]
    pub(super) weight: Option<u64>,
    /// Takes it out of every list, or back in.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub(super) isolated: Option<bool>,
    /// Entries to set; `null` removes a key.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    pub(super) metadata: Entries<Option<String>>,
    /// For a static instance only: the health of others is what their heartbeats say.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub(super) health: Option<Health>,
}

impl PatchBody {
    pub(super) fn parse(self) -> Result<InstancePatch, Invalid> {
        Ok(InstancePatch {
            weight: self.weight.map(Weight::new).transpose()?,
            isolated: self.isolated,
            metadata: self.metadata.0,
            health: self.health.map(Into::into),
        })
    }
}

/// Changes parts of an instance: weight, isolation, metadata, and the health of a static one.
///
/// A JSON merge patch (RFC 7396). The instance keeps the changes when it registers again in the same
/// words.
#[utoipa::path(
    patch, path = "/api/v1/namespaces/{namespace}/services/{service}/instances/{id}",
    tag = "instances",
    params(InstancePath, MutationQuery, WriteHeaders),
    request_body(content(
        (PatchBody = "application/merge-patch+json"),
        (PatchBody = "application/json"),
    )),
    responses(
        (status = 200, description = "As it is now", body = Instance, headers(("ETag" = String))),
        WriteProblems,
    ),
)]
pub(super) async fn patch_instance(
    mutation: Mutation,
    Path(path): Path<InstancePath>,
    MergePatch(body): MergePatch<PatchBody>,
) -> Result<Response, Problem> {
    let patch = body.parse()?;
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = &mutation;
    let patched = registry
        .patch_instance(caller, path.key(), patch, *precondition)
        .await?;
    let instance = Instance::from(&*patched.instance);
    Ok(mutation.answer(patched.outcome, place_of(&patched), &instance))
}
