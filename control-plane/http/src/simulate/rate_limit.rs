//! What becomes of calls by rate limit rules: `/api/v1/simulate/rate-limit`.

mod answer;

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use merak_core::CalleeLimits;
use merak_model::{
    Invalid, NamespaceName, Stamp,
    call::{CallDocument, OwnedCall},
    invalid::together,
    limiting::{
        RateLimitRule, RateLimitRuleDocument, RateLimitRuleSpec,
        trial::{self, Sequence},
    },
    routing::RuleKey,
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{idle_draft, parse_call, schema};
use crate::{
    Api,
    as_of::{AsOf, AsOfQuery},
    extract::{Json, Query, not_null},
    problem::{HistoryProblems, Problem},
    rule::schema::rate_limit as rules,
    warning::beside_requests,
};
use answer::Simulation;

/// The operation that tries rate limits out.
pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(simulate_rate_limit))
}

/// Calls to try out, and what to try them with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RateLimitSimulateBody, example = json!({
    "request": {"to": {"service": "micro-pay"}, "method": "POST", "headers": {"x-user": "42"}},
    "sequence": {"calls": 150, "over_ms": 1000},
}))]
struct Body {
    #[schema(value_type = schema::Call)]
    request: CallDocument,
    /// A rate limit rule as if it was there; one of its name is replaced by it. It must be for calls to
    /// the callee, or replace a rule that is.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    draft: Option<Draft>,
    /// How often the call comes; by default once.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    sequence: Option<SequenceBody>,
}

/// A rate limit rule that is not there yet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RateLimitDraft)]
struct Draft {
    /// Default `default`.
    #[serde(default = "default_namespace")]
    namespace: String,
    name: String,
    #[schema(value_type = rules::RateLimitRuleSpec)]
    spec: RateLimitRuleDocument,
}

/// Equal calls at an even pace.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CallSequence)]
struct SequenceBody {
    #[schema(minimum = 1, maximum = 100_000)]
    calls: u64,
    /// The time within which they come; default 0, which is all at once.
    #[serde(default)]
    #[schema(maximum = 86_400_000)]
    over_ms: u64,
    /// How long each is under way; default 0.
    #[serde(default)]
    #[schema(maximum = 3_600_000)]
    lasting_ms: u64,
    /// The instances of the service, which take the calls in turns: each counts local limits by itself.
    /// Default 1.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 1000)]
    instances: u64,
}

/// The most calls that are counted by rules in one request.
const STEPS_LIMIT: u64 = 5_000_000;

fn default_namespace() -> String {
    NamespaceName::DEFAULT.to_owned()
}

fn one() -> u64 {
    1
}

/// Tells what becomes of calls by the rate limit rules of a service.
///
/// Every rule is told with each of its tests, wanted and got. The calls go by fresh counters and a clock of
/// their own, decided by the code that limits in applications; global limits are counted in whole windows.
/// Nothing is written or counted. The service need not exist.
#[utoipa::path(
    post, path = "/api/v1/simulate/rate-limit", tag = "simulate",
    params(AsOfQuery), request_body = Body,
    responses(
        (status = 200, description = "What becomes of the calls, and why", body = Simulation),
        HistoryProblems,
    ),
)]
async fn simulate_rate_limit(
    State(api): State<Api>,
    Query(AsOfQuery { as_of }): Query<AsOfQuery>,
    Json(body): Json<Body>,
) -> Result<axum::Json<Simulation>, Problem> {
    let call = parse_call(body.request)?;
    let sequence = body.sequence.unwrap_or_default().parse()?;
    let mut limits = find_limits(&api, &call, as_of).await?;
    if let Some(draft) = body.draft {
        add(
            &mut limits,
            draft.parse().map_err(|invalid| invalid.within("draft"))?,
        )?;
    }
    let tried = beside_requests(move || try_out(&limits, &call, &sequence));
    tried.await?.map(axum::Json)
}

