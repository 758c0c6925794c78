//! Who obeys a rule already.

use merak_model::routing::RuleKey;
use serde::Serialize;
use utoipa::ToSchema;

use super::{RestRule, not_found};
use crate::{Api, problem::Problem, subscriber::Subscriber};

/// Lagging subscribers that are named; all are counted.
const LAGGING_LIMIT: usize = 100;

/// How far a rule has come: the clients that obey the rules for a service which it is for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RuleStatus {
    /// The change that last touched the rule.
    revision: u64,
    /// Subscriptions to the rules for a service which it is for.
    subscriber_count: usize,
    /// Those of them that said they have applied this revision or a later one.
    applied_count: usize,
    /// The others, by service; up to 100.
    lagging: Vec<LaggingSubscriber>,
}

/// A subscription that has not applied the newest state of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct LaggingSubscriber {
    callee: Callee,
    #[serde(flatten)]
    subscriber: Subscriber,
}

/// The service whose rules are subscribed to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = RuleCallee)]
struct Callee {
    namespace: String,
    name: String,
}

/// Who obeys a rule already, and who does not yet.
pub(crate) fn status<R: RestRule>(
    api: &Api,
    key: &RuleKey,
) -> Result<axum::Json<RuleStatus>, Problem> {
    let rule = api.plane.catalog.find_rule::<R>(key);
    let rule = rule.ok_or_else(|| not_found::<R>(key))?;
    let revision = rule.stamp().revision;
    let discovery = &api.plane.discovery;
    let subscriptions = discovery.list_rule_subscriptions(R::KIND.family(), &rule.callees());
    let subscriber_count = subscriptions.len();
    let mut lagging = subscriptions;
    lagging.retain(|(_, subscription)| subscription.applied < revision);
    let applied_count = subscriber_count - lagging.len();
    let lagging = lagging.into_iter().take(LAGGING_LIMIT);
    let lagging = lagging.map(|(callee, subscription)| LaggingSubscriber {
        callee: Callee {
            namespace: callee.namespace.to_string(),
            name: callee.service.to_string(),
        },
        subscriber: Subscriber::of(subscription, revision),
    });
    Ok(axum::Json(RuleStatus {
        revision: revision.get(),
        subscriber_count,
        applied_count,
        lagging: lagging.collect(),
    }))
}
