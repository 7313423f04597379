//! Keys by example: what is read, what is refused and where, and what stays.

use std::fs;

use super::*;
use crate::config::entries::warnings;
use crate::domain::usage::Spent;

/// A folder with a configuration and files of keys.
struct Files(tempfile::TempDir);

#[expect(clippy::disallowed_methods, reason = "the tests write the files that are read")]
impl Files {
    fn new() -> Files {
        let files = Files(tempfile::TempDir::new().unwrap());
        for (name, text) in [
            ("a.key", "sk-key-a\n"),
            ("b.key", "sk-key-b"),
            ("empty.key", " \n"),
            ("two.key", "two words"),
            ("mark.key", "\u{feff}sk-key-m"),
        ] {
            files.write(name, text);
        }
        files
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.0.path().join(name)).unwrap();
    }

    fn follow(&self, before: &ProxyKeys, text: &str) -> (ProxyKeys, Vec<String>) {
        self.write("config.toml", text);
        let (keys, complaints) =
            before.follow(&TomlFile::read(&self.0.path().join("config.toml")), Some(self.0.path()), false);
        let dir = format!("{}/", self.0.path().display());
        (keys, warnings(complaints).into_iter().map(|warning| warning.replace(&dir, "")).collect())
    }
}

/// Each as its name, whether it serves, and whether it is recognised by one of `sk-key-a` to `sk-key-d`.
fn shown(keys: &ProxyKeys) -> String {
    let one = |key: &Arc<ProxyKey>| {
        let by = ["sk-key-a", "sk-key-b", "sk-key-c", "sk-key-d"]
            .into_iter()
            .find(|text| key.is(&KeyMark::of(text.as_bytes())));
        let serves = if key.fault().is_none() { "" } else { "!" };
        format!("{serves}{}={}", key.name, by.unwrap_or("-"))
    };
    keys.keys.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// An entry that may use every account, unless it says something else of them.
fn entry(name: &str, rest: &str) -> String {
    let all = if rest.contains("accounts") { "" } else { "accounts = [\"*\"]" };
    format!("[[proxy.keys]]\nname = \"{name}\"\n{rest}\n{all}\n")
}

#[test]
fn an_entry_has_a_name_a_key_accounts_and_a_budget() {
    let files = Files::new();
    let text = "[proxy]\nallowed_hosts = []\n".to_owned()
        + &entry(
            "ci",
            "key_file = \"a.key\"\naccounts = [\"work\", \"!main\"]\ndaily_limit_usd = 2.5\nmonthly_limit_usd = 30",
        )
        + &entry("home.b", "key_file = \"~/b.key\"\naccounts = []")
        + &entry("all", "key = \"sk-key-c\"");
    let (keys, warnings) = files.follow(&ProxyKeys::default(), &text);
    assert_eq!((shown(&keys), warnings), ("ci=sk-key-a home.b=sk-key-b all=sk-key-c".to_owned(), vec![]));
    let [ci, home, all] = &keys.keys[..] else { panic!() };
    assert_eq!(ci.title(), "key `ci` (config.toml:3)");
    assert_eq!(ci.bound().unwrap().accounts.unwrap().to_string(), "work, !main");
    assert_eq!((ci.budget().daily, ci.budget().monthly), (Usd::from_usd(2.5), Usd::from_usd(30.0)));
    assert_eq!(ci.budget().purse, Purse::key("ci"));
    assert_eq!(home.bound().unwrap().accounts, Ok(Selection::default()));
    assert!(all.bound().is_none() && !all.budget().has_limit() && all.budget().overspent(Spent::default()).is_none());
    assert_eq!(keys.recognise(&KeyMark::of(b"sk-key-b")).unwrap().name, home.name);
    assert!(keys.recognise(&KeyMark::of(b"sk-key-d")).is_none() && keys.recognise(&KeyMark::of(b"")).is_none());
    // The same as inline tables and by a quoted name.
    for text in [
        "proxy.keys = [{ name = \"ci\", key = \"sk-key-a\", accounts = \"*\" }]",
        "\"proxy.keys\" = [{ name = \"ci\", key = \"sk-key-a\", accounts = [] }]",
    ] {
        assert_eq!(shown(&files.follow(&ProxyKeys::default(), text).0), "ci=sk-key-a", "{text}");
    }
    assert!(!format!("{keys:?}").contains("sk-"), "{keys:?}");
}

#[test]
fn what_cannot_be_read_serves_nothing_and_says_why() {
    let files = Files::new();
    for (text, expected, told) in [
        (
            entry("ci", "key = \"sk-key-a\"\nacounts = []\naccounts = []"),
            "!ci=sk-key-a",
            "unknown key `acounts` (did you mean `accounts`?)",
        ),
        (
            entry("two words", "key = \"sk-key-a\""),
            "!#1=sk-key-a",
            "`name` is not 1 to 64 letters, digits, `-`, `_` and `.`",
        ),
        ("[[proxy.keys]]\nkey = \"sk-key-a\"\n".to_owned(), "!#1=sk-key-a", "it has no `name`"),
        (entry("ci", ""), "!ci=-", "it has neither `key_file` nor `key`"),
        (
            "[[proxy.keys]]\nname = \"ci\"\nkey = \"sk-key-a\"\n".to_owned(),
            "!ci=sk-key-a",
            "it has no `accounts`; `[\"*\"]` is all",
        ),
        (
            entry("ci", "key = \"sk-key-a\"\nkey_file = \"a.key\""),
            "!ci=-",
            "it has a `key` and a `key_file`; write one of them",
        ),
        (entry("ci", "key = 7"), "!ci=-", "`key` is not a text"),
        (entry("ci", "key = \" \""), "!ci=-", "its key is empty"),
        (entry("ci", "key = \"sk-key7\""), "!ci=-", "its key is shorter than 8 characters, so others could guess it"),
        (entry("ci", "key = \"two words\""), "!ci=-", "its key is not one word of visible ASCII characters"),
        (
            entry("ci", "key = \"sk-codex-account-manager\""),
            "!ci=-",
            "its key is the built-in one, which everybody knows",
        ),
        (entry("ci", "key_file = \"\""), "!ci=-", "its `key_file` names no file"),
        (entry("ci", "key_file = \"empty.key\""), "!ci=-", "its key file `empty.key` is empty"),
        (entry("ci", "key_file = \"two.key\""), "!ci=-", "its key is not one word of visible ASCII characters"),
        (entry("ci", "key_file = \"mark.key\""), "!ci=-", "its key file `mark.key` begins with a byte order mark"),
        (entry("ci", "key_file = \"gone.key\""), "!ci=-", "its key file `gone.key` is not there; make it"),
        (
            entry("ci", "key = \"sk-key-a\"\naccounts = 7"),
            "!ci=sk-key-a",
            "`accounts` cannot be read: it is a list of groups, labels and ids, each in quotes",
        ),
        (
            entry("ci", "key = \"sk-key-a\"\naccounts = [\"!\"]"),
            "!ci=sk-key-a",
            "`accounts` cannot be read: `!` names no account",
        ),
        (entry("ci", "key = \"sk-key-a\"\ndaily_limit_usd = -1"), "!ci=sk-key-a", "`daily_limit_usd` cannot be `-1`"),
    ] {
        let (keys, warnings) =
            files.follow(&ProxyKeys::default(), &(text.clone() + &entry("good", "key = \"sk-key-d\"")));
        assert_eq!(shown(&keys), format!("{expected} good=sk-key-d"), "{text}");
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with(&format!("config.toml:1: key 1 of `proxy.keys`: {told}")), "{warnings:?}");
        assert!(warnings[0].ends_with("; it serves nothing until that is mended") && !warnings[0].contains("sk-key-a"));
        assert!(keys.are_there() && keys.keys[0].bound().is_some_and(|bound| bound.accounts.is_err()));
    }
    for text in [
        "proxy.keys = 5",
        "[proxy]\nkeys = [1]",
        "[[proxy.keys]",
        "[proxy]\nkeys = [\n",
        "proxy = { keys = [{ name = \"ci\" ] }",
        "[\"proxy\" . 'keys'",
        "[[proxy.key]]\nname = ",
        // Nothing else is called so.
        "[[proxy.key]]\nname = \"ci\"\nkey = \"sk-key-a\"",
        "[proxy]\nkey = [{ name = \"ci\" }]",
        "[proxy.key]\nname = \"ci\"",
        "[[proxy_keys]]\nname = \"ci\"",
        "[[keys]]\nname = \"ci\"",
        "[[proxy]]\nname = \"ci\"",
        "[[proxy.clients]]\nkey = \"sk-key-a\"\naccounts = []",
        "[[clients]]\nkey_file = \"a.key\"\naccount = []",
        "[proxy.clients.ci]\nkey = \"sk-key-a\"\naccounts = []",
        "clients = [1, { key = \"sk-key-a\", accounts = [] }]",
        "[[proxy.users]]\nname = \"ci\"\ntoken = \"sk-key-a\"\naccounts = []",
        "[[proxy.users]]\nname = \"ci\"\ntoken = \"sk-key-a\"",
        "[[clients]]\nAPI_key = \"sk-key-a\"\nallowed-accounts = \"work\"",
    ] {
        let (keys, warnings) = files.follow(&ProxyKeys::default(), text);
        assert!(keys.are_there() && keys.broken.is_some() && keys.keys.is_empty(), "{text}");
        assert!(warnings[0].ends_with("; no key of `proxy.keys` serves until that is mended"), "{warnings:?}");
    }
    for text in [
        "",
        "x = [",
        "[proxy]\nbind_addr = \"127.0.0.1:1\"",
        "[proxy]\napi_key = ",
        "# [[proxy.keys]]\nx = [",
        "[[other.keys]]\nx = [",
        "[proxy]\nallowed_hosts = [\"key\"]\nkey = \"sk-key-a\"",
        "[proxy]\nname = \"ci\"\ntoken = \"sk-key-a\"",
        "[[services]]\nname = \"ci\"\ntoken = \"sk-key-a\"\nuse = true",
    ] {
        let (keys, warnings) = files.follow(&ProxyKeys::default(), text);
        assert!(!keys.are_there() && warnings.is_empty(), "{text}: {warnings:?}");
    }
}

