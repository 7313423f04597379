//! Just enough of HTTP/1.1 to find where a message ends; the tools that measure must cost less than what they measure.

use std::io;

use bytes::{Buf, Bytes, BytesMut};

/// The head of a message.
pub struct Head {
    /// How many bytes it has, the empty line included.
    pub length: usize,
    /// How its body ends.
    pub body: Body,
}

/// How a body ends.
#[derive(Clone, Copy)]
pub enum Body {
    /// After so many bytes.
    Length(usize),
    /// After a chunk of no bytes.
    Chunked,
}

/// The head at the start of `bytes`, or `None` when it is not whole yet.
pub fn head(bytes: &[u8]) -> Option<Head> {
    let length = find(bytes, b"\r\n\r\n")? + 4;
    let mut body = Body::Length(0);
    for line in bytes[..length].split(|&byte| byte == b'\n') {
        if let Some(value) = value_of(line, b"content-length") {
            body = Body::Length(value.trim().parse().unwrap_or(0));
        } else if value_of(line, b"transfer-encoding").is_some() {
            body = Body::Chunked;
        }
    }
    Some(Head { length, body })
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let (found, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b":")?;
    if found.eq_ignore_ascii_case(name) { std::str::from_utf8(value).ok() } else { None }
}

/// Takes the next chunk off `bytes`, or `None` when it is not whole yet; an empty one is the last.
pub fn next_chunk(bytes: &mut BytesMut) -> io::Result<Option<Bytes>> {
    let Some(line) = find(bytes, b"\r\n") else { return Ok(None) };
    let digits = std::str::from_utf8(&bytes[..line]).map_err(io::Error::other)?;
    let size = usize::from_str_radix(digits, 16).map_err(io::Error::other)?;
    if bytes.len() < line + 2 + size + 2 {
        return Ok(None);
    }
    bytes.advance(line + 2);
    let chunk = bytes.split_to(size).freeze();
    bytes.advance(2);
    Ok(Some(chunk))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
