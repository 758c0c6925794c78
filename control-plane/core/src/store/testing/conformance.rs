//! What every store must do.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use merak_model::{
    Host, Instance, InstanceSpec, Namespace, NamespaceSpec, Port, Registration, Revision, Service,
    ServiceKey, ServiceSpec, Stamp, Timestamp,
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule, RuleKey, RuleName},
};

use crate::{
    Change, ChangeQuery, ErrorKind, Event, Item, Key, Kind, Loaded, Order, Rule as _, RuleFamily,
    RuleKind, Store,
};

/// A log under construction, with the state that it folds to.
struct Log {
    changes: Vec<Change>,
}

impl Log {
    /// A namespace (1), a service (2) and its instances (3, 4).
    fn begin() -> Self {
        let mut log = Self {
            changes: Vec::new(),
        };
        log.create(|stamp| {
            Item::Namespace(Arc::new(Namespace {
                name: pay().namespace.clone(),
                spec: NamespaceSpec::default(),
                stamp,
            }))
        });
        log.create(|stamp| {
            Item::Service(Arc::new(Service {
                key: pay(),
                spec: ServiceSpec::default(),
                stamp,
            }))
        });
        for port in [1, 2] {
            log.create(|stamp| Item::Instance(Arc::new(instance(port, stamp))));
        }
        log
    }

    fn next(&self) -> Revision {
        Revision(self.changes.len() as u64 + 1)
    }

    fn create(&mut self, make: impl FnOnce(Stamp) -> Item) -> Item {
        let (revision, at) = (self.next(), time(self.next()));
        let item = make(Stamp {
            created_revision: revision,
            revision,
            created_at: at,
            modified_at: at,
        });
        self.push(key_of(&item), None, Some(item.clone()));
        item
    }

    fn push(&mut self, key: Key, before: Option<Item>, after: Option<Item>) {
        let revision = self.next();
        self.changes.push(Change {
            revision,
            at: time(revision),
            actor: Arc::from(if revision.get().is_multiple_of(2) {
                "even"
            } else {
                "odd"
            }),
            request_id: Arc::from("r'1"),
            key,
            before,
            after,
        });
    }

    /// The changes from a revision on.
    fn since(&self, revision: u64) -> &[Change] {
        &self.changes[revision as usize - 1..]
    }
}

/// What was appended is what is loaded, with the newest revision of the log and of each service.
pub async fn what_was_appended_is_loaded(store: &impl Store) {
    let empty = store.load().await.unwrap();
    assert_eq!(
        (empty.revision, empty.namespaces.len()),
        (Revision::ZERO, 0)
    );
    let mut log = Log::begin();
    let Some(Item::Instance(before)) = log.changes[2].after.clone() else {
        panic!("the third change made an instance");
    };
    let mut after = (*before).clone();
    (after.isolated, after.stamp.revision) = (true, log.next());
    after.registered = Some(Arc::new(before.spec.clone()));
    log.push(
        log.changes[2].key.clone(),
        Some(Item::Instance(before)),
        Some(Item::Instance(Arc::new(after.clone()))),
    );
    let event = Event::Flapping {
        losses: 3,
        window_seconds: 600,
    };
    let event = Item::Event(Arc::new(event));
    log.push(Key::Event(pay(), None), None, Some(event.clone()));
    let kept = log.changes[3].clone();
    log.push(kept.key, kept.after, None);
    log.push(Key::Event(pay(), None), None, Some(event));
    store.append(&log.changes).await.unwrap();
    let loaded = store.load().await.unwrap();
    assert_eq!(
        (loaded.revision, loaded.at),
        (Revision(8), time(Revision(8)))
    );
    assert_eq!(loaded.instances, [after]);
    let service = &loaded.services[0];
    assert_eq!(
        service.revision,
        Revision(7),
        "a removal counts, an event does not"
    );
    assert_eq!(loaded.namespaces.len(), 1);
}

