//! The push channel: one stream per client.
//!
//! The next update is produced when the transport asks for it, so a client that reads slowly
//! costs no memory and gets fewer, larger updates.

use std::{pin::Pin, sync::Arc};

use futures_util::{StreamExt as _, stream};
use merak_core::{Client, ControlPlane, Holding, RuleFamily, Subscriber, Topic};
use merak_model::{Invalid, NamespaceName, Problem, Revision, invalid::Form};
use merak_proto::v1::{self, sync_request::Kind as Message};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, Streaming};

use crate::{
    ack::left_out,
    body::Bodies,
    limits::{LABELS, SUBSCRIPTIONS, TEXT_CHARACTERS},
    status::{refused, unread},
    sync::Answer,
    update::{answer, refusal, welcome},
};

/// Opens and serves the streams of `merak.v1.Discovery`.
pub(crate) struct DiscoveryService {
    plane: Arc<ControlPlane>,
    bodies: Arc<Bodies>,
    drain: CancellationToken,
}

/// What one stream answers.
pub(crate) type Updates = Pin<Box<dyn futures_util::Stream<Item = Result<Answer, Status>> + Send>>;

impl DiscoveryService {
    pub(crate) fn new(plane: Arc<ControlPlane>, drain: CancellationToken) -> Self {
        Self {
            plane,
            bodies: Arc::default(),
            drain,
        }
    }

    /// Opens a stream.
    pub(crate) fn sync(&self, request: Request<Streaming<v1::SyncRequest>>) -> Updates {
        let address = request.remote_addr();
        let stream = Stream::Greeting(Box::new(Greeting {
            address: address.map_or_else(String::new, |address| address.to_string()),
            requests: request.into_inner(),
            plane: Arc::clone(&self.plane),
            bodies: Arc::clone(&self.bodies),
        }));
        let updates = stream::unfold(stream, Stream::advance);
        Box::pin(updates.take_until(self.drain.clone().cancelled_owned()))
    }
}

/// One stream, from its hello to its end.
enum Stream {
    Greeting(Box<Greeting>),
    Open(Box<Connection>),
    Ended,
}

/// A stream whose client has said nothing yet.
struct Greeting {
    address: String,
    requests: Streaming<v1::SyncRequest>,
    plane: Arc<ControlPlane>,
    bodies: Arc<Bodies>,
}

/// A stream whose client has said hello.
struct Connection {
    requests: Streaming<v1::SyncRequest>,
    subscriber: Subscriber,
    history: History,
    bodies: Arc<Bodies>,
}

/// Whether the revisions that the client holds mean anything here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum History {
    Shared,
    Foreign,
}

impl Stream {
    /// What the client is told next, and the stream after it; none at its end.
    async fn advance(self) -> Option<(Result<Answer, Status>, Self)> {
        let answered = match self {
            Self::Ended => return None,
            Self::Greeting(greeting) => greeting.finish().await,
            Self::Open(mut connection) => {
                let update = connection.next().await;
                update.map(|update| update.map(|update| (update, connection)))
            }
        };
        match answered {
            Ok(None) => None,
            Ok(Some((update, connection))) => Some((Ok(update), Self::Open(connection))),
            Err(status) => Some((Err(status), Self::Ended)),
        }
    }
}

impl Greeting {
    async fn finish(mut self: Box<Self>) -> Result<Option<(Answer, Box<Connection>)>, Status> {
        let Some(request) = self.requests.message().await.map_err(unread)? else {
            return Ok(None);
        };
        let Some(Message::Hello(hello)) = request.kind else {
            return Err(refused(Invalid::missing("hello")));
        };
        let history = match *hello.epoch == *self.plane.epoch.0 {
            true => History::Shared,
            false => History::Foreign,
        };
        let client = client_of(self.address, hello);
        let client = client.map_err(|invalid| refused(invalid.within("hello")))?;
        let connection = Connection {
            requests: self.requests,
            subscriber: self.plane.discovery.subscriber(client),
            history,
            bodies: self.bodies,
        };
        Ok(Some((welcome(&self.plane.epoch), Box::new(connection))))
    }
}

