//! A rule's way from the REST API to a subscriber, through the binary as its users run it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use merak_model::routing::{NearbyRule, RoutingRule};
use merak_proto::v1::{
    self, discovery_client::DiscoveryClient, sync_request::Kind as Message, sync_response::Update,
};
use prost::Message as _;
use serde_json::{Value, json};
use support::{Server, soon};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

const RULES: &str = "/api/v1/namespaces/default/routing-rules";
const NEARBY: &str = "/api/v1/namespaces/default/nearby-rules";

/// A stream that subscribes to the rules for `pay`.
struct Watch {
    requests: mpsc::Sender<v1::SyncRequest>,
    updates: Streaming<v1::SyncResponse>,
    epoch: String,
}

/// What a client of an older version knows.
#[derive(Clone, Copy)]
enum Client {
    Older,
    Newest,
}

impl Watch {
    /// The stream of a client that understands no deltas of rules.
    async fn open(server: &Server, epoch: &str, held: u64) -> Self {
        Self::of(Client::Older, server, epoch, held).await
    }

    async fn of(client: Client, server: &Server, epoch: &str, held: u64) -> Self {
        let channel = Channel::from_shared(server.address()).unwrap();
        let channel = soon(channel.connect()).await.unwrap();
        let (requests, queue) = mpsc::channel(8);
        let hello = Message::Hello(v1::Hello {
            host: "pay-caller".to_owned(),
            epoch: epoch.to_owned(),
            ..v1::Hello::default()
        });
        let subscribe = Message::Subscribe(v1::Subscribe {
            subscription: 1,
            kind: v1::Kind::RoutingRules.into(),
            key: Some(v1::ServiceKey {
                namespace: String::new(),
                service: "pay".to_owned(),
            }),
            held_revision: held,
            takes_rule_deltas: matches!(client, Client::Newest),
        });
        for kind in [hello, subscribe] {
            let request = v1::SyncRequest { kind: Some(kind) };
            requests.send(request).await.unwrap();
        }
        let updates = soon(DiscoveryClient::new(channel).sync(ReceiverStream::new(queue))).await;
        let mut watch = Self {
            requests,
            updates: updates.unwrap().into_inner(),
            epoch: String::new(),
        };
        let Update::Welcome(welcome) = watch.next().await else {
            panic!("no welcome");
        };
        watch.epoch = welcome.epoch;
        watch
    }

    async fn next(&mut self) -> Update {
        let message = soon(self.updates.message()).await.unwrap().unwrap();
        message.update.unwrap()
    }

    async fn rules(&mut self) -> v1::RulesSnapshot {
        match self.next().await {
            Update::Rules(rules) => rules,
            Update::RulesDelta(_)
            | Update::Welcome(_)
            | Update::Instances(_)
            | Update::InstancesDelta(_)
            | Update::Services(_)
            | Update::RateLimits(_)
            | Update::RateLimitsDelta(_)
            | Update::Absent(_)
            | Update::Unchanged(_)
            | Update::Refused(_) => panic!("rules were subscribed"),
        }
    }

    async fn rules_delta(&mut self) -> v1::RulesDelta {
        let update = self.next().await;
        let Update::RulesDelta(delta) = update else {
            panic!("{update:?} is no delta of rules");
        };
        delta
    }

    async fn acknowledge(&self, revision: u64, left_out: &[&str]) {
        let left_out = left_out.iter().map(|name| v1::LeftOutRule {
            kind: v1::RuleKind::Routing.into(),
            key: Some(v1::RuleKey {
                namespace: "default".to_owned(),
                name: (*name).to_owned(),
            }),
            reason: "otherwise: unknown".to_owned(),
        });
        let kind = Some(Message::Ack(v1::Ack {
            subscription: 1,
            revision,
            left_out: left_out.collect(),
        }));
        self.requests.send(v1::SyncRequest { kind }).await.unwrap();
    }
}

