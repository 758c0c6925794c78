//! Namespaces: `/api/v1/namespaces`.

use axum::{extract::State, response::Response};
use http::HeaderMap;
use merak_core::{Catalog, Error, InstanceCounts, Obstacle, Thing};
use merak_model::{
    self as model, Invalid, Metadata, NamespaceName, NamespaceSpec, Timestamp,
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    etag::{self, ReadHeaders, WriteHeaders},
    extract::{Json, NoParameters, Path, Query},
    filter::{self, MetadataFilter, TextFilter},
    metadata::Entries,
    mutation::{Mutation, MutationQuery},
    page::{Cursor, List, Page, PageSize},
    problem::{DeleteProblems, ListProblems, Problem, ReadProblems, WriteProblems},
};

/// The operations on namespaces.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_namespaces, create_namespace))
        .routes(routes!(get_namespace, put_namespace, delete_namespace))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct NamespacePath {
    /// Name of the namespace; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 64, example = "default")]
    pub(crate) namespace: NamespaceName,
}

/// A namespace: what separates teams or environments from each other.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "name": "default", "comment": "production", "metadata": {"team": "platform"},
    "revision": 42, "created_revision": 1,
    "created_at": "2026-01-02T10:42:07Z", "modified_at": "2026-01-02T11:00:00Z",
}))]
pub(crate) struct Namespace {
    #[schema(value_type = String)]
    name: NamespaceName,
    #[schema(value_type = String)]
    comment: model::Text,
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// The change that last touched it; its ETag.
    revision: u64,
    /// The change that created it.
    created_revision: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

/// A namespace in a list, with what is in it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct NamespaceSummary {
    #[serde(flatten)]
    namespace: Namespace,
    service_count: usize,
    instance_count: usize,
    /// Instances that are healthy, isolated or not.
    healthy_instance_count: usize,
    /// Instances that an operator took out, healthy or not.
    isolated_instance_count: usize,
    routing_rule_count: usize,
    nearby_rule_count: usize,
    rate_limit_rule_count: usize,
}

/// What people say of a namespace.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NamespaceSpec, example = json!({
    "name": "default", "comment": "production", "metadata": {"team": "platform"},
}))]
pub(crate) struct NamespaceBody {
    /// 1..=64 letters, digits and `. _ : / -`. Required to POST; may be left out to PUT, where it
    /// must be the one in the path.
    name: Option<String>,
    /// Up to 1024 characters.
    #[serde(default)]
    comment: String,
    /// Up to 64 entries: keys of 1..=128 characters, values up to 4096.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Entries<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListNamespacesQuery {
    /// Filter by name, as a whole, `text*` by its beginning, `*text*` anywhere.
    #[param(value_type = Option<String>, example = "prod*")]
    name: Option<TextFilter>,
    /// Filter by a metadata entry, `key:value` or `key:beginning*`; may be repeated. A backslash before a
    /// `:` of the key, or before a `*` that is meant, takes its meaning away.
    #[serde(default)]
    #[param(value_type = Vec<String>, required = false, example = json!(["team:platform"]))]
    metadata: Vec<MetadataFilter>,
    /// The most items on a page: 1..=500, default 50.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    page_size: Option<PageSize>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

impl From<&model::Namespace> for Namespace {
    fn from(namespace: &model::Namespace) -> Self {
        let model::Namespace { name, spec, stamp } = namespace.clone();
        Self {
            name,
            comment: spec.comment,
            metadata: spec.metadata,
            revision: stamp.revision.get(),
            created_revision: stamp.created_revision.get(),
            created_at: stamp.created_at,
            modified_at: stamp.modified_at,
        }
    }
}

impl NamespaceSummary {
    fn of(namespace: &model::Namespace, catalog: &Catalog) -> Self {
        let (_, services) = catalog.list_services(&namespace.name);
        let mut counts = InstanceCounts::default();
        services.iter().for_each(|one| counts += one.counts());
        Self {
            namespace: namespace.into(),
            service_count: services.len(),
            instance_count: counts.total,
            healthy_instance_count: counts.healthy,
            isolated_instance_count: counts.isolated,
            routing_rule_count: catalog.count_rules::<RoutingRule>(&namespace.name),
            nearby_rule_count: catalog.count_rules::<NearbyRule>(&namespace.name),
            rate_limit_rule_count: catalog.count_rules::<RateLimitRule>(&namespace.name),
        }
    }
}

impl NamespaceBody {
    fn parse(self) -> Result<NamespaceSpec, Invalid> {
        NamespaceSpec::parse(&self.comment, self.metadata.0)
    }
}

/// Checks the name in a body against the one in the path, if the body has one.
pub(crate) fn require_same(field: &str, given: Option<&str>, path: &str) -> Result<(), Problem> {
    match given {
        Some(given) if given != path => {
            let detail = format!("`{given}` is not `{path}`, the one in the path");
            Err(Problem::pointer(format!("/{field}"), detail))
        }
        _ => Ok(()),
    }
}

/// Checks the name in the body of a creation.
pub(crate) fn require_name<T>(
    field: &str,
    given: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<T, Problem> {
    let given = given.ok_or_else(|| Invalid::missing(field))?;
    let parsed = parse(given);
    Ok(parsed.map_err(|invalid| Invalid::new(field, invalid.problem().clone()))?)
}

/// The path of a namespace, percent-encoded: of the characters in names only `/` needs it.
pub(crate) fn location_of(namespace: &NamespaceName) -> String {
    format!(
        "/api/v1/namespaces/{}",
        namespace.as_str().replace('/', "%2F")
    )
}

/// Lists namespaces, sorted by name, with the numbers of what is in them.
#[utoipa::path(
    get, path = "/api/v1/namespaces", tag = "namespaces",
    params(ListNamespacesQuery),
    responses(
        (status = 200, description = "A page of namespaces", body = Page<NamespaceSummary>),
        ListProblems,
    ),
)]
async fn list_namespaces(
    State(api): State<Api>,
    Query(query): Query<ListNamespacesQuery>,
) -> Result<axum::Json<Page<NamespaceSummary>>, Problem> {
    let cursor = Cursor::parse(
        List::Namespaces,
        query.page_size,
        query.page_token.as_deref(),
    )?;
    let all = api.plane.catalog.list_namespaces();
    let listed = all.iter().filter(|namespace| {
        cursor.after.as_deref() < Some(namespace.name.as_str())
            && filter::matches(query.name.as_ref(), namespace.name.as_str())
            && filter::has_all(&query.metadata, &namespace.spec.metadata)
    });
    let page = cursor.page(
        listed,
        |namespace| namespace.name.to_string(),
        |namespace| NamespaceSummary::of(namespace, &api.plane.catalog),
    );
    Ok(axum::Json(page))
}

