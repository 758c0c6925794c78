//! The one task that does the client's I/O.
//!
//! It connects to one address after the other, opens the streams, moves messages between them and the
//! state machines ([`Session`], [`KeepAlive`]), and publishes what they learn. When the control plane
//! is away, everything that was published stays.

mod connection;
mod keeping;
mod limits;
mod membership;

use std::{future::Future, ops::ControlFlow, pin::Pin, sync::Arc, time::Duration};

use merak_model::ServiceKey;
use merak_proto::v1;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, Sleep},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::transport::{Channel, Endpoint};
use tracing::{debug, info, warn};

use crate::{
    Error, Result, ServiceState,
    backoff::Backoff,
    claims::{Claims, Generation},
    disk::Disk,
    keepalive::{InstanceKey, KeepAlive, Kept},
    limits::{LimitCell, LimitRules, Limits},
    services::{Cell, Services},
    session::{Effect, Session},
};
use connection::{Connection, Incoming};
pub(crate) use keeping::Keeping;
pub(crate) use membership::Membership;

/// How long one try to connect, or to open a stream, may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How often a connection without traffic is asked whether it is alive, and how long it may take.
const PING: Duration = Duration::from_secs(10);

/// How long a refused subscription waits before it is tried again.
const REFUSED_RETRY: Duration = Duration::from_secs(10);

/// A snapshot of 100,000 instances has some 20 MB.
const MESSAGE_LIMIT_BYTES: usize = 64 << 20;

/// What the rest of the client asks of the task.
pub(crate) enum Command {
    /// A service is used for the first time.
    Subscribe(Arc<Cell>),
    /// What the disk had of it, if anything.
    Resume(Arc<Cell>, Option<(String, ServiceState)>),
    /// The calls of a service are limited for the first time.
    SubscribeLimits(Arc<LimitCell>),
    /// What the disk had of its limits, if anything.
    ResumeLimits(Arc<LimitCell>, Option<(String, LimitRules)>),
    /// An instance was registered: keep it alive.
    KeepAlive(InstanceKey, Kept),
    /// An instance that is kept alive was registered again.
    Reattach(InstanceKey),
    /// An instance has left, or is no longer to be kept alive.
    Forget(InstanceKey, Generation),
    /// An instance is to leave.
    Leave(InstanceKey, Generation),
}

/// How the connection to the control plane stands.
#[derive(Debug, Clone)]
pub(crate) enum Status {
    /// The first try is under way.
    Connecting,
    Connected(Channel),
    Lost(String),
}

/// What the task and the rest of the client share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) services: Arc<Services>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) claims: Arc<Claims>,
    pub(crate) commands: mpsc::UnboundedSender<Command>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Shared {
    /// Asks something of the task.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub(crate) fn tell(&self, command: Command) -> Result<()> {
        self.commands.send(command).map_err(|_| Error::Closed)
    }
}

pub(crate) struct Driver {
    pub(crate) addresses: Vec<Endpoint>,
    pub(crate) idle_timeout: Duration,
    /// When services age next: each half of the idle timeout, while there is a connection.
    pub(crate) next_sweep: Pin<Box<Sleep>>,
    pub(crate) shared: Shared,
    /// One command for each thing that the application asked for.
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) session: Session,
    pub(crate) keepalive: KeepAlive,
    pub(crate) started: Instant,
    /// When refused subscriptions are tried again, if there are some.
    pub(crate) retry_at: Option<Instant>,
    pub(crate) keeping: Keeping,
}

