//! A condition of a branch: a fact of the call, and the test it must pass.

use serde::{Deserialize, Serialize};

use super::{
    Fact, FactDocument, FactKind, Matcher, Operator, Pattern,
    document::not_null,
    matcher::{Bounds, VALUE_LIMIT, Values},
};
use crate::{
    Invalid,
    invalid::{Why, each, together},
    text::checked_text,
};

/// A fact of the call, and the test it must pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub fact: Fact,
    pub test: Test,
}

/// A test of a value: against values of the rule, or against another fact of the same call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// Against what the rule says.
    Value(Matcher),
    /// Equal to a fact that the call has.
    SameAs(Fact),
}

/// A condition as it is written: `{"on": "header", "key": "x-user", "op": "in", "values": ["42"]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionDocument {
    pub on: FactKind,
    /// Which header, parameter, cookie, label or argument.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
    pub op: Operator,
    /// Of `exact`, `not_equal` and `regex`.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<String>,
    /// Of `in` and `not_in`.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub values: Option<Vec<String>>,
    /// Of `range`, included.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub min: Option<i64>,
    /// Of `range`, included.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub max: Option<i64>,
    /// Of `same_as`.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub fact: Option<FactDocument>,
}

/// A test as it is written: `{"op": "range", "min": 1, "max": 9}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestDocument {
    pub op: Operator,
    /// Of `exact`, `not_equal` and `regex`.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub value: Option<String>,
    /// Of `in` and `not_in`.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub values: Option<Vec<String>>,
    /// Of `range`, included.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub min: Option<i64>,
    /// Of `range`, included.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub max: Option<i64>,
    /// Of `same_as`.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub fact: Option<FactDocument>,
}

impl Test {
    /// The name of the test.
    pub fn operator(&self) -> Operator {
        match self {
            Self::Value(matcher) => matcher.operator(),
            Self::SameAs(_) => Operator::SameAs,
        }
    }

    /// The expression, if the test is one.
    pub fn pattern(&self) -> Option<&Pattern> {
        match self {
            Self::Value(Matcher::Regex(pattern)) => Some(pattern),
            Self::Value(_) | Self::SameAs(_) => None,
        }
    }

    /// Checks a document.
    ///
    /// # Errors
    /// When a part that the operator needs is missing or not valid, or a part of another operator is
    /// given.
    pub fn parse(document: TestDocument) -> Result<Self, Invalid> {
        document.refuse_others()?;
        let TestDocument {
            op,
            value,
            values,
            min,
            max,
            fact,
        } = document;
        let value = || value.as_deref().ok_or_else(|| Invalid::missing("value"));
        let text = || checked_text("value", value()?, VALUE_LIMIT);
        let values = || Values::parse(values.as_deref().unwrap_or_default());
        Ok(Self::Value(match op {
            Operator::Exact => Matcher::Exact(text()?),
            Operator::NotEqual => Matcher::NotEqual(text()?),
            Operator::In => Matcher::In(values()?),
            Operator::NotIn => Matcher::NotIn(values()?),
            Operator::Regex => Matcher::Regex(Pattern::parse("value", value()?)?),
            Operator::Range => Matcher::Range(Bounds::parse(min, max)?),
            Operator::Present => Matcher::Present,
            Operator::Absent => Matcher::Absent,
            Operator::SameAs => {
                let fact = fact.ok_or_else(|| Invalid::missing("fact"))?;
                let fact = Fact::try_from(fact).map_err(|invalid| invalid.within("fact"))?;
                return Ok(Self::SameAs(fact));
            }
        }))
    }
}

impl TestDocument {
    /// Refuses what the operator does not take: a value that nobody looks at is a mistake.
    fn refuse_others(&self) -> Result<(), Invalid> {
        use Operator::{Exact, In, NotEqual, NotIn, Range, Regex, SameAs};
        let given = [
            ("value", self.value.is_some(), &[Exact, NotEqual, Regex][..]),
            ("values", self.values.is_some(), &[In, NotIn]),
            ("min", self.min.is_some(), &[Range]),
            ("max", self.max.is_some(), &[Range]),
            ("fact", self.fact.is_some(), &[SameAs]),
        ];
        each(given.map(|(field, is_given, takers)| {
            if is_given && !takers.contains(&self.op) {
                let operator = self.op;
                return Err(Invalid::because(field, Why::NotOperand { operator }));
            }
            Ok(())
        }))
    }
}

impl From<&Test> for TestDocument {
    fn from(test: &Test) -> Self {
        let mut document = Self {
            op: test.operator(),
            value: None,
            values: None,
            min: None,
            max: None,
            fact: None,
        };
        match test {
            Test::SameAs(fact) => document.fact = Some(fact.into()),
            Test::Value(Matcher::Exact(value) | Matcher::NotEqual(value)) => {
                document.value = Some(value.to_string());
            }
            Test::Value(Matcher::In(values) | Matcher::NotIn(values)) => {
                document.values = Some(values.iter().map(str::to_owned).collect());
            }
            Test::Value(Matcher::Regex(pattern)) => {
                document.value = Some(pattern.as_str().to_owned());
            }
            Test::Value(Matcher::Range(bounds)) => {
                (document.min, document.max) = (bounds.lower(), bounds.upper());
            }
            Test::Value(Matcher::Present | Matcher::Absent) => {}
        }
        document
    }
}

impl TryFrom<ConditionDocument> for Condition {
    type Error = Invalid;

    fn try_from(document: ConditionDocument) -> Result<Self, Invalid> {
        let ConditionDocument {
            on,
            key,
            op,
            value,
            values,
            min,
            max,
            fact,
        } = document;
        let test = TestDocument {
            op,
            value,
            values,
            min,
            max,
            fact,
        };
        let (fact, test) = together((Fact::parse(on, &key), Test::parse(test)))?;
        Ok(Self { fact, test })
    }
}

impl From<&Condition> for ConditionDocument {
    fn from(condition: &Condition) -> Self {
        let test = TestDocument::from(&condition.test);
        Self {
            on: condition.fact.kind(),
            key: condition.fact.key().to_owned(),
            op: test.op,
            value: test.value,
            values: test.values,
            min: test.min,
            max: test.max,
            fact: test.fact,
        }
    }
}
