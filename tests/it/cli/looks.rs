//! What commands look like on terminals and in pipes: widths, colours, and listings that are watched.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::with_accounts;
use crate::support::screen::Screen;
use crate::support::{Pool, Running, Sandbox, eventually};

const LABELS: [&str; 3] = ["work", "a label that is much longer than others are 仕事", "עבודה"];

const SOON: Duration = Duration::from_secs(60);

/// What a command writes to a terminal of so many columns.
#[track_caller]
fn shown(sandbox: &Sandbox, words: &[&str], columns: u16) -> String {
    let ending = Screen::start(sandbox, words, columns, 100).finish_within(SOON);
    assert_eq!(ending.code, 0, "{words:?}: {}", ending.text);
    ending.raw.split_once("\n$ ").map_or(String::new(), |(_, shown)| shown.replace('\r', ""))
}

/// The same without its colours.
fn plain(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest));
    first + &rest.collect::<String>()
}

#[test]
fn listings_fit_terminals_of_every_width_and_are_whole_in_a_pipe() {
    let sandbox = with_accounts(&LABELS);
    sandbox.run(&["switch", "2"]).ok();
    for words in [&["list"][..], &["status"], &["show", "2"], &["config", "show"]] {
        for columns in [20, 40, 60, 80, 120, 200] {
            let shown = plain(&shown(&sandbox, words, columns));
            for line in shown.lines() {
                assert!(line.width() <= usize::from(columns), "{words:?}: `{line}` is wider than {columns}");
            }
        }
        let piped = sandbox.run(words).ok().stdout;
        assert!(!piped.contains(['\u{1b}', '…']), "{piped}");
    }
    for words in ["list", "status"] {
        let piped = sandbox.run(&[words]).ok().stdout;
        assert!(LABELS.iter().all(|label| piped.contains(label)), "{piped}");
    }
}

#[test]
fn a_person_says_how_wide_the_terminal_is() {
    let mut sandbox = with_accounts(&LABELS);
    assert!(!plain(&shown(&sandbox, &["list"], 200)).contains('…'));
    sandbox.set("COLUMNS", "60");
    assert!(plain(&shown(&sandbox, &["list"], 200)).lines().all(|line| line.width() <= 60));
    assert!(sandbox.run(&["list"]).ok().stdout.contains(LABELS[1]), "a pipe has no width");
}

#[test]
fn colours_follow_the_environment_the_flag_and_each_stream() {
    let mut sandbox = with_accounts(&["one"]);
    let is_coloured = |text: &str| text.contains("\u{1b}[");
    assert!(is_coloured(&shown(&sandbox, &["list"], 80)));
    for words in [&["list", "--color", "never"][..], &["--color=never", "show", "1"]] {
        assert!(!is_coloured(&shown(&sandbox, words, 80)), "{words:?}");
    }
    assert!(is_coloured(&sandbox.run(&["list", "--color", "always"]).stdout));
    let misused = sandbox.run(&["--color=always", "lits"]);
    assert!(is_coloured(&misused.stderr) && misused.code == 2, "{misused:?}");
    assert!(is_coloured(&sandbox.run(&["--help", "--color", "always"]).ok().stdout));
    for (name, value, on_terminal, in_pipe) in [
        ("NO_COLOR", "1", false, false),
        ("CLICOLOR", "0", false, false),
        ("TERM", "dumb", false, false),
        ("CLICOLOR_FORCE", "1", true, true),
    ] {
        sandbox.set(name, value);
        assert_eq!(is_coloured(&shown(&sandbox, &["list"], 80)), on_terminal, "{name}");
        let failed = sandbox.run(&["show", "nobody"]);
        assert_eq!((is_coloured(&failed.stderr), failed.code), (in_pipe, 4), "{name}: {failed:?}");
        assert_eq!(is_coloured(&sandbox.run(&["list", "--help"]).ok().stdout), in_pipe, "{name}");
        sandbox.unset(name);
    }
}

#[test]
fn what_was_typed_is_harmless_in_what_is_said_of_it() {
    let sandbox = with_accounts(&["one"]);
    for words in [&["a\u{1b}]0;x\u{7}"][..], &["list", "--\u{1b}[2J\u{202e}"], &["show", "\u{1b}[2J"]] {
        for colours in ["always", "never"] {
            let said = sandbox.run(&[&["--color", colours][..], words].concat()).stderr;
            assert!(!said.contains(['\u{7}', '\u{202e}']) && !said.contains("\u{1b}[2J"), "{said:?}");
        }
    }
}

