//! Content that only the account that made it can read: it names its account inside.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
#[cfg(feature = "scripting")]
use serde_json::Value;

use super::account::Account;
use super::jwt::random;
#[cfg(feature = "scripting")]
use crate::reply::Reply;

const PREFIX: &str = "gAAAAAB";

/// What stands in `encrypted_content` of a reasoning of `account`.
pub(super) fn seal(account: Account) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(format!("{}.{}", account.0, random(96))))
}

/// Whether `account` made `content`.
#[cfg(feature = "scripting")]
pub(super) fn opens(account: Account, content: &str) -> bool {
    let inside = content.strip_prefix(PREFIX).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
    inside.is_some_and(|inside| inside.starts_with(format!("{}.", account.0).as_bytes()))
}

/// The refusal of a request with a reasoning that `account` did not make.
#[cfg(feature = "scripting")]
pub(super) fn foreign(account: Account, request: &Value) -> Option<Reply> {
    let items = request["input"].as_array()?;
    let contents = items.iter().filter_map(|item| item["encrypted_content"].as_str());
    let foreign = contents.into_iter().find(|content| !opens(account, content))?;
    let shown: String = foreign.chars().take(8).collect();
    let message = format!(
        "The encrypted content {shown}... could not be verified. Reason: Encrypted content could not be decrypted or \
         parsed."
    );
    Some(Reply::error(400, "invalid_request_error", Some("invalid_encrypted_content"), None, &message))
}
