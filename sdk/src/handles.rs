//! What applications keep: a registration, a service, a watch.

use std::{
    future::Future as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt};
use merak_model::{Call, InstanceId, Revision, ServiceKey};
use merak_proto::v1::{self, registry_client::RegistryClient};
use tokio::time::Instant;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{
    Error, Picked, Result, ServiceState,
    claims::Generation,
    client::{Inner, draw},
    driver::Command,
    keepalive::InstanceKey,
    services::Cell,
};

/// A registration that is kept alive; dropping it leaves the service.
///
/// A static instance is not kept alive, and dropping its handle changes nothing: it stays until it is
/// deregistered.
///
/// Where an instance is registered again, the newest handle of it counts: dropping or deregistering an
/// older one does nothing.
#[must_use = "dropping the registration leaves the service"]
pub struct Registered {
    inner: Arc<Inner>,
    key: InstanceKey,
    generation: Generation,
    revision: Revision,
    leaving: Leaving,
}

/// What the drop of a registration does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// The instance leaves the service.
    Leave,
    /// The instance stays, and nobody speaks for it any more.
    Stay,
    /// The instance has left.
    Gone,
}

impl Registered {
    pub(crate) fn new(
        inner: Arc<Inner>,
        (key, generation): (InstanceKey, Generation),
        revision: Revision,
        leaving: Leaving,
    ) -> Self {
        Self {
            inner,
            key,
            generation,
            revision,
            leaving,
        }
    }

    /// The service that was joined.
    pub fn service(&self) -> &ServiceKey {
        &self.key.0
    }

    /// The id of the instance.
    pub fn id(&self) -> &InstanceId {
        &self.key.1
    }

    /// The revision at which the instance last changed, as the control plane answered.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Leaves the service and waits until everyone sees that.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the control plane did not answer within the request timeout; it
    /// notices the missing heartbeats then.
    pub async fn deregister(mut self) -> Result<()> {
        let shared = &self.inner.shared;
        let deadline = self.inner.deadline();
        let turn = self.inner.turn(&self.key, deadline).await?;
        if !turn.is_newest(self.generation) {
            return Ok(());
        }
        let key: v1::InstanceKey = (&self.key.0, &self.key.1).into();
        let deregister = |channel| {
            let instance = Some(key.clone());
            let request = v1::DeregisterRequest { instance };
            async move { RegistryClient::new(channel).deregister(request).await }
        };
        let answer = self.inner.call(deadline, deregister).await;
        // Also where the call failed, no more beats are sent.
        self.leaving = Leaving::Gone;
        turn.release(self.generation);
        shared.tell(Command::Forget(self.key.clone(), self.generation))?;
        answer.map(|_| ())
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let shared = &self.inner.shared;
        match self.leaving {
            Leaving::Leave => {
                // A client that is closed has left everything already.
                let _ = shared.tell(Command::Leave(self.key.clone(), self.generation));
            }
            Leaving::Stay => shared.claims.release(&self.key, self.generation),
            Leaving::Gone => {}
        }
    }
}

/// A service in use: picks without waiting, and keeps the service subscribed.
///
/// ```no_run
/// # async fn example() -> merak_sdk::Result<()> {
/// use merak_sdk::{Call, Client};
/// let client = Client::builder("http://127.0.0.1:8091").build()?;
/// let orders = client.service("micro-order").await?;
/// let instance = orders.pick(&Call::to("micro-order").path("/api/order/create"))?;
/// println!("calling {}", instance.address());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Service {
    cell: Arc<Cell>,
    _inner: Arc<Inner>,
}

impl Service {
    pub(crate) fn new(cell: Arc<Cell>, inner: Arc<Inner>) -> Self {
        Self {
            cell,
            _inner: inner,
        }
    }

    /// The instance that a call goes to; that the call names this service is for the caller to see to.
    ///
    /// # Errors
    /// [`Error::NoInstance`], [`Error::Rejected`] and [`Error::Absent`].
    pub fn pick(&self, call: &Call<'_>) -> Result<Picked> {
        self.cell
            .with_state(|state| state.pick(call, draw(), Instant::now))
    }

    /// What is known of the service now.
    pub fn state(&self) -> Arc<ServiceState> {
        self.cell.state()
    }
}

/// The states of a service, newest first and then as they come; a [`Stream`].
pub struct Watch {
    states: WatchStream<Result<Arc<ServiceState>, Error>>,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    _inner: Arc<Inner>,
}

impl Watch {
    pub(crate) fn new(cell: &Cell, inner: Arc<Inner>) -> Self {
        Self {
            states: WatchStream::new(cell.watch()),
            closed: Box::pin(inner.shared.stop.clone().cancelled_owned()),
            _inner: inner,
        }
    }

    /// Waits for the next state; none once the client is closed.
    pub async fn next(&mut self) -> Option<Arc<ServiceState>> {
        StreamExt::next(self).await
    }
}

impl Stream for Watch {
    type Item = Arc<ServiceState>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            return match Pin::new(&mut self.states).poll_next(context) {
                Poll::Ready(Some(Ok(state))) => Poll::Ready(Some(state)),
                // A refused subscription has no state, and may have one later.
                Poll::Ready(Some(Err(_))) => continue,
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Pending => self.closed.as_mut().poll(context).map(|()| None),
            };
        }
    }
}
