//! Terminals that take their time, and keys that come in odd ways.

use std::time::Duration;

use rustix::process::Signal;

use super::{LABEL, home};
use crate::support::screen::Screen;

#[test]
fn a_line_that_hangs_does_not_keep_a_signal_from_ending_it() {
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 200, 60);
    screen.wait_for(LABEL);
    screen.pause(true);
    // Every new size is drawn anew, until the terminal holds no more.
    for round in 0..200_u16 {
        screen.resize(150 + round % 50, 60);
        screen.type_keys("?\x1b");
    }
    screen.signal(Signal::TERM);
    let ending = screen.finish_as_found(Duration::from_secs(2));
    assert_eq!(ending.code, 0);
    assert!(ending.raw.contains('\x18'), "a frame was cut, so the line did hang");
}

#[test]
fn a_line_that_hung_shows_what_is_true_when_it_goes_on() {
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 80, 24);
    screen.wait_for(LABEL);
    screen.pause(true);
    for round in 0..200_u16 {
        screen.resize(61 + round % 50, 15 + round % 9);
    }
    screen.resize(80, 24);
    screen.pause(false);
    screen.wait_for(LABEL);
    screen.type_keys("q");
    screen.finish_as_found(Duration::from_secs(10));
}

#[test]
fn whatever_is_typed_or_pasted_it_goes_on() {
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 80, 24);
    screen.wait_for(LABEL);
    let broken =
        ["\x1b[200~cut", "\x1b[201~", "\x1b[999;999;999M", "\x1b[<;;M", "\x1b[M\u{1}\u{1}\u{1}", "\x1bOz", "\x1b[1;Z~"];
    for keys in broken {
        screen.type_keys(keys);
    }
    screen.type_keys(&format!("\x1b[200~{}\x1b[201~", "a pasted line\r\n".repeat(1024 * 1024 / 15)));
    screen.type_keys("\x1b\x1bq");
    screen.finish_as_found(Duration::from_secs(30));
}
