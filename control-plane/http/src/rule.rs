//! What the operations on the kinds of rules have in common.
//!
//! A rule is changed and deleted only by those who say which state of it they saw, so that of two
//! editors the second learns of the first; the refusal carries the rule as it is.

mod body;
mod diff;
mod revision;
#[expect(dead_code, reason = "describes what the model reads and writes")]
pub(crate) mod schema;
mod search;
mod sort;
mod status;

use std::sync::Arc;

use axum::response::Response;
use http::HeaderMap;
use merak_core::{Error, Obstacle, Rule, Thing};
use merak_model::{
    Invalid, Metadata, NamespaceName, ServiceKey, ServiceName,
    limiting::{RateLimitRule, RateLimitRuleDocument},
    routing::{
        CallerSelector, NearbyDocument, NearbyRule, RoutingRule, RoutingRuleDocument, RuleKey,
        RuleName,
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::IntoParams;

use crate::{
    Api,
    as_of::AsOf,
    etag,
    extract::Truth,
    filter::{self, MetadataFilter, TextFilter},
    mutation::Mutation,
    namespace::{self, require_name, require_same},
    page::{Cursor, List, Page, PageSize},
    problem::Problem,
    warning::{Linted, warnings_of},
};
pub(crate) use body::RuleBody;
pub(crate) use diff::Difference;
pub(crate) use revision::{
    ActionPath, DiffQuery, ListRevisionsQuery, RevertBody, RevisionPath, RuleDiff, RuleRevision,
    diff, get_revision, list_revisions, revert,
};
pub(crate) use search::{Listed, SearchRulesQuery, search};
pub(crate) use status::{RuleStatus, status};

/// A kind of rule, as the API shows it.
pub(crate) trait RestRule:
    Rule<Spec: TryFrom<Self::Document, Error = Invalid> + Into<Self::Document>>
{
    /// What people write.
    type Document: DeserializeOwned + Serialize + Send;
    /// What people read.
    type View: Serialize + for<'a> From<&'a Self> + Send + 'static;

    /// The segment of the path that the rules of a namespace are under.
    const COLLECTION: &'static str;
    /// The list of a namespace, that of all of them, and that in an order that is asked for.
    const LIST: List;
    const ALL: List;
    const SORTED: List;

    fn metadata(&self) -> &Metadata;
    fn is_enabled(&self) -> bool;
    /// Whose calls it is for, if its kind asks for that.
    fn caller(&self) -> Option<&CallerSelector>;
}

impl RestRule for RoutingRule {
    type Document = RoutingRuleDocument;
    type View = crate::routing_rule::RoutingRule;

    const COLLECTION: &'static str = "routing-rules";
    const LIST: List = List::RoutingRules;
    const ALL: List = List::AllRoutingRules;
    const SORTED: List = List::SortedRoutingRules;

    fn metadata(&self) -> &Metadata {
        &self.spec.metadata
    }

    fn is_enabled(&self) -> bool {
        self.spec.enabled
    }

    fn caller(&self) -> Option<&CallerSelector> {
        Some(&self.spec.caller)
    }
}

impl RestRule for NearbyRule {
    type Document = NearbyDocument;
    type View = crate::nearby_rule::NearbyRule;

    const COLLECTION: &'static str = "nearby-rules";
    const LIST: List = List::NearbyRules;
    const ALL: List = List::AllNearbyRules;
    const SORTED: List = List::SortedNearbyRules;

    fn metadata(&self) -> &Metadata {
        &self.spec.metadata
    }

    fn is_enabled(&self) -> bool {
        self.spec.enabled
    }

    fn caller(&self) -> Option<&CallerSelector> {
        None
    }
}

impl RestRule for RateLimitRule {
    type Document = RateLimitRuleDocument;
    type View = crate::rate_limit_rule::RateLimitRule;

    const COLLECTION: &'static str = "rate-limit-rules";
    const LIST: List = List::RateLimitRules;
    const ALL: List = List::AllRateLimitRules;
    const SORTED: List = List::SortedRateLimitRules;

    fn metadata(&self) -> &Metadata {
        &self.spec.metadata
    }

    fn is_enabled(&self) -> bool {
        self.spec.enabled
    }

    fn caller(&self) -> Option<&CallerSelector> {
        None
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RulePath {
    /// Name of the namespace; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 64, example = "default")]
    namespace: NamespaceName,
    /// Name of the rule; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 128, example = "canary")]
    name: RuleName,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRulesQuery {
    /// Filter by name, as a whole or with a trailing `*` by its beginning.
    #[param(value_type = Option<String>, example = "canary*")]
    name: Option<TextFilter>,
    /// Filter by a metadata entry, `key:value` or `key:beginning*`; may be repeated.
    #[serde(default)]
    #[param(value_type = Vec<String>, required = false, example = json!(["team:shop"]))]
    metadata: Vec<MetadataFilter>,
    /// Only rules that are, or are not, enabled.
    #[param(value_type = Option<bool>)]
    enabled: Option<Truth>,
    /// Only rules for calls to the service of this name, those for `*` included.
    #[param(example = "com.shop/pay")]
    callee: Option<String>,
    /// The namespace of `callee`; by default the one in the path.
    #[param(example = "default")]
    callee_namespace: Option<String>,
    /// The state right after this revision, or at this RFC 3339 time, instead of now.
    #[param(value_type = Option<String>, example = "2026-01-02T10:42:00Z")]
    as_of: Option<AsOf>,
    /// The most items on a page: 1..=500, default 50.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    page_size: Option<PageSize>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

impl RulePath {
    pub(crate) fn key(self) -> RuleKey {
        RuleKey {
            namespace: self.namespace,
            name: self.name,
        }
    }
}

impl ListRulesQuery {
    /// The service whose rules are asked for, if it is one's.
    fn callee(&self, home: &NamespaceName) -> Result<Option<ServiceKey>, Problem> {
        let renamed = |parameter: &'static str| {
            move |invalid: Invalid| {
                Problem::refused_parameter(&Invalid::new(parameter, invalid.problem().clone()))
            }
        };
        let namespace = self.callee_namespace.as_deref();
        let Some(service) = self.callee.as_deref() else {
            return match namespace {
                Some(_) => Err(Problem::parameter("callee", "required by callee_namespace")),
                None => Ok(None),
            };
        };
        let service = ServiceName::parse(service).map_err(renamed("callee"))?;
        let namespace = namespace.map(NamespaceName::parse).transpose();
        let namespace = namespace.map_err(renamed("callee_namespace"))?;
        let namespace = namespace.unwrap_or_else(|| home.clone());
        Ok(Some(ServiceKey::new(namespace, service)))
    }
}

/// The path of a rule, percent-encoded.
fn location_of<R: RestRule>(key: &RuleKey) -> String {
    let namespace = namespace::location_of(&key.namespace);
    let name = key.name.as_str().replace('/', "%2F");
    format!("{namespace}/{}/{name}", R::COLLECTION)
}

/// A rule that is not there.
pub(crate) fn not_found<R: RestRule>(key: &RuleKey) -> Problem {
    let thing = Thing::rule(R::KIND, key);
    Error::from(Obstacle::NotFound { thing }).into()
}

/// The rules of a namespace, a page at a time.
pub(crate) async fn list<R: RestRule>(
    api: &Api,
    namespace: &NamespaceName,
    query: ListRulesQuery,
) -> Result<axum::Json<Page<R::View>>, Problem> {
    let cursor = Cursor::parse(R::LIST, query.page_size, query.page_token.as_deref())?;
    let callee = query.callee(namespace)?;
    let rules = find_rules::<R>(api, namespace, query.as_of).await?;
    let listed = rules.iter().filter(|rule| {
        let name = rule.key().name.as_str();
        let is_for = |callee| rule.callees().selects(callee);
        cursor.after.as_deref() < Some(name)
            && filter::matches(query.name.as_ref(), name)
            && filter::has_all(&query.metadata, rule.metadata())
            && query
                .enabled
                .is_none_or(|wanted| wanted.is_true() == rule.is_enabled())
            && callee.as_ref().is_none_or(is_for)
    });
    let page = cursor.page(
        listed,
        |rule| rule.key().name.to_string(),
        |rule| R::View::from(rule),
    );
    Ok(axum::Json(page))
}

async fn find_rules<R: RestRule>(
    api: &Api,
    namespace: &NamespaceName,
    as_of: Option<AsOf>,
) -> Result<Vec<Arc<R>>, Problem> {
    if let Some(as_of) = as_of {
        let (history, moment) = (&api.plane.history, as_of.moment(api)?);
        let past = history.list_rules_at(namespace, moment).await;
        return past.map_err(AsOf::refused);
    }
    let (_, rules) = api.plane.catalog.list_rules(namespace);
    if rules.is_empty() && api.plane.catalog.find_namespace(namespace).is_none() {
        return Err(namespace::not_found(namespace));
    }
    Ok(rules)
}

/// One rule, as it is or as it was.
pub(crate) async fn get<R: RestRule>(
    api: &Api,
    key: RuleKey,
    as_of: Option<AsOf>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let found = match as_of {
        Some(as_of) => {
            let (history, moment) = (&api.plane.history, as_of.moment(api)?);
            let past = history.find_rule_at::<R>(&key, moment).await;
            past.map_err(AsOf::refused)?
        }
        None => api.plane.catalog.find_rule::<R>(&key),
    };
    let found = found.ok_or_else(|| not_found::<R>(&key))?;
    etag::answer(headers, found.stamp().revision, &R::View::from(&found))
}

/// Creates a rule that must not exist yet.
pub(crate) async fn create<R: RestRule>(
    api: &Api,
    mutation: Mutation,
    namespace: NamespaceName,
    body: RuleBody<R>,
) -> Result<Response, Problem> {
    let mutation = mutation.of_absent()?;
    let name = require_name("name", body.name.as_deref(), RuleName::parse)?;
    let key = RuleKey { namespace, name };
    let written = write::<R>(api, &mutation, key, body.spec).await;
    written.map_err(Problem::of_creation)
}

/// Creates a rule or brings it to what the body says, as the precondition asks.
pub(crate) async fn put<R: RestRule>(
    api: &Api,
    mutation: Mutation,
    key: RuleKey,
    body: RuleBody<R>,
) -> Result<Response, Problem> {
    require_same("name", body.name.as_deref(), key.name.as_str())?;
    mutation.require_conditional()?;
    write::<R>(api, &mutation, key, body.spec).await
}

/// Deletes a rule that is as the precondition expects.
pub(crate) async fn delete<R: RestRule>(
    api: &Api,
    mutation: Mutation,
    key: RuleKey,
) -> Result<Response, Problem> {
    mutation.require_conditional()?;
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = &mutation;
    let deleted = registry
        .delete_rule::<R>(caller, key.clone(), *precondition)
        .await;
    deleted.map_err(|error| carrying_current::<R>(api, &key, error))?;
    Ok(mutation.deleted())
}

async fn write<R: RestRule>(
    api: &Api,
    mutation: &Mutation,
    key: RuleKey,
    spec: R::Spec,
) -> Result<Response, Problem> {
    let Mutation {
        registry,
        caller,
        precondition,
        ..
    } = mutation;
    let written = registry
        .put_rule::<R>(caller, key.clone(), spec, *precondition)
        .await;
    let written = written.map_err(|error| carrying_current::<R>(api, &key, error))?;
    let at = (written.item.stamp().revision, location_of::<R>(&key));
    let linted = Linted {
        warnings: warnings_of(api, &written.item).await?,
        rule: R::View::from(&written.item),
    };
    Ok(mutation.answer(written.outcome, at, &linted))
}

/// A refusal because the rule is not as it was expected carries the rule as it is.
fn carrying_current<R: RestRule>(api: &Api, key: &RuleKey, error: Error) -> Problem {
    let problem = Problem::from(error);
    match api.plane.catalog.find_rule::<R>(key) {
        Some(rule) => problem.with_current(rule.stamp().revision, &R::View::from(&rule)),
        None => problem,
    }
}
