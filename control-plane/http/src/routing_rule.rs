//! Routing rules: `/api/v1/namespaces/{namespace}/routing-rules`.

use axum::{extract::State, response::Response, routing::post};
use http::HeaderMap;
use merak_model::{
    self as model, NamespaceName, Timestamp,
    routing::{RoutingRuleDocument, RuleName},
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

type Body = RuleBody<model::routing::RoutingRule>;
type Rule = model::routing::RoutingRule;

/// The operations on routing rules.
pub(crate) fn router() -> OpenApiRouter<Api> {
    // The router has no suffixes behind parameters, so that `{name}:revert` is a name to it.
    let action = "/api/v1/namespaces/{namespace}/routing-rules/{name}";
    OpenApiRouter::with_openapi(Actions::openapi())
        .routes(routes!(search_routing_rules))
        .routes(routes!(list_routing_rules, create_routing_rule))
        .routes(routes!(
            get_routing_rule,
            put_routing_rule,
            delete_routing_rule
        ))
        .routes(routes!(list_routing_rule_revisions))
        .routes(routes!(get_routing_rule_revision))
        .routes(routes!(diff_routing_rule))
        .routes(routes!(get_routing_rule_status))
        .route(action, post(revert_routing_rule))
}

#[derive(OpenApi)]
#[openapi(paths(revert_routing_rule))]
struct Actions;

/// A routing rule: which of a service's instances a call may get.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "namespace": "default", "name": "canary", "enabled": true, "priority": 10,
    "callee": {"service": "com.shop/pay"},
    "branches": [{"targets": [
        {"labels": {"version": "v1"}, "weight": 70}, {"labels": {"version": "v2"}, "weight": 30},
    ]}],
    "otherwise": "fall_through", "revision": 45, "created_revision": 44,
    "created_at": "2026-01-02T10:42:07Z", "modified_at": "2026-01-02T11:00:00Z",
}))]
pub(crate) struct RoutingRule {
    #[schema(value_type = String)]
    namespace: NamespaceName,
    #[schema(value_type = String)]
    name: RuleName,
    #[serde(flatten)]
    #[schema(value_type = schema::RoutingRuleSpec)]
    spec: RoutingRuleDocument,
    /// The change that last touched it; its ETag.
    revision: u64,
    /// The change that created it.
    created_revision: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

impl From<&Rule> for RoutingRule {
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

/// Searches the routing rules of all namespaces, sorted by namespace and name or as asked for.
#[utoipa::path(
    get, path = "/api/v1/routing-rules", tag = "routing-rules",
    params(SearchRulesQuery),
    responses(
        (status = 200, description = "A page of routing rules", body = Page<Listed<RoutingRule>>),
        HistoryProblems,
    ),
)]
async fn search_routing_rules(
    State(api): State<Api>,
    Query(query): Query<SearchRulesQuery>,
) -> Result<axum::Json<Page<Listed<RoutingRule>>>, Problem> {
    rule::search::<Rule>(&api, query).await
}

/// Lists the routing rules of a namespace, sorted by name.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/routing-rules", tag = "routing-rules",
    params(NamespacePath, ListRulesQuery),
    responses(
        (status = 200, description = "A page of routing rules", body = Page<RoutingRule>),
        HistoryProblems,
    ),
)]
async fn list_routing_rules(
    State(api): State<Api>,
    Path(path): Path<NamespacePath>,
    Query(query): Query<ListRulesQuery>,
) -> Result<axum::Json<Page<RoutingRule>>, Problem> {
    rule::list::<Rule>(&api, &path.namespace, query).await
}

/// Creates a routing rule.
///
/// Refused with 409 if it exists. The services that it names need not exist. Its namespace is created
/// if it does not exist, unless the control plane is set to refuse that.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/routing-rules", tag = "routing-rules",
    params(NamespacePath, TestedMutationQuery), request_body = schema::RoutingRuleBody,
    responses(
        (status = 201, description = "It was created", body = Linted<RoutingRule>,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
        TestProblems,
    ),
)]
async fn create_routing_rule(
    State(api): State<Api>,
    TestedMutation(mutation): TestedMutation,
    Path(path): Path<NamespacePath>,
    body: Body,
) -> Result<Response, Problem> {
    rule::create::<Rule>(&api, mutation, path.namespace, body).await
}

/// Reads a routing rule.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/routing-rules/{name}", tag = "routing-rules",
    params(RulePath, AsOfQuery, ReadHeaders),
    responses(
        (status = 200, description = "The rule", body = RoutingRule, headers(("ETag" = String))),
        (status = 304, description = "It is as the client holds it"),
        HistoryProblems,
    ),
)]
async fn get_routing_rule(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<AsOfQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    rule::get::<Rule>(&api, path.key(), query.as_of, &headers).await
}

