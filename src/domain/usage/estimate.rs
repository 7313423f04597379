//! Estimates what a request took whose stream ended before it reported its use: its client left, or it broke. What was made
//! until then is charged all the same, with the whole input. Hidden reasoning and what came from the cache cannot be seen.

use std::ops::Range;

use super::Tokens;
use crate::domain::json_scan::{Leaf, Visit};

/// So many bytes of text are a token, as Codex estimates it.
const BYTES_OF_TOKEN: u64 = 4;

/// An image or another file within the request counts as so much text, which is how Codex estimates an image.
const MEDIA: usize = 7_373;

/// A text without a space that is longer than this is a file, if it begins like base64. Encrypted reasoning is shorter.
const LONGEST_WORD: usize = 64 * 1024;

/// How much of a request is text: visits its body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Bytes of files beyond what these count as.
    beyond: usize,
}

impl Input {
    /// The tokens of a body of `length` bytes, which was visited.
    pub fn tokens(self, length: usize) -> u64 {
        tokens(length.saturating_sub(self.beyond))
    }
}

impl Visit for Input {
    fn open(&mut self, _: bool, _: usize) {}
    fn close(&mut self, _: usize) {}
    fn key(&mut self, _: &[u8], _: usize) {}

    fn leaf(&mut self, leaf: Leaf<'_>, place: Range<usize>) {
        if let Leaf::Long(begin) = leaf
            && (begin.starts_with(b"data:")
                || (place.len() > LONGEST_WORD && begin.iter().all(|byte| is_base64(*byte))))
        {
            self.beyond += place.len().saturating_sub(MEDIA);
        }
    }
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)
}

/// The output of a stream, as far as it passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Output {
    deltas: u64,
    bytes: u64,
}

impl Output {
    /// An event is over in which there were so many bytes of output.
    pub fn add(&mut self, bytes: u32) {
        self.deltas += u64::from(bytes > 0);
        self.bytes += u64::from(bytes);
    }

    /// Its tokens. OpenAI sends about one event for each; other servers send more text in each event.
    pub fn tokens(self) -> u64 {
        self.deltas.max(self.bytes.div_ceil(BYTES_OF_TOKEN))
    }
}

fn tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(BYTES_OF_TOKEN)
}

/// What a request took that has so many tokens, as far as that can be seen.
pub fn of(input: u64, output: u64) -> Tokens {
    Tokens { input, output, ..Tokens::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::json_scan::Scan;

    #[test]
    fn a_request_has_a_token_for_every_four_bytes_of_its_text_and_few_for_a_file() {
        let image = format!("data:image/png;base64,{}", "iVBOR/+0".repeat(100_000));
        let word = |length: usize| "QUJD".repeat(length / 4);
        for (text, expected) in [
            ("x".repeat(400), 400),
            ("word ".repeat(100_000), 500_000),
            (image.clone(), MEDIA - 2),
            ("data:image/gif;base64,R0lGODlhAQABAAAAACw=".to_owned(), 42),
            (format!("see {image}"), image.len() + 4),
            (word(1_000_000), MEDIA - 2),
            // Encrypted reasoning.
            (word(8_000), 8_000),
        ] {
            let body = format!(r#"{{"input":[{{"content":"{text}"}}]}}"#);
            let (mut input, mut scan) = (Input::default(), Scan::default());
            scan.push(body.as_bytes(), &mut input);
            scan.end(&mut input);
            let around = body.len() - text.len();
            assert_eq!(input.tokens(body.len()), tokens(expected + around), "{}", &text[..30.min(text.len())]);
        }
    }

    #[test]
    fn output_has_a_token_for_every_event_or_every_four_bytes() {
        for (events, expected) in
            [(&[][..], 0), (&[0, 0], 0), (&[1, 1, 1], 3), (&[4, 3, 5, 4], 4), (&[400], 100), (&[0, 401, 2], 101)]
        {
            let mut output = Output::default();
            for bytes in events {
                output.add(*bytes);
            }
            assert_eq!(output.tokens(), expected, "{events:?}");
        }
    }
}