#[test]
fn two_entries_of_one_name_or_one_key_serve_nothing() {
    let files = Files::new();
    for (text, expected) in [
        (entry("ci", "key = \"sk-key-a\"") + &entry("ci", "key = \"sk-key-b\""), "!ci #1=sk-key-a !ci #2=sk-key-b"),
        (entry("ci", "key = \"sk-key-a\"") + &entry("other", "key_file = \"a.key\""), "!ci=sk-key-a !other=sk-key-a"),
    ] {
        let (keys, warnings) = files.follow(&ProxyKeys::default(), &(text + &entry("good", "key = \"sk-key-d\"")));
        assert_eq!(shown(&keys), format!("{expected} good=sk-key-d"));
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(keys.recognise(&KeyMark::of(b"sk-key-a")).unwrap().fault().is_some());
    }
}

#[test]
fn entries_that_held_before_stay_until_the_file_is_good_again() {
    let files = Files::new();
    let good = entry("ci", "key_file = \"a.key\"") + &entry("dev", "key = \"sk-key-b\"");
    let (keys, _) = files.follow(&ProxyKeys::default(), &good);
    for (text, expected, told) in [
        (
            "[[proxy.keys".to_owned(),
            "ci=sk-key-a dev=sk-key-b",
            "the keys of `proxy.keys` that held before stay until that is mended",
        ),
        (
            entry("ci", "key_file = \"a.key\"\nx = 1") + &entry("dev", "key = \"sk-key-b\""),
            "ci=sk-key-a dev=sk-key-b",
            "the one that held before stays until that is mended",
        ),
        // What is another key, or none, takes the one that held back.
        (entry("ci", "key_file = \"empty.key\""), "!ci=-", "it serves nothing until that is mended"),
        (entry("ci", "key_file = \"gone.key\""), "!ci=-", "it serves nothing until that is mended"),
        (entry("ci", "key = \"two words\""), "!ci=-", "it serves nothing until that is mended"),
        (entry("ci", "key = 5"), "!ci=-", "it serves nothing until that is mended"),
        (entry("ci", "key = \"sk-key-c\"\nx = 1"), "!ci=sk-key-c", "it serves nothing until that is mended"),
        (
            entry("ci", "key = \"sk-key-a\"\nx = 1"),
            "ci=sk-key-a",
            "the one that held before stays until that is mended",
        ),
        // What comes beside one that held before is the one that is wrong.
        (
            good.clone() + &entry("new", "key = \"sk-key-b\""),
            "ci=sk-key-a dev=sk-key-b !new=sk-key-b",
            "the one that held before stays until that is mended",
        ),
        (
            good.clone() + &entry("dev", "key = \"sk-key-c\""),
            "ci=sk-key-a dev=sk-key-b !dev #3=sk-key-c",
            "the one that held before stays until that is mended",
        ),
        ("# none".to_owned(), "", ""),
        (entry("dev", "key = \"sk-key-c\""), "dev=sk-key-c", ""),
    ] {
        let (now, warnings) = files.follow(&keys, &text);
        assert_eq!(shown(&now), expected, "{text}");
        assert_eq!(warnings.is_empty(), told.is_empty(), "{warnings:?}");
        assert!(warnings.iter().any(|warning| warning.ends_with(told)) || told.is_empty(), "{warnings:?}");
        // The key of one that serves is never taken for that of one that does not.
        assert!(now.recognise(&KeyMark::of(b"sk-key-b")).is_none_or(|key| key.fault().is_none()));
    }
}

