//! What is asked on a terminal, and what is typed there.

use super::with_accounts;
use crate::support::Sandbox;
use crate::support::keys::{check_no_leak, random_key};
use crate::support::terminal::Terminal;

#[test]
fn a_key_is_asked_for_and_not_shown() {
    let sandbox = Sandbox::new();
    let key = random_key();
    let Some(mut terminal) = Terminal::start(&sandbox, &["add", "typed"]) else { return };
    terminal.wait_for("API key: ");
    terminal.wait_until_hidden();
    terminal.type_line(&key);
    let done = terminal.finish().ok();
    assert!(done.stdout.contains("Added account 1 (typed)"), "{done:?}");
    check_no_leak("the terminal", done.stdout.as_bytes(), &[&key]);
    assert_eq!(sandbox.run(&["export", "--plain"]).ok().json()["accounts"][0]["apiKey"], key.as_str());
}

#[test]
fn the_end_of_input_in_place_of_a_key_is_said_on_a_line_of_its_own() {
    let sandbox = Sandbox::new();
    let Some(mut terminal) = Terminal::start(&sandbox, &["add", "typed"]) else { return };
    terminal.wait_for("API key: ");
    terminal.wait_until_hidden();
    terminal.type_keys("\u{4}");
    let done = terminal.finish();
    assert!(
        done.code == 2 && done.stdout.contains("API key: \r\n") && done.stdout.contains("no key was typed"),
        "{done:?}"
    );
    assert_eq!(sandbox.bytes(), None);
}

#[test]
fn remove_and_reset_ask_and_take_no_for_an_answer() {
    let sandbox = with_accounts(&["one"]);
    for (words, question, kept, done_text) in [
        (
            ["remove", "one"].as_slice(),
            "Remove account 1 (one)? Its key will be deleted. [y/N] ",
            "Nothing was removed.",
            "Removed account 1",
        ),
        (["reset"].as_slice(), "away and start with no accounts? [y/N] ", "Nothing was moved.", "Moved to "),
    ] {
        for answer in ["", "n", "nonsense"] {
            let Some(mut terminal) = Terminal::start(&sandbox, words) else { return };
            terminal.wait_for(question);
            terminal.type_line(answer);
            let done = terminal.finish();
            assert_eq!(done.code, 1, "{done:?}");
            assert!(done.stdout.contains(kept), "{done:?}");
        }
        let Some(mut terminal) = Terminal::start(&sandbox, words) else { return };
        terminal.wait_for(question);
        terminal.type_line("Y");
        let done = terminal.finish().ok();
        assert!(done.stdout.contains(done_text), "{done:?}");
    }
    assert_eq!(sandbox.bytes(), None);
}
