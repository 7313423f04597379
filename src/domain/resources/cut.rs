//! Takes entries out of the lists of a JSON text. All other bytes stay as they are, and no tree is made of them.

use std::ops::Range;

/// `text` without the entries at `places`, which stand in their order and apart.
pub fn without(text: &[u8], places: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for place in places.iter().filter(|place| place.end <= text.len()) {
        let Some(before) = text.get(from..place.start) else { continue };
        out.extend_from_slice(before);
        from = place.end;
        // With the comma behind it, or the one in front of the last entry.
        let spaces = text[from..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if text.get(from + spaces) == Some(&b',') {
            from += spaces + 1;
        } else {
            let kept = out.trim_ascii_end();
            if let Some(kept) = kept.strip_suffix(b",") {
                out.truncate(kept.len());
            }
        }
    }
    out.extend_from_slice(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_goes_with_one_comma() {
        for (text, cut, expected) in [
            ("[A, b, c]", vec!["A"], "[ b, c]"),
            ("[a, B , c]", vec!["B"], "[a,  c]"),
            ("[a , C ]", vec!["C"], "[a  ]"),
            ("[A]", vec!["A"], "[]"),
            ("[A,B]", vec!["A", "B"], "[]"),
            ("[a,B,C],[D,e]", vec!["B", "C", "D"], "[a],[e]"),
            ("[a]", vec![], "[a]"),
        ] {
            let places: Vec<Range<usize>> = cut
                .iter()
                .map(|entry| {
                    let at = text.find(entry).unwrap();
                    at..at + entry.len()
                })
                .collect();
            assert_eq!(without(text.as_bytes(), &places), expected.as_bytes(), "{text}");
        }
    }
}
