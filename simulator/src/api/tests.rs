//! Each answer and each order of events, seen through a raw socket as any client would.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::testing::{self, Seen, seen, until};

use super::{Answer, Breakage, LimitKind, Outcome, SimulatedOpenAi, ToolCall, Wait};

const KEY: &str = "sk-test-0123456789abcdef";
const CHAT: &str = r#"{"model":"gpt-5.4","messages":[],"stream":true}"#;
const RESPONSES: &str = r#"{"model":"gpt-5.4","input":"hi","stream":true}"#;
const SHORT: &str = r#"{"model":"gpt-5.4","input":"hi"}"#;

fn server() -> SimulatedOpenAi {
    let server = SimulatedOpenAi::start_on_thread().unwrap();
    server.add_key(KEY);
    server
}

fn open(server: &SimulatedOpenAi, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
    testing::open(&server.base_url(), method, path, headers, body)
}

fn ask_as(server: &SimulatedOpenAi, key: &str, method: &str, path: &str, body: &str) -> Seen {
    let mut bytes = Vec::new();
    open(server, method, path, &format!("authorization: Bearer {key}\r\n"), body).read_to_end(&mut bytes).unwrap();
    seen(&String::from_utf8(bytes).unwrap())
}

fn ask(server: &SimulatedOpenAi, method: &str, path: &str, body: &str) -> Seen {
    ask_as(server, KEY, method, path, body)
}

/// The answer to one call that is scripted to get `answer`.
fn scripted(answer: Answer, body: &str) -> Seen {
    let server = server();
    server.script(KEY, answer);
    ask(&server, "POST", if body == CHAT { "/v1/chat/completions" } else { "/v1/responses" }, body)
}

#[test]
fn a_streamed_response_has_the_events_of_the_real_one_in_order() {
    let seen = scripted(Answer::Normal, RESPONSES);
    let mut expected = vec!["created", "in_progress", "output_item.added", "content_part.added"];
    expected.extend(["output_text.delta"; 6]);
    expected.extend(["output_text.done", "content_part.done", "output_item.done", "completed"]);
    let expected: Vec<String> = expected.into_iter().map(|name| format!("response.{name}")).collect();
    assert_eq!(seen.event_types(), expected);
    let named = seen.body.lines().filter_map(|line| line.strip_prefix("event: "));
    assert!(named.eq(expected.iter().map(String::as_str)));
    for (at, event) in seen.events().iter().enumerate() {
        assert_eq!(event["sequence_number"], at);
    }
    let last = seen.events().pop().unwrap();
    assert_eq!(last["response"]["output"][0]["content"][0]["text"], super::DEFAULT_TEXT);
    assert_eq!(last["response"]["usage"]["input_tokens"], RESPONSES.len().div_ceil(4));
    assert_eq!(last["response"]["usage"]["output_tokens"], 8);
    assert!(seen.whole && seen.header("content-type").unwrap().starts_with("text/event-stream"));
}

#[test]
fn a_function_is_called_with_the_events_of_the_real_one_in_order() {
    let tool = ToolCall { name: "look".into(), arguments: r#"{"at":1}"#.into() };
    let seen = scripted(Answer::CallTools(vec![tool.clone()]), RESPONSES);
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(seen.event_types(), expected.map(|name| format!("response.{name}")));
    let events = seen.events();
    assert_eq!(events[2]["item"]["arguments"], "");
    let pieces = [3, 4].map(|at| events[at]["delta"].as_str().unwrap()).concat();
    assert_eq!((&pieces, &events[5]["arguments"]), (&tool.arguments, &json!(tool.arguments)));
    let called = &events[7]["response"]["output"][0];
    assert_eq!((&called["type"], &called["name"]), (&json!("function_call"), &json!("look")));
    assert_eq!(called["arguments"], tool.arguments);
    let id = called["id"].as_str().unwrap().strip_prefix("fc_").unwrap();
    assert_eq!(called["call_id"], format!("call_{id}"));
    let whole = scripted(Answer::CallTools(vec![tool]), SHORT);
    assert_eq!(whole.json()["output"][0]["name"], "look");
}

#[test]
fn a_streamed_chat_tells_its_usage_to_those_who_ask() {
    let seen = scripted(Answer::Normal, CHAT);
    let events = seen.events();
    assert_eq!(events.len(), 9);
    assert_eq!(events[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "", "refusal": null }));
    assert_eq!(events[7]["choices"][0]["finish_reason"], "stop");
    assert_eq!(events[8], "[DONE]");
    assert!(!seen.body.contains("usage"));

    let body = r#"{"model":"gpt-5.4","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#;
    let events = ask(&server(), "POST", "/v1/chat/completions", body).events();
    assert!(events[..8].iter().all(|event| event.get("usage") == Some(&Value::Null)));
    assert_eq!(events[8]["choices"], json!([]));
    assert_eq!(events[8]["usage"]["prompt_tokens"], body.len().div_ceil(4));
    assert_eq!(events[9], "[DONE]");
}

