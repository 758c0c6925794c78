//! What is known of one call before it is sent.

mod balancer;
mod caller;
mod given;
mod lookup;
mod owned;

use std::fmt;

use crate::{
    InstanceId, Location, NamespaceName,
    routing::{Fact, FactKind},
};

pub use balancer::Balancer;
pub use caller::Caller;
use given::Given;
pub use lookup::Lookup;
pub use owned::{CallDocument, FromDocument, LocationDocument, OwnedCall, ToDocument};

/// One call to a service: the facts that choosing an instance may look at.
///
/// It borrows what it is given, and building one allocates nothing for up to six values given one by
/// one; many values are better given together, as whatever holds them already ([`Lookup`]).
///
/// ```
/// use merak_model::{Call, routing::{Fact, FactKind}};
/// let call = Call::to("micro-order").in_namespace("shop").header("X-User", "42");
/// let user = Fact::parse(FactKind::Header, "x-user")?;
/// assert_eq!(call.find(&user), Some("42"));
/// # Ok::<(), merak_model::Invalid>(())
/// ```
#[derive(Clone, Default)]
pub struct Call<'a> {
    namespace: Option<&'a str>,
    service: &'a str,
    method: Option<&'a str>,
    path: Option<&'a str>,
    caller_ip: Option<&'a str>,
    caller: Option<&'a Caller>,
    location: Option<&'a Location>,
    given: Given<'a>,
    headers: Option<&'a (dyn Lookup + Sync)>,
    query: Option<&'a (dyn Lookup + Sync)>,
    cookies: Option<&'a (dyn Lookup + Sync)>,
    arguments: Option<&'a (dyn Lookup + Sync)>,
    excluded: &'a [InstanceId],
    balancer: Option<Balancer>,
    hash_key: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// A call to a service of the caller's own namespace.
    #[inline]
    pub fn to(service: &'a str) -> Self {
        Self {
            service,
            ..Self::default()
        }
    }

    /// The callee's namespace, where it is not the caller's own.
    #[inline]
    #[must_use]
    pub fn in_namespace(mut self, namespace: &'a str) -> Self {
        self.namespace = Some(namespace);
        self
    }

    /// The method: an HTTP verb, or the full name of a gRPC method.
    #[inline]
    #[must_use]
    pub fn method(mut self, method: &'a str) -> Self {
        self.method = Some(method);
        self
    }

    /// The path of the request.
    #[inline]
    #[must_use]
    pub fn path(mut self, path: &'a str) -> Self {
        self.path = Some(path);
        self
    }

    /// Adds a header of the request; its name may be in any case. The first of a name counts.
    #[inline]
    #[must_use]
    pub fn header(mut self, name: &'a str, value: &'a str) -> Self {
        self.given.push(FactKind::Header, name, value);
        self
    }

    /// The headers of the request, looked up by their names in lower case; those added one by one
    /// come before them.
    #[inline]
    #[must_use]
    pub fn headers(mut self, headers: &'a (dyn Lookup + Sync)) -> Self {
        self.headers = Some(headers);
        self
    }

    /// Adds a parameter of the query, decoded. The first of a name counts.
    #[inline]
    #[must_use]
    pub fn query(mut self, name: &'a str, value: &'a str) -> Self {
        self.given.push(FactKind::Query, name, value);
        self
    }

    /// The parameters of the query; those added one by one come before them.
    #[inline]
    #[must_use]
    pub fn query_from(mut self, query: &'a (dyn Lookup + Sync)) -> Self {
        self.query = Some(query);
        self
    }

    /// Adds a cookie. The first of a name counts.
    #[inline]
    #[must_use]
    pub fn cookie(mut self, name: &'a str, value: &'a str) -> Self {
        self.given.push(FactKind::Cookie, name, value);
        self
    }

    /// The cookies; those added one by one come before them.
    #[inline]
    #[must_use]
    pub fn cookies(mut self, cookies: &'a (dyn Lookup + Sync)) -> Self {
        self.cookies = Some(cookies);
        self
    }

    /// Adds what the application itself says of the call. The first of a name counts.
    #[inline]
    #[must_use]
    pub fn argument(mut self, name: &'a str, value: &'a str) -> Self {
        self.given.push(FactKind::Argument, name, value);
        self
    }

    /// What the application itself says of the call; what was added one by one comes before it.
    #[inline]
    #[must_use]
    pub fn arguments(mut self, arguments: &'a (dyn Lookup + Sync)) -> Self {
        self.arguments = Some(arguments);
        self
    }

    /// Who calls, where that is not the client itself.
    #[inline]
    #[must_use]
    pub fn from_caller(mut self, caller: &'a Caller) -> Self {
        self.caller = Some(caller);
        self
    }

    /// The address of the caller, such as `10.0.0.7`.
    #[inline]
    #[must_use]
    pub fn caller_ip(mut self, address: &'a str) -> Self {
        self.caller_ip = Some(address);
        self
    }

    /// Adds a label of the caller; it comes before those that the caller has.
    #[inline]
    #[must_use]
    pub fn caller_metadata(mut self, key: &'a str, value: &'a str) -> Self {
        self.given.push(FactKind::CallerMetadata, key, value);
        self
    }

    /// Where the call comes from, where that is not where the caller runs.
    #[inline]
    #[must_use]
    pub fn located(mut self, location: &'a Location) -> Self {
        self.location = Some(location);
        self
    }

    /// Instances that this call must not go to, such as those that just failed it.
    #[inline]
    #[must_use]
    pub fn excluding(mut self, instances: &'a [InstanceId]) -> Self {
        self.excluded = instances;
        self
    }

    /// How an instance is chosen, where that is not as the callee says.
    #[inline]
    #[must_use]
    pub fn balanced_by(mut self, balancer: Balancer) -> Self {
        self.balancer = Some(balancer);
        self
    }

    /// What a keyed balancer keeps together: calls of equal keys go to one instance. It comes before the
    /// fact that the callee names as the key.
    #[inline]
    #[must_use]
    pub fn keyed_by(mut self, key: &'a str) -> Self {
        self.hash_key = Some(key);
        self
    }

    /// How an instance is chosen, if the call says so.
    pub fn balancer(&self) -> Option<Balancer> {
        self.balancer
    }

    /// What a keyed balancer keeps together, if the call says so.
    pub fn hash_key(&self) -> Option<&'a str> {
        self.hash_key
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

    /// Who calls, if the call says so.
    pub fn caller(&self) -> Option<&'a Caller> {
        self.caller
    }

    /// Where the call comes from, if the call says so, or names a caller whose location is known.
    pub fn location(&self) -> Option<&'a Location> {
        self.location.or_else(|| {
            let location = &self.caller?.location;
            (!location.is_unknown()).then_some(location)
        })
    }

    /// The instances that the call must not go to.
    pub fn excluded(&self) -> &'a [InstanceId] {
        self.excluded
    }

    /// A fact of the call, if the call has it.
    #[inline]
    pub fn find(&self, fact: &Fact) -> Option<&'a str> {
        let together = match fact.kind() {
            FactKind::Method => return self.method,
            FactKind::Path => return self.path,
            FactKind::CallerIp => return self.caller_ip,
            FactKind::CallerNamespace | FactKind::CallerService => {
                return self.caller?.find(fact);
            }
            FactKind::CallerMetadata => {
                let given = self.given.find(fact);
                return given.or_else(|| self.caller?.find(fact));
            }
            FactKind::Header => self.headers,
            FactKind::Query => self.query,
            FactKind::Cookie => self.cookies,
            FactKind::Argument => self.arguments,
        };
        let given = self.given.find(fact);
        given.or_else(|| together?.find(fact.key()))
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("namespace", &self.namespace)
            .field("service", &self.service)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("caller", &self.caller)
            .field("caller_ip", &self.caller_ip)
            .field("location", &self.location())
            .field("given", &self.given)
            .field("excluded", &self.excluded)
            .field("balancer", &self.balancer)
            .field("hash_key", &self.hash_key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{Metadata, ServiceName};

    fn fact(kind: FactKind, key: &str) -> Fact {
        Fact::parse(kind, key).unwrap()
    }

    #[test]
    fn what_was_given_one_by_one_comes_first() {
        let headers = HashMap::from([("x-user", "7"), ("x-env", "gray")]);
        let many = ["a", "b", "c", "d", "e", "f", "g"];
        let call = Call::to("pay").headers(&headers).header("X-User", "42");
        let call = many.iter().fold(call, |call, name| call.cookie(name, name));
        assert_eq!(call.find(&fact(FactKind::Header, "x-user")), Some("42"));
        assert_eq!(call.find(&fact(FactKind::Header, "X-Env")), Some("gray"));
        assert_eq!(call.find(&fact(FactKind::Cookie, "g")), Some("g"));
        assert_eq!(call.find(&fact(FactKind::Cookie, "A")), None);
        assert_eq!(call.find(&fact(FactKind::Query, "a")), None);
    }

    #[test]
    fn a_fact_that_was_not_given_is_not_there() {
        let call = Call::to("pay");
        for kind in [FactKind::Method, FactKind::Path, FactKind::CallerIp] {
            assert_eq!(call.find(&fact(kind, "")), None);
        }
        let empty = Call::to("pay").path("").header("x", "");
        assert_eq!(empty.find(&fact(FactKind::Path, "")), Some(""));
        assert_eq!(empty.find(&fact(FactKind::Header, "x")), Some(""));
    }

    #[test]
    fn a_caller_is_looked_at_where_the_call_says_nothing() {
        let caller = Caller {
            namespace: None,
            service: Some(ServiceName::parse("api").unwrap()),
            metadata: Metadata::parse([("env", "prod"), ("rack", "7")]).unwrap(),
            location: Location::parse("eu", "eu-1", "").unwrap(),
        };
        let call = Call::to("pay").from_caller(&caller);
        let call = call.caller_metadata("env", "gray");
        let find = |kind, key| call.find(&fact(kind, key));
        assert_eq!(find(FactKind::CallerService, ""), Some("api"));
        assert_eq!(find(FactKind::CallerNamespace, ""), None);
        assert_eq!(find(FactKind::CallerMetadata, "env"), Some("gray"));
        assert_eq!(find(FactKind::CallerMetadata, "rack"), Some("7"));
        assert_eq!(call.location(), Some(&caller.location));
        let nowhere = Caller::default();
        assert_eq!(Call::to("pay").from_caller(&nowhere).location(), None);
    }
}
