//! Who watches what, and what each of them still has to be told.
//!
//! A subscriber holds a set of dirty topics, not a queue of messages: however slowly it reads and
//! however much changes, it costs one number a topic, and its next update is the newest state,
//! as a delta from what it last had if the catalog still remembers that far back, else whole.
//! Dirty topics take turns.

mod ack;
mod rules;
mod tally;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
    sync::{Arc, Weak},
    time::Duration,
};

use merak_model::{NamespaceName, Revision, ServiceKey, Timestamp};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

pub use ack::LeftOut;
pub use rules::RuleProgress;
use tally::Tally;
pub use tally::Told;

use crate::{
    AnyRule, Callees, Catalog, Change, Clock, Durations, Item, Key, RuleFamily, RulesSnapshot,
    ServiceSnapshot, committer::Follow,
};

/// What can be watched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The instances of a service.
    Instances(ServiceKey),
    /// The names of the services of a namespace.
    Services(NamespaceName),
    /// A family of rules for a service, which need not exist.
    Rules(RuleFamily, ServiceKey),
}

/// What a subscriber is told of a topic.
#[derive(Debug, Clone)]
pub enum Update {
    Snapshot(Arc<ServiceSnapshot>),
    /// What changed since `from`, which `now` still remembers.
    Delta {
        from: Revision,
        now: Arc<ServiceSnapshot>,
    },
    Services {
        /// When a service of the namespace was last created or deleted, or the control plane started.
        revision: Revision,
        names: Vec<String>,
    },
    /// All rules of a family for a service.
    Rules(RulesSnapshot),
    /// What changed of them since `from`, which `now` still remembers.
    RulesDelta {
        from: Revision,
        now: RulesSnapshot,
    },
    /// The service does not exist. It is a state, and is told again when the service appears.
    Absent {
        revision: Revision,
    },
    /// The subscriber holds the newest state already.
    Unchanged {
        revision: Revision,
    },
}

/// What a subscriber holds of a topic, and what it may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Zero for nothing.
    pub revision: Revision,
    /// Whether it understands deltas of rules; instances come as deltas to everybody.
    pub takes_rule_deltas: bool,
}

impl From<Revision> for Holding {
    /// Of a subscriber that understands everything.
    fn from(revision: Revision) -> Self {
        Self {
            revision,
            takes_rule_deltas: true,
        }
    }
}

type Watchers = HashMap<Topic, OfTopic, rapidhash::fast::RandomState>;

/// The subscriptions to a topic, in the order of their beginning.
type OfTopic = Vec<(u32, Weak<Inbox>)>;

/// Brings changes of the catalog to those who watch.
pub struct Discovery {
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
    watchers: RwLock<Watchers>,
    tally: Tally,
}

/// One client's subscriptions; dropping it ends them.
pub struct Subscriber {
    discovery: Arc<Discovery>,
    inbox: Arc<Inbox>,
}

/// What a client says of itself, for operators to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Client {
    /// Where its connection comes from.
    pub address: String,
    /// The service that it is itself, if it said so.
    pub service: Option<ServiceKey>,
    pub host: String,
    pub sdk: String,
    pub sdk_version: String,
    pub labels: BTreeMap<String, String>,
}

/// One subscription, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub client: Arc<Client>,
    pub connected_at: Timestamp,
    pub subscribed_at: Timestamp,
    /// The newest revision that was sent.
    pub sent: Revision,
    /// The newest revision that the client said it has applied; what it held when it subscribed
    /// counts, if this control plane knows that revision.
    pub applied: Revision,
    /// The rules of that revision that the client said it does not understand.
    pub left_out: LeftOut,
}

struct Inbox {
    client: Arc<Client>,
    connected_at: Timestamp,
    subscriptions: Mutex<Subscriptions>,
    wake: Notify,
}

#[derive(Default)]
struct Subscriptions {
    topics: HashMap<u32, Watch>,
    /// Each with the moment, by the clock's `elapsed`, when a commit first touched it since it was told
    /// last; none if it was never told.
    dirty: BTreeMap<u32, Option<Duration>>,
    /// The same of the update that was taken last, until it is written.
    taken: Option<Duration>,
    /// The subscription that was told last: the next is a later one, so that none has to wait for
    /// others that change all the time.
    last: u32,
}

struct Watch {
    topic: Topic,
    since: Timestamp,
    /// What the subscriber has, once every update sent so far has arrived.
    held: Revision,
    takes_rule_deltas: bool,
    applied: Revision,
    left_out: LeftOut,
    is_answered: bool,
}

impl Discovery {
    pub(crate) fn new(catalog: Arc<Catalog>, clock: Arc<dyn Clock>) -> Self {
        Self {
            catalog,
            clock,
            watchers: RwLock::default(),
            tally: Tally::default(),
        }
    }

