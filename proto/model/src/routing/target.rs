//! Where a branch sends calls: a part of the callee's instances.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    Entries, Fact, Operator, Test, TestDocument,
    document::{checked_count, not_null},
    selector::checked_key,
};
use crate::{
    Instance, Invalid, Text, Weight,
    invalid::{PatternWhy, together},
    text::checked_text,
};

/// A part of the callee's instances, with its share of the calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Up to 128 characters; empty, or different from every other target of the branch.
    pub name: Text,
    labels: Labels,
    /// Its share of the branch's calls, relative to the other targets of the same priority.
    pub weight: Weight,
    priority: u8,
}

/// Tests of an instance's labels, all of which must hold, sorted by key.
///
/// The labels of an instance are its metadata, and its `version`, `protocol`, `region`, `zone` and
/// `campus` where its metadata has no such key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Labels(Box<[(Text, Test)]>);

/// A target as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetDocument {
    /// Up to 128 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Tests of an instance's labels, all of which must hold; a text stands for `exact`. No test: every
    /// instance.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub labels: Entries<LabelDocument>,
    /// 0..=10000, default 100; 0 gets nothing.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub weight: Option<u64>,
    /// 0..=9, default 0: targets of a higher number get calls where those of a lower one have no
    /// instance.
    #[serde(
        default,
        deserialize_with = "not_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub priority: Option<u64>,
}

/// A test of a label as it is written: `"v2"` for `exact`, or a test with its operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelDocument {
    Exact(String),
    Test(TestDocument),
}

impl Target {
    /// The longest name, in characters.
    pub const NAME_LIMIT: usize = 128;
    /// The highest number of a priority.
    pub const PRIORITY_MAX: u64 = 9;

    /// The tests that its instances pass.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// 0..=9: targets of a higher number get calls where those of a lower one have no instance.
    pub fn priority(&self) -> u8 {
        self.priority
    }
}

impl Labels {
    /// The most labels that may be tested.
    pub const LIMIT: usize = 16;
    /// The most labels that may be compared with facts of the call.
    pub const SAME_AS_LIMIT: usize = 4;

    /// The tests, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Test)> {
        self.0.iter().map(|(key, test)| (key.as_ref(), test))
    }

    /// Whether an instance passes every test that does not look at a call.
    pub fn fit(&self, instance: &Instance) -> bool {
        self.iter().all(|(key, test)| match test {
            Test::Value(matcher) => matcher.matches(label(instance, key)),
            Test::SameAs(_) => true,
        })
    }

    /// Whether an instance passes every test for a call, whose facts `find` knows.
    pub fn fit_call<'c>(
        &self,
        instance: &Instance,
        find: impl Fn(&Fact) -> Option<&'c str>,
    ) -> bool {
        let mut compared = self.iter().filter_map(|(key, test)| match test {
            Test::SameAs(fact) => Some((key, fact)),
            Test::Value(_) => None,
        });
        self.fit(instance)
            && compared.all(|(key, fact)| {
                let fact = find(fact);
                fact.is_some() && fact == label(instance, key)
            })
    }

    fn parse(entries: Entries<LabelDocument>) -> Result<Self, Invalid> {
        checked_count("labels", entries.0.len(), Self::LIMIT)?;
        let mut labels = entries.parse("labels", |key, label| {
            Ok((checked_key(key)?, label.parse()?))
        })?;
        let compared = labels
            .iter()
            .filter(|(_, test)| test.operator() == Operator::SameAs);
        let (count, limit) = (compared.count(), Self::SAME_AS_LIMIT);
        if count > limit {
            let why = PatternWhy::TooManyCompared { count, limit };
            return Err(Invalid::because("labels", why));
        }
        labels.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        Ok(Self(labels.into()))
    }
}

/// The value of a label of an instance, by the rule that [`Labels`] states.
pub fn label<'i>(instance: &'i Instance, key: &str) -> Option<&'i str> {
    let spec = &instance.spec;
    let given = |text: &'i Text| (!text.is_empty()).then_some(&**text);
    spec.metadata.get(key).or_else(|| match key {
        "version" => given(&spec.version),
        "protocol" => given(&spec.protocol),
        "region" => given(&spec.location.region),
        "zone" => given(&spec.location.zone),
        "campus" => given(&spec.location.campus),
        _ => None,
    })
}

fn checked_priority(priority: u64) -> Result<u8, Invalid> {
    match u8::try_from(priority) {
        Ok(parsed) if priority <= Target::PRIORITY_MAX => Ok(parsed),
        _ => Err(Invalid::range(
            "priority",
            priority,
            0,
            Target::PRIORITY_MAX,
        )),
    }
}

impl LabelDocument {
    pub(crate) fn parse(self) -> Result<Test, Invalid> {
        match self {
            Self::Exact(value) => super::Matcher::exact(&value)
                .map(Test::Value)
                .map_err(|invalid| Invalid::new("", invalid.problem().clone())),
            Self::Test(test) => Test::parse(test),
        }
    }
}

/// `v2`, or the operator and what it takes: `in a, b`.
impl fmt::Display for LabelDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let test = match self {
            Self::Exact(value) => return f.write_str(value),
            Self::Test(test) => test,
        };
        write!(f, "{}", test.op)?;
        if let Some(fact) = &test.fact {
            write!(f, " {} {}", fact.on, fact.key)?;
        }
        let bound = |bound: Option<i64>| bound.map(|bound| bound.to_string());
        let values = test.values.iter().flatten().cloned();
        let all = test.value.iter().cloned().chain(values);
        let all = all.chain(bound(test.min)).chain(bound(test.max));
        let all: Vec<String> = all.collect();
        if !all.is_empty() {
            write!(f, " {}", all.join(", "))?;
        }
        Ok(())
    }
}

impl From<&Test> for LabelDocument {
    fn from(test: &Test) -> Self {
        match TestDocument::from(test) {
            TestDocument {
                op: Operator::Exact,
                value: Some(value),
                ..
            } => Self::Exact(value),
            test => Self::Test(test),
        }
    }
}

impl TryFrom<TargetDocument> for Target {
    type Error = Invalid;

    fn try_from(document: TargetDocument) -> Result<Self, Invalid> {
        let (name, labels, weight, priority) = together((
            checked_text("name", &document.name, Self::NAME_LIMIT),
            Labels::parse(document.labels),
            document.weight.map_or(Ok(Weight::default()), Weight::new),
            checked_priority(document.priority.unwrap_or_default()),
        ))?;
        Ok(Self {
            name,
            labels,
            weight,
            priority,
        })
    }
}

impl From<&Target> for TargetDocument {
    fn from(target: &Target) -> Self {
        let labels = target.labels.iter();
        Self {
            name: target.name.to_string(),
            labels: Entries(
                labels
                    .map(|(key, test)| (key.to_owned(), test.into()))
                    .collect(),
            ),
            weight: Some(target.weight.into()),
            priority: Some(u64::from(target.priority)),
        }
    }
}

impl Serialize for LabelDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exact(value) => serializer.serialize_str(value),
            Self::Test(test) => test.serialize(serializer),
        }
    }
}

/// By hand, because an untagged enum would lose the place of a fault.
impl<'de> Deserialize<'de> for LabelDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = LabelDocument;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or an object with `op`")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<LabelDocument, E> {
                Ok(LabelDocument::Exact(value.to_owned()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<LabelDocument, A::Error> {
                let map = de::value::MapAccessDeserializer::new(map);
                TestDocument::deserialize(map).map(LabelDocument::Test)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
