//! The discovery stream as a state machine: messages in, messages and states out.
//!
//! It does no I/O and reads no clock, so that every interleaving can be tested without a network. What
//! it holds outlives a lost connection: the next one resumes each service from its revision.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use merak_model::{Instance, InstanceId, ProtectThreshold, Revision, ServiceKey};
use merak_proto::{
    convert::instance_from_wire,
    v1::{self, sync_request::Kind as Request, sync_response::Update},
};
use tracing::warn;

use crate::{
    Refusal,
    state::{Origin, ServiceState},
};

/// What the stream has learned and still has to say.
#[derive(Debug)]
pub(crate) struct Session {
    hello: v1::Hello,
    topics: HashMap<Arc<ServiceKey>, Topic>,
    /// The live subscriptions by their number on the stream.
    numbers: HashMap<u32, Arc<ServiceKey>>,
    last_number: u32,
    is_open: bool,
}

#[derive(Debug)]
struct Topic {
    number: u32,
    held: Revision,
    instances: Arc<BTreeMap<InstanceId, Arc<Instance>>>,
    threshold: ProtectThreshold,
}

/// What follows from a message.
#[derive(Debug)]
pub(crate) enum Effect {
    Send(v1::SyncRequest),
    Publish(ServiceState),
    /// The control plane will not serve this subscription.
    Refused(Arc<ServiceKey>, Refusal),
}

impl Session {
    pub(crate) fn new(hello: v1::Hello) -> Self {
        Self {
            hello,
            topics: HashMap::new(),
            numbers: HashMap::new(),
            last_number: 0,
            is_open: false,
        }
    }

    /// The history that the held revisions belong to; empty before the first connection.
    pub(crate) fn epoch(&self) -> &str {
        &self.hello.epoch
    }

    /// Begins on a new stream: says hello, and takes up every subscription where it stands.
    pub(crate) fn open(&mut self) -> Vec<v1::SyncRequest> {
        self.is_open = true;
        self.numbers.clear();
        let mut requests = vec![request(Request::Hello(self.hello.clone()))];
        let keys: Vec<_> = self.topics.keys().cloned().collect();
        requests.extend(keys.iter().filter_map(|key| self.subscription_of(key)));
        requests
    }

    /// The stream is gone; what is held stays.
    pub(crate) fn close(&mut self) {
        self.is_open = false;
    }

    /// Subscribes to a service, from what an earlier run left of it if there is something.
    pub(crate) fn subscribe(
        &mut self,
        key: &Arc<ServiceKey>,
        left: Option<(&str, &ServiceState)>,
    ) -> Option<v1::SyncRequest> {
        if self.topics.contains_key(key) {
            return None;
        }
        let mut topic = Topic {
            number: 0,
            held: Revision::ZERO,
            instances: Arc::default(),
            threshold: ProtectThreshold::default(),
        };
        if let Some((epoch, state)) = left {
            if self.hello.epoch.is_empty() && !self.is_open {
                epoch.clone_into(&mut self.hello.epoch);
            }
            if *epoch == self.hello.epoch {
                topic.held = state.revision();
            }
            let kept = state.instances();
            let kept = kept.map(|instance| (instance.id.clone(), Arc::clone(instance)));
            topic.instances = Arc::new(kept.collect());
            topic.threshold = state.threshold();
        }
        self.topics.insert(Arc::clone(key), topic);
        self.subscription_of(key)
    }

    /// Ends a subscription and forgets what it held.
    pub(crate) fn unsubscribe(&mut self, key: &ServiceKey) -> Option<v1::SyncRequest> {
        let topic = self.topics.remove(key)?;
        self.numbers.remove(&topic.number)?;
        let subscription = topic.number;
        self.is_open
            .then(|| request(Request::Unsubscribe(v1::Unsubscribe { subscription })))
    }

    /// Takes a message of the control plane.
    pub(crate) fn receive(&mut self, response: v1::SyncResponse) -> Vec<Effect> {
        let number = response.subscription;
        if let Some(Update::Welcome(welcome)) = response.update {
            self.enter(welcome.epoch);
            return Vec::new();
        }
        // An update may cross the unsubscription.
        let Some(key) = self.numbers.get(&number).cloned() else {
            return Vec::new();
        };
        let outcome = match response.update {
            Some(Update::Instances(snapshot)) => self.replace(&key, snapshot),
            Some(Update::InstancesDelta(delta)) => self.amend(&key, delta),
            Some(Update::Absent(absent)) => Some(self.forget(&key, Revision(absent.revision))),
            Some(Update::Unchanged(_)) => self.confirm(&key),
            Some(Update::Refused(refused)) => {
                self.numbers.remove(&number);
                let refusal = Refusal::new(refused.message, refused.reason);
                return vec![Effect::Refused(key, refusal)];
            }
            // Of a kind that was not subscribed, or newer than this client.
            Some(Update::Welcome(_) | Update::Services(_) | Update::Rules(_)) | None => {
                return Vec::new();
            }
        };
        match outcome {
            Some(state) => {
                let revision = state.revision().get();
                let ack = v1::Ack {
                    subscription: number,
                    revision,
                };
                vec![
                    Effect::Publish(state),
                    Effect::Send(request(Request::Ack(ack))),
                ]
            }
            None => self.start_over(&key, number),
        }
    }