/// Others could guess what is taken as it stands.
#[test]
fn what_stands_for_a_variable_elsewhere_is_no_key() {
    for key in ["${CI_KEY}", "$CI_KEY", "%CI_KEY%", "{env:CI_KEY}"] {
        assert!(mark_of(key).is_err_and(|why| why.contains("variable")), "{key}");
    }
    assert!(["$ecret-key", "%ci-key-1%", "{ci-key-1}"].iter().all(|key| mark_of(key).is_ok()));
}

/// Who mends what was wrong with it reads what is wrong now, also when the file cannot be read at all then.
#[test]
fn an_entry_that_holds_on_says_what_is_wrong_with_the_one_that_is_written() {
    let files = Files::new();
    let ci = entry("ci", "key_file = \"a.key\"");
    let (keys, _) = files.follow(&ProxyKeys::default(), &ci);
    let (held, _) = files.follow(&keys, &(ci.clone() + &entry("ben", "key_file = \"a.key\"")));
    assert_eq!(shown(&held), "ci=sk-key-a !ben=sk-key-a");
    let title = |keys: &ProxyKeys| keys.named("ci").unwrap().title();
    assert_eq!(title(&held), "key `ci` (config.toml:1; as it was before, because key 2 is the same)");
    let (broken, _) = files.follow(&held, "[[proxy.keys");
    assert_eq!((shown(&broken).as_str(), broken.changes_since(&held).len()), ("ci=sk-key-a !ben=-", 1));
    assert_eq!(title(&files.follow(&broken, &ci).0), "key `ci` (config.toml:1)");
}

