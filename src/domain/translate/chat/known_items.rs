//! Which items of an output a stream has named, so that one that comes up again is recognised. Some servers give an item
//! another id in each of its events: its index in the output identifies it, and in the last event, which may leave items out,
//! its call's id or its order.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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
    /// What a chat completion has no place for.
    #[default]
    Other,
}

impl Kind {
    pub(super) fn of(item: &Value) -> Kind {
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

    /// Whether an item of this kind may be one that is known as `other`.
    fn may_be(self, other: Kind) -> bool {
        self == other || self == Kind::Other || (self == Kind::Call && other == Kind::Other)
    }
}

/// The items by their index in the output.
#[derive(Debug, Default)]
pub(super) struct KnownItems {
    kinds: BTreeMap<u64, Kind>,
    /// Those that were received whole.
    done: BTreeSet<u64>,
    ids: HashMap<String, u64>,
    calls: HashMap<String, u64>,
    /// The bytes of all ids.
    bytes: usize,
    /// The one of the last event.
    last: u64,
}

impl KnownItems {
    /// The index of the item that a piece is of, of a part that an item of this `kind` has. Where `event` does not say it,
    /// it is the item of this name, else that of the last event where it goes on, else a new one.
    pub(super) fn of_piece(&mut self, event: &Value, kind: Kind) -> u64 {
        let id = event["item_id"].as_str();
        let last = self.kinds.get(&self.last).filter(|last| last.may_be(kind) && !self.done.contains(&self.last));
        let goes_on = last.map(|_| self.last);
        self.last = event["output_index"].as_u64().unwrap_or_else(|| {
            let index = self.by_id(id).or(goes_on).unwrap_or_else(|| self.next());
            self.name(index, id);
            index
        });
        self.last
    }

    /// The index of the item that begins.
    pub(super) fn of_begun(&mut self, event: &Value) -> u64 {
        let known = || self.by_id(event["item"]["id"].as_str());
        self.last = event["output_index"].as_u64().or_else(known).unwrap_or_else(|| self.next());
        self.last
    }

    /// The index of an item that is received whole. Where `event` does not say it, it is the item of this name, else the
    /// first of its kind that was begun and is not done.
    pub(super) fn of_whole(&mut self, event: &Value) -> u64 {
        let item = &event["item"];
        let kind = Kind::of(item);
        let by_call = || self.calls.get(item["call_id"].as_str()?).copied();
        let is_begun = |(index, known): &(&u64, &Kind)| known.may_be(kind) && !self.done.contains(*index);
        let first = || self.kinds.iter().find(is_begun).map(|(index, _)| *index);
        let known = || self.by_id(item["id"].as_str()).or_else(by_call).or_else(first);
        self.last = event["output_index"].as_u64().or_else(known).unwrap_or_else(|| self.next());
        self.done.insert(self.last);
        self.last
    }

    fn by_id(&self, id: Option<&str>) -> Option<u64> {
        self.ids.get(id?).copied()
    }

    fn name(&mut self, index: u64, id: Option<&str>) {
        if let Some(id) = id.filter(|id| !id.is_empty())
            && self.ids.insert(id.to_owned(), index).is_none()
        {
            self.bytes += id.len();
        }
    }

    /// The item at `index` has come.
    pub(super) fn open(&mut self, index: u64, item: &Value) {
        self.note(index, Kind::of(item));
        self.name(index, item["id"].as_str());
        if let Some(id) = item["call_id"].as_str().filter(|id| !id.is_empty())
            && self.calls.insert(id.to_owned(), index).is_none()
        {
            self.bytes += id.len();
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
        self.bytes + ROW * (self.kinds.len() + self.done.len() + self.ids.len() + self.calls.len())
    }

    /// The items of a whole output, each with the index of its events, or with one behind all of them.
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
            // A call that has an id came with it.
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
