//! `config get` and `config edit`.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::check_refused;
use crate::support::Sandbox;
use crate::support::terminal::Terminal;

#[test]
fn get_prints_the_value_alone() {
    let mut sandbox = Sandbox::new();
    let secret = "sk-mine-alone";
    std::fs::write(
        sandbox.path("config.toml"),
        format!("[proxy]\napi_key = \"{secret}\"\nallowed_hosts = [\"a\", \"b\"]\n[breaker]\nfailures = 9\n"),
    )
    .unwrap();
    sandbox.set("CODEX_AUTH_ACCOUNT_SELECTION_STRATEGY", "round-robin");
    for (key, printed) in [
        ("routing.strategy", "round_robin"),
        ("breaker.failures", "9"),
        ("polling.enabled", "true"),
        ("proxy.allowed_hosts", r#"["a","b"]"#),
        ("pricing", "[]"),
        ("proxy.api_key", "****"),
    ] {
        let done = sandbox.run(&["config", "get", key]).ok();
        assert_eq!((done.stdout, done.stderr.as_str()), (format!("{printed}\n"), ""), "{key}");
    }
    let whole = sandbox.run(&["config", "get", "routing.strategy", "--json"]).ok().json();
    assert_eq!((&whole["value"], &whole["source"]), (&json!("round_robin"), &json!("environment")));
    check_refused(&sandbox.run(&["config", "get"]), 2, &["<KEY>"]);
}

/// An editor that does `what` with the file, `$1`, and writes down whether it was given the key.
fn editor(sandbox: &mut Sandbox, what: &str) {
    let path = sandbox.path("my editor");
    let seen = sandbox.path("seen");
    let text = format!("#!/bin/sh\nset -e\necho \"key=$CAM_MASTER_KEY words=$#\" >>'{}'\n{what}\n", seen.display());
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.set("EDITOR", &format!("'{}' --wait", path.display()));
}

#[test]
fn edit_makes_the_file_opens_it_without_the_key_and_checks_it() {
    let mut sandbox = Sandbox::new();
    let file = sandbox.path("deep/config.toml");
    sandbox.set("CAM_CONFIG_FILE", file.to_str().unwrap());
    sandbox.set("CAM_MASTER_KEY", "a passphrase");
    let rule = "[[projects]]\\npath = \"~/gone\"\\naccounts = []";
    editor(
        &mut sandbox,
        &format!(r#"sed -i 's/^#routing.strategy = .*/routing.strategy = "hybrid"/' "$2"; printf '{rule}' >>"$2""#),
    );
    let done = sandbox.run(&["config", "edit"]).ok();
    assert!(done.stderr.contains("the folder `~/gone` does not exist"), "{done:?}");
    assert_eq!(done.stdout, format!("`{}` is valid\n", file.display()));
    assert_eq!(std::fs::read_to_string(sandbox.path("seen")).unwrap(), "key= words=2\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(sandbox.run(&["config", "get", "routing.strategy"]).ok().stdout, "hybrid\n");
    // One that is there is opened as it is.
    let before = std::fs::read_to_string(&file).unwrap();
    editor(&mut sandbox, "true");
    let again = sandbox.run(&["config", "edit"]).ok();
    assert_eq!((again.stderr.lines().count(), std::fs::read_to_string(&file).unwrap()), (1, before));
}

#[test]
fn edit_says_what_is_wrong_and_keeps_what_was_typed() {
    let mut sandbox = Sandbox::new();
    let file = sandbox.path("config.toml");
    for (typed, said) in [
        ("[routing\n", "config.toml:1: not valid TOML"),
        ("routing.stratgy = 1\n", "config.toml:1: unknown key `routing.stratgy`"),
        ("\nbreaker.failures = 0\n", "config.toml:2: "),
        ("proxy.keys = [{ name = \"ci\" }]\n", "key 1 of `proxy.keys`: it has neither `key_file` nor `key`"),
        (
            "[[projects]]\npath = \"/**\"\naccounts = [\"wrok\"]\n",
            "id or label `wrok`; no account may be used where it holds",
        ),
    ] {
        editor(&mut sandbox, &format!("printf '{}' >\"$2\"", typed.replace('\n', "\\n")));
        check_refused(&sandbox.run(&["config", "edit"]), 3, &[said, "hint: what you wrote is in the file"]);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), typed);
    }
    editor(&mut sandbox, "exit 3");
    check_refused(&sandbox.run(&["config", "edit"]), 1, &["failed (exit status: 3)", "what is in the file stays"]);
    sandbox.unset("EDITOR");
    check_refused(
        &sandbox.run(&["config", "edit"]),
        2,
        &["no editor is set", "hint: set `EDITOR`", "/config.toml` yourself"],
    );
}

#[test]
fn edit_offers_to_go_on_until_the_file_is_right() {
    let mut sandbox = Sandbox::new();
    editor(
        &mut sandbox,
        r#"if [ -e tried ]; then echo 'breaker.failures = 5' >"$2"; else echo '[' >"$2"; touch tried; fi"#,
    );
    let Some(mut terminal) = Terminal::start(&sandbox, &["config", "edit"]) else { return };
    terminal.wait_for("Edit it again? [y/N] ");
    terminal.type_line("y");
    let done = terminal.finish().ok();
    assert!(done.stdout.contains("is valid"), "{done:?}");
    assert_eq!(sandbox.run(&["config", "get", "breaker.failures"]).ok().stdout, "5\n");
}
