//! The demonstration as somebody sees it who runs it, interrupts it and harms its processes.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{fs, path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout},
    time::{Instant, timeout},
};

use crate::support::{exchange, merak, signal, soon};

/// A tour takes 12 s on a machine that has nothing else to do.
const TOUR_LIMIT: Duration = Duration::from_secs(180);

struct Demo {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    /// Connections to the control plane and to micro-api, which end with them.
    connections: Vec<TcpStream>,
    temporary: TempDir,
}

impl Demo {
    async fn start(arguments: &[&str]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = merak(temporary.path(), &["demo"]);
        command.args(arguments).env("TMPDIR", temporary.path());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut connections = Vec::new();
        while connections.len() < 2 {
            let line = soon(output.next_line()).await.unwrap().unwrap();
            let Some((_, address)) = line.split_once("http://") else {
                continue;
            };
            let address = address.split([' ', '/']).next().unwrap();
            connections.push(soon(TcpStream::connect(address)).await.unwrap());
        }
        Self {
            process,
            output,
            connections,
            temporary,
        }
    }

    /// Where the control plane listens for people.
    fn http(&self) -> String {
        self.connections[0].peer_addr().unwrap().to_string()
    }

    /// Waits for a line of the table, and tells how many calls were served and failed.
    async fn next_tally(&mut self) -> (u64, u64) {
        loop {
            let line = soon(self.output.next_line()).await.unwrap().unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [_, "s", served, "served", failed, "failed", ..] = words[..] {
                return (served.parse().unwrap(), failed.parse().unwrap());
            }
        }
    }

    /// Waits until the control plane and micro-api have ended.
    async fn ended(self) -> TempDir {
        for connection in self.connections {
            let address = connection.peer_addr().unwrap();
            let mut connected = Ok(connection);
            // A listener may outlive its connections by some moments.
            while let Ok(mut connection) = connected {
                let mut rest = Vec::new();
                let _ = soon(connection.read_to_end(&mut rest)).await;
                connected = soon(TcpStream::connect(address)).await;
            }
        }
        self.temporary
    }
}

/// The process of a replica: the one whose command line names it.
fn process_of(replica: &str, directory: &Path) -> String {
    let is_it = |process: &fs::DirEntry| {
        let command = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        let here = fs::read_link(process.path().join("cwd")).unwrap_or_default();
        command.contains(replica) && here.starts_with(directory)
    };
    let mut processes = fs::read_dir("/proc").unwrap().map(Result::unwrap);
    let process = processes.find(is_it).unwrap();
    process.file_name().into_string().unwrap()
}

