//! Applications that share a global limit, through the binary as its users run it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{path::Path, time::Duration};

use merak_sdk::{
    Call, Client,
    limiter::{Admission, Limiter},
};
use serde_json::{Value, json};
use support::{Server, soon};

const RULES: &str = "/api/v1/namespaces/default/rate-limit-rules";

/// A rule of a service that shares `max` calls a day out, and has the service's name.
fn rule(service: &str, max: u64) -> Value {
    json!({
        "name": service, "callee": {"service": service}, "scope": "global",
        "arguments": [{"on": "header", "key": "x-user", "op": "present"}],
        "amounts": [{"max": max, "window_ms": 86_400_000}],
    })
}

async fn create(server: &Server, rule: &Value) {
    let (status, answer) = server.http("POST", RULES, &rule.to_string()).await;
    assert_eq!(status, 201, "{answer}");
}

/// Until something is looked at again; others need the processor.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// An application that limits a service, and counts what becomes of its calls.
struct Application {
    limiter: Limiter,
    permitted: u64,
    refused: u64,
    /// When the last call may be tried again, if it was refused.
    retry_after: Option<Duration>,
}

impl Application {
    /// Has the rules by push, like every application.
    async fn start(client: &Client, service: &str) -> Self {
        let limiter = soon(client.limiter(service)).await.unwrap();
        Self {
            limiter,
            permitted: 0,
            refused: 0,
            retry_after: None,
        }
    }

    /// Calls once: whether that goes through.
    fn call(&mut self) -> bool {
        let service = self.limiter.service().service.to_string();
        let call = Call::to(&service).header("x-user", "42");
        self.retry_after = match self.limiter.acquire(&call) {
            Admission::Permitted(_) => None,
            Admission::Waiting(_) => panic!("a global limit does not queue"),
            Admission::Rejected(rejected) => rejected.retry_after(),
        };
        let is_permitted = self.retry_after.is_none();
        self.permitted += u64::from(is_permitted);
        self.refused += u64::from(!is_permitted);
        is_permitted
    }

    /// Calls whenever that may go through, for so many whole windows: what did in each of them.
    async fn spend(&mut self, windows: usize) -> Vec<u64> {
        let (mut spent, mut before, mut ends_in) = (Vec::new(), 0, Duration::ZERO);
        loop {
            let now = self.window_ends_in();
            if now > ends_in {
                spent.push(self.permitted - before);
                before = self.permitted;
            }
            // It begins in the middle of the first.
            if spent.len() == windows + 2 {
                return spent.split_off(2);
            }
            ends_in = now;
            if !self.call() {
                a_moment().await;
            }
        }
    }

    fn window_ends_in(&self) -> Duration {
        let service = self.limiter.service().service.to_string();
        let call = Call::to(&service).header("x-user", "42");
        self.limiter.explain_limit(&call).rules[0].amounts[0].full_in
    }

    /// Calls once: whether it knows that the limit is exhausted until the day ends, and not only that
    /// tokens are on the way.
    fn finds_it_exhausted(&mut self) -> bool {
        !self.call() && self.retry_after > Some(Duration::from_millis(10))
    }
}

/// What the control plane says of the one counter of a rule; null while it has none.
async fn usage(server: &Server, rule: &str) -> Value {
    let path = format!("{RULES}/{rule}/usage");
    let (status, body) = server.http("GET", &path, "").await;
    assert_eq!(status, 200, "{body}");
    let usage: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(usage["scope"], "global");
    usage["counters"].get(0).cloned().unwrap_or_default()
}

/// What the control plane says that a client made of a counter.
fn of_client<'c>(counter: &'c Value, name: &str) -> Option<&'c Value> {
    let mut clients = counter["clients"].as_array()?.iter();
    clients.find(|one| one["client"]["labels"]["name"] == name)
}

/// An application that limits `pay`, and beside it a service that is called once a day, and as often as one
/// likes while the control plane does not count: so that shows whether it does.
struct Node {
    name: &'static str,
    pay: Application,
    probe: Application,
    _client: Client,
}

impl Node {
    /// Starts it, and waits until the control plane counts for it: what goes through before is not counted.
    async fn start(server: &Server, name: &'static str) -> Self {
        let client = Client::builder(server.address()).service("pay");
        let client = client.label("name", name).build().unwrap();
        let mut node = Self {
            name,
            pay: Application::start(&client, "pay").await,
            probe: Application::start(&client, "probe").await,
            _client: client,
        };
        let counted = async {
            while !node.probe.finds_it_exhausted() {
                a_moment().await;
            }
        };
        soon(counted).await;
        node
    }

