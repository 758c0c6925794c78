//! Listing the instances of a service.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use merak_core::{PastService, ServiceSnapshot};
use merak_model::{self as model, InstanceId, ServiceKey};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Health, Instance, sort::InstanceSort};
use crate::{
    Api,
    as_of::AsOf,
    export::{ListFormat, Row},
    extract::{Path, Query, Truth},
    filter::{self, MetadataFilter, TextFilter},
    page::{Cursor, List, Page, PageSize},
    problem::{HistoryProblems, Problem},
    service::{self, ServicePath},
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListInstancesQuery {
    /// Filter by health.
    health: Option<Health>,
    /// Filter by isolation.
    #[param(value_type = Option<bool>)]
    isolated: Option<Truth>,
    /// Filter by host, as a whole, `text*` by its beginning, `*text*` anywhere; `ip` is the same.
    #[serde(alias = "ip")]
    #[param(value_type = Option<String>, example = "10.0.0.*")]
    host: Option<TextFilter>,
    /// Filter by version, as a whole, `text*` by its beginning, `*text*` anywhere.
    #[param(value_type = Option<String>, example = "v2.*")]
    version: Option<TextFilter>,
    /// Filter by protocol, as a whole, `text*` by its beginning, `*text*` anywhere.
    #[param(value_type = Option<String>, example = "grpc")]
    protocol: Option<TextFilter>,
    /// Filter by a metadata entry, `key:value` or `key:beginning*`; may be repeated. A backslash before a
    /// `:` of the key, or before a `*` that is meant, takes its meaning away.
    #[serde(default)]
    #[param(value_type = Vec<String>, required = false, example = json!(["env:prod"]))]
    metadata: Vec<MetadataFilter>,
    /// The state right after this revision, or at this RFC 3339 time, instead of now.
    #[param(value_type = Option<String>, example = "2026-01-02T10:42:00Z")]
    as_of: Option<AsOf>,
    /// Sorted by this, largest first with a `-` before it; by id without it. Health is sorted from healthy
    /// to unhealthy; a host with its port, and a version, by the numbers in them.
    #[param(value_type = Option<InstanceSort>, inline)]
    sort: Option<InstanceSort>,
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

impl Row for Instance {
    const COLUMNS: &'static [&'static str] = &[
        "namespace",
        "service",
        "id",
        "host",
        "port",
        "protocol",
        "version",
        "weight",
        "health",
        "isolated",
        "location.region",
        "location.zone",
        "location.campus",
        "metadata",
        "health_check.type",
        "health_check.ttl_seconds",
        "revision",
        "created_at",
        "modified_at",
    ];
}

/// The instances of a service, now or then.
enum Instances {
    Now(Arc<ServiceSnapshot>),
    Then(PastService),
}

impl ListInstancesQuery {
    fn matches(&self, instance: &model::Instance) -> bool {
        let model::Instance { spec, .. } = instance;
        self.health
            .is_none_or(|health| instance.health == health.into())
            && self
                .isolated
                .is_none_or(|isolated| instance.isolated == isolated.is_true())
            && filter::matches(self.host.as_ref(), spec.host.as_str())
            && filter::matches(self.version.as_ref(), &spec.version)
            && filter::matches(self.protocol.as_ref(), &spec.protocol)
            && filter::has_all(&self.metadata, &spec.metadata)
    }
}

impl Instances {
    async fn find(api: &Api, key: &ServiceKey, as_of: Option<AsOf>) -> Result<Self, Problem> {
        match as_of {
            Some(as_of) => as_of.find_service(api, key).await.map(Self::Then),
            None => {
                let found = api.plane.catalog.find_service(key);
                found.map(Self::Now).ok_or_else(|| service::not_found(key))
            }
        }
    }

    fn after<'a>(
        &'a self,
        id: Option<&'a InstanceId>,
    ) -> Box<dyn Iterator<Item = &'a Arc<model::Instance>> + 'a> {
        match self {
            Self::Now(snapshot) => Box::new(snapshot.instances_after(id)),
            Self::Then(past) => {
                let all = past.instances.values();
                Box::new(all.filter(move |instance| id < Some(&instance.id)))
            }
        }
    }
}

/// Lists the instances of a service, sorted by id or as asked for.
///
/// An instance is listed when it matches every filter.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/services/{service}/instances", tag = "instances",
    params(ServicePath, ListInstancesQuery),
    responses(
        (status = 200, description = "A page of instances, or the list as a download", content(
            (Page<Instance> = "application/json"),
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        HistoryProblems,
    ),
)]
pub(super) async fn list_instances(
    State(api): State<Api>,
    Path(path): Path<ServicePath>,
    Query(query): Query<ListInstancesQuery>,
) -> Result<Response, Problem> {
    let (size, token) = (query.page_size, query.page_token.as_deref());
    if let Some(export) = query.format.export(size, token)? {
        let instances = Instances::find(&api, &path.key(), query.as_of).await?;
        let listed = instances.after(None).filter(|one| query.matches(one));
        let found = listed.cloned().collect();
        let found = match query.sort {
            Some(sort) => sort.sorted(found),
            None => found,
        };
        return Ok(export.of_rows("merak-instances", found, |one| Instance::from(&**one)));
    }
    if let Some(sort) = query.sort {
        let cursor = Cursor::parse(List::SortedInstances, size, token)?;
        let instances = Instances::find(&api, &path.key(), query.as_of).await?;
        let listed = instances.after(None).filter(|one| query.matches(one));
        let page = sort.page(&cursor, listed, |one| Instance::from(&**one))?;
        return Ok(axum::Json(page).into_response());
    }
    let cursor = Cursor::parse(List::Instances, size, token)?;
    let after = cursor.after.as_deref().map(InstanceId::parse).transpose();
    let after = after.map_err(|_| Problem::parameter("page_token", "names no instance"))?;
    let instances = Instances::find(&api, &path.key(), query.as_of).await?;
    let later = instances.after(after.as_ref());
    let listed = later.filter(|instance| query.matches(instance));
    let page = cursor.page(
        listed,
        |instance| instance.id.to_string(),
        |instance| Instance::from(&**instance),
    );
    Ok(axum::Json(page).into_response())
}