#[test]
fn every_endpoint_answers_in_its_own_shape() {
    let server = server();
    let check = |method: &str, path: &str, body: &str, status: u16, pointer: &str, value: Value| {
        let seen = ask(&server, method, path, body);
        assert_eq!((seen.status, seen.json().pointer(pointer)), (status, Some(&value)), "{method} {path} {body}");
        assert!(seen.whole && seen.header("x-request-id").unwrap().starts_with("req_"));
    };
    let model = r#"{"model":"gpt-5.4","messages":[],"input":[]}"#;
    check("POST", "/v1/responses", model, 200, "/status", json!("completed"));
    check("POST", "/v1/chat/completions", model, 200, "/choices/0/message/content", json!(super::DEFAULT_TEXT));
    check("POST", "/v1/completions", model, 200, "/choices/0/text", json!(super::DEFAULT_TEXT));
    check("POST", "/v1/embeddings", r#"{"model":"e","input":["a","b"]}"#, 200, "/data/1/index", json!(1));
    check("GET", "/v1/models?x=1", "", 200, "/object", json!("list"));
    check("GET", "/v1/models/gpt-5.4", "", 200, "/id", json!("gpt-5.4"));
    check("GET", "/v1/models/gpt-0", "", 404, "/error/code", json!("model_not_found"));
    check("DELETE", "/v1/vector_stores/1", "abc", 200, "/body_bytes", json!(3));
    check("POST", "/v1/nothing", "", 404, "/error/message", json!("Invalid URL (POST /v1/nothing)"));
    check("POST", "/responses", model, 404, "/error/code", Value::Null);
    check("GET", "/v1/embeddings", "", 405, "/error/code", json!("method_not_supported"));
    check("BREW", "/v1/models", "", 405, "/error/code", json!("method_not_supported"));
    check("POST", "/v1/responses", "{", 400, "/error/type", json!("invalid_request_error"));
    check("POST", "/v1/responses", r#"{"model":"m"}"#, 400, "/error/param", json!("input"));
    check("POST", "/v1/responses", r#"{"model":"m","input":1}"#, 400, "/error/code", json!("invalid_type"));
    check("POST", "/v1/files", "{}", 400, "/error/param", Value::Null);
    assert_eq!(ask(&server, "HEAD", "/v1/models", "").status, 405);
    let streamed = ask(&server, "POST", "/v1/completions", r#"{"model":"m","stream":true}"#);
    assert_eq!((streamed.events().len(), streamed.events()[0]["choices"][0]["text"].clone()), (8, json!("Hello")));
    until(|| server.requests().iter().all(|request| request.outcome == Outcome::Completed));
}

#[test]
fn what_one_key_made_is_not_found_with_another() {
    let server = server();
    server.add_key("sk-other");
    let id = ask(&server, "POST", "/v1/responses", SHORT).json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/responses/{id}");
    assert_eq!(ask(&server, "GET", &path, "").json()["id"], json!(id));
    assert_eq!(ask_as(&server, "sk-other", "GET", &path, "").status, 404);
    let follow = json!({ "model": "m", "input": "", "previous_response_id": id }).to_string();
    assert_eq!(ask(&server, "POST", "/v1/responses", &follow).json()["previous_response_id"], json!(id));
    let refused = ask_as(&server, "sk-other", "POST", "/v1/responses", &follow);
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!("previous_response_not_found")));

    let headers = format!("authorization: Bearer {KEY}\r\ncontent-type: multipart/form-data; boundary=b\r\n");
    let form = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--b--\r\n";
    let mut answer = String::new();
    open(&server, "POST", "/v1/files", &headers, form).read_to_string(&mut answer).unwrap();
    let file = seen(&answer).json();
    assert_eq!(file["purpose"], "batch");
    let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
    assert_eq!(ask(&server, "GET", &path, "").status, 200);
    assert_eq!(ask_as(&server, "sk-other", "GET", &path, "").status, 404);
}

#[test]
fn every_error_has_its_status_type_and_code() {
    #[track_caller]
    fn check(answer: Answer, status: u16, kind: &str, code: Option<&str>) {
        let seen = scripted(answer, RESPONSES);
        let error = seen.json()["error"].clone();
        assert_eq!((seen.status, &error["type"], &error["code"]), (status, &json!(kind), &json!(code)));
        assert!(error["message"].is_string() && error["param"].is_null());
    }
    let invalid = "invalid_request_error";
    for (kind, name) in [(LimitKind::Tokens, "tokens"), (LimitKind::Requests, "requests")] {
        check(Answer::RateLimit { retry_after: Wait::None, kind }, 429, name, Some("rate_limit_exceeded"));
    }
    check(Answer::InsufficientQuota, 429, "insufficient_quota", Some("insufficient_quota"));
    check(Answer::InvalidKey, 401, invalid, Some("invalid_api_key"));
    check(Answer::Unauthorized { code: Some("x".into()) }, 401, invalid, Some("x"));
    check(Answer::Unauthorized { code: None }, 401, invalid, None);
    check(Answer::ModelNotFound, 404, invalid, Some("model_not_found"));
    check(Answer::ServerError(502), 502, "server_error", None);
    check(Answer::Overloaded, 503, "service_unavailable_error", Some("server_is_overloaded"));

    let headers = vec![("retry-after".to_owned(), "7".to_owned())];
    let (code, error_type, message) = (Some("slow_down".to_owned()), "t".to_owned(), "m".to_owned());
    let seen = scripted(Answer::Status { status: 503, code, error_type, message, headers }, SHORT);
    assert_eq!((seen.status, seen.header("retry-after")), (503, Some("7")));

    let headers = vec![("x-a".to_owned(), "1".to_owned()), ("content-encoding".to_owned(), "gzip".to_owned())];
    let seen = scripted(Answer::Raw { status: 418, headers, body: Bytes::from_static(b"tea") }, SHORT);
    assert_eq!((seen.status, seen.body.as_str(), seen.header("content-encoding")), (418, "tea", Some("gzip")));
    assert_eq!(seen.header("x-request-id"), None);
}

#[test]
fn a_rate_limit_tells_its_wait_in_one_form() {
    let of = |retry_after| scripted(Answer::RateLimit { retry_after, kind: LimitKind::Requests }, SHORT);
    let wait = Duration::from_millis(1200);
    let seen = of(Wait::RetryAfterMs(wait));
    assert_eq!((seen.header("retry-after-ms"), seen.header("retry-after")), (Some("1200"), None));
    assert_eq!(seen.header("x-ratelimit-reset-requests"), None);
    let seen = of(Wait::ResetHeaders(wait));
    assert_eq!((seen.header("x-ratelimit-reset-requests"), seen.header("retry-after")), (Some("1.2s"), None));
    assert_eq!(seen.header("x-ratelimit-remaining-requests"), Some("0"));
    let seen = of(Wait::Message(wait));
    assert!(seen.body.contains("Please try again in 1.2s. ") && seen.header("retry-after").is_none());
    assert!(of(Wait::HttpDate(wait)).header("retry-after").unwrap().ends_with(" gmt"));
    assert!(!of(Wait::None).body.contains("try again"));
}

#[test]
fn unknown_and_missing_keys_are_refused() {
    let server = server();
    let seen = ask_as(&server, "sk-nobody-knows-0123456789", "GET", "/v1/models", "");
    let message = seen.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("Incorrect API key provided: sk-nobod**************6789."), "{message}");
    assert_eq!((seen.status, &seen.json()["error"]["code"]), (401, &json!("invalid_api_key")));
    let mut answer = String::new();
    open(&server, "GET", "/v1/models", "", "").read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("You didn't provide an API key"));
}

