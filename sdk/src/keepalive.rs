//! Staying registered, as a state machine: which instances are to be attached, and when to beat.
//!
//! One empty message renews every attached instance. It is sent once in the shortest ttl among them;
//! the control plane waits for three times that, so two beats may get lost.

use std::{collections::HashMap, time::Duration};

use merak_model::{InstanceId, Registration, ServiceKey};
use merak_proto::v1;

use crate::claims::Generation;

/// Instances that one message attaches, within the megabyte that the control plane accepts.
const ATTACH_LIMIT: usize = 1000;

/// Names an instance.
pub(crate) type InstanceKey = (ServiceKey, InstanceId);

/// A registration that is kept alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) generation: Generation,
    pub(crate) registration: Registration,
}

/// The instances that the client keeps alive.
#[derive(Debug, Default)]
pub(crate) struct KeepAlive {
    kept: HashMap<InstanceKey, Kept>,
    is_open: bool,
    last_beat: Duration,
}

impl KeepAlive {
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// What the control plane has to be told again on a new connection.
    pub(crate) fn registrations(&self) -> Vec<Kept> {
        self.kept.values().cloned().collect()
    }

    /// Everything that is kept alive.
    pub(crate) fn keys(&self) -> Vec<(InstanceKey, Generation)> {
        let kept = self.kept.iter();
        kept.map(|(key, kept)| (key.clone(), kept.generation))
            .collect()
    }

    /// The registration of an instance that is still wanted.
    pub(crate) fn find(&self, key: &InstanceKey) -> Option<&Kept> {
        self.kept.get(key)
    }

    /// Begins on a new stream, on which the registered instances are attached.
    pub(crate) fn open(&mut self, now: Duration) -> Vec<v1::KeepAliveRequest> {
        (self.is_open, self.last_beat) = (true, now);
        let keys: Vec<&InstanceKey> = self.kept.keys().collect();
        let parts = keys.chunks(ATTACH_LIMIT);
        parts.map(|part| attach(part.iter().copied())).collect()
    }

    /// The stream is gone.
    pub(crate) fn close(&mut self) {
        self.is_open = false;
    }

    /// Keeps an instance alive from now on; it has been registered.
    pub(crate) fn add(&mut self, key: InstanceKey, kept: Kept) -> Option<v1::KeepAliveRequest> {
        let request = attach([&key]);
        self.kept.insert(key, kept);
        self.is_open.then_some(request)
    }

    /// Attaches an instance once more; it has been registered again.
    pub(crate) fn attach_again(&self, key: &InstanceKey) -> Option<v1::KeepAliveRequest> {
        let is_kept = self.kept.contains_key(key);
        (self.is_open && is_kept).then(|| attach([key]))
    }

    /// No longer keeps an instance alive, unless it was registered since.
    pub(crate) fn remove(
        &mut self,
        key: &InstanceKey,
        generation: Generation,
    ) -> Option<v1::KeepAliveRequest> {
        let kept = self.kept.get(key)?;
        if kept.generation > generation {
            return None;
        }
        self.kept.remove(key);
        self.is_open.then(|| v1::KeepAliveRequest {
            detach: vec![wire(key)],
            ..v1::KeepAliveRequest::default()
        })
    }

    /// When the next beat is due, if there is anything to keep alive.
    pub(crate) fn next_beat(&self) -> Option<Duration> {
        let ttls = self.kept.values();
        let ttls = ttls.filter_map(|kept| kept.registration.spec.health_check.ttl());
        let shortest = ttls.map(|ttl| ttl.interval()).min()?;
        self.is_open.then(|| self.last_beat + shortest)
    }

    /// The beat, if it is due.
    pub(crate) fn beat(&mut self, now: Duration) -> Option<v1::KeepAliveRequest> {
        if self.next_beat()? > now {
            return None;
        }
        self.last_beat = now;
        Some(v1::KeepAliveRequest::default())
    }
}

fn attach<'a>(keys: impl IntoIterator<Item = &'a InstanceKey>) -> v1::KeepAliveRequest {
    v1::KeepAliveRequest {
        attach: keys.into_iter().map(wire).collect(),
        ..v1::KeepAliveRequest::default()
    }
}

fn wire((service, id): &InstanceKey) -> v1::InstanceKey {
    (service, id).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registration as Wish;

    const SECOND: Duration = Duration::from_secs(1);

    fn wished(port: u16, ttl: Duration) -> (InstanceKey, Kept) {
        let wish = Wish::new("pay", "10.0.0.1", port).ttl(ttl);
        let registration = wish.parse(&Default::default()).unwrap();
        let key = (registration.service.clone(), registration.instance_id());
        let kept = Kept {
            generation: 1,
            registration,
        };
        (key, kept)
    }

    #[test]
    fn beats_come_at_the_shortest_ttl() {
        let mut keepalive = KeepAlive::default();
        keepalive.open(SECOND);
        assert_eq!(keepalive.next_beat(), None);
        let (slow, fast) = (wished(1, SECOND * 5), wished(2, SECOND * 2));
        assert!(keepalive.add(slow.0, slow.1).is_some());
        assert_eq!(keepalive.next_beat(), Some(SECOND * 6));
        keepalive.add(fast.0.clone(), fast.1);
        assert_eq!(keepalive.beat(SECOND * 2), None);
        assert_eq!(
            keepalive.beat(SECOND * 3),
            Some(v1::KeepAliveRequest::default())
        );
        assert_eq!(keepalive.next_beat(), Some(SECOND * 5));
        assert_eq!(keepalive.remove(&fast.0, 1).unwrap().detach.len(), 1);
        assert_eq!(keepalive.next_beat(), Some(SECOND * 8));
    }

    #[test]
    fn a_new_stream_attaches_everything_and_a_closed_one_nothing() {
        let mut keepalive = KeepAlive::default();
        let (key, kept) = wished(1, SECOND);
        assert_eq!(keepalive.add(key.clone(), kept), None);
        assert_eq!(keepalive.open(SECOND)[0].attach.len(), 1);
        keepalive.close();
        assert_eq!(keepalive.next_beat(), None);
        assert_eq!(keepalive.remove(&key, 1), None);
        assert!(keepalive.is_empty());
    }

    #[test]
    fn only_the_newest_registration_of_an_instance_takes_it_out() {
        let mut keepalive = KeepAlive::default();
        keepalive.open(SECOND);
        let (key, kept) = wished(1, SECOND);
        keepalive.add(key.clone(), kept.clone());
        let newer = Kept {
            generation: 2,
            ..kept
        };
        keepalive.add(key.clone(), newer.clone());
        assert_eq!(keepalive.remove(&key, 1), None);
        assert_eq!(keepalive.find(&key), Some(&newer));
        assert!(keepalive.remove(&key, 2).is_some());
        assert!(keepalive.is_empty());
    }
}
