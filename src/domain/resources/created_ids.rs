//! The resources that an answer creates, read as it passes: every id in its places, and encrypted content by its mark. A list
//! reports what its account has, so what it lists counts as created.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::place::{self, Place};
use super::shape::{Kept, kept};
use super::{Digest, is_id};
use crate::domain::json_scan::{Leaf, Visit};

/// The most that is remembered of one answer: a list of files has ten thousand at most.
const MOST: usize = 16_384;

/// What nests deeper is not read.
const DEEPEST: usize = 64;

/// What of an answer is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeps {
    /// All of it.
    #[default]
    All,
    /// What upstreams keep although the answer itself is not stored.
    ByItself,
    /// Nothing: what it lists is everybody's.
    Nothing,
}

/// Reads an answer: visits its document, or the data of each event of its stream.
#[derive(Debug, Default)]
pub struct CreatedIds<D> {
    /// What of the answer is remembered from now on.
    pub keeps: Keeps,
    known: HashSet<u64>,
    found: Vec<String>,
    /// The open containers: what their key says, whether they are objects, and which key it is.
    frames: Vec<(Place, bool, Key)>,
    beyond: usize,
    place: Place,
    key: Key,
    digest: Option<D>,
    /// The client reads ids that begin with the first of these as if they began with the second.
    renamed: Option<(&'static str, &'static str)>,
}

impl<D: Digest> CreatedIds<D> {
    /// Of an answer of which nothing was read.
    pub fn new(keeps: Keeps) -> CreatedIds<D> {
        CreatedIds { keeps, ..CreatedIds::default() }
    }

    /// The same, for a client that reads ids which begin with `from` as if they began with `to`.
    #[must_use = "this returns the reader that renames"]
    pub fn renaming(mut self, from: &'static str, to: &'static str) -> CreatedIds<D> {
        self.renamed = Some((from, to));
        self
    }

    /// Whether anything of the answer is remembered.
    pub fn is_reading(&self) -> bool {
        self.keeps != Keeps::Nothing
    }

    /// The document is over, and the next one begins.
    pub fn next_document(&mut self) {
        self.frames.clear();
        self.beyond = 0;
        self.place = Place::Other;
        self.digest = None;
    }

    /// Makes room for what is new: a socket lives for hours, and what it reported long ago is not reported again.
    pub fn make_room(&mut self) {
        if self.known.len() >= MOST / 2 {
            self.known.clear();
        }
    }

    /// What was created since the last time, each once.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.found)
    }
}

/// Which of the keys that may lead to an id of any shape it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Key {
    Response,
    Data,
    #[default]
    Other,
}

impl<D: Digest> CreatedIds<D> {
    fn is_skipped(&self) -> bool {
        self.beyond > 0 || matches!(self.frames.last(), Some((Place::Foreign, ..)))
    }

    /// Whether the object that is read is the answer itself, its response, or an entry of its list: their ids may have any
    /// shape.
    fn is_made_itself(&self) -> bool {
        matches!(self.frames.as_slice(), [_] | [_, (_, true, Key::Response)] | [_, (_, false, Key::Data), _])
    }

    fn add(&mut self, id: &[u8]) {
        let Ok(id) = std::str::from_utf8(id) else { return };
        if !is_id(id) {
            return;
        }
        let is_kept = match (self.keeps, kept(id)) {
            (Keeps::All, Some(_)) | (Keeps::ByItself, Some(Kept::ByItself)) => true,
            (Keeps::All, None) => self.place == Place::Id && self.is_made_itself(),
            _ => false,
        };
        if is_kept {
            let renamed = self.renamed.and_then(|(from, to)| Some(format!("{to}{}", id.strip_prefix(from)?)));
            self.add_mark(renamed.unwrap_or_else(|| id.to_owned()));
        }
    }

    fn add_mark(&mut self, id: String) {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        if self.found.len() < MOST && self.known.len() < MOST && self.known.insert(hasher.finish()) {
            self.found.push(id);
        }
    }
}

