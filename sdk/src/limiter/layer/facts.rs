//! What a request says that rules may look at.

use std::{net::IpAddr, sync::OnceLock};

use http::{HeaderMap, Request, header::COOKIE};
use merak_model::{
    Call, ServiceKey,
    call::{Caller, Lookup},
};

use super::refusal::Protocol;

/// The facts of a request, borrowed from it as far as possible.
pub(super) struct Facts<'r> {
    method: &'r str,
    path: &'r str,
    headers: Headers<'r>,
    cookies: Cookies<'r>,
    query: Query<'r>,
    caller: Option<&'r Caller>,
    caller_ip: Option<String>,
}

struct Headers<'r>(&'r HeaderMap);
struct Cookies<'r>(&'r HeaderMap);

/// Decoded when a rule first looks at it.
struct Query<'r> {
    encoded: &'r str,
    decoded: OnceLock<Vec<(String, String)>>,
}

impl<'r> Facts<'r> {
    pub(super) fn of<B>(request: &'r Request<B>) -> Self {
        let extensions = request.extensions();
        Self {
            method: request.method().as_str(),
            path: request.uri().path(),
            headers: Headers(request.headers()),
            cookies: Cookies(request.headers()),
            query: Query {
                encoded: request.uri().query().unwrap_or_default(),
                decoded: OnceLock::new(),
            },
            caller: extensions.get(),
            caller_ip: extensions.get().map(|address: &IpAddr| address.to_string()),
        }
    }

    /// The call to a service that the request is.
    pub(super) fn call<'c, P: Protocol>(&'c self, service: &'c ServiceKey) -> Call<'c> {
        let call = Call::to(service.service.as_str())
            .in_namespace(service.namespace.as_str())
            .method(P::method(self.method, self.path))
            .path(self.path)
            .headers(&self.headers)
            .cookies(&self.cookies)
            .query_from(&self.query);
        let call = match self.caller {
            Some(caller) => call.from_caller(caller),
            None => call,
        };
        match &self.caller_ip {
            Some(address) => call.caller_ip(address),
            None => call,
        }
    }
}

impl Lookup for Headers<'_> {
    fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}

impl Lookup for Cookies<'_> {
    fn find(&self, name: &str) -> Option<&str> {
        let lines = self.0.get_all(COOKIE).iter();
        let cookies = lines.filter_map(|line| line.to_str().ok());
        let mut pairs = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
        Some(value.trim())
    }
}

impl Lookup for Query<'_> {
    fn find(&self, name: &str) -> Option<&str> {
        let pairs = self.decoded.get_or_init(|| {
            let pairs = self.encoded.split('&').filter(|pair| !pair.is_empty());
            let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            pairs
                .map(|(key, value)| (decoded(key), decoded(value)))
                .collect()
        });
        pairs.find(name)
    }
}

/// A part of a query as it was before it was encoded; what is not encoded well stays as it is.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, tail @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = tail;
                }
                _ => bytes.push(b'%'),
            },
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(character: u8) -> Option<u8> {
    let digit = char::from(character).to_digit(16)?;
    u8::try_from(digit).ok()
}
