//! The fields of a form, `multipart/form-data` (RFC 7578) or `application/x-www-form-urlencoded`. A file in it is passed
//! over where it stands and is never copied.

use std::borrow::Cow;

use memchr::memmem;

use super::place::{self, Place};

/// What is longer is no field that names anything.
const LONGEST_VALUE: usize = 64 * 1024;

/// No head of a part is longer.
const LONGEST_HEAD: usize = 16 * 1024;

/// No form has more parts that are read.
const MOST: usize = 4_096;

/// A field and its value.
pub type Field<'f> = (Cow<'f, [u8]>, Cow<'f, [u8]>);

/// The boundary that a `multipart/form-data` content type names.
pub fn boundary(content_type: &str) -> Option<Vec<u8>> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    parameter(parameters.as_bytes(), b"boundary").filter(|boundary| (1..=200).contains(&boundary.len()))
}

/// The fields of a multipart form, in their order, as far as it came. Files are left out.
pub fn multipart<'f>(body: &'f [u8], boundary: &[u8]) -> Vec<Field<'f>> {
    let delimiter = [b"--", boundary].concat();
    let finder = memmem::Finder::new(&delimiter);
    // A delimiter stands at the beginning of a line.
    let mut ends = finder.find_iter(body).filter(|at| *at == 0 || body[at - 1] == b'\n').peekable();
    let mut fields = Vec::new();
    while let Some(at) = ends.next() {
        let begin = at + delimiter.len();
        if body[begin..].starts_with(b"--") || fields.len() >= MOST {
            break;
        }
        let part = &body[begin..ends.peek().copied().unwrap_or(body.len())];
        // The rest of the delimiter's own line.
        let Some(line) = memchr::memchr(b'\n', &part[..part.len().min(LONGEST_HEAD)]) else { continue };
        let part = &part[line + 1..];
        let Some((head, value)) = head_and_value(part) else { continue };
        let Some(name) = name(head).filter(|_| value.len() <= LONGEST_VALUE) else { continue };
        let value = value.strip_suffix(b"\n").map_or(value, |value| value.strip_suffix(b"\r").unwrap_or(value));
        fields.push((Cow::Owned(name), Cow::Borrowed(value)));
    }
    fields
}

/// The fields of an urlencoded form.
pub fn urlencoded(body: &[u8]) -> Vec<Field<'static>> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| pair.len() <= LONGEST_VALUE).take(MOST);
    pairs
        .filter_map(|pair| {
            let (key, value) = pair.split_at(memchr::memchr(b'=', pair)?);
            let read = |text: &[u8]| {
                let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
                Cow::Owned(percent_decoded(&spaced))
            };
            Some((read(key), read(&value[1..])))
        })
        .collect()
}

/// Whether the value of the field `name` is an id: `file_id`, `file_ids[]`, `video[id]`.
pub fn names(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"[]").unwrap_or(name);
    if let Some(inner) = name.strip_suffix(b"]") {
        let key = inner.rsplit(|byte| *byte == b'[').next().unwrap_or_default();
        return matches!(place::of(key), Place::Names | Place::Id);
    }
    place::of(name) == Place::Names
}

/// `text` with `%5F` read as `_`. What does not decode stays.
pub fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|digits| byte == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match code {
            Some(code) => {
                out.push(code);
                rest = &behind[2..];
            }
            None => {
                out.push(byte);
                rest = behind;
            }
        }
    }
    out
}

fn head_and_value(part: &[u8]) -> Option<(&[u8], &[u8])> {
    // A part may have no head at all.
    let near = &part[..part.len().min(LONGEST_HEAD)];
    let mut at = 0;
    loop {
        let end = at + memchr::memchr(b'\n', &near[at..])?;
        if near[at..end].trim_ascii().is_empty() {
            return Some((&part[..at], &part[end + 1..]));
        }
        at = end + 1;
    }
}