/// One commit may delete a thing and make it anew under the same name.
pub async fn a_thing_deleted_and_made_anew(store: &impl Store) {
    let mut log = Log::begin();
    store.append(&log.changes).await.unwrap();
    let first = log.changes[2].clone();
    log.push(first.key, first.after, None);
    let second = log.create(|stamp| Item::Instance(Arc::new(instance(1, stamp))));
    store.append(log.since(5)).await.unwrap();
    let loaded: Loaded = store.load().await.unwrap();
    let ids: Vec<_> = loaded
        .instances
        .iter()
        .map(|one| one.stamp.created_revision)
        .collect();
    assert!(
        ids.contains(&second.created_revision().unwrap()) && ids.len() == 2,
        "{ids:?}"
    );
}

/// A batch with a revision that is taken leaves nothing of itself.
pub async fn bad_batch_leaves_nothing(store: &impl Store) {
    let mut log = Log::begin();
    store.append(&log.changes).await.unwrap();
    let removed = log.changes[2].clone();
    log.push(removed.key, removed.after, None);
    let mut batch = log.since(5).to_vec();
    batch.push(log.changes[0].clone());
    let refused = store.append(&batch).await.unwrap_err();
    assert_eq!(
        refused.kind(),
        ErrorKind::Internal,
        "it must stop the control plane"
    );
    let loaded = store.load().await.unwrap();
    assert_eq!((loaded.revision, loaded.instances.len()), (Revision(4), 2));
}

type Narrow = fn(&mut ChangeQuery);

/// Every part of a query narrows what is listed.
pub async fn changes_are_listed_by_what_is_asked(store: &impl Store) {
    let log = Log::begin();
    store.append(&log.changes).await.unwrap();
    let cases: [(Narrow, &[u64]); 8] = [
        (|_| {}, &[4, 3, 2, 1]),
        (|query| query.limit = 2, &[4, 3]),
        (|query| query.order = Order::OldestFirst, &[1, 2, 3, 4]),
        (|query| query.kind = Some(Kind::Service), &[2]),
        (|query| query.actor = Some("odd".to_owned()), &[3, 1]),
        (
            |query| query.namespace = Some(pay().namespace.clone()),
            &[4, 3, 2, 1],
        ),
        (
            |query| query.service = Some(pay().service.clone()),
            &[4, 3, 2],
        ),
        (
            |query| query.instance = Some(instance(2, Stamp::default()).id),
            &[4],
        ),
    ];
    require_listed(store, &log, &cases).await;
    let time_of = |revision| store.find_change_time(Revision(revision));
    assert_eq!(time_of(3).await.unwrap(), Some(time(Revision(3))));
    for never in [0, 5, u64::MAX] {
        assert_eq!(time_of(never).await.unwrap(), None);
    }
}

/// Parts of a query narrow together, and a revision may be any number.
pub async fn changes_are_listed_by_all_that_is_asked(store: &impl Store) {
    let log = Log::begin();
    store.append(&log.changes).await.unwrap();
    let cases: [(Narrow, &[u64]); 6] = [
        (
            |query| (query.after, query.before) = (Some(Revision(1)), Some(Revision(4))),
            &[3, 2],
        ),
        (|query| query.after = Some(Revision(u64::MAX)), &[]),
        (
            |query| query.before = Some(Revision(u64::MAX)),
            &[4, 3, 2, 1],
        ),
        (
            |query| {
                query.service = Some(pay().service.clone());
                (query.order, query.limit) = (Order::OldestFirst, 2);
            },
            &[2, 3],
        ),
        (
            |query| {
                query.service = Some(pay().service.clone());
                query.actor = Some("even".to_owned());
            },
            &[4, 2],
        ),
        (
            |query| {
                query.namespace = Some(pay().namespace.clone());
                query.service = Some(pay().service.clone());
                query.kind = Some(Kind::Instance);
            },
            &[4, 3],
        ),
    ];
    require_listed(store, &log, &cases).await;
}

