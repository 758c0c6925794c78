//! What the transport refuses by itself, in the words of everything else.
//!
//! tonic takes requests of any content type, blames the server for messages that it cannot decode,
//! and says nothing about methods that it does not know.

use std::task::{Context, Poll};

use futures_util::{
    TryFutureExt as _,
    future::{Either, MapOk, Ready, ready},
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use tonic::{Status, body::Body};
use tower::{Layer, Service};

use crate::status::of_transport;

const CONTENT_TYPE: &str = "application/grpc";
const STATUS: &str = "grpc-status";
const DETAILS: &str = "grpc-status-details-bin";

/// Makes a service's refusals precise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PreciseLayer;

/// A service whose refusals are precise.
#[derive(Debug, Clone)]
pub(crate) struct Precise<S>(S);

type Refine = fn(Response<Body>) -> Response<Body>;

impl<S> Layer<S> for PreciseLayer {
    type Service = Precise<S>;

    fn layer(&self, service: S) -> Precise<S> {
        Precise(service)
    }
}

impl<S: Service<Request<Body>, Response = Response<Body>>> Service<Request<Body>> for Precise<S> {
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response<Body>, S::Error>>, MapOk<S::Future, Refine>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !is_grpc(request.headers()) {
            return Either::Left(ready(Ok(unsupported_media_type())));
        }
        Either::Right(self.0.call(request).map_ok(refine as Refine))
    }
}

/// Whether a request is gRPC in protobuf: `application/grpc`, `application/grpc+proto`.
fn is_grpc(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given.and_then(|given| given.to_str().ok()).unwrap_or("");
    let essence = given.split(';').next().unwrap_or("").trim();
    let subtype = essence.strip_prefix(CONTENT_TYPE);
    matches!(subtype, Some("" | "+proto"))
}

/// What the gRPC specification asks for, with a sentence for whoever reads it.
fn unsupported_media_type() -> Response<Body> {
    let sentence = "this port speaks gRPC: send application/grpc; REST has a port of its own\n";
    let body = Body::new(sentence.to_owned());
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}

/// Gives details to a status that was made without them; it is in the headers when no message was.
fn refine(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers();
    if !headers.contains_key(STATUS) || headers.contains_key(DETAILS) {
        return response;
    }
    let Some(status) = Status::from_header_map(headers) else {
        return response;
    };
    if status.code() != tonic::Code::Ok {
        let status = of_transport(status);
        let added = status.add_header(response.headers_mut());
        added.expect("a status that we wrote is fit for a header");
    }
    response
}
