//! Instances and rules, as short as they can be said.

use std::sync::Arc;

use merak_model::{
    Health, Host, Instance, InstanceId, InstanceSpec, Location, Metadata, Port, ProtectThreshold,
    ServiceKey, ServiceName, Stamp, Weight,
    call::Caller,
    routing::{
        self, NearbyDocument, NearbyRule, NearbySpec, Policy, RoutingRule, RoutingRuleDocument,
        RoutingRuleSpec, RuleKey, Selection,
    },
};
use serde_json::Value;

/// What a test says of an instance.
#[derive(Debug, Clone)]
pub(crate) struct One {
    pub(crate) id: &'static str,
    pub(crate) labels: Vec<(&'static str, &'static str)>,
    pub(crate) zone: &'static str,
    pub(crate) weight: u64,
    pub(crate) is_healthy: bool,
    pub(crate) is_isolated: bool,
}

/// A healthy instance of weight 100, with labels such as `version=v1,env=prod`.
pub(crate) fn one(id: &'static str, labels: &'static str) -> One {
    let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
    One {
        id,
        labels: pairs.collect(),
        zone: "",
        weight: 100,
        is_healthy: true,
        is_isolated: false,
    }
}

impl One {
    pub(crate) fn weighing(mut self, weight: u64) -> Self {
        self.weight = weight;
        self
    }

    pub(crate) fn sick(mut self) -> Self {
        self.is_healthy = false;
        self
    }

    pub(crate) fn isolated(mut self) -> Self {
        self.is_isolated = true;
        self
    }

    /// In a zone written `region/zone/campus`, of which the last parts may be left out.
    pub(crate) fn at(mut self, zone: &'static str) -> Self {
        self.zone = zone;
        self
    }

    pub(crate) fn build(&self) -> Arc<Instance> {
        let mut spec = InstanceSpec::new(Host::parse(self.id).unwrap(), Port::new(80).unwrap());
        spec.metadata = Metadata::parse(self.labels.iter().copied()).unwrap();
        spec.weight = Weight::new(self.weight).unwrap();
        spec.location = location(self.zone);
        Arc::new(Instance {
            service: Arc::new(ServiceKey::parse("default", "order").unwrap()),
            id: InstanceId::parse(self.id).unwrap(),
            spec,
            registered: None,
            isolated: self.is_isolated,
            health: if self.is_healthy {
                Health::Healthy
            } else {
                Health::Unhealthy
            },
            stamp: Stamp::default(),
        })
    }
}

pub(crate) fn build(instances: &[One]) -> Vec<Arc<Instance>> {
    instances.iter().map(One::build).collect()
}

pub(crate) fn location(text: &str) -> Location {
    let mut parts = text.split('/');
    let mut next = || parts.next().unwrap_or_default();
    Location::parse(next(), next(), next()).unwrap()
}

/// A caller `api` somewhere.
pub(crate) fn caller(zone: &str) -> Caller {
    Caller {
        namespace: None,
        service: Some(ServiceName::parse("api").unwrap()),
        metadata: Metadata::parse([("env", "gray")]).unwrap(),
        location: location(zone),
    }
}

pub(crate) fn try_rule(name: &str, rule: Value) -> Result<Arc<RoutingRule>, merak_model::Invalid> {
    let document: RoutingRuleDocument = routing::parse(rule)?;
    Ok(Arc::new(RoutingRule {
        key: RuleKey::parse("default", name)?,
        spec: RoutingRuleSpec::parse(document)?,
        stamp: Stamp::default(),
    }))
}

/// A rule of the namespace `default`; the callee is `order` unless it says otherwise.
pub(crate) fn rule(name: &str, mut rule: Value) -> Arc<RoutingRule> {
    if rule.get("callee").is_none() {
        rule["callee"] = serde_json::json!({"service": "order"});
    }
    try_rule(name, rule).unwrap()
}

/// The nearby rule `near` for the service `order`.
pub(crate) fn nearby(mut rule: Value) -> Arc<NearbyRule> {
    rule["callee"] = serde_json::json!({"service": "order"});
    nearby_rule("near", rule)
}

pub(crate) fn nearby_rule(name: &str, rule: Value) -> Arc<NearbyRule> {
    let document: NearbyDocument = routing::parse(rule).unwrap();
    Arc::new(NearbyRule {
        key: RuleKey::parse("default", name).unwrap(),
        spec: NearbySpec::parse(document).unwrap(),
        stamp: Stamp::default(),
    })
}

/// A policy of these rules, for a caller in a place.
pub(crate) fn policy(rules: Vec<Arc<RoutingRule>>, zone: &str) -> Policy {
    Policy {
        rules: rules.into(),
        caller: Arc::new(caller(zone)),
        ..Policy::default()
    }
}

pub(crate) fn threshold(share: f64) -> ProtectThreshold {
    ProtectThreshold::new(share).unwrap()
}

/// The n-th of many random bits (SplitMix64).
pub(crate) fn bits(number: u64) -> u64 {
    let mut bits = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The ids that 500 draws give, sorted; or why there is none: `no instance`, or the rule that rejects,
/// with its branch.
pub(crate) fn reached(selection: &Selection, call: &merak_model::Call<'_>) -> String {
    let mut ids = std::collections::BTreeSet::new();
    for number in 0..500 {
        match selection.pick(call, bits(number)) {
            Ok(instance) => ids.insert(instance.id.to_string()),
            Err(unrouted) => return unrouted.to_string(),
        };
    }
    ids.into_iter().collect::<Vec<_>>().join(" ")
}
