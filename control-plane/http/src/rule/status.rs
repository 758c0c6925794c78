//! Who obeys a rule already.

use merak_core::{self as core, Subscription};
use merak_model::{Revision, ServiceKey, routing::RuleKey};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{RestRule, not_found};
use crate::{Api, problem::Problem, subscriber::Subscriber};

/// Subscribers of each list that are named; all are counted.
const NAMED: usize = 100;

/// How far a rule has come: the clients that obey the rules for a service which it is for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct RuleStatus {
    /// The change that last touched the rule.
    revision: u64,
    /// Subscriptions to the rules for a service which it is for.
    subscriber_count: usize,
    /// Those of them that said they have applied this revision or a later one, and understand the rule.
    applied_count: usize,
    /// Those that have it and said that they do not understand the rule, and so go without it.
    unable_count: usize,
    /// These, by service; up to 100.
    unable: Vec<UnableSubscriber>,
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

/// A subscription whose client does not understand a rule.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct UnableSubscriber {
    callee: Callee,
    /// What the client does not understand, in its own words.
    reason: String,
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

/// How far a rule has come, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RuleProgress {
    /// Subscriptions to the rules for a service which it is for.
    subscriber_count: usize,
    /// Those of them that said they have applied its newest state, and understand it.
    applied_count: usize,
    /// Those that have it and do not understand it, and so go without the rule.
    unable_count: usize,
}

/// How far a rule has come, for filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reached {
    /// Every subscriber has applied it, and there is one.
    Applied,
    /// Some subscriber does not have its newest state yet.
    Lagging,
    /// There are subscribers, and none has applied it.
    Unapplied,
    /// Some subscriber does not understand it.
    Unable,
    /// There is no subscriber.
    Unused,
}

/// Those who subscribe to a rule, and how far they are.
struct Followers {
    revision: Revision,
    count: usize,
    /// With what each does not understand, in its own words.
    unable: Vec<(ServiceKey, String, Subscription)>,
    lagging: Vec<(ServiceKey, Subscription)>,
}

impl Followers {
    fn of<R: RestRule>(api: &Api, rule: &R) -> Self {
        let revision = rule.stamp().revision;
        let discovery = &api.plane.discovery;
        let subscriptions = discovery.list_rule_subscriptions(R::KIND.family(), &rule.callees());
        let count = subscriptions.len();
        let (current, lagging): (Vec<_>, Vec<_>) = subscriptions
            .into_iter()
            .partition(|(_, subscription)| subscription.applied >= revision);
        let refused = (R::KIND, rule.key().clone());
        let unable = current
            .into_iter()
            .filter_map(|(callee, mut subscription)| {
                let reason = subscription.left_out.remove(&refused)?;
                Some((callee, reason, subscription))
            });
        Self {
            revision,
            count,
            unable: unable.collect(),
            lagging,
        }
    }
}

impl From<core::RuleProgress> for RuleProgress {
    fn from(progress: core::RuleProgress) -> Self {
        let core::RuleProgress {
            subscribers,
            applied,
            unable,
        } = progress;
        Self {
            subscriber_count: subscribers,
            applied_count: applied,
            unable_count: unable,
        }
    }
}

impl RuleProgress {
    pub(super) fn is(self, reached: Reached) -> bool {
        let Self {
            subscriber_count: all,
            applied_count: applied,
            unable_count: unable,
        } = self;
        match reached {
            Reached::Applied => all > 0 && applied == all,
            Reached::Lagging => applied + unable < all,
            Reached::Unapplied => all > 0 && applied == 0,
            Reached::Unable => unable > 0,
            Reached::Unused => all == 0,
        }
    }
}

impl Callee {
    fn of(key: &ServiceKey) -> Self {
        Self {
            namespace: key.namespace.to_string(),
            name: key.service.to_string(),
        }
    }
}

/// Who obeys a rule already, and who does not yet.
pub(crate) fn status<R: RestRule>(
    api: &Api,
    key: &RuleKey,
) -> Result<axum::Json<RuleStatus>, Problem> {
    let rule = api.plane.catalog.find_rule::<R>(key);
    let rule = rule.ok_or_else(|| not_found::<R>(key))?;
    let Followers {
        revision,
        count: subscriber_count,
        unable,
        lagging,
    } = Followers::of(api, &*rule);
    let unable_count = unable.len();
    let applied_count = subscriber_count - lagging.len() - unable_count;
    let unable = unable.into_iter().take(NAMED);
    let unable = unable.map(|(callee, reason, subscription)| UnableSubscriber {
        callee: Callee::of(&callee),
        reason,
        subscriber: Subscriber::of(subscription, revision),
    });
    let lagging = lagging.into_iter().take(NAMED);
    let lagging = lagging.map(|(callee, subscription)| LaggingSubscriber {
        callee: Callee::of(&callee),
        subscriber: Subscriber::of(subscription, revision),
    });
    Ok(axum::Json(RuleStatus {
        revision: revision.get(),
        subscriber_count,
        applied_count,
        unable_count,
        unable: unable.collect(),
        lagging: lagging.collect(),
    }))
}
