//! Further processes of this very binary.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// Any free port of this machine alone.
pub(super) const ANY: &str = "127.0.0.1:0";

/// A control plane in the directory that it is started in, which ends when this process does.
pub(super) const SERVE: [&str; 8] = [
    "serve",
    "--with-parent",
    "--data",
    ".",
    "--http",
    ANY,
    "--grpc",
    ANY,
];

/// How long a process may take to say that it serves.
const LIMIT: Duration = Duration::from_secs(30);

/// How long a process may take to end, which includes to leave its services.
const END_LIMIT: Duration = Duration::from_secs(3);

/// A process of this very binary; dropping it kills it.
pub(super) struct Process {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    /// Our end of its standard input: it ends when this does, so that it never outlives us.
    input: Option<ChildStdin>,
}

impl Process {
    /// Starts one in a directory, without our environment and so without our settings.
    pub(super) fn start(directory: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let binary = std::env::current_exe().context("find this binary")?;
        let mut child = Command::new(binary)
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            // A Ctrl-C reaches this process alone, which ends them in their order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("start `merak {}`", arguments.join(" ")))?;
        let output = child.stdout.take().context("read a process's output")?;
        Ok(Self {
            input: child.stdin.take(),
            child,
            output: BufReader::new(output).lines(),
        })
    }

    /// Waits for a line that begins so, and returns the rest of it.
    pub(super) async fn line(&mut self, begin: &str) -> anyhow::Result<String> {
        let find = async {
            while let Some(line) = self.output.next_line().await? {
                if let Some(rest) = line.strip_prefix(begin) {
                    return Ok(rest.to_owned());
                }
            }
            anyhow::bail!("a process ended before it said `{begin}…`")
        };
        let found = tokio::time::timeout(LIMIT, find).await;
        found.with_context(|| format!("waited {LIMIT:?} for `{begin}…`"))?
    }

    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it at once, as a crash would.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("kill a process")
    }

    /// Asks it to end, and waits until it has; one that does not is killed.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        drop(self.input.take());
        match tokio::time::timeout(END_LIMIT, self.child.wait()).await {
            Ok(ended) => ended.map(drop).context("wait for a process"),
            Err(_) => self.kill().await,
        }
    }
}
