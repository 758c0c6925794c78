//! Rules through the interface of the control plane: written, read, looked back at and pushed.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::sync::Arc;

use merak_core::{
    ChangeRetention, Client, Clock as _, ErrorKind, Holding, ManualClock, MissingService, Moment,
    Outcome, Precondition, RuleFamily, RuleKind, RuleProgress, Settings, Subscriber, Topic, Update,
    testing::MemoryStore,
};
use merak_model::{
    NamespaceName, Revision, ServiceKey,
    routing::{NearbyRule, RoutingRule, RoutingRuleSpec, RuleKey},
};
use support::{TestPlane, caller, limit, nearby, pay, routing, rule, start};

/// The names of the routing rules that a subscriber is told next, and their revision.
fn told(subscriber: &Subscriber) -> Option<(u64, Vec<String>)> {
    match subscriber.try_next()?.1 {
        Update::Rules(now) | Update::RulesDelta { now, .. } => {
            let rules = now.rules::<RoutingRule>();
            let names = rules.iter().map(|rule| rule.key.name.to_string());
            Some((now.revision().get(), names.collect()))
        }
        Update::Snapshot(_)
        | Update::Delta { .. }
        | Update::Services { .. }
        | Update::Absent { .. }
        | Update::Unchanged { .. } => panic!("rules were subscribed"),
    }
}

fn is_unchanged(subscriber: &Subscriber) -> bool {
    matches!(subscriber.try_next(), Some((1, Update::Unchanged { .. })))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test]
async fn a_rule_is_created_changed_left_alone_and_deleted() {
    let test = TestPlane::new().await;
    let put = |spec, precondition| test.put_rule::<RoutingRule>("canary", spec, precondition);
    let created = put(routing("pay", 1, "v1"), Precondition::Absent)
        .await
        .unwrap();
    let again = put(routing("pay", 1, "v1"), Precondition::None)
        .await
        .unwrap();
    assert_eq!(
        (created.outcome, again.outcome),
        (Outcome::Created, Outcome::Unchanged)
    );
    assert_eq!(created.item, again.item);
    let held = Precondition::Revision(created.item.stamp.revision);
    let changed = put(routing("pay", 1, "v2"), held).await.unwrap();
    assert_eq!(changed.outcome, Outcome::Updated);
    assert_eq!(
        changed.item.stamp.created_revision,
        created.item.stamp.revision
    );
    let refused = put(routing("pay", 1, "v3"), held).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PreconditionFailed);
    assert_eq!(
        refused.current_revision(),
        Some(changed.item.stamp.revision)
    );
    let found = test.plane.catalog.find_rule::<RoutingRule>(&rule("canary"));
    assert_eq!(found, Some(changed.item));
    assert_eq!(
        test.plane.catalog.find_rule::<NearbyRule>(&rule("canary")),
        None
    );
    test.delete_routing("canary").await;
    assert_eq!(
        test.plane.catalog.find_rule::<RoutingRule>(&rule("canary")),
        None
    );
    let gone = test.delete_rule::<RoutingRule>("canary").await.unwrap_err();
    assert_eq!(gone.to_string(), "routing rule `default/canary` not found");
}

#[tokio::test]
async fn a_change_keeps_what_is_expected_of_other_rules_in_any_namespace() {
    let plane = TestPlane::new().await.plane;
    let put = |name, spec| {
        let key = RuleKey::parse("shop", name).unwrap();
        let (registry, caller) = (&plane.registry, caller());
        async move {
            let put = registry.put_rule::<RoutingRule>(&caller, key, spec, Precondition::None);
            put.await.map(|written| written.outcome)
        }
    };
    let tested: RoutingRuleSpec = serde_json::from_value(serde_json::json!({
        "priority": 50, "callee": {"service": "pay"}, "otherwise": "reject",
        "branches": [{"targets": [{"labels": {"version": "v1"}}]}],
        "tests": [{"request": {"to": {"service": "pay"}}, "expect": {"decided_by": "shop/tested"}}],
    }))
    .unwrap();
    assert_eq!(put("tested", tested).await.unwrap(), Outcome::Created);
    for callee in ["pay", "*"] {
        let refused = put("first", routing(callee, 1, "v2")).await.unwrap_err();
        let failed = refused.failed_tests();
        assert_eq!(failed.len(), 1, "{callee}: {refused}");
        assert_eq!(failed[0].rule.to_string(), "shop/tested");
    }
    let elsewhere = put("first", routing("order", 1, "v2")).await;
    assert_eq!(elsewhere.unwrap(), Outcome::Created);
}

