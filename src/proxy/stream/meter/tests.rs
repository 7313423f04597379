//! What an answer tells of its usage, in every form it comes in.

use super::*;
use crate::domain::resources::Keeps;
use serde_json::json;

fn read(dialect: Dialect, stream: &str, step: usize) -> Meter {
    let mut meter = Meter::new(dialect);
    for piece in stream.as_bytes().chunks(step) {
        meter.push(piece);
    }
    meter
}

fn steps(stream: &str) -> [usize; 3] {
    [1, 7, stream.len().max(1)]
}

#[track_caller]
fn check_whole(dialect: Dialect, stream: &str, whole: bool) {
    for step in steps(stream) {
        assert_eq!(read(dialect, stream, step).is_whole(), whole, "{stream:?} in steps of {step}");
    }
}

#[test]
fn a_stream_is_whole_when_its_last_event_was_seen() {
    let check = |stream: &str, whole| check_whole(Dialect::Responses, stream, whole);
    check("event: response.created\ndata: {\"type\":\"response.created\"}\n\n", false);
    check("event: response.completed\ndata: {}\n\n", true);
    check("data: {\"type\": \"response.completed\", \"response\": {}}\n\n", true);
    check("data: {\"response\": {}, \"type\": \"response.completed\"}\n\n", true);
    check("data: {\"type\":\"response.failed\"}", true);
    check("event: response.incomplete\r\n", true);
    check("event: error\n", true);
    check("event: response.completed_not\n", false);
    check("data: the words event: response.completed\n\n", false);
    let long = format!("data: {{\"type\":\"response.output_text.delta\",\"delta\":\"{}\"}}\n", "x".repeat(5000));
    check(&long, false);
    check("", false);
}

#[test]
fn a_stream_of_completions_is_whole_with_a_reason_to_finish_or_the_word_done() {
    let check = |stream: &str, whole| check_whole(Dialect::Completions, stream, whole);
    check("data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":null}]}\n\n", false);
    check("data: {\"choices\":[{\"delta\":{\"content\":\"\\\"finish_reason\\\":\\\"stop\"}}]}\n\n", false);
    check("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", true);
    check("data: {\"choices\": [{\"finish_reason\": \"length\"}]}\n\n", true);
    check("data: [DONE]\n\n", true);
    check("data: {\"error\": {\"message\": \"no\"}}\n\n", true);
    check("", false);
}

#[track_caller]
fn check_failure(dialect: Dialect, stream: &str, expected: Option<&Value>) {
    for step in steps(stream) {
        assert_eq!(read(dialect, stream, step).failure(), expected, "{stream:?} in steps of {step}");
    }
}

#[test]
fn a_failure_counts_only_before_any_output() {
    let created = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n";
    let failed = "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"slow_down\"}}}\n\n";
    let delta =
        "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"x\"}\n\n";
    let check = |stream: &str, expected: Option<Value>| check_failure(Dialect::Responses, stream, expected.as_ref());
    check(&format!("{created}: ping\n\n{failed}"), Some(json!({"code": "slow_down"})));
    check(&format!("{created}{delta}{failed}"), None);
    check(created, None);
    check(
        "data: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"try again in 20s\"}\n\n",
        Some(json!({"code": "rate_limit_exceeded", "message": "try again in 20s"})),
    );
    let nested = "data: {\"type\":\"error\",\"status\":429,\"error\":{\"type\":\"usage_limit_reached\"}}\n\n";
    check(nested, Some(json!({"type": "usage_limit_reached"})));
    let check = |stream: &str, expected: Option<Value>| check_failure(Dialect::Completions, stream, expected.as_ref());
    check("data: {\"error\":{\"code\":\"server_is_overloaded\"}}\n\n", Some(json!({"code": "server_is_overloaded"})));
    check("data: {\"choices\":[{}]}\n\ndata: {\"error\":{\"code\":\"x\"}}\n\n", None);
}

#[track_caller]
fn check_tokens(dialect: Dialect, answer: &str, expected: Option<(u64, u64, u64, u64)>) {
    for step in steps(answer) {
        let mut meter = read(dialect, answer, step);
        meter.end();
        let tokens = meter.tokens().map(|t| (t.input, t.cached, t.output, t.reasoning));
        assert_eq!(tokens, expected, "{answer:?} in steps of {step}");
    }
}

#[test]
fn tokens_are_read_in_every_dialect() {
    let responses = r#"{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":7,"output_tokens_details":{"reasoning_tokens":3}}"#;
    let chat = r#"{"prompt_tokens":10,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}"#;
    let all = Some((10, 4, 7, 3));
    check_tokens(Dialect::Document, &format!("{{\"id\":\"r\",\"usage\":{responses}}}"), all);
    check_tokens(Dialect::Document, &format!("{{\"usage\":{chat},\"model\":\"m\"}}"), all);
    check_tokens(Dialect::Document, r#"{"data":[],"usage":{"prompt_tokens":5,"total_tokens":5}}"#, Some((5, 0, 0, 0)));
    check_tokens(Dialect::Document, r#"{"data":[]}"#, None);
    let stream = format!("data: {{\"type\":\"response.completed\",\"response\":{{\"usage\":{responses}}}}}\n\n");
    check_tokens(Dialect::Responses, &stream, all);
    let stream = format!(
        "data: {{\"choices\":[{{}}],\"usage\":null}}\n\ndata: {{\"choices\":[],\"usage\":{chat}}}\n\ndata: [DONE]\n\n"
    );
    check_tokens(Dialect::Completions, &stream, all);
}

#[test]
fn what_was_made_is_known_as_soon_as_it_passes() {
    let made = |is_stream| Some(Made::new(Keeps::All, is_stream));
    let mut meter = Meter::new(Dialect::Document).noting(made(false));
    meter.push(br#"{"id":"batch_1","output_file_id":"file-2","#);
    assert_eq!(meter.made(), ["batch_1", "file-2"]);
    meter.push(br#""error_file_id":"file-3","input_file_id":"file-2"}"#);
    assert_eq!(meter.made(), ["file-3"]);
    let created = "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"model\":\"gpt-5.2\"}}\n\n";
    let mut meter = Meter::new(Dialect::Responses).noting(made(true));
    meter.push(created.as_bytes());
    assert_eq!(meter.made(), ["resp_1"]);
    assert_eq!(meter.model(), Some("gpt-5.2"));
    assert!(read(Dialect::Other, created, 5).made().is_empty());
}
