//! `merak simulate route`: where a call would go, asked of a running control plane.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{Server, merak, soon};

const PAY: &str = "/api/v1/namespaces/default/services/pay/instances";
const RULES: &str = "/api/v1/namespaces/default/routing-rules";

const DRAFT: &str = "\
kind: RoutingRule
metadata: {name: canary}
spec:
  callee: {service: pay}
  branches: [{targets: [{labels: {version: v2}}]}]
  otherwise: reject
";

/// A control plane with `pay` in two versions, and a rule that sends `x-user: 42` to v2.
struct World {
    directory: tempfile::TempDir,
    server: Server,
}

impl World {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(directory.path()).await;
        let world = Self { directory, server };
        for (id, version, zone) in [("a", "v1", "eu-1"), ("b", "v2", "eu-2")] {
            let instance = json!({
                "host": "10.0.0.7", "port": if id == "a" { 8081 } else { 8082 }, "version": version,
                "location": {"region": "eu", "zone": zone}, "health_check": {"type": "none"},
            });
            world.put(&format!("{PAY}/{id}"), &instance).await;
        }
        let rule = json!({
            "name": "canary", "priority": 10, "callee": {"service": "pay"},
            "branches": [
                {"name": "vip", "targets": [{"labels": {"version": "v2"}}],
                 "matches": {"all": [{"on": "header", "key": "x-user", "op": "in", "values": ["42"]}]}},
                {"targets": [{"labels": {"version": "v1"}, "weight": 70}, {"labels": {"version": "v2"}, "weight": 30}]},
            ],
            "otherwise": "fall_through",
        });
        let (status, answer) = world.server.http("POST", RULES, &rule.to_string()).await;
        assert_eq!(status, 201, "{answer}");
        world
    }

    fn write_wrong_drafts(&self) {
        let broken = DRAFT.replace("v2", "v2, x: {op: y}");
        let near = "kind: NearbyRule\nmetadata: {name: a}\nspec: {callee: {service: a}}\n";
        let other = DRAFT
            .replace("name: canary", "name: other")
            .replace("pay", "order");
        for (name, text) in [
            ("draft.yaml", &*broken),
            ("near.yaml", near),
            ("other.yaml", &other),
        ] {
            fs::write(self.directory.path().join(name), text).unwrap();
        }
    }

    async fn put(&self, path: &str, body: &Value) {
        let (status, answer) = self.server.http("PUT", path, &body.to_string()).await;
        assert!(status < 300, "{answer}");
    }

    /// Runs `merak simulate route` against the server, and gives its exit code and what it printed.
    async fn route(&self, arguments: &[&str]) -> (i32, String) {
        let command = ["simulate", "route"];
        let mut command = merak(self.directory.path(), &[&command, arguments].concat());
        command.env("MERAK_SERVER", format!("http://{}", self.server.http));
        let output = soon(command.output()).await.unwrap();
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8(printed).unwrap();
        (output.status.code().unwrap(), printed)
    }
}

