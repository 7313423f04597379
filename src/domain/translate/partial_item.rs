//! An item that a stream sends in pieces, for a backend that never sends it whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::part::{Content, Field, Part};
use crate::domain::lenient_json;

/// What a row of a table takes, in bytes.
const ROW: usize = 96;

const LISTS: [&str; 2] = ["content", "summary"];
const TEXTS: [&str; 3] = ["arguments", "input", "code"];

/// What was received of one item so far. Kept as texts: a tree takes several times as much.
#[derive(Debug, Default)]
pub(super) struct PartialItem {
    /// The item as it began.
    item: Option<Box<str>>,
    id: Option<String>,
    kind: String,
    texts: BTreeMap<(Part, u64), String>,
    /// Parts that were received whole, by their list and their index in it.
    parts: BTreeMap<(&'static str, u64), Box<str>>,
    annotations: BTreeMap<u64, Vec<Box<str>>>,
    /// How much is kept, in bytes.
    pub(super) bytes: usize,
}

impl PartialItem {
    /// The item itself begins.
    pub(super) fn begin(&mut self, item: &Value) {
        self.item = Some(self.counted(item));
        self.name(item["id"].as_str());
        item["type"].as_str().unwrap_or_default().clone_into(&mut self.kind);
    }

    /// The item's id, if it is not known yet.
    pub(super) fn name(&mut self, id: Option<&str>) {
        if let Some(id) = id.filter(|_| self.id.is_none()) {
            self.bytes += id.len();
            self.id = Some(id.to_owned());
        }
    }

    /// Whether it is called so.
    pub(super) fn is_named(&self, id: &str) -> bool {
        self.id.as_deref() == Some(id)
    }

    /// Whether it is of this type, as far as that is known.
    pub(super) fn is_of(&self, kind: &str) -> bool {
        self.kind.is_empty() || self.kind == kind
    }

    /// Whether it is one that has such a part, as far as that is known.
    pub(super) fn may_have(&self, part: Part) -> bool {
        match part.kind() {
            Some(kind) => self.is_of(kind),
            None => !matches!(self.kind.as_str(), "message" | "reasoning"),
        }
    }

    /// What is kept of `value`.
    fn counted(&mut self, value: &Value) -> Box<str> {
        let text = value.to_string().into_boxed_str();
        self.bytes += text.len() + ROW;
        text
    }

    fn learn_kind(&mut self, part: Part) {
        if let Some(kind) = part.kind().filter(|_| self.kind.is_empty()) {
            kind.clone_into(&mut self.kind);
        }
    }

    /// The item that such parts make, without what they say. `None` of a call, which has a name and an id too.
    fn skeleton(&self, status: &str) -> Option<Value> {
        match self.kind.as_str() {
            "message" => Some(json!({ "type": "message", "status": status, "role": "assistant", "content": [] })),
            "reasoning" => Some(json!({ "type": "reasoning", "summary": [] })),
            _ => None,
        }
    }

    /// A piece of a part, or all of it.
    pub(super) fn part(&mut self, part: Part, index: u64, content: Content<'_>) {
        self.learn_kind(part);
        let text = self.texts.entry((part, index)).or_insert_with(|| {
            self.bytes += ROW;
            String::new()
        });
        self.bytes -= text.len();
        match content {
            Content::Delta(piece) => text.push_str(piece),
            Content::Whole(whole) if whole.len() > text.len() => whole.clone_into(text),
            Content::Whole(_) => {}
        }
        self.bytes += text.len();
    }

