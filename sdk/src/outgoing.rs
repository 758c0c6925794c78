//! What rules may look at of a request that is about to be sent.

use std::borrow::Cow;

use http::{HeaderMap, header::COOKIE, request::Parts};
use merak_model::{
    Call, InstanceId, Location, ServiceKey,
    call::{Balancer, Lookup},
};

/// What an application adds to a request for choosing its instance: an extension of the request.
///
/// ```
/// use merak_sdk::{Balancer, CallOptions};
/// let options = CallOptions::default().balanced_by(Balancer::Maglev).keyed_by("user-42");
/// let mut request = tonic::Request::new(());
/// request.extensions_mut().insert(options);
/// ```
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    balancer: Option<Balancer>,
    hash_key: Option<String>,
    arguments: Vec<(String, String)>,
    caller_ip: Option<String>,
    caller_metadata: Vec<(String, String)>,
    location: Option<Location>,
}

impl CallOptions {
    /// How the instance is chosen, where that is not as the service says.
    #[must_use]
    pub fn balanced_by(mut self, balancer: Balancer) -> Self {
        self.balancer = Some(balancer);
        self
    }

    /// What a keyed balancer keeps together.
    #[must_use]
    pub fn keyed_by(mut self, key: impl Into<String>) -> Self {
        self.hash_key = Some(key.into());
        self
    }

    /// Adds what the application itself says of the call, for rules to match. The first of a name counts.
    #[must_use]
    pub fn argument(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.arguments.push((name.into(), value.into()));
        self
    }

    /// The address on whose behalf the call is made, such as that of a user of a gateway.
    #[must_use]
    pub fn caller_ip(mut self, address: impl Into<String>) -> Self {
        self.caller_ip = Some(address.into());
        self
    }

    /// Adds a label of the caller, in the place of the one that the client has under this key. The first of
    /// a key counts.
    #[must_use]
    pub fn caller_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.caller_metadata.push((key.into(), value.into()));
        self
    }

    /// Where the call comes from, for nearby rules, where that is not where the client runs.
    #[must_use]
    pub fn located(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }
}

impl CallOptions {
    fn add_to<'c>(&'c self, mut call: Call<'c>) -> Call<'c> {
        call = call.arguments(&self.arguments);
        for (key, value) in &self.caller_metadata {
            call = call.caller_metadata(key, value);
        }
        if let Some(address) = &self.caller_ip {
            call = call.caller_ip(address);
        }
        if let Some(location) = &self.location {
            call = call.located(location);
        }
        if let Some(key) = &self.hash_key {
            call = call.keyed_by(key);
        }
        if let Some(balancer) = self.balancer {
            call = call.balanced_by(balancer);
        }
        call
    }
}

/// The facts of a request, which are looked up when a rule asks for them.
pub(crate) struct Outgoing<'r> {
    method: &'r str,
    path: &'r str,
    headers: Headers<'r>,
    cookies: Cookies<'r>,
    query: Vec<(Cow<'r, str>, Cow<'r, str>)>,
    options: Option<&'r CallOptions>,
}

impl<'r> Outgoing<'r> {
    /// An HTTP request; its method is the verb.
    pub(crate) fn http(parts: &'r Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        Self {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            headers: Headers(&parts.headers),
            cookies: Cookies(&parts.headers),
            query: form_urlencoded::parse(query.as_bytes()).collect(),
            options: parts.extensions.get(),
        }
    }

    /// A gRPC request; its method is the full name, such as `grpc.health.v1.Health/Check`.
    pub(crate) fn grpc(parts: &'r Parts) -> Self {
        Self {
            method: parts.uri.path().trim_start_matches('/'),
            ..Self::http(parts)
        }
    }

    /// The call to a service, which must not go to instances that it failed to reach.
    pub(crate) fn call<'c>(&'c self, callee: &'c ServiceKey, failed: &'c [InstanceId]) -> Call<'c> {
        let call = Call::to(callee.service.as_str())
            .in_namespace(callee.namespace.as_str())
            .method(self.method)
            .path(self.path)
            .headers(&self.headers)
            .cookies(&self.cookies)
            .query_from(&self.query)
            .excluding(failed);
        let Some(options) = self.options else {
            return call;
        };
        options.add_to(call)
    }
}

struct Headers<'r>(&'r HeaderMap);

impl Lookup for Headers<'_> {
    fn find(&self, name: &str) -> Option<&str> {
        // A value that is not text fails every test, like one that is not there.
        self.0.get(name)?.to_str().ok()
    }
}

struct Cookies<'r>(&'r HeaderMap);

impl Lookup for Cookies<'_> {
    fn find(&self, name: &str) -> Option<&str> {
        let headers = self.0.get_all(COOKIE).iter();
        let texts = headers.filter_map(|header| header.to_str().ok());
        let mut cookies = texts.flat_map(|text| text.split(';'));
        cookies.find_map(|cookie| {
            let (key, value) = cookie.trim().split_once('=')?;
            (key == name).then_some(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use merak_model::routing::Fact;

    use super::*;

    #[test]
    fn a_call_has_what_the_request_has() {
        let options = CallOptions::default()
            .argument("tier", "gold")
            .caller_ip("10.0.0.7")
            .caller_metadata("env", "gray")
            .located(Location::parse("eu", "eu-1", "").unwrap())
            .keyed_by("42");
        let request = Request::post("http://pay/api/pay?user=4%202&b=+&user=3")
            .header("X-User", "42")
            .header("cookie", "a=1; session=s%3D1")
            .header("cookie", "b=2")
            .header("x-binary", &b"\xff"[..])
            .extension(options)
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let (outgoing, key) = (
            Outgoing::http(&parts),
            ServiceKey::parse("shop", "pay").unwrap(),
        );
        let call = outgoing.call(&key, &[]);
        for (fact, expected) in [
            ("method", Some("POST")),
            ("path", Some("/api/pay")),
            ("header.x-user", Some("42")),
            ("header.x-binary", None),
            ("query.user", Some("4 2")),
            ("query.b", Some(" ")),
            ("cookie.session", Some("s%3D1")),
            ("cookie.b", Some("2")),
            ("cookie.c", None),
            ("argument.tier", Some("gold")),
            ("caller_ip", Some("10.0.0.7")),
            ("caller_metadata.env", Some("gray")),
        ] {
            assert_eq!(
                call.find(&Fact::parse_word(fact).unwrap()),
                expected,
                "{fact}"
            );
        }
        assert_eq!((call.hash_key(), call.balancer()), (Some("42"), None));
        assert_eq!(&*call.location().unwrap().zone, "eu-1");
    }

    #[test]
    fn the_method_of_a_grpc_call_is_its_full_name() {
        let request = Request::post("http://pay/grpc.health.v1.Health/Check");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let (outgoing, key) = (
            Outgoing::grpc(&parts),
            ServiceKey::parse("shop", "pay").unwrap(),
        );
        let method = outgoing
            .call(&key, &[])
            .find(&Fact::parse_word("method").unwrap());
        assert_eq!(method, Some("grpc.health.v1.Health/Check"));
    }
}