/// Creates a namespace.
///
/// Refused with 409 if it exists.
#[utoipa::path(
    post, path = "/api/v1/namespaces", tag = "namespaces",
    params(MutationQuery), request_body = NamespaceBody,
    responses(
        (status = 201, description = "It was created", body = Namespace,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
    ),
)]
async fn create_namespace(
    mutation: Mutation,
    Json(body): Json<NamespaceBody>,
) -> Result<Response, Problem> {
    let mutation = mutation.of_absent()?;
    let name = require_name("name", body.name.as_deref(), NamespaceName::parse)?;
    let put = put(&mutation, name, body).await;
    put.map_err(Problem::of_creation)
}

/// Reads a namespace.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}", tag = "namespaces",
    params(NamespacePath, ReadHeaders),
    responses(
        (status = 200, description = "The namespace", body = Namespace, headers(("ETag" = String))),
        (status = 304, description = "It is as the client holds it"),
        ReadProblems,
    ),
)]
async fn get_namespace(
    State(api): State<Api>,
    Path(path): Path<NamespacePath>,
    Query(NoParameters {}): Query<NoParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = api.plane.catalog.find_namespace(&path.namespace);
    let found = found.ok_or_else(|| not_found(&path.namespace))?;
    etag::answer(&headers, found.stamp.revision, &Namespace::from(&*found))
}

/// Creates a namespace, or brings it to what the body says.
///
/// What the body leaves out gets its default. The same content again writes nothing.
#[utoipa::path(
    put, path = "/api/v1/namespaces/{namespace}", tag = "namespaces",
    params(NamespacePath, MutationQuery, WriteHeaders), request_body = NamespaceBody,
    responses(
        (status = 200, description = "It was there", body = Namespace, headers(("ETag" = String))),
        (status = 201, description = "It was created", body = Namespace,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
    ),
)]
async fn put_namespace(
    mutation: Mutation,
    Path(path): Path<NamespacePath>,
    Json(body): Json<NamespaceBody>,
) -> Result<Response, Problem> {
    require_same("name", body.name.as_deref(), path.namespace.as_str())?;
    put(&mutation, path.namespace, body).await
}

/// Deletes a namespace.
///
/// Refused with 409 while it has services or rules.
#[utoipa::path(
    delete, path = "/api/v1/namespaces/{namespace}", tag = "namespaces",
    params(NamespacePath, MutationQuery, WriteHeaders),
    responses((status = 204, description = "It is gone"), DeleteProblems),
)]
async fn delete_namespace(
    mutation: Mutation,
    Path(path): Path<NamespacePath>,
) -> Result<Response, Problem> {
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = &mutation;
    registry
        .delete_namespace(caller, path.namespace, *precondition)
        .await?;
    Ok(mutation.deleted())
}

async fn put(
    mutation: &Mutation,
    name: NamespaceName,
    body: NamespaceBody,
) -> Result<Response, Problem> {
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = mutation;
    let location = location_of(&name);
    let written = registry
        .put_namespace(caller, name, body.parse()?, *precondition)
        .await?;
    let at = (written.item.stamp.revision, location);
    Ok(mutation.answer(written.outcome, at, &Namespace::from(&*written.item)))
}

/// A namespace that is not there.
pub(crate) fn not_found(namespace: &NamespaceName) -> Problem {
    let thing = Thing::namespace(namespace);
    Error::from(Obstacle::NotFound { thing }).into()
}