async fn create(server: &Server, collection: &str, body: Value) -> Value {
    let (status, answer) = server.http("POST", collection, &body.to_string()).await;
    assert_eq!(status, 201, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

async fn status(server: &Server, name: &str) -> Value {
    let path = format!("{RULES}/{name}/status");
    let (_, status) = server.http("GET", &path, "").await;
    serde_json::from_str(&status).unwrap()
}

fn canary(name: &str, priority: u64) -> Value {
    json!({
        "name": name, "priority": priority, "callee": {"service": "pay"},
        "branches": [{
            "matches": {"all": [{"on": "header", "key": "X-User", "op": "in", "values": ["42"]}]},
            "targets": [{"labels": {"version": {"op": "regex", "value": "^v2"}}}],
        }],
        "otherwise": "fall_through",
    })
}

#[tokio::test]
async fn a_rule_goes_from_rest_to_a_subscriber_and_is_acknowledged() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let mut watch = Watch::open(&server, "", 0).await;
    assert_eq!(watch.rules().await, v1::RulesSnapshot::default());
    let late = create(&server, RULES, canary("late", 9)).await;
    let pushed = watch.rules().await;
    assert_eq!(late["revision"], pushed.revision);
    create(&server, RULES, canary("early", 1)).await;
    watch.rules().await;
    create(
        &server,
        NEARBY,
        json!({"name": "near", "callee": {"service": "*"}}),
    )
    .await;
    let pushed = watch.rules().await;
    let revision = pushed.revision;
    let routing = pushed.routing_rules.into_iter().map(RoutingRule::try_from);
    let routing: Vec<RoutingRule> = routing.collect::<Result<_, _>>().unwrap();
    let names: Vec<&str> = routing.iter().map(|rule| rule.key.name.as_str()).collect();
    assert_eq!(names, ["early", "late"]);
    let read = server.http("GET", &format!("{RULES}/late"), "").await.1;
    let read: Value = serde_json::from_str(&read).unwrap();
    let spec = serde_json::to_value(&routing[1].spec).unwrap();
    assert_eq!(
        (&spec["branches"], &spec["callee"]),
        (&read["branches"], &read["callee"])
    );
    let nearby = NearbyRule::try_from(pushed.nearby_rules[0].clone()).unwrap();
    assert_eq!(nearby.key.name.as_str(), "near");
    let before = status(&server, "late").await;
    assert_eq!(
        (&before["subscriber_count"], &before["applied_count"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(before["lagging"][0]["client"]["host"], "pay-caller");
    watch.acknowledge(revision, &["late"]).await;
    soon(async {
        while status(&server, "late").await["unable_count"] != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let unable = status(&server, "late").await;
    assert_eq!(
        (&unable["applied_count"], &unable["lagging"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(unable["unable"][0]["reason"], "otherwise: unknown");
    assert_eq!(status(&server, "early").await["applied_count"], 1);
    watch.acknowledge(revision, &[]).await;
    soon(async {
        while status(&server, "late").await["applied_count"] != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn rules_outlive_a_kill_and_are_resumed() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let rule = create(&server, RULES, canary("a", 0)).await;
    let other = json!({"name": "other", "callee": {"service": "order"}});
    create(&server, NEARBY, other).await;
    let mut watch = Watch::open(&server, "", 0).await;
    let held = watch.rules().await.revision;
    assert_eq!(rule["revision"], held);
    let epoch = watch.epoch;
    server.kill().await;
    let server = Server::start(data.path()).await;
    let mut resumed = Watch::open(&server, &epoch, held).await;
    assert!(matches!(resumed.next().await, Update::Unchanged(_)));
    let mut stranger = Watch::open(&server, "another epoch", held).await;
    assert_eq!(stranger.rules().await.routing_rules.len(), 1);
    let path = format!("{RULES}/a");
    let refused = server.http("DELETE", &path, "").await;
    assert_eq!(refused.0, 428);
}

#[tokio::test]
async fn who_understands_deltas_is_told_the_one_of_many_rules_that_changed() {
    const COUNT: u64 = 100;
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    for number in 0..COUNT {
        create(&server, RULES, canary(&format!("r{number}"), number)).await;
    }
    let mut older = Watch::open(&server, "", 0).await;
    let mut newest = Watch::of(Client::Newest, &server, "", 0).await;
    let whole = newest.rules().await;
    assert_eq!(older.rules().await, whole);
    create(&server, RULES, canary("new", 0)).await;
    let delta = newest.rules_delta().await;
    assert_eq!(delta.from_revision, whole.revision);
    assert_eq!(u64::from(delta.routing_rule_count), COUNT + 1);
    assert_eq!(delta.routing_rules.len(), 1);
    assert!(delta.encoded_len() * 50 < whole.encoded_len());
    assert_eq!(older.rules().await.revision, delta.revision);
    let path = format!("{RULES}/new");
    let held = format!("if-match: \"{}\"\r\n", delta.revision);
    let (gone, _) = support::exchange_with(&server.http, ("DELETE", &path), &held, "").await;
    assert_eq!(gone, 204);
    let removal = newest.rules_delta().await;
    assert_eq!(removal.removed_routing_rules[0].name, "new");
    assert_eq!(
        (removal.routing_rules.len(), removal.routing_rule_count),
        (0, 100)
    );

    // Who comes back is told what it missed, as long as that is remembered.
    let epoch = newest.epoch.clone();
    let mut resumed = Watch::of(Client::Newest, &server, &epoch, delta.revision).await;
    assert_eq!(resumed.rules_delta().await, removal);
    server.kill().await;
    let server = Server::start(data.path()).await;
    let mut resumed = Watch::of(Client::Newest, &server, &epoch, removal.revision).await;
    assert!(matches!(resumed.next().await, Update::Unchanged(_)));
    let mut behind = Watch::of(Client::Newest, &server, &epoch, whole.revision).await;
    assert_eq!(behind.rules().await.routing_rules.len(), 100);
}
