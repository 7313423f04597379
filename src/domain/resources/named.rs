//! The resources that a request names, read from its body in one walk: ids in their places, encrypted content by its mark, and where the
//! few fields of the outermost object stand.

use std::collections::HashSet;
use std::ops::Range;

use super::place::{self, Place};
use super::shape::kept;
use super::{Digest, is_id};
use crate::domain::json_scan::{Both, Leaf, Scan, Visit};

/// No request names more that is looked up, which takes the ledger some microseconds each: a conversation of a thousand
/// turns names itself by each of them, and all have one owner.
const MOST: usize = 2_048;

/// What nests deeper is not read: no request that an upstream takes names anything there.
const DEEPEST: usize = 96;

/// A field of the outermost object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopLevel {
    Model,
    Store,
    PromptCacheKey,
    Messages,
    Input,
    Choices,
    Prompt,
    Type,
    PreviousResponseId,
    Generate,
    StreamId,
    Instructions,
    Stream,
    Background,
}

const TOP_LEVEL: [&[u8]; 14] = [
    b"model",
    b"store",
    b"prompt_cache_key",
    b"messages",
    b"input",
    b"n",
    b"prompt",
    b"type",
    b"previous_response_id",
    b"generate",
    b"stream_id",
    b"instructions",
    b"stream",
    b"background",
];

/// The lists of items: reasoning can be left out of them.
const ITEMS: [&[u8]; 2] = [b"input", b"items"];

/// A piece of reasoning that only its owner, the account that created it, can continue. The request is whole without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reasoning {
    /// The mark of its content, or its id where it has no content and is nothing but a pointer.
    pub mark: String,
    /// It has encrypted content.
    pub is_sealed: bool,
    /// Where it stands, if it can be cut out there.
    pub place: Option<Range<usize>>,
}

/// The id of an item that the request carries whole, which an upstream that stores nothing takes from the account alone that
/// it was given to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemId {
    /// The id, whose beginning says what it is.
    pub id: String,
    /// Where it stands, with its quotes.
    pub place: Range<usize>,
}

/// What a request names.
#[derive(Debug, Default)]
pub struct Named {
    /// What only its owner can resolve and the request is nothing without, in its order, each once.
    pub ids: Vec<String>,
    /// What can be left out.
    pub reasoning: Vec<Reasoning>,
    /// The ids of the items of its conversation.
    pub items: Vec<ItemId>,
    top_level: [Option<Range<usize>>; TOP_LEVEL.len()],
}

impl Named {
    /// Where the value of a field of the outermost object stands. Of two with one name it is the last, as upstreams read it.
    pub fn top_level(&self, field: TopLevel) -> Option<Range<usize>> {
        self.top_level[field as usize].clone()
    }
}

/// What the body `text` names.
pub fn named_in<D: Digest>(text: &[u8]) -> Named {
    named_in_beside::<D>(text, &mut ())
}

/// The same, and shows the body to `other` on the same walk.
pub fn named_in_beside<D: Digest>(text: &[u8], other: &mut impl Visit) -> Named {
    let mut reader = Reader::<D>::default();
    let mut scan = Scan::default();
    let mut both = Both(&mut reader, other);
    scan.push(text, &mut both);
    scan.end(&mut both);
    reader.named
}

/// An object or a list that is open.
#[expect(clippy::struct_excessive_bools, reason = "what was seen of it so far, in no order")]
#[derive(Debug, Default)]
struct Frame {
    /// What the key says under which it stands; a list's entries stand there too.
    place: Place,
    is_object: bool,
    at: usize,
    id: Option<String>,
    id_place: Range<usize>,
    kind: String,
    mark: Option<String>,
    has_role: bool,
    has_result: bool,
    /// It says more than what it is and how it is called.
    says_more: bool,
}

#[derive(Debug, Default)]
struct Reader<D> {
    named: Named,
    known: HashSet<String>,
    frames: Vec<Frame>,
    /// Containers beyond the deepest frame.
    beyond: usize,
    /// The outermost key is one of the lists of items.
    is_in_items: bool,
    /// What the last key says.
    place: Place,
    is_result: bool,
    /// The field of the outermost object whose value is read.
    top: Option<usize>,
    top_at: usize,
    digest: Option<D>,
}

impl<D: Digest> Reader<D> {
    fn is_skipped(&self) -> bool {
        self.beyond > 0
            || matches!(self.frames.last(), Some(frame) if matches!(frame.place, Place::Foreign | Place::Cited))
    }

    fn add(&mut self, id: &[u8]) {
        if let Ok(id) = std::str::from_utf8(id)
            && is_id(id)
        {
            self.add_mark(id.to_owned());
        }
    }

