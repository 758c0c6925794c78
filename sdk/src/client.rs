//! The client: what applications hold.

mod builder;
mod limits;

use std::{sync::Arc, time::Duration};

use merak_model::{
    Call, NamespaceName, Revision, ServiceKey, ServiceName, call::Caller, routing::Explanation,
};
use merak_proto::v1::{self, registry_client::RegistryClient};
use tokio::{
    sync::watch,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::DropGuard;
use tonic::{Code, Status as RpcStatus, transport::Channel};

use crate::{
    CallerIdentity, Error, Origin, Picked, Refusal, Registered, Registration, Result, Service,
    ServiceChannel, ServiceState, Watch,
    claims::Turn,
    driver::{Command, Membership, Shared, Status},
    handles::Leaving,
    keepalive::{InstanceKey, Kept},
    limiter::{Limiter, Shares},
    quota::Quota,
    services::{Cell, News, Services},
};
pub use builder::ClientBuilder;

/// A client of the control plane; clones share one connection.
///
/// When the last clone and the last handle are gone, the client ends by itself.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    namespace: NamespaceName,
    addresses: Vec<String>,
    first_sync_timeout: Duration,
    request_timeout: Duration,
    pub(crate) shared: Shared,
    status: watch::Receiver<Status>,
    identity: CallerIdentity,
    caller: Arc<Caller>,
    quota: Quota,
    _stop_with_the_last: DropGuard,
}

