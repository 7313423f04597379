//! What terminals of other kinds are sent: without colours, without Unicode, through tmux, and of any size.

use std::time::Duration;

use rustix::process::Signal;

use super::{LABEL, home};
use crate::support::screen::Screen;
use crate::support::{Sandbox, eventually, require};

const SOON: Duration = Duration::from_secs(10);

/// Goes through every view and the help; every byte that the terminal was sent.
#[track_caller]
fn tour(sandbox: &Sandbox) -> Vec<u8> {
    let screen = Screen::start(sandbox, &[], 120, 40);
    screen.wait_for(LABEL);
    for key in ["2", "3", "4", "5"] {
        let before = screen.text();
        screen.type_keys(key);
        screen.wait_until("the view is another", |text| text != before);
    }
    screen.type_keys("1");
    screen.wait_for(LABEL);
    screen.type_keys("?");
    screen.wait_until("the help is shown", |text| text.contains("Ctrl-L") || text.contains("the previous row"));
    screen.type_keys("\x1b");
    screen.wait_until("the help is gone", |text| !text.contains("the previous row"));
    screen.type_keys("q");
    screen.finish_as_found(SOON).raw.into_bytes()
}

/// The numbers of every sequence that sets colours or attributes.
fn attributes(raw: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(raw);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let numbers = rest.split_once('m')?.0;
        numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b';').then(|| numbers.to_owned())
    });
    sequences
        .flat_map(|numbers| numbers.split(';').filter_map(|number| number.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Foreground and background colours; 39 and 49 are the terminal's own.
fn is_colour(number: u16) -> bool {
    matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107)
}

#[test]
fn no_color_means_none() {
    let mut sandbox = home();
    let coloured = attributes(&tour(&sandbox));
    assert!(coloured.iter().copied().any(is_colour), "{coloured:?}");
    sandbox.set("NO_COLOR", "1");
    let plain = attributes(&tour(&sandbox));
    assert!(!plain.iter().copied().any(is_colour), "{plain:?}");
}

#[test]
fn a_locale_without_unicode_is_sent_none() {
    let mut sandbox = home();
    assert!(!tour(&sandbox).is_ascii(), "a terminal that shows them is sent lines and bars");
    for (name, value) in [("LANG", "C"), ("LANG", ""), ("LC_ALL", "POSIX")] {
        sandbox.set(name, value);
        let raw = tour(&sandbox);
        let at = raw.iter().position(|byte| !byte.is_ascii());
        assert!(at.is_none(), "{name}={value}: {}", String::from_utf8_lossy(&raw[at.unwrap_or(0)..][..20]));
    }
}

#[test]
fn every_size_is_drawn_and_the_last_is_what_is_shown() {
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 80, 24);
    screen.wait_for(LABEL);
    for (columns, rows) in [(1, 1), (2, 1), (1, 2), (3, 3), (20, 5), (1000, 2), (2, 400), (60, 15), (1, 1)] {
        screen.resize(columns, rows);
    }
    for view in ["2", "3", "4", "5", "1"] {
        screen.type_keys(view);
    }
    screen.resize(80, 24);
    screen.wait_for(LABEL);
    for round in 0..300_u16 {
        screen.resize(1 + round * 7 % 211, 1 + round * 5 % 61);
    }
    screen.resize(60, 15);
    screen.wait_for(LABEL);
    screen.type_keys("q");
    // A terminal keeps nothing of what stood beyond its one cell, so that what was there before is gone.
    assert_eq!(screen.finish().code, 0);
}

#[test]
fn a_window_without_a_single_cell_is_waited_for() {
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 0, 0);
    eventually("the screen is up", || screen.is_up().then_some(()));
    screen.resize(80, 24);
    screen.wait_for(LABEL);
    screen.signal(Signal::TERM);
    assert_eq!(screen.finish().code, 0);
}

#[test]
fn in_tmux_it_is_shown_and_leaves_what_was_there() {
    if !require("tmux") {
        return;
    }
    let mut sandbox = home();
    let binary = crate::support::sandbox::BINARY;
    let folder = sandbox.home().display().to_string();
    sandbox.set("SHELL", "/bin/sh").set("PS1", "ready> ").set("TMUX_TMPDIR", &folder);
    let mut command = sandbox.program("tmux");
    command.args(["-f", "/dev/null", "-u", "new-session", "/bin/sh"]);
    let screen = Screen::start_command(&command, 100, 30);
    screen.wait_for("ready> ");
    screen.type_keys(&format!("echo before; {binary}\r"));
    screen.wait_for(LABEL);
    screen.resize(80, 24);
    screen.wait_until("it fits", |text| text.contains(LABEL) && text.lines().all(|line| line.chars().count() <= 80));
    screen.type_keys("q");
    // What was there comes back a moment before the program ends, which still reads what is typed.
    screen.wait_until("the shell asks again", |text| {
        text.contains("before") && !text.contains(LABEL) && text.matches("ready> ").count() == 2
    });
    screen.type_keys("exit\r");
    assert_eq!(screen.finish().code, 0);
}
