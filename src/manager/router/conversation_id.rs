//! What a login's backend calls a conversation that its client gave no name: the same in each of its turns, in every
//! process and after a restart, and nothing of what is said in it.

use ring::digest;

use crate::domain::routing::conversation::ConversationKey;

/// An id in the form of a UUID. It is salted with the id of the accounts file, so that one conversation of two people
/// is not known to be the same.
pub fn conversation_id(salt: &str, key: ConversationKey) -> String {
    let mut hashed = digest::Context::new(&digest::SHA256);
    hashed.update(salt.as_bytes());
    hashed.update(&[0]);
    hashed.update(&key.as_bytes());
    let half = hashed.finish().as_ref().first_chunk().map_or(0, |half| u128::from_be_bytes(*half));
    // Version 8 and the variant of RFC 9562, whose other bits are the creator's own.
    let digits = format!("{:032x}", half & !(0xf << 76 | 0x3 << 62) | 0x8 << 76 | 0x2 << 62);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::routing::conversation::conversation_key;

    #[test]
    fn an_id_is_of_one_conversation_and_one_accounts_file() {
        let key = |text: &[u8]| conversation_key(None, &|_| None, Some(text)).unwrap();
        let id = conversation_id("store", key(b"hi"));
        assert_eq!(id, conversation_id("store", key(b"hi")));
        assert_ne!(id, conversation_id("store", key(b"ho")));
        assert_ne!(id, conversation_id("other", key(b"hi")));
        let form: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!((form, &id[14..15]), (vec![8, 4, 4, 4, 12], "8"));
    }
}
