//! Many requests and notifications over a WebSocket, by a client that knows nothing of the product.

use std::time::Duration;

use codex_account_manager::protocol::NOTIFICATIONS;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{request, token};
use crate::support::upstream::ask;
use crate::support::{Pool, Running, Sidecar, eventually, process, tools};

/// A WebSocket of the `websockets` library.
struct Socket {
    running: Running,
}

impl Socket {
    /// Opens one with a token; `None` after saying what is missing.
    fn open(pool: &Pool, sidecar: &Sidecar, token: &str) -> Option<Socket> {
        let words = tools::python_with("websockets", "rpc_socket.py")?;
        let mut command = pool.sandbox.program(&words[0]);
        command.args(&words[1..]).arg(sidecar.info["rpc"]["webSocketUrl"].as_str().unwrap());
        command.arg(format!("Authorization=Bearer {token}"));
        Some(Socket { running: Running::start(command) })
    }

    /// Waits for the first line that is so.
    #[track_caller]
    fn line(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        eventually(what, || {
            let lines = self.running.stdout_so_far();
            lines
                .split_inclusive('\n')
                .filter(|line| line.ends_with('\n'))
                .map(str::trim)
                .find(|line| wanted(line))
                .map(str::to_owned)
        })
    }

    /// Waits for a message.
    #[track_caller]
    fn message(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let line = self.line(what, |line| serde_json::from_str(line).is_ok_and(|message| wanted(&message)));
        serde_json::from_str(&line).unwrap()
    }

    /// Asks and waits for the answer.
    #[track_caller]
    fn call(&mut self, id: u64, method: &str, params: &Value) -> Value {
        self.send(&request(id, method, params));
        self.message(method, |message| message["id"] == id)
    }

    #[track_caller]
    fn send(&mut self, message: &Value) {
        self.running.write(format!("{message}\n").as_bytes());
    }

    /// Every notification so far, by name.
    fn told(&self) -> Vec<Value> {
        let lines = self.running.stdout_so_far();
        let messages = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        messages.filter(|message| message["method"].is_string()).collect()
    }
}

#[test]
fn it_asks_subscribes_and_is_told() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    let Some(mut socket) = Socket::open(&pool, &sidecar, token(&sidecar)) else { return };
    socket.line("it is open", |line| line == "open");
    let listed = socket.call(1, "accounts/list", &json!({}));
    assert_eq!(listed["result"]["accounts"][0]["label"], "account-1");
    let refused = socket.call(2, "accounts/read", &json!({"account": "nobody"}));
    assert_eq!(
        (&refused["error"]["code"], &refused["error"]["data"]["kind"]),
        (&json!(-32010), &json!("accountNotFound"))
    );

    let subscription = socket.call(3, "notifications/subscribe", &json!({}))["result"].clone();
    assert!(subscription.is_string(), "{subscription}");
    let named = |name: &'static str| move |message: &Value| message["method"] == name;
    let ready = socket.message("proxy/ready", named("proxy/ready"));
    assert_eq!(ready["params"]["subscription"], subscription);
    assert_eq!(ready["params"]["result"]["proxy"]["port"], sidecar.port());
    assert!(!ready.to_string().contains(token(&sidecar)) && !ready.to_string().contains(sidecar.api_key()));

    assert_eq!(ask(&pool, &sidecar, "gpt-5.2"), 1);
    let selected = socket.message("routing/didSelect", named("routing/didSelect"));
    let finished = socket.message("routing/didFinish", named("routing/didFinish"));
    let here = sidecar.wait_notification("routing/didFinish");
    assert_eq!(finished["params"]["result"], here, "both clients are told the same");
    assert_eq!(selected["params"]["result"]["requestId"], here["requestId"]);
    sidecar.request("accounts/switch", &json!({"account": 2})).unwrap();
    let changed = socket.message("accounts/didChange", named("accounts/didChange"));
    assert_eq!(changed["params"]["result"], sidecar.wait_notification("accounts/didChange"));

    assert_eq!(socket.call(4, "notifications/unsubscribe", &json!([subscription]))["result"], true);
    let before = socket.told().len();
    assert_eq!(ask(&pool, &sidecar, "gpt-5.2"), 2);
    sidecar.wait_notification("routing/didFinish");
    assert_eq!(socket.call(5, "accounts/list", &json!({}))["result"]["activeIndex"], 2);
    assert_eq!(socket.told().len(), before, "nothing more is told");
}