#[test]
fn a_file_that_changes_is_seen_and_one_that_goes_takes_its_key_back() {
    let files = Files::new();
    let text = entry("ci", "key_file = \"a.key\"");
    let (keys, _) = files.follow(&ProxyKeys::default(), &text);
    assert!(!keys.has_changed());
    files.write("a.key", "sk-key-c of another length\n");
    assert!(keys.has_changed());
    files.write("a.key", "sk-key-c\n");
    let first = keys;
    let (keys, _) = files.follow(&first, &text);
    assert_eq!((shown(&keys), keys.has_changed()), ("ci=sk-key-c".to_owned(), false));
    assert_eq!(keys.changes_since(&first), ["key `ci` was replaced"]);
    files.remove("a.key");
    assert!(keys.has_changed());
    let second = keys;
    let (keys, warnings) = files.follow(&second, &text);
    assert_eq!(shown(&keys), "!ci=-");
    assert_eq!(keys.changes_since(&second), ["key `ci` was taken back"]);
    assert_eq!(ProxyKeys::default().changes_since(&second), ["key `ci` was taken back"]);
    assert_eq!(second.changes_since(&keys), ["key `ci` opens the proxy now"]);
    assert!(second.changes_since(&second).is_empty() && keys.changes_since(&ProxyKeys::default()).is_empty());
    assert!(warnings[0].ends_with("it serves nothing until that is mended"), "{warnings:?}");
    files.write("a.key", "sk-key-d");
    assert!(keys.has_changed());
    assert_eq!(shown(&files.follow(&keys, &text).0), "ci=sk-key-d");
}

