//! What an answer reports of its usage, in every form it comes in.

use super::*;
use crate::domain::resources::Keeps;
use crate::domain::usage::Tier;
use proptest::prelude::*;
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
    check("data: {\"type\":\"response.cancelled\"}\n\n", true);
    check("data: {\"type\":\"response.done\"}\n\n", true);
    check("data: {\"type\":\"response.output_item.done\"}\n\n", false);
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
    check(&format!("{created}event: keepalive\ndata: {{}}\n\n{failed}"), Some(json!({"code": "slow_down"})));
    // Instructions and tools are repeated, as long as they are.
    let long = |length| {
        let words = "y".repeat(length);
        format!("data: {{\"type\":\"response.in_progress\",\"response\":{{\"instructions\":\"{words}\"}}}}\n\n")
    };
    check(&format!("{created}{}{failed}", long(60_000)), Some(json!({"code": "slow_down"})));
    check(&format!("{created}{}{failed}", long(70_000)), None);
    check(created, None);
    check(
        "data: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"try again in 20s\"}\n\n",
        Some(json!({"code": "rate_limit_exceeded", "message": "try again in 20s"})),
    );
    let nested = "data: {\"type\":\"error\",\"status\":429,\"error\":{\"type\":\"usage_limit_reached\"}}\n\n";
    check(nested, Some(json!({"type": "usage_limit_reached"})));
    let check = |stream: &str, expected: Option<Value>| check_failure(Dialect::Completions, stream, expected.as_ref());
    check("data: {\"error\":{\"code\":\"server_is_overloaded\"}}\n\n", Some(json!({"code": "server_is_overloaded"})));
    let says = |delta: &str| {
        format!("data: {{\"choices\":[{{\"delta\":{delta}}}]}}\n\ndata: {{\"error\":{{\"code\":\"x\"}}}}\n\n")
    };
    check(&says("{\"content\":\"a\"}"), None);
    check(&says("{\"role\":\"assistant\",\"content\":\"\"}"), Some(json!({"code": "x"})));
}

#[test]
fn an_error_that_lacks_its_blank_line_counts_when_the_stream_is_over() {
    for (dialect, stream) in [
        (Dialect::Responses, "data: {\"type\":\"error\",\"error\":{\"code\":\"slow_down\"}}\n"),
        (Dialect::Completions, "data: {\"error\":{\"code\":\"slow_down\"}}"),
    ] {
        let mut meter = read(dialect, stream, stream.len());
        assert!(meter.is_whole() && meter.failure().is_none(), "{stream:?}");
        meter.end();
        meter.end();
        assert_eq!(meter.failure(), Some(&json!({"code": "slow_down"})), "{stream:?}");
    }
}

