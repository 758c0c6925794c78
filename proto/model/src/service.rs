//! A service: what callers name, and what instances belong to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Invalid, Metadata, NamespaceName, Port, Problem, ServiceKey, Stamp, Text};

/// A service as the control plane holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    #[serde(flatten)]
    pub key: Arc<ServiceKey>,
    #[serde(flatten)]
    pub spec: ServiceSpec,
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// What people say of a service.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ServiceSpec {
    pub metadata: Metadata,
    /// The ports that its instances listen on, for people to read.
    pub ports: Vec<Port>,
    /// Up to 1024 characters.
    pub department: Text,
    /// Up to 128 characters.
    pub business: Text,
    /// Up to 1024 characters.
    pub owners: Text,
    /// Up to 1024 characters.
    pub comment: Text,
    pub protect_threshold: ProtectThreshold,
    pub export_to: Exports,
}

impl ServiceSpec {
    /// The most ports that a service may name.
    pub const PORT_LIMIT: usize = 64;

    /// Checks what the parts do not check themselves: the number of ports.
    ///
    /// # Errors
    /// When there are more than 64 ports.
    pub fn checked(self) -> Result<Self, Invalid> {
        let (count, limit) = (self.ports.len(), Self::PORT_LIMIT);
        if count > limit {
            return Err(Invalid::new("ports", Problem::TooMany { count, limit }));
        }
        Ok(self)
    }
}

/// The share of healthy instances, 0..=1, at or below which callers use all instances: default 0.
///
/// With 0, that is when every instance is unhealthy: a list of suspects is better than none.
/// Isolated instances and those of weight 0 stay out in any case.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct ProtectThreshold(f64);

impl ProtectThreshold {
    /// Parses a share.
    ///
    /// # Errors
    /// When the number is outside 0..=1 or not a number.
    pub fn new(value: f64) -> Result<Self, Invalid> {
        if (0.0..=1.0).contains(&value) {
            // Adding zero turns -0.0, which is in the range, into 0.0.
            Ok(Self(value + 0.0))
        } else {
            Err(Invalid::range("protect_threshold", value, 0.0, 1.0))
        }
    }

    /// The share as a number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for ProtectThreshold {
    type Error = Invalid;

    fn try_from(value: f64) -> Result<Self, Invalid> {
        Self::new(value)
    }
}

impl From<ProtectThreshold> for f64 {
    fn from(threshold: ProtectThreshold) -> Self {
        threshold.0
    }
}

/// Who outside its namespace may see a service: a list of namespaces, or `*` for all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Exports {
    everywhere: bool,
    namespaces: Vec<NamespaceName>,
}

impl Exports {
    /// The most namespaces that may be named.
    pub const LIMIT: usize = 64;

    /// Parses a list of namespace names and `*`.
    ///
    /// # Errors
    /// When there are more than 64 or one is neither `*` nor a valid name.
    pub fn parse<T: AsRef<str>>(names: &[T]) -> Result<Self, Invalid> {
        let (count, limit) = (names.len(), Self::LIMIT);
        if count > limit {
            return Err(Invalid::new("export_to", Problem::TooMany { count, limit }));
        }
        let mut exports = Self::default();
        for (index, name) in names.iter().enumerate() {
            match name.as_ref() {
                "*" => exports.everywhere = true,
                name => {
                    let name = NamespaceName::parse(name)
                        .map_err(|invalid| invalid.within(format_args!("export_to[{index}]")))?;
                    exports.namespaces.push(name);
                }
            }
        }
        Ok(exports)
    }
}

impl TryFrom<Vec<String>> for Exports {
    type Error = Invalid;

    fn try_from(names: Vec<String>) -> Result<Self, Invalid> {
        Self::parse(&names)
    }
}

impl From<Exports> for Vec<String> {
    fn from(exports: Exports) -> Self {
        let everywhere = exports.everywhere.then(|| "*".to_owned());
        let named = exports.namespaces.iter().map(ToString::to_string);
        everywhere.into_iter().chain(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_a_share() {
        for refused in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(ProtectThreshold::new(refused).is_err(), "{refused}");
        }
        assert_eq!(ProtectThreshold::new(1.0).unwrap().get(), 1.0);
        assert!(
            ProtectThreshold::new(-0.0)
                .unwrap()
                .get()
                .is_sign_positive()
        );
    }

    #[test]
    fn exports_name_namespaces_or_everyone() {
        let exports = Exports::parse(&["*", "shop"]).unwrap();
        assert_eq!(Vec::from(exports), ["*", "shop"]);
        let refused = Exports::parse(&["shop", "a b"]).unwrap_err();
        assert_eq!(refused.field(), "export_to[1].namespace");
    }
}