/// The endpoint of an address, with our limits.
pub(crate) fn endpoint(address: &str) -> Result<Endpoint, tonic::transport::Error> {
    Ok(Endpoint::from_shared(address.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .keep_alive_while_idle(true))
}

impl Driver {
    /// Runs until the client is closed.
    pub(crate) async fn run(mut self) {
        fastrand::shuffle(&mut self.addresses);
        let mut backoff = Backoff::default();
        for turn in 0_usize.. {
            let endpoint = self.addresses[turn % self.addresses.len()].clone();
            match self.live_on(&endpoint, &mut backoff).await {
                ControlFlow::Break(()) => break,
                ControlFlow::Continue(why) => self.lose(&endpoint, why),
            }
            let pause = tokio::time::sleep(backoff.next(fastrand::u64(..)));
            if self.meanwhile(pause).await.is_none() {
                break;
            }
        }
        self.status
            .send_replace(Status::Lost("the client is closed".to_owned()));
        self.keeping.finish(&self.shared.tasks).await;
    }

    /// Connects and serves until the connection is lost, and why it was; breaks at the end.
    async fn live_on(
        &mut self,
        endpoint: &Endpoint,
        backoff: &mut Backoff,
    ) -> ControlFlow<(), String> {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, endpoint.connect());
        let channel = match self.meanwhile(connecting).await {
            None => return ControlFlow::Break(()),
            Some(Ok(Ok(channel))) => channel,
            Some(Ok(Err(failure))) => return ControlFlow::Continue(describe(&failure)),
            Some(Err(_)) => return ControlFlow::Continue("no answer in time".to_owned()),
        };
        let mut connection = Connection::open(channel, self.session.open());
        connection.keep_alive(self.keepalive.open(self.started.elapsed()));
        let ended = self.serve(&mut connection).await;
        if ended.is_break() {
            self.leave_all(&mut connection);
        }
        if matches!(*self.status.borrow(), Status::Connected(_)) {
            backoff.reset();
            metrics::gauge!("merak_sdk_connected").set(0.0);
        }
        self.session.close();
        self.keepalive.close();
        ended
    }

    /// Deregisters every instance at the end, also those that were registered just before it.
    fn leave_all(&mut self, connection: &mut Connection) {
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            self.take(command, Some(connection));
        }
        for (key, generation) in self.keepalive.keys() {
            self.leave(key, generation, connection);
        }
    }

    fn lose(&mut self, endpoint: &Endpoint, why: String) {
        let was_connected = matches!(*self.status.borrow(), Status::Connected(_));
        let address = endpoint.uri();
        if was_connected {
            warn!(%address, "lost the control plane, going on with what is known: {why}");
        } else {
            debug!(%address, "cannot connect: {why}");
        }
        metrics::counter!("merak_sdk_lost_connections_total").increment(1);
        self.status
            .send_replace(Status::Lost(format!("{address}: {why}")));
        for cell in self.shared.services.all() {
            cell.fall_back();
        }
        for cell in self.shared.limits.all() {
            cell.fall_back();
        }
    }

    /// Waits for something that is no stream, and takes commands meanwhile; none at the end.
    async fn meanwhile<T>(&mut self, wait: impl Future<Output = T>) -> Option<T> {
        let mut wait = std::pin::pin!(wait);
        loop {
            tokio::select! {
                () = self.shared.stop.cancelled() => return None,
                outcome = &mut wait => return Some(outcome),
                Some(command) = self.commands.recv() => self.take(command, None),
                () = self.keeping.due() => self.keeping.write(&self.shared.tasks),
            }
        }
    }

    /// Moves messages until the connection is lost, and why it was; breaks at the end.
    async fn serve(&mut self, connection: &mut Connection) -> ControlFlow<(), String> {
        let stop = self.shared.stop.clone();
        loop {
            let beat_at = self.keepalive.next_beat().map(|at| self.started + at);
            tokio::select! {
                () = stop.cancelled() => return ControlFlow::Break(()),
                Some(command) = self.commands.recv() => self.take(command, Some(connection)),
                incoming = connection.next() => match incoming {
                    Incoming::Welcome(update) => self.enter(update, connection),
                    Incoming::Update(update) => self.receive(update, connection),
                    Incoming::Unknown(unknown) => self.register_again(unknown, connection),
                    Incoming::Lost(why) => return ControlFlow::Continue(why),
                },
                () = sleep_until(beat_at) => {
                    connection.keep_alive(self.keepalive.beat(self.started.elapsed()));
                }
                () = self.keeping.due() => self.keeping.write(&self.shared.tasks),
                () = sleep_until(self.retry_at) => {
                    self.retry_at = None;
                    connection.send(self.session.retry());
                }
                () = &mut self.next_sweep, if connection.is_welcome() => self.sweep(connection),
            }
        }
    }

    /// Unsubscribes from idle services. They age by time, not by connections.
    fn sweep(&mut self, connection: &Connection) {
        self.next_sweep = Box::pin(tokio::time::sleep(self.idle_timeout / 2));
        for idle in self.shared.services.sweep() {
            debug!(service = %idle, "unsubscribed from an idle service");
            connection.send(self.session.unsubscribe(&idle));
        }
        self.sweep_limits(connection);
    }

    fn take(&mut self, command: Command, mut connection: Option<&mut Connection>) {
        match command {
            Command::Subscribe(cell) => self.begin(cell),
            Command::Resume(cell, left) => {
                let request = self.resume(&cell, left);
                if let Some(connection) = connection {
                    connection.send(request);
                }
            }
            Command::SubscribeLimits(cell) => self.begin_limits(cell),
            Command::ResumeLimits(cell, left) => {
                let request = self.resume_limits(&cell, left);
                if let Some(connection) = connection {
                    connection.send(request);
                }
            }
            Command::KeepAlive(key, kept) => {
                let said = self.keepalive.add(key, kept);
                if let Some(connection) = connection {
                    connection.keep_alive(said);
                }
            }
            Command::Reattach(key) => {
                if let Some(connection) = connection {
                    connection.keep_alive(self.keepalive.attach_again(&key));
                }
            }
            Command::Forget(key, generation) => {
                self.forget(&key, generation, connection);
            }
            Command::Leave(key, generation) => {
                self.forget(&key, generation, connection.as_deref_mut());
                match connection {
                    Some(connection) => self.leave(key, generation, connection),
                    // The end of its stream has told the control plane already.
                    None => self.shared.claims.release(&key, generation),
                }
            }
        }
    }

    fn forget(
        &mut self,
        key: &InstanceKey,
        generation: Generation,
        connection: Option<&mut Connection>,
    ) {
        let said = self.keepalive.remove(key, generation);
        if let Some(connection) = connection {
            connection.keep_alive(said);
        }
    }

    fn leave(&self, key: InstanceKey, generation: Generation, connection: &Connection) {
        let membership = self.membership(connection);
        self.shared.tasks.spawn(membership.leave(key, generation));
    }

    fn membership(&self, connection: &Connection) -> Membership {
        Membership {
            channel: connection.channel.clone(),
            shared: self.shared.clone(),
        }
    }

    /// Looks on the disk for what an earlier run left, beside the task.
    fn begin(&self, cell: Arc<Cell>) {
        let commands = self.shared.commands.clone();
        let key = Arc::clone(&cell.key);
        let resume = move |left| {
            // The client may be closed by now.
            let _ = commands.send(Command::Resume(cell, left));
        };
        self.look(|disk, key| disk.read(key), key, resume);
    }

    /// Reads something of a service from the disk, beside the task; nothing where there is no disk.
    fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Disk, &Arc<ServiceKey>) -> Option<T> + Send + 'static,
        key: Arc<ServiceKey>,
        then: impl FnOnce(Option<T>) + Send + 'static,
    ) {
        let Some(disk) = self.keeping.disk().cloned() else {
            return then(None);
        };
        let reading = self
            .shared
            .tasks
            .spawn_blocking(move || then(read(&disk, &key)));
        drop(reading);
    }

    fn resume(
        &mut self,
        cell: &Arc<Cell>,
        left: Option<(String, ServiceState)>,
    ) -> Vec<v1::SyncRequest> {
        if let Some((_, state)) = &left {
            cell.leave(Arc::new(state.clone()));
            if matches!(*self.status.borrow(), Status::Lost(_)) {
                cell.fall_back();
            }
        }
        let left = left.as_ref().map(|(epoch, state)| (epoch.as_str(), state));
        self.session.subscribe(&cell.key, left)
    }

    /// The control plane took the stream.
    fn enter(&mut self, welcome: v1::SyncResponse, connection: &Connection) {
        info!("connected to the control plane");
        metrics::gauge!("merak_sdk_connected").set(1.0);
        let epoch = self.session.epoch().to_owned();
        self.receive(welcome, connection);
        if !epoch.is_empty() && *self.session.epoch() != epoch {
            // A control plane with another history may know the instances in an older form.
            self.register(self.keepalive.registrations(), connection);
        }
        let connected = Status::Connected(connection.channel.clone());
        self.status.send_replace(connected);
    }

    fn receive(&mut self, update: v1::SyncResponse, connection: &Connection) {
        for effect in self.session.receive(update) {
            match effect {
                Effect::Send(request) => connection.send([request]),
                Effect::Publish(state) => self.publish(state),
                Effect::Limit(rules) => self.limit(rules),
                Effect::Unlimited(key, why) => self.go_unlimited(&key, &why),
                Effect::Refused(key, why) => {
                    warn!(service = %key, "the control plane refused a subscription: {why}");
                    if let Some(cell) = self.find(&key) {
                        cell.refuse(Error::Refused(why));
                    }
                    let retry_at = Instant::now() + REFUSED_RETRY;
                    self.retry_at.get_or_insert(retry_at);
                }
            }
        }
    }

    fn publish(&mut self, state: ServiceState) {
        metrics::counter!("merak_sdk_updates_total").increment(1);
        if let Some(cell) = self.find(state.service()) {
            let state = cell.publish(state);
            self.keeping.push(self.session.epoch(), &cell.key, &state);
        }
    }

    fn find(&self, key: &ServiceKey) -> Option<Arc<Cell>> {
        let services = &self.shared.services;
        services.find(key.namespace.as_str(), key.service.as_str())
    }

    /// Registers what the control plane does not know and is still wanted.
    fn register_again(&self, unknown: Vec<v1::InstanceKey>, connection: &Connection) {
        let known = unknown.into_iter().filter_map(|key| key.try_into().ok());
        let wanted = known.filter_map(|key: InstanceKey| self.keepalive.find(&key).cloned());
        self.register(wanted.collect(), connection);
    }

    fn register(&self, registrations: Vec<Kept>, connection: &Connection) {
        for kept in registrations {
            let again = self.membership(connection).register_again(kept);
            self.shared.tasks.spawn(again);
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A transport error says little; its cause says more.
pub(crate) fn describe(failure: &dyn std::error::Error) -> String {
    let mut innermost = failure;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
