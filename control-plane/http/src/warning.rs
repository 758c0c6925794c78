//! What was probably not meant in rules: `/api/v1/warnings`, and what answers to writes say of it.
//!
//! Warnings depend on the other rules and on the instances that there are, so that a rule has no lasting
//! ones: they are found when they are asked for.

use std::sync::Arc;

use axum::extract::State;
use merak_model::{
    self as model, NamespaceName,
    limiting::RateLimitRule,
    routing::{self, Concern, RuleName, WarningCode},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    extract::Query,
    page::{Cursor, List, Page, PageSize},
    problem::{Code, ListProblems, Problem},
    rule::RestRule,
};

pub(crate) mod schema;

/// The operations on warnings.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_warnings))
}

/// Something in a rule that is valid and probably not what was meant.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "code": "target_without_instances", "path": "/branches/0/targets/1/labels",
    "message": "none of the callee's 2 instances has them now",
    "reason": {"code": "target_without_instances", "instances": 2},
}))]
pub(crate) struct RuleWarning {
    /// The kind of warning, which stays the same from release to release.
    #[schema(value_type = schema::WarningCode)]
    code: WarningCode,
    /// JSON pointer (RFC 6901) to the place in the rule.
    path: String,
    /// What is the matter, as a sentence fragment for people.
    message: String,
    /// The same for programs.
    #[schema(value_type = schema::Concern)]
    reason: Concern,
}

/// A rule as a write left it, and what was probably not meant.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Linted<T> {
    #[serde(flatten)]
    pub(crate) rule: T,
    /// What was probably not meant, as things stand; the rule works nevertheless.
    pub(crate) warnings: Vec<RuleWarning>,
}

/// A rule that has warnings.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct WarnedRule {
    kind: RuleKind,
    #[schema(value_type = String)]
    namespace: NamespaceName,
    #[schema(value_type = String)]
    name: RuleName,
    /// The change that last touched the rule.
    revision: u64,
    /// At least one.
    warnings: Vec<RuleWarning>,
}

/// The kinds of rules that can have warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
enum RuleKind {
    #[serde(rename = "nearby_rule")]
    Nearby,
    #[serde(rename = "rate_limit_rule")]
    RateLimit,
    #[serde(rename = "routing_rule")]
    Routing,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ListWarningsQuery {
    /// Only rules of this namespace.
    #[param(value_type = Option<String>, example = "default")]
    namespace: Option<NamespaceName>,
    /// Only rules of this kind.
    #[param(inline)]
    kind: Option<RuleKind>,
    /// Only rules of this name.
    #[param(value_type = Option<String>, example = "canary")]
    rule: Option<RuleName>,
    /// The most items on a page: 1..=500, default 50.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    page_size: Option<PageSize>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

impl From<&routing::Warning> for RuleWarning {
    fn from(warning: &routing::Warning) -> Self {
        Self {
            code: warning.code(),
            path: warning.pointer(),
            message: warning.concern.to_string(),
            reason: warning.concern.clone(),
        }
    }
}

/// What was probably not meant in a rule, which need not be stored.
pub(crate) async fn warnings_of<R: RestRule>(
    api: &Api,
    rule: &Arc<R>,
) -> Result<Vec<RuleWarning>, Problem> {
    let (catalog, rule) = (Arc::clone(&api.plane.catalog), Arc::clone(rule));
    // A rule may have thousands of targets, and its callee thousands of instances.
    beside_requests(move || of(&*rule, &catalog)).await
}

/// Runs what may take more than a moment.
pub(crate) async fn beside_requests<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let defect = |_| Problem::new(Code::Internal, "a defect ended the request");
    tokio::task::spawn_blocking(work).await.map_err(defect)
}

fn of<R: RestRule>(rule: &R, catalog: &merak_core::Catalog) -> Vec<RuleWarning> {
    rule.lint(catalog).iter().map(RuleWarning::from).collect()
}

/// Lists the rules of all namespaces that have warnings now, sorted by namespace, kind and name.
///
/// A rule with warnings is valid and works; it is probably not what was meant.
#[utoipa::path(
    get, path = "/api/v1/warnings", tag = "analyze",
    params(ListWarningsQuery),
    responses(
        (status = 200, description = "A page of rules with their warnings", body = Page<WarnedRule>),
        ListProblems,
    ),
)]
async fn list_warnings(
    State(api): State<Api>,
    Query(query): Query<ListWarningsQuery>,
) -> Result<axum::Json<Page<WarnedRule>>, Problem> {
    let token = query.page_token.as_deref();
    let cursor = Cursor::parse(List::Warnings, query.page_size, token)?;
    let found = beside_requests(move || {
        let search = Search {
            catalog: &api.plane.catalog,
            limit: cursor.limit(),
            after: cursor.after.as_deref(),
            query: &query,
        };
        let found = search.run();
        cursor.page(found, WarnedRule::position, |warned| warned)
    });
    found.await.map(axum::Json)
}

/// A look for rules with warnings, until there are as many as a page takes.
struct Search<'s> {
    catalog: &'s merak_core::Catalog,
    limit: usize,
    after: Option<&'s str>,
    query: &'s ListWarningsQuery,
}

impl Search<'_> {
    fn run(&self) -> Vec<WarnedRule> {
        let mut found = Vec::new();
        for namespace in self.catalog.list_namespaces() {
            let wanted = self.query.namespace.as_ref();
            if wanted.is_none_or(|wanted| *wanted == namespace.name) {
                let name = &namespace.name;
                self.add::<routing::NearbyRule>(RuleKind::Nearby, name, &mut found);
                self.add::<RateLimitRule>(RuleKind::RateLimit, name, &mut found);
                self.add::<routing::RoutingRule>(RuleKind::Routing, name, &mut found);
            }
        }
        found
    }

    fn add<R: RestRule>(
        &self,
        kind: RuleKind,
        namespace: &NamespaceName,
        found: &mut Vec<WarnedRule>,
    ) {
        if self.query.kind.is_some_and(|wanted| wanted != kind) || found.len() >= self.limit {
            return;
        }
        let (_, rules) = self.catalog.list_rules::<R>(namespace);
        let wanted = self.query.rule.as_ref();
        for rule in rules {
            let model::routing::RuleKey { namespace, name } = rule.key().clone();
            let mut warned = WarnedRule {
                kind,
                namespace,
                name,
                revision: rule.stamp().revision.get(),
                warnings: Vec::new(),
            };
            let is_past = self.after.is_some_and(|after| *warned.position() <= *after);
            if is_past || wanted.is_some_and(|wanted| *wanted != warned.name) {
                continue;
            }
            warned.warnings = of(&*rule, self.catalog);
            if !warned.warnings.is_empty() {
                found.push(warned);
            }
            if found.len() >= self.limit {
                return;
            }
        }
    }
}

impl WarnedRule {
    /// Where it stands in the list; a space sorts before all that a name can contain.
    fn position(&self) -> String {
        let kind = match self.kind {
            RuleKind::Nearby => "nearby_rule",
            RuleKind::RateLimit => "rate_limit_rule",
            RuleKind::Routing => "routing_rule",
        };
        format!("{} {kind} {}", self.namespace, self.name)
    }
}
