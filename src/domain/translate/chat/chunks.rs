//! The events of a response as the chunks of a chat completion, one by one as they come.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::document::BETWEEN_THOUGHTS;
use super::known_items::{Kind, KnownItems};
use super::words::{citation, finish_reason, head, list, usage};
use crate::domain::translate::events::is_last;
use crate::domain::translate::part::{self, Content, Part};
use crate::domain::translate::{Wanted, errors};

/// The translation of one stream.
#[derive(Debug)]
pub(in crate::domain::translate) struct Chunks {
    wanted: Wanted,
    head: Map<String, Value>,
    has_begun: bool,
    is_over: bool,
    /// What was sent of each part, so that the event with the whole part adds only the rest.
    sent: BTreeMap<Place, Sent>,
    /// The calls by the output's index, each with its index among the calls.
    calls: BTreeMap<u64, Call>,
    /// The items that have come.
    items: KnownItems,
    /// The one call that a client of `functions` reads.
    legacy: Option<usize>,
    /// The first call of a custom tool, which stands in its place when no function is called.
    custom: Option<Value>,
}

/// What a row of a table takes, in bytes.
const ROW: usize = 128;

/// A part of the output: the item's index, what it is, and the part's index in the item.
type Place = (u64, Part, u64);

#[derive(Debug, Default)]
struct Sent {
    bytes: usize,
    /// A mark of these bytes: a whole that begins otherwise is another part's.
    mark: u64,
    characters: usize,
    annotations: usize,
}

