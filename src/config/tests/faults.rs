//! What is wrong with a file as a whole is said once.

use serde_json::json;

use super::super::Sources;
use super::{Files, setting};

/// It closes the lists, so nothing is said of the file as a whole.
#[test]
fn one_mistake_of_a_file_with_rules_and_keys_is_said_once() {
    let (rule, key) = ("[[projects]]\npath = \"/x\"\naccounts = [\"a\"", "\n[[proxy.keys]]\nname = \"ci\"\n");
    let sources = |reads_proxy_keys| Sources { reads_proxy_keys, ..Sources::default() };
    let (closed, ignored) = ("; no account may be used until that is mended", "so the whole file is ignored");
    for (text, reads_keys, says) in [
        (rule.to_owned(), true, closed),
        (format!("{rule}{key}"), false, closed),
        (
            format!("{rule}{key}"),
            true,
            "; no account may be used and no key of `proxy.keys` serves until that is mended",
        ),
        (format!("x = [{key}"), true, "; no key of `proxy.keys` serves until that is mended"),
        (format!("x = [{key}"), false, ignored),
        ("x = [".to_owned(), true, ignored),
    ] {
        let warnings = Files::new(&text, "{}").load(&[], &sources(reads_keys)).warnings;
        assert!(matches!(&warnings[..], [one] if one.contains(says)), "{text}: {warnings:?}");
    }
    let files = Files::new(&format!("breaker.failures = 8\n{rule}]"), "{}");
    let good = files.load(&[], &sources(false));
    files.write("config.toml", rule);
    let kept = files.reload(&good);
    assert_eq!(setting(&kept, "breaker.failures").0, json!(8), "{:?}", kept.warnings);
    let stays = "; the rules of `projects` that held before stay until that is mended";
    assert!(matches!(&kept.warnings[..], [one] if one.ends_with(stays)), "{:?}", kept.warnings);
}
