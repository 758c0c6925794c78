//! The services that a rule is for.

use merak_model::{
    NamespaceName, ServiceKey, ServiceName,
    routing::{CalleeSelector, Selector},
};

/// The services that a rule is for, its own namespace spelled out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Callees {
    pub namespace: Selector<NamespaceName>,
    pub service: Selector<ServiceName>,
}

impl Callees {
    /// The services that a rule of the namespace `home` selects.
    pub fn of(selector: &CalleeSelector, home: &NamespaceName) -> Self {
        Self {
            namespace: selector.namespace_in(home),
            service: selector.service.clone(),
        }
    }

    /// Every way to select a service.
    pub fn all_of(service: &ServiceKey) -> [Self; 4] {
        let namespaces = [Selector::Named(service.namespace.clone()), Selector::Any];
        let [own, any] = namespaces.map(|namespace| {
            let named = Selector::Named(service.service.clone());
            [named, Selector::Any].map(|service| Self {
                namespace: namespace.clone(),
                service,
            })
        });
        let ([first, second], [third, fourth]) = (own, any);
        [first, second, third, fourth]
    }

    /// Whether a service is one of them.
    pub fn selects(&self, service: &ServiceKey) -> bool {
        self.namespace.selects(&service.namespace) && self.service.selects(&service.service)
    }

    /// Whether a service can be one of both.
    pub fn overlap(&self, other: &Self) -> bool {
        overlap(&self.namespace, &other.namespace) && overlap(&self.service, &other.service)
    }

    /// The service, if it is one.
    pub fn single(&self) -> Option<ServiceKey> {
        match (&self.namespace, &self.service) {
            (Selector::Named(namespace), Selector::Named(service)) => {
                Some(ServiceKey::new(namespace.clone(), service.clone()))
            }
            _ => None,
        }
    }
}

fn overlap<T: PartialEq>(one: &Selector<T>, other: &Selector<T>) -> bool {
    *one == Selector::Any || *other == Selector::Any || one == other
}