    /// Opens the subscriptions of one client.
    pub fn subscriber(self: &Arc<Self>, client: Client) -> Subscriber {
        let inbox = Inbox {
            client: Arc::new(client),
            connected_at: self.clock.timestamp(),
            subscriptions: Mutex::default(),
            wake: Notify::new(),
        };
        self.tally.connected();
        Subscriber {
            discovery: Arc::clone(self),
            inbox: Arc::new(inbox),
        }
    }

    /// The live subscriptions to a topic, in the order of their beginning.
    pub fn list_subscriptions(&self, topic: &Topic) -> Vec<Subscription> {
        let watching: OfTopic = {
            let watchers = self.watchers.read();
            watchers.get(topic).cloned().unwrap_or_default()
        };
        describe(&watching)
    }

    /// The number of live subscriptions to a topic.
    pub fn count_subscriptions(&self, topic: &Topic) -> usize {
        self.watchers.read().get(topic).map_or(0, Vec::len)
    }

    /// How long changes took from their commit until the updates that tell of them were written to the
    /// streams of their subscribers.
    pub fn pushes(&self) -> Durations {
        self.tally.pushes.read()
    }

    /// What subscribers were told since the start.
    pub fn told(&self) -> Told {
        self.tally.read()
    }

    fn watch(&self, topic: Topic, number: u32, inbox: &Arc<Inbox>) {
        self.watchers
            .write()
            .entry(topic)
            .or_default()
            .push((number, Arc::downgrade(inbox)));
    }

    fn unwatch(&self, topic: &Topic, number: u32, inbox: &Arc<Inbox>) {
        let mut watchers = self.watchers.write();
        let Some(of_topic) = watchers.get_mut(topic) else {
            return;
        };
        of_topic.retain(|(other, weak)| *other != number || weak.as_ptr() != Arc::as_ptr(inbox));
        if of_topic.is_empty() {
            watchers.remove(topic);
        }
    }

    fn newest(&self, watch: &Watch) -> (Revision, Update) {
        let held = watch.held;
        match &watch.topic {
            Topic::Instances(key) => self.newest_instances(key, held),
            Topic::Services(namespace) => {
                let index = self.catalog.read();
                let revision = index.names_changed(namespace);
                newest_of(held, revision, || {
                    let services = index.services_of(namespace);
                    let names = services.map(|(key, _)| key.service.to_string()).collect();
                    Update::Services { revision, names }
                })
            }
            Topic::Rules(family, callee) => {
                let now = self.catalog.rules_of(*family, callee);
                let is_delta = watch.takes_rule_deltas && now.remembers(held);
                newest_of(held, now.revision(), || match is_delta {
                    true => Update::RulesDelta { from: held, now },
                    false => Update::Rules(now),
                })
            }
        }
    }

    fn newest_instances(&self, key: &ServiceKey, held: Revision) -> (Revision, Update) {
        let (now, found) = {
            let index = self.catalog.read();
            (index.revision, index.services.get(key).cloned())
        };
        let Some(snapshot) = found else {
            return (Revision::ZERO, Update::Absent { revision: now });
        };
        let revision = snapshot.revision();
        if revision == held {
            return (revision, Update::Unchanged { revision });
        }
        if snapshot.remembers(held) {
            let (from, now) = (held, snapshot);
            return (revision, Update::Delta { from, now });
        }
        (revision, Update::Snapshot(snapshot))
    }
}

/// What there is at `revision`, for who holds what was there at `held`.
///
/// At zero nothing ever was, and who holds nothing is told also that there is nothing.
fn newest_of(
    held: Revision,
    revision: Revision,
    whole: impl FnOnce() -> Update,
) -> (Revision, Update) {
    let update = match revision == held && held != Revision::ZERO {
        true => Update::Unchanged { revision },
        false => whole(),
    };
    (revision, update)
}

impl Follow for Discovery {
    fn follow(&self, changes: &Arc<[Change]>) {
        let mut touched: Vec<Topic> = Vec::new();
        let mut callees: BTreeSet<(RuleFamily, Callees)> = BTreeSet::new();
        for change in changes.iter() {
            let topic = match &change.key {
                Key::Namespace(_) | Key::Event(..) => continue,
                Key::Rule(kind, _) => {
                    let states = [&change.before, &change.after].into_iter().flatten();
                    let of_states = states.filter_map(Item::rule).map(AnyRule::callees);
                    callees.extend(of_states.map(|callees| (kind.family(), callees)));
                    continue;
                }
                Key::Instance(service, _) => Topic::Instances((**service).clone()),
                Key::Service(service) => {
                    if change.before.is_none() || change.after.is_none() {
                        touched.push(Topic::Services(service.namespace.clone()));
                    }
                    Topic::Instances((**service).clone())
                }
            };
            // Changes of one service mostly come in a row.
            if touched.last() != Some(&topic) {
                touched.push(topic);
            }
        }
        let now = self.clock.elapsed();
        let watchers = self.watchers.read();
        let of_topics = touched.iter().filter_map(|topic| watchers.get(topic));
        let of_rules = callees
            .iter()
            .flat_map(|(family, one)| rules::watching(&watchers, *family, one));
        for (number, inbox) in of_topics
            .chain(of_rules.map(|(_, of_topic)| of_topic))
            .flatten()
        {
            if let Some(inbox) = inbox.upgrade() {
                inbox.mark_dirty(*number, Some(now));
            }
        }
    }
}

