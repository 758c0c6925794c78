//! The push channel: one stream per client.
//!
//! The next update is produced when the transport asks for it, so a client that reads slowly
//! costs no memory and gets fewer, larger updates. Acks are read and not kept yet: who runs which
//! revision is not shown anywhere.

use std::{pin::Pin, sync::Arc};

use futures_util::{Stream, StreamExt as _, stream};
use merak_core::{ControlPlane, Subscriber, Topic};
use merak_model::{Invalid, NamespaceName, Problem, Revision};
use merak_proto::v1::{self, discovery_server::Discovery, sync_request::Kind as Message};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tracing::debug;

use crate::{
    status::refused,
    update::{refusal, response, welcome},
};

/// The live subscriptions of one stream.
const SUBSCRIPTION_LIMIT: usize = 10_000;

/// The labels of one hello.
const LABEL_LIMIT: usize = 64;

/// Serves `merak.v1.Discovery`.
pub(crate) struct DiscoveryService {
    pub(crate) plane: Arc<ControlPlane>,
    pub(crate) drain: CancellationToken,
}

type Updates = Pin<Box<dyn Stream<Item = Result<v1::SyncResponse, Status>> + Send>>;

#[tonic::async_trait]
impl Discovery for DiscoveryService {
    type SyncStream = Updates;

    async fn sync(
        &self,
        request: Request<Streaming<v1::SyncRequest>>,
    ) -> Result<Response<Updates>, Status> {
        let client = Client {
            requests: request.into_inner(),
            subscriber: self.plane.discovery.subscriber(),
            plane: Arc::clone(&self.plane),
            history: History::Unknown,
        };
        let updates = stream::unfold(Some(client), |client| async move {
            let mut client = client?;
            match client.next().await {
                Ok(None) => None,
                Ok(Some(update)) => Some((Ok(update), Some(client))),
                Err(status) => Some((Err(status), None)),
            }
        });
        let drained = self.drain.clone().cancelled_owned();
        Ok(Response::new(Box::pin(updates.take_until(drained))))
    }
}

/// One stream.
struct Client {
    requests: Streaming<v1::SyncRequest>,
    subscriber: Subscriber,
    plane: Arc<ControlPlane>,
    history: History,
}

/// Whether the revisions that the client holds mean anything here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum History {
    /// The client has not said hello.
    Unknown,
    Shared,
    Foreign,
}

impl Client {
    /// What the client is told next; none when it has ended the stream.
    async fn next(&mut self) -> Result<Option<v1::SyncResponse>, Status> {
        if self.history == History::Unknown {
            return self.greet().await;
        }
        loop {
            let request = tokio::select! {
                (number, update) = self.subscriber.next() => {
                    return Ok(Some(response(number, update)));
                }
                request = self.requests.message() => request?,
            };
            let Some(request) = request else {
                return Ok(None);
            };
            if let Some(refused) = self.apply(request)? {
                return Ok(Some(refused));
            }
        }
    }

    async fn greet(&mut self) -> Result<Option<v1::SyncResponse>, Status> {
        let Some(request) = self.requests.message().await? else {
            return Ok(None);
        };
        let Some(Message::Hello(hello)) = request.kind else {
            return Err(refused(Invalid::missing("hello")));
        };
        if hello.labels.len() > LABEL_LIMIT {
            let (count, limit) = (hello.labels.len(), LABEL_LIMIT);
            let problem = Problem::TooMany { count, limit };
            return Err(refused(Invalid::new("hello.labels", problem)));
        }
        debug!(host = hello.host, sdk = hello.sdk, "client connected");
        self.history = match *hello.epoch == *self.plane.epoch.0 {
            true => History::Shared,
            false => History::Foreign,
        };
        Ok(Some(welcome(&self.plane.epoch)))
    }

    /// Applies a request; some if it is answered by itself.
    fn apply(&self, request: v1::SyncRequest) -> Result<Option<v1::SyncResponse>, Status> {
        match request.kind {
            Some(Message::Subscribe(subscribe)) => self.subscribe(subscribe),
            Some(Message::Unsubscribe(unsubscribe)) => {
                self.subscriber.unsubscribe(unsubscribe.subscription);
                Ok(None)
            }
            Some(Message::Ack(ack)) => {
                require_number("ack.subscription", ack.subscription)?;
                Ok(None)
            }
            Some(Message::Hello(_)) => {
                let expected = "sent once, as the first request";
                Err(refused(Invalid::malformed("hello", "again", expected)))
            }
            // Also how a request that this version does not know arrives.
            None => Err(refused(Invalid::missing("kind"))),
        }
    }

    fn subscribe(&self, subscribe: v1::Subscribe) -> Result<Option<v1::SyncResponse>, Status> {
        let number = subscribe.subscription;
        require_number("subscribe.subscription", number)?;
        let held = match self.history {
            History::Shared => Revision(subscribe.held_revision),
            History::Unknown | History::Foreign => Revision::ZERO,
        };
        let kind = subscribe.kind();
        let topic = match topic_of(kind, subscribe.key.unwrap_or_default()) {
            Ok(Some(topic)) => topic,
            Ok(None) => {
                let message = format!("kind {} is not supported", subscribe.kind);
                return Ok(Some(refusal(number, "unsupported_kind", message)));
            }
            Err(invalid) => {
                return Ok(Some(refusal(number, "invalid_key", invalid.to_string())));
            }
        };
        if self.subscriber.len() >= SUBSCRIPTION_LIMIT {
            let message = format!("at most {SUBSCRIPTION_LIMIT} subscriptions a stream");
            return Ok(Some(refusal(number, "too_many_subscriptions", message)));
        }
        if !self.subscriber.subscribe(number, topic, held) {
            let message = format!("subscription {number} is in use");
            return Ok(Some(refusal(number, "duplicate_subscription", message)));
        }
        Ok(None)
    }
}

/// What a subscription watches; none if its kind is not known here.
fn topic_of(kind: v1::Kind, key: v1::ServiceKey) -> Result<Option<Topic>, Invalid> {
    match kind {
        v1::Kind::Unspecified => Ok(None),
        v1::Kind::Instances => Ok(Some(Topic::Instances(key.try_into()?))),
        v1::Kind::Services if key.service.is_empty() => {
            Ok(Some(Topic::Services(NamespaceName::try_from(&key)?)))
        }
        v1::Kind::Services => Err(Invalid::malformed("service", key.service, "empty")),
    }
}

/// Number 0 is that of the welcome.
fn require_number(field: &str, number: u32) -> Result<(), Status> {
    match number {
        0 => Err(refused(Invalid::range(field, 0, 1, u32::MAX))),
        _ => Ok(()),
    }
}
