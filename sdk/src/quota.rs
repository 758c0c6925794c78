//! The task that gets limiters their share of global limits: one stream for all of a client's limiters.
//!
//! It uses the connection that the driver has. While there is none it only tells the limiters so.

use std::{
    sync::{Arc, OnceLock, atomic::AtomicU32},
    time::Duration,
};

use merak_model::limiting::Moment;
use merak_proto::v1::{self, quota_client::QuotaClient};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, MissedTickBehavior},
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Streaming, transport::Channel};
use tracing::{debug, info, warn};

use crate::{
    backoff::Backoff,
    client::draw,
    driver::{Shared, Status},
    limiter::{Limiter, Shares, WeakLimiter},
};

/// What a client needs to share global limits among its limiters; the task begins with the first of them.
pub(crate) struct Quota {
    hello: v1::Hello,
    numbers: Arc<AtomicU32>,
    notify: Arc<Notify>,
    members: OnceLock<mpsc::UnboundedSender<Member>>,
}

/// A limiter that takes part.
struct Member {
    limiter: WeakLimiter,
    shares: Arc<Shares>,
}

/// Looks after the limiters.
struct Sharing {
    hello: v1::Hello,
    notify: Arc<Notify>,
    joining: mpsc::UnboundedReceiver<Member>,
    members: Vec<Member>,
    status: watch::Receiver<Status>,
    stop: CancellationToken,
    next_sweep: Instant,
}

/// A stream that was welcomed.
struct Stream {
    requests: mpsc::Sender<v1::QuotaRequest>,
    responses: Streaming<v1::QuotaResponse>,
    process: u64,
    /// The control plane's time in the last response, and when that came.
    made_at: (Moment, Instant),
    /// Since when an answer is awaited.
    awaited_since: Option<Instant>,
}

/// How a stream ended.
enum End {
    /// The client is closed.
    Closed,
    Lost(String),
    /// The control plane is older than global limits.
    Unknown,
}

/// How often tokens are asked for.
const TICK: Duration = Duration::from_millis(10);
/// How long an answer may take until the failover applies.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// How long the first answer may take.
const OPEN_LIMIT: Duration = Duration::from_secs(3);
/// How long a control plane is left alone that does not know global limits.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(30);
/// How often counters that are no longer used are looked for.
const SWEEP: Duration = Duration::from_secs(10);
/// Requests that wait for the transport; while there are so many, nothing more is asked.
const QUEUE: usize = 4;

impl Quota {
    pub(crate) fn new(hello: v1::Hello) -> Self {
        Self {
            hello,
            numbers: Arc::new(AtomicU32::new(1)),
            notify: Arc::default(),
            members: OnceLock::new(),
        }
    }

    /// Has a limiter take part.
    pub(crate) fn join(
        &self,
        limiter: &Limiter,
        shared: &Shared,
        status: &watch::Receiver<Status>,
    ) -> Arc<Shares> {
        let (numbers, notify) = (Arc::clone(&self.numbers), Arc::clone(&self.notify));
        let shares = Shares::new(limiter.service().clone(), numbers, notify);
        let shares = Arc::new(shares);
        let members = self.members.get_or_init(|| self.begin(shared, status));
        // A closed client shares nothing any more.
        let _ = members.send(Member {
            limiter: limiter.downgrade(),
            shares: Arc::clone(&shares),
        });
        shares
    }

    fn begin(
        &self,
        shared: &Shared,
        status: &watch::Receiver<Status>,
    ) -> mpsc::UnboundedSender<Member> {
        let (members, joining) = mpsc::unbounded_channel();
        let sharing = Sharing {
            hello: self.hello.clone(),
            notify: Arc::clone(&self.notify),
            joining,
            members: Vec::new(),
            status: status.clone(),
            stop: shared.stop.clone(),
            next_sweep: Instant::now() + SWEEP,
        };
        shared.tasks.spawn(sharing.run());
        members
    }
}

