//! Who calls, as far as the transport knows.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use merak_core::Caller;

use crate::{problem::Problem, request_id::RequestId};

/// The caller of a request: `rest@` and the address of the peer, under the request's id.
pub(crate) struct RestCaller(pub(crate) Caller);

impl<S: Send + Sync> FromRequestParts<S> for RestCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let actor = match parts.extensions.get::<ConnectInfo<SocketAddr>>() {
            Some(ConnectInfo(peer)) => format!("rest@{}", peer.ip()),
            None => "rest".to_owned(),
        };
        let id = parts.extensions.get::<RequestId>();
        Ok(Self(Caller::new(actor, id.map_or("", RequestId::as_str))))
    }
}