#[test]
fn broken_streams_are_broken_where_the_script_says() {
    let cut = scripted(Answer::Broken(Breakage::CutMidStream { after_events: 5 }), RESPONSES);
    assert_eq!((cut.events().len(), cut.whole), (5, false));
    let cut = scripted(Answer::Broken(Breakage::CutMidStream { after_events: 0 }), RESPONSES);
    assert_eq!((cut.status, cut.events().len(), cut.whole), (200, 0, false));
    let cut = scripted(Answer::Broken(Breakage::CutMidStream { after_events: 0 }), SHORT);
    assert!(cut.status == 200 && !cut.whole && !cut.body.is_empty());
    assert_eq!(scripted(Answer::Broken(Breakage::CutBeforeAnswer), RESPONSES).head, "");

    let short = scripted(Answer::Broken(Breakage::EndWithoutTerminalEvent), RESPONSES);
    assert_eq!((short.event_types().pop().unwrap().as_str(), short.whole), ("response.output_item.done", true));
    let short = scripted(Answer::Broken(Breakage::EndWithoutTerminalEvent), CHAT);
    assert_eq!((&short.events().pop().unwrap()["choices"][0]["delta"]["content"], short.whole), (&json!("."), true));

    let long = scripted(Answer::Broken(Breakage::LongLine { bytes: 100_000 }), RESPONSES);
    assert_eq!((long.events().len(), long.whole), (14, true));
    assert!(long.body.starts_with(&format!(":{}\n\nevent: ", "-".repeat(100_000))));

    let fail = || Answer::FailInStream { after_events: 2, code: "server_is_overloaded".into(), message: "m".into() };
    let failed = scripted(fail(), RESPONSES).events().pop().unwrap();
    assert_eq!((&failed["type"], &failed["sequence_number"]), (&json!("response.failed"), &json!(2)));
    assert_eq!(failed["response"]["error"], json!({ "code": "server_is_overloaded", "message": "m" }));
    assert_eq!(scripted(fail(), CHAT).events().pop().unwrap()["error"]["code"], "server_is_overloaded");
    assert_eq!(scripted(fail(), SHORT).status, 500);
}

