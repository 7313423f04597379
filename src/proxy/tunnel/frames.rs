//! Looks on at WebSocket frames (RFC 6455, section 5.2) as their bytes pass, however these are cut. Nothing is kept but
//! the head of one frame, and nothing is ever refused: at the first byte that makes no sense the looking ends, and the
//! bytes pass on.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// Takes in what messages say.
pub trait Messages {
    /// The next piece of a text message; with `is_end` it is the last one, and may be empty. The piece after it begins
    /// another message.
    fn message_bytes(&mut self, piece: &[u8], is_end: bool);
}

/// Who sends the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A client; what it says is masked on the wire.
    Client,
    /// A server.
    Server,
}

/// The frames of one direction.
#[derive(Debug)]
pub struct Frames {
    sender: Sender,
    place: Place,
    head: [u8; LONGEST_HEAD],
    /// The message that has begun and goes on in the next frame.
    message: Option<Kind>,
    /// What the payload of this frame is masked with, turned so that its first byte is for the next one.
    mask: [u8; 4],
    unmasked: Vec<u8>,
}

/// Two bytes, eight of length and four of mask.
const LONGEST_HEAD: usize = 14;

/// What is at the next byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A head of which so many bytes came.
    Head(usize),
    /// So many bytes of payload.
    Payload(u64, Payload),
    /// Nothing that is inspected.
    Blind,
}

/// What a payload belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Payload {
    /// A message, whose last frame this may be.
    Of(Kind, bool),
    Control,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

impl Frames {
    /// The frames of `sender`, from its first.
    pub fn new(sender: Sender) -> Frames {
        Frames {
            sender,
            place: Place::Head(0),
            head: [0; LONGEST_HEAD],
            message: None,
            mask: [0; 4],
            unmasked: Vec::new(),
        }
    }

