//! Listing the services of a namespace.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use merak_model::{
    Invalid, NamespaceName,
    invalid::{Present, Why},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Found, ServiceSummary, export_services, sort::ServiceSort};
use crate::{
    Api,
    as_of::AsOf,
    export::ListFormat,
    extract::{Path, Query},
    filter::{self, MetadataFilter, TextFilter},
    namespace::{self, NamespacePath},
    page::{Cursor, List, Page, PageSize},
    problem::{HistoryProblems, Problem},
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListServicesQuery {
    /// Filter by name, as a whole, `text*` by its beginning, `*text*` anywhere.
    #[param(value_type = Option<String>, example = "com.shop*")]
    name: Option<TextFilter>,
    /// Filter by a metadata entry, `key:value` or `key:beginning*`; may be repeated. A backslash before a
    /// `:` of the key, or before a `*` that is meant, takes its meaning away.
    #[serde(default)]
    #[param(value_type = Vec<String>, required = false, example = json!(["tier:1"]))]
    metadata: Vec<MetadataFilter>,
    /// The state right after this revision, or at this RFC 3339 time, instead of now.
    #[param(value_type = Option<String>, example = "2026-01-02T10:42:00Z")]
    as_of: Option<AsOf>,
    /// Sorted by this, largest first with a `-` before it; by name without it. Counts are not known of an
    /// earlier moment.
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

/// Lists the services of a namespace, sorted by name or as asked for, with the numbers of their instances.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/services", tag = "services",
    params(NamespacePath, ListServicesQuery),
    responses(
        (status = 200, description = "A page of services, or the list as a download", content(
            (Page<ServiceSummary> = "application/json"),
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        HistoryProblems,
    ),
)]
pub(super) async fn list_services(
    State(api): State<Api>,
    Path(NamespacePath { namespace }): Path<NamespacePath>,
    Query(query): Query<ListServicesQuery>,
) -> Result<Response, Problem> {
    if query.as_of.is_some() && query.sort.is_some_and(|sort| sort.field.is_count()) {
        let what = Present::Counts;
        let refused = Invalid::because("sort", Why::NotKnownThen { what });
        return Err(Problem::refused_parameter(&refused));
    }
    let mut found = find_services(&api, &namespace, query.as_of).await?;
    found.retain(|(service, _)| {
        filter::matches(query.name.as_ref(), service.key.service.as_str())
            && filter::has_all(&query.metadata, &service.spec.metadata)
    });
    let (size, token) = (query.page_size, query.page_token.as_deref());
    if let Some(export) = query.format.export(size, token)? {
        return Ok(export_services(export, query.sort, found));
    }
    let show = ServiceSummary::of_found;
    if let Some(sort) = query.sort {
        let cursor = Cursor::parse(List::SortedServices, size, token)?;
        let page = sort.page(&cursor, found.iter(), show)?;
        return Ok(axum::Json(page).into_response());
    }
    let cursor = Cursor::parse(List::Services, size, token)?;
    let later = found
        .iter()
        .filter(|(service, _)| cursor.after.as_deref() < Some(service.key.service.as_str()));
    let name = |(service, _): &&Found| service.key.service.to_string();
    Ok(axum::Json(cursor.page(later, name, show)).into_response())
}

async fn find_services(
    api: &Api,
    namespace: &NamespaceName,
    as_of: Option<AsOf>,
) -> Result<Vec<Found>, Problem> {
    if let Some(as_of) = as_of {
        let history = &api.plane.history;
        let moment = as_of.moment(api)?;
        let past = history.list_services_at(namespace, moment).await;
        let past = past.map_err(AsOf::refused)?;
        if past.is_empty() {
            as_of.require_namespace(api, namespace).await?;
        }
        return Ok(past.into_iter().map(|service| (service, None)).collect());
    }
    let (_, snapshots) = api.plane.catalog.list_services(namespace);
    if snapshots.is_empty() && api.plane.catalog.find_namespace(namespace).is_none() {
        return Err(namespace::not_found(namespace));
    }
    let found = snapshots.into_iter();
    Ok(found
        .map(|snapshot| (Arc::clone(snapshot.service()), Some(snapshot)))
        .collect())
}
