//! Content that only the account that made it can read: it names its account inside.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::account::Account;
use super::jwt::random;
use crate::reply::Reply;

const PREFIX: &str = "gAAAAAB";

/// What stands in `encrypted_content` of a reasoning of `account`.
pub(super) fn seal(account: Account) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(format!("{}.{}", account.0, random(96))))
}

/// Whether `account` made `content`.
pub(super) fn opens(account: Account, content: &str) -> bool {
    let inside = content.strip_prefix(PREFIX).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
    inside.is_some_and(|inside| inside.starts_with(format!("{}.", account.0).as_bytes()))
}

/// Whether `account` made what is encrypted in `request`; else the refusal.
pub(super) fn checked(account: Account, request: &Value) -> Result<(), Reply> {
    let items = request["input"].as_array().into_iter().flatten();
    let mut contents = items.filter_map(|item| item["encrypted_content"].as_str());
    let Some(foreign) = contents.find(|content| !opens(account, content)) else { return Ok(()) };
    let shown: String = foreign.chars().take(8).collect();
    let message = format!(
        "The encrypted content {shown}... could not be verified. Reason: Encrypted content could not be decrypted or \
         parsed."
    );
    Err(Reply::invalid(Some("invalid_encrypted_content"), None, &message))
}