async fn require_listed(store: &impl Store, log: &Log, cases: &[(Narrow, &[u64])]) {
    for (narrow, expected) in cases {
        let mut query = ChangeQuery {
            limit: 10,
            ..ChangeQuery::default()
        };
        narrow(&mut query);
        let found = store.list_changes(&query).await.unwrap();
        let revisions: Vec<u64> = found.iter().map(|change| change.revision.get()).collect();
        assert_eq!(revisions, *expected, "{query:?}");
        for change in found {
            let appended = &log.changes[change.revision.get() as usize - 1];
            assert_eq!(change, *appended);
        }
    }
}

/// Pruning forgets history and nothing else, and never the newest change.
pub async fn pruning_keeps_the_state(store: &impl Store) {
    assert_eq!(store.find_oldest_change().await.unwrap(), None);
    store.prune_changes(Revision(3)).await.unwrap();
    let mut log = Log::begin();
    store.append(&log.changes).await.unwrap();
    for (through, oldest) in [(0, 1), (1, 2), (3, 4), (4, 4), (u64::MAX, 4)] {
        store.prune_changes(Revision(through)).await.unwrap();
        let found = store.find_oldest_change().await.unwrap();
        assert_eq!(found, Some(Revision(oldest)), "pruned through {through}");
        let loaded = store.load().await.unwrap();
        assert_eq!(
            (loaded.revision, loaded.at),
            (Revision(4), time(Revision(4)))
        );
        assert_eq!(
            (
                loaded.namespaces.len(),
                loaded.services.len(),
                loaded.instances.len()
            ),
            (1, 1, 2)
        );
    }
    let event = Item::Event(Arc::new(Event::Flapping {
        losses: 3,
        window_seconds: 600,
    }));
    log.push(Key::Event(pay(), None), None, Some(event));
    store.append(log.since(5)).await.unwrap();
    store.prune_changes(Revision(5)).await.unwrap();
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.revision, Revision(5));
    let service = &loaded.services[0];
    assert_eq!(
        service.revision,
        Revision(4),
        "the newest that was forgotten"
    );
}

