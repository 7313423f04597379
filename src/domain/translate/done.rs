//! The items of an output, as the events of a stream tell them. The backend, which stores nothing, may end with an output
//! that is empty, or that leaves out what its events told.

use std::collections::BTreeMap;

use serde_json::Value;

use super::begun::{Begun, fill_gaps, is_hollow};
use super::events::LONGEST_EVENT;
use super::part::{self, Field, Part};
use crate::domain::lenient_json;

/// The items by their index in the output.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// As texts: a tree takes several times as much, and all clients' answers share one process.
    items: BTreeMap<u64, Box<str>>,
    /// Those that are told piece by piece and are not done.
    begun: BTreeMap<u64, Begun>,
    bytes: usize,
    /// The item that was told of last.
    last: u64,
}

impl Done {
    /// Takes in what `event`, one of this kind and of `size` bytes, tells of an item.
    pub(super) fn take(&mut self, kind: &str, event: &Value, size: usize) {
        if self.is_too_long() {
            return;
        }
        match kind {
            "response.output_item.done" => self.done(event, size),
            "response.output_item.added" => {
                let Some(item) = event.get("item") else { return };
                let index = event["output_index"].as_u64().unwrap_or_else(|| self.next());
                self.add_to(index, |begun| begun.begin(item));
            }
            "response.output_text.annotation.added" => {
                let index = event["content_index"].as_u64().unwrap_or_default();
                self.tell(event, Part::Text, |begun| begun.annotation(index, &event["annotation"]));
            }
            _ => {
                let Some((part, index, told)) = part::told(kind, event) else { return };
                self.tell(event, part, |begun| match (event.get("part"), part.field()) {
                    (Some(whole), Field::List(list)) => begun.whole((part, list), index, whole),
                    _ => begun.part(part, index, told),
                });
            }
        }
    }

    /// How much is kept, in bytes.
    pub(super) fn held(&self) -> usize {
        self.bytes
    }

    /// More than any one event may be.
    pub(super) fn is_too_long(&self) -> bool {
        self.bytes > LONGEST_EVENT
    }

    /// Gives `response` the output that the events told, where its own is empty or leaves something out. Tells whether that
    /// changed it.
    pub(super) fn fill(&mut self, response: &mut Value) -> bool {
        if !response.is_object() {
            return false;
        }
        let status = if response["status"] == "incomplete" { "incomplete" } else { "completed" };
        let mut output = match response["output"].take() {
            Value::Array(output) => output,
            _ => Vec::new(),
        };
        let is_changed = if output.is_empty() {
            output = self.all(status);
            !output.is_empty()
        } else {
            let is_short = output.len() < self.items.len();
            let is_hollow = output.iter().any(is_hollow);
            if is_short && !is_hollow {
                self.begun.clear();
            }
            (is_short || is_hollow) && complete(&mut output, self.all(status), is_short)
        };
        response["output"] = output.into();
        is_changed
    }

    fn done(&mut self, event: &Value, size: usize) {
        let Some(item) = event.get("item") else { return };
        let kind = item["type"].as_str().unwrap_or_default();
        let same = || self.begun.iter().find(|(_, begun)| begun.is_of(kind)).map(|(index, _)| *index);
        let named = || self.named(item["id"].as_str()?);
        let index = event["output_index"].as_u64().or_else(named).or_else(same).unwrap_or_else(|| self.next());
        let begun = self.begun.remove(&index);
        self.bytes = self.bytes.saturating_sub(begun.as_ref().map_or(0, Begun::bytes)) + size;
        self.last = index;
        let told = begun.filter(|_| is_hollow(item)).and_then(|begun| begun.item("completed"));
        let text = match told {
            Some(told) => {
                let mut whole = item.clone();
                fill_gaps(&mut whole, &told);
                whole.to_string()
            }
            None => item.to_string(),
        };
        self.items.insert(index, text.into_boxed_str());
    }

    /// Adds to the item that `event` is about, which has such a part, unless that is done. Without an index it is the one
    /// of this name, else the one that was told of last where it goes on, else a new one.
    fn tell(&mut self, event: &Value, part: Part, add: impl FnOnce(&mut Begun)) {
        let id = event["item_id"].as_str();
        let goes_on = || self.begun.get(&self.last).filter(|begun| begun.may_have(part)).map(|_| self.last);
        let index = event["output_index"].as_u64().or_else(|| self.named(id?)).or_else(goes_on);
        let index = index.unwrap_or_else(|| self.next());
        if !self.items.contains_key(&index) {
            self.add_to(index, |begun| {
                begun.name(id);
                add(begun);
            });
        }
    }

    fn add_to(&mut self, index: u64, add: impl FnOnce(&mut Begun)) {
        self.last = index;
        let begun = self.begun.entry(index).or_default();
        let before = begun.bytes();
        add(begun);
        self.bytes = self.bytes.saturating_sub(before) + begun.bytes();
    }

    /// The index of the one of this name that is not done.
    fn named(&self, id: &str) -> Option<u64> {
        self.begun.iter().find(|(_, begun)| begun.is_named(id)).map(|(index, _)| *index)
    }

    /// The index behind all others.
    fn next(&self) -> u64 {
        let last = |index: Option<&u64>| index.map_or(0, |last| last.saturating_add(1));
        last(self.items.keys().next_back()).max(last(self.begun.keys().next_back()))
    }

    /// Every item, done or not.
    fn all(&mut self, status: &str) -> Vec<Value> {
        let done = std::mem::take(&mut self.items);
        let mut all: BTreeMap<u64, Value> =
            done.iter().filter_map(|(index, item)| Some((*index, read(item)?))).collect();
        for (index, begun) in std::mem::take(&mut self.begun) {
            if let Some(item) = begun.item(status) {
                all.entry(index).or_insert(item);
            }
        }
        all.into_values().collect()
    }
}

/// Gives `output` what it leaves out of the items that were `told`: what a hollow one says, and whole ones where it
/// `is_short` of them.
fn complete(output: &mut Vec<Value>, told: Vec<Value>, is_short: bool) -> bool {
    let mut places = Vec::new();
    let mut rest = told.iter().enumerate();
    for item in &*output {
        match rest.find(|(_, told)| is_same(told, item)) {
            Some((place, _)) => places.push(place),
            // It tells something else than its events did.
            None => return false,
        }
    }
    let mut is_changed = false;
    for (item, place) in output.iter_mut().zip(&places) {
        if is_hollow(item) {
            is_changed |= fill_gaps(item, &told[*place]);
        }
    }
    if is_short {
        let mut own = std::mem::take(output).into_iter().zip(places).peekable();
        for (place, told) in told.into_iter().enumerate() {
            output.push(own.next_if(|(_, own)| *own == place).map_or(told, |(item, _)| item));
        }
        is_changed = true;
    }
    is_changed
}

/// Whether two items are one, whose id may have changed on the way.
fn is_same(told: &Value, item: &Value) -> bool {
    told["type"] == item["type"] && told["call_id"] == item["call_id"]
}

fn read(text: &str) -> Option<Value> {
    lenient_json::parse(text.as_bytes()).ok()
}
