//! Sharing global rate limits out: one stream per client.
//!
//! A request is answered before the next one is read, and when the transport asks for it: a client that reads
//! slowly is asked for nothing more, and costs no memory.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _, stream};
use merak_core::{ControlPlane, QuotaRefusal, QuotaSession};
use merak_model::{
    Invalid, NamespaceName, ServiceKey,
    limiting::{Moment, quota::Ask},
    routing::{RuleKey, RuleName},
};
use merak_proto::v1::{self, quota_server::Quota};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::{
    discovery::client_of,
    status::{refused, unread},
};

/// Serves `merak.v1.Quota`.
pub(crate) struct QuotaService {
    plane: Arc<ControlPlane>,
    drain: CancellationToken,
}

type Responses = Pin<Box<dyn Stream<Item = Result<v1::QuotaResponse, Status>> + Send>>;

/// One stream, from its hello on.
struct Sharing {
    requests: Streaming<v1::QuotaRequest>,
    plane: Arc<ControlPlane>,
    address: String,
    /// None until the client has said hello.
    session: Option<QuotaSession>,
}

impl QuotaService {
    pub(crate) fn new(plane: &Arc<ControlPlane>, drain: &CancellationToken) -> Self {
        Self {
            plane: Arc::clone(plane),
            drain: drain.clone(),
        }
    }
}

#[tonic::async_trait]
impl Quota for QuotaService {
    type ShareStream = Responses;

    async fn share(
        &self,
        request: Request<Streaming<v1::QuotaRequest>>,
    ) -> Result<Response<Responses>, Status> {
        let address = request.remote_addr();
        let sharing = Sharing {
            address: address.map_or_else(String::new, |address| address.to_string()),
            requests: request.into_inner(),
            plane: Arc::clone(&self.plane),
            session: None,
        };
        let responses = stream::unfold(Some(sharing), async |sharing| {
            let mut sharing = sharing?;
            match sharing.next().await {
                Ok(None) => None,
                Ok(Some(response)) => Some((Ok(response), Some(sharing))),
                Err(status) => Some((Err(status), None)),
            }
        });
        let drained = self.drain.clone().cancelled_owned();
        Ok(Response::new(Box::pin(responses.take_until(drained))))
    }
}

impl Sharing {
    /// Takes requests until one is to be answered; none at the end of the stream.
    async fn next(&mut self) -> Result<Option<v1::QuotaResponse>, Status> {
        while let Some(request) = self.requests.message().await.map_err(unread)? {
            let response = self.answer(request)?;
            let has_news = response.welcome.is_some()
                || !response.answers.is_empty()
                || !response.refused.is_empty();
            if has_news {
                return Ok(Some(response));
            }
        }
        Ok(None)
    }

    fn answer(&mut self, request: v1::QuotaRequest) -> Result<v1::QuotaResponse, Status> {
        let mut response = v1::QuotaResponse::default();
        let quotas = &self.plane.quotas;
        let session = match (&mut self.session, request.hello) {
            (Some(session), None) => session,
            (unopened @ None, Some(hello)) => {
                let client = client_of(std::mem::take(&mut self.address), hello);
                let client = client.map_err(|invalid| refused(invalid.within("hello")))?;
                let process = quotas.process();
                response.welcome = Some(v1::QuotaWelcome { process });
                unopened.insert(quotas.open_session(client))
            }
            (None, None) => return Err(refused(Invalid::missing("hello"))),
            (Some(_), Some(_)) => {
                let why = "sent again, and a stream begins with the only one";
                return Err(refused(Invalid::refused("hello", why)));
            }
        };
        for counter in request.open {
            let number = counter.counter;
            if let Err(refusal) = open(session, counter) {
                response.refused.push(refusal_of(number, &refusal));
            }
        }
        for ask in request.asks {
            let number = ask.counter;
            match session.ask(number, &Ask::from(ask)) {
                Ok(Some(answer)) => response.answers.push((number, answer).into()),
                Ok(None) => {}
                // What could not be opened is refused already.
                Err(QuotaRefusal::NotOpen) if is_refused(&response, number) => {}
                Err(refusal) => response.refused.push(refusal_of(number, &refusal)),
            }
        }
        for number in request.close {
            session.close(number);
        }
        response.now_ns = nanos(quotas.now());
        Ok(response)
    }
}

fn open(session: &mut QuotaSession, counter: v1::OpenCounter) -> Result<(), QuotaRefusal> {
    let window = Duration::from_millis(u64::from(counter.window_ms));
    let number = counter.counter;
    let invalid = |invalid: Invalid| QuotaRefusal::Invalid(invalid.to_string());
    let callee = counter.callee.unwrap_or_default();
    let callee = ServiceKey::try_from(callee).map_err(|fault| invalid(fault.within("callee")))?;
    let rule = RuleKey {
        namespace: NamespaceName::parse(&counter.namespace).map_err(invalid)?,
        name: RuleName::parse(&counter.rule).map_err(invalid)?,
    };
    session.open(number, (rule, callee), counter.values, window)
}

fn is_refused(response: &v1::QuotaResponse, number: u32) -> bool {
    let mut refused = response.refused.iter();
    refused.any(|refused| refused.counter == number)
}

fn refusal_of(counter: u32, refusal: &QuotaRefusal) -> v1::CounterRefused {
    v1::CounterRefused {
        counter,
        reason: refusal.reason().to_owned(),
        message: refusal.to_string(),
    }
}

fn nanos(now: Moment) -> u64 {
    u64::try_from(now.since(Moment::default()).as_nanos()).unwrap_or(u64::MAX)
}
