//! What an envelope lets through, and what not.

use proptest::prelude::*;

use super::*;

const HOME: Binding<'static> =
    Binding { store_id: "store", account_id: "account", base_url: "https://one.test", field: "apiKey" };

fn key(id: &str, byte: u8) -> MasterKey {
    MasterKey::new(id, Zeroizing::new([byte; 32]))
}

#[test]
fn a_sealed_value_opens_in_its_place() {
    let envelope = seal(&key("k1", 1), &HOME, "sk-secret").unwrap();
    assert!(envelope.starts_with("cam1:k1:") && is_envelope(&envelope));
    assert_eq!(key_id(&envelope), Some("k1"));
    assert_eq!(open(&key("k1", 1), &HOME, &envelope).unwrap().expose(), "sk-secret");
}

#[test]
fn every_seal_has_a_nonce_of_its_own() {
    let key = key("k1", 1);
    assert_ne!(seal(&key, &HOME, "same").unwrap(), seal(&key, &HOME, "same").unwrap());
}

#[test]
fn a_moved_value_does_not_open() {
    let key = key("k1", 1);
    let envelope = seal(&key, &HOME, "sk-secret").unwrap();
    for place in [
        Binding { store_id: "other", ..HOME },
        Binding { account_id: "other", ..HOME },
        Binding { base_url: "https://evil.test", ..HOME },
        Binding { field: "refreshToken", ..HOME },
        Binding { store_id: "storea", account_id: "ccount", ..HOME },
    ] {
        assert_eq!(open(&key, &place, &envelope).unwrap_err(), CipherError::Rejected, "{place:?}");
    }
}

#[test]
fn another_key_is_distinguished_from_a_damaged_value() {
    let envelope = seal(&key("k1", 1), &HOME, "sk-secret").unwrap();
    assert_eq!(open(&key("k2", 1), &HOME, &envelope).unwrap_err(), CipherError::OtherKey);
    assert_eq!(open(&key("k1", 2), &HOME, &envelope).unwrap_err(), CipherError::Rejected);
    let renamed = envelope.replace(":k1:", ":k2:");
    assert_eq!(open(&key("k2", 1), &HOME, &renamed).unwrap_err(), CipherError::Rejected);
}

#[test]
fn a_value_that_is_no_envelope_is_malformed() {
    for text in ["", "cam1", "cam1:", "cam1:k1", "cam1:k1:", "cam1:k1:AAAA", "cam1:k1:%%%%", "cam1:k1:🦀"] {
        assert_eq!(open(&key("k1", 1), &HOME, text).unwrap_err(), CipherError::Malformed, "{text}");
    }
}

#[test]
fn a_key_does_not_print() {
    assert_eq!(format!("{:?}", key("k1", 7)), r#"MasterKey { id: "k1", .. }"#);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back(text in ".{0,200}") {
        let envelope = seal(&key("k", 3), &HOME, &text).unwrap();
        let opened = open(&key("k", 3), &HOME, &envelope).unwrap();
        prop_assert_eq!(opened.expose(), &text);
    }

    #[test]
    fn any_changed_byte_is_noticed(at in 8_usize..60, byte in any::<u8>()) {
        let envelope = seal(&key("k1", 3), &HOME, "a secret that is long enough").unwrap();
        let mut bytes = envelope.clone().into_bytes();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        if let Ok(changed) = String::from_utf8(bytes) {
            prop_assert!(open(&key("k1", 3), &HOME, &changed).is_err());
        }
    }

    #[test]
    fn no_text_breaks_the_reader(text in "cam1:.{0,80}|.{0,80}") {
        prop_assert!(open(&key("k", 3), &HOME, &text).is_err());
    }
}
