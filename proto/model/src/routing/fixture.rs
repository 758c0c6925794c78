//! The instances of a test: those that it names, or one for each target of the rules.
//!
//! A test asks what rules do, not which instances there are today: so it brings its own.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Entries, Labels, Matcher, RuleSet, Test, document::checked_count};
use crate::{
    Call, Health, Host, Instance, InstanceId, InstanceSpec, Invalid, Location, Metadata, Port,
    ServiceKey, Stamp, Weight, call::OwnedCall, invalid::each,
};

/// The most instances that a test may name.
pub(super) const INSTANCE_LIMIT: usize = 64;

/// An instance of a test, as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestInstanceDocument {
    /// `version`, `protocol`, `region`, `zone` and `campus` are those of the instance, others its metadata.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub labels: Entries<String>,
    /// 0..=10000, default 100.
    #[serde(default = "weight")]
    pub weight: u64,
    /// By default true.
    #[serde(default = "super::rule::truth")]
    pub healthy: bool,
    /// By default false.
    #[serde(default)]
    pub isolated: bool,
}

fn weight() -> u64 {
    u64::from(Weight::default().get())
}

/// Checks the instances that a test names.
pub(super) fn parse(
    documents: &[TestInstanceDocument],
    service: &ServiceKey,
) -> Result<Vec<Arc<Instance>>, Invalid> {
    checked_count("instances", documents.len(), INSTANCE_LIMIT)?;
    let service = Arc::new(service.clone());
    let parsed = documents.iter().enumerate().map(|(index, document)| {
        let labels = document.labels.clone();
        let labels = labels.parse("labels", |key, value| Ok((key.to_owned(), value)));
        let instance = labels.and_then(|labels| {
            let mut instance = build(&service, index, &labels.into_iter().collect())?;
            instance.spec.weight = Weight::new(document.weight)?;
            instance.isolated = document.isolated;
            if !document.healthy {
                instance.health = Health::Unhealthy;
            }
            Ok(Arc::new(instance))
        });
        instance.map_err(|invalid| invalid.at("instances", index))
    });
    each(parsed)
}

/// One instance for each target that calls may go to, in the caller's place, and one without labels.
///
/// A label that must be compared gets a value that is named somewhere; a target for which there is none
/// has no instance.
pub(super) fn made_up(rules: &RuleSet, owned: &OwnedCall) -> Vec<Arc<Instance>> {
    let call = owned.call();
    let enabled = rules.routing.iter().filter(|rule| rule.spec.enabled);
    let branches = enabled.flat_map(|rule| rule.spec.branches());
    let targets = branches.flat_map(|branch| branch.targets());
    let targets: Vec<&Labels> = targets.map(|target| target.labels()).collect();
    let mut made = vec![BTreeMap::new()];
    for labels in &targets {
        let labels = fitting(labels, &targets, &call);
        made.extend(labels.filter(|labels| !made.contains(labels)));
    }
    let service = Arc::new(owned.callee.clone());
    let home = &owned.caller.location;
    let built = made.iter().enumerate().map(|(index, labels)| {
        let mut instance = build(&service, index, labels).ok()?;
        let location = &mut instance.spec.location;
        if location.is_unknown() {
            *location = home.clone();
        }
        Some(Arc::new(instance))
    });
    built.flatten().collect()
}

/// Labels that fit a target, if there are some.
fn fitting(labels: &Labels, all: &[&Labels], call: &Call<'_>) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for (key, test) in labels.iter() {
        let value = match test {
            Test::SameAs(fact) => call.find(fact)?.to_owned(),
            Test::Value(Matcher::Absent) => continue,
            Test::Value(matcher) => value_for(matcher, key, all)?,
        };
        found.insert(key.to_owned(), value);
    }
    Some(found)
}

/// A value that a test holds for.
fn value_for(matcher: &Matcher, key: &str, all: &[&Labels]) -> Option<String> {
    let tests = all.iter().flat_map(|labels| labels.iter());
    let others = tests.filter(|(other, _)| *other == key);
    let named = others.flat_map(|(_, test)| values_of(test));
    let own = named_by(matcher).into_iter();
    let mut candidates = own.chain(named).chain(["other".to_owned()]);
    candidates.find(|value| matcher.matches(Some(value)))
}

fn values_of(test: &Test) -> Vec<String> {
    match test {
        Test::Value(matcher) => named_by(matcher),
        Test::SameAs(_) => Vec::new(),
    }
}

/// The values that a test names, and what an expression is without its commonest signs.
fn named_by(matcher: &Matcher) -> Vec<String> {
    match matcher {
        Matcher::Exact(value) | Matcher::NotEqual(value) => vec![value.to_string()],
        Matcher::In(values) | Matcher::NotIn(values) => values.iter().map(str::to_owned).collect(),
        Matcher::Regex(pattern) => {
            let plain = pattern.as_str().trim_matches(['^', '$']);
            let plain = plain.replace(".*", "").replace(".+", "x");
            vec![
                plain
                    .replace("\\d+", "1")
                    .replace("\\d", "1")
                    .replace('\\', ""),
            ]
        }
        Matcher::Range(bounds) => {
            let bounds = [bounds.lower(), bounds.upper()].into_iter().flatten();
            bounds.map(|bound| bound.to_string()).collect()
        }
        Matcher::Present | Matcher::Absent => Vec::new(),
    }
}

fn build(
    service: &Arc<ServiceKey>,
    index: usize,
    labels: &BTreeMap<String, String>,
) -> Result<Instance, Invalid> {
    let number = index + 1;
    let host = Host::parse(&format!("test-{number}"))?;
    let part = |key: &str| labels.get(key).map_or("", String::as_str);
    let parts = ["version", "protocol", "region", "zone", "campus"];
    let others = labels
        .iter()
        .filter(|(key, _)| !parts.contains(&key.as_str()));
    let placed = |invalid: Invalid| invalid.within("labels");
    let spec = InstanceSpec::new(host, Port::new(80)?)
        .with_version(part("version"))
        .and_then(|spec| spec.with_protocol(part("protocol")))
        .map_err(placed)?;
    let location = Location::parse(part("region"), part("zone"), part("campus"));
    let metadata = Metadata::parse(others.map(|(key, value)| (key.clone(), value.clone())));
    Ok(Instance {
        service: Arc::clone(service),
        id: InstanceId::parse(&format!("test-{number}"))?,
        spec: InstanceSpec {
            location: location.map_err(placed)?,
            metadata: metadata.map_err(placed)?,
            ..spec
        },
        registered: None,
        isolated: false,
        health: Health::Healthy,
        stamp: Stamp::default(),
    })
}
