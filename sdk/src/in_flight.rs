//! An answer that is still being read.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use tonic::Code;

use crate::{Outcome, Picked, limiter::Permit};

/// The body of an answer: the instance counts as busy until it ends or is dropped, and then how the call
/// went is reported.
#[derive(Debug)]
pub struct InFlight<B> {
    body: B,
    picked: Option<Picked>,
    /// Of a client that obeys the rate limits of the callee.
    permit: Option<Permit>,
    /// As far as the answer tells by now.
    outcome: Option<Outcome>,
}

impl<B> InFlight<B> {
    /// The answer of an HTTP instance, which failed if the status says that it is the server's fault.
    pub(crate) fn http(response: Response<B>, picked: Picked) -> Response<Self> {
        let outcome = if response.status().is_server_error() {
            Outcome::Failed
        } else {
            Outcome::Succeeded
        };
        Self::wrap(response, picked, Some(outcome))
    }

    /// The answer of a gRPC instance, whose status comes last.
    pub(crate) fn grpc(response: Response<B>, picked: Picked) -> Response<Self> {
        let outcome = if response.status().is_success() {
            outcome_of(response.headers())
        } else {
            Some(Outcome::Failed)
        };
        Self::wrap(response, picked, outcome)
    }

    fn wrap(response: Response<B>, picked: Picked, outcome: Option<Outcome>) -> Response<Self> {
        response.map(|body| Self {
            body,
            picked: Some(picked),
            permit: None,
            outcome,
        })
    }

    /// Keeps the call under way for rate limits until the answer ends.
    pub(crate) fn holding(mut self, permit: Option<Permit>) -> Self {
        self.permit = permit;
        self
    }

    fn end(&mut self) {
        self.permit = None;
        // The caller may have lost interest before the instance told.
        if let (Some(picked), Some(outcome)) = (self.picked.take(), self.outcome) {
            picked.report(outcome);
        }
    }
}

impl<B: Body + Unpin> Body for InFlight<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(outcome) = frame.trailers_ref().and_then(outcome_of) {
                    self.outcome = Some(outcome);
                    self.end();
                }
            }
            Poll::Ready(Some(Err(_))) => {
                self.outcome = Some(Outcome::Failed);
                self.end();
            }
            Poll::Ready(None) => {
                // Only gRPC gets here without an outcome: the status is missing.
                self.outcome.get_or_insert(Outcome::Failed);
                self.end();
            }
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for InFlight<B> {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a gRPC status says of the instance, if there is one.
fn outcome_of(headers: &HeaderMap) -> Option<Outcome> {
    let status = headers.get("grpc-status")?;
    let is_failure = matches!(
        Code::from_bytes(status.as_bytes()),
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    );
    Some(if is_failure {
        Outcome::Failed
    } else {
        Outcome::Succeeded
    })
}