#[tokio::test]
async fn a_rehearsal_answers_and_changes_nothing() {
    let test = TestPlane::new().await;
    let rehearsal = test.plane.registry.rehearsal();
    let spec = routing("pay", 1, "v1");
    let rehearsed = rehearsal
        .put_rule::<RoutingRule>(&caller(), rule("a"), spec, Precondition::None)
        .await
        .unwrap();
    assert_eq!(
        (rehearsed.outcome, rehearsed.item.stamp.revision),
        (Outcome::Created, Revision(2))
    );
    assert_eq!(test.plane.catalog.revision(), Revision::ZERO);
    assert_eq!(test.plane.catalog.rules_for(&pay()).routing, []);
}

#[tokio::test]
async fn a_namespace_is_created_where_the_setting_says_so() {
    let settings = Settings {
        missing_service: MissingService::Refuse,
        ..Settings::default()
    };
    let (store, clock) = (MemoryStore::default(), Arc::new(ManualClock::default()));
    let plane = start(&store, &clock, settings).await;
    let refused = plane
        .registry
        .put_rule::<NearbyRule>(&caller(), rule("a"), nearby("pay"), Precondition::None)
        .await
        .unwrap_err();
    assert_eq!(refused.to_string(), "namespace `default` not found");
    assert_eq!(store.log(), []);
}

#[tokio::test]
async fn a_namespace_with_rules_stays_and_says_why() {
    let test = TestPlane::new().await;
    test.register(1).await;
    test.put_routing("a", routing("pay", 0, "v1")).await;
    let registry = &test.plane.registry;
    test.put_rule::<NearbyRule>("n", nearby("*"), Precondition::None)
        .await
        .unwrap();
    let by = caller();
    let delete = || registry.delete_namespace(&by, pay().namespace, Precondition::None);
    assert_eq!(
        delete().await.unwrap_err().to_string(),
        "namespace `default` still has services and routing rules and nearby rules: delete them first"
    );
    test.delete_routing("a").await;
    test.put_limit("l", limit("pay", 0, 10)).await;
    test.delete_rule::<NearbyRule>("n").await.unwrap();
    assert_eq!(
        delete().await.unwrap_err().to_string(),
        "namespace `default` still has services and rate limit rules: delete them first"
    );
}

#[tokio::test]
async fn the_rules_of_a_callee_come_in_the_order_in_which_they_are_tried() {
    let test = TestPlane::new().await;
    for (name, callee, priority) in [
        ("last", "pay", 9),
        ("b", "pay", 1),
        ("any", "*", 1),
        ("other", "order", 0),
        ("first", "*", 0),
    ] {
        test.put_routing(name, routing(callee, priority, "v1"))
            .await;
    }
    let mut everywhere = serde_json::to_value(routing("pay", 5, "v1")).unwrap();
    everywhere["callee"]["namespace"] = "*".into();
    let everywhere = serde_json::from_value(everywhere).unwrap();
    let foreign = merak_model::routing::RuleKey::parse("mesh", "everywhere").unwrap();
    let registry = &test.plane.registry;
    registry
        .put_rule::<RoutingRule>(&caller(), foreign, everywhere, Precondition::None)
        .await
        .unwrap();
    let rules_for = |namespace: &str, service: &str| -> Vec<String> {
        let callee = ServiceKey::parse(namespace, service).unwrap();
        let rules = test.plane.catalog.rules_for(&callee);
        assert!(rules.routing.iter().all(|rule| rule.is_for(&callee)));
        rules
            .routing
            .iter()
            .map(|rule| rule.key.name.to_string())
            .collect()
    };
    assert_eq!(
        rules_for("default", "pay"),
        ["first", "any", "b", "everywhere", "last"]
    );
    assert_eq!(rules_for("default", "order"), ["first", "other", "any"]);
    assert_eq!(rules_for("mesh", "pay"), ["everywhere"]);
    let namespace = NamespaceName::default();
    let (_, listed) = test.plane.catalog.list_rules::<RoutingRule>(&namespace);
    let listed: Vec<&str> = listed.iter().map(|rule| rule.key.name.as_str()).collect();
    assert_eq!(listed, ["any", "b", "first", "last", "other"]);
}

#[tokio::test]
async fn subscribers_of_the_callees_before_and_after_are_woken_and_no_others() {
    let test = TestPlane::new().await;
    let [pay, order, user] = ["pay", "order", "user"].map(|service| {
        let subscriber = test.watch_rules(service, Revision::ZERO);
        assert_eq!(told(&subscriber), Some((0, vec![])), "{service}");
        subscriber
    });
    test.put_routing("a", routing("pay", 0, "v1")).await;
    assert_eq!(told(&pay), Some((2, names(&["a"]))));
    test.put_routing("a", routing("order", 0, "v1")).await;
    assert_eq!(told(&pay), Some((3, vec![])));
    assert_eq!(told(&order), Some((3, names(&["a"]))));
    assert_eq!(told(&user), None);
    test.put_routing("all", routing("*", 9, "v1")).await;
    assert_eq!(told(&pay), Some((4, names(&["all"]))));
    assert_eq!(told(&order), Some((4, names(&["a", "all"]))));
    assert_eq!(told(&user), Some((4, names(&["all"]))));
    test.register(1).await;
    test.put_routing("all", routing("*", 9, "v1")).await;
    assert_eq!((told(&pay), told(&order), told(&user)), (None, None, None));
    test.delete_routing("all").await;
    assert_eq!(told(&user), Some((7, vec![])));
}