#[test]
fn a_watched_list_is_redrawn_in_place_and_ends_as_it_found_the_terminal() {
    let sandbox = with_accounts(&["one", "two"]);
    for end in ["q", "\u{3}", "signal"] {
        let screen = Screen::start(&sandbox, &["list", "--watch"], 90, 20);
        screen.wait_for("q ends");
        sandbox.run(&["edit", "2", "--label", "renamed"]).ok();
        screen.wait_for("renamed");
        screen.resize(34, 20);
        screen.wait_until("it fits", |text| {
            text.contains("Too narrow to show") && text.matches("renamed").count() == 1 && text.contains("q ends")
        });
        screen.type_keys("x\n");
        sandbox.run(&["edit", "2", "--label", "two"]).ok();
        screen.wait_until("the old is gone", |text| !text.contains("renamed") && text.matches("LABEL").count() == 1);
        match end {
            "signal" => screen.signal(Signal::TERM),
            keys => screen.type_keys(keys),
        }
        eventually("the terminal is as it was", || screen.has_settings_from_before().then_some(()));
        assert_eq!(screen.finish_within(SOON).code, 0, "{end:?}");
    }
}

#[test]
fn a_watched_list_in_a_pipe_is_written_again_only_when_something_changed() {
    let sandbox = with_accounts(&["one", "two"]);
    let lines = Running::start(sandbox.command(&["list", "--watch", "--json"]));
    let blocks = Running::start(sandbox.command(&["list", "--watch"]));
    for running in [&lines, &blocks] {
        eventually("the first", || running.stdout_so_far().contains("two").then_some(()));
    }
    sandbox.run(&["edit", "1", "--label", "changed"]).ok();
    for running in [&lines, &blocks] {
        eventually("the second", || running.stdout_so_far().contains("changed").then_some(()));
    }
    for running in [lines, blocks] {
        running.signal(Signal::INT);
        let done = running.finish().ok();
        if done.stdout.starts_with('{') {
            let documents: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let labels: Vec<&Value> = documents.iter().map(|document| &document["accounts"][0]["label"]).collect();
            assert_eq!(labels, ["one", "changed"]);
        } else {
            assert_eq!(done.stdout.matches("LABEL").count(), 2, "{}", done.stdout);
            assert!(!done.stdout.contains('\u{1b}'));
        }
    }
}

#[test]
fn a_watched_status_follows_sessions_and_what_they_use() {
    let pool = Pool::new(1);
    let running = Running::start(pool.sandbox.command(&["status", "--watch", "--json"]));
    let last = || serde_json::from_str::<Value>(running.stdout_so_far().lines().last()?).ok();
    eventually("nobody is there", || (last()?["sessions"].as_array()?.is_empty()).then_some(()));
    let sidecar = pool.sidecar();
    eventually("a session is there", || (last()?["sessions"].as_array()?.len() == 1).then_some(()));
    assert_eq!(crate::support::upstream::ask(&pool, &sidecar, "gpt-5.4"), 1);
    eventually("its request is counted", || {
        let document = last()?;
        let is_counted = document["accounts"][0]["usage"]["today"]["requests"] == 1;
        (is_counted && document["sessions"][0]["requestsPerMinute"] == 1).then_some(())
    });
    drop(sidecar);
    eventually("it is gone", || (last()?["sessions"].as_array()?.is_empty()).then_some(()));
}

#[test]
fn a_reader_that_leaves_ends_a_watched_list() {
    let sandbox = with_accounts(&["one"]);
    let mut command = sandbox.program("sh");
    let binary = crate::support::sandbox::BINARY;
    command.args(["-c", &format!("'{binary}' list --watch --json | head -n 1; echo over")]);
    let done = crate::support::sandbox::output(command, b"").ok();
    assert!(done.stdout.ends_with("over\n") && done.stderr.is_empty(), "{done:?}");
}

#[test]
fn an_account_has_one_shape_in_every_document() {
    let sandbox = with_accounts(&["one", "two"]);
    let document = |words: &[&str]| sandbox.run(&[words, &["--json"]].concat()).ok().json();
    let switched = document(&["switch", "2"]);
    let listed = document(&["list"])["accounts"][1].clone();
    assert_eq!(listed["pins"][0]["scope"], "everywhere");
    for (what, account) in [
        ("switch", switched),
        ("show", document(&["show", "2"])),
        ("status", document(&["status"])["accounts"][1].clone()),
        ("edit", document(&["edit", "2", "--priority", "0"])),
        ("remove", document(&["remove", "2", "--yes"])),
    ] {
        assert_eq!(account, listed, "{what}");
    }
}
