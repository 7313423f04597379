//! Switches by hand, as people read them.

use super::plain;
use crate::protocol::accounts::Account;
use crate::protocol::pins::{Pin, SwitchScope};

/// A mark in the account's row: that it is pinned, and for which families; `None` when it is not.
pub fn mark(pins: &[Pin], account: &Account) -> Option<String> {
    let of_account = || pins.iter().filter(|pin| pin.account == account.id);
    let families: Vec<&str> = of_account().filter_map(|pin| pin.family.as_deref()).collect();
    if of_account().any(|pin| pin.family.is_none()) {
        return Some("pinned".to_owned());
    }
    (!families.is_empty()).then(|| format!("pinned for {}", families.join(", ")))
}

/// A line for each pin that every session follows, with what takes it back.
pub fn lines(pins: &[Pin], accounts: &[Account]) -> Vec<String> {
    let line = |pin: &Pin| {
        let account = accounts.iter().find(|account| account.id == pin.account)?;
        let (whom, option) = match &pin.family {
            None => (String::new(), String::new()),
            Some(family) if is_word(family) => (format!(" for `{family}`"), format!(" --family {family}")),
            // A shell might take it for something else.
            Some(family) => (format!(" for `{}`", plain(family)), " --family …".to_owned()),
        };
        let (index, label) = (account.index, plain(&account.label));
        let taken_back = format!("`codex-account-manager switch --auto{option}` removes the pin");
        Some(format!("Pinned everywhere{whom}: account {index} ({label}). {taken_back}."))
    };
    pins.iter().filter(|pin| pin.scope == SwitchScope::Everywhere).filter_map(line).collect()
}

/// What one session is pinned to; `None` for nothing.
pub fn of_session(pins: &[Pin], accounts: &[Account]) -> Option<String> {
    let name = |pin: &Pin| {
        let account = accounts.iter().find(|account| account.id == pin.account);
        let label = account.map_or(pin.account.as_str(), |account| account.label.as_str());
        let family = pin.family.as_ref().map(|family| format!("{family}: ")).unwrap_or_default();
        let scope = match pin.scope {
            SwitchScope::Session => "",
            SwitchScope::Everywhere => " (everywhere)",
        };
        format!("{family}{label}{scope}")
    };
    (!pins.is_empty()).then(|| pins.iter().map(name).collect::<Vec<_>>().join(", "))
}

fn is_word(family: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':');
    !family.starts_with('-') && !family.is_empty() && family.bytes().all(is_plain)
}
