//! Stopped and continued, by its key under a shell and by signals from outside.

use std::time::Duration;

use rustix::process::Signal;

use super::{LABEL, home};
use crate::support::sandbox::{BINARY, Sandbox};
use crate::support::screen::Screen;
use crate::support::{eventually, process, require};

/// A shell with job control, and the home it has.
fn shell() -> (Sandbox, Screen) {
    let mut sandbox = home();
    sandbox.set("PS1", "ready> ");
    let mut command = sandbox.program("bash");
    command.args(["--norc", "--noprofile", "-i"]);
    let screen = Screen::start_command(&command, 80, 24);
    screen.wait_for("ready> ");
    (sandbox, screen)
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    if !require("bash") {
        return;
    }
    let (_sandbox, screen) = shell();
    screen.type_keys(&format!("{BINARY}; echo \"code $?\"\r"));
    screen.wait_for(LABEL);
    for _ in 0..2 {
        screen.type_keys("\x1a");
        screen.wait_until_down();
        screen.wait_for("Stopped");
        screen.type_keys("echo here is the shell\r");
        screen.wait_for("\nhere is the shell");
        screen.resize(100, 30);
        screen.resize(80, 24);
        screen.type_keys("clear; fg\r");
        screen.wait_for(LABEL);
        assert!(screen.is_up() && !screen.text().contains("here is the shell"));
    }
    screen.type_keys("q");
    screen.wait_until_down();
    screen.wait_for("ready> ");
    screen.type_keys("exit 7\r");
    assert_eq!(screen.finish().code, 7);
}

#[test]
fn in_the_background_it_waits_for_its_turn() {
    if !require("bash") {
        return;
    }
    let (_sandbox, screen) = shell();
    screen.type_keys(&format!("{BINARY}\r"));
    screen.wait_for(LABEL);
    screen.type_keys("\x1a");
    // What is typed before the shell prompts again is lost where the program that stops has yet to read it.
    screen.wait_until("the shell prompts again", |text| {
        text.rsplit_once("Stopped").is_some_and(|(_, after)| after.contains("ready> "))
    });
    screen.type_keys("clear; bg\r");
    // The shell says what became of a job when it prompts again.
    screen.wait_until("it is stopped again", |_| {
        screen.type_keys("\r");
        // What stands before the line of `bg` is from the first time; that line scrolls away when it takes many prompts.
        screen.raw().split_once(" &").is_some_and(|(_, after)| after.contains("Stopped"))
    });
    assert!(!screen.is_up());
    screen.type_keys("fg\r");
    screen.wait_for(LABEL);
    screen.type_keys("q");
    screen.wait_until_down();
    // What is typed before the shell prompts again may be read by the program that ends.
    screen.wait_until("the shell prompts again", |text| {
        text.rsplit_once("> fg").is_some_and(|(_, after)| after.contains("ready> "))
    });
    screen.type_keys("exit\r");
    screen.finish();
}

#[test]
fn whoever_stops_it_and_changes_the_terminal_finds_a_whole_screen_after() {
    if !process::are_shown() {
        return;
    }
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 80, 24);
    screen.wait_for(LABEL);
    for _ in 0..2 {
        screen.signal(Signal::STOP);
        eventually("it is stopped", || process::status(screen.pid(), "State")?.starts_with('T').then_some(()));
        screen.spoil();
        screen.signal(Signal::CONT);
        screen.wait_for(LABEL);
        assert!(screen.is_up() && !screen.text().contains("spoiled") && !screen.has_settings_from_before());
    }
    screen.type_keys("q");
    screen.finish_as_found(Duration::from_secs(10));
}

#[test]
fn without_a_shell_that_could_continue_it_ctrl_z_stops_nothing() {
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 80, 24);
    screen.wait_for(LABEL);
    screen.type_keys("\x1a");
    screen.wait_for(LABEL);
    screen.type_keys("q");
    screen.finish_as_found(Duration::from_secs(10));
}
