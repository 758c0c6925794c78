//! A control plane whose rules say more than an application's SDK knows, and what operators see of that.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::pin::Pin;

use futures_util::{Stream, StreamExt as _};
use merak_proto::v1::{
    self,
    discovery_client::DiscoveryClient,
    discovery_server::{Discovery, DiscoveryServer},
    sync_response::Update,
};
use merak_sdk::{
    Call, Client,
    limiter::{Admission, Limiter},
};
use serde_json::{Value, json};
use support::{Server, soon};
use tokio::{net::TcpListener, task::JoinSet};
use tonic::{
    Response, Status, Streaming,
    transport::{Channel, server::TcpIncoming},
};

const RULES: &str = "/api/v1/namespaces/default";

/// Between an application and a control plane: the rules named `newer` need a feature `adaptive`, as those of
/// a control plane do that is newer than the application.
struct Newer {
    control_plane: DiscoveryClient<Channel>,
}

#[tonic::async_trait]
impl Discovery for Newer {
    type SyncStream = Pin<Box<dyn Stream<Item = Result<v1::SyncResponse, Status>> + Send>>;

    async fn sync(
        &self,
        requests: tonic::Request<Streaming<v1::SyncRequest>>,
    ) -> Result<Response<Self::SyncStream>, Status> {
        let requests = requests.into_inner();
        let requests = requests.take_while(|request| std::future::ready(request.is_ok()));
        let requests = requests.filter_map(|request| std::future::ready(request.ok()));
        let mut control_plane = self.control_plane.clone();
        let responses = control_plane.sync(requests).await?.into_inner();
        Ok(Response::new(Box::pin(responses.map(|response| {
            let mut response = response?;
            response.update.iter_mut().for_each(need_more);
            Ok(response)
        }))))
    }
}

fn need_more(update: &mut Update) {
    let is_newer = |key: &Option<v1::RuleKey>| key.as_ref().is_some_and(|key| key.name == "newer");
    macro_rules! need {
        ($rules:expr) => {
            for rule in $rules.iter_mut().filter(|rule| is_newer(&rule.key)) {
                rule.requires.push("adaptive".to_owned());
            }
        };
    }
    if let Update::Rules(all) = update {
        need!(all.routing_rules);
        need!(all.nearby_rules);
    } else if let Update::RulesDelta(changed) = update {
        need!(changed.routing_rules);
        need!(changed.nearby_rules);
    } else if let Update::RateLimits(all) = update {
        need!(all.rules);
    } else if let Update::RateLimitsDelta(changed) = update {
        need!(changed.rules);
    }
}

/// The address of what stands before a control plane.
async fn newer(server: &Server, tasks: &mut JoinSet<()>) -> String {
    let channel = Channel::from_shared(server.address()).unwrap();
    let control_plane = DiscoveryClient::new(soon(channel.connect()).await.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let newer = DiscoveryServer::new(Newer { control_plane });
    let server = tonic::transport::Server::builder().add_service(newer);
    let serving = server.serve_with_incoming(TcpIncoming::from(listener));
    tasks.spawn(async move { serving.await.unwrap() });
    address
}

async fn create(server: &Server, kind: &str, rule: Value) {
    let path = format!("{RULES}/{kind}");
    let (status, answer) = server.http("POST", &path, &rule.to_string()).await;
    assert_eq!(status, 201, "{answer}");
}

fn limit(name: &str, max: u32) -> Value {
    json!({
        "name": name, "callee": {"service": "pay"},
        "amounts": [{"max": max, "window_ms": 86_400_000}],
    })
}

async fn status(server: &Server, kind: &str, name: &str) -> Value {
    let path = format!("{RULES}/{kind}/{name}/status");
    let (_, status) = server.http("GET", &path, "").await;
    serde_json::from_str(&status).unwrap()
}

/// Waits until the one client has the newest revision of a rule: whether it obeys it, and why it does not.
async fn obeyed(server: &Server, kind: &str, name: &str) -> Result<(), String> {
    let told = async {
        loop {
            let status = status(server, kind, name).await;
            if status["applied_count"] == 1 {
                return Ok(());
            }
            if status["unable_count"] == 1 {
                return Err(status["unable"][0]["reason"].as_str().unwrap().to_owned());
            }
        }
    };
    soon(told).await
}

/// How many of ten calls go through.
fn admitted(limiter: &Limiter) -> usize {
    let calls = (0..10).map(|_| limiter.acquire(&Call::to("pay")));
    calls
        .filter(|admission| matches!(admission, Admission::Permitted(_)))
        .count()
}

#[tokio::test]
async fn a_rule_that_needs_more_than_an_sdk_knows_is_left_out_and_its_status_says_why() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let mut tasks = JoinSet::new();
    let address = newer(&server, &mut tasks).await;
    let routing = |name: &str| {
        json!({"name": name, "callee": {"service": "pay"}, "otherwise": "fall_through",
            "branches": [{"targets": [{"labels": {"version": "v2"}}]}]})
    };
    let nearby = |name: &str| json!({"name": name, "callee": {"service": "pay"}});
    create(&server, "rate-limit-rules", limit("newer", 1)).await;
    create(&server, "routing-rules", routing("newer")).await;
    create(&server, "nearby-rules", nearby("newer")).await;
    create(&server, "rate-limit-rules", limit("known", 3)).await;
    let client = Client::builder(address).service("pay").build().unwrap();
    let limiter = soon(client.limiter("pay")).await.unwrap();
    // Nobody serves it; the rules are subscribed to with the instances.
    assert!(soon(client.pick(&Call::to("pay"))).await.is_err());
    let why = "requires: this version does not know `adaptive`".to_owned();
    for kind in ["rate-limit-rules", "routing-rules", "nearby-rules"] {
        let obeyed = obeyed(&server, kind, "newer").await;
        assert_eq!(obeyed, Err(why.clone()), "{kind}");
    }
    assert_eq!(obeyed(&server, "rate-limit-rules", "known").await, Ok(()));
    assert_eq!(admitted(&limiter), 3);
    // A change of something else leaves it so, and so does an edit of the rule itself.
    create(&server, "routing-rules", routing("known")).await;
    assert_eq!(obeyed(&server, "routing-rules", "known").await, Ok(()));
    let newer = obeyed(&server, "routing-rules", "newer").await;
    assert_eq!(newer, Err(why.clone()));
    let path = format!("{RULES}/rate-limit-rules/newer");
    let edited = limit("newer", 2).to_string();
    assert_eq!(server.overwrite(&path, &edited).await.0, 200);
    let newer = obeyed(&server, "rate-limit-rules", "newer").await;
    assert_eq!(newer, Err(why));
}