#[test]
fn scripts_come_first_then_the_standing_answer_then_the_normal_one() {
    let server = server();
    server.always(KEY, Some(Answer::ServerError(500)));
    server.script(KEY, Answer::Say("one".into()));
    server.script(KEY, Answer::Slow(Duration::from_millis(1)));
    let statuses = || ask(&server, "POST", "/v1/responses", SHORT).status;
    assert_eq!([statuses(), statuses(), statuses(), statuses()], [200, 200, 500, 500]);
    server.always(KEY, None);
    server.set_text("Good morning.");
    let seen = ask(&server, "POST", "/v1/responses", SHORT);
    assert_eq!(seen.json()["output"][0]["content"][0]["text"], "Good morning.");
}

#[test]
fn requests_are_recorded_as_they_came() {
    let server = server();
    ask(&server, "POST", "/v1/responses?a=%2F", SHORT);
    let request = server.requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.path_and_query.as_str()), ("POST", "/v1/responses?a=%2F"));
    assert_eq!((request.key.as_deref(), &request.body[..]), (Some(KEY), SHORT.as_bytes()));
    assert_eq!((request.header("host"), request.outcome), (Some("x"), Outcome::Completed));
    server.traffic().clear_requests();
    server.traffic().set_recording(false);
    ask(&server, "GET", "/v1/models", "");
    assert!(server.requests().is_empty());
}

#[test]
fn a_client_that_leaves_is_noticed_in_every_phase() {
    let server = server();
    let bearer = format!("authorization: Bearer {KEY}\r\n");
    server.script(KEY, Answer::Broken(Breakage::HangBeforeAnswer));
    server.script(KEY, Answer::Broken(Breakage::HangMidStream { after_events: 3 }));
    let waiting = open(&server, "POST", "/v1/responses", &bearer, RESPONSES);
    until(|| server.requests().first().is_some_and(|request| !request.body.is_empty()));
    assert_eq!(server.requests()[0].outcome, Outcome::InProgress);
    let streaming = open(&server, "POST", "/v1/responses", &bearer, RESPONSES);
    until(|| server.traffic().open_streams() == 1);
    let mut uploading = TcpStream::connect(server.base_url().replace("http://", "")).unwrap();
    write!(uploading, "POST /v1/files HTTP/1.1\r\nhost: x\r\n{bearer}content-length: 99\r\n\r\nhalf").unwrap();
    until(|| server.requests().len() == 3);
    drop((waiting, streaming, uploading));
    until(|| server.traffic().open_streams() == 0 && server.traffic().open_connections() == 0);
    let left = |at: usize| match server.requests()[at].outcome {
        Outcome::ClientLeft { after_events, .. } => Some(after_events),
        Outcome::InProgress | Outcome::Completed | Outcome::Cut => None,
    };
    assert_eq!((left(0), left(1), left(2)), (Some(0), Some(3), Some(0)));
}

#[test]
fn a_pause_lies_between_two_events() {
    let server = server();
    server.traffic().set_stream_pause(Duration::from_millis(5));
    let mut socket = open(&server, "POST", "/v1/responses", &format!("authorization: Bearer {KEY}\r\n"), RESPONSES);
    let mut first = [0; 2048];
    let count = socket.read(&mut first).unwrap();
    assert!(count > 0 && server.traffic().open_streams() == 1);
    assert!(!String::from_utf8_lossy(&first).contains("response.completed"));
    socket.read_to_string(&mut String::new()).unwrap();
    until(|| server.traffic().open_streams() == 0);
}

#[tokio::test]
async fn a_server_on_the_current_runtime_stops_when_dropped() {
    let server = SimulatedOpenAi::start().unwrap();
    let address = server.base_url().replace("http://", "");
    let connected = tokio::net::TcpStream::connect(&address).await.unwrap();
    connected.writable().await.unwrap();
    drop(server);
    connected.readable().await.unwrap();
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
