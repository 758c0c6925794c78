//! Who watches a service.

use std::{collections::BTreeMap, time::Duration};

use merak_core::{Client, Topic};
use merak_model::{Revision, ServiceKey};
use serde_json::json;

use crate::harness::{PAY, TestApi};

#[tokio::test]
async fn subscribers_are_shown_with_what_they_applied() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let path = format!("{PAY}/subscribers");
    assert_eq!(api.get(&path).await.json, json!({"items": []}));
    let pay = ServiceKey::parse("default", "pay").unwrap();
    let client = Client {
        address: "10.0.0.9:5".to_owned(),
        service: Some(ServiceKey::parse("default", "order").unwrap()),
        labels: BTreeMap::from([("zone".to_owned(), "b".to_owned())]),
        ..Client::default()
    };
    let subscriber = api.plane.discovery.subscriber(client);
    api.clock.advance(Duration::from_secs(1));
    subscriber.subscribe(1, Topic::Instances(pay), Revision::ZERO);
    let waiting = api.get(&path).await.json;
    assert_eq!(waiting["items"][0]["is_current"], false);
    subscriber.try_next().unwrap();
    subscriber.acknowledge(1, Revision(3));
    let listed = api.get(&path).await.json;
    let expected = json!({
        "client": {
            "address": "10.0.0.9:5", "service": {"namespace": "default", "name": "order"},
            "host": "", "sdk": "", "sdk_version": "", "labels": {"zone": "b"},
        },
        "connected_at": "2026-01-01T00:00:00Z", "subscribed_at": "2026-01-01T00:00:01Z",
        "sent_revision": 3, "applied_revision": 3, "is_current": true,
    });
    assert_eq!(listed["items"], json!([expected]));
    drop(subscriber);
    assert_eq!(api.get(&path).await.json, json!({"items": []}));
}

#[tokio::test]
async fn what_does_not_exist_can_be_watched() {
    let api = TestApi::new().await;
    let path = format!("{PAY}/subscribers");
    assert_eq!(api.get(&path).await.problem(), (404, "not_found", ""));
    let topic = Topic::Instances(ServiceKey::parse("default", "pay").unwrap());
    let subscriber = api.plane.discovery.subscriber(Client::default());
    for number in 0..5 {
        subscriber.subscribe(number, topic.clone(), Revision::ZERO);
    }
    let first = api.get(&format!("{path}?page_size=3")).await;
    assert_eq!(first.column("is_current").len(), 3);
    let token = first.next_page_token().unwrap();
    let second = api
        .get(&format!("{path}?page_size=3&page_token={token}"))
        .await;
    assert_eq!(
        (second.column("is_current").len(), second.next_page_token()),
        (2, None)
    );
}
