//! Rate limit rules through the interface of the control plane: what differs from other rules, and that the
//! rest does not.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use merak_core::{
    AnyRule, ChangeQuery, ChangeRetention, Client, Clock as _, Item, Key, Kind, Moment, Outcome,
    Precondition, Rule as _, RuleFamily, RuleKind, Subscriber, Topic, Update,
};
use merak_model::{
    Revision, ServiceKey,
    limiting::RateLimitRule,
    routing::{NearbyRule, RoutingRule},
};
use support::{TestPlane, limit, pay, routing, rule};

#[tokio::test]
async fn a_rate_limit_rule_is_created_changed_left_alone_and_deleted() {
    let test = TestPlane::new().await;
    let put = |max| {
        let spec = limit("pay", 0, max);
        test.put_rule::<RateLimitRule>("users", spec, Precondition::None)
    };
    let outcomes = [
        put(10).await.unwrap().outcome,
        put(10).await.unwrap().outcome,
        put(20).await.unwrap().outcome,
    ];
    let expected = [Outcome::Created, Outcome::Unchanged, Outcome::Updated];
    assert_eq!(outcomes, expected);
    let found = test.plane.catalog.limits_for(&pay());
    assert_eq!((found.callee, found.revision), (pay(), Revision(3)));
    assert_eq!(found.rules[0].spec, limit("pay", 0, 20));
    let removed = test.delete_rule::<RateLimitRule>("users").await.unwrap();
    let left = test.plane.catalog.limits_for(&pay());
    assert_eq!((left.revision, left.rules), (removed, vec![]));
    let gone = test.delete_rule::<RateLimitRule>("users").await;
    assert_eq!(
        gone.unwrap_err().to_string(),
        "rate limit rule `default/users` not found"
    );
}

#[tokio::test]
async fn rules_of_one_name_and_different_kinds_have_nothing_to_do_with_each_other() {
    let test = TestPlane::new().await;
    let of_routing = test.put_routing("a", routing("pay", 0, "v1")).await;
    let of_limits = test.put_limit("a", limit("pay", 0, 10)).await;
    let catalog = &test.plane.catalog;
    let revisions = || {
        let (rules, limits) = (catalog.rules_for(&pay()), catalog.limits_for(&pay()));
        (rules.revision, limits.revision)
    };
    let (first, second) = (of_routing.stamp.revision, of_limits.stamp.revision);
    assert_eq!(revisions(), (first, second));
    assert_eq!(catalog.find_rule::<NearbyRule>(&rule("a")), None);
    test.delete_routing("a").await;
    assert_eq!(revisions(), (Revision(4), second));
    assert_eq!(
        catalog.find_rule::<RateLimitRule>(&rule("a")),
        Some(of_limits)
    );
    assert_eq!(catalog.find_rule::<RoutingRule>(&rule("a")), None);
}

#[tokio::test]
async fn the_limits_of_a_service_come_in_their_order_and_keep_their_revision() {
    let test = TestPlane::new().await;
    for (name, callee, priority) in [("last", "pay", 9), ("any", "*", 1), ("other", "order", 0)] {
        test.put_limit(name, limit(callee, priority, 10)).await;
    }
    test.put_routing("r", routing("*", 0, "v1")).await;
    let retention = ChangeRetention {
        count: 1,
        ..ChangeRetention::default()
    };
    let now = test.clock.timestamp();
    test.plane.history.prune(retention, now).await.unwrap();
    let test = test.restart().await;
    let of = |service: &str| {
        let callee = ServiceKey::parse("default", service).unwrap();
        let limits = test.plane.catalog.limits_for(&callee);
        let rules = limits.rules.iter();
        let names: Vec<_> = rules.map(|rule| rule.key.name.to_string()).collect();
        (limits.revision.get(), names.join(" "))
    };
    assert_eq!(of("pay"), (3, "any last".to_owned()));
    assert_eq!(of("order"), (4, "other any".to_owned()));
    assert_eq!(of("user"), (3, "any".to_owned()));
}

