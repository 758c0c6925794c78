//! Services: `/api/v1/namespaces/{namespace}/services`.

mod list;
mod search;
mod sort;

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::HeaderMap;
use merak_core::{Error, Obstacle, ServiceSnapshot, Thing};
use merak_model::{
    self as model, Exports, Invalid, Metadata, NamespaceName, Port, ProtectThreshold, ServiceKey,
    ServiceName, ServiceSpec, Text, Timestamp,
    invalid::{each, together},
    text::{checked_text, limit},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::sort::ServiceSort;
use crate::{
    Api,
    as_of::AsOfQuery,
    etag::{self, ReadHeaders, WriteHeaders},
    export::{Export, Row},
    extract::{Json, Path, Query},
    metadata::Entries,
    mutation::{Mutation, MutationQuery},
    namespace::{self, NamespacePath, require_name, require_same},
    problem::{DeleteProblems, HistoryProblems, Problem, WriteProblems},
};

/// The operations on services.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(search::search_services))
        .routes(routes!(list::list_services, create_service))
        .routes(routes!(get_service, put_service, delete_service))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ServicePath {
    /// Name of the namespace; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 64, example = "default")]
    namespace: NamespaceName,
    /// Name of the service; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 128, example = "com.shop/pay")]
    service: ServiceName,
}

/// A service: what callers name, and what instances belong to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "namespace": "default", "name": "com.shop/pay", "metadata": {"tier": "1"}, "ports": [8080],
    "department": "payments", "business": "shop", "owners": "ann, bob", "comment": "",
    "protect_threshold": 0.0, "export_to": ["*"], "revision": 43, "created_revision": 2,
    "created_at": "2026-01-02T10:42:07Z", "modified_at": "2026-01-02T11:00:00Z",
}))]
pub(crate) struct Service {
    #[schema(value_type = String)]
    namespace: NamespaceName,
    #[schema(value_type = String)]
    name: ServiceName,
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Metadata,
    /// The ports that its instances listen on, for people to read.
    #[schema(value_type = Vec<u16>)]
    ports: Vec<Port>,
    #[schema(value_type = String)]
    department: Text,
    #[schema(value_type = String)]
    business: Text,
    #[schema(value_type = String)]
    owners: Text,
    #[schema(value_type = String)]
    comment: Text,
    /// The share of healthy instances, 0..=1, at or below which callers use all instances.
    #[schema(value_type = f64)]
    protect_threshold: ProtectThreshold,
    /// The namespaces that may see it besides its own; `*` is every one.
    #[schema(value_type = Vec<String>)]
    export_to: Exports,
    /// The change that last touched the service itself; its ETag.
    revision: u64,
    /// The change that created it.
    created_revision: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    modified_at: Timestamp,
}

/// A service in a list; the counts are absent in a list of an earlier moment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ServiceSummary {
    #[serde(flatten)]
    service: Service,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    instance_count: Option<usize>,
    /// Instances that are healthy, isolated or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    healthy_instance_count: Option<usize>,
    /// Instances that an operator took out, healthy or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    isolated_instance_count: Option<usize>,
}

/// A service in a list, with its instances if the list is of now.
type Found = (Arc<model::Service>, Option<Arc<ServiceSnapshot>>);

/// Stands between namespace and service in a key: sorts before all that a name can contain.
const SEPARATOR: char = ' ';

