//! A client of the sidecar as editors have them, but one that sees everything: every byte on stdout must be part of a
//! frame, and an error that nobody read fails the test.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::conversation::Conversation;
use super::transcript::Transcript;
use super::{PATIENCE, Sandbox, process};

/// A JSON-RPC error.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcError {
    pub code: i64,
    pub message: String,
    pub data: Value,
}

/// One sidecar process with its client.
pub struct Sidecar {
    child: Child,
    stdin: Option<ChildStdin>,
    incoming: Receiver<Result<Value, String>>,
    inbox: VecDeque<Value>,
    next_id: i64,
    ended: bool,
    killed: bool,
    /// `capabilities.experimental.codexAccountManager` of the initialize result.
    pub info: Value,
    /// What was asked, answered and told.
    pub transcript: Transcript,
    /// All of it as it was on the wire.
    pub conversation: Conversation,
}

impl Sidecar {
    /// Starts one in this home and shakes hands.
    #[track_caller]
    pub fn start(sandbox: &Sandbox) -> Sidecar {
        Sidecar::start_with(sandbox.command(&["sidecar", "--stdio"]), &json!({}))
    }

    /// Starts `command` and shakes hands with these params beside the usual ones.
    #[track_caller]
    pub fn start_with(command: Command, params: &Value) -> Sidecar {
        let mut sidecar = Sidecar::spawn(command);
        sidecar.initialize(params);
        sidecar
    }

