//! Targets that no instance fits, or that fit the same ones.

use std::sync::Arc;

use super::{Report, WarningCode};
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
            let message = "the callee has no instance now".to_owned();
            report.warn(
                WarningCode::CalleeWithoutInstances,
                "callee".to_owned(),
                message,
            );
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
        if let Some(same) = same {
            let message = format!("the same instances as targets[{same}]: their weights add up");
            let field = format!("branches[{index}].targets[{number}].labels");
            report.warn(WarningCode::TargetRepeated, field, message);
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
        let count = fitting().count();
        if count == 0 {
            let message = format!(
                "none of the callee's {} instances has them now",
                instances.len()
            );
            report.warn(WarningCode::TargetWithoutInstances, field(), message);
        } else if !fitting().any(|one| is_usable(one) && one.health.is_healthy()) {
            let message = format!(
                "{count} of the callee's {} instances have them, each isolated, unhealthy or of weight 0 \
                 now",
                instances.len()
            );
            report.warn(WarningCode::TargetWithoutUsableInstances, field(), message);
        }
    }
}
