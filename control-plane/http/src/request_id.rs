//! Each request has an id: in the answer, in the log and in the change log.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::{Instrument as _, info_span};

use crate::problem::{Code, Problem, render};

/// The header that carries it, in and out.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids are not taken: they are copied into every change.
const LIMIT: usize = 128;

/// A request that is not answered by then is given up.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The id of a request: the client's, if it gave 1..=128 visible ASCII characters, else a new UUID.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
        let is_usable = |id: &&str| {
            (1..=LIMIT).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        };
        match given.filter(is_usable) {
            Some(given) => Self(given.into()),
            None => Self(uuid::Uuid::new_v4().to_string().into()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives a request its id and its time, and writes the problem that comes back.
pub(crate) async fn layer(mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    request.extensions_mut().insert(id.clone());
    let span = info_span!(
        "request",
        request_id = %id,
        method = %request.method(),
        path = request.uri().path(),
    );
    let answered = tokio::time::timeout(TIMEOUT, next.run(request).instrument(span)).await;
    let response = answered.unwrap_or_else(|_| {
        let detail = format!(
            "not answered within {} s: whether it was done is not known",
            TIMEOUT.as_secs()
        );
        Problem::new(Code::Timeout, detail).into_response()
    });
    let mut response = render(response, id.as_str());
    let value = HeaderValue::from_str(id.as_str()).expect("a request id is visible ASCII");
    response.headers_mut().insert(HEADER, value);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usable_id_is_kept_and_another_replaced() {
        let id_of = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, given.parse().unwrap());
            RequestId::of(&headers).to_string()
        };
        assert_eq!(id_of("deploy-42"), "deploy-42");
        for refused in ["", "two words", &"x".repeat(129)] {
            assert_eq!(id_of(refused).len(), 36, "{refused}");
        }
        assert_eq!(RequestId::of(&HeaderMap::new()).as_str().len(), 36);
    }
}
