//! Weights that say something else than the words beside them.

use super::{Concern, NamingText, Report};
use crate::routing::{Branch, Target};

/// Percentages closer than this are the same.
const TOLERANCE: f64 = 0.5;

pub(super) fn lint(report: &mut Report<'_>) {
    let rule = report.rule;
    let mut splits = 0;
    for (index, branch) in rule.spec.branches().iter().enumerate() {
        splits += usize::from(branch.targets().len() > 1);
        lint_target_names(report, index, branch);
        lint_text(report, index, branch, (NamingText::Name, &branch.name));
        lint_single(report, index, branch);
        lint_sum(report, index, branch);
    }
    // With several splits nobody knows which of them the description means.
    let mut branches = rule.spec.branches().iter().enumerate();
    if splits == 1
        && let Some((index, branch)) = branches.find(|(_, branch)| branch.targets().len() > 1)
    {
        let text = (NamingText::Description, &*rule.spec.description);
        lint_text(report, index, branch, text);
    }
}

fn lint_target_names(report: &mut Report<'_>, index: usize, branch: &Branch) {
    for (number, target) in branch.targets().iter().enumerate() {
        if let [named] = percentages(&target.name)[..]
            && (share(branch, target) - named).abs() > TOLERANCE
        {
            let concern = Concern::WeightNotAsNamed {
                text: NamingText::Name,
                named: vec![named],
                shares: vec![share(branch, target)],
            };
            let field = format!("branches[{index}].targets[{number}].weight");
            report.warn(field, concern);
        }
    }
}

/// Compares a text that names a percentage for each target, in their order.
fn lint_text(
    report: &mut Report<'_>,
    index: usize,
    branch: &Branch,
    (text, words): (NamingText, &str),
) {
    let named = percentages(words);
    let targets = branch.targets();
    if named.len() != targets.len() || named.len() < 2 {
        return;
    }
    let mut pairs = targets.iter().zip(&named);
    if pairs.any(|(target, named)| (share(branch, target) - named).abs() > TOLERANCE) {
        let concern = Concern::WeightNotAsNamed {
            text,
            named,
            shares: targets.iter().map(|one| share(branch, one)).collect(),
        };
        report.warn(format!("branches[{index}].targets"), concern);
    }
}

/// A branch that names one percentage of several targets does not say which target gets it: one must.
fn lint_single(report: &mut Report<'_>, index: usize, branch: &Branch) {
    let [named] = percentages(&branch.name)[..] else {
        return;
    };
    let targets = branch.targets();
    let shares: Vec<f64> = targets.iter().map(|one| share(branch, one)).collect();
    let mut gets = shares.iter().map(|share| (share - named).abs());
    if shares.len() > 1 && !gets.any(|off| off <= TOLERANCE) {
        let concern = Concern::WeightNotAsNamed {
            text: NamingText::Name,
            named: vec![named],
            shares,
        };
        report.warn(format!("branches[{index}].targets"), concern);
    }
}

/// Weights of a priority that add up to nearly 100 were meant to be percentages.
fn lint_sum(report: &mut Report<'_>, index: usize, branch: &Branch) {
    let mut priorities: Vec<u8> = branch.targets().iter().map(Target::priority).collect();
    priorities.sort_unstable();
    priorities.dedup();
    for priority in priorities {
        let together = branch
            .targets()
            .iter()
            .filter(|one| one.priority() == priority);
        let weights: Vec<u64> = together.map(|one| u64::from(one.weight.get())).collect();
        let sum: u64 = weights.iter().sum();
        let are_equal = weights.iter().all(|weight| *weight == weights[0]);
        if weights.len() > 1 && !are_equal && (90..=110).contains(&sum) && sum != 100 {
            let shares = weights
                .iter()
                .map(|weight| *weight as f64 * 100.0 / sum as f64);
            let concern = Concern::WeightsNotHundred {
                sum,
                shares: shares.collect(),
            };
            report.warn(format!("branches[{index}].targets"), concern);
        }
    }
}

/// The share of a target among those of its priority, in percent.
fn share(branch: &Branch, target: &Target) -> f64 {
    let together = branch
        .targets()
        .iter()
        .filter(|one| one.priority() == target.priority());
    let sum: u64 = together.map(|one| u64::from(one.weight.get())).sum();
    match sum {
        0 => 0.0,
        sum => f64::from(target.weight.get()) * 100.0 / sum as f64,
    }
}

/// The numbers before a `%` or the word `percent`.
fn percentages(text: &str) -> Vec<f64> {
    let mut found = Vec::new();
    for (end, _) in text.match_indices('%').chain(text.match_indices("percent")) {
        let before = text[..end].trim_end();
        let is_part = |character: char| character.is_ascii_digit() || character == '.';
        let start = before.trim_end_matches(is_part).len();
        if let Ok(number) = before[start..].parse::<f64>()
            && number.is_finite()
        {
            found.push((end, number));
        }
    }
    found.sort_by_key(|(end, _)| *end);
    found.into_iter().map(|(_, number)| number).collect()
}
