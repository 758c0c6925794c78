//! The subscriptions to rate limit rules, each by itself: who limits calls need not call.

use std::sync::Arc;

use merak_model::{Revision, ServiceKey, limiting::RateLimitRule};
use merak_proto::v1::{self, sync_response::Update};
use tracing::warn;

use super::{
    Effect, Refusal, Request, RuleList, Session, Subject, UNSUPPORTED_KIND, end_of, request,
    rules::LEFT_OUT, topic::Strand,
};
use crate::limits::LimitRules;

/// What is held of the rate limits of one service.
#[derive(Debug)]
pub(super) struct LimitTopic {
    strand: Strand,
    rules: RuleList<RateLimitRule>,
}

impl Session {
    /// Subscribes to the rules that protect a service, from what an earlier run left of them if there is
    /// something.
    pub(crate) fn subscribe_limits(
        &mut self,
        key: &Arc<ServiceKey>,
        left: Option<(&str, &LimitRules)>,
    ) -> Vec<v1::SyncRequest> {
        if self.limits.contains_key(key) {
            return Vec::new();
        }
        let mut topic = LimitTopic {
            strand: Strand::default(),
            rules: RuleList::default(),
        };
        if let Some((epoch, left)) = left {
            self.adopt(epoch);
            topic.rules = left.rules.clone();
            if *epoch == self.hello.epoch {
                topic.strand.held = left.revision;
            }
        }
        self.limits.insert(Arc::clone(key), topic);
        self.limit_subscription(key).into_iter().collect()
    }

    /// Ends the subscription to the rules that protect a service.
    pub(crate) fn unsubscribe_limits(&mut self, key: &ServiceKey) -> Vec<v1::SyncRequest> {
        let ended = self.limits.remove(key).map(|topic| topic.strand.number);
        let live = ended.filter(|number| self.numbers.remove(number).is_some());
        let end = live.filter(|_| self.is_open).map(end_of);
        end.into_iter().collect()
    }

    /// Subscribes to every service whose rules are held, or wanted, and not subscribed to.
    pub(super) fn limit_subscriptions(&mut self) -> Vec<v1::SyncRequest> {
        let topics = self.limits.iter();
        let missing = topics.filter(|(_, topic)| !self.numbers.contains_key(&topic.strand.number));
        let missing: Vec<_> = missing.map(|(key, _)| Arc::clone(key)).collect();
        let requests = missing.iter().map(|key| self.limit_subscription(key));
        requests.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// Another history: what is held is obeyed until there is an answer.
    pub(super) fn doubt_limits(&mut self) {
        for topic in self.limits.values_mut() {
            topic.strand.doubt();
        }
    }

    /// Takes an update of the rules that protect a service.
    pub(super) fn receive_limits(
        &mut self,
        key: &Arc<ServiceKey>,
        update: Option<Update>,
    ) -> Vec<Effect> {
        let Some(topic) = self.limits.get_mut(key) else {
            return Vec::new();
        };
        match update {
            Some(Update::RateLimits(snapshot)) => {
                topic.strand.answer(snapshot.revision);
                topic.rules = parsed_limits(key, snapshot).rules;
            }
            Some(Update::RateLimitsDelta(delta)) => {
                if !topic.amend(key, delta) {
                    return self.start_limits_over(key);
                }
            }
            Some(Update::Unchanged(_)) => {
                if topic.strand.held == Revision::ZERO {
                    topic.rules = RuleList::default();
                }
                topic.strand.is_answered = true;
            }
            Some(Update::Refused(refused)) => return self.give_limits_up(key, refused),
            // Of another kind than was subscribed, or newer than this client.
            _ => return Vec::new(),
        }
        let rules = LimitRules {
            service: Arc::clone(key),
            revision: topic.strand.held,
            rules: topic.rules.clone(),
        };
        let ack = v1::Ack {
            subscription: topic.strand.number,
            revision: rules.revision.get(),
            left_out: rules.rules.left_out().take(LEFT_OUT).collect(),
        };
        let applied = Effect::Send(request(Request::Ack(ack)));
        vec![Effect::Limit(rules), applied]
    }

    /// Subscribes anew and from nothing, because what is held does not fit what is sent.
    fn start_limits_over(&mut self, key: &Arc<ServiceKey>) -> Vec<Effect> {
        warn!(service = %key, "an update does not fit what is held: asking for everything again");
        let Some(topic) = self.limits.get_mut(key) else {
            return Vec::new();
        };
        let number = std::mem::take(&mut topic.strand.number);
        topic.strand.held = Revision::ZERO;
        self.numbers.remove(&number);
        let again = self.limit_subscription(key);
        let requests = [Some(end_of(number)), again].into_iter().flatten();
        requests.map(Effect::Send).collect()
    }

    fn give_limits_up(&mut self, key: &Arc<ServiceKey>, refused: v1::Refused) -> Vec<Effect> {
        if let Some(topic) = self.limits.get_mut(key) {
            self.numbers.remove(&topic.strand.number);
            if refused.reason == UNSUPPORTED_KIND {
                // A control plane that knows no rate limits has none.
                topic.rules = RuleList::default();
            }
        }
        let refusal = Refusal::new(refused.message, refused.reason);
        vec![Effect::Unlimited(Arc::clone(key), refusal)]
    }

    fn limit_subscription(&mut self, key: &Arc<ServiceKey>) -> Option<v1::SyncRequest> {
        if !self.is_open {
            return None;
        }
        let number = self.next_number();
        let strand = &mut self.limits.get_mut(key)?.strand;
        strand.number = number;
        let subscribe = v1::Subscribe {
            subscription: number,
            kind: v1::Kind::RateLimitRules.into(),
            key: Some((&**key).into()),
            held_revision: strand.held.get(),
            takes_rule_deltas: true,
        };
        self.numbers
            .insert(number, (Arc::clone(key), Subject::Limits));
        Some(request(Request::Subscribe(subscribe)))
    }
}

impl LimitTopic {
    /// Returns false where the delta does not begin at what is held, or does not end at what it says.
    fn amend(&mut self, key: &ServiceKey, delta: v1::RateLimitsDelta) -> bool {
        let held = self.strand.held;
        if held == Revision::ZERO || held != Revision(delta.from_revision) {
            return false;
        }
        let changes = (delta.rules, delta.removed_rules);
        let Some(amended) = self.rules.amended(key, changes, delta.rule_count) else {
            return false;
        };
        self.rules = amended;
        self.strand.answer(delta.revision);
        true
    }
}

/// The rules that protect a service, in the order of their precedence.
pub(crate) fn parsed_limits(key: &Arc<ServiceKey>, snapshot: v1::RateLimitsSnapshot) -> LimitRules {
    LimitRules {
        service: Arc::clone(key),
        revision: Revision(snapshot.revision),
        rules: RuleList::whole(key, snapshot.rules),
    }
}
