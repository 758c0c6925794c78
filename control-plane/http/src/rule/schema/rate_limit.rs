//! The shape of rate limit rules, for the description of the API.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{CalleeSelector, Condition, LabelTest};

/// A rate limit rule as it is written.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "name": "users", "callee": {"service": "com.shop/pay"}, "method": "/pay",
    "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
    "amounts": [{"max": 10, "window_ms": 1000}, {"max": 200, "window_ms": 60000, "burst": 50}],
    "response": {"status": 429, "body": "slow down"},
}))]
pub(crate) struct RateLimitRuleBody {
    /// 1..=128 letters, digits and `. _ : / -`. Required to POST; may be left out to PUT, where it
    /// must be the one in the path.
    #[schema(nullable = false)]
    name: Option<String>,
    #[serde(flatten)]
    spec: RateLimitRuleSpec,
}

/// What people say of a rate limit rule.
#[derive(Serialize, ToSchema)]
pub(crate) struct RateLimitRuleSpec {
    /// Up to 1024 characters.
    #[serde(default)]
    description: String,
    /// Labels of the rule itself, up to 64.
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    /// A rule that is not enabled is kept and not applied; default true.
    #[serde(default)]
    enabled: bool,
    /// Of several rules that refuse a call the lowest one answers it, of equal ones the first by name;
    /// default 0.
    #[serde(default)]
    #[schema(maximum = 10_000)]
    priority: u64,
    /// The services that it protects; each of them has counters of its own.
    callee: CalleeSelector,
    /// A test of the method; by default every method, and none.
    #[schema(nullable = false)]
    method: Option<LabelTest>,
    /// Tests of other facts than the method, all of which must hold.
    #[serde(default)]
    #[schema(max_items = 16)]
    arguments: Vec<Condition>,
    /// Whether all calls share one counter; by default each combination of the values that are tested has
    /// one of its own.
    #[serde(default)]
    regex_combine: bool,
    /// Calls in windows, each of which must let a call through; required unless `concurrency` is given.
    #[serde(default)]
    #[schema(max_items = 4)]
    amounts: Vec<Amount>,
    /// A slow start after a pause; for local limits with amounts.
    #[schema(nullable = false)]
    warm_up: Option<WarmUp>,
    /// Calls under way at a time; for local limits.
    #[schema(nullable = false, minimum = 1, maximum = 1_000_000)]
    concurrency: Option<u64>,
    /// Default `local`.
    #[serde(default)]
    scope: LimitScope,
    /// For global limits; default `total`.
    #[schema(nullable = false)]
    amount_mode: Option<AmountMode>,
    /// For global limits; default `local`.
    #[schema(nullable = false)]
    failover: Option<Failover>,
    /// Default `reject`.
    #[serde(default)]
    action: LimitAction,
    /// What the caller of a refused call is told; by default status 429 and an empty body.
    #[schema(nullable = false)]
    response: Option<LimitResponse>,
}

/// Calls in a window.
#[derive(Serialize, ToSchema)]
pub(crate) struct Amount {
    /// Not more than 10,000,000 a second.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    max: u64,
    /// At least 1000 for a global limit.
    #[schema(minimum = 1, maximum = 86_400_000)]
    window_ms: u64,
    /// Calls that may come at once after a pause, for local limits; by default `max` where calls too many
    /// are rejected, and 1 where they queue.
    #[schema(nullable = false, minimum = 1, maximum = 1_000_000_000)]
    burst: Option<u64>,
}

/// A slow start: a counter that is new, or was idle for the period, begins at a share of its pace and comes
/// to the whole of it in a straight line.
#[derive(Serialize, ToSchema)]
struct WarmUp {
    /// Until the whole pace.
    #[schema(minimum = 1, maximum = 3_600_000)]
    period_ms: u64,
    /// Default 30.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 99)]
    start_percent: u64,
}

/// Who counts: each instance of the service, or the control plane for all of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LimitScope {
    Local,
    Global,
}

/// Whom the amounts of a global limit are for: all instances together, or each of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AmountMode {
    Total,
    PerClient,
}

/// What an instance does with a global limit while the control plane is away: it lets its part of the limit
/// through, by its part of the calls before, or all of them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failover {
    Local,
    Pass,
}

/// What becomes of a call too many: it is refused, or waits for its turn.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LimitAction {
    Reject,
    /// For local limits with amounts.
    Queue {
        /// At most the longest window.
        #[schema(minimum = 1, maximum = 86_400_000)]
        max_wait_ms: u64,
    },
}

/// What the caller of a refused call is told. A gRPC call fails with `RESOURCE_EXHAUSTED`.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitResponse {
    /// Default 429.
    #[schema(nullable = false, minimum = 400, maximum = 599)]
    status: Option<u64>,
    /// Up to 16.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    #[schema(max_length = 4096)]
    body: String,
}
