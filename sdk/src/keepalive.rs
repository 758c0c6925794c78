//! Staying registered, as a state machine: which instances are to be attached where, and when to beat.
//!
//! One empty message renews every instance that is attached to a stream. It is sent once in the shortest
//! ttl among all; the control plane waits for three times that, so two beats may get lost.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use merak_model::{InstanceId, Registration, ServiceKey};
use merak_proto::v1;

use crate::claims::Generation;

/// Instances that one message attaches, within the megabyte that the control plane accepts.
const ATTACH_LIMIT: usize = 1000;

/// Instances that the control plane takes on one stream.
const STREAM_LIMIT: usize = 10_000;

/// Names an instance.
pub(crate) type InstanceKey = (ServiceKey, InstanceId);

/// What is to be said, and on which stream; streams are numbered from 0, and begin when they are spoken on.
pub(crate) type Said = (usize, v1::KeepAliveRequest);

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
    /// How many instances have each ttl.
    ttls: BTreeMap<Duration, usize>,
    streams: Streams,
    is_open: bool,
    last_beat: Duration,
}

/// The instances that are attached to each stream.
#[derive(Debug, Default)]
struct Streams {
    of: HashMap<InstanceKey, usize>,
    counts: Vec<usize>,
}

impl KeepAlive {
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

    /// Begins on a new connection, on whose streams the registered instances are attached.
    pub(crate) fn open(&mut self, now: Duration) -> Vec<Said> {
        (self.is_open, self.last_beat) = (true, now);
        self.streams = Streams::default();
        let mut keys: BTreeMap<usize, Vec<&InstanceKey>> = BTreeMap::new();
        for key in self.kept.keys() {
            keys.entry(self.streams.place(key)).or_default().push(key);
        }
        let said = keys.iter().flat_map(|(stream, keys)| {
            let parts = keys.chunks(ATTACH_LIMIT);
            parts.map(|part| (*stream, attach(part.iter().copied())))
        });
        said.collect()
    }

    /// The connection is gone.
    pub(crate) fn close(&mut self) {
        self.is_open = false;
    }

    /// Keeps an instance alive from now on; it has been registered.
    pub(crate) fn add(&mut self, key: InstanceKey, kept: Kept) -> Option<Said> {
        *self.ttls.entry(ttl_of(&kept)).or_default() += 1;
        if let Some(before) = self.kept.insert(key.clone(), kept) {
            self.forget_ttl(&before);
        }
        self.attach_again(&key)
    }

    /// Attaches an instance once more; it has been registered again.
    pub(crate) fn attach_again(&mut self, key: &InstanceKey) -> Option<Said> {
        let is_kept = self.kept.contains_key(key);
        (self.is_open && is_kept).then(|| (self.streams.place(key), attach([key])))
    }

    /// No longer keeps an instance alive, unless it was registered since.
    pub(crate) fn remove(&mut self, key: &InstanceKey, generation: Generation) -> Option<Said> {
        if self.kept.get(key)?.generation > generation {
            return None;
        }
        let kept = self.kept.remove(key)?;
        self.forget_ttl(&kept);
        let stream = self.streams.leave(key)?;
        let detach = v1::KeepAliveRequest {
            detach: vec![wire(key)],
            ..v1::KeepAliveRequest::default()
        };
        self.is_open.then_some((stream, detach))
    }

    /// When the next beat is due, if there is anything to keep alive.
    pub(crate) fn next_beat(&self) -> Option<Duration> {
        let (shortest, _) = self.ttls.first_key_value()?;
        self.is_open.then(|| self.last_beat + *shortest)
    }

    /// The beat of each stream, if it is due.
    pub(crate) fn beat(&mut self, now: Duration) -> Vec<Said> {
        if self.next_beat().is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.last_beat = now;
        let streams = self.streams.counts.iter().enumerate();
        let used = streams.filter(|(_, count)| **count > 0);
        used.map(|(stream, _)| (stream, v1::KeepAliveRequest::default()))
            .collect()
    }

    fn forget_ttl(&mut self, kept: &Kept) {
        let ttl = ttl_of(kept);
        if let Some(count) = self.ttls.get_mut(&ttl) {
            *count -= 1;
            if *count == 0 {
                self.ttls.remove(&ttl);
            }
        }
    }
}

