//! The binary as a process.

#![allow(
    clippy::allow_attributes,
    dead_code,
    reason = "every test file uses a part of it"
)]

use std::{fs::File, future::Future, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
};

/// Nothing here takes nearly as long.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Where the log of a server goes that is not shown.
pub(crate) const LOG: &str = "log";

/// A running control plane; it is killed when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    /// `host:port` of the gRPC listener.
    pub(crate) grpc: String,
    /// `host:port` of the HTTP listener.
    pub(crate) http: String,
    _output: Lines<BufReader<ChildStdout>>,
}

/// Waits for something that happens soon or never.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, future).await.unwrap()
}

/// The command line in a directory, without our environment.
pub(crate) fn merak(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_merak"));
    command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .kill_on_drop(true);
    command
}

/// Sends a signal to a process, such as `TERM` or `STOP`.
pub(crate) fn signal(process: &Child, signal: &str) {
    let pid = process.id().unwrap().to_string();
    let kill = std::process::Command::new("kill")
        .args([format!("-{signal}"), pid])
        .status();
    assert!(kill.unwrap().success());
}

/// Serves where no file can grow beyond so many kibibytes, with its log in [`LOG`].
pub(crate) fn with_file_limit_on(grpc: &str, directory: &Path, kibibytes: u32) -> Command {
    // Without the trap, the signal would end the process before the write fails.
    let script = format!("trap '' XFSZ; ulimit -S -f {kibibytes}; exec \"$0\" \"$@\"");
    let mut command = Command::new("/bin/bash");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_merak")])
        .args(["serve", "--http", "127.0.0.1:0", "--grpc", grpc])
        .stderr(File::create(directory.join(LOG)).unwrap())
        .current_dir(directory)
        .env_clear()
        .kill_on_drop(true);
    command
}

/// Takes the limit from a server.
pub(crate) async fn grant_room(server: &Server) {
    let pid = server.child.id().unwrap().to_string();
    let room = ["--pid", &pid, "--fsize=unlimited:"];
    let granted = Command::new("/usr/bin/prlimit").args(room).status().await;
    assert!(granted.unwrap().success());
}

/// One HTTP exchange with a server at `host:port`: the status and the body.
pub(crate) async fn exchange(address: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    exchange_with(address, (method, path), "", body).await
}

/// An exchange with further headers, each ended by a line break.
pub(crate) async fn exchange_with(
    address: &str,
    (method, path): (&str, &str),
    headers: &str,
    body: &str,
) -> (u16, String) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: merak\r\nconnection: close\r\n{headers}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = soon(TcpStream::connect(address)).await.unwrap();
    soon(stream.write_all(request.as_bytes())).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

impl Server {
    /// Serves on `directory`/data, on free ports.
    pub(crate) async fn start(directory: &Path) -> Self {
        Self::start_with(directory, "127.0.0.1:0", &[]).await
    }

    /// Serves on a given gRPC address and with further arguments.
    pub(crate) async fn start_with(directory: &Path, grpc: &str, arguments: &[&str]) -> Self {
        let serve = ["serve", "--http", "127.0.0.1:0", "--grpc", grpc];
        let mut command = merak(directory, &serve);
        command.args(arguments);
        Self::spawn(command).await
    }

    /// Runs a command that serves.
    pub(crate) async fn spawn(command: Command) -> Self {
        let server = Self::try_spawn(command).await;
        server.expect("the server has ended")
    }

    /// Runs a command that serves; if it ended instead, what it said on a piped standard error.
    pub(crate) async fn try_spawn(mut command: Command) -> Result<Self, String> {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut http, mut grpc) = (None, None);
        while http.is_none() || grpc.is_none() {
            let line = soon(output.next_line()).await.unwrap();
            let Some(line) = line else {
                return Err(last_words(child).await);
            };
            if let Some(address) = line.strip_prefix("http listening on ") {
                http = Some(address.to_owned());
            }
            if let Some(address) = line.strip_prefix("grpc listening on ") {
                grpc = Some(address.to_owned());
            }
        }
        Ok(Self {
            child,
            grpc: grpc.unwrap(),
            http: http.unwrap(),
            _output: output,
        })
    }

    /// The address that clients are given.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// One HTTP exchange: the status and the body.
    pub(crate) async fn http(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        exchange(&self.http, method, path, body).await
    }

    /// Brings something to what a body says, whatever it was before.
    pub(crate) async fn overwrite(&self, path: &str, body: &str) -> (u16, String) {
        let headers = "if-match: *\r\n";
        exchange_with(&self.http, ("PUT", path), headers, body).await
    }

    /// Ends the process as a power cut would, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> String {
        soon(self.child.kill()).await.unwrap();
        self.grpc
    }
}

async fn last_words(child: Child) -> String {
    let output = soon(child.wait_with_output()).await.unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}
