//! Which items of an output a stream told of, so that one which comes up again is known. Some servers give an item another
//! id in each of its events: its index in the output is what tells it from others, and in the last event, which may leave
//! items out, its call's id or its order.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::domain::translate::part::Part;

/// What a row of a table takes, in bytes.
const ROW: usize = 128;

/// What an item is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reasoning,
    Call,
    /// What a chat completion does not tell of.
    #[default]
    Other,
}

impl Kind {
    fn of(item: &Value) -> Kind {
        match item["type"].as_str() {
            Some("message") => Kind::Message,
            Some("reasoning") => Kind::Reasoning,
            Some("function_call" | "custom_tool_call") => Kind::Call,
            _ => Kind::Other,
        }
    }

    /// Of the item that has such a part.
    pub(super) fn of_part(part: Part) -> Kind {
        match part {
            Part::Text | Part::Refusal => Kind::Message,
            Part::Summary | Part::Thought => Kind::Reasoning,
            // That of a tool which the provider runs has such a part too.
            Part::Arguments | Part::Input | Part::Code => Kind::Other,
        }
    }
}

/// The items by their index in the output.
#[derive(Debug, Default)]
pub(super) struct ToldItems {
    kinds: BTreeMap<u64, Kind>,
    ids: HashMap<String, u64>,
    calls: HashMap<String, u64>,
    /// The bytes of all ids.
    bytes: usize,
    /// The one that was told of last.
    last: u64,
}

impl ToldItems {
    /// The index of the item that `event` is about.
    pub(super) fn index(&mut self, event: &Value) -> u64 {
        let id = event["item_id"].as_str().or(event["item"]["id"].as_str());
        let by_id = || self.ids.get(id?).copied();
        let new = || event.get("item").map(|_| self.next());
        let index = event["output_index"].as_u64().or_else(by_id).or_else(new);
        self.last = index.unwrap_or(self.last);
        self.last
    }

    /// The item at `index` is told of.
    pub(super) fn open(&mut self, index: u64, item: &Value) {
        self.note(index, Kind::of(item));
        for (of, name) in [(&mut self.ids, "id"), (&mut self.calls, "call_id")] {
            if let Some(id) = item[name].as_str().filter(|id| !id.is_empty())
                && of.insert(id.to_owned(), index).is_none()
            {
                self.bytes += id.len();
            }
        }
    }

    /// The item at `index` is of this kind.
    pub(super) fn note(&mut self, index: u64, kind: Kind) {
        let known = self.kinds.entry(index).or_default();
        if *known == Kind::Other {
            *known = kind;
        }
    }

    /// How much is kept, in bytes.
    pub(super) fn held(&self) -> usize {
        self.bytes + ROW * (self.kinds.len() + self.ids.len() + self.calls.len())
    }

    /// The items of a whole output, each with the index that it was told of with, or with one behind all of them.
    pub(super) fn recognised<'o>(&self, output: &'o [Value]) -> Vec<(u64, &'o Value)> {
        let mut used = HashSet::new();
        let mut next = self.next();
        let by_name = |item: &Value| {
            let named = |of: &HashMap<String, u64>, name: &str| of.get(item[name].as_str()?).copied();
            named(&self.calls, "call_id").or_else(|| named(&self.ids, "id"))
        };
        // One that is named is no other's, whichever comes first.
        let named: HashSet<u64> = output.iter().filter_map(by_name).collect();
        let mut recognised = Vec::new();
        for item in output {
            let kind = Kind::of(item);
            let is_next = |(index, known): (&u64, &Kind)| {
                let is_free = *known == kind && !used.contains(index) && !named.contains(index);
                is_free.then_some(*index)
            };
            // A call that has an id was told of with it.
            let by_order = || if kind == Kind::Call { None } else { self.kinds.iter().find_map(is_next) };
            let index = by_name(item).or_else(by_order).unwrap_or_else(|| {
                next = next.saturating_add(1);
                next - 1
            });
            used.insert(index);
            recognised.push((index, item));
        }
        recognised
    }

    /// The index behind all others.
    fn next(&self) -> u64 {
        self.kinds.last_key_value().map_or(0, |(last, _)| last.saturating_add(1))
    }
}
