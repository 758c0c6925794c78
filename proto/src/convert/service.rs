//! Service keys and the traits of a service.

use merak_model::{Invalid, NamespaceName, Service, ServiceKey, ServiceName};

use crate::v1;

impl TryFrom<v1::ServiceKey> for ServiceKey {
    type Error = Invalid;

    fn try_from(key: v1::ServiceKey) -> Result<Self, Invalid> {
        let namespace = NamespaceName::try_from(&key)?;
        Ok(Self::new(namespace, ServiceName::parse(&key.service)?))
    }
}

/// The namespace of a key, where the service does not matter.
impl TryFrom<&v1::ServiceKey> for NamespaceName {
    type Error = Invalid;

    fn try_from(key: &v1::ServiceKey) -> Result<Self, Invalid> {
        match key.namespace.as_str() {
            "" => Ok(Self::default()),
            namespace => Self::parse(namespace),
        }
    }
}

impl From<&ServiceKey> for v1::ServiceKey {
    fn from(key: &ServiceKey) -> Self {
        Self {
            namespace: key.namespace.to_string(),
            service: key.service.to_string(),
        }
    }
}

impl From<&Service> for v1::ServiceTraits {
    fn from(service: &Service) -> Self {
        let metadata = service.spec.metadata.iter();
        Self {
            revision: service.stamp.revision.get(),
            protect_threshold: service.spec.protect_threshold.get(),
            metadata: metadata
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        }
    }
}
