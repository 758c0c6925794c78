//! What lists of rules can be sorted by.

use merak_core::AnyRule;

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
    type Row = AnyRule;

    const ALL: &'static [(&'static str, Self)] = &[
        ("namespace", Self::Namespace),
        ("name", Self::Name),
        ("priority", Self::Priority),
        ("modified_at", Self::ModifiedAt),
    ];

    fn value(self, rule: &AnyRule) -> Value {
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

    fn key(rule: &AnyRule) -> String {
        let key = rule.key();
        format!("{}{SEPARATOR}{}", key.namespace, key.name)
    }
}