    /// Waits until the failover applies.
    async fn is_alone(&mut self) {
        while !self.probe.call() {
            a_moment().await;
        }
    }
}

/// A control plane with both rules.
async fn serving(directory: &Path, pay: &Value) -> Server {
    let server = Server::start(directory).await;
    let mut probe = rule("probe", 1);
    probe["failover"] = json!("pass");
    create(&server, pay).await;
    create(&server, &probe).await;
    server
}

#[tokio::test]
async fn operators_see_what_clients_make_of_a_limit() {
    const MAX: u64 = 400;
    let data = tempfile::tempdir().unwrap();
    let server = serving(data.path(), &rule("pay", MAX)).await;
    let mut one = Node::start(&server, "one").await;
    let mut other = Node::start(&server, "other").await;
    // The one gets twice as many calls, and both know in the end that there is nothing left.
    let exhausted = async {
        loop {
            let first = one.pay.finds_it_exhausted();
            let ended = [one.pay.finds_it_exhausted(), other.pay.finds_it_exhausted()];
            if first && ended == [true; 2] {
                return;
            }
            usage(&server, "pay").await;
        }
    };
    soon(exhausted).await;
    let permitted = one.pay.permitted + other.pay.permitted;
    // One that had nothing to do for a while lets a call through before it asks.
    assert!((MAX..=MAX + 2).contains(&permitted), "{permitted}");
    let refused = [one.pay.refused, other.pay.refused];
    let told = async {
        loop {
            one.pay.call();
            other.pay.call();
            let counter = usage(&server, "pay").await;
            let told = ["one", "other"].map(|name| of_client(&counter, name));
            let told = told.map(|client| client.and_then(|one| one["refused"].as_u64()));
            if told[0] >= Some(refused[0]) && told[1] >= Some(refused[1]) {
                return counter;
            }
        }
    };
    let counter = soon(told).await;
    for node in [&one, &other] {
        let told = of_client(&counter, node.name).unwrap();
        assert_eq!(told["used"], node.pay.permitted, "{counter}");
        assert_eq!(told["held"], 0, "{counter}");
        let refused = told["refused"].as_u64().unwrap();
        assert!(refused <= node.pay.refused, "{counter}");
    }
    assert_eq!(counter["callee"]["name"], "pay");
    assert_eq!(counter["values"], json!(["42"]));
    let amount = json!({"window_ms": 86_400_000, "limit": MAX, "used": permitted.min(MAX)});
    assert_eq!(counter["amounts"], json!([amount]));
    assert_eq!(counter["admitted"], permitted, "{counter}");
    // What they tell last is how many calls were refused in all.
    let refused = one.pay.refused + other.pay.refused;
    soon(async { while usage(&server, "pay").await["refused"] != refused {} }).await;
}

/// Two applications share calls of a day; the control plane is killed, and comes back.
async fn counting_survives_a_kill(mode: &str, max: u64) {
    const MAX: u64 = 4000;
    let data = tempfile::tempdir().unwrap();
    let mut pay = rule("pay", max);
    pay["amount_mode"] = json!(mode);
    let server = serving(data.path(), &pay).await;
    let mut one = Node::start(&server, "one").await;
    let mut other = Node::start(&server, "other").await;
    let shared = async {
        while usage(&server, "pay").await["amounts"][0]["used"].as_u64() < Some(40) {
            one.pay.call();
            other.pay.call();
        }
    };
    soon(shared).await;

    let grpc = server.kill().await;
    for node in [&mut one, &mut other] {
        soon(node.is_alone()).await;
        let before = node.pay.permitted;
        while node.pay.call() {}
        assert!(node.pay.permitted > before, "{mode}");
        // `local` lets no more through, and `pass` everything.
        assert!((0..100).all(|_| !node.pay.call()), "{mode}");
        assert!((0..100).all(|_| node.probe.call()), "{mode}");
    }
    let alone = one.pay.permitted + other.pay.permitted;

    let server = Server::start_with(data.path(), &grpc, &[]).await;
    let counted = async {
        loop {
            let mut is_exhausted = true;
            for node in [&mut one, &mut other] {
                while node.pay.call() {}
                is_exhausted &= node.pay.finds_it_exhausted();
                is_exhausted &= node.probe.finds_it_exhausted();
            }
            let [pay, probe] = [usage(&server, "pay").await, usage(&server, "probe").await];
            if is_exhausted && pay["client_count"] == 2 && probe["client_count"] == 2 {
                return [pay, probe].map(|counter| counter["amounts"][0].clone());
            }
        }
    };
    let [pay, probe] = soon(counted).await;
    assert_eq!([&pay["limit"], &probe["limit"]], [MAX, 1], "{mode}");
    // Where an answer takes longer than a second, a client comes back once more, and what it held then is
    // known roughly.
    let about = |count: u64| count * 9 / 10..=count * 11 / 10;
    let permitted = one.pay.permitted + other.pay.permitted;
    let all = about(alone.max(MAX));
    assert!(
        all.contains(&permitted),
        "{mode}: {alone}, then {permitted}"
    );
    for (told, seen) in [
        (&pay, permitted),
        (&probe, one.probe.permitted + other.probe.permitted),
    ] {
        let used = told["used"].as_u64().unwrap();
        assert!(about(seen).contains(&used), "{mode}: {used} of {seen}");
    }
    println!("{mode}: {alone} until it was back, then {permitted}: {pay} {probe}");
}

