//! What a person pinned, and for whom, wherever accounts or sessions are listed.

use serde_json::{Value, json};

use crate::support::upstream::ask;
use crate::support::{Pool, Running, Sidecar, eventually};

#[track_caller]
fn status(sidecar: &mut Sidecar) -> Value {
    sidecar.request("status/read", &json!({})).unwrap()
}

/// What `reader` says of the session `id`.
#[track_caller]
fn session(reader: &mut Sidecar, id: &str) -> Value {
    let sessions = status(reader)["sessions"].as_array().unwrap().clone();
    sessions.into_iter().find(|session| session["id"] == id).unwrap_or_else(|| panic!("it lists `{id}`"))
}

#[track_caller]
fn listed(sidecar: &mut Sidecar) -> Value {
    sidecar.request("accounts/list", &json!({})).unwrap()["pins"].clone()
}

#[test]
fn a_sessions_pins_are_in_its_siblings_status_and_what_overtakes_them_too() {
    let pool = Pool::new(3);
    let (mut first, mut second) = (pool.sidecar(), pool.sidecar());
    let (one, two) = (first.session_id().to_owned(), second.session_id().to_owned());
    let pin = |number: usize, scope: &str| json!({ "account": pool.ids[number - 1], "scope": scope });
    let of_codex =
        |number: usize, scope: &str| json!({ "account": pool.ids[number - 1], "family": "codex", "scope": scope });

    first.request("accounts/switch", &json!({ "account": 2 })).unwrap();
    first.request("accounts/switch", &json!({ "account": 3, "family": "codex" })).unwrap();
    let own = json!([pin(2, "session"), of_codex(3, "session")]);
    assert_eq!(session(&mut second, &one)["pins"], own);
    assert_eq!((listed(&mut first), &session(&mut first, &one)["pins"]), (own.clone(), &own));
    assert_eq!((listed(&mut second), &session(&mut second, &two)["pins"]), (json!([]), &json!([])));
    assert_eq!(pool.sandbox.run(&["list", "--json"]).ok().json()["pins"], json!([]), "the file has none");

    pool.sandbox.run(&["switch", "1"]).ok();
    let everywhere = json!([pin(1, "everywhere")]);
    for (reader, id) in [(&mut second, &one), (&mut first, &two)] {
        assert_eq!(session(reader, id)["pins"], everywhere, "the newest wins");
        assert_eq!(listed(reader), everywhere);
    }
    for verb in ["list", "status"] {
        assert_eq!(pool.sandbox.run(&[verb, "--json"]).ok().json()["pins"], everywhere, "{verb}");
    }
    second.request("accounts/switch", &json!({ "account": null })).unwrap();
    assert_eq!(session(&mut first, &two)["pins"], json!([]), "taken back in this one");
    assert_eq!(session(&mut second, &one)["pins"], everywhere);

    pool.sandbox.run(&["switch", "2", "--family", "codex"]).ok();
    assert_eq!(session(&mut second, &one)["pins"], json!([pin(1, "everywhere"), of_codex(2, "everywhere")]));
    assert_eq!(session(&mut first, &two)["pins"], json!([of_codex(2, "everywhere")]));
    pool.sandbox.run(&["switch", "--auto"]).ok();
    assert_eq!(session(&mut second, &one)["pins"], json!([]), "what was overtaken does not come back");
    first.request("accounts/switch", &json!({ "account": 3 })).unwrap();
    pool.sandbox.run(&["remove", "3", "--yes"]).ok();
    assert_eq!(session(&mut second, &one)["pins"], json!([]), "an account that is gone holds nothing");
    first.conversation.check_valid(&pool.sandbox);
    second.conversation.check_valid(&pool.sandbox);
}

#[test]
fn a_record_that_lost_its_pin_has_it_again() {
    let pool = Pool::new(2);
    let mut sidecar = pool.sidecar();
    sidecar.request("accounts/switch", &json!({ "account": 2 })).unwrap();
    let mut accounts = pool.sandbox.accounts();
    assert_eq!(accounts["sessions"][0]["pins"]["all"]["account"], json!(pool.ids[1]));
    accounts["sessions"][0].as_object_mut().unwrap().remove("pins");
    pool.sandbox.write_accounts(accounts.to_string().as_bytes());
    eventually("the session writes what it follows", || {
        (pool.sandbox.accounts()["sessions"][0]["pins"]["all"]["account"] == json!(pool.ids[1])).then_some(())
    });
    assert_eq!(ask(&pool, &sidecar, "gpt-5.4"), 2);
}

