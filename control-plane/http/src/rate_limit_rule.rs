//! Rate limit rules: `/api/v1/namespaces/{namespace}/rate-limit-rules`.

use axum::{extract::State, response::Response, routing::post};
use http::HeaderMap;
use merak_model::{
    self as model, NamespaceName, Timestamp, limiting::RateLimitRuleDocument, routing::RuleName,
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    as_of::AsOfQuery,
    etag::{ReadHeaders, WriteHeaders},
    extract::{Json, NoParameters, Path, Query},
    mutation::{Mutation, MutationQuery},
    namespace::NamespacePath,
    page::Page,
    problem::{
        ConditionalProblems, DeleteProblems, HistoryProblems, Problem, ReadProblems, WriteProblems,
    },
    rule::{
        self, ActionPath, DiffQuery, ListRevisionsQuery, ListRulesQuery, Listed, RevertBody,
        RevisionPath, RuleBody, RuleDiff, RulePath, RuleRevision, RuleStatus, SearchRulesQuery,
        schema::rate_limit::{RateLimitRuleBody, RateLimitRuleSpec},
    },
    warning::Linted,
};

type Body = RuleBody<model::limiting::RateLimitRule>;
type Rule = model::limiting::RateLimitRule;

/// The operations on rate limit rules.
pub(crate) fn router() -> OpenApiRouter<Api> {
    // The router has no suffixes behind parameters, so that `{name}:revert` is a name to it.
    let action = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}";
    OpenApiRouter::with_openapi(Actions::openapi())
        .routes(routes!(search_rate_limit_rules))
        .routes(routes!(list_rate_limit_rules, create_rate_limit_rule))
        .routes(routes!(
            get_rate_limit_rule,
            put_rate_limit_rule,
            delete_rate_limit_rule
        ))
        .routes(routes!(list_rate_limit_rule_revisions))
        .routes(routes!(get_rate_limit_rule_revision))
        .routes(routes!(diff_rate_limit_rule))
        .routes(routes!(get_rate_limit_rule_status))
        .route(action, post(revert_rate_limit_rule))
}

#[derive(OpenApi)]
#[openapi(paths(revert_rate_limit_rule))]
struct Actions;

/// A rate limit rule: how many calls a service takes, and what becomes of one too many.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "namespace": "default", "name": "users", "enabled": true, "priority": 0,
    "callee": {"service": "com.shop/pay"}, "method": "/pay",
    "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
    "regex_combine": false, "amounts": [{"max": 10, "window_ms": 1000}],
    "scope": "local", "action": "reject", "revision": 45, "created_revision": 44,
    "created_at": "2026-01-02T10:42:07Z", "modified_at": "2026-01-02T11:00:00Z",
}))]
pub(crate) struct RateLimitRule {
    #[schema(value_type = String)]
    namespace: NamespaceName,
    #[schema(value_type = String)]
    name: RuleName,
    #[serde(flatten)]
    #[schema(value_type = RateLimitRuleSpec)]
    spec: RateLimitRuleDocument,
    /// The change that last touched it; its ETag.
    revision: u64,
    /// The change that created it.
    created_revision: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

impl From<&Rule> for RateLimitRule {
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

/// Searches the rate limit rules of all namespaces, sorted by namespace and name or as asked for.
#[utoipa::path(
    get, path = "/api/v1/rate-limit-rules", tag = "rate-limit-rules",
    params(SearchRulesQuery),
    responses(
        (status = 200, description = "A page of rate limit rules", body = Page<Listed<RateLimitRule>>),
        HistoryProblems,
    ),
)]
async fn search_rate_limit_rules(
    State(api): State<Api>,
    Query(query): Query<SearchRulesQuery>,
) -> Result<axum::Json<Page<Listed<RateLimitRule>>>, Problem> {
    rule::search::<Rule>(&api, query).await
}

/// Lists the rate limit rules of a namespace, sorted by name.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/rate-limit-rules", tag = "rate-limit-rules",
    params(NamespacePath, ListRulesQuery),
    responses(
        (status = 200, description = "A page of rate limit rules", body = Page<RateLimitRule>),
        HistoryProblems,
    ),
)]
async fn list_rate_limit_rules(
    State(api): State<Api>,
    Path(path): Path<NamespacePath>,
    Query(query): Query<ListRulesQuery>,
) -> Result<axum::Json<Page<RateLimitRule>>, Problem> {
    rule::list::<Rule>(&api, &path.namespace, query).await
}

/// Creates a rate limit rule.
///
/// Refused with 409 if it exists. The services that it names need not exist. Its namespace is created
/// if it does not exist, unless the control plane is set to refuse that.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/rate-limit-rules", tag = "rate-limit-rules",
    params(NamespacePath, MutationQuery), request_body = RateLimitRuleBody,
    responses(
        (status = 201, description = "It was created", body = Linted<RateLimitRule>,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
    ),
)]
async fn create_rate_limit_rule(
    State(api): State<Api>,
    mutation: Mutation,
    Path(path): Path<NamespacePath>,
    body: Body,
) -> Result<Response, Problem> {
    rule::create::<Rule>(&api, mutation, path.namespace, body).await
}

