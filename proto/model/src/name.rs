//! Names of namespaces and services, and the key that joins them.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    Invalid, Problem,
    invalid::{Characters, Form},
};

/// Checks a name against `^[0-9A-Za-z._:/-]+$` and a length; `.` and `..` are no names.
pub(crate) fn checked_name(field: &str, value: &str, limit: usize) -> Result<Arc<str>, Invalid> {
    if value.is_empty() {
        return Err(Invalid::missing(field));
    }
    let length = value.chars().count();
    if length > limit {
        return Err(Invalid::new(field, Problem::TooLong { length, limit }));
    }
    if matches!(value, "." | "..") {
        return Err(Invalid::malformed(field, value, Form::Name));
    }
    let refused = value
        .char_indices()
        .find(|(_, character)| !is_name_character(*character));
    match refused {
        Some((position, found)) => Err(Invalid::new(
            field,
            Problem::Character {
                found,
                position,
                allowed: Characters::Name,
            },
        )),
        None => Ok(Arc::from(value)),
    }
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | ':' | '/' | '-')
}

/// Defines a checked, cheaply cloned text: parse, borrow, print, serialize as a string.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, field = $field:literal, limit = $limit:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The longest name, in characters.
            pub const LIMIT: usize = $limit;

            /// Parses a name.
            ///
            /// # Errors
            /// When it is empty, too long, `.` or `..`, or has a character outside `0-9A-Za-z._:/-`.
            pub fn parse(value: &str) -> Result<Self, Invalid> {
                $crate::name::checked_name($field, value, $limit).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(value: String) -> Result<Self, Invalid> {
                Self::parse(&value)
            }
        }
    };
}
pub(crate) use name_type;

name_type! {
    /// The name of a namespace: 1..=64 characters of `0-9A-Za-z._:/-`.
    NamespaceName, field = "namespace", limit = 64
}

name_type! {
    /// The name of a service: 1..=128 characters of `0-9A-Za-z._:/-`.
    ServiceName, field = "service", limit = 128
}

impl ServiceName {
    /// The first of all names in their order.
    pub fn first() -> Self {
        Self::parse("-").expect("`-` is a valid name, and no other allowed character is smaller")
    }
}

impl NamespaceName {
    /// The namespace that a client is in unless it says otherwise.
    pub const DEFAULT: &'static str = "default";
}

impl Default for NamespaceName {
    fn default() -> Self {
        Self::parse(Self::DEFAULT).expect("`default` is a valid name")
    }
}

/// A service's full name: its namespace and its own name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServiceKey {
    pub namespace: NamespaceName,
    pub service: ServiceName,
}

impl ServiceKey {
    /// Joins two parsed names.
    pub fn new(namespace: NamespaceName, service: ServiceName) -> Self {
        Self { namespace, service }
    }

    /// Parses both parts.
    ///
    /// # Errors
    /// When either part is not a valid name; the error names the part.
    pub fn parse(namespace: &str, service: &str) -> Result<Self, Invalid> {
        Ok(Self::new(
            NamespaceName::parse(namespace)?,
            ServiceName::parse(service)?,
        ))
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_polaris_accepts() {
        for name in [
            "default",
            "a",
            "micro-pay",
            "com.shop:pay/v1",
            "_x",
            "...",
            "A9",
            &"n".repeat(128),
        ] {
            assert_eq!(ServiceName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_with_the_field_and_the_reason() {
        let cases = [
            ("", "service: a value is required"),
            (
                "a b",
                "service: ' ' at position 1 is not allowed, use letters, digits and . _ : / -",
            ),
            (
                "..",
                "service: \"..\" is not a name: URLs cannot hold a path segment of dots alone",
            ),
            (
                "支付",
                "service: '支' at position 0 is not allowed, use letters, digits and . _ : / -",
            ),
        ];
        for (name, message) in cases {
            assert_eq!(ServiceName::parse(name).unwrap_err().to_string(), message);
        }
        assert_eq!(
            NamespaceName::parse(&"n".repeat(65))
                .unwrap_err()
                .to_string(),
            "namespace: 65 characters, at most 64 are allowed"
        );
    }
}
