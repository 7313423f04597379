//! Text files as other programs write them: Windows' put a byte order mark before UTF-8 or write UTF-16.

use std::borrow::Cow;

/// The mark that programs of Windows put before UTF-8.
pub const MARK: &str = "\u{feff}";

/// Whether a mark says that `bytes` are UTF-16.
pub fn is_wide(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
}

/// `bytes` as UTF-8 without a mark. What a mark does not announce stays as it is; UTF-16 that is cut or damaged too.
pub fn utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let wide = |rest: &[u8], read: fn([u8; 2]) -> u16| {
        let (units, odd) = rest.as_chunks::<2>();
        // Never moved while it grows, so that a secret in it leaves no copy behind.
        let mut text = String::with_capacity(3 * units.len());
        for letter in char::decode_utf16(units.iter().map(|unit| read(*unit))) {
            text.push(letter.ok()?);
        }
        odd.is_empty().then(|| text.into_bytes())
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes).map_or(Cow::Borrowed(bytes), Cow::Owned),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes).map_or(Cow::Borrowed(bytes), Cow::Owned),
        _ => Cow::Borrowed(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_how_a_text_is_written() {
        let text = "{\"é\": \"👍\"}";
        let little: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        for (what, bytes) in [
            ("plain", text.as_bytes().to_vec()),
            ("marked", format!("\u{feff}{text}").into_bytes()),
            ("little-endian", little.clone()),
            ("big-endian", big),
        ] {
            assert_eq!(utf8(&bytes), text.as_bytes(), "{what}");
            assert_eq!(is_wide(&bytes), what.ends_with("endian"), "{what}");
            assert_eq!(bytes.starts_with(MARK.as_bytes()), what == "marked", "{what}");
        }
        for odd in [&little[..little.len() - 1], &[0xff, 0xfe, 0x00, 0xd8], &[0xff], b""] {
            assert_eq!(utf8(odd), odd, "{odd:?}");
        }
    }
}
