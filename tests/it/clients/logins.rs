//! Logins by the two client libraries: every way one ends.

use std::process::Command;

use serde_json::{Value, json};
use simulated_openai::chatgpt::{Account, Login};

use super::python;
use crate::support::logins::{Logins, callback_port};
use crate::support::sandbox::BINARY;
use crate::support::{Running, tools};

const CANCELLED: &str = "the login was cancelled; begin it again when you like";

/// A person with a workspace of their own.
fn person(logins: &Logins, name: &str) -> Account {
    logins.upstream.add_login(Login::new(&format!("{name}@example.com"), &format!("ws-{name}"), "plus")).account
}

/// What only this client's language says so: how a wait ends that is over or was left, and a sidecar that was killed.
struct Words {
    timed_out: Value,
    left: Value,
    killed: [&'static str; 2],
}

/// Plays the person of a script that tells its steps, and checks those that both clients tell.
#[track_caller]
fn check(logins: &Logins, client: Command, words: &Words) -> tools::Steps {
    let _port = callback_port();
    let [first, second, third] = ["first", "second", "third"].map(|name| person(logins, name));
    logins.upstream.approve_next_device(first);
    logins.upstream.signs_in(second);
    let client = Running::start(client);
    let code = |step: &str| tools::told(&client, step).as_str().unwrap().to_owned();
    assert!(logins.upstream.deny_device(&code("to deny")));
    assert!(logins.upstream.approve_device(&code("to approve"), third));
    let done = client.finish().ok();
    assert!(!["Traceback", "Warning", "never"].iter().any(|word| done.stderr.contains(word)), "{done:?}");
    let steps = tools::steps(&done.stdout);
    let page = format!("{}/codex/device", logins.upstream.base_url());
    assert_eq!(steps["device shows"], json!([page, true]));
    assert_eq!((&steps["device"], &steps["browser"]), (&json!("first@example.com"), &json!("by browser")));
    assert_eq!(steps["browser shows"], json!(null), "there is nothing to type");
    assert_eq!(steps["denied"], json!(["LoginError", "the login was denied on the page; begin it again and allow it"]));
    assert_eq!(steps["second"], "loginFailed", "there is one port to come back to");
    assert_eq!(steps["cancelled"], json!(["LoginError", CANCELLED]));
    assert_eq!(steps["timed out"], words.timed_out);
    assert_eq!(steps["left"], words.left);
    assert_eq!(steps["killed"], json!(words.killed));
    assert_eq!((&steps["before"], &steps["after"]), (&json!(2), &json!(1)), "a fresh start moves the others aside");
    assert_eq!(steps["fresh"], "third@example.com");
    assert_eq!(steps["closed"], words.killed[0]);
    assert!(logins.sandbox.session_ids().is_empty());
    steps
}

#[test]
fn by_the_python_client() {
    let Some(environment) = python::environment() else { return };
    let logins = Logins::new(0);
    let mut client = logins.sandbox.program(environment.join("bin/python").to_str().unwrap());
    client.args(["-X", "dev", "-W", "error", &tools::script("login_python.py")]).env("CAM_BINARY", BINARY);
    let words = Words {
        timed_out: json!(["LoginError", "nobody logged in within 0.05 s"]),
        left: json!([true, ["LoginError", CANCELLED]]),
        killed: ["SidecarExitedError", "the sidecar was ended by signal 9"],
    };
    let steps = check(&logins, client, &words);
    assert_eq!(steps["left early"], json!([true, CANCELLED]), "it is given up as soon as its name is known");
}

#[test]
fn by_the_typescript_client() {
    if tools::clients().is_none() {
        return;
    }
    let logins = Logins::new(0);
    let mut client = logins.sandbox.program("node");
    client.arg(tools::script("login_typescript.mjs")).env("CAM_BINARY", BINARY);
    let words = Words {
        timed_out: json!(["TimeoutError", "The operation was aborted due to timeout"]),
        left: json!(["AbortError", ["LoginError", CANCELLED]]),
        killed: ["SidecarError", "the sidecar was ended by SIGKILL"],
    };
    check(&logins, client, &words);
}
