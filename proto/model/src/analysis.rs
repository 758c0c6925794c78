//! Whether documents are right, mean what was meant, and do what their tests expect.
//!
//! The documents are looked at together, each in the place of the live rule of its name, if rules and
//! instances of a control plane are given to hold them against.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use serde::Serialize;

use crate::{
    Instance, Invalid, NamespaceName, ServiceKey, invalid,
    limiting::{self, RateLimitRule},
    manifest::{Content, Kind, Manifest},
    routing::{
        self, CalleeRule, CalleeSelector, Concern, Explanation, FailedTest, Mismatch, RoutingRule,
        RoutingTest, RuleKey, RuleName, RuleSet, Surroundings, TestOutcome, Warning, WarningCode,
        failed_test, lint::callee_of,
    },
};

/// What is known beside the documents.
#[derive(Clone, Copy)]
pub struct Facts<'f> {
    /// The rules that there are; those of the names of documents are replaced by them.
    pub rules: &'f RuleSet,
    /// The rate limit rules that there are; replaced in the same way.
    pub limits: &'f [Arc<RateLimitRule>],
    /// The instances of a service now, if those are known.
    pub instances: &'f dyn Fn(&ServiceKey) -> Option<Vec<Arc<Instance>>>,
}

/// What there is to say about one document.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// Absent if it is no known kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Absent if it has no valid name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<NamespaceName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<RuleName>,
    /// Why it would be refused.
    pub errors: Vec<DocumentError>,
    /// What was probably not meant.
    pub warnings: Vec<DocumentWarning>,
    /// What became of its tests.
    pub tests: Vec<TestReport>,
}

/// Why a document would be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentError {
    /// JSON pointer (RFC 6901) to the place in the document.
    pub path: String,
    /// What is wrong there, as a sentence fragment for people.
    pub message: String,
    /// The same for programs, if it is one of the usual faults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<invalid::Problem>,
}

/// What was probably not meant in a document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DocumentWarning {
    pub code: WarningCode,
    /// JSON pointer (RFC 6901) to the place in the document.
    pub path: String,
    /// What is the matter, as a sentence fragment for people.
    pub message: String,
    /// The same for programs.
    pub reason: Concern,
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestReport {
    /// JSON pointer (RFC 6901) to the test in the document.
    pub path: String,
    /// What it says of itself.
    pub description: String,
    pub passed: bool,
    /// What is not as expected.
    pub mismatches: Vec<Mismatch>,
    /// Where its call went, and why, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// Looks at documents, and answers in their order.
pub fn analyze(documents: &[Manifest], facts: Facts<'_>) -> Vec<Report> {
    let facts = Facts {
        rules: &written_over(facts.rules, documents),
        limits: &limits_written_over(facts.limits, documents),
        instances: facts.instances,
    };
    let mut seen = BTreeMap::new();
    let reports = documents.iter().enumerate().map(|(index, document)| {
        let mut report = Report::of(document);
        if let Err(invalid) = &document.content {
            report.errors.extend(invalid.faults().map(Into::into));
        }
        if let (Some(kind), Some(key)) = (document.kind, &document.key)
            && let Some(first) = seen.insert((kind, key), index)
        {
            seen.insert((kind, key), first);
            report.errors.push(repeated(kind, key, first));
        }
        report.look(document, facts);
        report
    });
    reports.collect()
}

/// The tests of other rules that pass now, and would fail if the documents were written.
pub fn broken_tests(documents: &[Manifest], rules: &RuleSet) -> Vec<FailedTest> {
    let keys = documents.iter().filter_map(|document| {
        let kind = document.kind?;
        let is_for_routes = matches!(kind, Kind::RoutingRule | Kind::NearbyRule);
        is_for_routes.then_some((kind, document.key.as_ref()?))
    });
    let written: HashSet<(Kind, &RuleKey)> = keys.collect();
    if written.is_empty() {
        return Vec::new();
    }
    let after = written_over(rules, documents);
    let mut callees = HashSet::new();
    for rules in [rules, &after] {
        let of_routing = callees_of(Kind::RoutingRule, &rules.routing, &written);
        callees.extend(of_routing.chain(callees_of(Kind::NearbyRule, &rules.nearby, &written)));
    }
    failed_test::broken_tests(
        (rules, &after),
        |rule| written.contains(&(Kind::RoutingRule, &rule.key)),
        |callee| {
            let mut callees = callees.iter();
            callees.any(|(selector, home)| selector.selects(callee, home))
        },
    )
}

/// The services that the written ones of some rules are for, each with the namespace of its rule.
fn callees_of<'r, R: CalleeRule>(
    kind: Kind,
    rules: &'r [Arc<R>],
    written: &HashSet<(Kind, &RuleKey)>,
) -> impl Iterator<Item = (&'r CalleeSelector, &'r NamespaceName)> {
    let rules = rules.iter();
    let written = rules.filter(move |rule| written.contains(&(kind, rule.key())));
    written.map(|rule| (rule.callee(), &rule.key().namespace))
}

