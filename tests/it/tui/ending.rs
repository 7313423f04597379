//! However the screen ends, the terminal is as it was.

use std::time::Duration;

use rustix::process::Signal;

use super::{LABEL, home};
use crate::support::screen::{Ending, Screen};
use crate::support::{Sandbox, within};

/// How long an end may take.
const SOON: Duration = Duration::from_secs(10);

/// A screen that is up, and has changed what it has to change back.
fn screen(sandbox: &Sandbox) -> Screen {
    let screen = Screen::start(sandbox, &[], 80, 24);
    screen.wait_for(LABEL);
    assert!(!screen.has_settings_from_before(), "the terminal does not echo while the screen is up");
    screen
}

#[track_caller]
fn check(how: impl FnOnce(&Screen)) -> Ending {
    let sandbox = home();
    let screen = screen(&sandbox);
    how(&screen);
    let ending = screen.finish_as_found(SOON);
    assert_eq!(ending.code, 0, "{}", ending.text);
    ending
}

#[test]
fn by_its_key() {
    check(|screen| screen.type_keys("q"));
    check(|screen| screen.type_keys("\x03"));
}

#[test]
fn by_each_signal() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        check(|screen| screen.signal(signal));
    }
}

#[test]
fn by_a_signal_while_it_draws_and_reads() {
    check(|screen| {
        for keys in ["jk?\x1b", "\t\t1", "\x1b[<0;3;3M\x1b[<0;3;3m"] {
            screen.type_keys(keys);
            screen.resize(60, 15);
            screen.resize(120, 40);
        }
        screen.signal(Signal::TERM);
    });
}

#[test]
fn by_a_window_that_is_closed() {
    let sandbox = home();
    check_closed(screen(&sandbox));
}

#[test]
fn by_a_window_that_is_closed_where_no_signal_says_so() {
    let sandbox = home();
    let screen = Screen::start_without_control(&sandbox.command(&[]), 80, 24);
    screen.wait_for(LABEL);
    check_closed(screen);
}

#[track_caller]
fn check_closed(mut screen: Screen) {
    screen.close_window();
    assert!(within(SOON, || (!screen.runs()).then_some(())).is_some(), "it goes on without a terminal");
}

#[test]
fn what_cannot_place_a_cursor_is_refused() {
    let mut sandbox = home();
    sandbox.set("TERM", "dumb");
    let ending = Screen::start(&sandbox, &[], 80, 24).finish();
    assert_eq!(ending.code, 2);
    assert!(ending.raw.contains("Usage:") && !ending.raw.contains('\x1b'), "{}", ending.raw);
}
