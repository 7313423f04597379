//! Logging in where no browser can be seen, or where it is on another machine: over SSH, without a display, by a pasted
//! address; and what an opener is given and how its failure is reported.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use simulated_openai::chatgpt::Login;

use crate::support::http;
use crate::support::logins::{Logins, callback_port};
use crate::support::screen::Screen;
use crate::support::{Running, Sandbox, eventually};

const SSH: (&str, &str) = ("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 22");
const DISPLAY: (&str, &str) = ("DISPLAY", ":0");

/// Logins with one person who has no account yet and is logged in at the issuer, and these variables.
fn newcomer(variables: &[(&str, &str)]) -> Logins {
    let mut logins = Logins::new(0);
    let person = logins.upstream.add_login(Login::new("you@example.com", "ws-1", "plus")).account;
    logins.upstream.signs_in(person);
    logins.upstream.approve_next_device(person);
    let tools = logins.sandbox.path("bin");
    std::fs::create_dir(&tools).unwrap();
    logins.sandbox.set("PATH", &format!("{}:/usr/bin:/bin", tools.display()));
    for (name, value) in variables {
        logins.sandbox.set(name, value);
    }
    logins
}

/// Puts a program of this name in front of all others.
fn put(sandbox: &Sandbox, name: &str, script: &str) {
    let file = sandbox.path("bin").join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The issuer's page in what was said.
fn page(said: &str) -> Option<String> {
    let at = said.find("/oauth/authorize")?;
    let start = said[..at].rfind("http://")?;
    let rest: String = said[start..].chars().filter(|letter| !matches!(letter, '\r')).collect();
    let (url, _) = rest.split_once('\n')?;
    url.contains("state=").then(|| url.to_owned())
}

/// Where the browser ends that logs in on that page.
#[track_caller]
fn last_address(page: &str) -> String {
    let rest = page.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let port = authority.rsplit_once(':').unwrap().1.parse().unwrap();
    let answer = http::request(port, "GET", &format!("/{path}"), &[], b"");
    answer.header("location").unwrap().to_owned()
}

#[track_caller]
fn check_account(logins: &Logins) {
    let accounts = logins.sandbox.accounts();
    let emails: Vec<&Value> =
        accounts["accounts"].as_array().unwrap().iter().map(|account| &account["email"]).collect();
    assert_eq!(emails, ["you@example.com"]);
}

/// Without a terminal the other ways are named, nothing is opened, and the login waits for the browser as ever.
#[track_caller]
fn check_advice(variables: &[(&str, &str)], said: &str) {
    let _port = callback_port();
    let logins = newcomer(variables);
    let opened = logins.sandbox.path("opened");
    put(&logins.sandbox, "xdg-open", &format!("touch {}", opened.display()));
    let mut running = Running::start(logins.sandbox.command(&["login"]));
    let url = eventually("the page is named", || page(&running.stderr_so_far()));
    let begun = running.stderr_so_far();
    assert!(begun.contains(said) && begun.contains("login --device") && begun.contains("on stdin"), "{begun}");
    running.write(format!("{}\n", last_address(&url)).as_bytes());
    let done = running.finish();
    assert!(done.code == 0 && done.stdout.contains("Logged in: account 1"), "{done:?}");
    assert!(!opened.exists(), "a browser was started that nobody sees");
    check_account(&logins);
}

#[test]
fn without_a_terminal_the_code_way_and_the_pasted_address_are_named() {
    check_advice(&[SSH, DISPLAY], "this session is over SSH");
    check_advice(&[("SSH_CLIENT", "10.0.0.1 50000 22")], "this session is over SSH");
    check_advice(&[], "this machine has no display");
}

#[test]
fn on_a_terminal_the_code_way_is_offered_first() {
    let logins = newcomer(&[SSH]);
    let screen = Screen::start(&logins.sandbox, &["login"], 100, 40);
    screen.wait_for("Log in by a (c)ode that you type on any device, or by a (b)rowser? [C/b]: ");
    screen.type_keys("x\r");
    screen.wait_until("it asks again", |shown| shown.matches("[C/b]:").count() == 2);
    screen.type_keys("\r");
    screen.wait_for("and enter the code");
    let ending = screen.finish();
    assert!(ending.code == 0 && ending.text.contains("Logged in: account 1"), "{}", ending.text);
    // The answer stands on the question's line, and the page is there to be photographed.
    assert!(ending.text.contains("[C/b]: x\n"), "{}", ending.text);
    assert!(ending.text.contains('█') && ending.raw.contains("\u{1b}[97;40m"), "{}", ending.text);
    check_account(&logins);
}

#[test]
fn a_qr_code_is_shown_only_where_it_can_be_read() {
    for (words, columns, term, colours, is_shown) in [
        (&["login", "--device"][..], 100, "xterm", true, true),
        (&["login", "--device"], 100, "xterm", false, true),
        (&["login", "--device", "--no-qr"], 100, "xterm", true, false),
        (&["login", "--device"], 20, "xterm", true, false),
        (&["login", "--device"], 100, "dumb", true, false),
    ] {
        let mut logins = newcomer(&[("TERM", term)]);
        if !colours {
            logins.sandbox.set("NO_COLOR", "1");
        }
        let ending = Screen::start(&logins.sandbox, words, columns, 40).finish();
        assert_eq!(
            (ending.code, ending.text.contains('█')),
            (0, is_shown),
            "{words:?} {columns} {term}\n{}",
            ending.text
        );
        assert_eq!(ending.raw.contains("\u{1b}[97;40m"), is_shown && colours, "{words:?} {columns} {term}");
    }
    let logins = newcomer(&[]);
    let done = logins.sandbox.run(&["login", "--device"]).ok();
    assert!(!done.stderr.contains('█') && !done.stderr.contains("##"), "{done:?}");
}

#[test]
fn a_pasted_address_ends_the_login_and_a_wrong_one_does_not() {
    let _port = callback_port();
    let logins = newcomer(&[DISPLAY]);
    put(&logins.sandbox, "xdg-open", "exit 0");
    let screen = Screen::start(&logins.sandbox, &["login"], 1000, 40);
    screen.wait_for("paste it here");
    let url = page(&screen.raw()).unwrap();
    screen.type_keys("http://localhost:1455/auth/callback?code=x&state=of-another-login\r");
    screen.wait_for("this address is of another login");
    screen.type_keys("http://localhost:1455/auth/callback\r");
    screen.wait_for("it has `code=` and `state=` in it");
    let address = last_address(&url);
    // As a terminal of few columns breaks it.
    let (first, second) = address.split_at(address.len() / 2);
    screen.type_keys(&format!("'{first}\r{second}'\r"));
    screen.wait_for("Logged in: account 1 (you@example.com, plus)");
    assert_eq!(screen.finish().code, 0);
    check_account(&logins);
}

#[test]
fn an_opener_that_fails_is_reported_with_the_address_to_open() {
    for (script, said) in [
        (Some("exit 3"), "xdg-open` ended with code 3; open the address above by hand"),
        (None, "no program that opens a browser was found; open the address above by hand"),
    ] {
        let _port = callback_port();
        let mut logins = newcomer(&[DISPLAY]);
        let tools = logins.sandbox.path("bin").display().to_string();
        logins.sandbox.set("PATH", &tools);
        if let Some(script) = script {
            put(&logins.sandbox, "xdg-open", script);
        }
        let running = Running::start(logins.sandbox.command(&["login"]));
        eventually("the failure is reported", || running.stderr_so_far().contains(said).then_some(()));
        assert!(page(&running.stderr_so_far()).is_some());
        running.signal(rustix::process::Signal::INT);
        assert_eq!(running.finish().code, 1);
    }
}

#[test]
fn an_opener_gets_the_address_and_none_of_our_secrets() {
    let _port = callback_port();
    let secrets = ["CAM_MASTER_KEY", "OPENAI_API_KEY", "CODEX_ACCESS_TOKEN"];
    let mut logins = newcomer(&[DISPLAY]);
    for secret in secrets {
        logins.sandbox.set(secret, "correct horse battery staple");
    }
    let seen = logins.sandbox.path("seen");
    let shown = seen.display();
    put(&logins.sandbox, "xdg-open", &format!("(env; echo \"page=$1\") > {shown}.new; mv {shown}.new {shown}"));
    // A flag asks no question, also where no browser is expected.
    logins.sandbox.set(SSH.0, SSH.1);
    let running = Running::start(logins.sandbox.command(&["login", "--browser"]));
    let given = eventually("the opener was started", || std::fs::read_to_string(&seen).ok());
    assert!(given.contains("page=http://") && given.contains("DISPLAY=:0"), "{given}");
    assert!(!given.contains("correct horse"), "{given}");
    running.signal(rustix::process::Signal::INT);
    assert_eq!(running.finish().code, 1);
}
