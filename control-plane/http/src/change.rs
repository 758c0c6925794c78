//! The change log: `/api/v1/changes`.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use futures_util::{Stream, stream};
use merak_core::{self as core, AnyRule, ChangeQuery, Error, Item, Kind, Order, RuleKind};
use merak_model::{
    InstanceId, Invalid, NamespaceName, Revision, ServiceName, Timestamp, routing::RuleName,
};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{OpenApi, RefOr, Schema, schema::AnyOf},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    export::{CHUNK_ROWS, ListFormat, Row},
    extract::Query,
    instance::Instance,
    namespace::Namespace,
    nearby_rule::NearbyRule,
    page::{Cursor, List, Page, PageSize},
    problem::{ListProblems, Problem},
    rate_limit_rule::RateLimitRule,
    routing_rule::RoutingRule,
    service::Service,
};

/// The operations on the change log.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_changes))
}

/// One durable change of one thing, or an event.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "revision": 44, "at": "2026-01-02T11:00:00Z", "actor": "rest@10.0.0.3",
    "request_id": "deploy-42", "kind": "namespace", "namespace": "default",
    "before": null,
    "after": {
        "name": "default", "comment": "", "metadata": {}, "revision": 44, "created_revision": 44,
        "created_at": "2026-01-02T11:00:00Z", "modified_at": "2026-01-02T11:00:00Z",
    },
}))]
pub(crate) struct Change {
    /// Its place in the log: strictly increasing over the whole control plane.
    revision: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who asked for it; `merak` for what happened because of time.
    #[schema(value_type = String)]
    actor: Arc<str>,
    /// The id of the request; empty if there was none.
    #[schema(value_type = String)]
    request_id: Arc<str>,
    kind: ChangeKind,
    /// The namespace that it is, or is in.
    #[schema(value_type = String)]
    namespace: NamespaceName,
    /// The service that it is, or belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    service: Option<ServiceName>,
    /// The id of the instance that it is, or speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    instance: Option<InstanceId>,
    /// The name of the rule that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    rule: Option<RuleName>,
    /// The state before; null if the change created it, and for an event.
    #[schema(required = true)]
    before: Option<Changed>,
    /// The state after; null if the change deleted it.
    #[schema(required = true)]
    after: Option<Changed>,
}

impl Row for Change {
    const COLUMNS: &'static [&'static str] = &[
        "revision",
        "at",
        "actor",
        "request_id",
        "kind",
        "namespace",
        "service",
        "instance",
        "rule",
        "before",
        "after",
    ];
}

/// What the log speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeKind {
    Namespace,
    Service,
    Instance,
    Event,
    RoutingRule,
    NearbyRule,
    RateLimitRule,
}

/// A thing in one of its states; the `kind` of the change says which it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Changed {
    Namespace(Namespace),
    Service(Box<Service>),
    Instance(Box<Instance>),
    Event(Event),
    RoutingRule(Box<RoutingRule>),
    NearbyRule(Box<NearbyRule>),
    RateLimitRule(Box<RateLimitRule>),
}

/// Describes a [`Changed`] as what fits one of its forms or several: a service has all that a namespace
/// must have, so that it would fit none of them alone.
pub(crate) fn describe_changed(description: &mut OpenApi) {
    let schemas = description.components.iter_mut();
    let mut schemas = schemas.filter_map(|components| components.schemas.get_mut("Changed"));
    let Some(changed) = schemas.next() else {
        return;
    };
    if let RefOr::T(Schema::OneOf(one_of)) = changed {
        let mut any_of = AnyOf::new();
        any_of.items = std::mem::take(&mut one_of.items);
        any_of.description = one_of.description.take();
        *changed = RefOr::T(Schema::AnyOf(any_of));
    }
}

/// What happened that is no change of a thing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Event {
    /// Many instances of a service lost their streams together, more likely because of the network
    /// than because they died: they stay healthy until three times their ttl without a beat.
    MassLossHeld {
        /// Instances whose stream ended.
        disconnected: usize,
        /// Healthy instances of the service at that moment, those included.
        healthy: usize,
    },
    /// An instance changes its health again and again.
    Flapping {
        /// How often it became unhealthy within the window.
        losses: u32,
        window_seconds: u64,
    },
}

