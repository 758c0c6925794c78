//! Nearby rules: `/api/v1/namespaces/{namespace}/nearby-rules`.

use axum::{extract::State, response::Response, routing::post};
use http::HeaderMap;
use merak_model::{
    self as model, NamespaceName, Timestamp,
    routing::{NearbyDocument, RuleName},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    as_of::AsOfQuery,
    etag::{ReadHeaders, WriteHeaders},
    extract::{Json, NoParameters, Path, Query},
    mutation::{TestedMutation, TestedMutationQuery},
    namespace::NamespacePath,
    page::Page,
    problem::{
        ConditionalProblems, DeleteProblems, HistoryProblems, Problem, ReadProblems, TestProblems,
        WriteProblems,
    },
    rule::{
        self, ActionPath, DiffQuery, ListRevisionsQuery, ListRulesQuery, Listed, RevertBody,
        RevisionPath, RuleBody, RuleDiff, RulePath, RuleRevision, RuleStatus, SearchRulesQuery,
        schema,
    },
    warning::Linted,
};

type Body = RuleBody<model::routing::NearbyRule>;
type Rule = model::routing::NearbyRule;

/// The operations on nearby rules.
pub(crate) fn router() -> OpenApiRouter<Api> {
    // The router has no suffixes behind parameters, so that `{name}:revert` is a name to it.
    let action = "/api/v1/namespaces/{namespace}/nearby-rules/{name}";
    OpenApiRouter::with_openapi(Actions::openapi())
        .routes(routes!(search_nearby_rules))
        .routes(routes!(list_nearby_rules, create_nearby_rule))
        .routes(routes!(
            get_nearby_rule,
            put_nearby_rule,
            delete_nearby_rule
        ))
        .routes(routes!(list_nearby_rule_revisions))
        .routes(routes!(get_nearby_rule_revision))
        .routes(routes!(diff_nearby_rule))
        .routes(routes!(get_nearby_rule_status))
        .route(action, post(revert_nearby_rule))
}

#[derive(OpenApi)]
#[openapi(paths(revert_nearby_rule))]
struct Actions;

/// A nearby rule: instances near the caller first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "namespace": "default", "name": "near", "enabled": true, "priority": 0,
    "callee": {"service": "*"}, "level": "zone", "max_level": "region", "strict": false,
    "spill_over": 0.3, "revision": 45, "created_revision": 44,
    "created_at": "2026-01-02T10:42:07Z", "modified_at": "2026-01-02T11:00:00Z",
}))]
pub(crate) struct NearbyRule {
    #[schema(value_type = String)]
    namespace: NamespaceName,
    #[schema(value_type = String)]
    name: RuleName,
    #[serde(flatten)]
    #[schema(value_type = schema::NearbyRuleSpec)]
    spec: NearbyDocument,
    /// The change that last touched it; its ETag.
    revision: u64,
    /// The change that created it.
    created_revision: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

impl From<&Rule> for NearbyRule {
    fn from(rule: &Rule) -> Self {
        let Rule { key, spec, stamp } = rule.clone();
        Self {
            namespace: key.namespace,
            name: key.name,
            spec: spec.into(),
            revision: stamp.revision.get(),
            created_revision: stamp.created_revision.get(),
            created_at: stamp.created_at,
            modified_at: stamp.modified_at,
        }
    }
}

/// Searches the nearby rules of all namespaces, sorted by namespace and name or as asked for.
#[utoipa::path(
    get, path = "/api/v1/nearby-rules", tag = "nearby-rules",
    params(SearchRulesQuery),
    responses(
        (status = 200, description = "A page of nearby rules", body = Page<Listed<NearbyRule>>),
        HistoryProblems,
    ),
)]
async fn search_nearby_rules(
    State(api): State<Api>,
    Query(query): Query<SearchRulesQuery>,
) -> Result<axum::Json<Page<Listed<NearbyRule>>>, Problem> {
    rule::search::<Rule>(&api, query).await
}

/// Lists the nearby rules of a namespace, sorted by name.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/nearby-rules", tag = "nearby-rules",
    params(NamespacePath, ListRulesQuery),
    responses(
        (status = 200, description = "A page of nearby rules", body = Page<NearbyRule>),
        HistoryProblems,
    ),
)]
async fn list_nearby_rules(
    State(api): State<Api>,
    Path(path): Path<NamespacePath>,
    Query(query): Query<ListRulesQuery>,
) -> Result<axum::Json<Page<NearbyRule>>, Problem> {
    rule::list::<Rule>(&api, &path.namespace, query).await
}

/// Creates a nearby rule.
///
/// Refused with 409 if it exists. The services that it names need not exist. Its namespace is created
/// if it does not exist, unless the control plane is set to refuse that.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/nearby-rules", tag = "nearby-rules",
    params(NamespacePath, TestedMutationQuery), request_body = schema::NearbyRuleBody,
    responses(
        (status = 201, description = "It was created", body = Linted<NearbyRule>,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
        TestProblems,
    ),
)]
async fn create_nearby_rule(
    State(api): State<Api>,
    TestedMutation(mutation): TestedMutation,
    Path(path): Path<NamespacePath>,
    body: Body,
) -> Result<Response, Problem> {
    rule::create::<Rule>(&api, mutation, path.namespace, body).await
}

