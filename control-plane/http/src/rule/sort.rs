//! What lists of rules can be sorted by.

use merak_model::routing::RuleKey;

use super::search::Found;
use crate::sort::{Sort, SortField, Value};

pub(crate) type RuleSort = Sort<RuleField>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RuleField {
    Namespace,
    Name,
    Priority,
    ModifiedAt,
}

/// Stands between the parts of a key: sorts before all that a name can contain.
const SEPARATOR: char = ' ';

impl SortField for RuleField {
    type Row = Found;

    const ALL: &'static [(&'static str, Self)] = &[
        ("namespace", Self::Namespace),
        ("name", Self::Name),
        ("priority", Self::Priority),
        ("modified_at", Self::ModifiedAt),
    ];

    fn value(self, found: &Found) -> Value {
        let rule = &found.rule;
        match self {
            Self::Namespace => Value::Text(rule.key().namespace.to_string()),
            Self::Name => Value::Text(rule.key().name.to_string()),
            Self::Priority => {
                let (priority, name, namespace) = rule.precedence();
                Value::Text(format!(
                    "{priority:05}{SEPARATOR}{name}{SEPARATOR}{namespace}"
                ))
            }
            Self::ModifiedAt => Value::Number(rule.stamp().modified_at.unix_ms()),
        }
    }

    fn key(found: &Found) -> String {
        place_of(found.rule.key())
    }
}

/// What sets a rule apart from every other, in the order in which they are listed.
pub(super) fn place_of(key: &RuleKey) -> String {
    format!("{}{SEPARATOR}{}", key.namespace, key.name)
}