    /// Takes the control plane's epoch: revisions of another one mean nothing here.
    fn enter(&mut self, epoch: String) {
        if epoch != self.hello.epoch {
            for topic in self.topics.values_mut() {
                topic.held = Revision::ZERO;
            }
            self.hello.epoch = epoch;
        }
    }

    fn replace(
        &mut self,
        key: &Arc<ServiceKey>,
        snapshot: v1::InstancesSnapshot,
    ) -> Option<ServiceState> {
        let topic = self.topics.get_mut(key)?;
        topic.instances = Arc::new(parsed(key, snapshot.instances).collect());
        topic.held = Revision(snapshot.revision);
        topic.take_traits(key, snapshot.service);
        Some(topic.state(key))
    }

    /// None where the delta does not begin at what is held.
    fn amend(&mut self, key: &Arc<ServiceKey>, delta: v1::InstancesDelta) -> Option<ServiceState> {
        let topic = self.topics.get_mut(key)?;
        if topic.held != Revision(delta.from_revision) {
            return None;
        }
        let instances = Arc::make_mut(&mut topic.instances);
        for id in &delta.removals {
            instances.remove(id.as_str());
        }
        instances.extend(parsed(key, delta.upserts));
        topic.held = Revision(delta.revision);
        topic.take_traits(key, delta.service);
        Some(topic.state(key))
    }

    fn forget(&mut self, key: &Arc<ServiceKey>, revision: Revision) -> ServiceState {
        if let Some(topic) = self.topics.get_mut(key) {
            topic.held = Revision::ZERO;
            topic.instances = Arc::default();
        }
        ServiceState::absent(Arc::clone(key), revision)
    }

    /// What is held is the newest state; none if nothing is held.
    fn confirm(&mut self, key: &Arc<ServiceKey>) -> Option<ServiceState> {
        let topic = self.topics.get(key)?;
        (topic.held != Revision::ZERO).then(|| topic.state(key))
    }

    /// Subscribes anew and from nothing, because what is held does not fit what is sent.
    fn start_over(&mut self, key: &Arc<ServiceKey>, number: u32) -> Vec<Effect> {
        warn!(service = %key, "an update does not fit what is held: asking for everything again");
        self.numbers.remove(&number);
        if let Some(topic) = self.topics.get_mut(key) {
            topic.held = Revision::ZERO;
        }
        let end = request(Request::Unsubscribe(v1::Unsubscribe {
            subscription: number,
        }));
        let again = self.subscription_of(key);
        [Some(end), again]
            .into_iter()
            .flatten()
            .map(Effect::Send)
            .collect()
    }

    /// The request that subscribes to a service under a new number, if the stream is open.
    fn subscription_of(&mut self, key: &Arc<ServiceKey>) -> Option<v1::SyncRequest> {
        if !self.is_open {
            return None;
        }
        let topic = self.topics.get_mut(key)?;
        // Zero is the number of the welcome.
        self.last_number = self.last_number.checked_add(1).unwrap_or(1);
        topic.number = self.last_number;
        self.numbers.insert(topic.number, Arc::clone(key));
        Some(request(Request::Subscribe(v1::Subscribe {
            subscription: topic.number,
            kind: v1::Kind::Instances.into(),
            key: Some((&**key).into()),
            held_revision: topic.held.get(),
        })))
    }
}

impl Topic {
    fn state(&self, key: &Arc<ServiceKey>) -> ServiceState {
        let (key, instances) = (Arc::clone(key), Arc::clone(&self.instances));
        ServiceState::new(
            key,
            self.held,
            Origin::ControlPlane,
            instances,
            self.threshold,
        )
    }

    fn take_traits(&mut self, key: &ServiceKey, traits: Option<v1::ServiceTraits>) {
        let Some(traits) = traits else { return };
        match ProtectThreshold::new(traits.protect_threshold) {
            Ok(threshold) => self.threshold = threshold,
            Err(invalid) => warn!(service = %key, "kept the protect threshold: {invalid}"),
        }
    }
}

/// The instances that this client understands; one that it does not is no reason to lose the others.
pub(crate) fn parsed(
    key: &Arc<ServiceKey>,
    instances: Vec<v1::Instance>,
) -> impl Iterator<Item = (InstanceId, Arc<Instance>)> {
    instances
        .into_iter()
        .filter_map(move |instance| match instance_from_wire(key, instance) {
            Ok(instance) => Some((instance.id.clone(), Arc::new(instance))),
            Err(invalid) => {
                warn!(service = %key, "left out an instance: {invalid}");
                None
            }
        })
}

fn request(kind: Request) -> v1::SyncRequest {
    v1::SyncRequest { kind: Some(kind) }
}

#[cfg(test)]
mod tests;