impl Subscriber {
    /// Subscribes to a topic under a number of the client's choice, with the revision that it
    /// holds; false if the number is in use.
    pub fn subscribe(&self, number: u32, topic: Topic, held: impl Into<Holding>) -> bool {
        let Holding {
            revision: held,
            takes_rule_deltas,
        } = held.into();
        // A revision that was never given out says nothing of what the client holds.
        let newest = self.discovery.catalog.revision();
        let held = if held > newest { Revision::ZERO } else { held };
        let subscription = Watch {
            topic: topic.clone(),
            since: self.discovery.clock.timestamp(),
            held,
            takes_rule_deltas,
            applied: held,
            left_out: LeftOut::new(),
            is_answered: false,
        };
        {
            let mut subscriptions = self.inbox.subscriptions.lock();
            if subscriptions.topics.contains_key(&number) {
                return false;
            }
            subscriptions.topics.insert(number, subscription);
        }
        // Watching first and reading later, so that no change falls between the two.
        self.discovery.watch(topic, number, &self.inbox);
        self.inbox.mark_dirty(number, None);
        true
    }

    /// Ends a subscription; ending one that does not exist is no error.
    pub fn unsubscribe(&self, number: u32) {
        let ended = {
            let mut subscriptions = self.inbox.subscriptions.lock();
            subscriptions.dirty.remove(&number);
            subscriptions.topics.remove(&number)
        };
        if let Some(ended) = ended {
            self.discovery.unwatch(&ended.topic, number, &self.inbox);
        }
    }

    /// The number of live subscriptions.
    pub fn len(&self) -> usize {
        self.inbox.subscriptions.lock().topics.len()
    }

    /// Whether there is no live subscription.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits for the next update: the number of a subscription and its newest state.
    ///
    /// Cancelling the wait loses nothing.
    pub async fn next(&self) -> (u32, Update) {
        loop {
            if let Some(update) = self.try_next() {
                return update;
            }
            self.inbox.wake.notified().await;
        }
    }

    /// Notes that the update which was taken last is written to the client's stream.
    pub fn note_written(&self) {
        let taken = self.inbox.subscriptions.lock().taken.take();
        if let Some(since) = taken {
            let now = self.discovery.clock.elapsed();
            let pushes = &self.discovery.tally.pushes;
            pushes.note(now.saturating_sub(since));
        }
    }

    /// The next update, if a subscription has one to be told.
    pub fn try_next(&self) -> Option<(u32, Update)> {
        let mut subscriptions = self.inbox.subscriptions.lock();
        while let Some((number, since)) = subscriptions.take_dirty() {
            let Some(subscription) = subscriptions.topics.get_mut(&number) else {
                continue;
            };
            let (held, update) = self.discovery.newest(subscription);
            let is_news = !matches!(update, Update::Unchanged { .. });
            if is_news || !subscription.is_answered {
                subscription.held = held;
                subscription.is_answered = true;
                subscriptions.taken = since;
                self.discovery.tally.count(&update);
                return Some((number, update));
            }
        }
        None
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.discovery.tally.disconnected();
        let topics = std::mem::take(&mut self.inbox.subscriptions.lock().topics);
        for (number, subscription) in topics {
            self.discovery
                .unwatch(&subscription.topic, number, &self.inbox);
        }
    }
}

impl Subscriptions {
    /// The dirty subscription after the last one that was taken, or else the first.
    fn take_dirty(&mut self) -> Option<(u32, Option<Duration>)> {
        let later = (Bound::Excluded(self.last), Bound::Unbounded);
        let later = self.dirty.range(later).next();
        let (&number, &since) = later.or(self.dirty.first_key_value())?;
        self.dirty.remove(&number);
        self.last = number;
        Some((number, since))
    }
}

fn describe(watching: &[(u32, Weak<Inbox>)]) -> Vec<Subscription> {
    let described = watching.iter();
    described
        .filter_map(|(number, inbox)| inbox.upgrade()?.describe(*number))
        .collect()
}

impl Inbox {
    fn describe(&self, number: u32) -> Option<Subscription> {
        let subscriptions = self.subscriptions.lock();
        let watch = subscriptions.topics.get(&number)?;
        Some(Subscription {
            client: Arc::clone(&self.client),
            connected_at: self.connected_at,
            subscribed_at: watch.since,
            sent: watch.held,
            applied: watch.applied,
            left_out: watch.left_out.clone(),
        })
    }

    fn mark_dirty(&self, number: u32, since: Option<Duration>) {
        let mut subscriptions = self.subscriptions.lock();
        subscriptions.dirty.entry(number).or_insert(since);
        drop(subscriptions);
        self.wake.notify_one();
    }
}
