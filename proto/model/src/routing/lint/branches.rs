//! Branches that take no call, or never get to.

use super::{Concern, Report};
use crate::routing::{Bounds, Branch, Condition, Matcher, Matches, Pattern, Test, WhenEmpty};

pub(super) fn lint(report: &mut Report<'_>) {
    let spec = &report.rule.spec;
    let caller = spec.caller.conditions();
    for (index, branch) in spec.branches().iter().enumerate() {
        lint_patterns(report, index, branch);
        if never_matches(branch.matches(), &caller) {
            let field = format!("branches[{index}].matches");
            report.warn(field, Concern::BranchNeverMatches);
            continue;
        }
        lint_order(report, index, branch);
    }
}

/// Whether an earlier branch leaves nothing to this one.
fn lint_order(report: &mut Report<'_>, index: usize, branch: &Branch) {
    let branches = report.rule.spec.branches();
    let covers = |earlier: &&Branch| covers(earlier.matches(), branch.matches());
    let decides =
        |earlier: &&Branch| covers(earlier) && earlier.when_empty != WhenEmpty::NextBranch;
    // The same conditions twice are a fallback, which is what `next_branch` is for.
    let shadows = |earlier: &&Branch| covers(earlier) && earlier.matches() != branch.matches();
    let field = format!("branches[{index}]");
    let find = |is: &dyn Fn(&&Branch) -> bool| branches[..index].iter().position(|one| is(&one));
    if let Some(earlier) = find(&decides) {
        report.warn(field, Concern::BranchUnreachable { earlier });
    } else if let Some(earlier) = find(&shadows) {
        report.warn(field, Concern::BranchShadowed { earlier });
    }
}

/// Whether every call that `later` takes is taken by `earlier`, as far as that is plain to see.
fn covers(earlier: &Matches, later: &Matches) -> bool {
    let contains = |all: &[Condition], some: &[Condition]| some.iter().all(|one| all.contains(one));
    match (earlier, later) {
        (Matches::Always, _) => true,
        (_, Matches::Always) => false,
        (Matches::All(few), Matches::All(many)) => contains(many, few),
        (Matches::Any(many), Matches::Any(few)) => contains(many, few),
        (Matches::Any(any), Matches::All(all)) => any.iter().any(|one| all.contains(one)),
        (Matches::All(all), Matches::Any(any)) => {
            all.iter().all(|one| any.iter().all(|other| one == other))
        }
    }
}

/// Whether no call can meet the conditions, together with those on the caller.
fn never_matches(matches: &Matches, caller: &[Condition]) -> bool {
    let with_caller = |conditions: &[Condition]| [caller, conditions].concat();
    match matches {
        Matches::Always => false,
        Matches::All(conditions) => contradicts_itself(&with_caller(conditions)),
        Matches::Any(conditions) => conditions
            .iter()
            .all(|one| contradicts_itself(&with_caller(std::slice::from_ref(one)))),
    }
}

/// Whether two or more tests of one fact exclude each other, as far as that is plain to see.
pub(crate) fn contradicts_itself(conditions: &[Condition]) -> bool {
    conditions.iter().any(|condition| {
        let same_fact = conditions.iter().filter(|one| one.fact == condition.fact);
        let tests: Vec<&Matcher> = same_fact.filter_map(value_test).collect();
        let passes = |value: Option<&str>| tests.iter().all(|test| test.matches(value));
        match value_test(condition) {
            Some(Matcher::Absent) => !passes(None),
            Some(Matcher::Exact(value)) => !passes(Some(value)),
            Some(Matcher::In(values)) => !values.iter().any(|value| passes(Some(value))),
            Some(Matcher::Range(bounds)) => {
                let above = |other: &Bounds| match (bounds.upper(), other.lower()) {
                    (Some(upper), Some(lower)) => lower > upper,
                    (None, _) | (_, None) => false,
                };
                tests
                    .iter()
                    .any(|test| matches!(test, Matcher::Range(other) if above(other)))
            }
            Some(
                Matcher::NotEqual(_) | Matcher::NotIn(_) | Matcher::Regex(_) | Matcher::Present,
            )
            | None => false,
        }
    })
}

fn value_test(condition: &Condition) -> Option<&Matcher> {
    match &condition.test {
        Test::Value(matcher) => Some(matcher),
        Test::SameAs(_) => None,
    }
}

fn lint_patterns(report: &mut Report<'_>, index: usize, branch: &Branch) {
    let join = match branch.matches() {
        Matches::Any(_) => "any",
        Matches::All(_) | Matches::Always => "all",
    };
    let conditions = branch.matches().conditions().iter().enumerate();
    for (number, condition) in conditions {
        if condition.test.pattern().is_some_and(matches_everything) {
            let field = format!("branches[{index}].matches.{join}[{number}].value");
            report.warn(field, Concern::RegexMatchesEverything);
        }
    }
}

/// An expression that matches these finds a match in anything.
pub(crate) fn matches_everything(pattern: &Pattern) -> bool {
    ["", "\u{1}", "~ q", "0"]
        .iter()
        .all(|text| pattern.is_match(text))
}
