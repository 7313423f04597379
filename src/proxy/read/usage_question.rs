//! A stream of completions reports what it used only when it is asked to: `stream_options.include_usage`. Where the client
//! does not ask, the proxy does, or a stream would run free of every limit.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::lenient_json::Key;
use crate::domain::resources::target;
use crate::proxy::read::body::Insertion;

/// What makes the body of a request to `path` ask for the usage of its stream. `None` when it is no such request, when the
/// client asks itself, and when what it says is the upstream's to refuse.
pub fn for_usage(path: &str, body: &[u8]) -> Option<Insertion> {
    if !matches!(&*plain(path), "/v1/chat/completions" | "/v1/completions") {
        return None;
    }
    let Entries(entries) = serde_json::from_slice(body).ok()?;
    if last(&entries, "stream")?.get() != "true" {
        return None;
    }
    let place = |value: &RawValue| {
        let at = value.get().as_ptr() as usize - body.as_ptr() as usize;
        at..at + value.get().len()
    };
    let Some(options) = last(&entries, "stream_options") else {
        let end = memchr::memrchr(b'}', body)?;
        return Some(insertion(end..end, b",\"stream_options\":{\"include_usage\":true}"));
    };
    if options.get() == "null" {
        return Some(insertion(place(options), b"{\"include_usage\":true}"));
    }
    let Entries(said) = serde_json::from_str(options.get()).ok()?;
    match last(&said, "include_usage") {
        None => {
            let begin = place(options).start + 1;
            let text: &[u8] = if said.is_empty() { b"\"include_usage\":true" } else { b"\"include_usage\":true," };
            Some(insertion(begin..begin, text))
        }
        Some(value) if matches!(value.get(), "false" | "null") => Some(insertion(place(value), b"true")),
        Some(_) => None,
    }
}

/// The path as an upstream reads it: `%63` is `c` there too, and a slash at the end is none. What does not decode stays.
pub fn plain(path: &str) -> Cow<'_, str> {
    target::decoded(path.trim_end_matches('/'))
}

fn insertion(place: Range<usize>, text: &'static [u8]) -> Insertion {
    Insertion { at: place.start as u64, replaces: place.len() as u64, text: Bytes::from_static(text) }
}

/// Of a key that stands there twice the last counts, as it does for the upstream.
fn last<'b>(entries: &[(Cow<'b, str>, &'b RawValue)], key: &str) -> Option<&'b RawValue> {
    entries.iter().rev().find(|(known, _)| known == key).map(|(_, value)| *value)
}

/// The few entries of an object that are inspected, each value as it stands in the text.
struct Entries<'b>(Vec<(Cow<'b, str>, &'b RawValue)>);

/// The keys that are inspected.
const KEYS: [&str; 3] = ["stream", "stream_options", "include_usage"];

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject;

        impl<'de> Visitor<'de> for OfObject {
            type Value = Entries<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                let mut is_empty = true;
                while let Some(Key(key)) = map.next_key()? {
                    is_empty = false;
                    if KEYS.contains(&&*key) {
                        entries.push((key, map.next_value()?));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                // Something stands there, whatever it is.
                if entries.is_empty() && !is_empty {
                    entries.push((Cow::Borrowed(""), RawValue::NULL));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(OfObject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, asking: Option<&str>) {
        for path in ["/v1/chat/completions", "/v1/completions", "/v1/chat/%63ompletions", "/v1/completions/"] {
            let found = for_usage(path, body.as_bytes()).map(|Insertion { at, replaces, text }| {
                let at = usize::try_from(at).unwrap();
                let behind = at + usize::try_from(replaces).unwrap();
                format!("{}{}{}", &body[..at], std::str::from_utf8(&text).unwrap(), &body[behind..])
            });
            assert_eq!(found.as_deref(), asking, "{body}");
        }
        assert_eq!(for_usage("/v1/responses", body.as_bytes()), None);
    }

    #[test]
    fn usage_is_asked_for_where_the_client_does_not() {
        let asked = r#"{"stream":true,"stream_options":{"include_usage":true}}"#;
        check(r#"{"stream":true}"#, Some(asked));
        check(r#"{"stream":true,"stream_options":{}}"#, Some(asked));
        check(r#"{"stream":true,"stream_options":null}"#, Some(asked));
        check(r#"{"stream":true,"stream_options":{"include_usage":false}}"#, Some(asked));
        check(r#"{"stream":true,"stream_options":{"include_usage":null}}"#, Some(asked));
        check(
            r#"{"stream_options" : null , "stream":true}"#,
            Some(r#"{"stream_options" : {"include_usage":true} , "stream":true}"#),
        );
        check(
            r#"{"stream":true,"stream_options":{ } }"#,
            Some(r#"{"stream":true,"stream_options":{"include_usage":true } }"#),
        );
        check(
            r#"{"stream_options":{"include_obfuscation":false},"stream":true}"#,
            Some(r#"{"stream_options":{"include_usage":true,"include_obfuscation":false},"stream":true}"#),
        );
        check(
            r#"{"stream_options":{"include_obfuscation":false, "include_usage" : false },"stream":true}"#,
            Some(r#"{"stream_options":{"include_obfuscation":false, "include_usage" : true },"stream":true}"#),
        );
        check(
            r#"{"stream":true,"messages":[{"stream_options":{"include_usage":true},"content":"}"}]}"#,
            Some(
                r#"{"stream":true,"messages":[{"stream_options":{"include_usage":true},"content":"}"}],"stream_options":{"include_usage":true}}"#,
            ),
        );
    }

    #[test]
    fn of_what_stands_there_twice_the_last_counts() {
        check(
            r#"{"stream":true,"stream_options":{"include_usage":true},"stream_options":null}"#,
            Some(r#"{"stream":true,"stream_options":{"include_usage":true},"stream_options":{"include_usage":true}}"#),
        );
        check(
            r#"{"stream":true,"stream_options":{"include_usage":true,"include_usage":false}}"#,
            Some(r#"{"stream":true,"stream_options":{"include_usage":true,"include_usage":true}}"#),
        );
        check(r#"{"stream":true,"stream_options":null,"stream_options":{"include_usage":true}}"#, None);
        check(r#"{"stream":true,"stream":false}"#, None);
        check(
            r#"{"str\u0065am":true,"stream\u005foptions":{"include_us\u0061ge":false}}"#,
            Some(r#"{"str\u0065am":true,"stream\u005foptions":{"include_us\u0061ge":true}}"#),
        );
    }

    #[test]
    fn everything_else_goes_as_it_is() {
        for body in [
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
            r#"{"stream":true,"stream_options":{"include_usage":"yes"}}"#,
            r#"{"stream":true,"stream_options":5}"#,
            r#"{"stream":true,"stream_options":[]}"#,
            r#"{"stream":"true"}"#,
            r#"{"stream":null}"#,
            r#"{"stream":false}"#,
            "{}",
            "[]",
            "{\"stream\":true",
            "",
        ] {
            check(body, None);
        }
    }
}
