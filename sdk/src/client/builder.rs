//! How a client is to be.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use merak_model::{
    Invalid, Location, Metadata, NamespaceName, Problem, ServiceKey, ServiceName, call::Caller,
    invalid::Form,
};
use merak_proto::v1;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Client, Inner};
use crate::{
    CallerIdentity, Result,
    disk::Disk,
    driver::{Driver, Keeping, Shared, Status, endpoint},
    keepalive::KeepAlive,
    quota::Quota,
    session::Session,
};

/// As many labels as the control plane takes.
const LABEL_LIMIT: usize = 64;

/// The characters of a text of the hello that the control plane takes.
const TEXT_LIMIT: usize = 256;

/// How a client is to be; made by [`Client::builder`].
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    addresses: Vec<String>,
    namespace: String,
    service: String,
    labels: Vec<(String, String)>,
    location: [String; 3],
    cache_dir: Option<PathBuf>,
    first_sync_timeout: Duration,
    request_timeout: Duration,
    idle_timeout: Duration,
}

impl ClientBuilder {
    pub(super) fn new(address: String) -> Self {
        Self {
            addresses: vec![address],
            namespace: NamespaceName::DEFAULT.to_owned(),
            service: String::new(),
            labels: Vec::new(),
            location: Default::default(),
            cache_dir: None,
            first_sync_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(600),
        }
    }

    /// Adds an address of the control plane; the client uses one of them at a time, in random order.
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// The namespace of services that are named without one; `default` by default.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The service that the application itself is, for operators to see and for rules to match; empty by
    /// default.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }

    /// Adds a label by which operators recognise the application, and rules its calls; at most 64, keys of
    /// 1..=128 characters and values of at most 256.
    #[must_use]
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((key.into(), value.into()));
        self
    }

    /// Where the application runs, for nearby rules: region, zone and campus, empty where unknown.
    #[must_use]
    pub fn location(
        mut self,
        region: impl Into<String>,
        zone: impl Into<String>,
        campus: impl Into<String>,
    ) -> Self {
        self.location = [region.into(), zone.into(), campus.into()];
        self
    }

    /// A folder for the last good state of each service, which serves a start while the control plane
    /// is away; none by default.
    #[must_use]
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(folder.into());
        self
    }

    /// How long the first use of a service waits for its state; 5 s by default.
    #[must_use]
    pub fn first_sync_timeout(mut self, timeout: Duration) -> Self {
        self.first_sync_timeout = timeout;
        self
    }

    /// How long a registration or deregistration may take, tries included; 5 s by default.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How long a service that nobody uses or holds stays subscribed; 10 minutes by default, at least
    /// 1 s. It ends between one and one and a half times that after the last use.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout.max(Duration::from_secs(1));
        self
    }

    /// Starts the client, within a tokio runtime. It connects in the background: a control plane that
    /// is away does not keep an application from starting.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) when an address, a name or a label is not valid.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn build(self) -> Result<Client> {
        let namespace = NamespaceName::parse(&self.namespace)?;
        let addresses = self.addresses.iter().map(|address| {
            let words = "the address of a control plane, such as http://127.0.0.1:8091";
            let refused = |_| Invalid::malformed("address", address, Form::Other(words));
            Ok(endpoint(address).map_err(refused)?)
        });
        let addresses = addresses.collect::<Result<Vec<_>>>()?;
        let hello = self.hello(&namespace)?;
        let caller = Arc::new(self.caller(&namespace)?);
        let identity = CallerIdentity {
            namespace: caller.namespace.clone(),
            service: caller.service.clone(),
        };
        let quota = Quota::new(hello.clone());
        let (commands, queue) = mpsc::unbounded_channel();
        let (tell_status, status) = watch::channel(Status::Connecting);
        let shared = Shared {
            services: Arc::default(),
            limits: Arc::default(),
            claims: Arc::default(),
            commands,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let driver = Driver {
            addresses,
            idle_timeout: self.idle_timeout,
            next_sweep: Box::pin(tokio::time::sleep(self.idle_timeout / 2)),
            shared: shared.clone(),
            commands: queue,
            status: tell_status,
            session: Session::new(hello, Arc::clone(&caller)),
            keepalive: KeepAlive::default(),
            started: Instant::now(),
            retry_at: None,
            keeping: Keeping::new(self.disk(Arc::clone(&caller))),
        };
        shared.tasks.spawn(driver.run());
        let inner = Inner {
            namespace,
            addresses: self.addresses,
            first_sync_timeout: self.first_sync_timeout,
            request_timeout: self.request_timeout,
            identity,
            caller,
            quota,
            _stop_with_the_last: shared.stop.clone().drop_guard(),
            shared,
            status,
        };
        Ok(Client {
            inner: Arc::new(inner),
        })
    }

    fn disk(&self, caller: Arc<Caller>) -> Option<Disk> {
        Some(Disk::new(self.cache_dir.as_deref()?, caller))
    }

    /// What rules may look at of the application itself.
    fn caller(&self, namespace: &NamespaceName) -> Result<Caller> {
        let [region, zone, campus] = &self.location;
        let service = Some(self.service.as_str()).filter(|service| !service.is_empty());
        let metadata = self.labels.iter().map(|(key, value)| (key, value));
        Ok(Caller {
            namespace: Some(namespace.clone()),
            service: service.map(ServiceName::parse).transpose()?,
            metadata: Metadata::parse(metadata)?,
            location: Location::parse(region, zone, campus)?,
        })
    }

    fn hello(&self, namespace: &NamespaceName) -> Result<v1::Hello> {
        let labels: HashMap<String, String> = self.labels.iter().cloned().collect();
        check(&labels)?;
        let service = match self.service.as_str() {
            "" => None,
            service => Some(ServiceKey::new(
                namespace.clone(),
                ServiceName::parse(service)?,
            )),
        };
        // Linux says so; elsewhere operators see the address alone.
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Ok(v1::Hello {
            service: service.as_ref().map(Into::into),
            host: host.trim().chars().take(TEXT_LIMIT).collect(),
            sdk: "merak-rust".to_owned(),
            sdk_version: env!("CARGO_PKG_VERSION").to_owned(),
            labels,
            epoch: String::new(),
        })
    }
}