#[test]
fn a_sibling_sees_which_program_a_session_serves_where_and_how_often() {
    let pool = Pool::new(2);
    let params = json!({
        "clientInfo": { "name": "Ed\u{1b}[2J\u{202e}itor", "version": "9".repeat(100) },
        "workspaceFolders": [{ "uri": "file:///srv/a%20b", "name": "a b" }],
    });
    let first = Sidecar::start_with(pool.sandbox.command(&["sidecar"]), &params);
    let mut second = pool.sidecar();
    let two = second.session_id().to_owned();
    let seen = session(&mut second, first.session_id());
    let program = seen["program"].as_str().unwrap();
    assert_eq!(program, format!("Ed\u{fffd}[2J\u{fffd}itor {}…", "9".repeat(51)));
    assert_eq!(program.chars().count(), 64);
    assert_eq!((&seen["folder"], &seen["requestsPerMinute"]), (&json!("/srv/a b"), &json!(0)));
    let own = session(&mut second, &two);
    assert_eq!((own.get("program"), &own["folder"]), (None, &json!(pool.sandbox.home())));
    for _ in 0..3 {
        ask(&pool, &first, "gpt-5.4");
    }
    eventually("its requests are counted", || {
        (session(&mut second, first.session_id())["requestsPerMinute"] == 3).then_some(())
    });
    assert_eq!(session(&mut second, &two)["requestsPerMinute"], 0);
}

#[test]
fn a_command_is_named_without_its_folder_and_arguments() {
    let pool = Pool::new(1);
    let script = "echo ready; read end # token=hidden";
    let running = Running::start(pool.sandbox.command(&["run", "--", "/bin/sh", "-c", script]));
    eventually("the command runs", || running.stdout_so_far().contains("ready").then_some(()));
    let status = pool.sandbox.run(&["status", "--json"]).ok().json();
    let seen = &status["sessions"][0];
    assert_eq!((&seen["kind"], &seen["program"]), (&json!("run"), &json!("sh")));
    assert_eq!(seen["folder"], json!(pool.sandbox.home()));
    assert!(!String::from_utf8(pool.sandbox.bytes().unwrap()).unwrap().contains("hidden"));
    let text = pool.sandbox.run(&["status"]).ok().stdout;
    let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[1..4], ["run", "sh", "~"], "{text}");
}

#[test]
fn the_tables_mark_what_is_pinned_and_say_how_to_take_it_back() {
    let pool = Pool::new(2);
    let text = |args: &[&str]| pool.sandbox.run(args).ok().stdout;
    assert!(!text(&["list"]).contains("inned"));
    pool.sandbox.run(&["switch", "2"]).ok();
    pool.sandbox.run(&["switch", "1", "--family", "codex"]).ok();
    for verb in ["list", "status"] {
        let shown = text(&[verb]);
        let row = |label: &str| shown.lines().find(|line| line.contains(&format!(" {label} "))).unwrap().to_owned();
        assert!(row("account-2").ends_with("  pinned"), "{shown}");
        assert!(row("account-1").ends_with("  pinned for codex"), "{shown}");
        let expected = "\n\n\
            Pinned everywhere: account 2 (account-2). `codex-account-manager switch --auto` removes the pin.\n\
            Pinned everywhere for `codex`: account 1 (account-1). `codex-account-manager switch --auto --family codex` \
            removes the pin.\n";
        assert!(shown.contains(expected), "{shown}");
    }
    let mut sidecar = pool.sidecar();
    sidecar.request("accounts/switch", &json!({ "account": 1 })).unwrap();
    let shown = text(&["status"]);
    assert!(shown.lines().nth(1).unwrap().ends_with("  account-1"), "{shown}");
    assert!(text(&["show", "2"]).contains("\npin           pinned\n"));
}