#[tokio::test]
async fn a_call_is_explained_in_words() {
    let world = World::new().await;
    let asked = [
        "--from",
        "api",
        "--to",
        "pay",
        "-H",
        "X-User=42",
        "--expect",
        "version=v2",
    ];
    let (code, printed) = world.route(&asked).await;
    let expected = "\
api calls pay
→ routed, by default/canary[0]
  ▸ 10.0.0.7:8082  b  v2 eu/eu-2  100.0 %

✓ rule default/canary, priority 10: for this caller
  ✓ branch [0] \"vip\" takes the call, all of:
      ✓ header.x-user in 42: it is \"42\"
    ✓ target [0]: version=v2, weight 100, priority 0: 1 of 1 instances may get it

looked at, by revision: instances 4, routing rules 5
";
    assert_eq!((code, &*printed), (0, expected));

    world
        .put(
            &format!("{PAY}/b"),
            &json!({"host": "10.0.0.7", "port": 8082, "version": "v2", "weight": 0,
        "health_check": {"type": "none"}}),
        )
        .await;
    let (code, printed) = world.route(&asked).await;
    assert_eq!(code, 1);
    for line in [
        "    ✗ target [0]: version=v2, weight 100, priority 0: 0 of 1 instances may get it\n        - 10.0.0.7:8082 b: no weight\n",
        "    ! no target of default/canary[0] has an instance: the next branch is tried\n",
        "\nnot as expected: version: wanted v2, got v1 at instance a\n",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
}

#[tokio::test]
async fn draws_drafts_and_moments_are_tried() {
    let world = World::new().await;
    let drawn = world
        .route(&[
            "--to", "pay", "--draws", "1000", "--seed", "7", "--output", "json",
        ])
        .await;
    let answer: Value = serde_json::from_str(&drawn.1).unwrap();
    let of = |id: &str| answer["distribution"][id].as_u64().unwrap();
    assert_eq!((drawn.0, of("a") + of("b")), (0, 1000));
    assert!((620..780).contains(&of("a")), "{}", drawn.1);
    assert_eq!(answer["mismatches"], json!([]));
    let (_, text) = world
        .route(&["--to", "pay", "--draws", "1000", "--seed", "7"])
        .await;
    assert!(
        text.contains(&format!("30.0 %, drawn {}", of("b"))),
        "{text}"
    );

    fs::write(world.directory.path().join("draft.yaml"), DRAFT).unwrap();
    let draft = ["--to", "pay", "--draft", "draft.yaml", "--expect"];
    let only = world.route(&[&draft[..], &["instance=b"]].concat()).await;
    assert_eq!(only.0, 0, "{}", only.1);
    let rejected = world
        .route(&[&draft[..], &["verdict=rejected"]].concat())
        .await;
    assert_eq!(rejected.0, 1, "{}", rejected.1);
    let before = world
        .route(&["--to", "pay", "--as-of", "4", "--expect", "decided_by=x"])
        .await;
    assert_eq!(before.0, 1);
    assert!(
        before.1.contains("→ routed, no rule decided\n"),
        "{}",
        before.1
    );
    assert!(
        before.1.contains("decided_by: wanted x, got no rule"),
        "{}",
        before.1
    );
}

/// A rule for calls that say 1 of everything.
fn everything() -> Value {
    let condition = |on: &str, key: &str| {
        let value = if on == "caller_ip" { "10.0.0.1" } else { "1" };
        json!({"on": on, "key": key, "op": "exact", "value": value})
    };
    let conditions = [
        ("method", ""),
        ("path", ""),
        ("header", "h"),
        ("query", "q"),
        ("cookie", "c"),
        ("argument", "a"),
        ("caller_ip", ""),
    ];
    let conditions = conditions.map(|(on, key)| condition(on, key));
    json!({
        "name": "all", "callee": {"service": "pay"}, "otherwise": "reject",
        "caller": {"namespace": "shop", "service": "api", "metadata": {"k": "1"}},
        "branches": [{"targets": [{}], "matches": {"all": conditions}}],
    })
}

#[tokio::test]
async fn every_part_of_a_call_is_sent() {
    let world = World::new().await;
    let rule = everything().to_string();
    let (status, answer) = world.server.http("POST", RULES, &rule).await;
    assert_eq!(status, 201, "{answer}");
    let near =
        json!({"name": "near", "callee": {"service": "pay"}, "level": "zone", "strict": true});
    let nearby = RULES.replace("routing", "nearby");
    assert_eq!(
        world
            .server
            .http("POST", &nearby, &near.to_string())
            .await
            .0,
        201
    );
    let call = "--from-namespace shop --from api --from-label k=1 --from-ip 10.0.0.1 --region eu --zone eu-2 \
                --to-namespace default --to pay --method 1 --path 1 --header h=1 --query q=1 \
                --cookie c=1 --arg a=1 --expect decided_by=default/all[0] --expect zone=eu-2 \
                --expect instance=b";
    let call: Vec<&str> = call.split_whitespace().collect();
    let (code, printed) = world.route(&call).await;
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = world
        .route(&[&call[..], &["--exclude", "b"]].concat())
        .await;
    assert_eq!(code, 1, "{printed}");
}

#[tokio::test]
async fn what_is_not_answered_is_another_exit_code() {
    let world = World::new().await;
    world.write_wrong_drafts();
    for (arguments, part) in [
        (&[][..], "--to <SERVICE>"),
        (
            &["--to", "nobody"],
            "404 Not Found: service `default/nobody` not found",
        ),
        (&["--to", "pay", "--draws", "100001"], "100001 is not in"),
        (&["--to", "pay", "--header", "x"], "expected NAME=VALUE"),
        (
            &["--to", "pay", "--expect", "verdict=bogus"],
            "expected verdict=routed, verdict=rejected, verdict=no_instance",
        ),
        (
            &["--to", "pay", "--from-ip", "nonsense"],
            "invalid IP address",
        ),
        (
            &["--to", "pay", "--header", "x=1", "--header", "X=2"],
            "--header X=2: `X` is given more than once",
        ),
        (
            &["--to", "pay", "--query", "q=1", "--query", "q=1"],
            "--query q=1: `q` is given more than once",
        ),
        (
            &["--to", "pay", "--draft", "other.yaml"],
            "/draft/spec/callee: the draft is not for calls to `default/pay`",
        ),
        (
            &["--to", "pay", "--as-of", "soon"],
            "a revision or an RFC 3339 time",
        ),
        (
            &["--to", "pay", "--draft", "draft.yaml"],
            "draft.yaml:5: spec.branches[0]",
        ),
        (
            &["--to", "pay", "--draft", "near.yaml"],
            "near.yaml:1: a draft is a RoutingRule",
        ),
        (
            &["--to", "pay", "--server", "http://127.0.0.1:1"],
            "ask http://127.0.0.1:1",
        ),
    ] {
        let (code, printed) = world.route(arguments).await;
        assert_eq!(code, 2, "{printed}");
        assert!(printed.contains(part), "{printed}");
    }
}
