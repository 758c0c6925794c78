//! Many instances of a service in one request.

use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use http::StatusCode;
use merak_core::{Caller, Outcome, Precondition, Registered, Registry};
use merak_model::{InstanceId, Invalid, Problem as Refusal, Revision, ServiceKey};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Instance, not_found, patch::PatchBody, spec::RegistrationBody};
use crate::{
    extract::{Json, Path, not_null},
    metadata::Entries,
    mutation::{Mutation, MutationQuery},
    problem::{Problem, ProblemBody, WriteProblems},
    service::ServicePath,
};

/// The items of one batch; more make several requests.
const ITEM_LIMIT: usize = 500;

/// Many operations on the instances of one service.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InstanceBatch, example = json!({"items": [
    {"register": {"host": "10.0.0.8", "port": 8080}},
    {"patch": {"id": "pay-1", "isolated": true}},
    {"delete": {"id": "pay-2"}},
]}))]
pub(super) struct BatchBody {
    /// Up to 500.
    items: Vec<Item>,
}

/// One operation: register, patch or delete.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", try_from = "ItemBody")]
#[schema(as = InstanceBatchItem)]
enum Item {
    Register(RegistrationBody),
    Patch(PatchItem),
    Delete(DeleteItem),
}

/// An operation as it comes in, so that none and several are refused in words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    #[serde(default, deserialize_with = "not_null")]
    register: Option<RegistrationBody>,
    #[serde(default, deserialize_with = "not_null")]
    patch: Option<PatchItem>,
    #[serde(default, deserialize_with = "not_null")]
    delete: Option<DeleteItem>,
}

impl TryFrom<ItemBody> for Item {
    type Error = &'static str;

    fn try_from(body: ItemBody) -> Result<Self, Self::Error> {
        match (body.register, body.patch, body.delete) {
            (Some(body), None, None) => Ok(Self::Register(body)),
            (None, Some(patch), None) => Ok(Self::Patch(patch)),
            (None, None, Some(delete)) => Ok(Self::Delete(delete)),
            (None, None, None) => Err("no operation: expected register, patch or delete"),
            _ => Err("several operations: expected one of register, patch and delete an item"),
        }
    }
}

/// Changes parts of an instance; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InstanceBatchPatch)]
struct PatchItem {
    id: String,
    /// 0..=10000; an instance of weight 0 gets no calls.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, maximum = 10_000)]
    weight: Option<u64>,
    /// Takes it out of every list, or back in.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    isolated: Option<bool>,
    /// Entries to set; `null` removes a key.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    metadata: Entries<Option<String>>,
    /// For a static instance only: the health of others is what their heartbeats say.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    health: Option<super::Health>,
    /// The revision that it must still be at, else 412 with `current_revision`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    if_revision: Option<u64>,
}

/// Deregisters an instance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InstanceBatchDelete)]
struct DeleteItem {
    id: String,
}

/// What became of a batch, in the order of its items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstanceBatchAnswer)]
pub(super) struct BatchAnswer {
    items: Vec<ItemAnswer>,
}

/// What became of one operation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstanceBatchItemAnswer)]
struct ItemAnswer {
    /// The HTTP status that the operation would have had by itself.
    status: u16,
    /// The instance as it is now, after a registration or a patch.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    instance: Option<Instance>,
    /// Why it was not carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    problem: Option<ProblemBody>,
}

/// Registers, patches and deletes many instances of a service.
///
/// The items are carried out in their order, each by itself: the failure of one is in its answer and
/// leaves the others alone. A body that is not of this form is refused as a whole, before anything
/// is done. Items that are carried out together share a commit, so a batch costs little more than
/// one write.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/services/{service}/instances:batch",
    tag = "instances",
    params(ServicePath, MutationQuery), request_body = BatchBody,
    responses(
        (status = 200, description = "What became of each item", body = BatchAnswer),
        WriteProblems,
    ),
)]
pub(super) async fn batch_instances(
    mutation: Mutation,
    Path(path): Path<ServicePath>,
    Json(BatchBody { items }): Json<BatchBody>,
) -> Result<Response, Problem> {
    mutation.require_unconditional()?;
    if items.len() > ITEM_LIMIT {
        let (count, limit) = (items.len(), ITEM_LIMIT);
        return Err(Invalid::new("items", Refusal::TooMany { count, limit }).into());
    }
    let service = path.key();
    let registry = mutation.registry.in_order();
    let answers = items.into_iter().enumerate().map(async |(index, item)| {
        let place = format!("/items/{index}/{}", item.verb());
        let carried_out = item.carry_out(&registry, &mutation.caller, &service).await;
        answer_of(
            carried_out.map_err(|problem| problem.within(&place)),
            &mutation,
        )
    });
    // Handed in without a pause for other tasks, the items reach the committer in their order.
    let items = tokio::task::unconstrained(join_all(answers)).await;
    Ok(mutation.mark(axum::Json(BatchAnswer { items }).into_response()))
}

impl Item {
    fn verb(&self) -> &'static str {
        match self {
            Self::Register(_) => "register",
            Self::Patch(_) => "patch",
            Self::Delete(_) => "delete",
        }
    }

    /// The instance as it is afterwards; none if it is gone.
    async fn carry_out(
        self,
        registry: &Registry,
        caller: &Caller,
        service: &ServiceKey,
    ) -> Result<Option<Registered>, Problem> {
        match self {
            Self::Register(body) => {
                let registration = body.parse(service.clone())?;
                Ok(Some(registry.register(caller, registration).await?))
            }
            Self::Patch(item) => {
                let precondition = item.precondition();
                let (id, patch) = item.into_parts()?;
                let key = (service.clone(), id);
                let patch = patch.parse()?;
                Ok(Some(
                    registry
                        .patch_instance(caller, key, patch, precondition)
                        .await?,
                ))
            }
            Self::Delete(DeleteItem { id }) => {
                let key = (service.clone(), InstanceId::parse(&id)?);
                let missing = not_found(&key.0, &key.1);
                let deleted = registry.deregister(caller, key, Precondition::None).await?;
                deleted.ok_or(missing)?;
                Ok(None)
            }
        }
    }
}

impl PatchItem {
    fn precondition(&self) -> Precondition {
        self.if_revision.map_or(Precondition::None, |revision| {
            Precondition::Revision(Revision(revision))
        })
    }

    fn into_parts(self) -> Result<(InstanceId, PatchBody), Invalid> {
        let patch = PatchBody {
            weight: self.weight,
            isolated: self.isolated,
            metadata: self.metadata,
            health: self.health,
        };
        Ok((InstanceId::parse(&self.id)?, patch))
    }
}

fn answer_of(carried_out: Result<Option<Registered>, Problem>, mutation: &Mutation) -> ItemAnswer {
    let (status, instance, problem) = match carried_out {
        Ok(Some(Registered { instance, outcome })) => {
            let status = match outcome {
                Outcome::Created => StatusCode::CREATED,
                Outcome::Updated | Outcome::Unchanged => StatusCode::OK,
            };
            (status, Some(Instance::from(&*instance)), None)
        }
        Ok(None) => (StatusCode::NO_CONTENT, None, None),
        Err(problem) => {
            let body = problem.clone().body(&mutation.caller.request_id);
            (problem.status(), None, Some(body))
        }
    };
    ItemAnswer {
        status: status.as_u16(),
        instance,
        problem,
    }
}
