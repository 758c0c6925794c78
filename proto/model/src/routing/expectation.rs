//! What a rule is expected to do with a call: a test that people attach to their rules.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    Entries, Explanation, LabelDocument, Policy, RoutingRule, RuleSet, Selection, Test,
    TestInstanceDocument,
    document::{checked_count, not_null},
    explain::Verdict,
    fixture,
    selector::checked_key,
    target::{Labels, label},
};
use crate::{
    Call, Instance, Invalid, NamespaceName, ServiceKey, Text,
    call::{CallDocument, OwnedCall},
    invalid::{Why, together},
    text::{checked_text, limit},
};

/// A call, and what is expected to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingTest {
    /// Up to 1024 characters.
    pub description: Text,
    pub call: OwnedCall,
    /// Those that the test names; if it names none, the rules say which there are.
    instances: Vec<Arc<Instance>>,
    expect: Expectation,
    document: RoutingTestDocument,
}

/// What is expected; at least one thing is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Expectation {
    verdict: Option<Verdict>,
    decided_by: Option<Text>,
    labels: Vec<(Text, Test)>,
}

/// A test as it is written.
///
/// ```
/// use merak_model::routing::{self, RoutingTest, RoutingTestDocument};
/// let document: RoutingTestDocument = routing::parse(serde_json::json!({
///     "request": {"to": {"service": "order"}, "headers": {"x-user": "42"}},
///     "expect": {"decided_by": "default/vip[0]", "labels": {"version": "v2"}},
/// }))?;
/// let test = RoutingTest::parse(document)?;
/// # Ok::<(), merak_model::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingTestDocument {
    /// Up to 1024 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub request: CallDocument,
    /// The instances that the callee has in the test, up to 64; by default one for each target of its
    /// rules, in the caller's place, and one without labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instances: Vec<TestInstanceDocument>,
    pub expect: ExpectDocument,
}

/// What is expected, as it is written; at least one of the parts is required.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectDocument {
    /// By default `routed` if labels are expected.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub verdict: Option<Verdict>,
    /// The rule or the branch that decides, such as `shop/canary` or `shop/canary[1]`.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub decided_by: Option<String>,
    /// Labels that every instance has that the call may go to; a text stands for `exact`.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub labels: Entries<LabelDocument>,
}

/// What became of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestOutcome {
    /// What is not as expected; nothing if the test passed.
    pub mismatches: Vec<Mismatch>,
    pub explanation: Explanation,
}

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// Which expectation, such as `expect.labels["version"]`.
    pub field: String,
    pub expected: String,
    pub got: String,
}

impl RoutingTest {
    /// Checks a document.
    ///
    /// # Errors
    /// When a part is not valid or nothing is expected; the error names its place.
    pub fn parse(document: RoutingTestDocument) -> Result<Self, Invalid> {
        let RoutingTestDocument {
            description,
            request,
            instances,
            expect,
        } = document.clone();
        let call = OwnedCall::parse(request).map_err(|invalid| invalid.within("request"));
        let (description, (call, instances), expect) = together((
            checked_text("description", &description, limit::COMMENT),
            call.and_then(|call| {
                let instances = fixture::parse(&instances, &call.callee)?;
                Ok((call, instances))
            }),
            Expectation::parse(expect).map_err(|invalid| invalid.within("expect")),
        ))?;
        Ok(Self {
            description,
            call,
            instances,
            expect,
            document,
        })
    }

    /// The test as it was written.
    pub fn document(&self) -> &RoutingTestDocument {
        &self.document
    }

    /// The test in a namespace, that of its rule or of its document: the callee's, if neither the callee
    /// nor the caller of the call has one.
    #[must_use]
    pub fn at_home(mut self, home: &NamespaceName) -> Self {
        let callee = self.callee_at(home);
        if self.call.callee != callee {
            let service = Arc::new(callee.clone());
            for instance in &mut self.instances {
                Arc::make_mut(instance).service = Arc::clone(&service);
            }
            self.call.callee = callee;
        }
        self
    }

    /// The service that the test calls once it is [at home](Self::at_home) in a namespace.
    pub(super) fn callee_at(&self, home: &NamespaceName) -> ServiceKey {
        let request = &self.document.request;
        let from = request.from.as_ref();
        let is_named =
            request.to.namespace.is_some() || from.is_some_and(|from| from.namespace.is_some());
        let mut callee = self.call.callee.clone();
        if !is_named {
            callee.namespace = home.clone();
        }
        callee
    }

