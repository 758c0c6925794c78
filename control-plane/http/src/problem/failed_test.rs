//! A test that a change of a rule would fail, as a part of the refusal.

use merak_model::routing::{self, Explanation, Mismatch};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{analyze::TestMismatch, simulate::schema};

/// A test of a rule that the change would fail.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct FailedTest {
    /// The namespace of the rule that the test is of.
    namespace: String,
    /// The name of the rule.
    rule: String,
    /// JSON pointer (RFC 6901) to the test in the rule.
    #[schema(example = "/tests/0")]
    path: String,
    /// What it says of itself.
    description: String,
    /// What is not as expected.
    #[schema(value_type = Vec<TestMismatch>)]
    mismatches: Vec<Mismatch>,
    /// Where its call would go, and why.
    #[schema(value_type = schema::Explanation)]
    explanation: Box<Explanation>,
}

impl From<&routing::FailedTest> for FailedTest {
    fn from(test: &routing::FailedTest) -> Self {
        Self {
            namespace: test.rule.namespace.to_string(),
            rule: test.rule.name.to_string(),
            path: format!("/tests/{}", test.index),
            description: test.description.clone(),
            mismatches: test.mismatches.clone(),
            explanation: Box::new(test.explanation.clone()),
        }
    }
}
