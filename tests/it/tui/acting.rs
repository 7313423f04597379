//! What the keys do, to real files and real sessions.

use std::time::Duration;

use rustix::process::Signal;
use simulated_openai::chatgpt::Login;

use super::{LABEL, home};
use crate::support::keys::{check_no_leak, random_key};
use crate::support::logins::Logins;
use crate::support::screen::Screen;
use crate::support::upstream::ask;
use crate::support::{Pool, eventually};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_switch_by_key_is_where_the_next_request_goes() {
    let pool = Pool::new(3);
    let sidecar = pool.sidecar();
    let screen = Screen::start(&pool.sandbox, &[], 160, 40);
    screen.wait_for("account-3");
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 1);
    screen.type_keys("jj\r");
    screen.wait_for("Switch to 3 account-3");
    screen.type_keys("\r");
    eventually("the file has the pin", || (!pool.sandbox.accounts()["pin"].is_null()).then_some(()));
    screen.wait_until("the dialog is gone", |text| !text.contains("Switch to 3 account-3"));
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 3);
    screen.wait_until("the decision is shown", |text| {
        text.lines().any(|line| line.contains("gpt-5.4") && line.contains("account-3"))
    });
    screen.type_keys("q");
    screen.finish_as_found(SOON);
}

#[test]
fn one_session_is_switched_and_the_other_is_not() {
    let pool = Pool::new(3);
    let sidecars = [pool.sidecar(), pool.sidecar()];
    let started = sidecars.each_ref().map(|sidecar| usize::try_from(sidecar.start_account().unwrap()).unwrap());
    let free = (1..=3).find(|number| !started.contains(number)).unwrap();
    let screen = Screen::start(&pool.sandbox, &[], 160, 40);
    // The question is made of what is known when it is asked: its rows do not move under a hand.
    screen.wait_for("account-3");
    screen.wait_for("2 sessions");
    screen.type_keys(&"j".repeat(free - 1));
    screen.type_keys("\r");
    let title = format!("Switch to {free} account-{free}");
    screen.wait_for(&title);
    for sidecar in &sidecars {
        screen.wait_for(&format!("Session {}", sidecar.pid()));
    }
    screen.type_keys("j\r");
    screen.wait_until("the dialog is gone", |text| !text.contains(&title));
    eventually("the first is switched", || (ask(&pool, &sidecars[0], "gpt-5.4") == free).then_some(()));
    assert_eq!(ask(&pool, &sidecars[1], "gpt-5.4"), started[1]);
    assert!(pool.sandbox.accounts()["pin"].is_null());
}

#[test]
fn a_key_is_added_without_being_shown_typed_or_pasted() {
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 120, 40);
    screen.wait_for(LABEL);
    let keys = [random_key(), random_key()];
    let pasted = format!("\x1b[200~{}\r\n\x1b[201~", keys[1]);
    for (label, key) in [("typed", keys[0].as_str()), ("pasted", pasted.as_str())] {
        screen.type_keys("a");
        screen.wait_for("Add an API key");
        screen.type_keys(label);
        screen.type_keys("\t");
        screen.type_keys(key);
        screen.type_keys("\r");
        screen.wait_until("it is added", |text| text.contains(label) && !text.contains("Add an API key"));
    }
    screen.type_keys("q");
    let ending = screen.finish_as_found(SOON);
    check_no_leak("the terminal", ending.raw.as_bytes(), &keys);
    let exported = sandbox.run(&["export", "--plain"]).ok().json();
    let stored: Vec<_> =
        exported["accounts"].as_array().unwrap().iter().map(|account| account["apiKey"].clone()).collect();
    assert_eq!(stored[1..], keys.map(serde_json::Value::from));
}

#[test]
fn an_account_is_edited_disabled_and_removed() {
    let sandbox = home();
    let screen = Screen::start(&sandbox, &[], 120, 40);
    screen.wait_for(LABEL);
    screen.type_keys("e");
    screen.wait_for(&format!("Edit 1 {LABEL}"));
    screen.type_keys(" renamed\t5\r");
    screen.wait_until("it is renamed", |text| text.contains("the only one renamed") && !text.contains("Edit 1"));
    assert_eq!(sandbox.accounts()["accounts"][0]["label"], "the only one renamed");
    screen.type_keys("d");
    eventually("it is disabled", || (sandbox.accounts()["accounts"][0]["enabled"] == false).then_some(()));
    screen.wait_for("disabled");
    screen.type_keys("x");
    screen.wait_until("it asks", |text| text.contains("Remove"));
    screen.type_keys("y");
    eventually("it is removed", || sandbox.accounts()["accounts"].as_array().unwrap().is_empty().then_some(()));
    screen.wait_for("Removed account 1");
    screen.type_keys("q");
    screen.finish_as_found(SOON);
}

/// Begins a login by code; the code, which is on the screen then.
fn begin_login(screen: &Screen, logins: &Logins) -> String {
    screen.type_keys("l");
    screen.wait_for("Log in to ChatGPT");
    screen.type_keys("d\r");
    let code = eventually("a code waits", || logins.upstream.waiting_user_codes().pop());
    screen.wait_for(&code);
    code
}

#[test]
fn a_login_by_code_shows_the_code_and_then_the_account() {
    let logins = Logins::new(0);
    let person = logins.upstream.add_login(Login::new("new@example.com", "workspace", "plus"));
    let screen = Screen::start(&logins.sandbox, &[], 120, 40);
    screen.wait_for("Accounts");
    let code = begin_login(&screen, &logins);
    assert!(logins.upstream.approve_device(&code, person.account));
    screen.wait_for("new@example.com");
    screen.type_keys("q");
    let ending = screen.finish_as_found(SOON);
    let tokens = logins.upstream.tokens(person.account);
    check_no_leak("the terminal", ending.raw.as_bytes(), &[tokens.access_token, tokens.refresh_token]);
}

#[test]
fn a_signal_does_not_wait_for_a_login() {
    let logins = Logins::new(0);
    let screen = Screen::start(&logins.sandbox, &[], 80, 24);
    screen.wait_for("Accounts");
    begin_login(&screen, &logins);
    screen.signal(Signal::TERM);
    assert_eq!(screen.finish_as_found(SOON).code, 0);
}