/// From which end of the log.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ChangeOrder {
    #[default]
    Newest,
    Oldest,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListChangesQuery {
    /// Only changes of this kind.
    kind: Option<ChangeKind>,
    /// Only changes of this namespace and of what is in it.
    #[param(value_type = Option<String>, example = "default")]
    namespace: Option<NamespaceName>,
    /// Only changes of a service of this name and of its instances.
    #[param(value_type = Option<String>, example = "com.shop/pay")]
    service: Option<ServiceName>,
    /// Only changes of an instance of this id.
    #[param(value_type = Option<String>, example = "pay-1")]
    instance: Option<String>,
    /// Only changes of a rule of this name.
    #[param(value_type = Option<String>, example = "canary")]
    rule: Option<String>,
    /// Only changes by this actor.
    #[param(example = "rest@10.0.0.3")]
    actor: Option<String>,
    /// Only changes at or after this RFC 3339 time.
    #[param(example = "2026-01-02T10:00:00Z")]
    since: Option<String>,
    /// Only changes at or before this RFC 3339 time.
    #[param(example = "2026-01-02T11:00:00Z")]
    until: Option<String>,
    /// Only changes after this revision.
    after: Option<u64>,
    /// Only changes before this revision.
    before: Option<u64>,
    /// Newest first, which is the default, or oldest first.
    #[serde(default)]
    #[param(required = false, inline)]
    order: ChangeOrder,
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

impl From<&core::Change> for Change {
    fn from(change: &core::Change) -> Self {
        Self {
            revision: change.revision.get(),
            at: change.at,
            actor: Arc::clone(&change.actor),
            request_id: Arc::clone(&change.request_id),
            kind: change.key.kind().into(),
            namespace: change.key.namespace().clone(),
            service: change.key.service().cloned(),
            instance: change.key.instance().cloned(),
            rule: change.key.rule().cloned(),
            before: change.before.as_ref().map(Changed::from),
            after: change.after.as_ref().map(Changed::from),
        }
    }
}

impl From<&Item> for Changed {
    fn from(item: &Item) -> Self {
        match item {
            Item::Namespace(namespace) => Self::Namespace((&**namespace).into()),
            Item::Service(service) => Self::Service(Box::new((&**service).into())),
            Item::Instance(instance) => Self::Instance(Box::new((&**instance).into())),
            Item::Event(event) => Self::Event(match **event {
                core::Event::MassLossHeld {
                    disconnected,
                    healthy,
                } => Event::MassLossHeld {
                    disconnected,
                    healthy,
                },
                core::Event::Flapping {
                    losses,
                    window_seconds,
                } => Event::Flapping {
                    losses,
                    window_seconds,
                },
            }),
            Item::Rule(AnyRule::Routing(rule)) => Self::RoutingRule(Box::new((&**rule).into())),
            Item::Rule(AnyRule::Nearby(rule)) => Self::NearbyRule(Box::new((&**rule).into())),
            Item::Rule(AnyRule::RateLimit(rule)) => Self::RateLimitRule(Box::new((&**rule).into())),
        }
    }
}

impl From<Kind> for ChangeKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Namespace => Self::Namespace,
            Kind::Service => Self::Service,
            Kind::Instance => Self::Instance,
            Kind::Event => Self::Event,
            Kind::Rule(RuleKind::Routing) => Self::RoutingRule,
            Kind::Rule(RuleKind::Nearby) => Self::NearbyRule,
            Kind::Rule(RuleKind::RateLimit) => Self::RateLimitRule,
        }
    }
}

impl From<ChangeKind> for Kind {
    fn from(kind: ChangeKind) -> Self {
        match kind {
            ChangeKind::Namespace => Self::Namespace,
            ChangeKind::Service => Self::Service,
            ChangeKind::Instance => Self::Instance,
            ChangeKind::Event => Self::Event,
            ChangeKind::RoutingRule => Self::Rule(RuleKind::Routing),
            ChangeKind::NearbyRule => Self::Rule(RuleKind::Nearby),
            ChangeKind::RateLimitRule => Self::Rule(RuleKind::RateLimit),
        }
    }
}

