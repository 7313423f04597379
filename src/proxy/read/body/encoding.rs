//! Compressed request bodies. What a request names is inside of them, so that they are decoded before it is routed.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use tokio::sync::Semaphore;

use crate::background;
use crate::proxy::read::body::{Budget, MAX_BODY, ReplayBody, Room};
use crate::upstream::BodyError;

/// No client encodes a body more often.
const MOST: usize = 4;

/// How much is decoded at a time.
const PIECE: usize = 64 * 1024;

/// No short answer is longer, decoded.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// What a decoder may look back on: all that RFC 9659 lets an encoder use.
const WINDOW: usize = 8 * 1024 * 1024;

/// One that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// Why a body is not decoded.
#[derive(Debug, PartialEq, Eq)]
pub enum Undecoded {
    /// The client left or sent too much.
    Body(BodyError),
    /// It is longer than any body may be.
    TooLong,
    /// What this process may keep is used up at the moment.
    NoRoom,
    /// It is encoded in another way.
    Unknown(String),
    /// It is not what it says it is.
    Damaged(&'static str, String),
}

impl Encoding {
    fn of(name: &str) -> Option<Encoding> {
        Some(match name {
            "gzip" | "x-gzip" => Encoding::Gzip,
            "deflate" => Encoding::Deflate,
            "br" => Encoding::Brotli,
            "zstd" => Encoding::Zstd,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Encoding::Gzip => "gzip",
            Encoding::Deflate => "deflate",
            Encoding::Brotli => "br",
            Encoding::Zstd => "zstd",
        }
    }
}

/// The body as it was before it was compressed, and headers that no longer speak of that.
///
/// # Errors
///
/// [`Undecoded`], and the body as it came.
pub async fn plain(
    body: ReplayBody,
    headers: &mut HeaderMap,
    budget: &Arc<Budget>,
    turn: &Semaphore,
) -> Result<ReplayBody, (Undecoded, ReplayBody)> {
    let decoded = match encodings(headers) {
        Ok(encodings) if encodings.is_empty() => {
            headers.remove(CONTENT_ENCODING);
            return Ok(body);
        }
        Ok(encodings) => decoded(&body, encodings, headers, budget, turn).await,
        Err(unknown) => Err(unknown),
    };
    decoded.map_err(|why| (why, body))
}

/// What an upstream's short answer was before it was encoded. `None` when it was not, or cannot be read.
pub fn decoded_answer(encoded: &Bytes, headers: &HeaderMap) -> Option<Bytes> {
    let encodings = encodings(headers).ok().filter(|encodings| !encodings.is_empty())?;
    let room = Budget::of(LONGEST_ANSWER).room();
    decode_all(encoded.clone(), &encodings, room).ok().map(|(bytes, _)| bytes)
}

/// How the body that follows `headers` is encoded, in the order in which that was done.
fn encodings(headers: &HeaderMap) -> Result<Vec<Encoding>, Undecoded> {
    let mut encodings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        for name in value.split(',').map(str::trim).filter(|name| !matches!(*name, "" | "identity")) {
            encodings.push(Encoding::of(name).ok_or_else(|| Undecoded::Unknown(name.chars().take(64).collect()))?);
        }
    }
    if encodings.len() > MOST { Err(Undecoded::Unknown(format!("{} of them", encodings.len()))) } else { Ok(encodings) }
}

async fn decoded(
    body: &ReplayBody,
    encodings: Vec<Encoding>,
    headers: &mut HeaderMap,
    budget: &Arc<Budget>,
    turn: &Semaphore,
) -> Result<ReplayBody, Undecoded> {
    body.collect().await.map_err(Undecoded::Body)?;
    let Some(encoded) = body.whole() else {
        let is_long = body.length() > super::KEPT_PER_REQUEST as u64;
        return Err(if is_long { Undecoded::TooLong } else { Undecoded::NoRoom });
    };
    // One is decoded at a time: beside what is counted stand its encoded bytes and its decoder's window.
    let _turn = turn.acquire().await;
    body.forget();
    let room = budget.room();
    // It takes a while, in which others are served. A decoder that panics costs its own request alone.
    let decoding = background::spawn_blocking(move || decode_all(encoded, &encodings, room));
    let defect = |_| Err(Undecoded::Damaged("compressed body", "its decoder failed".to_owned()));
    let (bytes, room) = decoding.await.unwrap_or_else(defect)?;
    for name in [CONTENT_ENCODING, CONTENT_LENGTH] {
        headers.remove(name);
    }
    // Sums of the encoded bytes.
    for name in ["content-md5", "content-digest", "digest"] {
        headers.remove(name);
    }
    Ok(ReplayBody::whole_of(bytes, room))
}

/// The bytes without all of `encodings`, the last one first.
fn decode_all(encoded: Bytes, encodings: &[Encoding], mut room: Room) -> Result<(Bytes, Room), Undecoded> {
    let mut bytes = encoded;
    if bytes.is_empty() {
        return Ok((bytes, room));
    }
    for encoding in encodings.iter().rev() {
        bytes = decode(&bytes, *encoding, &mut room)?.into();
    }
    // What is empty was never counted.
    if room.hold(bytes.len()) { Ok((bytes, room)) } else { Err(Undecoded::NoRoom) }
}

fn decode(encoded: &[u8], encoding: Encoding, room: &mut Room) -> Result<Vec<u8>, Undecoded> {
    match encoding {
        Encoding::Gzip => read(flate2::bufread::MultiGzDecoder::new(encoded), encoding, room),
        Encoding::Deflate if is_zlib(encoded) => read(flate2::bufread::ZlibDecoder::new(encoded), encoding, room),
        // What some clients have always sent under this name.
        Encoding::Deflate => read(flate2::bufread::DeflateDecoder::new(encoded), encoding, room),
        // The window of a "large" one is no part of the standard, and may be a gigabyte.
        Encoding::Brotli if encoded.first().is_some_and(|first| first & 0x7F == 0x11) => {
            Err(Undecoded::Damaged(encoding.name(), "its window is larger than the standard's".to_owned()))
        }
        Encoding::Brotli => read(brotli_decompressor::Decompressor::new(encoded, PIECE), encoding, room),
        Encoding::Zstd => read(Frames::new(encoded), encoding, room),
    }
}

/// Reads to the end, but for more than a body may be. What it was read of is counted no more.
fn read(mut decoder: impl Read, encoding: Encoding, room: &mut Room) -> Result<Vec<u8>, Undecoded> {
    let mut out = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let count = match decoder.read(&mut piece) {
            Ok(0) => return Ok(out),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Undecoded::Damaged(encoding.name(), error.to_string())),
        };
        let length = out.len() + count;
        if length as u64 > MAX_BODY {
            return Err(Undecoded::TooLong);
        }
        if !room.hold(length) {
            return Err(Undecoded::NoRoom);
        }
        out.extend_from_slice(&piece[..count]);
    }
}

