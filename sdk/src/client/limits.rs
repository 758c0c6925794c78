//! Limiting calls by the rules of the control plane.

use merak_model::{Call, ServiceKey};
use tokio::time::timeout;
use tracing::warn;

use super::Client;
use crate::{
    Error, Result,
    driver::Command,
    limiter::{Admission, LimitExplanation, Limiter, Permit},
    limits::Known,
};

impl Client {
    /// The rate limits of a service, by name in the client's namespace, which obey its rules as they are
    /// pushed; a service protects itself with them.
    ///
    /// The first use subscribes to the rules and waits for them as long as
    /// [`first_sync_timeout`](crate::ClientBuilder::first_sync_timeout) says. Where none came by then, it
    /// goes on with those that [`cache_dir`](crate::ClientBuilder::cache_dir) has, or without any, and
    /// obeys those that come later: a control plane that is away keeps no service from starting. Rules
    /// stay subscribed while a clone of the limiter is held.
    ///
    /// ```no_run
    /// # async fn example() -> merak_sdk::Result<()> {
    /// # let router = axum::Router::<()>::new();
    /// use merak_sdk::{Client, limiter::LimitLayer};
    ///
    /// let client = Client::builder("http://127.0.0.1:8091").service("micro-pay").build()?;
    /// let limiter = client.limiter("micro-pay").await?;
    /// let router = router.layer(LimitLayer::http(limiter));
    /// # let _ = router;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] when the name is not valid; [`Error::Closed`].
    pub async fn limiter(&self, service: &str) -> Result<Limiter> {
        self.limits_of(&self.key(service)?).await
    }

    /// Whether a call to a service may go through now, later, or not, by the rate limit rules of that
    /// service. This client counts it.
    ///
    /// The first use of a service is that of [`Client::limiter`]; later ones read memory.
    ///
    /// # Errors
    /// As [`Client::limiter`].
    pub async fn acquire(&self, call: &Call<'_>) -> Result<Admission> {
        let namespace = call.namespace().unwrap_or(self.inner.namespace.as_str());
        let limits = &self.inner.shared.limits;
        let acquired = limits.with(namespace, call.service(), |cell| {
            cell.is_known().then(|| cell.limiter().acquire(call))
        });
        if let Some(Some(admission)) = acquired {
            return Ok(admission);
        }
        let limiter = self.limits_of_call(call).await?;
        Ok(limiter.acquire(call))
    }

    /// What every rate limit rule says of a call, without counting it.
    ///
    /// # Errors
    /// As [`Client::limiter`].
    pub async fn explain_limit(&self, call: &Call<'_>) -> Result<LimitExplanation> {
        let limiter = self.limits_of_call(call).await?;
        Ok(limiter.explain_limit(call))
    }

    /// Leave for a call that this client makes, when its turn has come.
    pub(crate) async fn permit<'c>(&'c self, call: Call<'c>) -> Result<Permit> {
        let call = call.from_caller(&self.inner.caller);
        match self.acquire(&call).await? {
            Admission::Permitted(permit) => Ok(permit),
            Admission::Waiting(wait) => Ok(wait.turn().await),
            Admission::Rejected(rejected) => Err(Error::Limited(rejected)),
        }
    }

    async fn limits_of_call(&self, call: &Call<'_>) -> Result<Limiter> {
        let namespace = call.namespace().unwrap_or(self.inner.namespace.as_str());
        let key = ServiceKey::parse(namespace, call.service())?;
        self.limits_of(&key).await
    }

    async fn limits_of(&self, key: &ServiceKey) -> Result<Limiter> {
        let shared = &self.inner.shared;
        if shared.stop.is_cancelled() {
            return Err(Error::Closed);
        }
        let (cell, is_first) = shared.limits.enter(key);
        let mut known = cell.watch();
        if is_first {
            cell.limiter().join(self);
            shared.tell(Command::SubscribeLimits(std::sync::Arc::clone(&cell)))?;
        }
        let told = known.wait_for(|known| *known != Known::Nothing);
        let told = shared.stop.run_until_cancelled(told);
        match timeout(self.inner.first_sync_timeout, told).await {
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_)) | None) => return Err(Error::Closed),
            Err(_) if cell.go_on() == Known::Unprotected => {
                let connection = self.inner.explain_silence();
                warn!(service = %key, "no rate limits came, calls go through: {connection}");
            }
            Err(_) => {}
        }
        Ok(cell.limiter().clone())
    }
}