/// What people say of a service.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ServiceSpec, example = json!({
    "name": "com.shop/pay", "metadata": {"tier": "1"}, "ports": [8080], "owners": "ann, bob",
    "protect_threshold": 0.3, "export_to": ["*"],
}))]
pub(crate) struct ServiceBody {
    /// 1..=128 letters, digits and `. _ : / -`. Required to POST; may be left out to PUT, where it
    /// must be the one in the path.
    name: Option<String>,
    /// Up to 64 entries: keys of 1..=128 characters, values up to 4096.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    metadata: Entries<String>,
    /// The ports that its instances listen on, for people to read; up to 64 of 1..=65535.
    #[serde(default)]
    ports: Vec<u64>,
    /// Up to 1024 characters.
    #[serde(default)]
    department: String,
    /// Up to 128 characters.
    #[serde(default)]
    business: String,
    /// Up to 1024 characters.
    #[serde(default)]
    owners: String,
    /// Up to 1024 characters.
    #[serde(default)]
    comment: String,
    /// The share of healthy instances, 0..=1, at or below which callers use all instances; default 0,
    /// which is when none is healthy.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    protect_threshold: f64,
    /// The namespaces that may see it besides its own, up to 64; `*` is every one.
    #[serde(default)]
    export_to: Vec<String>,
}

impl ServicePath {
    pub(crate) fn key(self) -> ServiceKey {
        ServiceKey::new(self.namespace, self.service)
    }
}

impl From<&model::Service> for Service {
    fn from(service: &model::Service) -> Self {
        let model::Service { key, spec, stamp } = service.clone();
        Self {
            namespace: key.namespace.clone(),
            name: key.service.clone(),
            metadata: spec.metadata,
            ports: spec.ports,
            department: spec.department,
            business: spec.business,
            owners: spec.owners,
            comment: spec.comment,
            protect_threshold: spec.protect_threshold,
            export_to: spec.export_to,
            revision: stamp.revision.get(),
            created_revision: stamp.created_revision.get(),
            created_at: stamp.created_at,
            modified_at: stamp.modified_at,
        }
    }
}

impl ServiceSummary {
    fn of_found((service, snapshot): &Found) -> Self {
        Self::of(service, snapshot.as_deref())
    }

    fn of(service: &model::Service, snapshot: Option<&ServiceSnapshot>) -> Self {
        let counts = snapshot.map(ServiceSnapshot::counts);
        Self {
            service: service.into(),
            instance_count: counts.map(|counts| counts.total),
            healthy_instance_count: counts.map(|counts| counts.healthy),
            isolated_instance_count: counts.map(|counts| counts.isolated),
        }
    }
}

impl Row for ServiceSummary {
    const COLUMNS: &'static [&'static str] = &[
        "namespace",
        "name",
        "instance_count",
        "healthy_instance_count",
        "isolated_instance_count",
        "metadata",
        "ports",
        "department",
        "business",
        "owners",
        "comment",
        "protect_threshold",
        "export_to",
        "revision",
        "created_at",
        "modified_at",
    ];
}

fn export_services(export: Export, sort: Option<ServiceSort>, found: Vec<Found>) -> Response {
    let found = match sort {
        Some(sort) => sort.sorted(found),
        None => found,
    };
    export.of_rows("merak-services", found, ServiceSummary::of_found)
}

impl ServiceBody {
    fn parse(self) -> Result<ServiceSpec, Invalid> {
        let ports = self.ports.iter().enumerate().map(|(index, &port)| {
            let place = format!("ports[{index}]");
            Port::new(port).map_err(|invalid| Invalid::new(place, invalid.problem().clone()))
        });
        let (metadata, ports, department, business, owners, comment, protect_threshold, export_to) =
            together((
                self.metadata.parse(),
                each(ports),
                checked_text("department", &self.department, limit::DEPARTMENT),
                checked_text("business", &self.business, limit::BUSINESS),
                checked_text("owners", &self.owners, limit::OWNERS),
                checked_text("comment", &self.comment, limit::COMMENT),
                ProtectThreshold::new(self.protect_threshold),
                Exports::parse(&self.export_to).map_err(without_type),
            ))?;
        let spec = ServiceSpec {
            metadata,
            ports,
            department,
            business,
            owners,
            comment,
            protect_threshold,
            export_to,
        };
        spec.checked()
    }
}

/// The model says `export_to[1].namespace` of an element that is itself the name.
fn without_type(invalid: Invalid) -> Invalid {
    let place = invalid.field().trim_end_matches(".namespace").to_owned();
    Invalid::new(place, invalid.problem().clone())
}