impl Client {
    /// Begins a client of the control plane at an address such as `http://127.0.0.1:8091`.
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(address.into())
    }

    /// Joins a service, and stays in it until the returned handle is dropped.
    ///
    /// The answer means that the registration is on the control plane's disk and visible to everyone.
    /// From then on the client keeps it alive, and registers it again wherever it got lost.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::Refused`] for good; [`Error::Unavailable`] when the control plane
    /// did not answer within the request timeout.
    pub async fn register(&self, registration: Registration) -> Result<Registered> {
        let inner = &self.inner;
        let registration = registration.parse(&inner.namespace)?;
        let deadline = inner.deadline();
        let key: InstanceKey = (registration.service.clone(), registration.instance_id());
        let turn = inner.turn(&key, deadline).await?;
        let request = v1::RegisterRequest::from(&registration);
        let register = |channel| {
            let request = request.clone();
            async move { RegistryClient::new(channel).register(request).await }
        };
        let (channel, answer) = inner.call(deadline, register).await?;
        let generation = turn.claim();
        let is_static = registration.spec.health_check.ttl().is_none();
        let (command, leaving) = if is_static {
            // An earlier registration of the instance may have been one that beats.
            let command = Command::Forget(key.clone(), generation);
            (command, Leaving::Stay)
        } else {
            let kept = Kept {
                generation,
                registration,
            };
            (Command::KeepAlive(key.clone(), kept), Leaving::Leave)
        };
        if let Err(closed) = inner.shared.tell(command) {
            drop(turn);
            let shared = inner.shared.clone();
            let membership = Membership { channel, shared };
            Box::pin(membership.leave(key, generation)).await;
            return Err(closed);
        }
        let revision = Revision(answer.revision);
        let inner = Arc::clone(inner);
        Ok(Registered::new(inner, (key, generation), revision, leaving))
    }

    /// The instance that a call goes to, chosen by the balancer of the call or of the service from those
    /// that the rules leave: healthy, not isolated. Keep it until the call ends.
    ///
    /// The first use of a service waits for its state, later ones cost some hundred nanoseconds.
    ///
    /// # Errors
    /// [`Error::NoInstance`], [`Error::Rejected`] and [`Error::Absent`]; at the first use also [`Error::FirstSync`].
    pub async fn pick(&self, call: &Call<'_>) -> Result<Picked> {
        let namespace = call.namespace().unwrap_or(self.inner.namespace.as_str());
        let picked = self
            .inner
            .shared
            .services
            .with(namespace, call.service(), |cell| {
                cell.with_state(|state| {
                    let is_known = state.is_known();
                    is_known.then(|| state.pick(call, draw(), Instant::now))
                })
            });
        if let Some(Some(picked)) = picked {
            return picked;
        }
        let key = ServiceKey::parse(namespace, call.service())?;
        let cell = self.inner.synced(&key).await?;
        cell.with_state(|state| state.pick(call, draw(), Instant::now))
    }

    /// Why a call would go where, decided by the code that picks, from what the client knows now.
    ///
    /// # Errors
    /// [`Error::FirstSync`] when the service's state did not arrive in time.
    pub async fn explain(&self, call: &Call<'_>) -> Result<Explanation> {
        let namespace = call.namespace().unwrap_or(self.inner.namespace.as_str());
        let key = ServiceKey::parse(namespace, call.service())?;
        let state = self.inner.synced(&key).await?.state();
        Ok(state.explain(call, Some(draw())))
    }

    /// A handle of a service, which picks without waiting and keeps the service subscribed.
    ///
    /// `service` is the name of a service in the client's namespace.
    ///
    /// # Errors
    /// [`Error::FirstSync`] when its state did not arrive in time.
    pub async fn service(&self, service: &str) -> Result<Service> {
        let cell = self.inner.synced(&self.inner.key(service)?).await?;
        Ok(Service::new(cell, Arc::clone(&self.inner)))
    }

    /// What is known of a service: all its instances, whatever their health.
    ///
    /// # Errors
    /// [`Error::Absent`] when it does not exist; [`Error::FirstSync`] when its state did not arrive in
    /// time.
    pub async fn instances(&self, service: &str) -> Result<Arc<ServiceState>> {
        let cell = self.inner.synced(&self.inner.key(service)?).await?;
        let state = cell.with_state(|_| cell.state());
        if state.origin() == Origin::Absent {
            return Err(Error::Absent(state.service().clone()));
        }
        Ok(state)
    }

    /// Each newest state of a service from now on.
    pub(crate) async fn news_of(&self, key: &ServiceKey) -> Result<watch::Receiver<News>> {
        Ok(self.inner.synced(key).await?.watch())
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    /// The key of a service in the client's namespace.
    pub(crate) fn key(&self, service: &str) -> Result<ServiceKey> {
        self.inner.key(service)
    }

    /// Has the control plane count for the global rules of a limiter.
    pub(crate) fn share(&self, limiter: &Limiter) -> Arc<Shares> {
        let inner = &self.inner;
        inner.quota.join(limiter, &inner.shared, &inner.status)
    }

    /// Who servers are told that this client is.
    pub(crate) fn identity(&self) -> &CallerIdentity {
        &self.inner.identity
    }

    /// Follows a service: its state, and then each newest state. A slow reader gets fewer of them and
    /// never misses the newest. An absent service is a state as well.
    ///
    /// # Errors
    /// [`Error::FirstSync`] when its state did not arrive in time.
    pub async fn watch(&self, service: &str) -> Result<Watch> {
        let cell = self.inner.synced(&self.inner.key(service)?).await?;
        Ok(Watch::new(&cell, Arc::clone(&self.inner)))
    }

    /// A transport for tonic clients that finds an instance of the service for each request; one that reaches
    /// none fails with `UNAVAILABLE` and the reason.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the name is not valid.
    pub fn channel(&self, service: &str) -> Result<ServiceChannel> {
        Ok(ServiceChannel::new(self.clone(), self.inner.key(service)?))
    }

    /// Leaves every service that this client registered for, and ends.
    ///
    /// Handles that are still held do nothing from then on.
    pub async fn close(self) {
        let shared = &self.inner.shared;
        shared.stop.cancel();
        shared.tasks.close();
        shared.tasks.wait().await;
    }
}

impl Inner {
    fn key(&self, service: &str) -> Result<ServiceKey> {
        Ok(ServiceKey::new(
            self.namespace.clone(),
            ServiceName::parse(service)?,
        ))
    }

