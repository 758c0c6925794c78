//! Where a call would go, and why: `/api/v1/simulate/route`; what becomes of it by rate limits is beside it.

mod rate_limit;
#[expect(dead_code, reason = "describes what the model reads and writes")]
pub(crate) mod schema;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use axum::extract::State;
use merak_core::CalleeRules;
use merak_model::{
    Instance, InstanceId, Invalid, ProtectThreshold, ServiceKey, Stamp,
    call::{CallDocument, OwnedCall},
    invalid::{Form, Why, quoted_key, together},
    routing::{
        Explanation, Policy, RoutingRule, RoutingRuleDocument, RoutingRuleSpec, RuleKey, Selection,
        mix,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Api,
    as_of::{AsOf, AsOfQuery},
    extract::{Json, Query, not_null},
    problem::{Code, HistoryProblems, Problem},
    rule::schema as rules,
    service,
};

/// The operations that try things out.
pub(crate) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(simulate_route))
        .merge(rate_limit::router())
}

/// A call to try out, and what to try it with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "request": {"from": {"service": "micro-api"}, "to": {"service": "micro-order"},
        "path": "/api/order/create", "headers": {"x-user": "42"}},
    "seed": 1, "draws": 1000,
}))]
struct SimulateBody {
    #[schema(value_type = schema::Call)]
    request: CallDocument,
    /// A routing rule as if it was there; one of its name is replaced by it. It must be for calls to the
    /// callee, or replace a rule that is.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    draft: Option<Draft>,
    /// What chance is drawn from: equal seeds give equal answers. Default 0.
    #[serde(default)]
    seed: u64,
    /// How often to draw for `distribution`: 0..=100000, default 0.
    #[serde(default)]
    #[schema(maximum = 100_000)]
    draws: u64,
}

/// A rule that is not there yet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Draft {
    /// Default `default`.
    #[serde(default = "default_namespace")]
    namespace: String,
    name: String,
    #[schema(value_type = rules::RoutingRuleSpec)]
    spec: RoutingRuleDocument,
}

/// Where a call goes, and why.
#[derive(Debug, Serialize, ToSchema)]
struct Simulation {
    #[serde(flatten)]
    #[schema(value_type = schema::Explanation)]
    explanation: Explanation,
    /// How many of the draws gave each instance; absent without draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<BTreeMap<String, u32>>)]
    distribution: Option<BTreeMap<InstanceId, u32>>,
}

/// The most draws of one request.
const DRAWS_LIMIT: u64 = 100_000;

fn default_namespace() -> String {
    merak_model::NamespaceName::DEFAULT.to_owned()
}

/// Tells where a call would go, and why.
///
/// Decided by the code that picks in applications, for a caller of which is known what the request says.
/// Nothing is written, and no call is made.
#[utoipa::path(
    post, path = "/api/v1/simulate/route", tag = "simulate",
    params(AsOfQuery), request_body = SimulateBody,
    responses(
        (status = 200, description = "Where it goes, and why", body = Simulation),
        HistoryProblems,
    ),
)]
async fn simulate_route(
    State(api): State<Api>,
    Query(AsOfQuery { as_of }): Query<AsOfQuery>,
    Json(body): Json<SimulateBody>,
) -> Result<axum::Json<Simulation>, Problem> {
    if body.draws > DRAWS_LIMIT {
        let detail = format!("{} is outside 0..={DRAWS_LIMIT}", body.draws);
        return Err(Problem::pointer("/draws", detail));
    }
    let call = parse_call(body.request)?;
    let mut callee = Callee::find(&api, &call, as_of).await?;
    if let Some(draft) = body.draft {
        callee.add(draft.parse().map_err(|invalid| invalid.within("draft"))?)?;
    }
    // A service may have thousands of instances and rules, and its expressions long values to look at.
    let simulated = tokio::task::spawn_blocking(move || {
        let selection = callee.select(&call);
        let distribution = (body.draws > 0).then(|| draw(&selection, &call, body.seed, body.draws));
        Simulation {
            explanation: selection.explain(&call.call(), Some(mix(body.seed))),
            distribution,
        }
    });
    let defect = |_| Problem::new(Code::Internal, "a defect ended the simulation");
    simulated.await.map(axum::Json).map_err(defect)
}