/// Reads a rate limit rule.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}", tag = "rate-limit-rules",
    params(RulePath, AsOfQuery, ReadHeaders),
    responses(
        (status = 200, description = "The rule", body = RateLimitRule, headers(("ETag" = String))),
        (status = 304, description = "It is as the client holds it"),
        HistoryProblems,
    ),
)]
async fn get_rate_limit_rule(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<AsOfQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    rule::get::<Rule>(&api, path.key(), query.as_of, &headers).await
}

/// Creates a rate limit rule, or brings it to what the body says.
///
/// It takes `If-Match` with the ETag of the rule that was read, or `If-None-Match: *` for a new one;
/// without either it is refused with 428, and with 412 and the rule as it is if that is another one.
/// What the body leaves out gets its default. The same content again writes nothing.
#[utoipa::path(
    put, path = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}", tag = "rate-limit-rules",
    params(RulePath, MutationQuery, WriteHeaders), request_body = RateLimitRuleBody,
    responses(
        (status = 200, description = "It was there", body = Linted<RateLimitRule>, headers(("ETag" = String))),
        (status = 201, description = "It was created", body = Linted<RateLimitRule>,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
        ConditionalProblems,
    ),
)]
async fn put_rate_limit_rule(
    State(api): State<Api>,
    mutation: Mutation,
    Path(path): Path<RulePath>,
    body: Body,
) -> Result<Response, Problem> {
    rule::put::<Rule>(&api, mutation, path.key(), body).await
}

/// Deletes a rate limit rule.
///
/// It takes `If-Match` with the ETag of the rule that was read.
#[utoipa::path(
    delete, path = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}", tag = "rate-limit-rules",
    params(RulePath, MutationQuery, WriteHeaders),
    responses(
        (status = 204, description = "It is gone"),
        DeleteProblems,
        ConditionalProblems,
    ),
)]
async fn delete_rate_limit_rule(
    State(api): State<Api>,
    mutation: Mutation,
    Path(path): Path<RulePath>,
) -> Result<Response, Problem> {
    rule::delete::<Rule>(&api, mutation, path.key()).await
}

/// Lists the changes of a rate limit rule, newest first, with who made them.
///
/// A rule that was deleted has a history as well. The change log is pruned by age and by count.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}/revisions", tag = "rate-limit-rules",
    params(RulePath, ListRevisionsQuery),
    responses(
        (status = 200, description = "A page of changes", body = Page<RuleRevision<RateLimitRule>>),
        ReadProblems,
    ),
)]
async fn list_rate_limit_rule_revisions(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<ListRevisionsQuery>,
) -> Result<axum::Json<Page<RuleRevision<RateLimitRule>>>, Problem> {
    rule::list_revisions::<Rule>(&api, path.key(), query).await
}

/// Reads one change of a rate limit rule.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}/revisions/{revision}",
    tag = "rate-limit-rules",
    params(RevisionPath),
    responses(
        (status = 200, description = "The change", body = RuleRevision<RateLimitRule>),
        HistoryProblems,
    ),
)]
async fn get_rate_limit_rule_revision(
    State(api): State<Api>,
    Path(path): Path<RevisionPath>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<axum::Json<RuleRevision<RateLimitRule>>, Problem> {
    rule::get_revision::<Rule>(&api, path).await
}

/// Compares a rate limit rule at two revisions.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}/diff", tag = "rate-limit-rules",
    params(RulePath, DiffQuery),
    responses(
        (status = 200, description = "What differs", body = RuleDiff),
        HistoryProblems,
    ),
)]
async fn diff_rate_limit_rule(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<DiffQuery>,
) -> Result<axum::Json<RuleDiff>, Problem> {
    rule::diff::<Rule>(&api, path.key(), query).await
}

/// Shows how many of the clients that enforce a rate limit rule obey it, and who lags.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}/status", tag = "rate-limit-rules",
    params(RulePath),
    responses((status = 200, description = "How far it has come", body = RuleStatus), ReadProblems),
)]
async fn get_rate_limit_rule_status(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(NoParameters {}): Query<NoParameters>,
) -> Result<axum::Json<RuleStatus>, Problem> {
    rule::status::<Rule>(&api, &path.key())
}

/// Brings a rate limit rule back to what it said at a revision.
///
/// It is a change like any other. It takes `If-Match` with the ETag of the rule as it is, or
/// `If-None-Match: *` for one that was deleted.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}:revert", tag = "rate-limit-rules",
    params(RulePath, MutationQuery, WriteHeaders), request_body = RevertBody,
    responses(
        (status = 200, description = "It was there", body = Linted<RateLimitRule>, headers(("ETag" = String))),
        (status = 201, description = "It was created again", body = Linted<RateLimitRule>,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
        ConditionalProblems,
        HistoryProblems,
    ),
)]
async fn revert_rate_limit_rule(
    State(api): State<Api>,
    mutation: Mutation,
    Path(path): Path<ActionPath>,
    Json(body): Json<RevertBody>,
) -> Result<Response, Problem> {
    rule::revert::<Rule>(&api, mutation, path.reverted()?, body).await
}
