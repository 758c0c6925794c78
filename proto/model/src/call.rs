//! What is known of one call before it is sent.

use crate::{InstanceId, NamespaceName};

/// One call to a service: the facts that choosing an instance may look at.
///
/// It borrows what it is given, so that building one for a pick costs no allocation.
///
/// ```
/// use merak_model::Call;
/// let call = Call::to("micro-order").in_namespace("shop").header("x-user", "42");
/// assert_eq!(call.headers(), [("x-user", "42")]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Call<'a> {
    namespace: Option<&'a str>,
    service: &'a str,
    method: &'a str,
    path: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    excluded: &'a [InstanceId],
}

impl<'a> Call<'a> {
    /// A call to a service of the caller's own namespace.
    pub fn to(service: &'a str) -> Self {
        Self {
            service,
            ..Self::default()
        }
    }

    /// The callee's namespace, where it is not the caller's own.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &'a str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// The method: an HTTP verb, or the full name of a gRPC method.
    #[must_use]
    pub fn method(mut self, method: &'a str) -> Self {
        self.method = method;
        self
    }

    /// The path of the request.
    #[must_use]
    pub fn path(mut self, path: &'a str) -> Self {
        self.path = path;
        self
    }

    /// Adds a header of the request.
    #[must_use]
    pub fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Instances that this call must not go to, such as those that just failed it.
    #[must_use]
    pub fn excluding(mut self, instances: &'a [InstanceId]) -> Self {
        self.excluded = instances;
        self
    }

    /// The callee's namespace, if the call names one.
    pub fn namespace(&self) -> Option<&'a str> {
        self.namespace
    }

    /// The callee's namespace, or `default`.
    pub fn namespace_or_default(&self) -> &'a str {
        self.namespace.unwrap_or(NamespaceName::DEFAULT)
    }

    /// The callee's name.
    pub fn service(&self) -> &'a str {
        self.service
    }

    /// The headers, in the order given.
    pub fn headers(&self) -> &[(&'a str, &'a str)] {
        &self.headers
    }

    /// The instances that the call must not go to.
    pub fn excluded(&self) -> &'a [InstanceId] {
        self.excluded
    }
}