/// Checks a call, and that it is one that a request can be: from an address, a header of each name.
fn parse_call(request: CallDocument) -> Result<OwnedCall, Problem> {
    let address = request.from.as_ref().and_then(|from| from.ip.as_deref());
    if let Some(address) = address.filter(|address| address.parse::<IpAddr>().is_err()) {
        let invalid = Invalid::malformed("request.from.ip", address, Form::IpAddress);
        return Err(invalid.into());
    }
    let names = request.headers.0.iter().map(|(name, _)| name);
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name.to_ascii_lowercase()) {
            let field = format!("request.headers{}", quoted_key(name));
            return Err(Invalid::because(field, Why::HeaderRepeated).into());
        }
    }
    OwnedCall::parse(request).map_err(|invalid| invalid.within("request").into())
}

/// Refuses a draft that would play no part.
fn idle_draft(callee: &ServiceKey) -> Problem {
    let ServiceKey { namespace, service } = callee.clone();
    Invalid::because("draft.spec.callee", Why::PlaysNoPart { namespace, service }).into()
}

impl Draft {
    fn parse(self) -> Result<RoutingRule, Invalid> {
        let spec = RoutingRuleSpec::parse(self.spec);
        let (key, spec) = together((
            RuleKey::parse(&self.namespace, &self.name),
            spec.map_err(|invalid| invalid.within("spec")),
        ))?;
        let stamp = Stamp::default();
        Ok(RoutingRule { key, spec, stamp })
    }
}

/// A service at one moment: its instances, and the rules for calls to it.
struct Callee {
    instances: Vec<Arc<Instance>>,
    protect_threshold: ProtectThreshold,
    rules: CalleeRules,
}

impl Callee {
    async fn find(api: &Api, call: &OwnedCall, as_of: Option<AsOf>) -> Result<Self, Problem> {
        let key = &call.callee;
        let Some(as_of) = as_of else {
            let catalog = &api.plane.catalog;
            let found = catalog.find_service(key);
            let found = found.ok_or_else(|| service::not_found(key))?;
            return Ok(Self {
                instances: found.instances().cloned().collect(),
                protect_threshold: found.service().spec.protect_threshold,
                rules: catalog.rules_for(key),
            });
        };
        let found = as_of.find_service(api, key).await?;
        let rules = api.plane.history.find_rules_at(key, as_of.moment(api)?);
        Ok(Self {
            instances: found.instances.into_values().collect(),
            protect_threshold: found.service.spec.protect_threshold,
            rules: rules.await.map_err(AsOf::refused)?,
        })
    }

    /// Adds a rule, in the place of the one of its name; one for other callees must replace one.
    fn add(&mut self, draft: RoutingRule) -> Result<(), Problem> {
        let before = self.rules.routing.len();
        self.rules.routing.retain(|rule| rule.key != draft.key);
        let replaces = self.rules.routing.len() < before;
        match draft.is_for(&self.rules.callee) {
            true => self.rules.routing.push(Arc::new(draft)),
            false if replaces => {}
            false => return Err(idle_draft(&self.rules.callee)),
        }
        Ok(())
    }

    fn select(self, call: &OwnedCall) -> Selection {
        let policy = Policy {
            protect_threshold: self.protect_threshold,
            caller: Arc::clone(&call.caller),
            ..Policy::of_rules(self.rules.routing, &self.rules.nearby)
        };
        Selection::compile(&self.instances, policy)
    }
}

fn draw(
    selection: &Selection,
    call: &OwnedCall,
    seed: u64,
    draws: u64,
) -> BTreeMap<InstanceId, u32> {
    let call = call.call();
    let mut counts = BTreeMap::new();
    let mut bits = mix(seed);
    for _ in 0..draws {
        if let Ok(instance) = selection.pick(&call, bits) {
            *counts.entry(instance.id.clone()).or_default() += 1;
        }
        bits = mix(bits);
    }
    counts
}
