//! What was made of a global rate limit: `/api/v1/namespaces/{namespace}/rate-limit-rules/{name}/usage`.

use axum::extract::State;
use merak_core::{CounterUse, QuotaClient, RuleUse};
use merak_model::limiting::{RateLimitRule, ScopeKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    extract::{Path, Query},
    problem::{Problem, ReadProblems},
    rule::{RulePath, not_found},
    subscriber::Client,
};

/// The operation on the usage of limits.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(get_rate_limit_rule_usage))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct UsageQuery {
    /// The most counters to show: 1..=100, default 20.
    #[param(minimum = 1, maximum = 100)]
    counters: Option<u64>,
    /// The most clients to show of each: 1..=100, default 20.
    #[param(minimum = 1, maximum = 100)]
    clients: Option<u64>,
}

/// What was made of a rate limit rule, as far as the control plane counts.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(example = json!({
    "scope": "global", "counter_count": 1, "counters": [{
        "callee": {"namespace": "default", "name": "micro-api"}, "values": ["/pay"],
        "amounts": [{"window_ms": 1000, "limit": 1000, "used": 412}],
        "admitted": 291_004, "refused": 1309, "client_count": 1,
        "clients": [{
            "client": {"address": "10.0.0.9:51442", "host": "api-1", "sdk": "merak-rust",
                "sdk_version": "0.1.0", "labels": {}},
            "used": 412, "held": 20, "demand": 1105, "refused": 1309,
        }],
    }],
}))]
pub(crate) struct RateLimitUsage {
    #[schema(value_type = String)]
    scope: ScopeKind,
    /// Why nothing is counted here; absent if the control plane counts. There are no counters then, which does
    /// not mean that there are no calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    not_counted: Option<NotCounted>,
    /// Combinations of values that are counted now; one that nobody calls is forgotten after its windows.
    counter_count: usize,
    /// Those with the most calls in the last five minutes, most first.
    counters: Vec<RateLimitCounter>,
}

/// Why the control plane counts no calls of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RateLimitNotCounted)]
struct NotCounted {
    reason: NotCountedReason,
    /// The same for people.
    message: &'static str,
}

/// A stable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RateLimitNotCountedReason)]
enum NotCountedReason {
    /// Each instance that gets the calls counts them by itself, and tells nobody.
    LocalScope,
    /// The rule is not applied.
    NotEnabled,
}

impl NotCounted {
    fn of(rule: &RateLimitRule) -> Option<Self> {
        let (reason, message) = if !rule.spec.scope().is_global() {
            let message = "each instance that gets the calls counts them by itself, and does not tell \
                           the control plane: only rules with the scope `global` are counted here";
            (NotCountedReason::LocalScope, message)
        } else if !rule.spec.enabled {
            let message = "the rule is not enabled: it limits nothing";
            (NotCountedReason::NotEnabled, message)
        } else {
            return None;
        };
        Some(Self { reason, message })
    }
}

/// What was made of one counter.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct RateLimitCounter {
    callee: RateLimitCallee,
    /// The values that tell it apart, in the order of the method and the arguments of the rule.
    values: Vec<String>,
    /// The shortest window first.
    amounts: Vec<RateLimitAmountUse>,
    /// Calls that went through in the last five minutes.
    admitted: u64,
    /// Calls that were refused in the last five minutes.
    refused: u64,
    /// Clients that take part.
    client_count: usize,
    /// Those that get the most calls, most first.
    clients: Vec<RateLimitClient>,
}

/// The service that is called.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct RateLimitCallee {
    namespace: String,
    name: String,
}

/// What was made of an amount in its current window.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct RateLimitAmountUse {
    window_ms: u64,
    /// Calls that may go through, over all clients.
    limit: u64,
    /// Calls that went through, as far as clients have told.
    used: u64,
}

/// What a client makes of a counter.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct RateLimitClient {
    client: Client,
    /// Calls that went through in the current window, as far as it has told.
    used: u32,
    /// Calls that it may let through without asking.
    held: u32,
    /// Calls that it gets, in a second.
    demand: u32,
    /// Calls that it refused since it takes part.
    refused: u64,
}

impl From<CounterUse> for RateLimitCounter {
    fn from(counter: CounterUse) -> Self {
        let amounts = counter
            .amounts
            .into_iter()
            .map(|amount| RateLimitAmountUse {
                window_ms: u64::try_from(amount.window.as_millis()).unwrap_or(u64::MAX),
                limit: amount.limit,
                used: amount.used,
            });
        Self {
            callee: RateLimitCallee {
                namespace: counter.callee.namespace.to_string(),
                name: counter.callee.service.to_string(),
            },
            values: counter.values,
            amounts: amounts.collect(),
            admitted: counter.admitted,
            refused: counter.refused,
            client_count: counter.client_count,
            clients: counter.clients.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<QuotaClient> for RateLimitClient {
    fn from(of: QuotaClient) -> Self {
        Self {
            client: Client::of(&of.client),
            used: of.used,
            held: of.held,
            demand: of.demand,
            refused: of.refused,
        }
    }
}

/// Reads what was made of a rate limit rule: by counter and by client.
///
/// It is live, and what clients have told: they do so when they ask for more, and at least once a second. Of a
/// rule with the scope `local`, or that is not enabled, `not_counted` says why there is nothing to show.
#[utoipa::path(
    get, path = "/api/v1/namespaces/{namespace}/rate-limit-rules/{name}/usage",
    tag = "rate-limit-rules", params(RulePath, UsageQuery),
    responses(
        (status = 200, description = "What was made of it", body = RateLimitUsage),
        ReadProblems,
    ),
)]
async fn get_rate_limit_rule_usage(
    State(api): State<Api>,
    Path(path): Path<RulePath>,
    Query(query): Query<UsageQuery>,
) -> Result<axum::Json<RateLimitUsage>, Problem> {
    let counters = shown("counters", query.counters)?;
    let clients = shown("clients", query.clients)?;
    let key = path.key();
    let rule = api.plane.catalog.find_rule::<RateLimitRule>(&key);
    let rule = rule.ok_or_else(|| not_found::<RateLimitRule>(&key))?;
    let used = api.plane.quotas.usage(&key, counters, clients);
    let RuleUse {
        counters: counter_count,
        most_used,
    } = used.unwrap_or_default();
    Ok(axum::Json(RateLimitUsage {
        scope: match rule.spec.scope().is_global() {
            true => ScopeKind::Global,
            false => ScopeKind::Local,
        },
        not_counted: NotCounted::of(&rule),
        counter_count,
        counters: most_used.into_iter().map(Into::into).collect(),
    }))
}

/// How many are shown, where so many are asked for.
fn shown(parameter: &str, count: Option<u64>) -> Result<usize, Problem> {
    const DEFAULT: usize = 20;
    const LIMIT: u64 = 100;
    match count {
        None => Ok(DEFAULT),
        Some(count @ 1..=LIMIT) => Ok(usize::try_from(count).unwrap_or(DEFAULT)),
        Some(count) => {
            let why = format!("{count} is not within 1..={LIMIT}");
            Err(Problem::parameter(parameter, why))
        }
    }
}
