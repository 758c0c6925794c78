//! Targets that no instance fits, or that fit the same ones.

use std::sync::Arc;

use super::{Concern, Report, Side};
use crate::{
    Instance,
    routing::{Branch, group::is_usable},
};

pub(super) fn lint(report: &mut Report<'_>, instances: Option<&[Arc<Instance>]>) {
    let rule = report.rule;
    for (index, branch) in rule.spec.branches().iter().enumerate() {
        lint_repeated(report, index, branch);
    }
    match instances {
        None => {}
        Some([]) => {
            let obeyed_by = Side::Caller;
            report.warn("callee", Concern::CalleeWithoutInstances { obeyed_by });
        }
        Some(instances) => {
            for (index, branch) in rule.spec.branches().iter().enumerate() {
                lint_instances(report, index, branch, instances);
            }
        }
    }
}

fn lint_repeated(report: &mut Report<'_>, index: usize, branch: &Branch) {
    let targets = branch.targets();
    for (number, target) in targets.iter().enumerate() {
        let same = targets[..number].iter().position(|earlier| {
            earlier.labels() == target.labels() && earlier.priority() == target.priority()
        });
        if let Some(earlier) = same {
            let field = format!("branches[{index}].targets[{number}].labels");
            report.warn(field, Concern::TargetRepeated { earlier });
        }
    }
}

fn lint_instances(
    report: &mut Report<'_>,
    index: usize,
    branch: &Branch,
    instances: &[Arc<Instance>],
) {
    for (number, target) in branch.targets().iter().enumerate() {
        let fitting = || instances.iter().filter(|one| target.labels().fit(one));
        let field = || format!("branches[{index}].targets[{number}].labels");
        let labelled = fitting().count();
        let instances = instances.len();
        if labelled == 0 {
            report.warn(field(), Concern::TargetWithoutInstances { instances });
        } else if !fitting().any(|one| is_usable(one) && one.health.is_healthy()) {
            let concern = Concern::TargetWithoutUsableInstances {
                labelled,
                instances,
            };
            report.warn(field(), concern);
        }
    }
}