impl<D: Digest> Visit for CreatedIds<D> {
    fn open(&mut self, is_object: bool, _: usize) {
        let (place, key) = (std::mem::take(&mut self.place), std::mem::take(&mut self.key));
        if self.is_skipped() || self.frames.len() >= DEEPEST {
            self.beyond += 1;
            return;
        }
        let place = match self.frames.last() {
            Some((place, false, _)) => *place,
            _ => place,
        };
        self.frames.push((place, is_object, key));
    }

    fn close(&mut self, _: usize) {
        self.place = Place::Other;
        if self.beyond > 0 {
            self.beyond -= 1;
        } else {
            self.frames.pop();
        }
    }

    fn key(&mut self, key: &[u8], _: usize) {
        if self.is_skipped() {
            return;
        }
        self.place = place::in_answer(key);
        self.key = match key {
            b"response" => Key::Response,
            b"data" => Key::Data,
            _ => Key::Other,
        };
    }

    fn leaf(&mut self, leaf: Leaf<'_>, _: Range<usize>) {
        let digest = self.digest.take();
        if !self.is_skipped() {
            match (leaf, self.place) {
                (Leaf::Text(text) | Leaf::Long(text), Place::Sealed) if !text.is_empty() => {
                    if let Some(digest) = digest {
                        self.add_mark(digest.mark());
                    }
                }
                (Leaf::Text(text), Place::Id | Place::Names) => self.add(text),
                (Leaf::Text(text), Place::Other) if matches!(self.frames.last(), Some((Place::Names, false, _))) => {
                    self.add(text);
                }
                _ => {}
            }
        }
        self.place = Place::Other;
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
mod tests {
    use super::super::named::tests::Plain;
    use super::*;
    use crate::domain::event_stream::{Event, EventReader, Listen};
    use crate::domain::json_scan::Scan;

    /// Reads an answer as the proxy does.
    struct Reading {
        scan: Scan,
        ids: CreatedIds<Plain>,
    }

    impl Reading {
        fn new(keeps: Keeps) -> Reading {
            Reading { scan: Scan::default(), ids: CreatedIds::new(keeps) }
        }

        fn push(&mut self, bytes: &[u8]) {
            if self.ids.is_reading() {
                self.scan.push(bytes, &mut self.ids);
            }
        }

        fn next_document(&mut self) {
            self.scan.end(&mut self.ids);
            self.scan.reset();
            self.ids.next_document();
            self.ids.make_room();
        }
    }

    impl Listen for Reading {
        fn event(&mut self, _: &Event<'_>) {}

        fn data(&mut self, piece: &[u8]) {
            self.push(piece);
        }

        fn over(&mut self, _: &str, _: Option<&[u8]>) {
            self.next_document();
        }
    }

    #[track_caller]
    fn check(keeps: Keeps, is_stream: bool, answer: &str, expected: &[&str]) {
        for step in [1, 7, answer.len().max(1)] {
            let (mut reading, mut reader) = (Reading::new(keeps), EventReader::new(0));
            for piece in answer.as_bytes().chunks(step) {
                if is_stream { reader.push(piece, &mut reading) } else { reading.push(piece) }
            }
            assert_eq!(reading.ids.take(), expected, "{answer} in steps of {step}");
        }
    }

    #[test]
    fn whatever_an_answer_reports_is_made() {
        for (answer, expected) in [
            (r#"{"id":"batch_1","output_file_id":"file-2","error_file_id":null}"#, vec!["batch_1", "file-2"]),
            (r#"{"id":"0b6c9f7e-1","object":"response"}"#, vec!["0b6c9f7e-1"]),
            (
                r#"{"data":[{"id":"ftckpt_1","fine_tuned_model_checkpoint":"ft:gpt-4o:org::1:ckpt-step-1"}]}"#,
                vec!["ftckpt_1", "ft:gpt-4o:org::1:ckpt-step-1"],
            ),
            (
                r#"{"object":"list","data":[{"id":"x-123456","files":["file-1"]},{"id":"vs_2"}]}"#,
                vec!["x-123456", "file-1", "vs_2"],
            ),
            (
                r#"{"id":"resp_1","output":[{"type":"code_interpreter_call","id":"ci_1","container_id":"cntr_1"},{"type":"message","id":"msg_1","content":[{"annotations":[{"container_id":"cntr_1","file_id":"cfile_1"}]}]}]}"#,
                vec!["resp_1", "ci_1", "cntr_1", "msg_1", "cfile_1"],
            ),
            (
                r#"{"id":"resp_1","metadata":{"file_id":"file-1"},"conversation":{"id":"conv_1"},"tools":[{"vector_store_ids":["vs_1"]}]}"#,
                vec!["resp_1"],
            ),
            (
                r#"{"output":[{"type":"function_call","call_id":"call_1","id":"fc_1","arguments":"{\"id\":\"file-1\"}"}]}"#,
                vec!["fc_1"],
            ),
            (r#"{"output":[{"type":"reasoning","id":"rs_1","encrypted_content":"gA\/"}]}"#, vec!["rs_1", "<gA/>"]),
            (
                r#"{"choices":[{"message":{"tool_calls":[{"id":"7"}],"audio":{"id":"audio_1"}}}],"id":"completions"}"#,
                vec!["audio_1"],
            ),
        ] {
            check(Keeps::All, false, answer, &expected);
        }
    }

    #[test]
    fn what_is_not_stored_makes_only_what_is_kept_by_itself() {
        let answer = r#"{"id":"resp_1","output":[{"id":"rs_1","encrypted_content":"gA"},{"id":"ci_1","container_id":"cntr_1"}]}"#;
        check(Keeps::ByItself, false, answer, &["<gA>", "cntr_1"]);
        check(Keeps::Nothing, false, r#"{"data":[{"id":"gpt-5.2"}]}"#, &[]);
    }

    #[test]
    fn a_stream_reports_each_thing_once_and_as_soon_as_it_is_there() {
        let created = "event: response.created\ndata: {\"response\":{\"id\":\"r0-12345\"}}\n\n";
        let stream = format!(
            "{created}: it's a \"comment\n\nevent: a\ndata: {{\"item_id\":\"msg_1\",\"delta\":\"\\\"id\\\":\\\"resp_9\\\"\"}}\r\n\r\n\
             data: {{\"item_id\":\"msg_1\"}}\n\ndata: {{\"item\":{{\"encrypted_content\":\"gA\"}}}}\n\ndata: [DONE]\n\n"
        );
        check(Keeps::All, true, &stream, &["r0-12345", "msg_1", "<gA>"]);
        let mut reading = Reading::new(Keeps::All);
        EventReader::new(0).push(&created.as_bytes()[..created.len() - 2], &mut reading);
        assert_eq!(reading.ids.take(), ["r0-12345"]);
    }

    #[test]
    fn ids_are_known_as_the_client_reads_them() {
        let mut created = CreatedIds::<Plain>::new(Keeps::All).renaming("resp_", "chatcmpl-");
        Scan::default().push(br#"{"id":"resp_1","output":[{"id":"msg_1"}]}"#, &mut created);
        assert_eq!(created.take(), ["chatcmpl-1", "msg_1"]);
    }

    #[test]
    fn a_socket_reports_what_is_made_however_many_messages_it_has_had() {
        let mut reading = Reading::new(Keeps::All);
        for number in 0..3 * MOST {
            reading.push(format!("{{\"item_id\":\"msg_{number}\"}}").as_bytes());
            reading.next_document();
            assert_eq!(reading.ids.take(), [format!("msg_{number}")]);
        }
        for number in 0..3 * MOST {
            reading.push(format!("{{\"item_id\":\"rs_{number}\"}}").as_bytes());
            reading.next_document();
        }
        assert_eq!((reading.ids.take().len(), reading.ids.known.len() <= MOST), (MOST, true), "of what nobody takes");
    }

    #[test]
    fn a_flood_of_ids_is_bounded() {
        let ids: Vec<String> = (0..100_000).map(|number| format!("{{\"id\":\"file-{number}\"}}")).collect();
        let mut reading = Reading::new(Keeps::All);
        reading.push(format!("{{\"data\":[{}]}}", ids.join(",")).as_bytes());
        assert_eq!(reading.ids.take().len(), MOST);
    }
}
