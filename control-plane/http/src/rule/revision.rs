//! The history of a rule: its states, what differs between two, and back to one.

use std::sync::Arc;

use axum::response::Response;
use merak_core::{Change, ChangeQuery, Error, ErrorKind, Kind, Moment};
use merak_model::{
    NamespaceName, Revision, Timestamp,
    routing::{RuleKey, RuleName},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{Difference, RestRule, diff as differences, not_found, write};
use crate::{
    Api,
    mutation::Mutation,
    page::{Cursor, List, Page, PageSize},
    problem::{Code, Problem},
};

/// One state of a rule, with who brought it about.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RuleRevision<T> {
    revision: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who asked for it.
    #[schema(value_type = String)]
    actor: Arc<str>,
    /// The id of the request; empty if there was none.
    #[schema(value_type = String)]
    request_id: Arc<str>,
    action: Action,
    /// The rule after it; null if it was deleted.
    #[schema(required = true)]
    rule: Option<T>,
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleAction)]
enum Action {
    Created,
    Updated,
    Deleted,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRevisionsQuery {
    /// The most items on a page: 1..=500, default 50.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    page_size: Option<PageSize>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RevisionPath {
    /// Name of the namespace; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 64, example = "default")]
    namespace: NamespaceName,
    /// Name of the rule; `/` is sent as `%2F`.
    #[param(value_type = String, min_length = 1, max_length = 128, example = "canary")]
    name: RuleName,
    /// The revision of one of its changes.
    #[param(value_type = u64, example = 44)]
    revision: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiffQuery {
    /// The rule as it was right after this revision.
    #[param(example = 44)]
    from: u64,
    /// The rule as it was right after this revision; by default as it is.
    to: Option<u64>,
}

/// What differs between two states of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RuleDiff {
    /// The revision of the change that led to the first state; null if the rule did not exist.
    #[schema(required = true)]
    from: Option<u64>,
    /// The revision of the change that led to the second state; null if the rule did not exist.
    #[schema(required = true)]
    to: Option<u64>,
    /// The steps from the first state to the second one: a JSON patch (RFC 6902) that also says what
    /// was there. A rule that did not exist is `null`.
    differences: Vec<Difference>,
}

/// Names a rule and what is done with it: `canary:revert`.
#[derive(Debug, Deserialize)]
pub(crate) struct ActionPath {
    namespace: NamespaceName,
    name: String,
}

/// Where to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleRevert, example = json!({"revision": 44}))]
pub(crate) struct RevertBody {
    /// The rule gets what it said right after this revision.
    revision: u64,
}

impl RevisionPath {
    fn key(self) -> Result<(RuleKey, Revision), Problem> {
        let Self {
            namespace,
            name,
            revision,
        } = self;
        let revision = revision.parse().map(Revision);
        let revision = revision.map_err(|_| Problem::parameter("revision", "not a revision"))?;
        Ok((RuleKey { namespace, name }, revision))
    }
}

impl ActionPath {
    /// The rule to revert.
    pub(crate) fn reverted(self) -> Result<RuleKey, Problem> {
        let Some(name) = self.name.strip_suffix(":revert") else {
            let detail = format!(
                "`{}` names no action: `:revert` is the one there is",
                self.name
            );
            return Err(Problem::new(Code::NoSuchPath, detail));
        };
        let name = RuleName::parse(name);
        Ok(RuleKey {
            namespace: self.namespace,
            name: name.map_err(|invalid| Problem::refused_parameter(&invalid))?,
        })
    }
}

fn revision_of<R: RestRule>(change: &Change) -> RuleRevision<R::View> {
    let after = change.after.as_ref().and_then(R::of_item);
    let action = match (&change.before, after) {
        (_, None) => Action::Deleted,
        (None, Some(_)) => Action::Created,
        (Some(_), Some(_)) => Action::Updated,
    };
    RuleRevision {
        revision: change.revision.get(),
        at: change.at,
        actor: Arc::clone(&change.actor),
        request_id: Arc::clone(&change.request_id),
        action,
        rule: after.map(|rule| R::View::from(rule)),
    }
}

fn log_of<R: RestRule>(key: &RuleKey) -> ChangeQuery {
    ChangeQuery {
        kind: Some(Kind::Rule(R::KIND)),
        namespace: Some(key.namespace.clone()),
        rule: Some(key.name.clone()),
        ..ChangeQuery::default()
    }
}

/// The changes of a rule, newest first, a page at a time.
pub(crate) async fn list_revisions<R: RestRule>(
    api: &Api,
    key: RuleKey,
    query: ListRevisionsQuery,
) -> Result<axum::Json<Page<RuleRevision<R::View>>>, Problem> {
    let token = query.page_token.as_deref();
    let cursor = Cursor::parse(List::RuleRevisions, query.page_size, token)?;
    let last = cursor.after.as_deref().map(str::parse).transpose();
    let last = last.map_err(|_| Problem::parameter("page_token", "names no revision"))?;
    let asked = ChangeQuery {
        before: last.map(Revision),
        limit: cursor.limit(),
        ..log_of::<R>(&key)
    };
    let changes = api.plane.history.list_changes(&asked).await?;
    if changes.is_empty() && last.is_none() && api.plane.catalog.find_rule::<R>(&key).is_none() {
        return Err(not_found::<R>(&key));
    }
    let page = cursor.page(
        &changes,
        |change| change.revision.to_string(),
        revision_of::<R>,
    );
    Ok(axum::Json(page))
}

/// One change of a rule.
pub(crate) async fn get_revision<R: RestRule>(
    api: &Api,
    path: RevisionPath,
) -> Result<axum::Json<RuleRevision<R::View>>, Problem> {
    let (key, revision) = path.key()?;
    let before = Revision(revision.get().saturating_sub(1));
    let asked = ChangeQuery {
        after: Some(before),
        before: Some(revision.next()),
        limit: 1,
        ..log_of::<R>(&key)
    };
    let history = &api.plane.history;
    let found = history.list_changes(&asked).await?;
    let Some(change) = found.first() else {
        // It may not have come yet, or have been pruned.
        let come = history.revision_at(Moment::Revision(revision)).await;
        come.map_err(|error| Problem::of_parameter("revision", error))?;
        history.revision_at(Moment::Revision(before)).await?;
        let what = format!("revision {revision} of {} `{key}`", R::KIND);
        return Err(Error::not_found(what).into());
    };
    Ok(axum::Json(revision_of::<R>(change)))
}

/// What differs between two states of a rule.
pub(crate) async fn diff<R: RestRule>(
    api: &Api,
    key: RuleKey,
    query: DiffQuery,
) -> Result<axum::Json<RuleDiff>, Problem> {
    let before = rule_at::<R>(api, &key, "from", query.from).await?;
    let after = match query.to {
        Some(to) => rule_at::<R>(api, &key, "to", to).await?,
        None => api.plane.catalog.find_rule::<R>(&key),
    };
    if before.is_none() && after.is_none() {
        return Err(not_found::<R>(&key));
    }
    let revision = |rule: &Option<Arc<R>>| Some(rule.as_ref()?.stamp().revision.get());
    Ok(axum::Json(RuleDiff {
        from: revision(&before),
        to: revision(&after),
        differences: differences::between(&document(before), &document(after)),
    }))
}

/// Brings a rule back to what it said at a revision, as a new change.
pub(crate) async fn revert<R: RestRule>(
    api: &Api,
    mutation: Mutation,
    key: RuleKey,
    body: RevertBody,
) -> Result<Response, Problem> {
    mutation.require_conditional()?;
    let moment = Moment::Revision(Revision(body.revision));
    let found = api.plane.history.find_rule_at::<R>(&key, moment).await;
    let found = found.map_err(|error| match error.kind() {
        ErrorKind::InvalidArgument => Problem::pointer("/revision", error.to_string()),
        ErrorKind::NotFound
        | ErrorKind::Conflict
        | ErrorKind::PreconditionFailed
        | ErrorKind::Gone
        | ErrorKind::Unavailable
        | ErrorKind::Internal => error.into(),
    })?;
    let Some(past) = found else {
        let what = format!("{} `{key}` at revision {}", R::KIND, body.revision);
        return Err(Error::not_found(what).into());
    };
    write::<R>(api, &mutation, key, past.spec().clone()).await
}

async fn rule_at<R: RestRule>(
    api: &Api,
    key: &RuleKey,
    parameter: &str,
    revision: u64,
) -> Result<Option<Arc<R>>, Problem> {
    let moment = Moment::Revision(Revision(revision));
    let found = api.plane.history.find_rule_at(key, moment).await;
    found.map_err(|error| Problem::of_parameter(parameter, error))
}

fn document<R: RestRule>(rule: Option<Arc<R>>) -> Value {
    let document: Option<R::Document> = rule.map(|rule| rule.spec().clone().into());
    serde_json::to_value(document).expect("documents are plain data")
}
