//! A sidecar as an editor runs it: frames over stdio, a proxy port in the first answer.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A running sidecar; dropping it ends it.
pub struct Sidecar {
    /// The process.
    pub child: Child,
    stdin: ChildStdin,
    /// What it says; a caller that has heard enough may read on in a way of its own.
    pub stdout: Option<BufReader<ChildStdout>>,
}

impl Sidecar {
    /// Starts `command` as a sidecar and sends `initialize` at once, as the fastest editor would.
    pub fn spawn(mut command: Command) -> io::Result<Sidecar> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdin = child.stdin.take().expect("piped above");
        let stdout = child.stdout.take().map(BufReader::new);
        let mut sidecar = Sidecar { child, stdin, stdout };
        sidecar.send(&json!({
            "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": { "processId": std::process::id(), "rootUri": null, "capabilities": {} }
        }))?;
        Ok(sidecar)
    }

    /// Waits for the answer to `initialize`, which tells where the proxy listens and the key that it takes.
    pub fn ready(&mut self) -> io::Result<(SocketAddr, String)> {
        let result = self.answer_to(1)?;
        self.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }))?;
        let proxy = &result["capabilities"]["experimental"]["codexAccountManager"]["proxy"];
        let text = |name: &str| proxy[name].as_str().unwrap_or_default();
        let address = format!("{}:{}", text("host"), proxy["port"]).parse().map_err(io::Error::other)?;
        Ok((address, text("apiKey").to_owned()))
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The result of the request with this `id`; whatever comes before it is skipped.
    fn answer_to(&mut self, id: u64) -> io::Result<Value> {
        loop {
            let mut message = self.receive()?;
            if message["id"] == json!(id) && message.get("method").is_none() {
                if let Some(error) = message.get("error") {
                    return Err(io::Error::other(format!("the sidecar answered {error}")));
                }
                return Ok(message["result"].take());
            }
        }
    }

    fn send(&mut self, message: &Value) -> io::Result<()> {
        let body = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{body}", body.len())
    }

    fn receive(&mut self) -> io::Result<Value> {
        let gone = || io::Error::new(io::ErrorKind::UnexpectedEof, "the sidecar ended");
        let stdout = self.stdout.as_mut().ok_or_else(gone)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stdout.read_line(&mut line)? == 0 {
                return Err(gone());
            }
            if let Some(digits) = line.strip_prefix("Content-Length: ") {
                length = digits.trim().parse().map_err(io::Error::other)?;
            } else if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stdout.read_exact(&mut body)?;
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
