//! Searching the rules of a kind in all namespaces: `/api/v1/routing-rules` and the like.

use std::sync::Arc;

use merak_core::AnyRule;
use merak_model::{
    Invalid, NamespaceName, ServiceKey, ServiceName,
    invalid::{Present, Why},
    routing::{CallerSelector, Selector},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    RestRule,
    sort::{RuleField, RuleSort, place_of},
    status::{Reached, RuleProgress},
};
use crate::{
    Api,
    as_of::AsOf,
    extract::Truth,
    filter::{self, MetadataFilter, TextFilter},
    page::{Cursor, Page, PageSize},
    problem::Problem,
    sort::SortField as _,
    warning::beside_requests,
};

/// A rule in a list over all namespaces.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    #[serde(flatten)]
    rule: T,
    /// How far it has come; absent in lists of an earlier moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<RuleProgress>,
}

/// A rule that a search found.
pub(crate) struct Found {
    pub(super) rule: AnyRule,
    /// How far it has come, if the search asked for that.
    progress: Option<RuleProgress>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchRulesQuery {
    /// Only rules of this namespace.
    #[param(value_type = Option<String>, example = "default")]
    namespace: Option<NamespaceName>,
    /// Filter by name, as a whole, `text*` by its beginning, `*text*` anywhere.
    #[param(value_type = Option<String>, example = "canary*")]
    name: Option<TextFilter>,
    /// Filter by a metadata entry, `key:value` or `key:beginning*`; may be repeated.
    #[serde(default)]
    #[param(value_type = Vec<String>, required = false, example = json!(["team:shop"]))]
    metadata: Vec<MetadataFilter>,
    /// Only rules that are, or are not, enabled.
    #[param(value_type = Option<bool>)]
    enabled: Option<Truth>,
    /// Only rules for calls to services of such a name, filtered like that of the rule, and those for `*`.
    #[param(value_type = Option<String>, example = "*pay*")]
    callee: Option<TextFilter>,
    /// Only rules for calls of services of such a name, filtered like that of the rule, and those for any
    /// caller, which nearby rules and rate limits are.
    #[param(value_type = Option<String>, example = "micro-api")]
    caller: Option<TextFilter>,
    /// Only rules about the service of this name: for calls to it, those for `*` included, and those that
    /// name it as the caller.
    #[param(value_type = Option<String>, example = "com.shop/pay")]
    service: Option<ServiceName>,
    /// The namespace of `service`, required by it.
    #[param(value_type = Option<String>, example = "default")]
    service_namespace: Option<NamespaceName>,
    /// Only rules that have come so far with those who shall obey them; not known of an earlier moment.
    #[param(inline)]
    status: Option<Reached>,
    /// The state right after this revision, or at this RFC 3339 time, instead of now.
    #[param(value_type = Option<String>, example = "2026-01-02T10:42:00Z")]
    as_of: Option<AsOf>,
    /// Sorted by this, largest first with a `-` before it; by namespace and name without it. `priority` is
    /// the order in which rules are tried: equal ones by name, then by namespace.
    #[param(value_type = Option<RuleSort>, inline)]
    sort: Option<RuleSort>,
    /// The most items on a page: 1..=500, default 50.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    page_size: Option<PageSize>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

impl SearchRulesQuery {
    /// The service that rules shall be about, if one is asked for.
    fn service(&self) -> Result<Option<ServiceKey>, Problem> {
        match (&self.service_namespace, &self.service) {
            (None, None) => Ok(None),
            (Some(namespace), Some(service)) => {
                Ok(Some(ServiceKey::new(namespace.clone(), service.clone())))
            }
            (None, Some(_)) => Err(Problem::parameter(
                "service_namespace",
                "required by service",
            )),
            (Some(_), None) => Err(Problem::parameter(
                "service",
                "required by service_namespace",
            )),
        }
    }

    fn matches<R: RestRule>(&self, rule: &R) -> bool {
        let caller = rule.caller().map(|caller| &caller.service);
        filter::matches(self.name.as_ref(), rule.key().name.as_str())
            && filter::has_all(&self.metadata, rule.metadata())
            && self
                .enabled
                .is_none_or(|wanted| wanted.is_true() == rule.is_enabled())
            && is_for(self.callee.as_ref(), &rule.callee().service)
            && caller.is_none_or(|caller| is_for(self.caller.as_ref(), caller))
    }
}

/// Whether a service of such a name, if one is asked for, can be the one that a rule selects.
fn is_for(wanted: Option<&TextFilter>, selected: &Selector<ServiceName>) -> bool {
    match selected {
        Selector::Any => true,
        Selector::Named(name) => filter::matches(wanted, name.as_str()),
    }
}

/// Whether a rule is for calls to a service, or names it as the caller.
fn is_about<R: RestRule>(rule: &R, service: &ServiceKey) -> bool {
    let names = |caller: &CallerSelector| {
        caller.service == Selector::Named(service.service.clone())
            && caller.namespace.selects(&service.namespace)
    };
    rule.callees().selects(service) || rule.caller().is_some_and(names)
}

/// The rules of a kind that a search finds, a page at a time.
pub(crate) async fn search<R: RestRule>(
    api: &Api,
    query: SearchRulesQuery,
) -> Result<axum::Json<Page<Listed<R::View>>>, Problem> {
    if query.as_of.is_some() && query.status.is_some() {
        let what = Present::Status;
        let refused = Invalid::because("status", Why::NotKnownThen { what });
        return Err(Problem::refused_parameter(&refused));
    }
    let list = query.sort.map_or(R::ALL, |_| R::SORTED);
    let cursor = Cursor::parse(list, query.page_size, query.page_token.as_deref())?;
    let service = query.service()?;
    let is_past = query.as_of.is_some();
    let rules = find_rules::<R>(api, query.namespace.as_ref(), query.as_of).await?;
    let api = api.clone();
    // There may be thousands of rules, each with thousands of subscribers.
    let page = beside_requests(move || {
        let progress = |rule: &R| RuleProgress::from(api.plane.discovery.rule_progress(rule));
        let last = cursor.after.as_ref().filter(|_| query.sort.is_none());
        let rules = rules.into_iter().filter(|rule| {
            query.matches(&**rule)
                && service.as_ref().is_none_or(|one| is_about(&**rule, one))
                && last.is_none_or(|last| *last < place_of(rule.key()))
        });
        let found = rules.filter_map(|rule| {
            let reached = query.status.map(|wanted| (wanted, progress(&rule)));
            let is_wanted = reached.is_none_or(|(wanted, progress)| progress.is(wanted));
            is_wanted.then(|| Found {
                rule: rule.any(),
                progress: reached.map(|(_, progress)| progress),
            })
        });
        let show = |found: &Found| {
            let rule = R::of_any(&found.rule).expect("the list is of one kind");
            let status = || found.progress.unwrap_or_else(|| progress(rule));
            Listed {
                rule: R::View::from(rule),
                status: (!is_past).then(status),
            }
        };
        if let Some(sort) = query.sort {
            let found: Vec<Found> = found.collect();
            return sort.page(&cursor, found.iter(), show);
        }
        Ok(cursor.page(found, RuleField::key, |found| show(&found)))
    });
    page.await?.map(axum::Json)
}

/// The rules of a kind, of one namespace or of all, by namespace and name.
async fn find_rules<R: RestRule>(
    api: &Api,
    namespace: Option<&NamespaceName>,
    as_of: Option<AsOf>,
) -> Result<Vec<Arc<R>>, Problem> {
    if let Some(as_of) = as_of {
        let (history, moment) = (&api.plane.history, as_of.moment(api)?);
        let past = match namespace {
            Some(namespace) => history.list_rules_at(namespace, moment).await,
            None => history.list_all_rules_at(moment).await,
        };
        return past.map_err(AsOf::refused);
    }
    Ok(match namespace {
        Some(namespace) => api.plane.catalog.list_rules(namespace).1,
        None => api.plane.catalog.all_rules(),
    })
}