/// The name of a field. `None` of a file.
fn name(head: &[u8]) -> Option<Vec<u8>> {
    let disposition = head.split(|byte| *byte == b'\n').find_map(|line| {
        let (key, value) = line.split_at(memchr::memchr(b':', line)?);
        key.trim_ascii().eq_ignore_ascii_case(b"content-disposition").then(|| &value[1..])
    })?;
    let parameters = &disposition[memchr::memchr(b';', disposition)?..];
    let is_file = parameter(parameters, b"filename").is_some() || parameter(parameters, b"filename*").is_some();
    parameter(parameters, b"name").filter(|_| !is_file)
}

/// The value of the parameter `wanted` of a header, quoted or not.
fn parameter(mut rest: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    loop {
        rest = rest.trim_ascii_start();
        if let Some(behind) = rest.strip_prefix(b";") {
            rest = behind;
            continue;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'=' | b';'))?;
        let key = rest[..end].trim_ascii();
        if rest[end] == b';' {
            rest = &rest[end..];
            continue;
        }
        let mut value = Vec::new();
        rest = rest[end + 1..].trim_ascii_start();
        if let Some(mut quoted) = rest.strip_prefix(b"\"") {
            loop {
                let (&byte, behind) = quoted.split_first()?;
                quoted = behind;
                match byte {
                    b'"' => break,
                    b'\\' if matches!(quoted.first(), Some(b'"' | b'\\')) => {
                        value.push(quoted[0]);
                        quoted = &quoted[1..];
                    }
                    other => value.push(other),
                }
            }
            rest = quoted;
        } else {
            let end = rest.iter().position(|byte| *byte == b';').unwrap_or(rest.len());
            value.extend_from_slice(rest[..end].trim_ascii());
            rest = &rest[end..];
        }
        if key.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fields: &[Field<'_>]) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect()
    }

    #[test]
    fn fields_are_found_in_any_order_and_files_are_none() {
        let model = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n";
        let file = "--b\r\nContent-Disposition: form-data; name=\"model\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n--bRIFF\r\nmodel\r\n";
        let bare =
            "--b\r\ncontent-type: text/plain; charset=utf-8\r\nCONTENT-DISPOSITION:form-data;name=model\r\n\r\nm\r\n";
        let lines = "--b\ncontent-disposition: form-data; name=\"model\"\n\nm\n--b--\n";
        for (body, expected) in [
            (format!("{model}{file}--b--\r\n"), vec!["model=whisper-1"]),
            (format!("{file}{model}--b--\r\n"), vec!["model=whisper-1"]),
            (format!("preamble\r\n{bare}--b--\r\n{model}"), vec!["model=m"]),
            (lines.to_owned(), vec!["model=m"]),
            (file.to_owned(), vec![]),
            (model.to_owned(), vec!["model=whisper-1"]),
            ("--b\r\n\r\nx\r\n--b\r\n".to_owned(), vec![]),
            ("--b".to_owned(), vec![]),
            (String::new(), vec![]),
        ] {
            assert_eq!(shown(&multipart(body.as_bytes(), b"b")), expected, "{body}");
        }
    }

    #[test]
    fn the_boundary_is_read_quoted_or_not() {
        for (kind, expected) in [
            ("multipart/form-data; boundary=XX", Some("XX")),
            ("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/mixed; boundary=XX", None),
        ] {
            assert_eq!(boundary(kind).as_deref(), expected.map(str::as_bytes), "{kind}");
        }
    }

    #[test]
    fn an_urlencoded_form_is_read_too() {
        assert_eq!(shown(&urlencoded(b"model=gpt-5.2&x=a+b%21&y&z=%")), ["model=gpt-5.2", "x=a b!", "z=%"]);
    }

    #[test]
    fn fields_that_name_something_are_known_in_brackets_too() {
        for (name, expected) in [
            ("file_id", true),
            ("file_ids[]", true),
            ("video[id]", true),
            ("container", true),
            ("model", false),
            ("prompt", false),
            ("timestamp_granularities[]", false),
        ] {
            assert_eq!(names(name.as_bytes()), expected, "{name}");
        }
    }
}