#[tokio::test]
async fn a_resumed_subscriber_is_told_what_it_missed_and_nothing_else() {
    let test = TestPlane::new().await;
    test.put_routing("a", routing("pay", 0, "v1")).await;
    let held = test
        .put_routing("b", routing("pay", 0, "v1"))
        .await
        .stamp
        .revision;
    test.put_routing("other", routing("order", 0, "v1")).await;
    assert!(is_unchanged(&test.watch_rules("pay", held)));
    let test = test.restart().await;
    assert!(is_unchanged(&test.watch_rules("pay", held)));
    let removed = test.delete_routing("a").await;
    let test = test.restart().await;
    assert_eq!(
        told(&test.watch_rules("pay", held)),
        Some((removed.get(), names(&["b"])))
    );
    // Nor does it matter what the log has forgotten since.
    let retention = ChangeRetention {
        count: 1,
        ..ChangeRetention::default()
    };
    test.register(1).await;
    let history = &test.plane.history;
    history
        .prune(retention, test.clock.timestamp())
        .await
        .unwrap();
    let test = test.restart().await;
    assert!(is_unchanged(&test.watch_rules("pay", removed)));
    assert_eq!(
        told(&test.watch_rules("pay", held)),
        Some((removed.get(), names(&["b"])))
    );
}

#[tokio::test]
async fn operators_see_who_applied_the_rules_for_a_callee() {
    let test = TestPlane::new().await;
    let first = test.put_routing("a", routing("*", 0, "v1")).await;
    let [pay, order] = ["pay", "order"].map(|service| test.watch_rules(service, Revision::ZERO));
    assert!(told(&pay).is_some() && told(&order).is_some());
    order.acknowledge(1, first.stamp.revision);
    let seen = test
        .plane
        .discovery
        .list_rule_subscriptions(RuleFamily::Routing, &merak_core::Rule::callees(&*first));
    let seen: Vec<_> = seen
        .iter()
        .map(|(callee, seen)| (callee.service.as_str(), seen.sent.get(), seen.applied.get()))
        .collect();
    assert_eq!(seen, [("order", 2, 2), ("pay", 2, 0)]);
    let progress = |rule: &RoutingRule| test.plane.discovery.rule_progress(rule);
    let counts = |subscribers, applied, unable| RuleProgress {
        subscribers,
        applied,
        unable,
    };
    assert_eq!(progress(&first), counts(2, 1, 0));
    let left_out = [((RuleKind::Routing, rule("a")), "what is this?".to_owned())];
    pay.acknowledge_except(1, first.stamp.revision, left_out.into());
    assert_eq!(progress(&first), counts(2, 1, 1));
    let changed = test.put_routing("a", routing("order", 0, "v1")).await;
    assert_eq!(progress(&changed), counts(1, 0, 0));
    drop(order);
    assert_eq!(progress(&changed), counts(0, 0, 0));
    let named = merak_core::Callees::of(&routing("order", 0, "v1").callee, &rule("a").namespace);
    let left = test
        .plane
        .discovery
        .list_rule_subscriptions(RuleFamily::Routing, &named);
    assert_eq!(left, []);
}

#[tokio::test]
async fn rules_can_be_seen_as_they_were() {
    let test = TestPlane::new().await;
    let first = test.put_routing("a", routing("pay", 0, "v1")).await;
    let second = test.put_routing("a", routing("order", 0, "v1")).await;
    let other = test.put_routing("b", routing("*", 0, "v1")).await;
    let deleted = test.delete_routing("a").await;
    let history = &test.plane.history;
    let namespace = NamespaceName::default();
    for (revision, found, of_pay, listed) in [
        (Revision(1), None, vec![], vec![]),
        (
            first.stamp.revision,
            Some(&first),
            vec![&first],
            vec![&first],
        ),
        (second.stamp.revision, Some(&second), vec![], vec![&second]),
        (
            other.stamp.revision,
            Some(&second),
            vec![&other],
            vec![&second, &other],
        ),
        (deleted, None, vec![&other], vec![&other]),
    ] {
        let moment = Moment::Revision(revision);
        let rule = history
            .find_rule_at::<RoutingRule>(&rule("a"), moment)
            .await
            .unwrap();
        assert_eq!(rule.as_ref(), found, "{revision}");
        let rules = history.find_rules_at(&pay(), moment).await.unwrap();
        assert_eq!(
            rules.routing.iter().collect::<Vec<_>>(),
            of_pay,
            "{revision}"
        );
        let rules = history
            .list_rules_at::<RoutingRule>(&namespace, moment)
            .await
            .unwrap();
        assert_eq!(rules.iter().collect::<Vec<_>>(), listed, "{revision}");
    }
}

