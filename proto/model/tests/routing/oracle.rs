//! The rules once more, as slowly and plainly as they can be followed.

use std::{collections::BTreeSet, sync::Arc};

use merak_model::{
    Call, Instance, InstanceId,
    routing::{Condition, Fact, Level, Matches, Otherwise, Policy, Test, WhenEmpty, target::label},
};

use crate::builders::caller;

type Ids = BTreeSet<InstanceId>;

pub(crate) fn decide(
    all: &[Arc<Instance>],
    policy: &Policy,
    call: &Call<'_>,
) -> Result<Ids, String> {
    let home = caller("");
    let find = |fact: &Fact| call.find(fact).or_else(|| home.find(fact));
    let holds = |test: &Test, got: Option<&str>| match test {
        Test::Value(matcher) => matcher.matches(got),
        Test::SameAs(other) => got.is_some() && got == find(other),
    };
    let mut rules: Vec<_> = policy
        .rules
        .iter()
        .filter(|rule| rule.spec.enabled)
        .collect();
    rules.sort_by_key(|rule| (rule.spec.priority(), rule.key.name.clone()));
    for rule in rules {
        let mut asked = rule.spec.caller.conditions().into_iter();
        if !asked.all(|one| holds(&one.test, find(&one.fact))) {
            continue;
        }
        for (index, branch) in rule.spec.branches().iter().enumerate() {
            let meets = |one: &Condition| holds(&one.test, find(&one.fact));
            let takes = match branch.matches() {
                Matches::Always => true,
                Matches::All(conditions) => conditions.iter().all(meets),
                Matches::Any(conditions) => conditions.iter().any(meets),
            };
            if !takes {
                continue;
            }
            for priority in 0..=9 {
                let targets = branch.targets().iter();
                let targets =
                    targets.filter(|one| one.priority() == priority && one.weight.get() > 0);
                let ids: Ids = targets
                    .flat_map(|target| {
                        let fits = |one: &Arc<Instance>| {
                            target
                                .labels()
                                .iter()
                                .all(|(key, test)| holds(test, label(one, key)))
                        };
                        let fitting: Vec<_> = all.iter().filter(|one| fits(one)).collect();
                        candidates(&fitting, policy, call)
                    })
                    .collect();
                if !ids.is_empty() {
                    return Ok(ids);
                }
            }
            match branch.when_empty {
                WhenEmpty::NextBranch => {}
                WhenEmpty::AllInstances => return everything(all, policy, call),
                WhenEmpty::Reject => return Err(format!("rejected by {}[{index}]", rule.key)),
            }
        }
        if rule.spec.otherwise == Otherwise::Reject {
            return Err(format!("rejected by {}", rule.key));
        }
    }
    everything(all, policy, call)
}

fn everything(all: &[Arc<Instance>], policy: &Policy, call: &Call<'_>) -> Result<Ids, String> {
    let ids = candidates(&all.iter().collect::<Vec<_>>(), policy, call);
    if ids.is_empty() {
        return Err("no instance".to_owned());
    }
    Ok(ids)
}

fn candidates(all: &[&Arc<Instance>], policy: &Policy, call: &Call<'_>) -> Ids {
    let place = call.location().unwrap_or(&policy.caller.location);
    let usable = all
        .iter()
        .filter(|one| !one.isolated && one.spec.weight.get() > 0);
    let usable: Vec<_> = usable.collect();
    let at = |level: Level, min_share: Option<f64>, is_last: bool| -> Ids {
        let near = usable
            .iter()
            .filter(|one| level.is_shared(&one.spec.location, place));
        let near: Vec<_> = near.collect();
        let healthy = near.iter().filter(|one| one.health.is_healthy()).count();
        let is_above = |share: f64| healthy as f64 > share * near.len() as f64;
        let is_protected = healthy < near.len() && !is_above(policy.protect_threshold.get());
        if min_share.is_some_and(|share| !is_above(share) || is_protected) {
            return Ids::new();
        }
        if !is_last && healthy == 0 {
            return Ids::new();
        }
        let fine = near
            .iter()
            .filter(|one| is_protected || one.health.is_healthy());
        let free = fine.filter(|one| !call.excluded().contains(&one.id));
        free.map(|one| one.id.clone()).collect()
    };
    let Some(rule) = &policy.nearby else {
        return at(Level::All, None, true);
    };
    let rule = &rule.spec;
    for level in [Level::Campus, Level::Zone, Level::Region, Level::All] {
        if level < rule.level() || level > rule.max_level() {
            continue;
        }
        let is_widest = level == rule.max_level();
        let share = (!is_widest).then_some(rule.spill_over());
        let is_last = is_widest && (rule.strict || level == Level::All);
        let ids = at(level, share, is_last);
        if !ids.is_empty() {
            return ids;
        }
    }
    if rule.strict {
        return Ids::new();
    }
    at(Level::All, None, true)
}
