//! `opencode serve`: what its screen and its commands ask is asked of it, and its events are the screen's.

use serde_json::{Map, Value, json};
use simulated_openai::{api, chatgpt};

use crate::support::http::{self, Connection};
use crate::support::running::wait_for_client;
use crate::support::{Running, Sandbox};

pub const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// The server with somebody who listens to its events.
pub struct Server {
    pub running: Running,
    pub port: u16,
    events: Connection,
    rest: Vec<u8>,
    /// A session with a title.
    pub session: String,
}

impl Server {
    #[track_caller]
    pub fn start(sandbox: &Sandbox, opencode: &str) -> Server {
        let mut command = sandbox.program(opencode);
        command.args(["serve", "--hostname", "127.0.0.1", "--port", "0"]);
        let running = Running::start(command);
        let port = wait_for_client("it listens", || {
            let said = running.stdout_so_far();
            said.split_once("http://127.0.0.1:")?.1.split_whitespace().next()?.parse().ok()
        });
        let mut events = Connection::open(port);
        events.request("GET", "/event", &[], b"");
        assert_eq!(events.head().unwrap().status, 200);
        let session = begin(port, "/session");
        Server { running, port, events, rest: Vec::new(), session }
    }

    /// Says something to gpt-5.4 and checks the answer.
    #[track_caller]
    pub fn say_hi(&self) {
        self.say(&self.session, &message());
    }

    /// Says something to the model that OpenCode chooses.
    #[track_caller]
    pub fn say_hi_to_any(&self, session: &str) {
        self.say(session, &parts());
    }

    #[track_caller]
    pub fn say(&self, session: &str, message: &Value) {
        check_said(&post(self.port, &format!("/session/{session}/message"), message));
    }

    /// A session that wants a title, which is a request more.
    #[track_caller]
    pub fn begin_untitled(&self) -> String {
        id(&post(self.port, "/session", &json!({})))
    }

    /// Has it forget the project and read everything again, as a new process would: plugins, credentials, models.
    #[track_caller]
    pub fn begin_again(&self) {
        post(self.port, "/instance/dispose", &json!({}));
    }

    /// The models of the provider as OpenCode lists them.
    #[track_caller]
    pub fn models(&self) -> Map<String, Value> {
        let listed = http::request(self.port, "GET", "/config/providers", &[], b"").json();
        let mut providers = listed["providers"].as_array().unwrap().iter();
        let provider = providers.find(|provider| provider["id"] == "openai").expect("the provider is listed");
        provider["models"].as_object().unwrap().clone()
    }

    /// The next toast.
    #[track_caller]
    pub fn toast(&mut self) -> Value {
        loop {
            let event = self.events.event(&mut self.rest).unwrap().expect("the events go on");
            let mut event: Value = serde_json::from_str(&event).unwrap();
            if event["type"] == "tui.toast.show" {
                return event["properties"].take();
            }
        }
    }
}

/// The id of a new session with a title.
#[track_caller]
pub fn begin(port: u16, path: &str) -> String {
    id(&post(port, path, &json!({ "title": "t" })))
}

fn id(session: &Value) -> String {
    session["id"].as_str().unwrap().to_owned()
}

pub fn message() -> Value {
    message_to("gpt-5.4")
}

pub fn message_to(model: &str) -> Value {
    let mut message = parts();
    message["model"] = json!({ "providerID": "openai", "modelID": model });
    message
}

fn parts() -> Value {
    json!({ "parts": [{ "type": "text", "text": "say hi" }] })
}

#[track_caller]
pub fn post(port: u16, path: &str, body: &Value) -> Value {
    let response = http::request(port, "POST", path, JSON, body.to_string().as_bytes());
    assert_eq!(response.status(), 200, "{}", response.text());
    response.json()
}

#[track_caller]
pub fn check_said(answer: &Value) {
    let text = answer.to_string();
    assert!([api::DEFAULT_TEXT, chatgpt::DEFAULT_TEXT].iter().any(|said| text.contains(said)), "{text}");
}
