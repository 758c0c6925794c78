//! Searching the services of all namespaces: `/api/v1/services`.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use merak_core::ServiceSnapshot;
use merak_model::{self as model, Metadata, NamespaceName};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Found, SEPARATOR, ServiceSummary, export_services,
    sort::{ServiceField, ServiceSort},
};
use crate::{
    Api,
    export::ListFormat,
    extract::{Query, Truth},
    filter::{self, MetadataFilter, TextFilter},
    instance::Health,
    page::{Cursor, List, Page, PageSize},
    problem::{ListProblems, Problem},
    sort::SortField as _,
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchServicesQuery {
    /// Only services of this namespace.
    #[param(value_type = Option<String>, example = "default")]
    namespace: Option<NamespaceName>,
    /// Filter by name, as a whole, `text*` by its beginning, `*text*` anywhere.
    #[param(value_type = Option<String>, example = "com.shop*")]
    name: Option<TextFilter>,
    /// Filter by a metadata entry, `key:value` or `key:beginning*`; may be repeated. Each is one of the
    /// service, or of the instance that matches the filters of instances.
    #[serde(default)]
    #[param(value_type = Vec<String>, required = false, example = json!(["env:prod"]))]
    metadata: Vec<MetadataFilter>,
    /// Only services with an instance of this health.
    health: Option<Health>,
    /// Only services with an instance that is isolated, or with one that is not.
    #[param(value_type = Option<bool>)]
    isolated: Option<Truth>,
    /// Only services with an instance at this host, filtered like a name; `ip` is the same.
    #[serde(alias = "ip")]
    #[param(value_type = Option<String>, example = "10.0.0.*")]
    host: Option<TextFilter>,
    /// Only services with an instance of this version, filtered like a name.
    #[param(value_type = Option<String>, example = "v2.*")]
    version: Option<TextFilter>,
    /// Sorted by this, largest first with a `-` before it; by namespace and name without it.
    #[param(value_type = Option<ServiceSort>, inline)]
    sort: Option<ServiceSort>,
    /// `csv` or `ndjson` for the whole list as a download; `json`, which is the default, for a page of it.
    #[serde(default)]
    #[param(required = false, inline)]
    format: ListFormat,
    /// The most items on a page: 1..=500, default 50.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    page_size: Option<PageSize>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

impl SearchServicesQuery {
    fn matches(&self, snapshot: &ServiceSnapshot) -> bool {
        let model::Service { key, spec, .. } = &**snapshot.service();
        self.namespace
            .as_ref()
            .is_none_or(|name| key.namespace == *name)
            && filter::matches(self.name.as_ref(), key.service.as_str())
            && self.matches_instances(snapshot, &self.metadata_beyond(&spec.metadata))
    }

    /// The wanted entries that a service does not have itself.
    fn metadata_beyond(&self, of_service: &Metadata) -> Vec<&MetadataFilter> {
        let wanted = self.metadata.iter();
        wanted.filter(|one| !one.matches(of_service)).collect()
    }

    /// Whether some instance matches the filters of instances and has the entries, if any are wanted.
    fn matches_instances(&self, snapshot: &ServiceSnapshot, metadata: &[&MetadataFilter]) -> bool {
        let is_asked = self.health.is_some()
            || self.isolated.is_some()
            || self.host.is_some()
            || self.version.is_some()
            || !metadata.is_empty();
        let counts = snapshot.counts();
        // Most services have none that is unhealthy or isolated, and are not gone through.
        let is_possible = match (self.health, self.isolated) {
            (Some(Health::Unhealthy), _) => counts.unhealthy() > 0,
            (Some(Health::Healthy), _) => counts.healthy > 0,
            (None, Some(Truth::True)) => counts.isolated > 0,
            (None, Some(Truth::False) | None) => true,
        };
        let is_found = |one: &model::Instance| {
            self.matches_instance(one)
                && metadata
                    .iter()
                    .all(|entry| entry.matches(&one.spec.metadata))
        };
        !is_asked || (is_possible && snapshot.instances().any(|one| is_found(one)))
    }

    fn matches_instance(&self, instance: &model::Instance) -> bool {
        self.health
            .is_none_or(|health| instance.health == health.into())
            && self
                .isolated
                .is_none_or(|isolated| instance.isolated == isolated.is_true())
            && filter::matches(self.host.as_ref(), instance.spec.host.as_str())
            && filter::matches(self.version.as_ref(), &instance.spec.version)
    }
}

/// Searches the services of all namespaces, sorted by namespace and name or as asked for.
///
/// A service is listed when it matches every filter; those of instances, and the metadata that the service
/// lacks itself, must match one and the same instance.
#[utoipa::path(
    get, path = "/api/v1/services", tag = "services",
    params(SearchServicesQuery),
    responses(
        (status = 200, description = "A page of services, or the list as a download", content(
            (Page<ServiceSummary> = "application/json"),
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        ListProblems,
    ),
)]
pub(super) async fn search_services(
    State(api): State<Api>,
    Query(query): Query<SearchServicesQuery>,
) -> Result<Response, Problem> {
    let services = match &query.namespace {
        Some(namespace) => api.plane.catalog.list_services(namespace).1,
        None => api.plane.catalog.all_services(),
    };
    let found = services.into_iter().filter(|one| query.matches(one));
    let (size, token) = (query.page_size, query.page_token.as_deref());
    if let Some(export) = query.format.export(size, token)? {
        let found = found.map(found_of).collect();
        return Ok(export_services(export, query.sort, found));
    }
    let show = ServiceSummary::of_found;
    if let Some(sort) = query.sort {
        let cursor = Cursor::parse(List::SortedAllServices, size, token)?;
        let found: Vec<Found> = found.map(found_of).collect();
        let page = sort.page(&cursor, found.iter(), show)?;
        return Ok(axum::Json(page).into_response());
    }
    let cursor = Cursor::parse(List::AllServices, size, token)?;
    let after = cursor.after.as_deref().map(|key| {
        key.split_once(SEPARATOR)
            .ok_or_else(|| Problem::parameter("page_token", "names no service"))
    });
    let after = after.transpose()?;
    let later = found.filter(|one| after < Some(key_of(one))).map(found_of);
    let page = cursor.page(later, ServiceField::key, |one| show(&one));
    Ok(axum::Json(page).into_response())
}

fn found_of(snapshot: Arc<ServiceSnapshot>) -> Found {
    (Arc::clone(snapshot.service()), Some(snapshot))
}

fn key_of(snapshot: &Arc<ServiceSnapshot>) -> (&str, &str) {
    let key = &snapshot.service().key;
    (key.namespace.as_str(), key.service.as_str())
}
