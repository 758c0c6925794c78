//! Facts of calls, and the tests of values.

use merak_model::{
    Invalid,
    routing::{
        Condition, ConditionDocument, Fact, FactDocument, FactKind, Matcher, Operator,
        TestDocument, Values,
    },
};

use crate::v1::{self, test::Kind};

impl TryFrom<v1::Condition> for ConditionDocument {
    type Error = Invalid;

    fn try_from(condition: v1::Condition) -> Result<Self, Invalid> {
        let fact = condition.fact.ok_or_else(|| Invalid::missing("fact"))?;
        let FactDocument { on, key } = fact.try_into()?;
        let test = condition.test.ok_or_else(|| Invalid::missing("test"))?;
        let TestDocument {
            op,
            value,
            values,
            min,
            max,
            fact,
        } = test.try_into()?;
        Ok(Self {
            on,
            key,
            op,
            value,
            values,
            min,
            max,
            fact,
        })
    }
}

impl From<&Condition> for v1::Condition {
    fn from(condition: &Condition) -> Self {
        Self {
            fact: Some((&condition.fact).into()),
            test: Some((&condition.test).into()),
        }
    }
}

impl TryFrom<v1::Fact> for FactDocument {
    type Error = Invalid;

    fn try_from(fact: v1::Fact) -> Result<Self, Invalid> {
        let on = match fact.kind() {
            v1::FactKind::Method => FactKind::Method,
            v1::FactKind::Path => FactKind::Path,
            v1::FactKind::Header => FactKind::Header,
            v1::FactKind::Query => FactKind::Query,
            v1::FactKind::Cookie => FactKind::Cookie,
            v1::FactKind::CallerIp => FactKind::CallerIp,
            v1::FactKind::CallerNamespace => FactKind::CallerNamespace,
            v1::FactKind::CallerService => FactKind::CallerService,
            v1::FactKind::CallerMetadata => FactKind::CallerMetadata,
            v1::FactKind::Argument => FactKind::Argument,
            v1::FactKind::Unspecified => return Err(Invalid::missing("on")),
        };
        Ok(Self { on, key: fact.key })
    }
}

impl From<&Fact> for v1::Fact {
    fn from(fact: &Fact) -> Self {
        let kind = match fact.kind() {
            FactKind::Method => v1::FactKind::Method,
            FactKind::Path => v1::FactKind::Path,
            FactKind::Header => v1::FactKind::Header,
            FactKind::Query => v1::FactKind::Query,
            FactKind::Cookie => v1::FactKind::Cookie,
            FactKind::CallerIp => v1::FactKind::CallerIp,
            FactKind::CallerNamespace => v1::FactKind::CallerNamespace,
            FactKind::CallerService => v1::FactKind::CallerService,
            FactKind::CallerMetadata => v1::FactKind::CallerMetadata,
            FactKind::Argument => v1::FactKind::Argument,
        };
        Self {
            kind: kind.into(),
            key: fact.key().to_owned(),
        }
    }
}

impl TryFrom<v1::Test> for TestDocument {
    type Error = Invalid;

    fn try_from(test: v1::Test) -> Result<Self, Invalid> {
        let of = |op| Self {
            op,
            value: None,
            values: None,
            min: None,
            max: None,
            fact: None,
        };
        let with_value = |op, value| Self {
            value: Some(value),
            ..of(op)
        };
        let with_values = |op, values: v1::test::Values| Self {
            values: Some(values.values),
            ..of(op)
        };
        // An absent kind is also how a kind that this version does not know arrives.
        Ok(match test.kind.ok_or_else(|| Invalid::missing("op"))? {
            Kind::Exact(value) => with_value(Operator::Exact, value),
            Kind::NotEqual(value) => with_value(Operator::NotEqual, value),
            Kind::In(values) => with_values(Operator::In, values),
            Kind::NotIn(values) => with_values(Operator::NotIn, values),
            Kind::Regex(value) => with_value(Operator::Regex, value),
            Kind::Range(v1::test::Range { min, max }) => Self {
                min,
                max,
                ..of(Operator::Range)
            },
            Kind::Present(_) => of(Operator::Present),
            Kind::Absent(_) => of(Operator::Absent),
            Kind::SameAs(fact) => {
                let fact = fact.try_into();
                let fact = fact.map_err(|invalid: Invalid| invalid.within("fact"))?;
                Self {
                    fact: Some(fact),
                    ..of(Operator::SameAs)
                }
            }
        })
    }
}

impl From<&Matcher> for v1::Test {
    fn from(matcher: &Matcher) -> Self {
        let listed = |values: &Values| v1::test::Values {
            values: values.iter().map(str::to_owned).collect(),
        };
        let kind = match matcher {
            Matcher::Exact(value) => Kind::Exact(value.to_string()),
            Matcher::NotEqual(value) => Kind::NotEqual(value.to_string()),
            Matcher::In(values) => Kind::In(listed(values)),
            Matcher::NotIn(values) => Kind::NotIn(listed(values)),
            Matcher::Regex(pattern) => Kind::Regex(pattern.as_str().to_owned()),
            Matcher::Range(bounds) => Kind::Range(v1::test::Range {
                min: bounds.lower(),
                max: bounds.upper(),
            }),
            Matcher::Present => Kind::Present(v1::test::Present {}),
            Matcher::Absent => Kind::Absent(v1::test::Absent {}),
        };
        Self { kind: Some(kind) }
    }
}