/// Refuses here what the control plane would refuse on each connection.
fn check(labels: &HashMap<String, String>) -> Result<()> {
    let (count, limit) = (labels.len(), LABEL_LIMIT);
    if count > limit {
        return Err(Invalid::new("labels", Problem::TooMany { count, limit }).into());
    }
    for (key, value) in labels {
        for (text, limit) in [(key, Metadata::KEY_LIMIT), (value, TEXT_LIMIT)] {
            let length = text.chars().count();
            if length > limit {
                return Err(Invalid::new("labels", Problem::TooLong { length, limit }).into());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(labels: impl IntoIterator<Item = (String, String)>) -> Result<Client> {
        let builder = Client::builder("http://127.0.0.1:9");
        let labels = labels.into_iter();
        let builder = labels.fold(builder, |builder, (key, value)| builder.label(key, value));
        builder.build()
    }

    #[tokio::test]
    async fn labels_that_the_control_plane_refuses_are_refused_at_once() {
        let long = |length: usize| "é".repeat(length);
        let numbered = |count: usize| (0..count).map(|number| (number.to_string(), long(1)));
        assert!(build(numbered(64)).is_ok());
        assert!(build([(long(128), long(256))]).is_ok());
        let refused = [
            build(numbered(65)),
            build([(long(129), long(1))]),
            build([(long(1), long(257))]),
        ];
        for refused in refused {
            let Err(crate::Error::Invalid(invalid)) = refused else {
                panic!("the control plane would refuse every connection");
            };
            assert_eq!(invalid.field(), "labels");
        }
    }
}
