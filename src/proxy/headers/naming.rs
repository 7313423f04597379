//! What our own headers say of who answers, and among which accounts it was chosen.

use std::fmt::Write;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::account::AccountId;
use crate::domain::projects::Allowed;

/// Says who answers.
pub fn name_account(headers: &mut HeaderMap, account: &AccountId, label: &str) {
    headers.insert(const { HeaderName::from_static("x-account-id") }, percent_encoded(account.as_str()));
    headers.insert(const { HeaderName::from_static("x-account-label") }, percent_encoded(label));
}

/// Says which accounts might answer, where something narrows them.
pub fn name_set(headers: &mut HeaderMap, allowed: Option<&Allowed>) {
    if let Some(name) = allowed.and_then(Allowed::name) {
        headers.insert(const { HeaderName::from_static("x-account-set") }, percent_encoded(name));
    }
}

/// `text` as a header value, with every byte that is not plain ASCII percent-encoded.
fn percent_encoded(text: &str) -> HeaderValue {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte);
    if text.bytes().all(is_plain)
        && let Ok(plain) = HeaderValue::from_str(text)
    {
        return plain;
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    HeaderValue::from_str(&encoded).expect("percent-encoded text is visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_percent_encoded() {
        assert_eq!(percent_encoded("Wörk key/1%").to_str().unwrap(), "W%C3%B6rk%20key%2F1%25");
    }
}
