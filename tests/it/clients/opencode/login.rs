//! `opencode auth login`, with somebody who types.

use super::home::{STORED_LOGIN, plugged_in};
use crate::support::keys::{check_no_leak, random_key};
use crate::support::terminal::Terminal;
use serde_json::{Value, json};

/// Goes down one line.
const DOWN: &str = "\u{1b}[B";

#[test]
fn a_key_goes_to_the_accounts_file_and_not_to_opencodes_own() {
    let Some((opencode, pool)) = plugged_in(0, &json!({})) else { return };
    let stored = pool.sandbox.path("data/opencode/auth.json");
    std::fs::create_dir_all(stored.parent().unwrap()).unwrap();
    std::fs::write(&stored, STORED_LOGIN).unwrap();
    let line = format!("stty cols 120 rows 40; exec {opencode} auth login --provider openai");
    let keys: Vec<String> = (0..3).map(|_| random_key()).collect();
    for (choice, label, key) in
        [(None, "first", &keys[0]), (Some("\r"), "second", &keys[1]), (Some(&*format!("{DOWN}\r")), "third", &keys[2])]
    {
        let Some(mut terminal) = Terminal::start_line(&pool.sandbox, &line) else { return };
        if let Some(choice) = choice {
            terminal.wait_for("Start fresh");
            terminal.type_keys(choice);
        }
        terminal.wait_for("What is the account called?");
        terminal.type_keys(&format!("{label}\r"));
        terminal.wait_for("Its API key");
        terminal.type_keys(&format!("{key}\r"));
        let done = terminal.finish();
        assert!(done.code == 0 && done.stdout.contains("Login successful"), "{done:?}");
    }
    let accounts = pool.sandbox.run(&["list", "--json"]).ok().json();
    let labels: Vec<&Value> =
        accounts["accounts"].as_array().unwrap().iter().map(|account| &account["label"]).collect();
    assert_eq!(labels, ["third"], "the third began afresh");
    let moved = std::fs::read_dir(pool.sandbox.home()).unwrap().map(|file| file.unwrap().file_name());
    let moved = moved.filter(|name| name.to_string_lossy().starts_with("accounts.json.reset-"));
    assert_eq!(moved.count(), 1, "the others were moved aside");
    assert_eq!(std::fs::read_to_string(&stored).unwrap(), STORED_LOGIN, "OpenCode stored nothing");
    check_no_leak("the accounts file", &pool.sandbox.bytes().unwrap(), &keys);
}
