//! Keys that occur nowhere else, and the search for pieces of them.

use std::collections::HashMap;

/// How many characters in a row are a leak.
const PIECE: usize = 6;

/// The letters before the random part.
const PREFIX: &str = "sk-";

/// A key as people have them: `sk-` and forty random letters and digits.
pub fn random_key() -> String {
    let mut bytes = [0; 40];
    getrandom::fill(&mut bytes).unwrap();
    let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let random = bytes.iter().map(|byte| char::from(letters[usize::from(*byte) % letters.len()]));
    PREFIX.chars().chain(random).collect()
}

/// A random number below `limit`.
pub fn random_below(limit: u32) -> u32 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).unwrap();
    u32::from_le_bytes(bytes) % limit
}

/// Fails when six characters in a row of the random part of any of `keys` occur in `text`.
#[track_caller]
pub fn check_no_leak(place: &str, text: &[u8], keys: &[impl AsRef<str>]) {
    let mut pieces = HashMap::new();
    for (number, key) in keys.iter().enumerate() {
        let key = key.as_ref();
        let random = key.strip_prefix(PREFIX).unwrap_or(key).as_bytes();
        pieces.extend(random.windows(PIECE).map(|piece| (piece, number + 1)));
    }
    if let Some(at) = text.windows(PIECE).position(|piece| pieces.contains_key(piece)) {
        let around = &text[at.saturating_sub(200)..(at + 80).min(text.len())];
        panic!("{place} has a piece of secret {}: {}", pieces[&text[at..at + PIECE]], String::from_utf8_lossy(around));
    }
}

#[test]
fn a_piece_of_a_key_is_found_and_its_prefix_is_none() {
    let key = random_key();
    assert_eq!(key.len(), 43);
    check_no_leak("a text with the prefix", format!("sk-{}", &key[3..8]).as_bytes(), &[&key]);
    let leaked = std::panic::catch_unwind(|| check_no_leak("it", format!("x{}y", &key[9..15]).as_bytes(), &[&key]));
    assert!(leaked.is_err());
}