#[tokio::test]
async fn a_limit_goes_on_where_it_was_after_the_control_plane_was_killed() {
    counting_survives_a_kill("total", 4000).await;
}

#[tokio::test]
async fn a_limit_of_each_client_goes_on_after_the_control_plane_was_killed() {
    counting_survives_a_kill("per_client", 2000).await;
}

/// What both let through in so many windows that have begun since.
async fn spend(one: &mut Node, other: &mut Node, windows: usize) -> [Vec<u64>; 2] {
    let (one, other) = tokio::join!(one.pay.spend(windows), other.pay.spend(windows));
    [one, other]
}

#[tokio::test]
async fn without_the_control_plane_each_application_has_its_part_of_the_limit() {
    const MAX: u64 = 200;
    let data = tempfile::tempdir().unwrap();
    let mut pay = rule("pay", MAX);
    pay["amounts"][0]["window_ms"] = json!(1000);
    let server = serving(data.path(), &pay).await;
    let mut one = Node::start(&server, "one").await;
    let mut other = Node::start(&server, "other").await;
    let check = |windows: &[Vec<u64>; 2], most: u64| {
        for (first, second) in windows[0].iter().zip(&windows[1]) {
            assert!(first + second <= most, "{windows:?}");
            assert!(*first > 0 && *second > 0, "{windows:?}");
        }
    };
    let counted = soon(spend(&mut one, &mut other, 2)).await;
    // A call may be the last of a window, or the first of the next one, and one may go through unasked.
    check(&counted, MAX + MAX / 100 + 4);
    let grpc = server.kill().await;
    soon(one.is_alone()).await;
    soon(other.is_alone()).await;
    let alone = soon(spend(&mut one, &mut other, 1)).await;
    // Both get as many calls, which a machine that has other things to do may see otherwise for a moment.
    check(&alone, MAX * 5 / 4);
    let server = Server::start_with(data.path(), &grpc, &[]).await;
    // It begins to count in the middle of them; a machine that is busy in that moment lets one of them use a
    // part that it had already let through alone.
    let again = soon(spend(&mut one, &mut other, 3)).await;
    let sum: u64 = again.iter().flatten().sum();
    assert!(sum <= 4 * MAX, "{again:?}");
    let is_counted = async {
        while !(one.probe.finds_it_exhausted() && other.probe.finds_it_exhausted()) {
            a_moment().await;
        }
    };
    soon(is_counted).await;
    assert_eq!(usage(&server, "pay").await["client_count"], 2);
    println!("{counted:?}, alone {alone:?}, then {again:?}");
}

/// Asks that the control plane has answered.
async fn asks(server: &Server) -> u128 {
    let (_, metrics) = server.http("GET", "/metrics", "").await;
    let mut lines = metrics.lines();
    let asks = lines.find_map(|line| line.strip_prefix("merak_quota_asks_total "));
    asks.unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_client_asks_every_ten_milliseconds_at_most() {
    let data = tempfile::tempdir().unwrap();
    // It gets many more calls than it may hold tokens for.
    let server = serving(data.path(), &rule("pay", 4000)).await;
    let mut one = Node::start(&server, "one").await;
    let (begun, before) = (tokio::time::Instant::now(), asks(&server).await);
    let many = async {
        loop {
            one.pay.call();
            let asked = asks(&server).await - before;
            if asked >= 40 {
                return asked;
            }
        }
    };
    let asked = soon(many).await;
    // Of each of two counters, and the first at once.
    let most = 2 * (begun.elapsed().as_millis() / 10 + 2);
    assert!(asked <= most, "{asked} in {:?}", begun.elapsed());
}