impl Streams {
    /// The stream that an instance is attached to; a new one where all are full.
    fn place(&mut self, key: &InstanceKey) -> usize {
        if let Some(stream) = self.of.get(key) {
            return *stream;
        }
        let has_room = |count: &usize| *count < STREAM_LIMIT;
        let stream = self.counts.iter().position(has_room);
        let stream = stream.unwrap_or_else(|| {
            self.counts.push(0);
            self.counts.len() - 1
        });
        self.counts[stream] += 1;
        self.of.insert(key.clone(), stream);
        stream
    }

    /// The stream that an instance was attached to.
    fn leave(&mut self, key: &InstanceKey) -> Option<usize> {
        let stream = self.of.remove(key)?;
        self.counts[stream] -= 1;
        Some(stream)
    }
}

/// The ttl of an instance; one that does not beat is not kept alive.
fn ttl_of(kept: &Kept) -> Duration {
    let ttl = kept.registration.spec.health_check.ttl();
    ttl.map_or(Duration::MAX, |ttl| ttl.interval())
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
        assert_eq!(keepalive.beat(SECOND * 2), []);
        assert_eq!(
            keepalive.beat(SECOND * 3),
            [(0, v1::KeepAliveRequest::default())]
        );
        assert_eq!(keepalive.next_beat(), Some(SECOND * 5));
        assert_eq!(keepalive.remove(&fast.0, 1).unwrap().1.detach.len(), 1);
        assert_eq!(keepalive.next_beat(), Some(SECOND * 8));
    }

    #[test]
    fn a_new_stream_attaches_everything_and_a_closed_one_nothing() {
        let mut keepalive = KeepAlive::default();
        let (key, kept) = wished(1, SECOND);
        assert_eq!(keepalive.add(key.clone(), kept), None);
        assert_eq!(keepalive.open(SECOND)[0].1.attach.len(), 1);
        keepalive.close();
        assert_eq!(keepalive.next_beat(), None);
        assert_eq!(keepalive.remove(&key, 1), None);
        assert_eq!(keepalive.keys(), []);
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
        assert_eq!(keepalive.keys(), []);
    }

    #[test]
    fn no_stream_speaks_for_more_than_the_control_plane_takes() {
        let mut keepalive = KeepAlive::default();
        keepalive.open(SECOND);
        let all = STREAM_LIMIT + 2;
        let keys: Vec<_> = (0..all).map(|_| wished(1, SECOND)).collect();
        let keys = keys.into_iter().enumerate().map(|(number, (key, kept))| {
            let id = InstanceId::parse(&number.to_string()).unwrap();
            ((key.0, id), kept)
        });
        let keys: Vec<_> = keys.collect();
        let said = keys.iter().cloned();
        let said: Vec<_> = said.map(|(key, kept)| keepalive.add(key, kept)).collect();
        let streams: Vec<usize> = said.into_iter().map(|said| said.unwrap().0).collect();
        assert!(streams[..STREAM_LIMIT].iter().all(|stream| *stream == 0));
        assert_eq!(streams[STREAM_LIMIT..], [1, 1]);
        assert_eq!(keepalive.beat(SECOND * 2).len(), 2, "each stream beats");
        assert_eq!(keepalive.attach_again(&keys[all - 1].0).unwrap().0, 1);
        assert_eq!(keepalive.remove(&keys[0].0, 1).unwrap().0, 0);
        let (key, kept) = wished(1, SECOND);
        assert_eq!(keepalive.add(key, kept).unwrap().0, 0, "there is room");
        keepalive.close();
        let mut attached = [0, 0];
        for (stream, request) in keepalive.open(SECOND) {
            attached[stream] += request.attach.len();
            assert!(request.attach.len() <= ATTACH_LIMIT);
        }
        assert_eq!(attached, [STREAM_LIMIT, 2]);
    }

    #[test]
    fn the_shortest_ttl_is_known_after_a_registration_again() {
        let mut keepalive = KeepAlive::default();
        keepalive.open(Duration::ZERO);
        let (key, fast) = wished(1, SECOND);
        keepalive.add(key.clone(), fast);
        let (_, slow) = wished(1, SECOND * 7);
        keepalive.add(key.clone(), slow.clone());
        assert_eq!(keepalive.next_beat(), Some(SECOND * 7));
        keepalive.remove(&key, slow.generation);
        assert_eq!(keepalive.next_beat(), None);
    }
}