/// Who a client says it is.
pub(crate) fn client_of(address: String, hello: v1::Hello) -> Result<Client, Invalid> {
    if hello.labels.len() > LABELS {
        let (count, limit) = (hello.labels.len(), LABELS);
        return Err(Invalid::new("labels", Problem::TooMany { count, limit }));
    }
    let texts = [
        ("host", &hello.host),
        ("sdk", &hello.sdk),
        ("sdk_version", &hello.sdk_version),
    ];
    let labels = hello.labels.iter();
    let labels = labels.flat_map(|(key, value)| [("labels", key), ("labels", value)]);
    for (field, text) in texts.into_iter().chain(labels) {
        let length = text.chars().count();
        if length > TEXT_CHARACTERS {
            let limit = TEXT_CHARACTERS;
            return Err(Invalid::new(field, Problem::TooLong { length, limit }));
        }
    }
    let serves = hello.service.filter(|key| !key.service.is_empty());
    Ok(Client {
        address,
        service: serves.map(TryInto::try_into).transpose()?,
        host: hello.host,
        sdk: hello.sdk,
        sdk_version: hello.sdk_version,
        labels: hello.labels.into_iter().collect(),
    })
}

impl Connection {
    /// What the client is told next; none when it has ended the stream.
    async fn next(&mut self) -> Result<Option<Answer>, Status> {
        loop {
            let request = tokio::select! {
                (number, update) = self.subscriber.next() => {
                    let answer = answer(number, update, &self.bodies);
                    self.subscriber.note_written();
                    return Ok(Some(answer));
                }
                request = self.requests.message() => request.map_err(unread)?,
            };
            let Some(request) = request else {
                return Ok(None);
            };
            if let Some(refused) = self.apply(request)? {
                return Ok(Some(refused));
            }
        }
    }

    /// Applies a request; some if it is answered by itself.
    fn apply(&self, request: v1::SyncRequest) -> Result<Option<Answer>, Status> {
        match request.kind {
            Some(Message::Subscribe(subscribe)) => self.subscribe(subscribe),
            Some(Message::Unsubscribe(unsubscribe)) => {
                self.subscriber.unsubscribe(unsubscribe.subscription);
                Ok(None)
            }
            Some(Message::Ack(ack)) => {
                require_number("ack.subscription", ack.subscription)?;
                let left_out = left_out(ack.left_out);
                let left_out = left_out.map_err(|invalid| refused(invalid.within("ack")))?;
                let revision = Revision(ack.revision);
                self.subscriber
                    .acknowledge_except(ack.subscription, revision, left_out);
                Ok(None)
            }
            Some(Message::Hello(_)) => {
                let why = "sent again, and a stream begins with the only one";
                Err(refused(Invalid::refused("hello", why)))
            }
            // Also how a request that this version does not know arrives.
            None => Err(refused(Invalid::missing("kind"))),
        }
    }

    fn subscribe(&self, subscribe: v1::Subscribe) -> Result<Option<Answer>, Status> {
        let number = subscribe.subscription;
        require_number("subscribe.subscription", number)?;
        let held = match self.history {
            History::Shared => Revision(subscribe.held_revision),
            History::Foreign => Revision::ZERO,
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
        if self.subscriber.len() >= SUBSCRIPTIONS {
            let message = format!("at most {SUBSCRIPTIONS} subscriptions a stream");
            return Ok(Some(refusal(number, "too_many_subscriptions", message)));
        }
        let holding = Holding {
            revision: held,
            takes_rule_deltas: subscribe.takes_rule_deltas,
        };
        if !self.subscriber.subscribe(number, topic, holding) {
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
        v1::Kind::RoutingRules => Ok(Some(Topic::Rules(RuleFamily::Routing, key.try_into()?))),
        v1::Kind::RateLimitRules => Ok(Some(Topic::Rules(RuleFamily::RateLimit, key.try_into()?))),
        v1::Kind::Services if key.service.is_empty() => {
            Ok(Some(Topic::Services(NamespaceName::try_from(&key)?)))
        }
        v1::Kind::Services => Err(Invalid::malformed(
            "service",
            key.service,
            Form::Other("empty"),
        )),
    }
}

/// Number 0 is that of the welcome.
fn require_number(field: &str, number: u32) -> Result<(), Status> {
    match number {
        0 => Err(refused(Invalid::range(field, 0, 1, u32::MAX))),
        _ => Ok(()),
    }
}
