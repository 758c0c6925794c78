//! The discovery stream as a state machine: messages in, messages and states out.
//!
//! It does no I/O and reads no clock, so that every interleaving can be tested without a network. What
//! it holds outlives a lost connection: the next one resumes each service from its revision.

mod limits;
mod rules;
mod topic;

use std::{collections::HashMap, sync::Arc};

use merak_model::{Revision, ServiceKey, call::Caller};
use merak_proto::v1::{self, sync_request::Kind as Request, sync_response::Update};
use tracing::warn;

use crate::{
    Refusal,
    limits::LimitRules,
    state::{Known, ServiceState},
};
use limits::LimitTopic;
pub(crate) use limits::parsed_limits;
pub(crate) use rules::RuleList;
use topic::{Aspect, Topic};
pub(crate) use topic::{parsed_instances, parsed_rules};

const ASPECTS: [Aspect; 2] = [Aspect::Instances, Aspect::Rules];

/// Why a control plane that is older than routing rules refuses to tell them.
const UNSUPPORTED_KIND: &str = "unsupported_kind";

/// What the stream has learned and still has to say.
#[derive(Debug)]
pub(crate) struct Session {
    hello: v1::Hello,
    /// Who calls, as far as the application said so.
    caller: Arc<Caller>,
    topics: HashMap<Arc<ServiceKey>, Topic>,
    limits: HashMap<Arc<ServiceKey>, LimitTopic>,
    /// The live subscriptions by their number on the stream.
    numbers: HashMap<u32, (Arc<ServiceKey>, Subject)>,
    last_number: u32,
    is_open: bool,
}

/// What a subscription is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// Calling a service.
    Topic(Aspect),
    /// Limiting the calls of a service.
    Limits,
}

/// What follows from a message.
#[derive(Debug)]
pub(crate) enum Effect {
    Send(v1::SyncRequest),
    Publish(ServiceState),
    /// The control plane will not serve this subscription.
    Refused(Arc<ServiceKey>, Refusal),
    /// These are the rules that protect a service.
    Limit(LimitRules),
    /// The control plane will not tell the rules that protect a service.
    Unlimited(Arc<ServiceKey>, Refusal),
}