    fn add_mark(&mut self, id: String) {
        if self.named.ids.len() < MOST && self.known.insert(id.clone()) {
            self.named.ids.push(id);
        }
    }

    /// An object of the request is over.
    fn take(&mut self, frame: Frame, end: usize) {
        let is_item = self.is_in_items && self.frames.len() == 2;
        if is_item
            && self.named.items.len() < MOST
            && let Some(id) = frame.id.as_deref().filter(|id| is_id(id) && kept(id).is_some())
        {
            self.named.items.push(ItemId { id: id.to_owned(), place: frame.id_place.clone() });
        }
        if frame.kind == "reasoning" {
            let is_sealed = frame.mark.is_some();
            if let Some(mark) = frame.mark.or(frame.id.filter(|id| is_id(id)))
                && self.named.reasoning.len() < MOST
            {
                let place = is_item.then_some(frame.at..end);
                self.named.reasoning.push(Reasoning { mark, is_sealed, place });
            }
            return;
        }
        let is_compacted = frame.mark.is_some();
        if let Some(mark) = frame.mark {
            self.add_mark(mark);
        }
        let Some(id) = frame.id else { return };
        let is_pointer = match frame.kind.as_str() {
            "item_reference" | "file_id" => true,
            // The request itself is no pointer.
            "" => !(frame.has_role || self.frames.is_empty()),
            "image_generation_call" => !frame.has_result,
            _ => is_compacted || (!frame.has_role && !frame.says_more),
        };
        if is_pointer || frame.place == Place::Names {
            self.add(id.as_bytes());
        }
    }
}

impl<D: Digest> Visit for Reader<D> {
    fn open(&mut self, is_object: bool, at: usize) {
        if self.frames.len() == 1 {
            self.top_at = at;
        }
        let place = std::mem::take(&mut self.place);
        if self.is_skipped() || self.frames.len() >= DEEPEST {
            self.beyond += 1;
            return;
        }
        // What stands in a list stands under the list's key.
        let place = match self.frames.last() {
            Some(list) if !list.is_object => list.place,
            _ => place,
        };
        self.frames.push(Frame { place, is_object, at, ..Frame::default() });
    }

    fn close(&mut self, end: usize) {
        self.place = Place::Other;
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let Some(frame) = self.frames.pop() else { return };
        if self.frames.len() == 1
            && let Some(top) = self.top.take()
        {
            self.named.top_level[top] = Some(self.top_at..end);
        }
        if frame.is_object && !matches!(frame.place, Place::Foreign | Place::Cited) {
            self.take(frame, end);
        }
    }

    fn key(&mut self, key: &[u8], _: usize) {
        if self.is_skipped() {
            return;
        }
        self.place = place::of(key);
        self.is_result = key == b"result";
        if self.frames.len() == 1 {
            self.top = TOP_LEVEL.iter().position(|name| *name == key);
            self.is_in_items = ITEMS.contains(&key);
        }
        if let Some(frame) = self.frames.last_mut() {
            let says_nothing = matches!(self.place, Place::Id | Place::Type | Place::Aside);
            frame.says_more |= !says_nothing;
            frame.has_role |= self.place == Place::Role;
        }
    }

    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>) {
        let says = std::mem::take(&mut self.place);
        if self.is_skipped() {
            return;
        }
        if self.frames.len() == 1
            && let Some(top) = self.top.take()
        {
            self.named.top_level[top] = Some(place.clone());
        }
        let digest = self.digest.take();
        let Some(frame) = self.frames.last_mut() else { return };
        let Leaf::Text(text) = leaf else {
            if says == Place::Sealed && matches!(leaf, Leaf::Long(_)) {
                frame.mark = digest.map(D::mark);
            }
            frame.has_result |= self.is_result && matches!(leaf, Leaf::Long(_));
            return;
        };
        frame.has_result |= self.is_result && !text.is_empty();
        match says {
            Place::Id => {
                frame.id = std::str::from_utf8(text).ok().map(str::to_owned);
                frame.id_place = place;
            }
            Place::Type => frame.kind = String::from_utf8_lossy(text).into_owned(),
            Place::Sealed if !text.is_empty() => frame.mark = digest.map(D::mark),
            Place::Names => self.add(text),
            Place::Other if !frame.is_object && frame.place == Place::Names => self.add(text),
            _ => {}
        }
    }

    fn wants_pieces(&mut self) -> bool {
        let wants = self.place == Place::Sealed && !self.is_skipped();
        if wants {
            self.digest = Some(D::default());
        }
        wants
    }

    fn piece(&mut self, piece: &[u8]) {
        if let Some(digest) = &mut self.digest {
            digest.take(piece);
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