async fn find_limits(
    api: &Api,
    call: &OwnedCall,
    as_of: Option<AsOf>,
) -> Result<CalleeLimits, Problem> {
    let Some(as_of) = as_of else {
        return Ok(api.plane.catalog.limits_for(&call.callee));
    };
    let moment = as_of.moment(api)?;
    let limits = api.plane.history.find_limits_at(&call.callee, moment).await;
    limits.map_err(AsOf::refused)
}

/// Adds a rule, in the place of the one of its name; one for other services must replace one.
fn add(limits: &mut CalleeLimits, draft: RateLimitRule) -> Result<(), Problem> {
    let before = limits.rules.len();
    limits.rules.retain(|rule| rule.key != draft.key);
    let replaces = limits.rules.len() < before;
    if draft.is_for(&limits.callee) {
        let earlier = |rule: &Arc<RateLimitRule>| rule.precedence() < draft.precedence();
        let at = limits.rules.partition_point(earlier);
        limits.rules.insert(at, Arc::new(draft));
    } else if !replaces {
        return Err(idle_draft(&limits.callee));
    }
    Ok(())
}

fn try_out(
    limits: &CalleeLimits,
    call: &OwnedCall,
    sequence: &Sequence,
) -> Result<Simulation, Problem> {
    let call = call.call();
    let rules = limits.rules.iter();
    let tested: Vec<_> = rules
        .map(|rule| (&**rule, trial::tests(rule, &call)))
        .collect();
    let applied: Vec<&RateLimitRule> = tested
        .iter()
        .filter(|(rule, tests)| rule.spec.enabled && tests.iter().all(|test| test.holds))
        .map(|(rule, _)| *rule)
        .collect();
    let amounts = applied.iter().map(|rule| rule.spec.amounts().len().max(1));
    let steps = u64::from(sequence.calls) * amounts.sum::<usize>().max(1) as u64;
    if steps > STEPS_LIMIT {
        let detail = format!(
            "{} calls by {} rules take {steps} steps, at most {STEPS_LIMIT} are taken",
            sequence.calls,
            applied.len()
        );
        return Err(Problem::pointer("/sequence/calls", detail));
    }
    let trial = trial::run(&applied, sequence);
    Ok(Simulation::of(&tested, &applied, sequence, &trial, &call))
}

impl Draft {
    fn parse(self) -> Result<RateLimitRule, Invalid> {
        let spec = RateLimitRuleSpec::parse(self.spec);
        let (key, spec) = together((
            RuleKey::parse(&self.namespace, &self.name),
            spec.map_err(|invalid| invalid.within("spec")),
        ))?;
        let stamp = Stamp::default();
        Ok(RateLimitRule { key, spec, stamp })
    }
}

impl Default for SequenceBody {
    fn default() -> Self {
        Self {
            calls: 1,
            over_ms: 0,
            lasting_ms: 0,
            instances: 1,
        }
    }
}

impl SequenceBody {
    fn parse(self) -> Result<Sequence, Invalid> {
        let checked = |field, value, least, most| match u32::try_from(value) {
            Ok(parsed) if (least..=most).contains(&parsed) => Ok(parsed),
            _ => Err(Invalid::range(
                field,
                value,
                u64::from(least),
                u64::from(most),
            )),
        };
        let parts = together((
            checked("calls", self.calls, 1, 100_000),
            checked("over_ms", self.over_ms, 0, 86_400_000),
            checked("lasting_ms", self.lasting_ms, 0, 3_600_000),
            checked("instances", self.instances, 1, 1000),
        ));
        let (calls, over_ms, lasting_ms, instances) =
            parts.map_err(|invalid| invalid.within("sequence"))?;
        Ok(Sequence {
            calls,
            over: Duration::from_millis(over_ms.into()),
            lasting: Duration::from_millis(lasting_ms.into()),
            instances,
        })
    }
}
