//! One connection to the control plane with its streams.

use std::{future::Future, pin::Pin};

use merak_proto::v1::{self, discovery_client::DiscoveryClient, registry_client::RegistryClient};
use tokio::{
    sync::mpsc::{self, UnboundedSender},
    time::Instant,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Response, Status, Streaming, transport::Channel};

use super::{CONNECT_TIMEOUT, MESSAGE_LIMIT_BYTES};

/// One connection to the control plane with its streams.
pub(super) struct Connection {
    pub(super) channel: Channel,
    discovery: Duplex<v1::SyncRequest, v1::SyncResponse>,
    alive: Option<Duplex<v1::KeepAliveRequest, v1::KeepAliveResponse>>,
    /// Until when the first answer has to come; none once it has.
    welcome_by: Option<Instant>,
}

/// A stream in both directions.
///
/// What is to be sent waits in a queue without a bound of its own: a request answers an update that
/// was received, or something that the application asked for.
struct Duplex<Q, A> {
    requests: UnboundedSender<Q>,
    answers: Answers<A>,
}

/// What one opens a stream with is answered together with the first request on it.
enum Answers<A> {
    Opening(Opening<A>),
    Open(Box<Streaming<A>>),
}

type Opening<A> = Pin<Box<dyn Future<Output = Result<Response<Streaming<A>>, Status>> + Send>>;

/// What came in.
pub(super) enum Incoming {
    /// The control plane took the stream.
    Welcome(v1::SyncResponse),
    Update(v1::SyncResponse),
    /// Instances that the control plane does not know.
    Unknown(Vec<v1::InstanceKey>),
    Lost(String),
}

impl Connection {
    /// Opens the discovery stream with its first requests, without waiting for an answer.
    pub(super) fn open(channel: Channel, first: Vec<v1::SyncRequest>) -> Self {
        let (requests, queue) = mpsc::unbounded_channel();
        let mut client =
            DiscoveryClient::new(channel.clone()).max_decoding_message_size(MESSAGE_LIMIT_BYTES);
        let opening = async move { client.sync(UnboundedReceiverStream::new(queue)).await };
        let discovery = Duplex {
            requests,
            answers: Answers::Opening(Box::pin(opening)),
        };
        discovery.send(first);
        Self {
            channel,
            discovery,
            alive: None,
            welcome_by: Some(Instant::now() + CONNECT_TIMEOUT),
        }
    }

    /// Whether the control plane took the stream.
    pub(super) fn is_welcome(&self) -> bool {
        self.welcome_by.is_none()
    }

    /// Sends on the discovery stream.
    pub(super) fn send(&self, requests: impl IntoIterator<Item = v1::SyncRequest>) {
        self.discovery.send(requests);
    }

    /// Opens the stream that keeps instances alive, with its first requests.
    pub(super) fn open_keep_alive(&mut self, first: Vec<v1::KeepAliveRequest>) {
        let (requests, queue) = mpsc::unbounded_channel();
        let mut client = RegistryClient::new(self.channel.clone());
        let opening = async move { client.keep_alive(UnboundedReceiverStream::new(queue)).await };
        let alive = Duplex {
            requests,
            answers: Answers::Opening(Box::pin(opening)),
        };
        alive.send(first);
        self.alive = Some(alive);
    }

    /// Sends on the stream that keeps instances alive, if it is open.
    pub(super) fn keep_alive(&self, requests: impl IntoIterator<Item = v1::KeepAliveRequest>) {
        if let Some(alive) = &self.alive {
            alive.send(requests);
        }
    }

    /// Waits for what comes in; cancelling the wait loses nothing.
    pub(super) async fn next(&mut self) -> Incoming {
        let alive = async {
            match &mut self.alive {
                Some(alive) => alive.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            update = self.discovery.next() => match update {
                Ok(update) if self.welcome_by.take().is_some() => Incoming::Welcome(update),
                Ok(update) => Incoming::Update(update),
                Err(why) => Incoming::Lost(why),
            },
            answer = alive => match answer {
                Ok(answer) => Incoming::Unknown(answer.unknown),
                Err(why) => Incoming::Lost(why),
            },
            () = super::sleep_until(self.welcome_by) => {
                Incoming::Lost(format!("no answer within {CONNECT_TIMEOUT:?}"))
            }
        }
    }
}

impl<Q, A> Duplex<Q, A> {
    /// Sends; where the stream has ended, that is what comes in next.
    fn send(&self, requests: impl IntoIterator<Item = Q>) {
        for request in requests {
            let _ = self.requests.send(request);
        }
    }

    /// The next answer, or why there is none.
    async fn next(&mut self) -> Result<A, String> {
        let lost = |status: Status| status.message().to_owned();
        loop {
            match &mut self.answers {
                Answers::Opening(opening) => {
                    let opened = opening.await.map_err(lost)?;
                    self.answers = Answers::Open(Box::new(opened.into_inner()));
                }
                Answers::Open(answers) => {
                    let answer = answers.message().await.map_err(lost)?;
                    return answer.ok_or_else(|| "the control plane ended the stream".to_owned());
                }
            }
        }
    }
}
