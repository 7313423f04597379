//! OpenCode's JSON file, in which comments and trailing commas are allowed.

use std::path::Path;

use serde_json::{Map, Value};

use super::Source;
use super::keys::KEYS;
use super::layers::{Entry, Layer, read};
use super::toml_value::line_of;

/// Keys of other tools that share this file; they are theirs to check.
const FOREIGN: [&str; 1] = ["$schema"];

pub fn layer(path: &Path) -> Layer {
    let text = match read(path, Source::Json) {
        Ok(Some(text)) => plain_json(&text),
        Ok(None) => return Layer::default(),
        Err(broken) => return broken,
    };
    let table = match serde_json::from_str::<Map<String, Value>>(&text) {
        Ok(table) => table,
        Err(error) => {
            let place = format!("{}:{}", path.display(), error.line());
            return Layer::broken(Source::Json, place, "not valid JSON", error.to_string());
        }
    };
    let ours = table.into_iter().filter(|(name, _)| !FOREIGN.contains(&name.as_str()));
    let entries = ours.map(|(name, value)| {
        let key = KEYS.iter().find(|key| key.json == Some(name.as_str()));
        let place = format!("{}:{}", path.display(), line_of_key(&text, &name));
        Entry::new(Source::Json, key, &name, value, Some(place))
    });
    Layer { entries: entries.collect(), broken: None }
}

/// Blanks comments and trailing commas out, leaving every other byte where it was so that lines stay true.
pub fn plain_json(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    let mut last_comma = None;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => {
                last_comma = None;
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            (b'/', Some(b'/')) => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    bytes[at] = b' ';
                    at += 1;
                }
                continue;
            }
            (b'/', Some(b'*')) => {
                let end = text.get(at..).and_then(|rest| rest.find("*/")).map_or(bytes.len(), |found| at + found + 2);
                for byte in &mut bytes[at..end] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
                at = end;
                continue;
            }
            (b',', _) => last_comma = Some(at),
            (b'}' | b']', _) => {
                if let Some(comma) = last_comma.take() {
                    bytes[comma] = b' ';
                }
            }
            (byte, _) if !byte.is_ascii_whitespace() => last_comma = None,
            _ => {}
        }
        at += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn line_of_key(text: &str, name: &str) -> usize {
    text.find(&format!("\"{name}\"")).map_or(1, |at| line_of(text, at))
}

#[cfg(test)]
mod tests {
    use super::plain_json;

    #[test]
    fn comments_and_trailing_commas_go_and_lines_stay() {
        let text = "{ // one, \"x\"\n  /* two\n , */ \"a\": \"http://x/*y*/,]\", \"b\": [1, 2,],\n}";
        let plain = plain_json(text);
        assert_eq!(plain.lines().count(), text.lines().count());
        let value: serde_json::Value = serde_json::from_str(&plain).unwrap();
        assert_eq!(value, serde_json::json!({"a": "http://x/*y*/,]", "b": [1, 2]}));
        for broken in ["\"", "\"\\", "/*", "/", "//", ",]", "é/*é"] {
            plain_json(broken);
        }
    }
}