#[tokio::test]
async fn a_replica_that_hangs_fails_some_calls_and_then_gets_none() {
    let mut demo = Demo::start(&["--duration", "60s"]).await;
    assert_eq!(demo.next_tally().await.1, 0);
    let process = process_of("micro-pay-1", demo.temporary.path());
    let stopped = std::process::Command::new("kill")
        .args(["-STOP", &process])
        .status();
    assert!(stopped.unwrap().success());
    let (mut served, mut failed) = demo.next_tally().await;
    // Until a second in which many calls were served, as none of them failed.
    timeout(Duration::from_secs(45), async {
        loop {
            let (served_before, failed_before) = (served, failed);
            (served, failed) = demo.next_tally().await;
            if failed > 0 && failed == failed_before && served > served_before + 100 {
                return;
            }
        }
    })
    .await
    .unwrap();

    signal(&demo.process, "TERM");
    let began = Instant::now();
    assert!(soon(demo.process.wait()).await.unwrap().success());
    assert!(began.elapsed() < Duration::from_secs(15));
    assert!(!Path::new("/proc").join(&process).join("exe").exists());
    let temporary = demo.ended().await;
    assert_eq!(temporary.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn an_interrupt_ends_every_process_and_removes_the_store() {
    let mut demo = Demo::start(&["--duration", "60s"]).await;
    signal(&demo.process, "INT");
    assert!(soon(demo.process.wait()).await.unwrap().success());
    let temporary = demo.ended().await;
    assert_eq!(temporary.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn on_the_tour_calls_go_where_the_rules_say() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = merak(directory.path(), &["demo", "--json"]);
    let output = timeout(TOUR_LIMIT, command.output()).await;
    let output = output.unwrap().unwrap();
    let failure = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{failure}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["is_as_expected"], true, "{summary}");
    assert_eq!(summary["failed_before_loss"], 0, "{summary}");
    assert_eq!(summary["failed_after_loss_was_noticed"], 0, "{summary}");
    assert_eq!(summary["killed"], "micro-pay-1");
    let steps = summary["steps"].as_array().unwrap();
    let served = |step: usize, share: usize| {
        let share = &steps[step]["shares"][share];
        (
            share["of"].as_str().unwrap(),
            share["seen"].as_f64().unwrap(),
        )
    };
    let names: Vec<&str> = steps
        .iter()
        .map(|step| step["name"].as_str().unwrap())
        .collect();
    let rules = [
        "nearby",
        "canary 0 %",
        "header",
        "canary 30 %",
        "canary 100 %",
    ];
    assert_eq!(names[0], "no rule");
    assert_eq!(names[1..6], rules);
    assert_eq!(names[6..], ["limit, local", "limit, global", "loss"]);
    assert_eq!(served(2, 1), ("v2 for the others", 0.0));
    assert_eq!(served(3, 0), ("v2 for x-user: 42", 1.0));
    assert_eq!(served(3, 1), ("v2 for the others", 0.0));
    let (_, canary) = served(4, 1);
    assert!((0.2..0.4).contains(&canary), "{canary}");
    assert_eq!(served(5, 1), ("v2 for the others", 1.0));
    assert_eq!(served(8, 0), ("micro-pay-2", 1.0));
    for (step, callers) in [(6, 2), (7, 1)] {
        let admissions = steps[step]["admissions"].as_array().unwrap();
        assert_eq!(admissions.len(), callers);
        for one in admissions {
            let [sent, admitted] = ["sent", "admitted"].map(|key| one[key].as_u64().unwrap());
            assert!(0 < admitted && admitted < sent, "{one}");
            assert!(admitted <= one["at_most"].as_u64().unwrap(), "{one}");
        }
    }
    for (step, callers) in steps[1..6].iter().zip([3, 2, 2, 2, 2]) {
        assert_eq!(step["rule"]["applied_by"], callers, "{step}");
        let after = step["rule"]["first_call_after_ms"].as_f64().unwrap();
        assert!(after > 0.0 && after < 10_000.0, "{step}");
    }
}

#[tokio::test]
async fn a_tour_on_which_calls_go_elsewhere_fails() {
    let mut demo = Demo::start(&[]).await;
    let stubborn = json!({
        "name": "stubborn",
        "priority": 0,
        "callee": {"service": "micro-order"},
        "branches": [{"targets": [{"labels": {"version": "v1"}}]}],
        "otherwise": "fall_through",
    });
    let path = "/api/v1/namespaces/default/routing-rules";
    let (status, answer) = exchange(&demo.http(), "POST", path, &stubborn.to_string()).await;
    assert_eq!(status, 201, "{answer}");
    let ended = timeout(TOUR_LIMIT, demo.process.wait()).await;
    assert_eq!(ended.unwrap().unwrap().code(), Some(1));
    let mut rows = Vec::new();
    while let Some(line) = soon(demo.output.next_line()).await.unwrap() {
        rows.push(line);
    }
    assert!(rows.iter().any(|row| row.ends_with("OFF")), "{rows:?}");
    let temporary = demo.ended().await;
    assert_eq!(temporary.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn an_interrupt_ends_the_tour() {
    let mut demo = Demo::start(&[]).await;
    signal(&demo.process, "INT");
    assert!(soon(demo.process.wait()).await.unwrap().success());
    let temporary = demo.ended().await;
    assert_eq!(temporary.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn processes_end_with_a_demo_that_was_killed() {
    let mut demo = Demo::start(&["--duration", "60s"]).await;
    soon(demo.process.kill()).await.unwrap();
    demo.ended().await;
}

#[tokio::test]
async fn what_could_not_be_shown_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, reason) in [
        (&["--duration", "0s"][..], "--duration 0s"),
        (&["--requests", "0"], "--requests"),
        (
            &["--kill", "micro-pay-1", "--duration", "10s"],
            "--after 10s",
        ),
    ] {
        let mut command = merak(directory.path(), &["demo"]);
        let output = soon(command.args(arguments).output()).await.unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let refusal = String::from_utf8_lossy(&output.stderr);
        assert!(refusal.contains(reason), "{refusal}");
    }
}
