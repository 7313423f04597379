//! OpenCode as a server, whose events tell the toasts that its screen would show.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::home::{asked, plug_in, plugged_in, served_by};
use super::server::{JSON, Server, begin, check_said, message, post};
use super::{check_nobody_left, limited, limited_for, only_sidecar, sessions};
use crate::support::http::Connection;
use crate::support::keys::random_key;
use crate::support::logins::Logins;
use crate::support::{eventually, process};

#[test]
fn a_failover_is_a_toast_and_a_sidecar_that_crashes_is_followed() {
    let Some((opencode, pool)) = plugged_in(2, &json!({})) else { return };
    pool.upstream.script(&pool.keys[0], limited());
    let mut server = Server::start(&pool.sandbox, &opencode);
    server.say_hi();
    let toasts = [server.toast(), server.toast()];
    assert_eq!(toasts[0]["message"], "Using account 1 (account-1)");
    assert_eq!(toasts[0]["variant"], "info");
    let switched = toasts[1]["message"].as_str().unwrap();
    assert!(switched.starts_with("Account 1 (account-1) is rate limited for gpt-5.4 for "), "{switched}");
    assert!(switched.ends_with("; switched to account 2 (account-2)"), "{switched}");
    assert_eq!(toasts[1]["variant"], "warning");

    let before = only_sidecar(&pool);
    assert!(process::signal(before, Signal::KILL));
    server.say_hi();
    assert_ne!(only_sidecar(&pool), before, "another process, another port, another key");

    // Not the process group: OpenCode alone.
    for signal in [Signal::TERM, Signal::KILL] {
        let sidecar = only_sidecar(&pool);
        server.running.signal(signal);
        eventually("the sidecar has ended", || (!process::runs(sidecar)).then_some(()));
        check_nobody_left(&pool);
        if signal == Signal::TERM {
            server = Server::start(&pool.sandbox, &opencode);
            server.say_hi();
        }
    }
}

#[test]
fn locked_secrets_are_a_toast_and_nothing_hangs() {
    let Some((opencode, pool)) = plugged_in(1, &json!({ "quietMode": true })) else { return };
    std::fs::remove_file(pool.sandbox.path("cam-data/master.key")).unwrap();
    let mut server = Server::start(&pool.sandbox, &opencode);
    let warning = server.toast()["message"].as_str().unwrap().to_owned();
    assert!(warning.starts_with("Every account is locked; set CAM_MASTER_KEY"), "{warning}");
}

#[test]
fn quiet_is_quiet() {
    let Some((opencode, pool)) = plugged_in(2, &json!({ "quietMode": true })) else { return };
    pool.upstream.always(&pool.keys[0], Some(limited()));
    let mut server = Server::start(&pool.sandbox, &opencode);
    server.say_hi();
    // A toast of somebody else's comes after whatever the plugin had to say.
    post(server.port, "/tui/show-toast", &json!({ "message": "the end", "variant": "info" }));
    assert_eq!(server.toast()["message"], "the end");
}

#[test]
fn a_wait_is_a_toast_and_so_is_that_nothing_is_left() {
    let settings = json!({ "routing.wait_when_exhausted": true, "routing.short_retry_ms": 0, "notifications.rate_limit_debounce_ms": 0 });
    let Some((opencode, pool)) = plugged_in(1, &json!({ "settings": settings })) else { return };
    pool.script(1, limited_for(Duration::from_secs(3)));
    let mut server = Server::start(&pool.sandbox, &opencode);
    server.say_hi();
    let toasts = [(); 3].map(|()| server.toast()["message"].as_str().unwrap().to_owned());
    assert_eq!(toasts[0], "Using account 1 (account-1)");
    assert!(toasts[1].starts_with("The only account is limited; it is free again in "), "{toasts:?}");
    assert!(toasts[2].starts_with("The request waits for an account, until "), "{toasts:?}");

    // Far past the longest wait: OpenCode goes on trying, and the person knows why.
    pool.upstream.always(&pool.keys[0], Some(limited_for(Duration::from_secs(3600))));
    let (port, path) = (server.port, format!("/session/{}/message", server.session));
    std::thread::spawn(move || {
        // It is not answered before the test ends.
        let mut connection = Connection::open(port);
        connection.request("POST", &path, JSON, message().to_string().as_bytes());
        let _ = connection.head();
    });
    let spent = server.toast()["message"].as_str().unwrap().to_owned();
    assert_eq!(spent, "The only account is limited; it is free again in 60 min");
}

#[test]
fn models_that_come_while_it_runs_are_a_toast() {
    let mut logins = Logins::new(2);
    let Some(opencode) = plug_in(&mut logins.sandbox, &json!({}), &json!({})) else { return };
    logins.upstream.set_models(&["gpt-5.4"]);
    logins.upstream.set_models_of(logins.accounts[1], &["gpt-5.4", "gpt-5.3-codex-spark"]);
    logins.sandbox.run(&["edit", "2", "--disable"]).ok();
    let mut server = Server::start(&logins.sandbox, &opencode);
    post(server.port, &format!("/session/{}/message", server.session), &message());
    logins.sandbox.run(&["edit", "2", "--enable"]).ok();
    let told = std::iter::repeat_with(|| server.toast()["message"].as_str().unwrap().to_owned());
    let changed = told.take(5).find(|message| message.contains("other models")).unwrap();
    let expected =
        "The accounts serve other models now (new: gpt-5.3-codex-spark); OpenCode lists them when it starts again";
    assert_eq!(changed, expected);
}

#[test]
fn two_project_folders_in_one_process_are_two_sessions() {
    let Some((opencode, pool)) = plugged_in(2, &json!({})) else { return };
    let server = Server::start(&pool.sandbox, &opencode);
    server.say_hi();
    let other = pool.sandbox.path("other");
    std::fs::create_dir(&other).unwrap();
    let query = format!("directory={}", other.display());
    let session = begin(server.port, &format!("/session?{query}"));
    check_said(&post(server.port, &format!("/session/{session}/message?{query}"), &message()));
    assert_eq!(served_by(&pool), [Some(1), Some(2)]);
    assert_eq!(sessions(&pool).len(), 2);
    server.running.signal(Signal::KILL);
    check_nobody_left(&pool);
}

/// What its screen does for `/connect`.
#[test]
fn an_account_that_is_connected_is_used_at_once() {
    let Some((opencode, pool)) = plugged_in(0, &json!({})) else { return };
    let key = random_key();
    pool.upstream.add_key(&key);
    let mut server = Server::start(&pool.sandbox, &opencode);
    let toast = server.toast()["message"].as_str().unwrap().to_owned();
    assert!(toast.starts_with("There is no OpenAI account yet; add one with "), "{toast}");
    let inputs = json!({ "label": "work", "key": key });
    let authorize = json!({ "method": 2, "inputs": inputs });
    let authorization = post(server.port, "/provider/openai/oauth/authorize", &authorize);
    assert_eq!(authorization["instructions"], "Added account 1 (work)");
    assert_eq!(post(server.port, "/provider/openai/oauth/callback", &json!({ "method": 2 })), true);
    assert!(!pool.sandbox.path("data/opencode/auth.json").exists(), "OpenCode has nothing to store");
    // The screen then begins anew, and the plugin with it.
    let before = only_sidecar(&pool);
    server.begin_again();
    eventually("the sidecar before has ended", || (!process::runs(before)).then_some(()));
    server.say_hi();
    assert_ne!(only_sidecar(&pool), before);
    assert_eq!(asked(&pool)[0].key.as_deref(), Some(key.as_str()));
}