/// Reads a nearby rule.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/nearby-rules/{name}", tag = "nearby-rules",
    params(RulePath, AsOfQuery, ReadHeaders),
    responses(
        (status = 200, description = "The rule", body = NearbyRule, headers(("ETag" = String))),
        (status = 304, description = "It is as the client holds it"),
        HistoryProblems,
    ),
)]
async fn get_nearby_rule(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<AsOfQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    rule::get::<Rule>(&api, path.key(), query.as_of, &headers).await
}

/// Creates a nearby rule, or brings it to what the body says.
///
/// It takes `If-Match` with the ETag of the rule that was read, or `If-None-Match: *` for a new one;
/// without either it is refused with 428, and with 412 and the rule as it is if that is another one.
/// What the body leaves out gets its default. The same content again writes nothing.
#[utoipa::path(
    put, path = "/api/v1/namespaces/{namespace}/nearby-rules/{name}", tag = "nearby-rules",
    params(RulePath, TestedMutationQuery, WriteHeaders), request_body = schema::NearbyRuleBody,
    responses(
        (status = 200, description = "It was there", body = Linted<NearbyRule>, headers(("ETag" = String))),
        (status = 201, description = "It was created", body = Linted<NearbyRule>,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
        TestProblems,
        ConditionalProblems,
    ),
)]
async fn put_nearby_rule(
    State(api): State<Api>,
    TestedMutation(mutation): TestedMutation,
    Path(path): Path<RulePath>,
    body: Body,
) -> Result<Response, Problem> {
    rule::put::<Rule>(&api, mutation, path.key(), body).await
}

/// Deletes a nearby rule.
///
/// It takes `If-Match` with the ETag of the rule that was read.
#[utoipa::path(
    delete, path = "/api/v1/namespaces/{namespace}/nearby-rules/{name}", tag = "nearby-rules",
    params(RulePath, TestedMutationQuery, WriteHeaders),
    responses(
        (status = 204, description = "It is gone"),
        DeleteProblems,
        TestProblems,
        ConditionalProblems,
    ),
)]
async fn delete_nearby_rule(
    State(api): State<Api>,
    TestedMutation(mutation): TestedMutation,
    Path(path): Path<RulePath>,
) -> Result<Response, Problem> {
    rule::delete::<Rule>(&api, mutation, path.key()).await
}

/// Lists the changes of a nearby rule, newest first, with who made them.
///
/// A rule that was deleted has a history as well. The change log is pruned by age and by count.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/nearby-rules/{name}/revisions", tag = "nearby-rules",
    params(RulePath, ListRevisionsQuery),
    responses(
        (status = 200, description = "A page of changes", body = Page<RuleRevision<NearbyRule>>),
        ReadProblems,
    ),
)]
async fn list_nearby_rule_revisions(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<ListRevisionsQuery>,
) -> Result<axum::Json<Page<RuleRevision<NearbyRule>>>, Problem> {
    rule::list_revisions::<Rule>(&api, path.key(), query).await
}

/// Reads one change of a nearby rule.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/nearby-rules/{name}/revisions/{revision}",
    tag = "nearby-rules",
    params(RevisionPath),
    responses(
        (status = 200, description = "The change", body = RuleRevision<NearbyRule>),
        HistoryProblems,
    ),
)]
async fn get_nearby_rule_revision(
    State(api): State<Api>,
    Path(path): Path<RevisionPath>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<axum::Json<RuleRevision<NearbyRule>>, Problem> {
    rule::get_revision::<Rule>(&api, path).await
}

/// Compares a nearby rule at two revisions.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/nearby-rules/{name}/diff", tag = "nearby-rules",
    params(RulePath, DiffQuery),
    responses(
        (status = 200, description = "What differs", body = RuleDiff),
        HistoryProblems,
    ),
)]
async fn diff_nearby_rule(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<DiffQuery>,
) -> Result<axum::Json<RuleDiff>, Problem> {
    rule::diff::<Rule>(&api, path.key(), query).await
}

/// Shows how many of the clients that a nearby rule is for obey it, and who lags.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/nearby-rules/{name}/status", tag = "nearby-rules",
    params(RulePath),
    responses((status = 200, description = "How far it has come", body = RuleStatus), ReadProblems),
)]
async fn get_nearby_rule_status(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<axum::Json<RuleStatus>, Problem> {
    rule::status::<Rule>(&api, &path.key())
}

/// Brings a nearby rule back to what it said at a revision.
///
/// It is a change like any other. It takes `If-Match` with the ETag of the rule as it is, or
/// `If-None-Match: *` for one that was deleted.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/nearby-rules/{name}:revert", tag = "nearby-rules",
    params(RulePath, TestedMutationQuery, WriteHeaders), request_body = RevertBody,
    responses(
        (status = 200, description = "It was there", body = Linted<NearbyRule>, headers(("ETag" = String))),
        (status = 201, description = "It was created again", body = Linted<NearbyRule>,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
        TestProblems,
        ConditionalProblems,
        HistoryProblems,
    ),
)]
async fn revert_nearby_rule(
    State(api): State<Api>,
    TestedMutation(mutation): TestedMutation,
    Path(path): Path<ActionPath>,
    Json(body): Json<RevertBody>,
) -> Result<Response, Problem> {
    rule::revert::<Rule>(&api, mutation, path.reverted()?, body).await
}
