//! The demonstration as somebody sees it who runs it, interrupts it and harms its processes.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::{fs, path::Path, process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout},
    time::{Instant, timeout},
};

use crate::support::{merak, signal, soon};

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
