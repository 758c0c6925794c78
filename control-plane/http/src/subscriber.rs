//! Who watches a service: `/api/v1/namespaces/{namespace}/services/{service}/subscribers`.

use std::collections::BTreeMap;

use axum::extract::State;
use merak_core::{Subscription, Topic};
use merak_model::{Revision, ServiceKey, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    extract::{Path, Query},
    page::{Cursor, List, Page, PageSize},
    problem::{Problem, ReadProblems},
    service::{self, ServicePath},
};

/// The operations on subscribers.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_subscribers))
}

/// A client that watches a service, and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "client": {
        "address": "10.0.0.9:51442", "service": {"namespace": "default", "name": "order"},
        "host": "10.0.0.9", "sdk": "merak-rust", "sdk_version": "0.1.0", "labels": {"zone": "eu-1"},
    },
    "connected_at": "2026-01-02T10:42:07Z", "subscribed_at": "2026-01-02T10:42:08Z",
    "sent_revision": 44, "applied_revision": 44, "is_current": true,
}))]
pub(crate) struct Subscriber {
    client: Client,
    #[schema(value_type = String, format = DateTime)]
    connected_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    subscribed_at: Timestamp,
    /// The newest revision of the service that was sent to it; 0 if none, or if the service does
    /// not exist.
    sent_revision: u64,
    /// The newest revision of the service that it said it has applied.
    applied_revision: u64,
    /// Whether it has applied the service as it is now.
    is_current: bool,
}

/// What a client says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Client {
    /// Where its connection comes from.
    address: String,
    /// The service that it is itself, if it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    service: Option<ClientService>,
    host: String,
    sdk: String,
    sdk_version: String,
    labels: BTreeMap<String, String>,
}

/// The service that a client is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct ClientService {
    namespace: String,
    name: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListSubscribersQuery {
    /// The most items on a page: 1..=500, default 50.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    page_size: Option<PageSize>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

/// The place of a subscription in the list: its time, and its number among those of that time.
type Place = (i64, usize);

impl Subscriber {
    pub(crate) fn of(subscription: Subscription, current: Revision) -> Self {
        Self {
            client: Client::of(&subscription.client),
            connected_at: subscription.connected_at,
            subscribed_at: subscription.subscribed_at,
            sent_revision: subscription.sent.get(),
            applied_revision: subscription.applied.get(),
            is_current: subscription.applied >= current,
        }
    }
}

impl Client {
    pub(crate) fn of(client: &merak_core::Client) -> Self {
        let service = client.service.as_ref().map(|key| ClientService {
            namespace: key.namespace.to_string(),
            name: key.service.to_string(),
        });
        Self {
            address: client.address.clone(),
            service,
            host: client.host.clone(),
            sdk: client.sdk.clone(),
            sdk_version: client.sdk_version.clone(),
            labels: client.labels.clone(),
        }
    }
}

/// Lists who watches a service, longest first, and the revision that each has applied.
///
/// A service that does not exist can be watched as well. The list is live: of clients that
/// subscribed within the same millisecond, one may be missed when another leaves between two pages.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/services/{service}/subscribers",
    tag = "subscribers",
    params(ServicePath, ListSubscribersQuery),
    responses(
        (status = 200, description = "A page of subscribers", body = Page<Subscriber>),
        ReadProblems,
    ),
)]
async fn list_subscribers(
    State(api): State<Api>,
    Path(path): Path<ServicePath>,
    Query(query): Query<ListSubscribersQuery>,
) -> Result<axum::Json<Page<Subscriber>>, Problem> {
    let cursor = Cursor::parse(
        List::Subscribers,
        query.page_size,
        query.page_token.as_deref(),
    )?;
    let after = cursor.after.as_deref().map(|key| {
        place_of(key).ok_or_else(|| Problem::parameter("page_token", "names no place in the list"))
    });
    let after = after.transpose()?;
    let key = path.key();
    let current = api.plane.catalog.find_service(&key);
    let subscriptions = placed(&api, &key);
    if current.is_none() && subscriptions.is_empty() {
        return Err(service::not_found(&key));
    }
    let current = current.map_or(Revision::ZERO, |snapshot| snapshot.revision());
    let later = subscriptions
        .into_iter()
        .filter(|(place, _)| after.as_ref() < Some(place));
    let page = cursor.page(
        later,
        |((time, number), _)| format!("{time}.{number}"),
        |(_, subscription)| Subscriber::of(subscription, current),
    );
    Ok(axum::Json(page))
}

fn placed(api: &Api, key: &ServiceKey) -> Vec<(Place, Subscription)> {
    let topic = Topic::Instances(key.clone());
    let mut subscriptions = api.plane.discovery.list_subscriptions(&topic);
    subscriptions.sort_by_key(|subscription| subscription.subscribed_at);
    let mut last: Option<Place> = None;
    let placed = subscriptions.into_iter().map(|subscription| {
        let time = subscription.subscribed_at.unix_ms();
        let number = last.map_or(0, |(of, number)| if of == time { number + 1 } else { 0 });
        last = Some((time, number));
        ((time, number), subscription)
    });
    placed.collect()
}

fn place_of(key: &str) -> Option<Place> {
    let (time, number) = key.split_once('.')?;
    Some((time.parse().ok()?, number.parse().ok()?))
}