    /// A part as a whole, of this kind, in its list.
    pub(super) fn whole(&mut self, (kind, list): (Part, &'static str), index: u64, part: &Value) {
        self.learn_kind(kind);
        let text = self.counted(part);
        self.parts.insert((list, index), text);
    }

    /// An annotation of a text.
    pub(super) fn annotation(&mut self, index: u64, annotation: &Value) {
        let text = self.counted(annotation);
        self.annotations.entry(index).or_default().push(text);
    }

    /// The item. `None` of a call that nothing but its arguments is known of.
    pub(super) fn item(self, status: &str) -> Option<Value> {
        let mut item = match &self.item {
            Some(item) => read(item)?,
            None => self.skeleton(status)?,
        };
        let fields = item.as_object_mut()?;
        if let Some(id) = self.id {
            fields.entry("id").or_insert(id.into());
        }
        if fields.get("status").is_some_and(|status| status == "in_progress") {
            fields.insert("status".into(), status.into());
        }
        let mut lists: BTreeMap<(&str, u64), Value> = BTreeMap::new();
        for name in LISTS {
            let own = fields.get_mut(name).and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
            lists.extend((0..).zip(own).map(|(index, part)| ((name, index), part)));
        }
        lists.extend(self.parts.into_iter().filter_map(|(place, part)| Some((place, read(&part)?))));
        for ((part, index), text) in self.texts {
            match part.field() {
                Field::Text(name) => fill_text(fields, name, &text.into()),
                Field::List(name) => {
                    let known = lists.entry((name, index)).or_insert_with(|| part.saying(""));
                    if says_nothing(known) && !text.is_empty() {
                        *known = with_annotations(part.saying(&text), &known["annotations"]);
                    }
                }
            }
        }
        for (index, annotations) in self.annotations {
            if let Some(part) = lists.get_mut(&("content", index))
                && part["annotations"].as_array().is_some_and(Vec::is_empty)
            {
                part["annotations"] = annotations.iter().filter_map(|text| read(text)).collect();
            }
        }
        for name in LISTS {
            let parts: Vec<Value> =
                lists.iter().filter(|((of, _), _)| *of == name).map(|(_, part)| part.clone()).collect();
            if !parts.is_empty() {
                fields.insert(name.into(), parts.into());
            }
        }
        Some(item)
    }
}

/// Whether an item that was sent whole leaves its content out.
pub(super) fn is_hollow(item: &Value) -> bool {
    let is_blank = |name: &str| item[name].as_str().is_none_or(str::is_empty);
    match item["type"].as_str() {
        Some("message") => item["content"].as_array().is_none_or(|parts| parts.iter().all(says_nothing)),
        Some("reasoning") => LISTS.iter().all(|name| item[*name].as_array().is_none_or(Vec::is_empty)),
        Some("function_call" | "mcp_call") => is_blank("arguments"),
        Some("custom_tool_call") => is_blank("input"),
        Some("code_interpreter_call") => is_blank("code"),
        _ => false,
    }
}

/// Copies into `item` what it leaves out and `from`, the same item, has. Returns whether that changed it.
pub(super) fn fill_gaps(item: &mut Value, from: &Value) -> bool {
    let Value::Object(fields) = item else { return false };
    let before = fields.clone();
    for name in LISTS {
        let is_empty = fields.get(name).and_then(Value::as_array).is_none_or(|parts| parts.iter().all(says_nothing));
        if is_empty && from[name].as_array().is_some_and(|parts| !parts.iter().all(says_nothing)) {
            fields.insert(name.into(), from[name].clone());
        }
    }
    for name in TEXTS {
        if from[name].is_string() {
            fill_text(fields, name, &from[name]);
        }
    }
    *fields != before
}

fn fill_text(fields: &mut Map<String, Value>, name: &str, text: &Value) {
    if fields.get(name).and_then(Value::as_str).is_none_or(str::is_empty) {
        fields.insert(name.into(), text.clone());
    }
}

/// Whether a part that has a text has none to say. One of another type says something in its own way.
fn says_nothing(part: &Value) -> bool {
    match part["type"].as_str() {
        Some("output_text" | "summary_text" | "reasoning_text") => part["text"].as_str().is_none_or(str::is_empty),
        Some("refusal") => part["refusal"].as_str().is_none_or(str::is_empty),
        _ => false,
    }
}

fn with_annotations(mut part: Value, annotations: &Value) -> Value {
    if annotations.as_array().is_some_and(|annotations| !annotations.is_empty()) {
        part["annotations"] = annotations.clone();
    }
    part
}

pub(super) fn read(text: &str) -> Option<Value> {
    lenient_json::parse(text.as_bytes()).ok()
}
