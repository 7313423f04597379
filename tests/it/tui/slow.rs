//! Terminals that take their time, and keys that come in odd ways.

use std::time::Duration;

use rustix::process::Signal;

use super::{LABEL, home};
use crate::support::eventually;
use crate::support::screen::Screen;

#[test]
fn a_line_that_hangs_keeps_neither_keys_nor_a_signal_from_their_effect() {
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 200, 60);
    screen.wait_for(LABEL);
    screen.pause(true);
    let (mut columns, mut looks) = (150, 0);
    eventually("the terminal holds no more, and that for a while: the system moves bytes on behind it", || {
        // Every new size is drawn anew.
        columns = 150 + (columns + 1) % 50;
        screen.resize(columns, 60);
        looks = if screen.is_full() { looks + 1 } else { 0 };
        (looks == 40).then_some(())
    });
    // What keys do goes on all the same.
    screen.type_keys("d");
    eventually("it is disabled", || (sandbox.accounts()["accounts"][0]["enabled"] == false).then_some(()));
    screen.signal(Signal::TERM);
    // Whoever waited for the line would not end at all.
    let ending = screen.finish_as_found(Duration::from_secs(10));
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