/// The path of a service, percent-encoded.
pub(crate) fn location_of(key: &ServiceKey) -> String {
    let namespace = namespace::location_of(&key.namespace);
    format!(
        "{namespace}/services/{}",
        key.service.as_str().replace('/', "%2F")
    )
}

/// Creates a service.
///
/// Refused with 409 if it exists. Its namespace is created if it does not exist, unless the
/// control plane is set to refuse that.
#[utoipa::path(
    post, path = "/api/v1/namespaces/{namespace}/services", tag = "services",
    params(NamespacePath, MutationQuery), request_body = ServiceBody,
    responses(
        (status = 201, description = "It was created", body = Service,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
    ),
)]
async fn create_service(
    mutation: Mutation,
    Path(path): Path<NamespacePath>,
    Json(body): Json<ServiceBody>,
) -> Result<Response, Problem> {
    let mutation = mutation.of_absent()?;
    let name = require_name("name", body.name.as_deref(), ServiceName::parse)?;
    let put = put(&mutation, ServiceKey::new(path.namespace, name), body).await;
    put.map_err(Problem::of_creation)
}

/// Reads a service.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/services/{service}", tag = "services",
    params(ServicePath, AsOfQuery, ReadHeaders),
    responses(
        (status = 200, description = "The service", body = Service, headers(("ETag" = String))),
        (status = 304, description = "It is as the client holds it"),
        HistoryProblems,
    ),
)]
async fn get_service(
    State(api): State<Api>,
    Path(path): Path<ServicePath>,
    Query(AsOfQuery { as_of }): Query<AsOfQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = path.key();
    let found = match as_of {
        Some(as_of) => as_of.find_service(&api, &key).await?.service,
        None => {
            let current = api.plane.catalog.find_service(&key);
            Arc::clone(current.ok_or_else(|| not_found(&key))?.service())
        }
    };
    etag::answer(&headers, found.stamp.revision, &Service::from(&*found))
}

/// Creates a service, or brings it to what the body says.
///
/// What the body leaves out gets its default. The same content again writes nothing.
#[utoipa::path(
    put, path = "/api/v1/namespaces/{namespace}/services/{service}", tag = "services",
    params(ServicePath, MutationQuery, WriteHeaders), request_body = ServiceBody,
    responses(
        (status = 200, description = "It was there", body = Service, headers(("ETag" = String))),
        (status = 201, description = "It was created", body = Service,
            headers(("ETag" = String), ("Location" = String))),
        WriteProblems,
    ),
)]
async fn put_service(
    mutation: Mutation,
    Path(path): Path<ServicePath>,
    Json(body): Json<ServiceBody>,
) -> Result<Response, Problem> {
    require_same("name", body.name.as_deref(), path.service.as_str())?;
    put(&mutation, path.key(), body).await
}

/// Deletes a service.
///
/// Refused with 409 while it has instances.
#[utoipa::path(
    delete, path = "/api/v1/namespaces/{namespace}/services/{service}", tag = "services",
    params(ServicePath, MutationQuery, WriteHeaders),
    responses((status = 204, description = "It is gone"), DeleteProblems),
)]
async fn delete_service(
    mutation: Mutation,
    Path(path): Path<ServicePath>,
) -> Result<Response, Problem> {
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = &mutation;
    registry
        .delete_service(caller, path.key(), *precondition)
        .await?;
    Ok(mutation.deleted())
}

async fn put(mutation: &Mutation, key: ServiceKey, body: ServiceBody) -> Result<Response, Problem> {
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = mutation;
    let location = location_of(&key);
    let written = registry
        .put_service(caller, key, body.parse()?, *precondition)
        .await?;
    let at = (written.item.stamp.revision, location);
    Ok(mutation.answer(written.outcome, at, &Service::from(&*written.item)))
}

/// A service that is not there.
pub(crate) fn not_found(key: &ServiceKey) -> Problem {
    let thing = Thing::service(key);
    Error::from(Obstacle::NotFound { thing }).into()
}