impl Sent {
    /// FNV-1a, going on from `mark`.
    fn marked(mark: u64, text: &str) -> u64 {
        text.bytes().fold(mark, |mark, byte| (mark ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }
}

#[derive(Clone, Copy, Debug)]
struct Call {
    index: usize,
    is_custom: bool,
}

impl Chunks {
    pub(in crate::domain::translate) fn new(wanted: &Wanted) -> Chunks {
        Chunks {
            head: head("chat.completion.chunk", &Value::Null, wanted),
            wanted: wanted.clone(),
            has_begun: false,
            is_over: false,
            sent: BTreeMap::new(),
            calls: BTreeMap::new(),
            items: KnownItems::default(),
            legacy: None,
            custom: None,
        }
    }

    /// How much is kept, in bytes.
    pub(in crate::domain::translate) fn held(&self) -> usize {
        let custom = self.custom.as_ref().and_then(|call| call["arguments"].as_str()).map_or(0, str::len);
        self.items.held() + custom + ROW * (self.sent.len() + self.calls.len())
    }

    /// Adds the chunks for `event` to `out`.
    pub(in crate::domain::translate) fn take(&mut self, event: &Value, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        let kind = event["type"].as_str().unwrap_or_default();
        match kind {
            "response.created" | "response.in_progress" => {
                self.hear(&event["response"]);
                self.begin(out);
            }
            "response.output_item.added" => {
                let index = self.items.of_begun(event);
                self.open(index, &event["item"], out);
            }
            "response.output_item.done" => {
                let index = self.items.of_whole(event);
                self.whole_item(index, &event["item"], out);
            }
            "response.output_text.annotation.added" => {
                let place = (self.items.of_piece(event, Kind::Message), Part::Text, number(event, "content_index"));
                self.annotation(place, &event["annotation"], out);
            }
            "response.completed" | "response.incomplete" if is_last(event) => self.finish(&event["response"], out),
            "response.failed" | "error" => {
                self.is_over = true;
                write(out, &json!({ "error": errors::reported(event) }));
            }
            _ => self.part(kind, event, out),
        }
    }

    /// Events that carry a piece of a part, or a whole part.
    fn part(&mut self, kind: &str, event: &Value, out: &mut Vec<u8>) {
        let Some((part, at, content)) = part::content(kind, event) else { return };
        let index = self.items.of_piece(event, Kind::of_part(part));
        self.items.note(index, Kind::of_part(part));
        let place = (index, part, at);
        match content {
            Content::Delta(piece) => self.piece(place, piece, out),
            Content::Whole(whole) => self.rest(place, Some(whole), out),
        }
        self.annotations(place, &event["part"], out);
    }

    fn hear(&mut self, response: &Value) {
        if response.is_object() {
            self.head = head("chat.completion.chunk", response, &self.wanted);
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.chunk(&json!({ "role": "assistant", "content": "", "refusal": null }), None, out);
        }
    }

    /// Begins a call as soon as its item is there.
    fn open(&mut self, index: u64, item: &Value, out: &mut Vec<u8>) {
        self.items.open(index, item);
        let is_custom = match item["type"].as_str() {
            Some("function_call") => false,
            Some("custom_tool_call") => true,
            _ => return,
        };
        if self.calls.contains_key(&index) {
            return;
        }
        let call = Call { index: self.calls.len(), is_custom };
        self.calls.insert(index, call);
        if !is_custom {
            self.legacy.get_or_insert(call.index);
        }
        let (id, name) = (item["call_id"].as_str().unwrap_or_default(), item["name"].as_str().unwrap_or_default());
        let delta = match (self.wanted.legacy_functions, is_custom) {
            (true, _) => json!({ "function_call": { "name": name, "arguments": "" } }),
            (false, false) => json!({ "tool_calls": [{ "index": call.index, "id": id, "type": "function",
                "function": { "name": name, "arguments": "" } }] }),
            (false, true) => json!({ "tool_calls": [{ "index": call.index, "id": id, "type": "custom",
                "custom": { "name": name, "input": "" } }] }),
        };
        self.send_call(call, &delta, out);
    }

    /// The forerunner of tools knows one call, of a function.
    fn send_call(&mut self, call: Call, delta: &Value, out: &mut Vec<u8>) {
        if !self.wanted.legacy_functions || self.legacy == Some(call.index) {
            self.delta(delta, out);
        }
    }

    fn piece(&mut self, place: Place, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        match place.1 {
            Part::Text => self.delta(&json!({ "content": text }), out),
            Part::Refusal => self.delta(&json!({ "refusal": text }), out),
            Part::Summary | Part::Thought => {
                let has_thought = self.sent.keys().any(|(_, part, _)| matches!(part, Part::Summary | Part::Thought));
                let between = if has_thought && !self.sent.contains_key(&place) { BETWEEN_THOUGHTS } else { "" };
                self.delta(&json!({ "reasoning_content": format!("{between}{text}") }), out);
            }
            Part::Arguments | Part::Input | Part::Code => {
                // Before its item there is no call to add to; the item that is done has all of it.
                let Some(call) = self.calls.get(&place.0).copied() else { return };
                let delta = match (self.wanted.legacy_functions, call.is_custom) {
                    (true, _) => json!({ "function_call": { "arguments": text } }),
                    (false, false) => json!({ "tool_calls": [{ "index": call.index,
                        "function": { "arguments": text } }] }),
                    (false, true) => json!({ "tool_calls": [{ "index": call.index, "custom": { "input": text } }] }),
                };
                self.send_call(call, &delta, out);
            }
        }
        let sent = self.sent.entry(place).or_default();
        sent.bytes += text.len();
        sent.mark = Sent::marked(sent.mark, text);
        sent.characters += text.chars().count();
    }

    /// What was not sent yet of a part whose text is `whole`. Nothing, when that does not go on from what was sent.
    fn rest(&mut self, place: Place, whole: Option<&str>, out: &mut Vec<u8>) {
        let (sent, mark) = self.sent.get(&place).map_or((0, 0), |sent| (sent.bytes, sent.mark));
        if let Some((begin, rest)) = whole.and_then(|whole| whole.split_at_checked(sent))
            && !rest.is_empty()
            && Sent::marked(0, begin) == mark
        {
            self.piece(place, rest, out);
        }
    }

    /// The annotations of `part` that were not sent yet.
    fn annotations(&mut self, place: Place, part: &Value, out: &mut Vec<u8>) {
        let sent = self.sent.get(&place).map_or(0, |sent| sent.annotations);
        for annotation in list(&part["annotations"]).iter().skip(sent) {
            self.annotation(place, annotation, out);
        }
    }

    fn annotation(&mut self, place: Place, annotation: &Value, out: &mut Vec<u8>) {
        let before = self.sent.range(..place).filter(|((_, part, _), _)| *part == Part::Text);
        let before = before.map(|(_, sent)| sent.characters).sum();
        self.sent.entry(place).or_default().annotations += 1;
        if let Some(citation) = citation(annotation, before) {
            self.delta(&json!({ "annotations": [citation] }), out);
        }
    }

    /// An item that is received whole.
    fn whole_item(&mut self, index: u64, item: &Value, out: &mut Vec<u8>) {
        self.items.open(index, item);
        match item["type"].as_str() {
            Some("message") => {
                for (at, part) in (0..).zip(list(&item["content"])) {
                    self.rest((index, Part::Refusal, at), part["refusal"].as_str(), out);
                    let place = (index, Part::Text, at);
                    self.rest(place, part["text"].as_str(), out);
                    self.annotations(place, part, out);
                }
            }
            Some("reasoning") => {
                for (part, parts) in [(Part::Summary, &item["summary"]), (Part::Thought, &item["content"])] {
                    (0..)
                        .zip(list(parts))
                        .for_each(|(at, each)| self.rest((index, part, at), each["text"].as_str(), out));
                }
            }
            Some("function_call" | "custom_tool_call") => {
                self.open(index, item, out);
                if self.wanted.legacy_functions && item["type"] == "custom_tool_call" && self.custom.is_none() {
                    let text = |name: &str| item[name].as_str().unwrap_or_default();
                    self.custom = Some(json!({ "name": text("name"), "arguments": text("input") }));
                }
                let is_function = item["type"] == "function_call";
                let (part, name) = if is_function { (Part::Arguments, "arguments") } else { (Part::Input, "input") };
                self.rest((index, part, 0), item[name].as_str(), out);
            }
            _ => {}
        }
    }

    fn finish(&mut self, response: &Value, out: &mut Vec<u8>) {
        self.hear(response);
        self.begin(out);
        for (index, item) in self.items.recognised(list(&response["output"])) {
            self.whole_item(index, item, out);
        }
        if let Some(call) = self.custom.take().filter(|_| self.legacy.is_none()) {
            self.delta(&json!({ "function_call": call }), out);
        }
        let reason = finish_reason(response, !self.calls.is_empty(), &self.wanted);
        self.chunk(&json!({}), Some(reason), out);
        if let Some(usage) = usage(response).filter(|_| self.wanted.include_usage) {
            let mut chunk = self.head.clone();
            chunk.insert("choices".into(), json!([]));
            chunk.insert("usage".into(), usage);
            write(out, &chunk.into());
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
        self.is_over = true;
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<u8>) {
        self.begin(out);
        self.chunk(delta, None, out);
    }

    fn chunk(&self, delta: &Value, finish_reason: Option<&str>, out: &mut Vec<u8>) {
        let mut chunk = self.head.clone();
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason });
        chunk.insert("choices".into(), json!([choice]));
        if self.wanted.include_usage {
            chunk.insert("usage".into(), Value::Null);
        }
        write(out, &chunk.into());
    }
}

fn number(event: &Value, name: &str) -> u64 {
    event[name].as_u64().unwrap_or_default()
}

fn write(out: &mut Vec<u8>, chunk: &Value) {
    out.extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
}
