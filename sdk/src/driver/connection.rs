//! One connection to the control plane with its streams.

use std::{future::Future, pin::Pin};

use futures_util::future::select_all;
use merak_proto::v1::{self, discovery_client::DiscoveryClient, registry_client::RegistryClient};
use tokio::{
    sync::mpsc::{self, UnboundedSender},
    time::Instant,
};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::{Response, Status, Streaming, transport::Channel};

use super::{CONNECT_TIMEOUT, MESSAGE_LIMIT_BYTES};
use crate::keepalive::Said;

/// One connection to the control plane with its streams.
pub(super) struct Connection {
    pub(super) channel: Channel,
    discovery: Duplex<v1::SyncRequest, v1::SyncResponse>,
    /// One stream for each so many instances.
    alive: Vec<Duplex<v1::KeepAliveRequest, v1::KeepAliveResponse>>,
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
            alive: Vec::new(),
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

    /// Sends on the streams that keep instances alive; a stream opens when it is first spoken on.
    pub(super) fn keep_alive(&mut self, said: impl IntoIterator<Item = Said>) {
        for (stream, request) in said {
            while self.alive.len() <= stream {
                let alive = self.open_keep_alive();
                self.alive.push(alive);
            }
            self.alive[stream].send([request]);
        }
    }

    fn open_keep_alive(&self) -> Duplex<v1::KeepAliveRequest, v1::KeepAliveResponse> {
        let (requests, queue) = mpsc::unbounded_channel();
        let mut client = RegistryClient::new(self.channel.clone());
        let opening = async move { client.keep_alive(UnboundedReceiverStream::new(queue)).await };
        Duplex {
            requests,
            answers: Answers::Opening(Box::pin(opening)),
        }
    }

    /// Waits for what comes in; cancelling the wait loses nothing.
    pub(super) async fn next(&mut self) -> Incoming {
        let answers = self.alive.iter_mut().map(|alive| Box::pin(alive.next()));
        let answers: Vec<_> = answers.collect();
        let alive = async {
            if answers.is_empty() {
                return std::future::pending().await;
            }
            select_all(answers).await.0
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