/// Whether it begins as RFC 1950 says.
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [method, flags, ..] if method & 0x0F == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

/// The frames of a zstd body, one after another; those to be skipped are.
struct Frames<'e> {
    rest: &'e [u8],
    decoder: FrameDecoder,
    is_in_frame: bool,
}

impl Frames<'_> {
    fn new(encoded: &[u8]) -> Frames<'_> {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW as u64);
        Frames { rest: encoded, decoder, is_in_frame: false }
    }

    fn begin(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.rest) {
            Ok(()) => self.is_in_frame = true,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                self.rest = self.rest.get(length..).ok_or_else(|| io::Error::other("a frame is cut off"))?;
            }
            Err(error) => return Err(io::Error::other(error.to_string())),
        }
        Ok(())
    }
}

impl Read for Frames<'_> {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_in_frame {
                let count = self.decoder.read(piece)?;
                if count > 0 {
                    return Ok(count);
                }
                if self.decoder.is_finished() {
                    let (expected, found) =
                        (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
                    if expected.is_some() && expected != found {
                        return Err(io::Error::other("its checksum does not fit"));
                    }
                    self.is_in_frame = false;
                    continue;
                }
                let strategy = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder
                    .decode_blocks(&mut self.rest, strategy)
                    .map_err(|error| io::Error::other(error.to_string()))?;
            } else if self.rest.is_empty() {
                return Ok(0);
            } else {
                self.begin()?;
            }
        }
    }
}

#[cfg(test)]
mod tests;
