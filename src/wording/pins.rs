//! Switches by hand, as people read them.

use super::{below_home, plain};
use crate::protocol::accounts::{Account, PassedOver};
use crate::protocol::pins::{Pin, SwitchScope};
use crate::protocol::status::Session;

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

/// A session that a switch does not reach: `sh in ~/company, by rule 1`.
pub fn left_out(over: &PassedOver, home: Option<&str>) -> String {
    let program = over.program.as_deref().map_or_else(|| format!("process {}", over.pid), plain);
    let folder = over.folder.as_deref().map(|folder| format!(" in {}", plain(&below_home(folder, home))));
    let rule = Some(plain(&over.rule)).filter(|rule| !rule.is_empty()).map(|rule| format!(", by {rule}"));
    format!("{program}{}{}", folder.unwrap_or_default(), rule.unwrap_or_default())
}

/// What a switch did of `whom`, where those `left_out` may not use the account.
pub fn switched(whom: &str, account: &Account, scope: &str, left_out: &[String]) -> String {
    let to = format!("account {} ({}){scope}", account.index, account.label);
    let stays = match left_out {
        [] => return format!("Switched {whom} to {to}"),
        [_] => "One session may not use it and stays".to_owned(),
        more => format!("{} sessions may not use it and stay", more.len()),
    };
    format!("Switched to {to}. {stays}: {}", left_out.join("; "))
}

/// What one session is pinned to; `None` for nothing.
pub fn of_session(session: &Session, accounts: &[Account]) -> Option<String> {
    let pins = &session.pins;
    let may_use = |id: &String| session.account_set.as_ref().is_none_or(|set| set.accounts.contains(id));
    let name = |pin: &Pin| {
        let account = accounts.iter().find(|account| account.id == pin.account);
        let label = account.map_or(pin.account.as_str(), |account| account.label.as_str());
        let family = pin.family.as_ref().map(|family| format!("{family}: ")).unwrap_or_default();
        let scope = match pin.scope {
            _ if !may_use(&pin.account) => " (not allowed)",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::facts::{household, sessions};

    #[test]
    fn a_switch_names_the_sessions_that_it_does_not_reach() {
        let account = household().swap_remove(0);
        let over = |pid, program: Option<&str>, folder: Option<&str>, rule: &str| PassedOver {
            id: format!("s-{pid}"),
            pid,
            program: program.map(str::to_owned),
            folder: folder.map(str::to_owned),
            rule: rule.to_owned(),
        };
        let one = over(1, Some("sh"), Some("/home/me/company"), "rule 1");
        let two = over(2, None, None, "");
        for (over, expected) in [
            (vec![], "Switched every session to account 1 (work) for `codex`"),
            (
                vec![&one],
                "Switched to account 1 (work) for `codex`. One session may not use it and stays: sh in ~/company, by rule 1",
            ),
            (
                vec![&one, &two],
                "Switched to account 1 (work) for `codex`. 2 sessions may not use it and stay: sh in ~/company, by rule 1; \
                 process 2",
            ),
        ] {
            let left_out: Vec<String> = over.into_iter().map(|over| left_out(over, Some("/home/me"))).collect();
            assert_eq!(switched("every session", &account, " for `codex`", &left_out), expected);
        }
    }

    #[test]
    fn a_pin_that_a_session_may_not_follow_says_so() {
        let mut session = sessions().swap_remove(0);
        let mut pinned_to = |account: &str, scope| {
            session.pins = vec![Pin { account: account.to_owned(), family: None, scope }];
            of_session(&session, &household()).unwrap()
        };
        for (account, scope, expected) in [
            ("acct-1", SwitchScope::Everywhere, "work (everywhere)"),
            ("acct-1", SwitchScope::Session, "work"),
            ("acct-3", SwitchScope::Everywhere, "team key (not allowed)"),
            ("acct-3", SwitchScope::Session, "team key (not allowed)"),
        ] {
            assert_eq!(pinned_to(account, scope), expected);
        }
        session.account_set = None;
        assert_eq!(of_session(&session, &household()).unwrap(), "team key");
    }
}