    /// Starts `command` and says nothing yet.
    #[track_caller]
    pub fn spawn(mut command: Command) -> Sidecar {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, incoming) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read_frame(&mut stdout).transpose() {
                let failed = message.is_err();
                if sender.send(message).is_err() || failed {
                    break;
                }
            }
        });
        let mut transcript = Transcript::default();
        for (_, value) in command.get_envs().filter(|(name, _)| *name == "HOME") {
            let home = value.unwrap_or_default().to_string_lossy();
            transcript.mask(home.clone(), "[home]");
            transcript.mask(home.trim_end_matches('/'), "[home]");
        }
        Sidecar {
            child,
            stdin,
            incoming,
            inbox: VecDeque::new(),
            next_id: 1,
            ended: false,
            killed: false,
            info: Value::Null,
            transcript,
            conversation: Conversation::default(),
        }
    }

    /// `initialize` and `initialized`, for one that was only spawned.
    #[track_caller]
    pub fn initialize(&mut self, params: &Value) {
        self.initialize_only(params);
        self.notify("initialized", &json!({}));
    }

    /// `initialize` alone.
    #[track_caller]
    pub fn initialize_only(&mut self, params: &Value) {
        let mut all = json!({ "processId": std::process::id(), "capabilities": {} });
        for (name, value) in params.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        let result = self.request("initialize", &all).unwrap_or_else(|error| panic!("`initialize`: {error:?}"));
        self.info = result["capabilities"]["experimental"]["codexAccountManager"].clone();
        self.transcript.mask(format!("127.0.0.1:{}", self.port()), "127.0.0.1:[port]");
        self.transcript.mask(self.pid().to_string(), "[pid]");
    }

    /// The child's pid.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The proxy's port.
    pub fn port(&self) -> u16 {
        self.info["proxy"]["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("it told its port")
    }

    /// The proxy's address, `/v1` at its end.
    pub fn base_url(&self) -> &str {
        self.info["proxy"]["baseUrl"].as_str().unwrap()
    }

    /// The proxy's key.
    pub fn api_key(&self) -> &str {
        self.info["proxy"]["apiKey"].as_str().unwrap()
    }

    /// The session's id.
    pub fn session_id(&self) -> &str {
        self.info["session"]["id"].as_str().unwrap()
    }

    /// The 1-based number of the account it started on.
    pub fn start_account(&self) -> Option<u64> {
        self.info["session"]["startAccount"]["index"].as_u64()
    }

    /// Asks and waits for the answer.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: &Value) -> Result<Value, RpcError> {
        let id = self.send_request(method, params);
        self.answer(id)
    }

    /// Asks one that may be killed meanwhile; `None` when it was.
    #[track_caller]
    pub fn attempt(&mut self, method: &str, params: &Value) -> Option<Result<Value, RpcError>> {
        let id = self.next_id;
        self.next_id += 1;
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string();
        let stdin = self.stdin.as_mut().expect("its stdin was not closed by the test");
        stdin.write_all(frame(&message).as_bytes()).ok()?;
        let limit = PATIENCE * 2;
        let started = Instant::now();
        let Some(message) = self.take(limit, |message| message["id"] == id) else {
            assert!(started.elapsed() < limit, "no answer to `{method}` in {limit:?}");
            return None;
        };
        self.inbox.push_front(message);
        Some(self.answer(id))
    }

    /// Asks, and waits for nothing; the request's id.
    #[track_caller]
    pub fn send_request(&mut self, method: &str, params: &Value) -> i64 {
        let id = self.next_id;
        self.next_id += 1;
        self.transcript.sent(method, params);
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// The answer to a request that was sent before.
    #[track_caller]
    pub fn answer(&mut self, id: i64) -> Result<Value, RpcError> {
        let wanted = |message: &Value| message["id"] == id && message.get("method").is_none();
        let mut message = self.take(PATIENCE, wanted).unwrap_or_else(|| panic!("no answer to request {id}"));
        match message.get_mut("error").map(Value::take) {
            None => {
                self.transcript.answered(&message["result"]);
                Ok(message["result"].take())
            }
            Some(mut error) => {
                self.transcript.answered(&json!({ "error": error }));
                Err(RpcError {
                    code: error["code"].as_i64().unwrap(),
                    message: error["message"].as_str().unwrap().to_owned(),
                    data: error["data"].take(),
                })
            }
        }
    }

    /// Tells.
    #[track_caller]
    pub fn notify(&mut self, method: &str, params: &Value) {
        self.transcript.sent(method, params);
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Waits for the next notification of this name; its params.
    #[track_caller]
    pub fn wait_notification(&mut self, name: &str) -> Value {
        self.wait_notification_where(name, |_| true)
    }

    /// Waits for the next notification of this name with such params.
    #[track_caller]
    pub fn wait_notification_where(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = self.take(PATIENCE, |message| message["method"] == name && wanted(&message["params"]));
        let mut message = found.unwrap_or_else(|| panic!("no `{name}` came; unread: {:?}", self.inbox));
        self.transcript.told(name, &message["params"]);
        message["params"].take()
    }

    /// The notifications of this name that are here already, without waiting.
    pub fn notifications_so_far(&mut self, name: &str) -> Vec<Value> {
        let mut found = Vec::new();
        while let Some(mut message) = self.take(Duration::ZERO, |message| message["method"] == name) {
            found.push(message["params"].take());
        }
        found
    }

    /// The next message of any kind that nobody took; `None` when none comes in time.
    #[track_caller]
    pub fn next_message(&mut self, limit: Duration) -> Option<Value> {
        self.take(limit, |_| true)
    }

    /// The next answer whose id is this one, as it is.
    #[track_caller]
    pub fn next_answer(&mut self, id: &Value) -> Value {
        let found = self.take(PATIENCE, |message| message.get("method").is_none() && message["id"] == *id);
        let message = found.unwrap_or_else(|| panic!("no answer with id {id}; unread: {:?}", self.inbox));
        self.transcript.answered(&message);
        message
    }

    /// Sends a whole message.
    #[track_caller]
    pub fn send(&mut self, message: &Value) {
        self.conversation.sent(message.clone());
        self.send_raw(frame(&message.to_string()).as_bytes());
    }

    /// Sends these bytes as they are.
    #[track_caller]
    pub fn send_raw(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("its stdin was not closed by the test");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("the sidecar reads its stdin");
    }

    /// What it says on stderr, where its command has that piped.
    #[track_caller]
    pub fn take_stderr(&mut self) -> std::process::ChildStderr {
        self.child.stderr.take().expect("its stderr is piped and was not taken")
    }

    /// Closes its stdin.
    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Kills it with no warning.
    pub fn kill(&mut self) {
        (self.ended, self.killed) = (true, true);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits until it has ended; how, and how long that took. `None` when it did not end in time and had to be killed.
    pub fn end_within(&mut self, limit: Duration) -> Option<(ExitStatus, Duration)> {
        self.ended = true;
        process::end_within(&mut self.child, limit)
    }

    /// Ends it as an editor does; its exit code.
    #[track_caller]
    pub fn end(&mut self) -> i32 {
        self.request("shutdown", &Value::Null).unwrap_or_else(|error| panic!("`shutdown`: {error:?}"));
        self.notify("exit", &Value::Null);
        let (status, _) = self.end_within(PATIENCE).expect("it ended");
        status.code().expect("no signal ended it")
    }

    /// Whether SIGKILL ended it; waits for its end, which its stdout has told already.
    fn is_killed(&mut self) -> bool {
        use std::os::unix::process::ExitStatusExt;
        let ended = process::end_within(&mut self.child, Duration::from_secs(5));
        self.killed || ended.is_some_and(|(status, _)| status.signal() == Some(9))
    }

    /// The first message that is wanted, from those that came before or from those that come.
    #[track_caller]
    fn take(&mut self, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(position) = self.inbox.iter().position(&wanted) {
            return self.inbox.remove(position);
        }
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.incoming.recv_timeout(left) {
                Ok(Ok(message)) => {
                    self.conversation.received(message.clone());
                    if wanted(&message) {
                        return Some(message);
                    }
                    self.inbox.push_back(message);
                }
                // Whoever is killed may be so in the middle of a frame.
                Ok(Err(why)) if !self.is_killed() => panic!("stdout is not frames alone: {why}"),
                Ok(Err(_)) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        if !self.ended {
            self.kill();
        }
        if std::thread::panicking() {
            return;
        }
        while let Ok(message) = self.incoming.recv_timeout(Duration::from_secs(5)) {
            match message {
                Ok(message) => self.inbox.push_back(message),
                // One that was killed may have been in the middle of a frame.
                Err(why) => assert!(self.killed, "stdout is not frames alone: {why}"),
            }
        }
        let unread: Vec<&Value> = self.inbox.iter().filter(|message| message.get("error").is_some()).collect();
        assert!(unread.is_empty(), "errors that nobody read: {unread:?}");
    }
}

/// A body with its header.
pub fn frame(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

/// The next frame; `None` at a proper end.
fn read_frame(stdout: &mut BufReader<ChildStdout>) -> Result<Option<Value>, String> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let read = stdout.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        if read == 0 {
            return if length.is_none() { Ok(None) } else { Err("it ends in a header".to_owned()) };
        }
        if line == b"\r\n" {
            break;
        }
        let text = String::from_utf8_lossy(&line).into_owned();
        let value = text.strip_prefix("Content-Length: ").and_then(|value| value.strip_suffix("\r\n"));
        length = Some(value.and_then(|value| value.parse().ok()).ok_or(format!("the line `{text}`"))?);
    }
    let mut body = vec![0; length.ok_or("a body without a length")?];
    stdout.read_exact(&mut body).map_err(|error| format!("in a body: {error}"))?;
    serde_json::from_slice(&body).map(Some).map_err(|error| format!("a body that is no JSON: {error}"))
}
