//! What requests name, by table.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::resources::without;

/// Stands for content by itself.
#[derive(Default)]
pub(in super::super) struct Plain(Vec<u8>);

impl Digest for Plain {
    fn take(&mut self, piece: &[u8]) {
        self.0.extend_from_slice(piece);
    }
    fn mark(self) -> String {
        format!("<{}>", String::from_utf8_lossy(&self.0))
    }
}

#[track_caller]
fn check(body: &str, ids: &[&str], reasoning: &[&str]) {
    let named = named_in::<Plain>(body.as_bytes());
    assert_eq!(named.ids, ids, "{body}");
    let marks: Vec<&str> = named.reasoning.iter().map(|one| one.mark.as_str()).collect();
    assert_eq!(marks, reasoning, "{body}");
}

#[test]
fn ids_are_found_in_their_places_at_any_depth() {
    for (body, ids) in [
        (r#"{"previous_response_id":"resp_1"}"#, vec!["resp_1"]),
        (r#"{"previous_response_id":null}"#, vec![]),
        (r#"{"conversation":"conv_1"}"#, vec!["conv_1"]),
        (r#"{"conversation":{"id":"conv_1"}}"#, vec!["conv_1"]),
        (r#"{"prompt":{"id":"pmpt_1","version":"2","variables":{"city":"resp_9"}}}"#, vec!["pmpt_1"]),
        (r#"{"training_file":"file-1","validation_file":"file-2","model":"m"}"#, vec!["file-1", "file-2"]),
        (r#"{"input_file_id":"file-1","endpoint":"/v1/responses"}"#, vec!["file-1"]),
        (r#"{"input":[{"role":"user","content":[{"type":"input_file","file_id" : "file-1"}]}]}"#, vec!["file-1"]),
        (r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}"#, vec!["file-1"]),
        (r#"{"messages":[{"role":"assistant","audio":{"id":"audio_1"}}]}"#, vec!["audio_1"]),
        (r#"{"tools":[{"type":"file_search","vector_store_ids":["vs_1","vs_2"]}]}"#, vec!["vs_1", "vs_2"]),
        (r#"{"tools":[{"type":"code_interpreter","container":"cntr_1"}]}"#, vec!["cntr_1"]),
        (
            r#"{"tools":[{"type":"code_interpreter","container":{"type":"auto","file_ids":["file-1"]}}]}"#,
            vec!["file-1"],
        ),
        (
            r#"{"tools":[{"environment":{"skills":[{"type":"skill_reference","skill_id":"skill_1"}]}}]}"#,
            vec!["skill_1"],
        ),
        (r#"{"video":{"id":"video_1"}}"#, vec!["video_1"]),
        (r#"{"data_source":{"type":"jsonl","source":{"type":"file_id","id":"file-1"}}}"#, vec!["file-1"]),
        (r#"{"input":[{"type":"item_reference","id":"msg_1"},{"id":"msg_2"}]}"#, vec!["msg_1", "msg_2"]),
        (r#"{"input":[{"type":"image_generation_call","id":"ig_1"}]}"#, vec!["ig_1"]),
        (r#"{"input":[{"type":"web_search_call","id":"ws_1","status":"completed"}]}"#, vec!["ws_1"]),
        (
            r#"{"input":[{"type":"mcp_approval_response","approval_request_id":"mcpr_1","approve":true}]}"#,
            vec!["mcpr_1"],
        ),
        (
            r#"{"input":[{"type":"code_interpreter_call","id":"ci_1","code":"1","container_id":"cntr_1"}]}"#,
            vec!["cntr_1"],
        ),
        (r#"{"thread_id":"\u0074hread_1","thread_id":"thread_2"}"#, vec!["thread_1", "thread_2"]),
        ("{\"previous_response_id\":\"resp_1\",\"input\":\"\u{0}\\ud83d\",}", vec!["resp_1"]),
    ] {
        check(body, &ids, &[]);
    }
}

#[test]
fn what_is_written_given_whole_or_called_by_others_names_nothing() {
    for body in [
        r#"{"input":"resp_1"}"#,
        r#"{"input":[{"role":"user","content":"look at {\"file_id\":\"file-1\"}"}]}"#,
        r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"file-1"}]}],"prompt":"resp_1"}"#,
        r#"{"input":[{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"x","annotations":[{"type":"file_citation","file_id":"file-1"}]}]}]}"#,
        r#"{"input":[{"id":"msg_1","role":"user","content":"x"}]}"#,
        r#"{"input":[{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{}"}]}"#,
        r#"{"input":[{"type":"function_call_output","id":"fco_1","call_id":"resp_1","output":"file-1"}]}"#,
        r#"{"input":[{"type":"image_generation_call","id":"ig_1","result":"iVBOR"}]}"#,
        r#"{"input":[{"type":"file_search_call","id":"fs_1","queries":["x"],"results":[{"file_id":"file-1"}]}]}"#,
        r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f"}}]}]}"#,
        r#"{"metadata":{"file_id":"file-1","deep":{"id":"resp_1"}}}"#,
        r#"{"tools":[{"type":"function","name":"f","parameters":{"properties":{"file_id":{"const":"file-1"}},"file_id":"file-2"}}]}"#,
        r#"{"file_id":"../secret1"}"#,
        r#"{"file_id":"#,
        "",
    ] {
        check(body, &[], &[]);
    }
}

#[test]
fn reasoning_can_be_left_out_and_what_is_compacted_cannot() {
    check(r#"{"input":[{"type":"reasoning","id":"rs_1","summary":[]}]}"#, &[], &["rs_1"]);
    check(r#"{"input":[{"type":"reasoning","id":"rs_1","encrypted_content":null}]}"#, &[], &["rs_1"]);
    check(r#"{"input":[{"encrypted_content":"gA\/1","id":"rs_1","type":"reasoning"}]}"#, &[], &["<gA/1>"]);
    check(r#"{"input":[{"type":"compaction","id":"cmp_1","encrypted_content":"gA1"}]}"#, &["<gA1>", "cmp_1"], &[]);
    check(
        r#"{"input":[{"type":"agent_message","content":[{"type":"encrypted_content","encrypted_content":"gA1"}]}]}"#,
        &["<gA1>"],
        &[],
    );
    let long = "g".repeat(100_000);
    let body = format!(r#"{{"input":[{{"type":"reasoning","encrypted_content":"{long}"}}]}}"#);
    check(&body, &[], &[&format!("<{long}>")]);
}

#[test]
fn reasoning_is_found_where_it_stands() {
    let body = r#"{"input":[{"role":"user"}, {"type":"reasoning","id":"rs_1"},{"content":[{"type":"reasoning","id":"rs_2"}]}]}"#;
    let named = named_in::<Plain>(body.as_bytes());
    let places: Vec<Option<&str>> =
        named.reasoning.iter().map(|one| one.place.clone().map(|place| &body[place])).collect();
    assert_eq!(places, [Some(r#"{"type":"reasoning","id":"rs_1"}"#), None]);
}

#[test]
fn ids_of_items_that_the_request_carries_whole_are_found_where_they_stand() {
    let body = r#"{"input":[{"type":"message","id":"msg_1","role":"user","content":[{"id":"msg_2"}]},
        {"type":"reasoning","id" : "rs_1","encrypted_content":"gA"},{"id":"call_1","type":"function_call","call_id":"c"},
        {"type":"function_call","id":"fc_1"},{"id":null},{"id":"msg 3"}],"tools":[{"id":"at_1"}],"id":"resp_1"}"#;
    let named = named_in::<Plain>(body.as_bytes());
    let items: Vec<(&str, &str)> = named.items.iter().map(|item| (&*item.id, &body[item.place.clone()])).collect();
    assert_eq!(items, [("msg_1", "\"msg_1\""), ("rs_1", "\"rs_1\""), ("fc_1", "\"fc_1\"")]);
}

#[test]
fn the_outermost_fields_are_found_whatever_surrounds_them() {
    for (body, model) in [
        (r#"{"input":[{"model":"inner"}],"model":"gpt-5.2"}"#, Some("\"gpt-5.2\"")),
        (r#"{"model":"a","model":"b"}"#, Some("\"b\"")),
        ("\u{feff}{\"model\":\"a\"}", Some("\"a\"")),
        (r#"{"mod\u0065l":"a","x":NaN}"#, Some("\"a\"")),
        (r#"{"model": [1,{"model":"b"}] }"#, Some(r#"[1,{"model":"b"}]"#)),
        (r#"[{"model":"a"}]"#, None),
        ("{", None),
    ] {
        let found = named_in::<Plain>(body.as_bytes()).top_level(TopLevel::Model);
        assert_eq!(found.map(|place| &body[place]), model, "{body}");
    }
    let deep = format!("{{\"x\":{}{},\"model\":\"m\"}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(named_in::<Plain>(deep.as_bytes()).top_level(TopLevel::Model).is_some());
}

#[test]
fn five_hundred_references_are_all_found_and_a_flood_is_bounded() {
    for (count, found) in [(500, 500), (100_000, MOST)] {
        let items: Vec<String> =
            (0..count).map(|number| format!(r#"{{"type":"item_reference","id":"msg_{number}"}}"#)).collect();
        let named = named_in::<Plain>(format!(r#"{{"input":[{}]}}"#, items.join(",")).as_bytes());
        assert_eq!(named.ids.len(), found);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        named_in::<Plain>(&bytes);
    }

    #[test]
    fn nothing_nearly_json_makes_it_panic(text in "[\\[\\]{}:,\"\\\\a-fnu0-9 ]{0,200}", cut in 0_usize..200) {
        let named = named_in::<Plain>(&text.as_bytes()[..cut.min(text.len())]);
        for field in [TopLevel::Model, TopLevel::Input, TopLevel::Prompt] {
            prop_assert!(named.top_level(field).is_none_or(|place| text.get(place).is_some()));
        }
    }

    #[test]
    fn what_is_cut_out_leaves_the_other_items(kinds in prop::collection::vec(any::<bool>(), 0..12)) {
        let item = |(at, is_reasoning): (usize, &bool)| match is_reasoning {
            true => json!({"type": "reasoning", "id": format!("rs_{at}"), "summary": [{"text": "],{\""}]}),
            false => json!({"role": "user", "content": format!("x \",{at}")}),
        };
        let items: Vec<Value> = kinds.iter().enumerate().map(item).collect();
        let body = json!({"model": "m", "input": items, "n": 1}).to_string();
        let named = named_in::<Plain>(body.as_bytes());
        let places: Vec<_> = named.reasoning.into_iter().filter_map(|piece| piece.place).collect();
        let left: Vec<Value> = items.into_iter().filter(|item| item["type"] != "reasoning").collect();
        let found: Value = serde_json::from_slice(&without(body.as_bytes(), &places)).unwrap();
        prop_assert_eq!(found, json!({"model": "m", "input": left, "n": 1}));
    }
}