/// Nobody sees then what else the file says, and a key is taken back all the same.
#[test]
fn while_the_configuration_is_broken_the_files_of_keys_are_followed() {
    let files = Files::new();
    let (keys, _) = files
        .follow(&ProxyKeys::default(), &(entry("ci", "key_file = \"a.key\"") + &entry("dev", "key = \"sk-key-b\"")));
    let keys = keys.beside("sk-own");
    let broken = |before: &ProxyKeys| files.follow(before, "[[proxy.keys").0;
    let kept = broken(&keys);
    assert_eq!((shown(&kept), kept.has_changed()), ("ci=sk-key-a dev=sk-key-b".to_owned(), false));
    for (text, expected) in [
        ("sk-key-c", "ci=sk-key-c dev=sk-key-b"),
        ("", "ci=- dev=sk-key-b"),
        ("revoked by ops", "ci=- dev=sk-key-b"),
        // It is the key of another one already.
        ("sk-key-b", "ci=- dev=sk-key-b"),
        ("sk-codex-account-manager", "ci=- dev=sk-key-b"),
        ("sk-own", "ci=- dev=sk-key-b"),
        ("sk-key-a", "ci=sk-key-a dev=sk-key-b"),
    ] {
        files.write("a.key", text);
        let now = broken(&kept);
        assert_eq!((shown(&now), now.has_changed()), (expected.to_owned(), false), "{text}");
    }
    files.remove("a.key");
    assert!(kept.has_changed());
    let now = broken(&kept);
    assert_eq!((shown(&now), now.were_there), ("dev=sk-key-b".to_owned(), true));
    assert_eq!(shown(&broken(&now)), "dev=sk-key-b");
}

/// Once the entry is taken out nothing would narrow that key.
#[test]
fn an_entry_with_the_key_of_the_proxy_itself_serves_nothing() {
    let files = Files::new();
    let text = entry("ci", "key = \"sk-key-a\"") + &entry("dev", "key_file = \"b.key\"");
    let follow = |before: &ProxyKeys| files.follow(before, &text);
    let (keys, warnings) = follow(&ProxyKeys::default().beside(" sk-key-a\n"));
    assert_eq!((shown(&keys), warnings.len()), ("!ci=sk-key-a dev=sk-key-b".to_owned(), 1));
    assert!(warnings[0].contains("key 1 of `proxy.keys`: its key is the proxy's own"), "{warnings:?}");
    // A proxy keeps the key that it was started with, whatever the configuration says by now.
    let (keys, warnings) = follow(&keys.beside("sk-key-b"));
    assert_eq!((shown(&keys), warnings.len()), ("!ci=sk-key-a dev=sk-key-b".to_owned(), 2));
    let (none, _) = files.follow(&keys, "# none");
    assert_eq!(shown(&follow(&none).0), "!ci=sk-key-a !dev=sk-key-b");
}

#[test]
fn that_there_were_keys_is_known_for_as_long_as_the_process_lives() {
    let files = Files::new();
    let (none, _) = files.follow(&ProxyKeys::default(), "");
    assert!(!none.were_there);
    let (some, _) = files.follow(&none, &entry("ci", "key = \"sk-key-a\""));
    let (none, warnings) = files.follow(&some, "# none");
    assert!(none.were_there && !none.are_there() && warnings.is_empty());
    assert!(files.follow(&none, "x = [").0.were_there);
}