#[tokio::test]
async fn one_of_many_rules_that_changed_is_told_alone() {
    let test = TestPlane::new().await;
    for number in 0..1000 {
        test.put_routing(&format!("r{number}"), routing("pay", 0, "v1"))
            .await;
    }
    let subscriber = test.watch_rules("pay", Revision::ZERO);
    let Some((_, Update::Rules(_))) = subscriber.try_next() else {
        panic!("who holds nothing is told everything");
    };
    let next = || match subscriber.try_next() {
        Some((1, Update::RulesDelta { from, now })) => {
            now.changes_since::<RoutingRule>(from).unwrap()
        }
        other => panic!("{other:?}"),
    };
    test.put_routing("r7", routing("pay", 3, "v2")).await;
    test.put_routing("r7", routing("pay", 3, "v3")).await;
    let delta = next();
    assert_eq!((delta.changed.len(), delta.count), (1, 1000));
    assert_eq!(delta.removed, []);
    // A rule for another callee now, one that is gone, and one that came and went.
    test.put_routing("r8", routing("order", 0, "v1")).await;
    test.delete_routing("r9").await;
    test.put_routing("new", routing("pay", 0, "v1")).await;
    test.delete_routing("new").await;
    let delta = next();
    assert_eq!((delta.changed.len(), delta.count), (0, 998));
    assert_eq!(delta.removed, [rule("new"), rule("r8"), rule("r9")]);
}

#[tokio::test]
async fn who_does_not_understand_deltas_of_rules_is_told_everything() {
    let test = TestPlane::new().await;
    test.put_routing("a", routing("pay", 0, "v1")).await;
    let subscriber = test.plane.discovery.subscriber(Client::default());
    let held = Holding {
        revision: Revision::ZERO,
        takes_rule_deltas: false,
    };
    let topic = Topic::Rules(RuleFamily::Routing, pay());
    assert!(subscriber.subscribe(1, topic, held));
    for name in ["b", "c"] {
        let update = subscriber.try_next();
        assert!(matches!(update, Some((1, Update::Rules(_)))), "{update:?}");
        test.put_routing(name, routing("pay", 0, "v1")).await;
    }
}

#[tokio::test]
async fn who_is_far_behind_or_from_before_a_restart_is_told_everything() {
    let test = TestPlane::new().await;
    let (pay, order) = (routing("pay", 0, "v1"), routing("order", 0, "v1"));
    let first = test.put_routing("a", pay.clone()).await.stamp.revision;
    for priority in 0..1025 {
        test.put_routing("b", routing("pay", priority, "v1")).await;
    }
    let update = test.watch_rules("pay", first).try_next();
    assert!(matches!(update, Some((1, Update::Rules(_)))), "{update:?}");
    let held = test.put_routing("c", pay.clone()).await.stamp.revision;
    let test = test.restart().await;
    test.put_routing("d", order).await;
    assert!(is_unchanged(&test.watch_rules("pay", held)));
    test.put_routing("e", pay.clone()).await;
    let update = test.watch_rules("pay", held).try_next();
    assert!(
        matches!(update, Some((1, Update::RulesDelta { from, .. })) if from == held),
        "{update:?}"
    );
    let update = test.watch_rules("pay", first).try_next();
    assert!(matches!(update, Some((1, Update::Rules(_)))), "{update:?}");
}

#[tokio::test]
async fn many_rules_for_one_callee_are_nothing_to_another() {
    let test = TestPlane::new().await;
    for number in 0..1000 {
        test.put_routing(&format!("r{number}"), routing("pay", number % 10, "v1"))
            .await;
    }
    test.put_routing("own", routing("order", 0, "v1")).await;
    let order = test.watch_rules("order", Revision::ZERO);
    assert_eq!(told(&order), Some((1002, names(&["own"]))));
    test.put_routing("r7", routing("pay", 3, "v2")).await;
    assert_eq!(told(&order), None);
    let rules = test.plane.catalog.rules_for(&pay()).routing;
    assert_eq!(rules.len(), 1000);
    assert!(rules.is_sorted_by(|one, other| one.precedence() < other.precedence()));
}