impl ListChangesQuery {
    /// What the store is asked, except where the page begins and ends.
    async fn parse(self, api: &Api) -> Result<ChangeQuery, Problem> {
        let history = &api.plane.history;
        let mut after = self.after.map(Revision);
        let mut before = self.before.map(Revision);
        if let Some(since) = time_of("since", self.since.as_deref())? {
            let first = history.first_since(since).await?;
            after = after.max(Some(Revision(first.get().saturating_sub(1))));
        }
        if let Some(until) = time_of("until", self.until.as_deref())? {
            let first_later = history.first_since(until.plus_ms(1)).await?;
            before = Some(before.map_or(first_later, |before| before.min(first_later)));
        }
        let instance = self.instance.as_deref().map(InstanceId::parse).transpose();
        let instance = instance.map_err(|invalid| {
            Problem::refused_parameter(&Invalid::new("instance", invalid.problem().clone()))
        })?;
        let rule = self.rule.as_deref().map(RuleName::parse).transpose();
        let rule = rule.map_err(|invalid| {
            Problem::refused_parameter(&Invalid::new("rule", invalid.problem().clone()))
        })?;
        Ok(ChangeQuery {
            kind: self.kind.map(Into::into),
            namespace: self.namespace,
            service: self.service,
            instance,
            rule,
            actor: self.actor,
            after,
            before,
            order: self.order.into(),
            limit: 0,
        })
    }
}

impl From<ChangeOrder> for Order {
    fn from(order: ChangeOrder) -> Self {
        match order {
            ChangeOrder::Newest => Self::NewestFirst,
            ChangeOrder::Oldest => Self::OldestFirst,
        }
    }
}

fn time_of(parameter: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let time = text
        .map(|text| Timestamp::parse(parameter, text))
        .transpose();
    time.map_err(|invalid| Problem::refused_parameter(&invalid))
}

/// Lists the change log: who changed what and when, with the state before and after.
///
/// The log is pruned by age and by count, so it may not reach back to the beginning.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "changes",
    params(ListChangesQuery),
    responses(
        (status = 200, description = "A page of changes, or the list as a download", content(
            (Page<Change> = "application/json"),
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        )),
        ListProblems,
    ),
)]
async fn list_changes(
    State(api): State<Api>,
    Query(query): Query<ListChangesQuery>,
) -> Result<Response, Problem> {
    let list = match query.order {
        ChangeOrder::Newest => List::NewestChanges,
        ChangeOrder::Oldest => List::OldestChanges,
    };
    let (size, token) = (query.page_size, query.page_token.as_deref());
    if let Some(export) = query.format.export(size, token)? {
        let asked = query.parse(&api).await?;
        return Ok(export.answer("merak-changes", all_changes(&api, asked)));
    }
    let cursor = Cursor::parse(list, size, token)?;
    let mut asked = query.parse(&api).await?;
    asked.limit = cursor.limit();
    if let Some(last) = &cursor.after {
        let last = last.parse().map(Revision);
        let last = last.map_err(|_| Problem::parameter("page_token", "names no revision"))?;
        go_on_after(&mut asked, last);
    }
    let changes = api.plane.history.list_changes(&asked).await?;
    let page = cursor.page(&changes, |change| change.revision.to_string(), Change::from);
    Ok(axum::Json(page).into_response())
}

/// Asks for what comes after a change.
fn go_on_after(asked: &mut ChangeQuery, last: Revision) {
    match asked.order {
        Order::NewestFirst => asked.before = Some(asked.before.map_or(last, |at| at.min(last))),
        Order::OldestFirst => asked.after = asked.after.max(Some(last)),
    }
}

/// Every change that is asked for, up to the newest one of now.
fn all_changes(
    api: &Api,
    mut asked: ChangeQuery,
) -> impl Stream<Item = Result<Vec<Change>, Error>> + use<> {
    let history = Arc::clone(&api.plane.history);
    let later = Revision(api.plane.catalog.revision().get() + 1);
    asked.before = Some(asked.before.map_or(later, |before| before.min(later)));
    asked.limit = CHUNK_ROWS;
    stream::try_unfold((history, asked), async |(history, mut asked)| {
        let changes = history.list_changes(&asked).await?;
        let Some(last) = changes.last() else {
            return Ok(None);
        };
        go_on_after(&mut asked, last.revision);
        let shown = changes.iter().map(Change::from).collect();
        Ok(Some((shown, (history, asked))))
    })
}