/// The rules as they are once the documents are written.
fn written_over(rules: &RuleSet, documents: &[Manifest]) -> RuleSet {
    let mut rules = rules.clone();
    for document in documents {
        match &document.content {
            Ok(Content::RoutingRule(rule)) => rules.put_routing(Arc::new(rule.clone())),
            Ok(Content::NearbyRule(rule)) => rules.put_nearby(Arc::new(rule.clone())),
            Ok(Content::RateLimitRule(_) | Content::RoutingTest(_)) | Err(_) => {}
        }
    }
    rules
}

fn limits_written_over(
    limits: &[Arc<RateLimitRule>],
    documents: &[Manifest],
) -> Vec<Arc<RateLimitRule>> {
    let written = documents
        .iter()
        .filter_map(|document| match &document.content {
            Ok(Content::RateLimitRule(rule)) => Some(Arc::new(rule.clone())),
            Ok(Content::RoutingRule(_) | Content::NearbyRule(_) | Content::RoutingTest(_))
            | Err(_) => None,
        });
    let written: Vec<_> = written.collect();
    let stays = |rule: &&Arc<RateLimitRule>| written.iter().all(|one| one.key != rule.key);
    let staying = limits.iter().filter(stays).cloned();
    staying.chain(written.iter().cloned()).collect()
}

fn repeated(kind: Kind, key: &RuleKey, first: usize) -> DocumentError {
    let number = first + 1;
    DocumentError {
        path: "/metadata/name".to_owned(),
        message: format!("document {number} is the {kind} `{key}` already"),
        reason: None,
    }
}

impl Report {
    fn of(document: &Manifest) -> Self {
        let key = document.key.as_ref();
        Self {
            kind: document.kind,
            namespace: key.map(|key| key.namespace.clone()),
            name: key.map(|key| key.name.clone()),
            ..Self::default()
        }
    }

    /// Whether there is nothing to say against it.
    pub fn is_clean(&self) -> bool {
        self.errors.is_empty()
            && self.warnings.is_empty()
            && self.tests.iter().all(|one| one.passed)
    }

    fn look(&mut self, document: &Manifest, facts: Facts<'_>) {
        let rules = facts.rules;
        let warnings = match &document.content {
            Ok(Content::RoutingRule(rule)) => {
                self.run_tests(rule, rules);
                lint(rule, facts)
            }
            Ok(Content::NearbyRule(rule)) => routing::lint_nearby(rule, &rules.nearby),
            Ok(Content::RoutingTest(test)) => {
                let outcome = test.run(rules);
                self.tests
                    .push(TestReport::new(test, "/spec".to_owned(), outcome));
                Vec::new()
            }
            Ok(Content::RateLimitRule(rule)) => lint_limit(rule, facts),
            Err(_) => Vec::new(),
        };
        self.warnings.extend(warnings.iter().map(Into::into));
    }

    /// Runs the tests of a rule, unless it is not applied.
    fn run_tests(&mut self, rule: &RoutingRule, rules: &RuleSet) {
        let tests = rule.spec.tests().iter().enumerate();
        for (index, test) in tests.filter(|_| rule.spec.enabled) {
            let path = format!("/spec/tests/{index}");
            let outcome = test.run_for(rule, rules);
            self.tests.push(TestReport::new(test, path, outcome));
        }
    }
}

fn lint(rule: &RoutingRule, facts: Facts<'_>) -> Vec<Warning> {
    let instances = callee_of(rule).and_then(|callee| (facts.instances)(&callee));
    let surroundings = Surroundings {
        rules: &facts.rules.routing,
        instances: instances.as_deref(),
    };
    routing::lint(rule, surroundings)
}

fn lint_limit(rule: &RateLimitRule, facts: Facts<'_>) -> Vec<Warning> {
    let instances = callee_of(rule).and_then(|callee| (facts.instances)(&callee));
    let surroundings = limiting::lint::Surroundings {
        rules: facts.limits,
        instances: instances.as_deref(),
    };
    limiting::lint::lint(rule, surroundings)
}

impl TestReport {
    fn new(test: &RoutingTest, path: String, outcome: TestOutcome) -> Self {
        let passed = outcome.mismatches.is_empty();
        Self {
            path,
            description: test.description.to_string(),
            passed,
            mismatches: outcome.mismatches,
            explanation: (!passed).then_some(outcome.explanation),
        }
    }
}

impl From<&Invalid> for DocumentError {
    fn from(invalid: &Invalid) -> Self {
        Self {
            path: invalid.pointer(),
            message: invalid.problem().to_string(),
            reason: invalid.problem().usual().cloned(),
        }
    }
}

impl From<&Warning> for DocumentWarning {
    fn from(warning: &Warning) -> Self {
        Self {
            code: warning.code(),
            path: format!("/spec{}", warning.pointer()),
            message: warning.concern.to_string(),
            reason: warning.concern.clone(),
        }
    }
}