impl Sharing {
    /// Runs until the client is closed.
    async fn run(mut self) {
        let mut backoff = Backoff::default();
        loop {
            let Some(channel) = self.connected().await else {
                return;
            };
            let opened = self.open(channel).await;
            let end = match opened {
                Ok(mut stream) => {
                    backoff.reset();
                    let end = self.serve(&mut stream).await;
                    metrics::gauge!("merak_sdk_quota_connected").set(0.0);
                    self.each(Shares::lose);
                    end
                }
                Err(end) => end,
            };
            let pause = match end {
                End::Closed => return,
                End::Lost(why) => {
                    debug!("global limits are not counted: {why}");
                    backoff.next(draw())
                }
                End::Unknown => {
                    warn!("the control plane does not know global limits: their failover applies");
                    UNKNOWN_PAUSE
                }
            };
            if self.meanwhile(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// The connection, as soon as there is one; none at the end.
    async fn connected(&mut self) -> Option<Channel> {
        let mut status = self.status.clone();
        let connected = async move {
            let is_connected = |status: &Status| matches!(status, Status::Connected(_));
            match status.wait_for(is_connected).await.as_deref() {
                Ok(Status::Connected(channel)) => Some(channel.clone()),
                Ok(Status::Connecting | Status::Lost(_)) | Err(_) => None,
            }
        };
        self.meanwhile(connected).await?
    }

    /// Waits for something, and has limiters go on alone meanwhile; none at the end.
    async fn meanwhile<T>(&mut self, wait: impl Future<Output = T>) -> Option<T> {
        let mut wait = std::pin::pin!(wait);
        let (stop, notify) = (self.stop.clone(), Arc::clone(&self.notify));
        let mut ticks = ticks();
        loop {
            let is_awake = self.is_awake();
            tokio::select! {
                () = stop.cancelled() => return None,
                outcome = &mut wait => return Some(outcome),
                Some(member) = self.joining.recv() => self.members.push(member),
                () = notify.notified() => {}
                _ = ticks.tick(), if is_awake => {}
            }
            self.tick();
        }
    }

    /// Opens a stream, and waits for the welcome.
    async fn open(&mut self, channel: Channel) -> Result<Stream, End> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let hello = v1::QuotaRequest {
            hello: Some(self.hello.clone()),
            ..v1::QuotaRequest::default()
        };
        let opening = async {
            let _ = requests.send(hello).await;
            let mut client = QuotaClient::new(channel);
            let share = client.share(ReceiverStream::new(queue)).await;
            let mut responses = share?.into_inner();
            let first = responses.message().await?;
            let first = first.ok_or_else(|| tonic::Status::unavailable("the stream ended"))?;
            Ok::<_, tonic::Status>((responses, first))
        };
        let opened = self.meanwhile(tokio::time::timeout(OPEN_LIMIT, opening));
        let (responses, first) = match opened.await {
            None => return Err(End::Closed),
            Some(Err(_)) => return Err(End::Lost("no answer in time".to_owned())),
            Some(Ok(Err(status))) if status.code() == Code::Unimplemented => {
                return Err(End::Unknown);
            }
            Some(Ok(Err(status))) => return Err(End::Lost(status.message().to_owned())),
            Some(Ok(Ok(opened))) => opened,
        };
        let process = first.welcome.unwrap_or_default().process;
        info!("the control plane counts global limits");
        metrics::gauge!("merak_sdk_quota_connected").set(1.0);
        self.each(|shares, now| shares.welcome(process, first.made_at(), now));
        Ok(Stream {
            requests,
            responses,
            process,
            made_at: (first.made_at(), Instant::now()),
            awaited_since: None,
        })
    }

    /// Asks and takes answers until the stream is lost.
    async fn serve(&mut self, stream: &mut Stream) -> End {
        let (stop, notify) = (self.stop.clone(), Arc::clone(&self.notify));
        let mut ticks = ticks();
        loop {
            let is_awake = self.is_awake();
            // An answer is no reason to ask again before the next tick, which is due at once after a pause.
            let is_due = tokio::select! {
                () = stop.cancelled() => return End::Closed,
                response = stream.responses.message() => match response {
                    Ok(Some(response)) => {
                        stream.awaited_since = None;
                        stream.made_at = (response.made_at(), Instant::now());
                        self.each(|shares, now| shares.receive(&response, now));
                        false
                    }
                    Ok(None) => return End::Lost("the control plane ended the stream".to_owned()),
                    Err(status) => return End::Lost(status.message().to_owned()),
                },
                Some(member) = self.joining.recv() => {
                    if let Some(now) = member.limiter.now() {
                        let (made_at, since) = stream.made_at;
                        let made_at = made_at.plus(since.elapsed());
                        member.shares.welcome(stream.process, made_at, now);
                        self.members.push(member);
                    }
                    false
                }
                () = notify.notified() => false,
                _ = ticks.tick(), if is_awake || stream.awaited_since.is_some() => true,
            };
            if stream.is_overdue() {
                return End::Lost(format!("no answer within {ANSWER_LIMIT:?}"));
            }
            if is_due && !self.ask(stream) {
                return End::Lost("the control plane ended the stream".to_owned());
            }
        }
    }

    /// Sends what the limiters have to tell; whether the stream takes it.
    fn ask(&mut self, stream: &mut Stream) -> bool {
        let permit = match stream.requests.try_reserve() {
            Ok(permit) => permit,
            Err(mpsc::error::TrySendError::Full(())) => return true,
            Err(mpsc::error::TrySendError::Closed(())) => return false,
        };
        let requests = self.tick();
        let Some(request) = requests.into_iter().reduce(merged) else {
            return true;
        };
        if !request.asks.is_empty() {
            stream.awaited_since.get_or_insert_with(Instant::now);
        }
        permit.send(request);
        true
    }

    /// What the limiters have to tell.
    fn tick(&mut self) -> Vec<v1::QuotaRequest> {
        let is_sweep_due = Instant::now() >= self.next_sweep;
        let mut requests = Vec::new();
        self.each(|shares, now| {
            if is_sweep_due {
                shares.forget_unused();
            }
            requests.extend(shares.tick(now));
        });
        if is_sweep_due {
            self.next_sweep = Instant::now() + SWEEP;
        }
        requests
    }

    fn is_awake(&self) -> bool {
        self.members.iter().any(|member| member.shares.is_awake())
    }

    /// Does something with each limiter that is still there, by its clock.
    fn each(&mut self, mut act: impl FnMut(&Shares, Moment)) {
        self.members.retain(|member| {
            let Some(now) = member.limiter.now() else {
                return false;
            };
            act(&member.shares, now);
            true
        });
    }
}

impl Stream {
    fn is_overdue(&self) -> bool {
        let awaited = self.awaited_since;
        awaited.is_some_and(|since| since.elapsed() >= ANSWER_LIMIT)
    }
}

fn ticks() -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

fn merged(mut one: v1::QuotaRequest, other: v1::QuotaRequest) -> v1::QuotaRequest {
    one.open.extend(other.open);
    one.asks.extend(other.asks);
    one.close.extend(other.close);
    one
}