    /// Takes the next bytes in and reports what messages say in them.
    pub fn push(&mut self, mut bytes: &[u8], messages: &mut dyn Messages) {
        while let Some(first) = bytes.first() {
            match self.place {
                Place::Head(there) => {
                    self.head[there] = *first;
                    bytes = &bytes[1..];
                    self.place = self.after_head(there + 1, messages);
                }
                Place::Payload(left, payload) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let left = left - taken as u64;
                    if let Payload::Of(kind, is_last) = payload {
                        let is_end = is_last && left == 0;
                        if kind == Kind::Text {
                            messages.message_bytes(self.plain(&bytes[..taken]), is_end);
                        }
                    }
                    self.place = if left == 0 { Place::Head(0) } else { Place::Payload(left, payload) };
                    bytes = &bytes[taken..];
                }
                Place::Blind => return,
            }
        }
    }

    /// What a piece of a payload says.
    fn plain<'b>(&'b mut self, piece: &'b [u8]) -> &'b [u8] {
        if self.mask == [0; 4] {
            return piece;
        }
        self.unmasked.clear();
        self.unmasked.extend(piece.iter().zip(self.mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.mask.rotate_left(piece.len() % 4);
        &self.unmasked
    }

    /// Where the next byte is, now that `there` bytes of a head are.
    fn after_head(&mut self, there: usize, messages: &mut dyn Messages) -> Place {
        let (head, length) = match FrameHeader::parse(&mut Cursor::new(&self.head[..there])) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return Place::Head(there),
            Err(_) => return Place::Blind,
        };
        let is_from_sender = head.mask.is_some() == (self.sender == Sender::Client);
        let Some(payload) = self.payload(&head, length).filter(|_| is_from_sender) else { return Place::Blind };
        self.mask = head.mask.unwrap_or_default();
        if length > 0 {
            return Place::Payload(length, payload);
        }
        if payload == Payload::Of(Kind::Text, true) {
            messages.message_bytes(&[], true);
        }
        Place::Head(0)
    }

    /// What a frame with this head carries. `None` for a frame that may not be here, such as one of an extension
    /// that was not agreed on.
    fn payload(&mut self, head: &FrameHeader, length: u64) -> Option<Payload> {
        let is_last = head.is_final;
        if head.rsv1 || head.rsv2 || head.rsv3 || length > i64::MAX.cast_unsigned() {
            return None;
        }
        let kind = match (head.opcode, self.message) {
            (OpCode::Data(Data::Continue), Some(kind)) => kind,
            (OpCode::Data(Data::Text), None) => Kind::Text,
            (OpCode::Data(Data::Binary), None) => Kind::Binary,
            (OpCode::Control(_), _) => return (is_last && length <= 125).then_some(Payload::Control),
            _ => return None,
        };
        self.message = (!is_last).then_some(kind);
        Some(Payload::Of(kind, is_last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default, Debug, PartialEq, Eq)]
    struct Received {
        whole: Vec<Vec<u8>>,
        begun: Vec<u8>,
    }

    impl Messages for Received {
        fn message_bytes(&mut self, piece: &[u8], is_end: bool) {
            self.begun.extend_from_slice(piece);
            if is_end {
                self.whole.push(std::mem::take(&mut self.begun));
            }
        }
    }

    /// A client's mask.
    const MASK: [u8; 4] = [0x12, 0xfe, 0, 0x9a];

    /// A frame as `sender` writes it.
    fn frame(sender: Sender, first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = if sender == Sender::Client { 0x80 } else { 0 };
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..126 => frame.push(mask | u8::try_from(length).unwrap()),
            length @ 126..0x1_0000 => {
                frame.push(mask | 0x7e);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                frame.push(mask | 0x7f);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        if mask == 0 {
            frame.extend(payload);
        } else {
            frame.extend(MASK);
            frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        }
        frame
    }

    fn received(sender: Sender, pieces: &[&[u8]]) -> Received {
        let (mut frames, mut received) = (Frames::new(sender), Received::default());
        for piece in pieces {
            frames.push(piece, &mut received);
        }
        received
    }

    #[track_caller]
    fn check(frames: &[(u8, &str)], expected: &[&str]) {
        for sender in [Sender::Server, Sender::Client] {
            let wire: Vec<u8> =
                frames.iter().flat_map(|(first, payload)| frame(sender, *first, payload.as_bytes())).collect();
            let texts: Vec<String> = received(sender, &[&wire])
                .whole
                .iter()
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .collect();
            assert_eq!(texts, expected, "{frames:?} of a {sender:?}");
        }
    }

    #[test]
    fn messages_are_told_whole_in_frames_and_between_controls() {
        check(&[(0x81, "one"), (0x81, "two")], &["one", "two"]);
        check(&[(0x01, "o"), (0x00, "n"), (0x89, "ping"), (0x80, "e"), (0x8a, ""), (0x81, "two")], &["one", "two"]);
        check(&[(0x81, ""), (0x01, ""), (0x80, ""), (0x81, "x")], &["", "", "x"]);
        check(&[(0x82, "binary"), (0x02, "a"), (0x80, "b"), (0x81, "text")], &["text"]);
        let long = "x".repeat(70_000);
        check(&[(0x81, &long[..126]), (0x81, &long), (0x88, "bye")], &[&long[..126], &long]);
    }

    #[test]
    fn at_the_first_nonsense_the_looking_ends() {
        for nonsense in [
            (0xc1, "compressed"),
            (0x80, "a continuation of nothing"),
            (0x83, "a reserved kind"),
            (0x09, "a control in pieces"),
        ] {
            check(&[(0x81, "one"), nonsense, (0x81, "two")], &["one"]);
        }
        check(&[(0x01, "begun"), (0x81, "another")], &[]);
        check(&[(0x81, "one"), (0x89, &"x".repeat(126)), (0x81, "two")], &["one"]);
        // The mask is of the other side; a length is negative.
        assert_eq!(received(Sender::Server, &[&frame(Sender::Client, 0x81, b"x")]), Received::default());
        assert_eq!(received(Sender::Client, &[&frame(Sender::Server, 0x81, b"xxxxx")]), Received::default());
        assert_eq!(received(Sender::Server, &[&[0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], b"xxx"]), Received::default());
    }

    /// Messages in frames, and what stands between the frames.
    fn conversations(sender: Sender) -> impl Strategy<Value = (Vec<u8>, Vec<Vec<u8>>)> {
        let pieces = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..4);
        let message = (any::<bool>(), pieces, prop::option::of(prop::collection::vec(any::<u8>(), 0..126)));
        prop::collection::vec(message, 0..6).prop_map(move |messages| {
            let (mut wire, mut texts) = (Vec::new(), Vec::new());
            for (is_text, pieces, ping) in messages {
                let last = pieces.len() - 1;
                for (place, piece) in pieces.iter().enumerate() {
                    let code = if place > 0 { 0 } else { 2 - u8::from(is_text) };
                    let last = if place == last { 0x80 } else { 0 };
                    wire.extend(frame(sender, last | code, piece));
                    wire.extend(ping.iter().flat_map(|ping| frame(sender, 0x89, ping)));
                }
                texts.extend(is_text.then(|| pieces.concat()));
            }
            (wire, texts)
        })
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_cut_the_messages_are_the_same(
            [of_server, of_client] in [conversations(Sender::Server), conversations(Sender::Client)],
            steps in prop::collection::vec(1_usize..40, 1..20),
        ) {
            for (sender, (wire, texts)) in [(Sender::Server, of_server), (Sender::Client, of_client)] {
            let (mut rest, mut pieces) = (wire.as_slice(), Vec::new());
            for step in steps.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, behind) = rest.split_at((*step).min(rest.len()));
                pieces.push(piece);
                rest = behind;
            }
            prop_assert_eq!(&received(sender, &pieces).whole, &texts);
            prop_assert_eq!(received(sender, &[&wire]).whole, texts);
            }
        }

        #[test]
        fn random_bytes_are_borne_and_nothing_is_told_twice(
            wire in prop::collection::vec(any::<u8>(), 0..4_000),
            step in 1_usize..50,
        ) {
            for sender in [Sender::Server, Sender::Client] {
                let pieces: Vec<&[u8]> = wire.chunks(step).collect();
                let received = received(sender, &pieces);
                prop_assert!(received.whole.iter().map(Vec::len).sum::<usize>() + received.begun.len() <= wire.len());
            }
        }
    }
}
