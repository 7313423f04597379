//! The world of the storm: accounts, the sessions and the clients of a proxy among them, and the rules and keys that follow each
//! other. What each may use is worked out here once more, from their words.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use crate::support::Pool;

/// Accounts, by their positions.
pub type Set = BTreeSet<usize>;

/// A pattern of folders, and the words that say which accounts may be used there.
type Rule = (&'static str, &'static [&'static str]);

/// The groups of the accounts; the last account is in none.
pub const GROUPS: [&[&str]; 8] =
    [&["work"], &["work"], &["work"], &["private"], &["private"], &["spare", "work"], &["spare"], &[]];

/// Where each session works, and the accounts that its client leaves it.
pub const SESSIONS: [(&str, &str); 6] = [
    ("work/site", ""),
    ("work/shop", "!account-1"),
    ("private/notes", ""),
    ("private/blog", "!spare"),
    ("elsewhere", "spare"),
    ("elsewhere", ""),
];

/// What the proxy, which works in no folder of a rule, is left.
pub const OF_PROXY: &str = "spare,private";

/// The clients of the proxy, by the names of their keys.
pub const CLIENTS_OF_PROXY: [&str; 2] = ["ci", "home"];

/// The built-in key of the proxy, which opens nothing where there are, or were, others.
pub const BUILT_IN: &str = "sk-codex-account-manager";

/// The rules that follow each other: patterns with words. None are rules that cannot be read.
const RULES: [Option<&[Rule]>; 5] = [
    Some(&[("~/work/**", &["work"]), ("~/private/**", &["private"])]),
    Some(&[
        ("~/work/shop", &["work", "!account-2"]),
        ("~/work/**", &["spare"]),
        ("~/private/**", &["private", "spare"]),
    ]),
    None,
    Some(&[("~/**", &["!private"])]),
    Some(&[("~/private/notes", &["account-4"]), ("~/work", &["work"]), ("~/private", &["!work"])]),
];

/// The keys of the proxy that come with each of the rules: whose they are, and which accounts they have. At last there are none.
const KEYS: [&[Rule]; RULES.len()] = [
    &[("ci", &["spare"]), ("home", &["private"])],
    &[("ci", &["!spare"])],
    &[],
    &[("ci", &["work", "private"]), ("home", &["account-4"])],
    &[],
];

const SETTINGS: &str = "[polling]\nenabled = false\n[routing]\nshort_retry_ms = 0\n[breaker]\nopen_seconds = 1\n";

/// The accounts, by their positions, that words between commas name.
fn named(words: &[&str]) -> Set {
    let of = |word: &str| -> Set {
        let is_it = |at: &usize| GROUPS[*at].contains(&word) || format!("account-{}", at + 1) == word;
        (0..GROUPS.len()).filter(is_it).collect()
    };
    let left_out: Set = words.iter().filter_map(|word| word.strip_prefix('!')).flat_map(of).collect();
    let mut named: Set = words.iter().filter(|word| !word.starts_with('!')).flat_map(|word| of(word)).collect();
    if words.iter().all(|word| word.starts_with('!')) {
        named = (0..GROUPS.len()).collect();
    }
    named.difference(&left_out).copied().collect()
}

/// What these rules and its client leave the session in `folder`.
fn allowed(rules: &[Rule], folder: &str, told: &str) -> Set {
    let covers = |pattern: &str| {
        let begin = pattern.trim_start_matches("~/").trim_end_matches("**").trim_end_matches('/');
        begin.is_empty() || folder == begin || folder.strip_prefix(begin).is_some_and(|rest| rest.starts_with('/'))
    };
    let by_rule = rules.iter().find(|(pattern, _)| covers(pattern)).map(|(_, words)| named(words));
    let told = if told.is_empty() { (0..GROUPS.len()).collect() } else { named(&told.split(',').collect::<Vec<_>>()) };
    by_rule.map_or(told.clone(), |by_rule| by_rule.intersection(&told).copied().collect())
}

/// The key of a client of the proxy as change `change` has it: another one each time.
pub fn key(name: &str, change: usize) -> String {
    format!("sk-storm-{name}-{change}")
}

pub fn rules_of(change: usize) -> Option<&'static [Rule]> {
    RULES[change % RULES.len()]
}

pub fn keys_of(change: usize) -> &'static [Rule] {
    KEYS[change % KEYS.len()]
}

/// What each session and each client of the proxy may use by change `change`; `None` where that says nothing.
pub fn sets(change: usize) -> Option<Vec<Set>> {
    let rules = rules_of(change)?;
    let of_sessions = SESSIONS.iter().map(|(folder, told)| allowed(rules, folder, told));
    let of_proxy = named(&OF_PROXY.split(',').collect::<Vec<_>>());
    let of_client = |name: &&str| -> Set {
        let words = keys_of(change).iter().find(|(of, _)| of == name).map(|(_, words)| named(words));
        words.unwrap_or_default().intersection(&of_proxy).copied().collect()
    };
    // The built-in key has none.
    Some(of_sessions.chain(CLIENTS_OF_PROXY.iter().map(of_client)).chain([Set::new()]).collect())
}

pub fn write_config(pool: &Pool, change: usize) {
    let mut text = SETTINGS.to_owned();
    for (name, words) in keys_of(change) {
        let (key, words) = (key(name, change), json!(words));
        writeln!(text, "[[proxy.keys]]\nname = \"{name}\"\nkey = \"{key}\"\naccounts = {words}").unwrap();
    }
    for (pattern, words) in rules_of(change).into_iter().flatten() {
        let path = pattern.replace('~', &pool.sandbox.home().display().to_string());
        writeln!(text, "[[projects]]\npath = \"{path}\"\naccounts = {}", json!(words)).unwrap();
    }
    if rules_of(change).is_none() {
        text += "[[projects]]\npath = \"~/\naccounts = []\n";
    }
    // As editors do, and so that nobody reads a half of it.
    let (new, file): (PathBuf, PathBuf) = (pool.sandbox.path("config.new"), pool.sandbox.path("config.toml"));
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, file).unwrap();
}