/// Rules are kept, and of each way to name callees when a rule that did so last changed, whatever is
/// pruned; the log of one rule can be asked for.
pub async fn rules_are_kept_with_their_last_change(store: &impl Store) {
    let mut log = Log::begin();
    // Of the name of an instance, which a query for either must tell apart.
    let name = instance(2, Stamp::default()).id;
    let routing = log.create(|stamp| Arc::new(rule(name.as_str(), "pay", stamp)).item());
    let nearby = log.create(|stamp| {
        let spec = serde_json::from_str(r#"{"callee": {"service": "*"}}"#).unwrap();
        let key = RuleKey::parse("default", "near").unwrap();
        Arc::new(NearbyRule { key, spec, stamp }).item()
    });
    // Of the name of a rule of another kind.
    let limit = log.create(|stamp| {
        let spec = r#"{"callee": {"service": "pay"}, "amounts": [{"max": 1, "window_ms": 1000}]}"#;
        let spec = serde_json::from_str(spec).unwrap();
        let key = RuleKey::parse("default", "near").unwrap();
        Arc::new(RateLimitRule { key, spec, stamp }).item()
    });
    let before = RoutingRule::of_item(&routing).unwrap();
    let mut after = rule(name.as_str(), "order", before.stamp);
    after.stamp.revision = log.next();
    let moved = Arc::new(after).item();
    log.push(key_of(&routing), Some(routing.clone()), Some(moved.clone()));
    log.push(key_of(&nearby), Some(nearby.clone()), None);
    store.append(&log.changes).await.unwrap();
    store.prune_changes(Revision(8)).await.unwrap();
    let loaded = store.load().await.unwrap();
    let mut rules: Vec<Item> = loaded.rules.into_iter().map(Item::Rule).collect();
    rules.sort_by_key(|rule| rule.created_revision());
    assert_eq!(rules, [moved, limit]);
    let mut callees: Vec<_> = loaded
        .callees
        .iter()
        .map(|one| {
            (
                one.family,
                one.callees.service.to_string(),
                one.revision.get(),
            )
        })
        .collect();
    callees.sort_unstable();
    let expected = [
        (RuleFamily::Routing, "*", 9),
        (RuleFamily::Routing, "order", 8),
        (RuleFamily::Routing, "pay", 8),
        (RuleFamily::RateLimit, "pay", 7),
    ];
    assert_eq!(
        callees,
        expected.map(|(family, name, revision)| (family, name.to_owned(), revision))
    );
}

/// The log of one rule, and that of an instance of the same name.
pub async fn the_log_of_a_rule_can_be_asked_for(store: &impl Store) {
    let mut log = Log::begin();
    let name = instance(2, Stamp::default()).id;
    let made = log.create(|stamp| Arc::new(rule(name.as_str(), "pay", stamp)).item());
    log.create(|stamp| Arc::new(rule("other", "pay", stamp)).item());
    log.push(key_of(&made), Some(made.clone()), None);
    store.append(&log.changes).await.unwrap();
    let revisions = async |query: ChangeQuery| -> Vec<u64> {
        let found = store
            .list_changes(&ChangeQuery { limit: 10, ..query })
            .await
            .unwrap();
        for change in &found {
            assert_eq!(*change, log.changes[change.revision.get() as usize - 1]);
        }
        found.iter().map(|change| change.revision.get()).collect()
    };
    let of_rule = ChangeQuery {
        rule: Some(RuleName::parse(name.as_str()).unwrap()),
        ..ChangeQuery::default()
    };
    assert_eq!(revisions(of_rule).await, [7, 5]);
    let of_kind = ChangeQuery {
        kind: Some(Kind::Rule(RuleKind::Routing)),
        namespace: Some(pay().namespace.clone()),
        ..ChangeQuery::default()
    };
    assert_eq!(revisions(of_kind).await, [7, 6, 5]);
    let of_instance = ChangeQuery {
        instance: Some(name),
        ..ChangeQuery::default()
    };
    assert_eq!(revisions(of_instance).await, [4]);
}

fn pay() -> Arc<ServiceKey> {
    Arc::new(ServiceKey::parse("default", "pay").unwrap())
}

fn instance(port: u64, stamp: Stamp) -> Instance {
    let spec = InstanceSpec::new(Host::parse("10.0.0.1").unwrap(), Port::new(port).unwrap());
    let service = pay();
    let registration = Registration {
        service: (*service).clone(),
        id: None,
        spec,
    };
    Instance {
        id: registration.instance_id(),
        service,
        spec: registration.spec,
        registered: None,
        isolated: false,
        health: merak_model::Health::Healthy,
        stamp,
    }
}

fn rule(name: &str, callee: &str, stamp: Stamp) -> RoutingRule {
    let spec = serde_json::json!({
        "callee": {"service": callee},
        "branches": [{"targets": [{"labels": {"version": "v2"}}]}],
        "otherwise": "reject",
    });
    RoutingRule {
        key: RuleKey::parse("default", name).unwrap(),
        spec: serde_json::from_value(spec).unwrap(),
        stamp,
    }
}

fn key_of(item: &Item) -> Key {
    match item {
        Item::Namespace(namespace) => Key::Namespace(namespace.name.clone()),
        Item::Service(service) => Key::Service(Arc::clone(&service.key)),
        Item::Instance(instance) => {
            Key::Instance(Arc::clone(&instance.service), instance.id.clone())
        }
        Item::Event(_) => Key::Event(pay(), None),
        Item::Rule(rule) => Key::Rule(rule.kind(), Arc::new(rule.key().clone())),
    }
}

fn time(revision: Revision) -> Timestamp {
    Timestamp::from_unix_ms(1_700_000_000_000).plus_ms(revision.get() as i64)
}
