//! What dialogs refuse, and how they are left.

use serde_json::json;

use super::{LABEL, home};
use crate::support::keys::random_key;
use crate::support::logins::Logins;
use crate::support::screen::Screen;
use crate::support::upstream::ask;
use crate::support::{Pool, Sandbox, eventually};
use simulated_openai::chatgpt::Login;

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const DOWN: &str = "\x1b[B";
const TAB: &str = "\t";
/// Deletes what is before the cursor.
const CLEAR: &str = "\x15";

/// Types each of these keys.
fn press(screen: &Screen, keys: &[&str]) {
    for key in keys {
        screen.type_keys(key);
    }
}

#[track_caller]
fn labels(sandbox: &Sandbox) -> Vec<String> {
    let accounts = sandbox.accounts()["accounts"].as_array().unwrap().clone();
    accounts.iter().map(|account| account["label"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_label_that_is_taken_is_refused_as_it_is_typed_and_enter_alone_removes_nothing() {
    let (sandbox, key) = (home(), random_key());
    let screen = Screen::start(&sandbox, &[], 80, 24);
    screen.wait_for(LABEL);
    press(&screen, &["a", LABEL]);
    screen.wait_for("already in use");
    press(&screen, &[CLEAR, "spare", TAB, &format!("\x1b[200~{key}\n\x1b[201~")]);
    screen.wait_for("••••");
    press(&screen, &[ENTER]);
    screen.wait_for("Added account 2 (spare)");
    assert_eq!(labels(&sandbox), [LABEL, "spare"]);

    screen.wait_until("it is listed", |text| text.lines().any(|line| line.contains("spare") && line.contains("ready")));
    press(&screen, &["G", "x"]);
    screen.wait_for("Remove account 2 (spare)?");
    press(&screen, &[ENTER]);
    screen.wait_until("the question is gone", |text| !text.contains("Remove account"));
    assert_eq!(labels(&sandbox), [LABEL, "spare"], "Enter alone removes nothing");
    press(&screen, &["x", "y"]);
    screen.wait_for("Removed account 2 (spare)");
    assert_eq!(labels(&sandbox), [LABEL]);
    press(&screen, &["q"]);
    assert_eq!(screen.finish().code, 0);
}

#[test]
fn a_switch_everywhere_reaches_every_session_until_it_is_taken_back() {
    let pool = Pool::new(3);
    let (one, two) = (pool.sidecar(), pool.sidecar());
    // Which of the free accounts a session starts on follows from its pid.
    assert_ne!(ask(&pool, &one, "gpt-5.4"), ask(&pool, &two, "gpt-5.4"));
    let screen = Screen::start(&pool.sandbox, &[], 80, 24);
    // Each is reported by itself: before the accounts are, there is nothing to switch to.
    screen.wait_for("account-3");
    screen.wait_for("2 sessions");
    press(&screen, &["G", ENTER]);
    screen.wait_for("Running and new sessions use account-3");
    press(&screen, &[ENTER]);
    screen.wait_for("Switched every session to account 3 (account-3)");
    assert_eq!((ask(&pool, &one, "gpt-5.4"), ask(&pool, &two, "gpt-5.4")), (3, 3));
    press(&screen, &["u"]);
    screen.wait_for("The strategy chooses again in every session");
    assert_eq!(pool.sandbox.run(&["list", "--json"]).ok().json()["pins"], json!([]));
    press(&screen, &["q"]);
    assert_eq!(screen.finish().code, 0);
}

#[test]
fn a_login_is_cancelled_by_esc_and_can_be_begun_again() {
    let logins = Logins::new(0);
    let person = logins.upstream.add_login(Login::new("you@example.com", "ws-1", "pro")).account;
    let screen = Screen::start(&logins.sandbox, &[], 80, 24);
    screen.wait_until("it teaches how to begin", |text| text.contains("log in"));
    press(&screen, &["l", DOWN, ENTER]);
    let code = eventually("a code waits", || logins.upstream.waiting_user_codes().pop());
    screen.wait_for(&code);
    press(&screen, &["c"]);
    screen.wait_for("Copied");
    press(&screen, &[ESCAPE]);
    screen.wait_for("The login was cancelled");

    press(&screen, &["l", DOWN, ENTER]);
    let again = eventually("another code waits", || {
        logins.upstream.waiting_user_codes().into_iter().find(|waiting| *waiting != code)
    });
    screen.wait_for(&again);
    assert!(logins.upstream.approve_device(&again, person));
    screen.wait_for("Logged in: account 1 (you@example.com, pro)");
    press(&screen, &["q"]);
    assert_eq!(screen.finish().code, 0);
}
