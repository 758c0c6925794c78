//! Changes as they happen.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use merak_core::{ChangeRetention, Clock as _};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::harness::{RULES, TestApi, canary};

/// An open stream of events.
struct Events {
    body: Body,
    /// What was received and does not end an event yet.
    text: String,
}

#[derive(Debug, Default, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Events {
    async fn open(api: &TestApi, query: &str, last_event_id: Option<&str>) -> Self {
        let mut request = Request::get(format!("/api/v1/watch?{query}"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = api.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// The next event or keep-alive; none at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = parsed(event);
                self.text = rest.to_owned();
                return Some(event);
            }
            let frame = self.body.frame().await?.unwrap();
            self.text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
    }

    async fn ids(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(self.next().await.unwrap().id);
        }
        ids
    }
}

fn parsed(text: &str) -> Event {
    let mut event = Event::default();
    for (field, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let value = value.trim_start();
        match field {
            "event" => event.name = value.to_owned(),
            "id" => event.id = value.to_owned(),
            "data" => event.data = serde_json::from_str(value).unwrap(),
            _ => {}
        }
    }
    event
}

#[tokio::test]
async fn a_watch_begins_now_and_tells_what_happens() {
    let api = TestApi::new().await;
    api.put_instance(1).await;
    let mut events = Events::open(&api, "", None).await;
    let ready = events.next().await.unwrap();
    assert_eq!((ready.name.as_str(), ready.id.as_str()), ("ready", "3"));
    assert_eq!(
        ready.data,
        json!({"revision": 3, "epoch": api.plane.epoch.to_string()})
    );
    api.put_instance(2).await;
    let change = events.next().await.unwrap();
    assert_eq!((change.name.as_str(), change.id.as_str()), ("change", "4"));
    let listed = api.get("/api/v1/changes?page_size=1").await.json;
    assert_eq!(change.data, listed["items"][0]);
}

#[tokio::test]
async fn a_watch_resumes_without_gap_or_repeat() {
    let api = TestApi::new().await;
    for number in 1..=4 {
        api.put_instance(number).await;
    }
    let mut events = Events::open(&api, "after=2", None).await;
    assert_eq!(events.ids(3).await, ["2", "3", "4"]);
    drop(events);
    api.put_instance(5).await;
    // A browser that comes back sends the old `after` as well: what it last heard goes before.
    let mut events = Events::open(&api, "after=2", Some("4")).await;
    assert_eq!(events.ids(4).await, ["4", "5", "6", "7"]);
    api.put_instance(6).await;
    assert_eq!(events.ids(1).await, ["8"]);
}

#[tokio::test]
async fn a_watch_tells_what_it_was_asked_for() {
    let api = TestApi::new().await;
    api.put("/api/v1/namespaces/shop", json!({})).await; // 1
    api.put_instance(1).await; // 2 namespace, 3 service, 4 instance
    api.put("/api/v1/namespaces/shop/services/order", json!({}))
        .await; // 5
    for (query, expected) in [
        ("kind=service", &["0", "3", "5"][..]),
        ("namespace=shop", &["0", "1", "5"]),
        ("service=pay&namespace=default", &["0", "3", "4"]),
        ("kind=instance&service=pay", &["0", "4"]),
    ] {
        let mut events = Events::open(&api, &format!("after=0&{query}"), None).await;
        assert_eq!(events.ids(expected.len()).await, expected, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quiet_watch_moves_its_id_on() {
    let api = TestApi::new().await;
    let mut events = Events::open(&api, "kind=event", None).await;
    assert_eq!(events.ids(1).await, ["0"]);
    api.put_instance(1).await;
    let begin = tokio::time::Instant::now();
    let alive = events.next().await.unwrap();
    assert_eq!(begin.elapsed().as_secs(), 15);
    assert_eq!(
        alive,
        Event {
            id: "3".to_owned(),
            ..Event::default()
        }
    );
}

#[tokio::test]
async fn a_watch_of_what_is_gone_or_unknown_is_refused() {
    let api = TestApi::new().await;
    for number in 1..=4 {
        api.put_instance(number).await;
    }
    let retention = ChangeRetention {
        count: 2,
        ..ChangeRetention::default()
    };
    api.plane
        .history
        .prune(retention, api.clock.timestamp())
        .await
        .unwrap();
    for after in ["1", "99"] {
        let refused = api.get(&format!("/api/v1/watch?after={after}")).await;
        assert_eq!(refused.problem(), (410, "gone", ""), "{after}");
        let last = [("last-event-id", after)];
        let refused = api
            .send(Method::GET, "/api/v1/watch", &last, Value::Null)
            .await;
        assert_eq!(refused.problem(), (410, "gone", ""), "{after}");
    }
}

#[tokio::test]
async fn a_slow_watch_misses_nothing() {
    let api = TestApi::new().await;
    let mut events = Events::open(&api, "", None).await;
    for number in 1..=300 {
        api.put_instance(number).await;
    }
    let expected: Vec<String> = (0..=302)
        .map(|revision: u32| revision.to_string())
        .collect();
    assert_eq!(events.ids(303).await, expected);
}

#[tokio::test]
async fn a_watch_ends_when_the_server_drains() {
    let api = TestApi::new().await;
    let mut events = Events::open(&api, "", None).await;
    events.next().await.unwrap();
    api.drain.cancel();
    let end = tokio::time::timeout(Duration::from_secs(5), events.next()).await;
    assert_eq!(end.unwrap(), None);
}

#[tokio::test]
async fn a_watch_shows_rules_before_and_after() {
    let api = TestApi::new().await;
    let path = format!("{RULES}/a");
    let before = api.put_if(&path, "*", canary("pay", 10)).await.rule();
    let mut events = Events::open(&api, "kind=routing_rule", None).await;
    events.next().await.unwrap();
    api.put_instance(1).await;
    let after = api.put_if(&path, "\"2\"", canary("pay", 50)).await.rule();
    let event = events.next().await.unwrap();
    assert_eq!(
        (event.name.as_str(), &event.data["rule"]),
        ("change", &json!("a"))
    );
    assert_eq!(
        (&event.data["before"], &event.data["after"]),
        (&before, &after)
    );
}
