//! Who calls.

use crate::{
    Location, Metadata, NamespaceName, ServiceName,
    routing::{Fact, FactKind},
};

/// Who calls: what rules may look at of the calling service, and where it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    pub namespace: Option<NamespaceName>,
    pub service: Option<ServiceName>,
    pub metadata: Metadata,
    pub location: Location,
}

impl Caller {
    /// A fact of the caller; none where the fact is one of the call.
    pub fn find(&self, fact: &Fact) -> Option<&str> {
        match fact.kind() {
            FactKind::CallerNamespace => self.namespace.as_ref().map(NamespaceName::as_str),
            FactKind::CallerService => self.service.as_ref().map(ServiceName::as_str),
            FactKind::CallerMetadata => self.metadata.get(fact.key()),
            FactKind::Method
            | FactKind::Path
            | FactKind::Header
            | FactKind::Query
            | FactKind::Cookie
            | FactKind::CallerIp
            | FactKind::Argument => None,
        }
    }
}