    /// Tries the call with rules, of which those for its callee count, and with the instances of the test.
    pub fn run(&self, rules: &RuleSet) -> TestOutcome {
        let rules = rules.for_service(&self.call.callee);
        let instances = match &*self.instances {
            [] => fixture::made_up(&rules, &self.call),
            named => named.to_vec(),
        };
        let policy = Policy {
            caller: Arc::clone(&self.call.caller),
            ..Policy::of_rules(rules.routing, &rules.nearby)
        };
        let selection = Selection::compile(&instances, policy);
        let explanation = selection.explain(&self.call.call(), None);
        TestOutcome {
            mismatches: self.check(&explanation),
            explanation,
        }
    }

    /// Tries the call as a test of a rule, in its namespace: it must be one that the rule is for.
    pub fn run_for(&self, rule: &RoutingRule, rules: &RuleSet) -> TestOutcome {
        let test = self.clone().at_home(&rule.key.namespace);
        let mut outcome = test.run(rules);
        if !rule.is_for(&test.call.callee) {
            outcome.mismatches.insert(
                0,
                Mismatch {
                    field: "request.to".to_owned(),
                    expected: "a service that the rule is for".to_owned(),
                    got: test.call.callee.to_string(),
                },
            );
        }
        outcome
    }

    /// Compares what is expected with the explanation of the test's call; nothing if all is as
    /// expected.
    pub fn check(&self, explanation: &Explanation) -> Vec<Mismatch> {
        let mut mismatches = Vec::new();
        let mut compare = |field: String, expected: String, got: String| {
            mismatches.push(Mismatch {
                field: format!("expect.{field}"),
                expected,
                got,
            });
        };
        let expect = &self.expect;
        if let Some(verdict) = expect.verdict.filter(|one| *one != explanation.verdict) {
            compare(
                "verdict".to_owned(),
                verdict.to_string(),
                explanation.verdict.to_string(),
            );
        }
        if let Some(wanted) = &expect.decided_by {
            let place = explanation.decided_by.as_ref();
            let got = place.map_or_else(|| "no rule".to_owned(), ToString::to_string);
            let rule = place.map(|place| place.rule.to_string());
            if **wanted != got && rule.as_deref() != Some(wanted) {
                compare("decided_by".to_owned(), wanted.to_string(), got);
            }
        }
        let call = self.call.call();
        for (key, test) in &expect.labels {
            let mut candidates = explanation.candidates.iter();
            let other = candidates.find(|one| !holds(test, key, &one.instance, &call));
            if let Some(other) = other {
                let has = label(&other.instance, key).unwrap_or("no such label");
                let got = format!("{has} at instance {}", other.id);
                compare(
                    format!("labels[{key:?}]"),
                    LabelDocument::from(test).to_string(),
                    got,
                );
            }
        }
        mismatches
    }
}

fn holds(test: &Test, key: &str, instance: &Instance, call: &Call<'_>) -> bool {
    let got = label(instance, key);
    match test {
        Test::Value(matcher) => matcher.matches(got),
        Test::SameAs(fact) => got.is_some() && got == call.find(fact),
    }
}

impl Expectation {
    fn parse(document: ExpectDocument) -> Result<Self, Invalid> {
        checked_count("labels", document.labels.0.len(), Labels::LIMIT)?;
        let decided_by = document.decided_by.as_deref();
        let decided_by = decided_by.map(|place| checked_text("decided_by", place, limit::COMMENT));
        let labels = document.labels.parse("labels", |key, label| {
            Ok((checked_key(key)?, label.parse()?))
        });
        let (decided_by, labels) = together((decided_by.transpose(), labels))?;
        // Labels of no instance would hold, whatever they are.
        let verdict = match document.verdict {
            None if !labels.is_empty() => Some(Verdict::Routed),
            verdict => verdict,
        };
        let expectation = Self {
            verdict,
            decided_by,
            labels,
        };
        if expectation.verdict.is_none() && expectation.decided_by.is_none() {
            let fields = vec!["verdict", "decided_by", "labels"];
            return Err(Invalid::because("", Why::OneOfRequired { fields }));
        }
        Ok(expectation)
    }
}

/// ``expect.verdict: expected routed, got rejected``.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            expected,
            got,
        } = self;
        write!(f, "{field}: expected {expected}, got {got}")
    }
}
