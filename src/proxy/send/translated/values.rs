//! How many values a text holds, without making a tree of it.

/// How many values a JSON text has at most: what may begin one, outside of its strings.
pub fn count(bytes: &[u8]) -> usize {
    let (mut count, mut rest) = (0, bytes);
    let begins = |bytes: &[u8]| bytes.iter().filter(|byte| matches!(byte, b',' | b':' | b'[' | b'{')).count();
    while let Some(quote) = memchr::memchr(b'"', rest) {
        count += begins(&rest[..quote]);
        rest = &rest[quote + 1..];
        // To the end of the string, past what is escaped in it.
        while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
            let is_end = rest[at] == b'"';
            rest = rest.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
            if is_end {
                break;
            }
        }
    }
    count + begins(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        for (text, expected) in [
            (r#"{"a":[1,2,{"b":3}]}"#, 7),
            (r#"{"a":"[[[,,,:::{{{"}"#, 2),
            (r#"{"a":"x\"[[[\\","b":1}"#, 4),
            (r#"["open"#, 1),
            (r#"["open\"#, 1),
            ("", 0),
        ] {
            assert_eq!(count(text.as_bytes()), expected, "{text}");
        }
    }
}
