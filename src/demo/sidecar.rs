//! A real sidecar process and the few messages the demo sends it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

use crate::background;

/// A sidecar answers long before that.
const PATIENCE: Duration = Duration::from_secs(8);

/// One sidecar with its streams.
pub struct Sidecar {
    child: Child,
    stdin: ChildStdin,
    /// What it sends, or why nothing more comes. A task of its own reads it: a frame that is half read survives no `select!`.
    frames: mpsc::UnboundedReceiver<Result<Value, String>>,
    next_id: u64,
    /// `capabilities.experimental.codexAccountManager` of the initialize result.
    pub info: Value,
    /// What it sent unasked, in order.
    pub notifications: Vec<(String, Value)>,
}

impl Sidecar {
    /// Starts one and shakes hands; `params` are put into those of `initialize`.
    pub async fn start(mut command: Command, mut params: Value) -> Result<Sidecar, String> {
        command.arg("sidecar").stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("a sidecar cannot be started: {error}"))?;
        let stdin = child.stdin.take().expect("stdin is piped");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (sender, frames) = mpsc::unbounded_channel();
        background::spawn(async move {
            loop {
                let frame = frame(&mut stdout).await;
                let is_last = frame.is_err();
                if sender.send(frame).is_err() || is_last {
                    return;
                }
            }
        });
        let mut sidecar = Sidecar { child, stdin, frames, next_id: 1, info: Value::Null, notifications: Vec::new() };
        params["processId"] = json!(std::process::id());
        params["capabilities"] = json!({});
        let result = sidecar.request("initialize", &params).await?;
        sidecar.info = result["capabilities"]["experimental"]["codexAccountManager"].clone();
        sidecar.send(&json!({"jsonrpc": "2.0", "method": "initialized", "params": {}})).await?;
        Ok(sidecar)
    }

    /// The label of the account it started on; empty when there is none.
    pub fn start_label(&self) -> &str {
        self.info["session"]["startAccount"]["label"].as_str().unwrap_or_default()
    }

    /// Asks and waits for the answer; notifications that come before it are kept.
    pub async fn request(&mut self, method: &str, params: &Value) -> Result<Value, String> {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await?;
        loop {
            let mut message = self.receive().await?;
            if message["id"] == id {
                return match message.get("error") {
                    Some(error) => Err(format!("`{method}` failed: {error}")),
                    None => Ok(message["result"].take()),
                };
            }
            self.keep(message);
        }
    }

    /// Waits until a notification of this name was received.
    pub async fn notified(&mut self, name: &str) -> Result<Value, String> {
        loop {
            if let Some(position) = self.notifications.iter().position(|(known, _)| known == name) {
                return Ok(self.notifications.remove(position).1);
            }
            let message = self.receive().await?;
            self.keep(message);
        }
    }

    /// Drops what it sends unasked, until it ends; why it did.
    pub async fn idle(&mut self) -> String {
        self.notifications.clear();
        loop {
            if let Err(why) = self.next().await {
                return why;
            }
        }
    }

    /// Ends it as an editor does; its exit code.
    pub async fn end(mut self) -> Result<Option<i32>, String> {
        self.request("shutdown", &Value::Null).await?;
        self.send(&json!({"jsonrpc": "2.0", "method": "exit"})).await?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.map_err(|_| "a sidecar did not end")?.map_err(|error| error.to_string())?;
        Ok(status.code())
    }

    fn keep(&mut self, mut message: Value) {
        if let Some(name) = message["method"].as_str().map(str::to_owned) {
            self.notifications.push((name, message["params"].take()));
        }
    }

    async fn send(&mut self, message: &Value) -> Result<(), String> {
        let body = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stdin.write_all(frame.as_bytes()).await.map_err(|error| format!("a sidecar closed its stdin: {error}"))
    }

    async fn receive(&mut self) -> Result<Value, String> {
        tokio::time::timeout(PATIENCE, self.next()).await.map_err(|_| "a sidecar did not answer")?
    }

    async fn next(&mut self) -> Result<Value, String> {
        self.frames.recv().await.unwrap_or_else(|| Err("a sidecar ended".to_owned()))
    }
}

async fn frame(stdout: &mut BufReader<ChildStdout>) -> Result<Value, String> {
    let closed = |error: std::io::Error| format!("a sidecar closed its stdout: {error}");
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).await.map_err(closed)? == 0 {
            return Err("a sidecar ended".to_owned());
        }
        if let Some(value) = line.strip_prefix("Content-Length:") {
            length = value.trim().parse().map_err(|_| "a sidecar sent a bad length")?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).await.map_err(closed)?;
    serde_json::from_slice(&body).map_err(|error| format!("a sidecar sent no JSON: {error}"))
}
