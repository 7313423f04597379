//! The parameters that were left out, by name, as a header lists them.

use std::collections::HashSet;
use std::fmt::Write;

/// So many are named. What a conversation repeats in every message would fill the header.
const MOST: usize = 64;

/// The longest name in the header, in bytes.
const LONGEST: usize = 128;

/// Names, each once, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    names: Vec<String>,
    known: HashSet<String>,
}

impl Dropped {
    /// The parameter, or the place in one, was left out.
    pub(super) fn add(&mut self, name: &str) {
        let name = escaped(name);
        if self.known.insert(name.clone()) && self.names.len() < MOST {
            self.names.push(name);
        }
    }

    /// It was not, after all.
    pub(super) fn remove(&mut self, name: &str) {
        self.names.retain(|known| known != name);
        self.known.remove(name);
    }

    /// Whether all was kept.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The value of `x-dropped-parameters`.
    pub fn header(&self) -> String {
        let names = self.names.join(", ");
        match self.known.len() - self.names.len() {
            0 => names,
            more => format!("{names}, and {more} more"),
        }
    }
}

/// A name as a header can have it: what a client calls its own fields may have any letters.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for byte in name.bytes() {
        match byte {
            b'!'..=b'~' if byte != b',' && byte != b'%' => escaped.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
        if escaped.len() >= LONGEST {
            break;
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_once_in_letters_that_a_header_can_have() {
        let mut dropped = Dropped::default();
        assert!(dropped.is_empty());
        for name in ["user", "messages[0].name", "user", "store", "messages[1].größe, 100 %\n"] {
            dropped.add(name);
        }
        dropped.remove("store");
        assert_eq!(dropped.names().len(), 3);
        assert_eq!(dropped.header(), "user, messages[0].name, messages[1].gr%C3%B6%C3%9Fe%2C%20100%20%25%0A");
    }

    #[test]
    fn a_header_is_bounded() {
        let mut dropped = Dropped::default();
        for index in 0..1000 {
            dropped.add(&format!("messages[{index}].{}", "x".repeat(500)));
            dropped.add(&format!("messages[{index}].{}", "x".repeat(500)));
        }
        assert!(dropped.header().ends_with(", and 936 more"), "{}", dropped.header());
        assert!(dropped.header().len() < 9000);
    }
}