/// Creates a routing rule, or brings it to what the body says.
///
/// It takes `If-Match` with the ETag of the rule that was read, or `If-None-Match: *` for a new one;
/// without either it is refused with 428, and with 412 and the rule as it is if that is another one.
/// What the body leaves out gets its default. The same content again writes nothing.
#[utoipa::path(
    put, path = "/api/v1/namespaces/{namespace}/routing-rules/{name}", tag = "routing-rules",
    params(RulePath, TestedMutationQuery, WriteHeaders), request_body = schema::RoutingRuleBody,
    responses(
        (status = 200, description = "It was there", body = Linted<RoutingRule>, headers(("ETag" = String))),
        (status = 201, description = "It was created", body = Linted<RoutingRule>,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
        TestProblems,
        ConditionalProblems,
    ),
)]
async fn put_routing_rule(
    State(api): State<Api>,
    TestedMutation(mutation): TestedMutation,
    Path(path): Path<RulePath>,
    body: Body,
) -> Result<Response, Problem> {
    rule::put::<Rule>(&api, mutation, path.key(), body).await
}

/// Deletes a routing rule.
///
/// It takes `If-Match` with the ETag of the rule that was read.
#[utoipa::path(
    delete, path = "/api/v1/namespaces/{namespace}/routing-rules/{name}", tag = "routing-rules",
    params(RulePath, TestedMutationQuery, WriteHeaders),
    responses(
        (status = 204, description = "It is gone"),
        DeleteProblems,
        TestProblems,
        ConditionalProblems,
    ),
)]
async fn delete_routing_rule(
    State(api): State<Api>,
    TestedMutation(mutation): TestedMutation,
    Path(path): Path<RulePath>,
) -> Result<Response, Problem> {
    rule::delete::<Rule>(&api, mutation, path.key()).await
}

/// Lists the changes of a routing rule, newest first, with who made them.
///
/// A rule that was deleted has a history as well. The change log is pruned by age and by count.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/routing-rules/{name}/revisions", tag = "routing-rules",
    params(RulePath, ListRevisionsQuery),
    responses(
        (status = 200, description = "A page of changes", body = Page<RuleRevision<RoutingRule>>),
        ReadProblems,
    ),
)]
async fn list_routing_rule_revisions(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<ListRevisionsQuery>,
) -> Result<axum::Json<Page<RuleRevision<RoutingRule>>>, Problem> {
    rule::list_revisions::<Rule>(&api, path.key(), query).await
}

/// Reads one change of a routing rule.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/routing-rules/{name}/revisions/{revision}",
    tag = "routing-rules",
    params(RevisionPath),
    responses(
        (status = 200, description = "The change", body = RuleRevision<RoutingRule>),
        HistoryProblems,
    ),
)]
async fn get_routing_rule_revision(
    State(api): State<Api>,
    Path(path): Path<RevisionPath>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<axum::Json<RuleRevision<RoutingRule>>, Problem> {
    rule::get_revision::<Rule>(&api, path).await
}

/// Compares a routing rule at two revisions.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/routing-rules/{name}/diff", tag = "routing-rules",
    params(RulePath, DiffQuery),
    responses(
        (status = 200, description = "What differs", body = RuleDiff),
        HistoryProblems,
    ),
)]
async fn diff_routing_rule(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<DiffQuery>,
) -> Result<axum::Json<RuleDiff>, Problem> {
    rule::diff::<Rule>(&api, path.key(), query).await
}

/// Shows how many of the clients that a routing rule is for obey it, and who lags.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/routing-rules/{name}/status", tag = "routing-rules",
    params(RulePath),
    responses((status = 200, description = "How far it has come", body = RuleStatus), ReadProblems),
)]
async fn get_routing_rule_status(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<axum::Json<RuleStatus>, Problem> {
    rule::status::<Rule>(&api, &path.key())
}

/// Brings a routing rule back to what it said at a revision.
///
/// It is a change like any other. It takes `If-Match` with the ETag of the rule as it is, or
/// `If-None-Match: *` for one that was deleted.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/routing-rules/{name}:revert", tag = "routing-rules",
    params(RulePath, TestedMutationQuery, WriteHeaders), request_body = RevertBody,
    responses(
        (status = 200, description = "It was there", body = Linted<RoutingRule>, headers(("ETag" = String))),
        (status = 201, description = "It was created again", body = Linted<RoutingRule>,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
        TestProblems,
        ConditionalProblems,
        HistoryProblems,
    ),
)]
async fn revert_routing_rule(
    State(api): State<Api>,
    TestedMutation(mutation): TestedMutation,
    Path(path): Path<ActionPath>,
    Json(body): Json<RevertBody>,
) -> Result<Response, Problem> {
    rule::revert::<Rule>(&api, mutation, path.reverted()?, body).await
}
