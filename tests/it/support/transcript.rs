//! A conversation as text, with what differs from run to run masked: ports, pids, ids, times, keys, places.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// What was said, in the order in which the test asked for it: two messages that may overtake each other on the wire
/// never change places here.
#[derive(Default)]
pub struct Transcript {
    lines: Vec<(&'static str, String, Value)>,
    places: Vec<(String, String)>,
    members: Vec<&'static str>,
    left_out: Vec<&'static str>,
}

impl Transcript {
    /// Shows `text` as `as_what`, wherever it stands.
    pub fn mask(&mut self, text: impl Into<String>, as_what: impl Into<String>) {
        self.places.push((text.into(), as_what.into()));
    }

    /// Shows no value of the members with this name.
    pub fn mask_member(&mut self, name: &'static str) {
        self.members.push(name);
    }

    /// Leaves out the members with this name, which some clients lead to and others do not.
    pub fn leave_out(&mut self, name: &'static str) {
        self.left_out.push(name);
    }

    /// Forgets what was said so far.
    pub fn begin(&mut self) {
        self.lines.clear();
    }

    /// A message of ours.
    pub fn sent(&mut self, method: &str, params: &Value) {
        self.lines.push(("-->", method.to_owned(), params.clone()));
    }

    /// An answer, or what stands for one.
    pub fn answered(&mut self, body: &Value) {
        self.lines.push(("<--", String::new(), body.clone()));
    }

    /// A message of theirs that nobody asked for.
    pub fn told(&mut self, method: &str, params: &Value) {
        self.lines.push(("<~~", method.to_owned(), params.clone()));
    }

    /// A line of the test's own.
    pub fn note(&mut self, text: &str) {
        self.lines.push(("#", text.to_owned(), Value::Null));
    }

    /// Everything so far.
    pub fn text(&self) -> String {
        let mut ids = Ids::default();
        let mut text = String::new();
        for (arrow, name, body) in &self.lines {
            let body = if *arrow == "#" { String::new() } else { self.body(body, &mut ids) };
            let line = [*arrow, name, &body].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "{line}");
        }
        text
    }

    fn body(&self, body: &Value, ids: &mut Ids) -> String {
        let masked = self.masked("", body, ids);
        let line = masked.to_string();
        if line.len() <= 110 { line } else { serde_json::to_string_pretty(&masked).unwrap() }
    }

    fn masked(&self, name: &str, value: &Value, ids: &mut Ids) -> Value {
        if self.members.contains(&name) {
            return Value::from(format!("[{name}]"));
        }
        let fixed = match name {
            "port" => Some("[port]"),
            "pid" | "processId" => Some("[pid]"),
            "durationMs" | "firstByteMs" => Some("[ms]"),
            "apiKey" | "token" => Some("[key]"),
            // The ledger is written behind the answer.
            "requestsPerMinute" => Some("[number]"),
            "version" if value.is_string() => Some("[version]"),
            _ if name.ends_with("At") && value.is_i64() => Some("[time]"),
            _ => None,
        };
        if let (Some(fixed), false) = (fixed, value.is_null()) {
            return Value::from(fixed);
        }
        match value {
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .filter(|(name, _)| !self.left_out.contains(&name.as_str()))
                    .map(|(name, value)| (self.text_masked(name, ids), self.masked(name, value, ids)))
                    .collect(),
            ),
            Value::Array(items) => {
                let mut items: Vec<Value> = items.iter().map(|item| self.masked("", item, ids)).collect();
                // Ids are random, and so is their order.
                let is_id = |text: &str| text.starts_with("acc-[id") || text.starts_with("[account ");
                if items.iter().all(|item| item.as_str().is_some_and(is_id)) {
                    items.sort_by_key(ToString::to_string);
                }
                Value::Array(items)
            }
            Value::String(text) => Value::String(self.text_masked(text, ids)),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn text_masked(&self, text: &str, ids: &mut Ids) -> String {
        let mut text = text.to_owned();
        for (place, as_what) in &self.places {
            text = text.replace(place.as_str(), as_what);
        }
        ids.masked(&text)
    }
}

/// Sixteen or more hexadecimal digits in a row are an id; each gets a number when it is first seen.
#[derive(Default)]
struct Ids(BTreeMap<String, usize>);

impl Ids {
    fn masked(&mut self, text: &str) -> String {
        let mut masked = String::new();
        let mut run = String::new();
        for letter in text.chars().chain([' ']) {
            if letter.is_ascii_digit() || ('a'..='f').contains(&letter) {
                run.push(letter);
                continue;
            }
            if run.len() >= 16 {
                let next = self.0.len() + 1;
                let number = *self.0.entry(std::mem::take(&mut run)).or_insert(next);
                let _ = write!(masked, "[id {number}]");
            }
            masked.push_str(&run);
            run.clear();
            masked.push(letter);
        }
        masked.pop();
        masked
    }
}
