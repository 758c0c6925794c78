//! Connections to the instances of one service.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use merak_model::{Instance, InstanceId};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::DropGuard;
use tonic::transport::{Channel, Endpoint};

use crate::{
    ServiceState,
    driver::{self, describe},
    services::News,
};

/// How long connecting to an instance may take before another one is tried.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How often an instance that owes an answer and says nothing is asked whether it is alive. It is not
/// asked while nothing is under way: many gRPC servers take that for an attack.
const PING: Duration = Duration::from_secs(30);

/// How long it has for the answer; then the connection is given up.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that is being made, or was made; who waits for it shares it.
pub(super) type Link = Shared<BoxFuture<'static, Result<Channel, String>>>;

/// Connections by instance.
#[derive(Default)]
pub(super) struct Pool {
    links: Mutex<HashMap<InstanceId, (String, Link)>>,
    /// Ends what follows the service.
    follower: OnceLock<DropGuard>,
}

impl Pool {
    /// Whether connections are closed when their instances leave.
    pub(super) fn is_following(&self) -> bool {
        self.follower.get().is_some()
    }

    /// Closes the connection to each instance that leaves from now on.
    pub(super) fn follow(self: &Arc<Self>, mut news: watch::Receiver<News>, of: &driver::Shared) {
        let end = of.stop.child_token();
        if self.follower.set(end.clone().drop_guard()).is_err() {
            return;
        }
        let pool = Arc::downgrade(self);
        let following = async move {
            while news.changed().await.is_ok() {
                let Some(pool) = pool.upgrade() else { return };
                if let Ok(state) = &*news.borrow_and_update() {
                    pool.forget_those_that_left(state);
                }
            }
        };
        of.tasks.spawn(async move {
            end.run_until_cancelled(following).await;
        });
    }

    /// The connection to an instance, which is made where there is none.
    pub(super) fn link(&self, instance: &Instance) -> Link {
        let address = instance.address();
        let mut links = self.links.lock();
        match links.get(&instance.id) {
            Some((of, link)) if *of == address => link.clone(),
            Some(_) | None => {
                let link = open(address.clone()).boxed().shared();
                links.insert(instance.id.clone(), (address, link.clone()));
                link
            }
        }
    }

    /// Makes no further use of a connection that failed.
    pub(super) fn forget(&self, id: &InstanceId, link: &Link) {
        let mut links = self.links.lock();
        if links.get(id).is_some_and(|(_, other)| other.ptr_eq(link)) {
            links.remove(id);
        }
    }

    fn forget_those_that_left(&self, state: &ServiceState) {
        let mut links = self.links.lock();
        links.retain(|id, _| state.find_instance(id).is_some());
    }
}

async fn open(address: String) -> Result<Channel, String> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"));
    let endpoint = endpoint.map_err(|failure| describe(&failure))?;
    let endpoint = endpoint
        .tcp_nodelay(true)
        .http2_keep_alive_interval(PING)
        .keep_alive_timeout(PING_TIMEOUT);
    match tokio::time::timeout(CONNECT_TIMEOUT, endpoint.connect()).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(failure)) => Err(describe(&failure)),
        Err(_) => Err(format!("no connection within {CONNECT_TIMEOUT:?}")),
    }
}