#[test]
fn a_subscription_takes_the_names_it_wants_and_no_other() {
    let pool = Pool::new(1);
    let mut sidecar = pool.sidecar();
    let Some(mut socket) = Socket::open(&pool, &sidecar, token(&sidecar)) else { return };
    let refused = socket.call(1, "notifications/subscribe", &json!({"methods": ["routing/did"]}));
    assert_eq!(refused["error"]["code"], -32602);
    let hint = refused["error"]["data"]["hint"].as_str().unwrap();
    assert!(NOTIFICATIONS.iter().all(|known| hint.contains(known.name)), "{hint}");
    assert_eq!(socket.call(2, "notifications/subscribe", &json!({"method": []}))["error"]["code"], -32602);
    let wanted = json!({"methods": ["routing/didFinish"]});
    assert!(socket.call(3, "notifications/subscribe", &wanted)["result"].is_string());
    ask(&pool, &sidecar, "gpt-5.2");
    sidecar.wait_notification("routing/didFinish");
    socket.message("routing/didFinish", |message| message["method"] == "routing/didFinish");
    assert_eq!(socket.told().len(), 1, "{:?}", socket.told());
}

#[test]
fn many_requests_at_once_are_all_answered() {
    let pool = Pool::new(2);
    let sidecar = pool.sidecar();
    let Some(mut socket) = Socket::open(&pool, &sidecar, token(&sidecar)) else { return };
    for id in 0..200 {
        socket.send(&request(id, if id % 2 == 0 { "accounts/list" } else { "status/read" }, &json!({})));
    }
    for id in 0..200 {
        let answer = socket.message("an answer", |message| message["id"] == id);
        assert!(answer["result"].is_object(), "{answer}");
    }
}

#[test]
fn the_wrong_token_and_a_message_too_long_are_refused() {
    let pool = Pool::new(1);
    let sidecar = pool.sidecar();
    let Some(refused) = Socket::open(&pool, &sidecar, sidecar.api_key()) else { return };
    refused.line("it is refused", |line| line == "refused 401");
    let mut socket = Socket::open(&pool, &sidecar, token(&sidecar)).unwrap();
    socket.send(&request(1, "accounts/list", &json!({"_meta": "x".repeat(300_000)})));
    socket.message("an error", |message| message["error"]["code"] == -32007);
    assert!(socket.call(2, "accounts/list", &json!({}))["result"].is_object(), "it goes on");
    socket.running.write(b"[]\n");
    socket.message("an error", |message| message["error"]["code"] == -32005);
    socket.running.write(b"{\n");
    socket.message("an error", |message| message["error"]["code"] == -32700);
}

#[test]
fn an_open_socket_keeps_no_sidecar_from_ending() {
    let pool = Pool::new(1);
    for by_signal in [false, true] {
        let mut sidecar = pool.sidecar();
        let Some(mut socket) = Socket::open(&pool, &sidecar, token(&sidecar)) else { return };
        assert!(socket.call(1, "notifications/subscribe", &json!({}))["result"].is_string());
        if by_signal {
            process::signal(sidecar.pid(), Signal::TERM);
        } else {
            sidecar.close_stdin();
        }
        let (status, took) = sidecar.end_within(Duration::from_secs(2)).expect("it ends within 2 s");
        assert!(status.success(), "{status} after {took:?}");
        socket.line("it is told of the end", |line| line.starts_with("closed "));
    }
}
