//! The rules once more, as slowly and plainly as they can be followed.

use std::{collections::BTreeSet, sync::Arc};

use merak_model::{
    Call, Instance, InstanceId,
    routing::{
        Branch, Condition, Fact, Level, Matches, Otherwise, Policy, Target, Test, WhenEmpty,
        target::label,
    },
};

type Ids = BTreeSet<InstanceId>;

/// What decides about a call.
pub(crate) struct Oracle<'o> {
    pub(crate) instances: &'o [Arc<Instance>],
    pub(crate) policy: &'o Policy,
    pub(crate) call: Call<'o>,
}

impl Oracle<'_> {
    /// The instances that the call may go to, or why there is none.
    pub(crate) fn decide(&self) -> Result<Ids, String> {
        let rules = self.policy.rules.iter();
        let mut rules: Vec<_> = rules.filter(|rule| rule.spec.enabled).collect();
        rules.sort_by_key(|rule| (rule.spec.priority(), rule.key.name.clone()));
        for rule in rules {
            let mut asked = rule.spec.caller.conditions().into_iter();
            if !asked.all(|one| self.meets(&one)) {
                continue;
            }
            for (index, branch) in rule.spec.branches().iter().enumerate() {
                if !self.takes(branch) {
                    continue;
                }
                if let Some(ids) = self.targets(branch) {
                    return Ok(ids);
                }
                match branch.when_empty {
                    WhenEmpty::NextBranch => {}
                    WhenEmpty::AllInstances => return self.everything(),
                    WhenEmpty::Reject => return Err(format!("rejected by {}[{index}]", rule.key)),
                }
            }
            if rule.spec.otherwise == Otherwise::Reject {
                return Err(format!("rejected by {}", rule.key));
            }
        }
        self.everything()
    }

    fn find(&self, fact: &Fact) -> Option<&str> {
        let found = self.call.find(fact);
        match self.call.caller() {
            None => found.or_else(|| self.policy.caller.find(fact)),
            Some(_) => found,
        }
    }

    fn holds(&self, test: &Test, got: Option<&str>) -> bool {
        match test {
            Test::Value(matcher) => matcher.matches(got),
            Test::SameAs(other) => got.is_some() && got == self.find(other),
        }
    }

    fn meets(&self, condition: &Condition) -> bool {
        self.holds(&condition.test, self.find(&condition.fact))
    }

    fn takes(&self, branch: &Branch) -> bool {
        match branch.matches() {
            Matches::Always => true,
            Matches::All(conditions) => conditions.iter().all(|one| self.meets(one)),
            Matches::Any(conditions) => conditions.iter().any(|one| self.meets(one)),
        }
    }

    fn targets(&self, branch: &Branch) -> Option<Ids> {
        let of_target = |target: &Target| {
            let fits = |one: &&Arc<Instance>| {
                let mut tests = target.labels().iter();
                tests.all(|(key, test)| self.holds(test, label(one, key)))
            };
            self.candidates(&self.instances.iter().filter(fits).collect::<Vec<_>>())
        };
        let is_healthy = |ids: &Ids| {
            let instances = self.instances.iter();
            let mut healthy = instances.filter(|one| one.health.is_healthy());
            healthy.any(|one| ids.contains(&one.id))
        };
        // First the targets that have a healthy instance, then any.
        for takes_suspects in [false, true] {
            for priority in 0..=9 {
                let targets = branch.targets().iter();
                let targets = targets.filter(|one| one.priority() == priority);
                let sets = targets.filter(|one| one.weight.get() > 0).map(of_target);
                let fine = sets.filter(|ids| takes_suspects || is_healthy(ids));
                let ids: Ids = fine.flatten().collect();
                if !ids.is_empty() {
                    return Some(ids);
                }
            }
        }
        None
    }

    fn everything(&self) -> Result<Ids, String> {
        let ids = self.candidates(&self.instances.iter().collect::<Vec<_>>());
        if ids.is_empty() {
            return Err("no instance".to_owned());
        }
        Ok(ids)
    }

    fn candidates(&self, instances: &[&Arc<Instance>]) -> Ids {
        let usable = instances.iter();
        let usable: Vec<_> = usable
            .filter(|one| !one.isolated && one.spec.weight.get() > 0)
            .copied()
            .collect();
        let Some(rule) = &self.policy.nearby else {
            return self.at(Level::All, &usable, None, true);
        };
        let rule = &rule.spec;
        for level in [Level::Campus, Level::Zone, Level::Region, Level::All] {
            if level < rule.level() || level > rule.max_level() {
                continue;
            }
            let is_widest = level == rule.max_level();
            let share = (!is_widest).then_some(rule.spill_over());
            let is_last = is_widest && (rule.strict || level == Level::All);
            let ids = self.at(level, &usable, share, is_last);
            if !ids.is_empty() {
                return ids;
            }
        }
        if rule.strict {
            return Ids::new();
        }
        self.at(Level::All, &usable, None, true)
    }

    /// The candidates at a level, if they are good enough for calls to stay there.
    fn at(
        &self,
        level: Level,
        usable: &[&Arc<Instance>],
        more_than: Option<f64>,
        is_last: bool,
    ) -> Ids {
        let place = self.call.location();
        let place = place.unwrap_or(&self.policy.caller.location);
        let near = usable.iter();
        let near: Vec<_> = near
            .filter(|one| level.is_shared(&one.spec.location, place))
            .collect();
        let healthy = near.iter().filter(|one| one.health.is_healthy()).count();
        let is_above = |share: f64| healthy as f64 > share * near.len() as f64;
        let threshold = self.policy.protect_threshold.get();
        let is_protected = healthy < near.len() && !is_above(threshold);
        let is_enough = more_than.is_none_or(|share| is_above(share) && !is_protected);
        if !is_enough || (!is_last && healthy == 0) {
            return Ids::new();
        }
        let fine = near
            .iter()
            .filter(|one| is_protected || one.health.is_healthy());
        let free = fine.filter(|one| !self.call.excluded().contains(&one.id));
        free.map(|one| one.id.clone()).collect()
    }
}