/// The names of the rules that a subscriber is told next, and their revision.
fn told(subscriber: &Subscriber) -> Option<(u64, String)> {
    let (_, Update::Rules(now) | Update::RulesDelta { now, .. }) = subscriber.try_next()? else {
        panic!("rate limits were subscribed");
    };
    let rules = now.rules::<RateLimitRule>();
    let names: Vec<_> = rules.iter().map(|rule| rule.key.name.as_str()).collect();
    Some((now.revision().get(), names.join(" ")))
}

fn watch(test: &TestPlane, held: Revision) -> Subscriber {
    let subscriber = test.plane.discovery.subscriber(Client::default());
    assert!(subscriber.subscribe(1, Topic::Rules(RuleFamily::RateLimit, pay()), held));
    subscriber
}

#[tokio::test]
async fn who_watches_the_limits_of_a_service_hears_of_them_and_of_nothing_else() {
    let test = TestPlane::new().await;
    let (limits, rules) = (
        watch(&test, Revision::ZERO),
        test.watch_rules("pay", Revision::ZERO),
    );
    assert_eq!(told(&limits), Some((0, String::new())));
    assert!(rules.try_next().is_some());
    let first = test.put_limit("a", limit("pay", 0, 10)).await;
    assert_eq!(told(&limits), Some((2, "a".to_owned())));
    assert!(rules.try_next().is_none());
    test.put_routing("r", routing("pay", 0, "v1")).await;
    test.put_limit("other", limit("order", 0, 10)).await;
    assert_eq!(told(&limits), None);
    limits.acknowledge(1, first.stamp.revision);
    let discovery = &test.plane.discovery;
    let seen = |family| discovery.list_rule_subscriptions(family, &first.callees());
    let applied: Vec<_> = seen(RuleFamily::RateLimit)
        .iter()
        .map(|(callee, seen)| (callee.clone(), seen.applied))
        .collect();
    assert_eq!(applied, [(pay(), first.stamp.revision)]);
    assert_eq!(seen(RuleFamily::Routing).len(), 1);
}

#[tokio::test]
async fn limits_are_resumed_across_a_restart() {
    let test = TestPlane::new().await;
    let held = test.put_limit("a", limit("*", 0, 10)).await.stamp.revision;
    test.put_routing("r", routing("pay", 0, "v1")).await;
    let test = test.restart().await;
    let resumed = watch(&test, held);
    assert!(matches!(
        resumed.try_next(),
        Some((1, Update::Unchanged { .. }))
    ));
    let removed = test.delete_rule::<RateLimitRule>("a").await.unwrap();
    assert_eq!(told(&resumed), Some((removed.get(), String::new())));
    let test = test.restart().await;
    assert_eq!(
        told(&watch(&test, held)),
        Some((removed.get(), String::new()))
    );
}

#[tokio::test]
async fn limits_can_be_seen_as_they_were_and_in_the_log() {
    let test = TestPlane::new().await;
    let first = test.put_limit("a", limit("pay", 0, 10)).await;
    let second = test.put_limit("a", limit("order", 0, 10)).await;
    let deleted = test.delete_rule::<RateLimitRule>("a").await.unwrap();
    let history = &test.plane.history;
    for (revision, found, of_pay) in [
        (first.stamp.revision, Some(&first), vec![&first]),
        (second.stamp.revision, Some(&second), vec![]),
        (deleted, None, vec![]),
    ] {
        let moment = Moment::Revision(revision);
        let key = rule("a");
        let was = history.find_rule_at::<RateLimitRule>(&key, moment).await;
        assert_eq!(was.unwrap().as_ref(), found, "{revision}");
        let limits = history.find_limits_at(&pay(), moment).await.unwrap();
        let rules: Vec<_> = limits.rules.iter().collect();
        assert_eq!(rules, of_pay, "{revision}");
    }
    let query = ChangeQuery {
        kind: Kind::find("rate_limit_rule"),
        limit: 10,
        ..ChangeQuery::default()
    };
    let changes = history.list_changes(&query).await.unwrap();
    assert_eq!(changes.len(), 3);
    assert!(matches!(changes[0].key, Key::Rule(RuleKind::RateLimit, _)));
    let before = Item::Rule(AnyRule::RateLimit(second));
    assert_eq!(
        (&changes[0].before, &changes[0].after),
        (&Some(before), &None)
    );
}
