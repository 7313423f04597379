//! Keys that come in messages. Whoever parses, queues and logs a message keeps copies of it that nobody wipes, so each key
//! is extracted first, and the method that it is for resolves the placeholder that stands in its place.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind};
use crate::hardening::wipe_for_a_while;
use crate::manager::random_key;
use crate::protocol::{AccountsAdd, AccountsUpdate, Method};
use crate::secrets::{Secret, Wiped};

/// What a placeholder begins with. No provider's keys do.
const PREFIX: &str = "key-placeholder-";

/// So many wait for their methods at most; those of messages that were refused wait in vain.
const MOST: usize = 1024;

/// The keys of one session's messages. Clones share them.
#[derive(Clone, Default)]
pub struct MessageKeys(Arc<Mutex<VecDeque<Extracted>>>);

/// A placeholder and the key that it stands for.
type Extracted = (String, Secret<String>);

impl MessageKeys {
    /// The message with placeholders for its keys; and whether it had any.
    pub fn extract(&self, message: Wiped) -> (Wiped, bool) {
        let places = std::str::from_utf8(&message).map(places).unwrap_or_default();
        if places.is_empty() {
            return (message, false);
        }
        wipe_for_a_while();
        let mut without = Vec::with_capacity(message.len());
        let mut at = 0;
        for place in places {
            let Ok(key) = serde_json::from_slice(&message[place.clone()]).map(Secret::new) else { continue };
            without.extend_from_slice(&message[at..place.start]);
            at = place.end;
            without.extend_from_slice(format!("\"{}\"", self.store(key)).as_bytes());
        }
        without.extend_from_slice(&message[at..]);
        (Wiped::from(without), true)
    }

    fn store(&self, key: Secret<String>) -> String {
        let placeholder = format!("{PREFIX}{}", random_key().expose());
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST {
            keys.pop_front();
        }
        keys.push_back((placeholder.clone(), key));
        placeholder
    }

    /// The key that a placeholder stands for, once; any other text is a key itself.
    ///
    /// # Errors
    ///
    /// `InvalidParams` for a placeholder that is not known any more.
    pub fn resolve(&self, text: String) -> Result<Secret<String>, Error> {
        if !text.starts_with(PREFIX) {
            // By a door that does not extract keys.
            wipe_for_a_while();
            return Ok(Secret::new(text));
        }
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = keys.iter().position(|(placeholder, _)| *placeholder == text);
        place.and_then(|place| keys.remove(place)).map(|(_, key)| key).ok_or_else(|| {
            Error::new(ErrorKind::InvalidParams, "the key was lost among too many at once").hint("send it again")
        })
    }
}

/// Where the keys of a message stand in it, quotes included, in order.
fn places(message: &str) -> Vec<Range<usize>> {
    // Few messages hold one.
    if !message.contains("Key") && !message.contains("\\u") {
        return Vec::new();
    }
    let all = |object: &str, name: &str| -> Vec<Range<usize>> {
        let members = serde_json::from_str::<Members<'_>>(object).map(|members| members.0).unwrap_or_default();
        let named = members.into_iter().filter(|(found, _)| found == name);
        named.map(|(_, value)| within(message, value.get())).collect()
    };
    let inside = |places: Vec<Range<usize>>, name: &str| -> Vec<Range<usize>> {
        places.into_iter().flat_map(|place| all(&message[place], name)).collect()
    };
    let method = all(message, "method").pop().and_then(|place| serde_json::from_str::<String>(&message[place]).ok());
    let params = || all(message, "params");
    let mut places = match method.as_deref() {
        Some(AccountsAdd::NAME | AccountsUpdate::NAME) => inside(params(), "apiKey"),
        Some("initialize") => inside(inside(params(), "initializationOptions"), "masterKey"),
        _ => Vec::new(),
    };
    places.retain(|place| message[place.clone()].starts_with('"'));
    places
}

/// Where `part`, a piece of `whole`, begins and ends in it.
fn within(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

/// The members of an object as they stand there, also those whose name comes twice.
struct Members<'m>(Vec<(String, &'m RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, keys: &[&str]) {
        let found = MessageKeys::default();
        let (without, has_keys) = found.extract(Wiped::from(message.as_bytes().to_vec()));
        let without = String::from_utf8(without.to_vec()).unwrap();
        assert_eq!(has_keys, !keys.is_empty(), "{message}");
        let mut rebuilt = without.clone();
        for (name, key) in found.0.lock().unwrap().clone() {
            rebuilt = rebuilt.replace(&name, key.expose());
        }
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        assert_eq!(value(&rebuilt), value(message), "nothing else is changed");
        for key in keys {
            assert!(!without.contains(key), "{without}");
        }
        let names = found.0.lock().unwrap().iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let resolved: Vec<String> =
            names.iter().map(|name| found.resolve(name.clone()).unwrap().expose().clone()).collect();
        assert_eq!(resolved, keys, "{message}");
        assert!(names.into_iter().all(|name| found.resolve(name).is_err()), "each is resolved once");
    }

    #[test]
    fn the_keys_of_a_message_are_extracted_wherever_a_method_takes_them() {
        for (message, keys) in [
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"accounts/add","params":{"label":"x","apiKey":"sk-a"}}"#,
                vec!["sk-a"],
            ),
            (r#"{"params":{"apiKey" : "sk-é" ,"account":1},"method":"accounts/update","id":1}"#, vec!["sk-é"]),
            (r#"{"method":"accounts\/update","params":{"api\u004bey":"sk-\u0062"}}"#, vec!["sk-b"]),
            (r#"{"method":"accounts/add","params":{"apiKey":"one","apiKey":"two"}}"#, vec!["one", "two"]),
            (r#"{"method":"accounts/add","params":{"apiKey":7}}"#, vec![]),
            (r#"{"method":"accounts/add","params":["apiKey"]}"#, vec![]),
            (r#"{"method":"accounts/list","params":{"apiKey":"sk-a"}}"#, vec![]),
            (
                r#"{"method":"initialize","params":{"initializationOptions":{"masterKey":"horse","x":{"masterKey":"y"}}}}"#,
                vec!["horse"],
            ),
            (r#"{"method":"initialize","params":{"masterKey":"horse"}}"#, vec![]),
            (r#"{"result":{"apiKey":"x"}}"#, vec![]),
            ("no JSON with a Key", vec![]),
        ] {
            if message.contains("\"one\"") {
                // The parser that compares keeps the last of two.
                let found = MessageKeys::default();
                let (without, _) = found.extract(Wiped::from(message.as_bytes().to_vec()));
                assert!(!String::from_utf8(without.to_vec()).unwrap().contains("one"));
                continue;
            }
            check(message, &keys);
        }
    }

    #[test]
    fn a_text_that_is_no_placeholder_is_a_key_and_an_old_placeholder_is_none() {
        let found = MessageKeys::default();
        assert_eq!(found.resolve("sk-a".to_owned()).unwrap().expose(), "sk-a");
        assert!(found.resolve(format!("{PREFIX}0")).is_err());
    }
}