#[track_caller]
fn check_tokens(dialect: Dialect, answer: &str, expected: Option<(u64, u64, u64, u64)>) {
    for step in steps(answer) {
        let mut meter = read(dialect, answer, step);
        meter.end();
        let tokens = meter.bill().used.map(|used| used.tokens);
        let tokens = tokens.map(|t| (t.input, t.cached, t.output, t.reasoning));
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

#[track_caller]
fn check_unreported(dialect: Dialect, stream: &str, expected: Option<u64>) {
    for step in steps(stream) {
        let mut meter = read(dialect, stream, step);
        meter.end();
        assert_eq!(meter.unreported(), expected, "{stream:?} in steps of {step}");
    }
}

#[test]
fn the_output_of_a_stream_that_is_cut_is_estimated() {
    let event = |kind: &str, more: &str| format!("event: {kind}\ndata: {{\"type\":\"{kind}\",{more}}}\n\n");
    let delta = |number: usize, text: &str| {
        let rest = format!("\"sequence_number\":{number},\"obfuscation\":\"{}\"", "x".repeat(number * 7));
        event("response.output_text.delta", &format!("\"delta\":\"{text}\",{rest}"))
    };
    let created = event(
        "response.created",
        r#""response":{"id":"resp_1","usage":null,"instructions":[{"content":"Be brief."}]}"#,
    );
    let short = (1..6).map(|number| delta(number, "Hi")).collect::<String>();
    let long = delta(9, &"four".repeat(100));
    let arguments = event("response.function_call_arguments.delta", r#""delta":"{}""#);
    let done = event("response.output_text.done", r#""text":"HiHiHiHiHi""#);
    let completed = event("response.completed", r#""response":{"usage":{"input_tokens":10,"output_tokens":7}}"#);
    let failed = event("response.failed", r#""response":{"error":{"code":"server_error"}}"#);
    let check = |parts: &[&str], expected| check_unreported(Dialect::Responses, &parts.concat(), expected);
    check(&[], Some(0));
    check(&[&created], Some(0));
    check(&[&created, &short], Some(5));
    check(&[&created, &short, &done], Some(5));
    check(&[&created, &short, &arguments, &delta(6, "")], Some(6));
    check(&[&created, &short, &long], Some(103));
    check(&[&created, &short, &completed], None);
    check(&[&created, &short, &failed], None);
    check(&[&created, &failed], None);
    check(&["event: error\ndata: {\"type\":\"error\",\"code\":\"x\"}\n\n"], None);

    let chunk = |choice: &str| {
        format!("data: {{\"id\":\"chatcmpl-1\",\"choices\":[{{\"index\":0,{choice}}}],\"usage\":null}}\n\n")
    };
    let role = chunk(r#""delta":{"role":"assistant","content":""}"#);
    let words = chunk(r#""delta":{"content":"Hi"}"#).repeat(4);
    let call = chunk(r#""delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]}"#);
    let thought = chunk(r#""delta":{"reasoning_content":"hm"}"#);
    let refusal = chunk(r#""delta":{"refusal":"No"}"#);
    let legacy = chunk(r#""text":"Hi","logprobs":null"#).repeat(2);
    let stop = chunk(r#""delta":{},"finish_reason":"stop""#);
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\n";
    let check = |parts: &[&str], expected| check_unreported(Dialect::Completions, &parts.concat(), expected);
    check(&[&role], Some(0));
    check(&[&role, &words, &call, &thought, &refusal], Some(7));
    check(&[&legacy], Some(2));
    // Whole, and its use is to come.
    check(&[&role, &words, &stop], Some(4));
    check(&[&role, &words, &stop, usage], None);
    check(&[&role, &words, &stop, "data: [DONE]\n\n"], None);
    check(&[&words, "data: {\"error\":{\"code\":\"x\"}}\n\n"], None);
    check_unreported(Dialect::Events, &short, None);
    check_unreported(Dialect::Document, "{}", None);
}

#[test]
fn what_was_made_is_known_as_soon_as_it_passes() {
    let made = || CreatedIds::new(Keeps::All);
    let mut meter = Meter::new(Dialect::Document).noting(made(), false);
    meter.push(br#"{"id":"batch_1","output_file_id":"file-2","#);
    assert_eq!(meter.made(), ["batch_1", "file-2"]);
    meter.push(br#""error_file_id":"file-3","input_file_id":"file-2"}"#);
    assert_eq!(meter.made(), ["file-3"]);
    let created = "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"model\":\"gpt-5.2\"}}\n\n";
    let mut meter = Meter::new(Dialect::Responses).noting(made(), true);
    meter.push(created.as_bytes());
    assert_eq!(meter.made(), ["resp_1"]);
    assert_eq!(meter.bill().model.as_deref(), Some("gpt-5.2"));
    assert!(read(Dialect::Other, created, 5).made().is_empty());
}

#[track_caller]
fn check_bill(dialect: Dialect, answer: &str, expected: (Option<u64>, Tier, Option<&str>, Option<&str>, bool)) {
    for step in steps(answer) {
        let mut meter = read(dialect, answer, step);
        meter.end();
        let Bill { used, tier, subject, .. } = meter.bill();
        let input = used.map(|used| used.tokens.input);
        let found = (input, *tier, subject.id.as_deref(), subject.status.as_deref(), subject.background);
        assert_eq!(found, expected, "{answer:?} in steps of {step}");
    }
}

#[test]
fn an_answer_reports_its_tier_and_what_it_is_of() {
    let usage = r#""usage":{"input_tokens":10,"output_tokens":7}"#;
    let document = |more: &str| format!("{{\"id\":\"resp_1\",\"object\":\"response\",{more}}}");
    let check = |answer: &str, expected| check_bill(Dialect::Document, answer, expected);
    let id = Some("resp_1");
    check(
        &document(&format!("\"status\":\"completed\",\"service_tier\":\"Priority\",{usage}")),
        (Some(10), Tier::Priority, id, Some("completed"), false),
    );
    check(
        &document("\"status\":\"queued\",\"background\":true,\"usage\":null,\"service_tier\":null"),
        (None, Tier::Standard, id, Some("queued"), true),
    );
    check(
        &document(&format!("\"background\":\"yes\",\"service_tier\":5,{usage}")),
        (Some(10), Tier::Standard, id, None, false),
    );
    // A count of what a request would take is no use.
    check(r#"{"object":"response.input_tokens","input_tokens":11}"#, (None, Tier::Standard, None, None, false));
    let long = format!("\"usage\":{{\"input_tokens\":10,\"output_tokens\":7,\"more\":\"{}\"}}", "x".repeat(20_000));
    check(&document(&long), (Some(10), Tier::Standard, id, None, false));

    let created = "data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"status\":\"in_progress\",\"background\":true,\"service_tier\":\"priority\",\"usage\":null}}\n\n";
    let completed = format!(
        "data: {{\"type\":\"response.completed\",\"response\":{{\"id\":\"resp_1\",\"status\":\"completed\",\"background\":true,\"service_tier\":\"default\",{usage}}}}}\n\n"
    );
    for dialect in [Dialect::Responses, Dialect::Events] {
        check_bill(dialect, created, (None, Tier::Priority, id, Some("in_progress"), true));
        let whole = format!("{created}{completed}");
        check_bill(dialect, &whole, (Some(10), Tier::Standard, id, Some("completed"), true));
    }

    let chunk = |more: &str| format!("data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",{more}}}\n\n");
    let stream = [
        chunk("\"choices\":[{}],\"service_tier\":\"flex\",\"usage\":null"),
        chunk("\"choices\":[],\"service_tier\":\"flex\",\"usage\":{\"prompt_tokens\":3}"),
        chunk("\"choices\":[{}],\"usage\":null"),
        "data: [DONE]\n\n".to_owned(),
    ];
    check_bill(Dialect::Completions, &stream.concat(), (Some(3), Tier::Flex, Some("chatcmpl-1"), None, false));
    // Azure's first chunk is of its filter.
    let unnamed = "data: {\"id\":\"\",\"object\":\"\",\"model\":\"\",\"choices\":[]}\n\n";
    let named = chunk("\"model\":\"gpt-4o\",\"choices\":[{}]");
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3},\"service_tier\":\"flex\"}\n\n";
    let stream = [unnamed, &named, &named, usage, "data: [DONE]\n\n"].concat();
    check_bill(Dialect::Completions, &stream, (Some(3), Tier::Flex, Some("chatcmpl-1"), None, false));
    assert_eq!(read(Dialect::Completions, &stream, 7).bill().model.as_deref(), Some("gpt-4o"));
}

#[test]
fn other_streams_are_read_for_what_was_used() {
    let image = "event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"eA==\",\"usage\":{\"input_tokens\":10,\"output_tokens\":40}}\n\n";
    check_tokens(Dialect::Events, image, Some((10, 0, 40, 0)));
    let transcript = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"a\"}\n\ndata: {\"type\":\"transcript.text.done\",\"text\":\"a\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,\"output_tokens\":45}}\n\n";
    check_tokens(Dialect::Events, transcript, Some((14, 0, 45, 0)));
    let event = |name: &str, data: &str| format!("event: {name}\ndata: {data}\n\n");
    let run = [
        event("thread.run.created", r#"{"id":"run_1","object":"thread.run","status":"queued","usage":null}"#),
        event(
            "thread.run.step.completed",
            r#"{"id":"step_1","object":"thread.run.step","status":"completed","usage":{"prompt_tokens":3,"completion_tokens":1}}"#,
        ),
        event(
            "thread.run.completed",
            r#"{"id":"run_1","object":"thread.run","status":"completed","usage":{"prompt_tokens":9,"completion_tokens":2}}"#,
        ),
        event("done", "[DONE]"),
    ];
    check_bill(Dialect::Events, &run.concat(), (Some(9), Tier::Standard, Some("run_1"), Some("completed"), false));
    check_bill(Dialect::Events, &run[..2].concat(), (None, Tier::Standard, Some("run_1"), Some("queued"), false));
    check_whole(Dialect::Events, &run[0], true);
}

/// An event that is much like the others.
fn event() -> impl Strategy<Value = String> {
    let text = || prop::sample::select(vec!["", "Hi", r"a\n", r#"\"usage\":{\"total_tokens\":9}"#, r"\\"]);
    let id = || prop::sample::select(vec!["chatcmpl-1", "chatcmpl-2"]);
    let rest = || {
        let usage = (3..6).map(|total| format!(r#","usage":{{"total_tokens":{total}}}"#));
        let error = r#","error":{"code":"x","text":""}"#.to_owned();
        let rest =
            usage.chain([String::new(), r#","usage":null"#.to_owned(), r#","sequence_number":12"#.to_owned(), error]);
        prop::sample::select(rest.collect::<Vec<_>>())
    };
    let finish = prop::sample::select(vec!["null", "null", "null", r#""stop""#]);
    let chunk = (id(), 0..2_u8, text(), finish, rest()).prop_map(|(id, index, text, finish, rest)| {
        format!(r#"{{"id":"{id}","choices":[{{"index":{index},"delta":{{"content":"{text}"}},"finish_reason":{finish}}}]{rest}}}"#)
    });
    let kinds = vec!["response.output_text.delta", "response.output_text.delta", "response.completed", "error", ""];
    let kind = || prop::sample::select(kinds.clone());
    let delta = (kind(), 1..12_u8, 1..3_u8, text(), rest()).prop_map(|(kind, number, item, text, rest)| {
        format!(r#"{{"type":"{kind}","sequence_number":{number},"item_id":"msg_{item}","delta":"{text}"{rest}}}"#)
    });
    let bare = text().prop_map(|text| format!(r#"{{"delta":"{text}"}}"#));
    let data = prop_oneof![6 => chunk, 6 => delta, 2 => bare, 1 => Just("[DONE]".to_owned()), 1 => Just(String::new())];
    let more = prop::sample::select(vec![
        "",
        "",
        "",
        "data: \ndata\n",
        "data: {\"id\":\"chatcmpl-3\",\"usage\":{\"total_tokens\":8}}\n",
    ]);
    (kind(), data, more).prop_map(|(name, data, more)| {
        let name = if name.is_empty() { String::new() } else { format!("event: {name}\n") };
        if data.is_empty() { name + "\n" } else { format!("{name}data: {data}\n{more}\n") }
    })
}

proptest! {
    #[test]
    fn events_that_are_alike_are_read_as_if_each_was_walked_over(
        events in prop::collection::vec((event(), 1..4_usize), 1..12),
        dialect in prop::sample::select(vec![Dialect::Responses, Dialect::Completions]),
    ) {
        let stream: String = events.iter().map(|(event, times)| event.repeat(*times)).collect();
        let [whole, bytes] = [stream.len(), 1].map(|step| {
            let mut meter = Meter::new(dialect).of_choices(2).noting(CreatedIds::new(Keeps::All), true);
            stream.as_bytes().chunks(step).for_each(|piece| meter.push(piece));
            // What comes in pieces is walked over.
            let made = meter.made();
            let learned = (meter.is_whole(), meter.is_over(), meter.failure().cloned(), meter.bill().clone(), made);
            (learned, meter.unreported())
        });
        prop_assert_eq!(format!("{whole:?}"), format!("{bytes:?}"));
    }
}