impl Session {
    pub(crate) fn new(hello: v1::Hello, caller: Arc<Caller>) -> Self {
        Self {
            hello,
            caller,
            topics: HashMap::new(),
            limits: HashMap::new(),
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
        requests.extend(keys.iter().flat_map(|key| self.subscriptions_of(key)));
        requests.extend(self.limit_subscriptions());
        requests
    }

    /// The stream is gone; what is held stays.
    pub(crate) fn close(&mut self) {
        self.is_open = false;
    }

    /// Subscribes to a service and to the rules for it, from what an earlier run left of them if there
    /// is something.
    pub(crate) fn subscribe(
        &mut self,
        key: &Arc<ServiceKey>,
        left: Option<(&str, &ServiceState)>,
    ) -> Vec<v1::SyncRequest> {
        if self.topics.contains_key(key) {
            return Vec::new();
        }
        let mut topic = Topic::new(Arc::clone(key), Known::new(Arc::clone(&self.caller)));
        if let Some((epoch, state)) = left {
            self.adopt(epoch);
            topic = Topic::new(Arc::clone(key), state.known().clone());
            if *epoch == self.hello.epoch {
                topic.resume(state);
            }
        }
        self.topics.insert(Arc::clone(key), topic);
        self.subscriptions_of(key)
    }

    /// Subscribes again to what was refused.
    pub(crate) fn retry(&mut self) -> Vec<v1::SyncRequest> {
        let mut refused = Vec::new();
        for (key, topic) in &mut self.topics {
            for aspect in ASPECTS {
                if !self.numbers.contains_key(&topic.strand(aspect).number) {
                    refused.push((Arc::clone(key), aspect));
                }
            }
        }
        let again = refused
            .iter()
            .filter_map(|(key, aspect)| self.subscription_of(key, *aspect));
        let mut again: Vec<_> = again.collect();
        again.extend(self.limit_subscriptions());
        again
    }

    /// Ends the subscriptions to a service and forgets what was held of it.
    pub(crate) fn unsubscribe(&mut self, key: &ServiceKey) -> Vec<v1::SyncRequest> {
        let Some(mut topic) = self.topics.remove(key) else {
            return Vec::new();
        };
        let numbers = ASPECTS.map(|aspect| topic.strand(aspect).number);
        let live = numbers
            .into_iter()
            .filter(|number| self.numbers.remove(number).is_some());
        let ends: Vec<_> = live.map(end_of).collect();
        if self.is_open { ends } else { Vec::new() }
    }

    /// Takes a message of the control plane.
    pub(crate) fn receive(&mut self, response: v1::SyncResponse) -> Vec<Effect> {
        let number = response.subscription;
        if let Some(Update::Welcome(welcome)) = response.update {
            self.enter(welcome.epoch);
            return Vec::new();
        }
        // An update may cross the unsubscription.
        let Some((key, subject)) = self.numbers.get(&number).cloned() else {
            return Vec::new();
        };
        let aspect = match subject {
            Subject::Topic(aspect) => aspect,
            Subject::Limits => return self.receive_limits(&key, response.update),
        };
        let Some(topic) = self.topics.get_mut(&key) else {
            return Vec::new();
        };
        let fits = match (aspect, response.update) {
            (Aspect::Instances, Some(Update::Instances(snapshot))) => {
                topic.replace_instances(snapshot);
                true
            }
            (Aspect::Instances, Some(Update::InstancesDelta(delta))) => {
                topic.amend_instances(delta)
            }
            (Aspect::Instances, Some(Update::Absent(absent))) => {
                topic.forget_instances(absent.revision);
                return told(topic, aspect, number, absent.revision);
            }
            (Aspect::Rules, Some(Update::Rules(snapshot))) => {
                topic.replace_rules(snapshot);
                true
            }
            (Aspect::Rules, Some(Update::RulesDelta(delta))) => topic.amend_rules(delta),
            (_, Some(Update::Unchanged(_))) => topic.confirm(aspect),
            (_, Some(Update::Refused(refused))) => return self.give_up(&key, aspect, refused),
            // Of another kind than was subscribed, or newer than this client.
            (..) => return Vec::new(),
        };
        if !fits {
            return self.start_over(&key, aspect);
        }
        let revision = topic.strand(aspect).held.get();
        told(topic, aspect, number, revision)
    }

    /// The control plane will not serve a subscription.
    fn give_up(
        &mut self,
        key: &Arc<ServiceKey>,
        aspect: Aspect,
        refused: v1::Refused,
    ) -> Vec<Effect> {
        let Some(topic) = self.topics.get_mut(key) else {
            return Vec::new();
        };
        self.numbers.remove(&topic.strand(aspect).number);
        if aspect == Aspect::Rules && refused.reason == UNSUPPORTED_KIND {
            topic.go_without_rules();
            return topic.state().map(Effect::Publish).into_iter().collect();
        }
        let refusal = Refusal::new(refused.message, refused.reason);
        vec![Effect::Refused(Arc::clone(key), refusal)]
    }

    /// Takes the history of what an earlier run left for that of this one, as long as there is no other.
    fn adopt(&mut self, epoch: &str) {
        if self.hello.epoch.is_empty() && !self.is_open {
            epoch.clone_into(&mut self.hello.epoch);
        }
    }

    /// A number that no live subscription has; zero is that of the welcome.
    fn next_number(&mut self) -> u32 {
        self.last_number = self.last_number.checked_add(1).unwrap_or(1);
        self.last_number
    }

    /// Takes the control plane's epoch: revisions of another one mean nothing here.
    fn enter(&mut self, epoch: String) {
        if epoch != self.hello.epoch {
            self.topics
                .values_mut()
                .for_each(Topic::enter_another_history);
            self.doubt_limits();
            self.hello.epoch = epoch;
        }
    }

    /// Subscribes anew and from nothing, because what is held does not fit what is sent.
    fn start_over(&mut self, key: &Arc<ServiceKey>, aspect: Aspect) -> Vec<Effect> {
        warn!(service = %key, "an update does not fit what is held: asking for everything again");
        let Some(topic) = self.topics.get_mut(key) else {
            return Vec::new();
        };
        let strand = topic.strand(aspect);
        let number = std::mem::take(&mut strand.number);
        strand.held = Revision::ZERO;
        self.numbers.remove(&number);
        let again = self.subscription_of(key, aspect);
        [Some(end_of(number)), again]
            .into_iter()
            .flatten()
            .map(Effect::Send)
            .collect()
    }

    fn subscriptions_of(&mut self, key: &Arc<ServiceKey>) -> Vec<v1::SyncRequest> {
        let requests = ASPECTS.map(|aspect| self.subscription_of(key, aspect));
        requests.into_iter().flatten().collect()
    }

    /// The request that subscribes under a new number, if the stream is open.
    fn subscription_of(
        &mut self,
        key: &Arc<ServiceKey>,
        aspect: Aspect,
    ) -> Option<v1::SyncRequest> {
        if !self.is_open {
            return None;
        }
        let number = self.next_number();
        let strand = self.topics.get_mut(key)?.strand(aspect);
        strand.number = number;
        let held_revision = strand.held.get();
        self.numbers
            .insert(number, (Arc::clone(key), Subject::Topic(aspect)));
        let kind = match aspect {
            Aspect::Instances => v1::Kind::Instances,
            Aspect::Rules => v1::Kind::RoutingRules,
        };
        Some(request(Request::Subscribe(v1::Subscribe {
            subscription: number,
            kind: kind.into(),
            key: Some((&**key).into()),
            held_revision,
            takes_rule_deltas: aspect == Aspect::Rules,
        })))
    }
}

/// What the client now knows, and that it has applied it.
fn told(topic: &Topic, aspect: Aspect, subscription: u32, revision: u64) -> Vec<Effect> {
    let ack = v1::Ack {
        subscription,
        revision,
        left_out: topic.left_out(aspect),
    };
    let state = topic.state().map(Effect::Publish);
    let applied = Effect::Send(request(Request::Ack(ack)));
    state.into_iter().chain([applied]).collect()
}

fn end_of(subscription: u32) -> v1::SyncRequest {
    request(Request::Unsubscribe(v1::Unsubscribe { subscription }))
}

fn request(kind: Request) -> v1::SyncRequest {
    v1::SyncRequest { kind: Some(kind) }
}

#[cfg(test)]
mod tests;