    /// A service whose state is known; concurrent first uses share one wait.
    pub(crate) async fn synced(&self, key: &ServiceKey) -> Result<Arc<Cell>> {
        let (services, stop): (&Services, _) = (&self.shared.services, &self.shared.stop);
        if stop.is_cancelled() {
            return Err(Error::Closed);
        }
        let (cell, is_first) = services.enter(key);
        let mut news = cell.watch();
        if is_first {
            self.shared.tell(Command::Subscribe(Arc::clone(&cell)))?;
        }
        let is_answered = |news: &Result<Arc<ServiceState>>| match news {
            Ok(state) => state.is_known(),
            Err(_) => true,
        };
        let answered = stop.run_until_cancelled(news.wait_for(is_answered));
        match timeout(self.first_sync_timeout, answered).await {
            Ok(Some(Ok(news))) => news.clone()?,
            Ok(Some(Err(_)) | None) => return Err(Error::Closed),
            Err(_) => {
                cell.fall_back();
                let state = cell.state();
                if !state.is_known() {
                    return Err(self.first_sync_failure(key));
                }
                state
            }
        };
        Ok(cell)
    }

    fn first_sync_failure(&self, key: &ServiceKey) -> Error {
        Error::FirstSync {
            service: key.clone(),
            waited: self.first_sync_timeout,
            connection: self.explain_silence(),
        }
    }

    /// How the connection stands when there was no answer in time.
    fn explain_silence(&self) -> String {
        let addresses = self.addresses.join(", ");
        match &*self.status.borrow() {
            Status::Connecting => format!("still connecting to {addresses}"),
            Status::Connected(_) => format!("connected to one of {addresses}, no answer"),
            Status::Lost(why) => format!("not connected, tried {addresses}; last: {why}"),
        }
    }

    /// Until when a request that begins now is to be answered.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.request_timeout)
    }

    /// The turn to speak of an instance.
    pub(crate) async fn turn(&self, key: &InstanceKey, deadline: Option<Instant>) -> Result<Turn> {
        let turn = until(deadline, self.shared.claims.turn(key)).await;
        turn.ok_or_else(|| {
            let why = format!(
                "an earlier request for instance `{}` is not answered",
                key.1
            );
            Error::Unavailable(why)
        })
    }

    /// Calls the control plane as soon as there is a connection, and again where it is unavailable;
    /// the answer, and the connection that it came on.
    pub(crate) async fn call<T, F>(
        &self,
        deadline: Option<Instant>,
        call: impl Fn(Channel) -> F,
    ) -> Result<(Channel, T)>
    where
        F: Future<Output = Result<tonic::Response<T>, RpcStatus>>,
    {
        let mut last = None;
        let tries = async {
            let mut status = self.status.clone();
            let mut backoff = crate::backoff::Backoff::default();
            loop {
                let connected = |status: &Status| matches!(status, Status::Connected(_));
                let channel = match status.wait_for(connected).await.as_deref() {
                    Ok(Status::Connected(channel)) => channel.clone(),
                    Ok(Status::Connecting | Status::Lost(_)) | Err(_) => return Err(Error::Closed),
                };
                match Box::pin(call(channel.clone())).await {
                    Ok(answer) => return Ok((channel, answer.into_inner())),
                    Err(status) if is_temporary(&status) => {
                        last = Some(status.message().to_owned())
                    }
                    Err(status) => return Err(Error::Refused(Refusal::from(&status))),
                }
                tokio::time::sleep(backoff.next(draw())).await;
            }
        };
        let outcome = until(deadline, tries).await;
        outcome.unwrap_or_else(|| {
            let why = last.unwrap_or_else(|| self.explain_silence());
            Err(Error::Unavailable(why))
        })
    }
}

/// What a future gives before the deadline, if there is one.
async fn until<T>(deadline: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}

/// Whether another try may succeed. A connection that breaks under a call is `Unknown` to tonic, and all
/// our calls may be repeated.
fn is_temporary(status: &RpcStatus) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::Unknown | Code::Cancelled
    )
}

/// 64 random bits.
pub(crate) fn draw() -> u64 {
    fastrand::u64(..)
}
