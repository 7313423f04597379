//! Just enough of HTTP/1.1 to find where a message ends; the tools that measure must cost less than what they measure.

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

/// Where `what` begins in `bytes`.
pub fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
