//! What the transport refuses by itself, in the words of everything else.
//!
//! tonic takes requests of any content type, blames the server for messages that it cannot decode,
//! and says nothing about methods that it does not know.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{
    TryFutureExt as _,
    future::{Either, MapOk, Ready, ready},
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use merak_core::CallTally;
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

use crate::status::of_transport;

const CONTENT_TYPE: &str = "application/grpc";
const STATUS: &str = "grpc-status";
const DETAILS: &str = "grpc-status-details-bin";

/// Makes a service's refusals precise, and counts its calls.
#[derive(Debug, Clone)]
pub(crate) struct PreciseLayer(pub(crate) Arc<CallTally>);

/// A service whose refusals are precise.
#[derive(Debug, Clone)]
pub(crate) struct Precise<S> {
    service: S,
    calls: Arc<CallTally>,
}

type Refine = Box<dyn FnOnce(Response<Body>) -> Response<Body> + Send>;

impl<S> Layer<S> for PreciseLayer {
    type Service = Precise<S>;

    fn layer(&self, service: S) -> Precise<S> {
        let calls = Arc::clone(&self.0);
        Precise { service, calls }
    }
}

impl<S: Service<Request<Body>, Response = Response<Body>>> Service<Request<Body>> for Precise<S> {
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response<Body>, S::Error>>, MapOk<S::Future, Refine>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !is_grpc(request.headers()) {
            return Either::Left(ready(Ok(unsupported_media_type())));
        }
        let (calls, method) = (Arc::clone(&self.calls), request.uri().path().to_owned());
        let refine: Refine = Box::new(move |response| {
            let response = refine(response);
            count(&calls, &method, response.headers());
            response
        });
        Either::Right(self.service.call(request).map_ok(refine))
    }
}

/// Counts a call by what it was answered with; a stream by how it was opened.
fn count(calls: &CallTally, method: &str, headers: &HeaderMap) {
    // A status in the headers ends the call; otherwise a message comes first.
    let code = Status::from_header_map(headers).map_or(Code::Ok, |status| status.code());
    // Anybody could make up any number of methods.
    let method = if code == Code::Unimplemented {
        "unknown"
    } else {
        method.trim_start_matches('/')
    };
    calls.note(method, name_of(code));
}

fn name_of(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
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
