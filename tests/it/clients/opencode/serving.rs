//! OpenCode as a server, whose events tell the toasts that its screen would show.

use std::time::Duration;

use codex_account_manager::demo::simulated_openai::DEFAULT_TEXT;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::home::plugged_in;
use super::{limited, only_sidecar};
use crate::support::http::{self, Connection};
use crate::support::{Pool, Running, eventually, process, within};

/// `opencode serve` with somebody who listens to its events.
struct Server {
    running: Running,
    port: u16,
    events: Connection,
    rest: Vec<u8>,
    session: String,
}

impl Server {
    #[track_caller]
    fn start(pool: &Pool, opencode: &str) -> Server {
        let mut command = pool.sandbox.program(opencode);
        command.args(["serve", "--hostname", "127.0.0.1", "--port", "0"]);
        let running = Running::start(command);
        let port = eventually("it listens", || {
            let said = running.stdout_so_far();
            said.split_once("http://127.0.0.1:")?.1.split_whitespace().next()?.parse().ok()
        });
        let mut events = Connection::open(port);
        events.request("GET", "/event", &[], b"");
        assert_eq!(events.head().unwrap().status, 200);
        let session = post(port, "/session", &json!({ "title": "t" }))["id"].as_str().unwrap().to_owned();
        Server { running, port, events, rest: Vec::new(), session }
    }

    /// Says something and waits for the answer.
    #[track_caller]
    fn say_hi(&self) -> Value {
        let model = json!({ "providerID": "openai", "modelID": "gpt-5.4" });
        let message = json!({ "model": model, "parts": [{ "type": "text", "text": "say hi" }] });
        post(self.port, &format!("/session/{}/message", self.session), &message)
    }

    /// The next toast.
    #[track_caller]
    fn toast(&mut self) -> Value {
        loop {
            let event = self.events.event(&mut self.rest).unwrap().expect("the events go on");
            let mut event: Value = serde_json::from_str(&event).unwrap();
            if event["type"] == "tui.toast.show" {
                return event["properties"].take();
            }
        }
    }
}

#[track_caller]
fn post(port: u16, path: &str, body: &Value) -> Value {
    let response =
        http::request(port, "POST", path, &[("content-type", "application/json")], body.to_string().as_bytes());
    assert_eq!(response.status(), 200, "{}", response.text());
    response.json()
}

#[track_caller]
fn check_said(answer: &Value) {
    assert!(answer.to_string().contains(DEFAULT_TEXT), "{answer}");
}

#[test]
fn a_failover_is_a_toast_and_a_sidecar_that_crashes_is_followed() {
    let Some((opencode, pool)) = plugged_in(2, &json!({})) else { return };
    pool.upstream.script(&pool.keys[0], limited());
    let mut server = Server::start(&pool, &opencode);
    check_said(&server.say_hi());
    let toasts = [server.toast(), server.toast()];
    assert_eq!(toasts[0]["message"], "Using account 1 (account-1)");
    assert_eq!(toasts[0]["variant"], "info");
    let switched = toasts[1]["message"].as_str().unwrap();
    assert!(switched.starts_with("Account 1 (account-1) is rate limited for gpt-5.4 for "), "{switched}");
    assert!(switched.ends_with("; switched to account 2 (account-2)"), "{switched}");
    assert_eq!(toasts[1]["variant"], "warning");

    let before = only_sidecar(&pool);
    assert!(process::signal(before, Signal::KILL));
    check_said(&server.say_hi());
    assert_ne!(only_sidecar(&pool), before, "another process, another port, another key");

    // Not the process group: OpenCode alone.
    for signal in [Signal::TERM, Signal::KILL] {
        let sidecar = only_sidecar(&pool);
        server.running.signal(signal);
        eventually("the sidecar has ended", || (!process::runs(sidecar)).then_some(()));
        assert!(pool.sandbox.session_ids().is_empty(), "{signal:?}");
        if signal == Signal::TERM {
            server = Server::start(&pool, &opencode);
            check_said(&server.say_hi());
        }
    }
}

#[test]
fn locked_secrets_are_a_toast_and_nothing_hangs() {
    let Some((opencode, pool)) = plugged_in(1, &json!({ "quietMode": true })) else { return };
    std::fs::remove_file(pool.sandbox.path("cam-data/master.key")).unwrap();
    let mut server = Server::start(&pool, &opencode);
    let warning = server.toast()["message"].as_str().unwrap().to_owned();
    assert!(warning.starts_with("Every account is locked; set CAM_MASTER_KEY"), "{warning}");
}

#[test]
fn quiet_is_quiet() {
    let Some((opencode, pool)) = plugged_in(2, &json!({ "quietMode": true })) else { return };
    pool.upstream.always(&pool.keys[0], Some(limited()));
    let mut server = Server::start(&pool, &opencode);
    check_said(&server.say_hi());
    // What OpenCode tells of itself comes after whatever the plugin had to say.
    let marker = json!({ "message": "the end", "variant": "info" });
    let shown = within(Duration::from_secs(30), || {
        http::request(
            server.port,
            "POST",
            "/tui/show-toast",
            &[("content-type", "application/json")],
            marker.to_string().as_bytes(),
        )
        .status()
        .eq(&200)
        .then_some(())
    });
    assert!(shown.is_some());
    assert_eq!(server.toast()["message"], "the end");
}
