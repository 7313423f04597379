//! The items of an output, collected from the events of a stream. The backend, which stores nothing, may end with an output
//! that is empty, or that leaves out what its events carried.

use std::collections::BTreeMap;

use serde_json::Value;

use super::events::LONGEST_EVENT;
use super::part::{self, Field, Part};
use super::partial_item::{PartialItem, fill_gaps, is_hollow, read};

/// The items by their index in the output.
#[derive(Debug, Default)]
pub(super) struct OutputItems {
    /// As texts: a tree takes several times as much, and all clients' answers share one process.
    items: BTreeMap<u64, Box<str>>,
    /// Those that are sent in pieces and are not done.
    partial: BTreeMap<u64, PartialItem>,
    bytes: usize,
    /// The item of the last event.
    last: u64,
}

impl OutputItems {
    /// Takes in what `event`, one of this kind and of `size` bytes, carries of an item.
    pub(super) fn take(&mut self, kind: &str, event: &Value, size: usize) {
        if self.is_too_long() {
            return;
        }
        match kind {
            "response.output_item.done" => self.done(event, size),
            "response.output_item.added" => {
                let Some(item) = event.get("item") else { return };
                let index = event["output_index"].as_u64().unwrap_or_else(|| self.next());
                self.add_to(index, |partial| partial.begin(item));
            }
            "response.output_text.annotation.added" => {
                let index = event["content_index"].as_u64().unwrap_or_default();
                self.add_piece(event, Part::Text, |partial| partial.annotation(index, &event["annotation"]));
            }
            _ => {
                let Some((part, index, content)) = part::content(kind, event) else { return };
                self.add_piece(event, part, |partial| match (event.get("part"), part.field()) {
                    (Some(whole), Field::List(list)) => partial.whole((part, list), index, whole),
                    _ => partial.part(part, index, content),
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

    /// Gives `response` the output that the events carried, where its own is empty or leaves something out. Returns whether
    /// that changed it.
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
                self.partial.clear();
            }
            (is_short || is_hollow) && complete(&mut output, self.all(status), is_short)
        };
        response["output"] = output.into();
        is_changed
    }

    fn done(&mut self, event: &Value, size: usize) {
        let Some(item) = event.get("item") else { return };
        let kind = item["type"].as_str().unwrap_or_default();
        let same = || self.partial.iter().find(|(_, partial)| partial.is_of(kind)).map(|(index, _)| *index);
        let named = || self.named(item["id"].as_str()?);
        let index = event["output_index"].as_u64().or_else(named).or_else(same).unwrap_or_else(|| self.next());
        let partial = self.partial.remove(&index);
        self.bytes = self.bytes.saturating_sub(partial.as_ref().map_or(0, |partial| partial.bytes)) + size;
        self.last = index;
        let collected = partial.filter(|_| is_hollow(item)).and_then(|partial| partial.item("completed"));
        let text = match collected {
            Some(collected) => {
                let mut whole = item.clone();
                fill_gaps(&mut whole, &collected);
                whole.to_string()
            }
            None => item.to_string(),
        };
        self.items.insert(index, text.into_boxed_str());
    }

    /// Adds to the item that `event` is about, which has such a part, unless that is done. Without an index it is the one
    /// of this name, else that of the last event where it goes on, else a new one.
    fn add_piece(&mut self, event: &Value, part: Part, add: impl FnOnce(&mut PartialItem)) {
        let id = event["item_id"].as_str();
        let goes_on = || self.partial.get(&self.last).filter(|partial| partial.may_have(part)).map(|_| self.last);
        let index = event["output_index"].as_u64().or_else(|| self.named(id?)).or_else(goes_on);
        let index = index.unwrap_or_else(|| self.next());
        if !self.items.contains_key(&index) {
            self.add_to(index, |partial| {
                partial.name(id);
                add(partial);
            });
        }
    }

    fn add_to(&mut self, index: u64, add: impl FnOnce(&mut PartialItem)) {
        self.last = index;
        let partial = self.partial.entry(index).or_default();
        let before = partial.bytes;
        add(partial);
        self.bytes = self.bytes.saturating_sub(before) + partial.bytes;
    }

    /// The index of the one of this name that is not done.
    fn named(&self, id: &str) -> Option<u64> {
        self.partial.iter().find(|(_, partial)| partial.is_named(id)).map(|(index, _)| *index)
    }

    /// The index behind all others.
    fn next(&self) -> u64 {
        let last = |index: Option<&u64>| index.map_or(0, |last| last.saturating_add(1));
        last(self.items.keys().next_back()).max(last(self.partial.keys().next_back()))
    }

    /// Every item, done or not.
    fn all(&mut self, status: &str) -> Vec<Value> {
        let done = std::mem::take(&mut self.items);
        let mut all: BTreeMap<u64, Value> =
            done.iter().filter_map(|(index, item)| Some((*index, read(item)?))).collect();
        for (index, partial) in std::mem::take(&mut self.partial) {
            if let Some(item) = partial.item(status) {
                all.entry(index).or_insert(item);
            }
        }
        all.into_values().collect()
    }
}

/// Gives `output` what it leaves out of the items that were `collected`: what a hollow one says, and whole ones where it
/// `is_short` of them.
fn complete(output: &mut Vec<Value>, collected: Vec<Value>, is_short: bool) -> bool {
    let mut places = Vec::new();
    let mut rest = collected.iter().enumerate();
    for item in &*output {
        match rest.find(|(_, collected)| is_same(collected, item)) {
            Some((place, _)) => places.push(place),
            // It contradicts its events.
            None => return false,
        }
    }
    let mut is_changed = false;
    for (item, place) in output.iter_mut().zip(&places) {
        if is_hollow(item) {
            is_changed |= fill_gaps(item, &collected[*place]);
        }
    }
    if is_short {
        let mut own = std::mem::take(output).into_iter().zip(places).peekable();
        for (place, item) in collected.into_iter().enumerate() {
            output.push(own.next_if(|(_, own)| *own == place).map_or(item, |(own, _)| own));
        }
        is_changed = true;
    }
    is_changed
}

/// Whether two items are one, whose id may have changed on the way.
fn is_same(one: &Value, item: &Value) -> bool {
    one["type"] == item["type"] && one["call_id"] == item["call_id"]
}
