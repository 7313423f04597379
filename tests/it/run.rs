//! `run`: the command has our streams, gets our signals, and its end is ours.

use rustix::process::Signal;

use crate::support::keys::random_key;
use crate::support::running::Running;
use crate::support::sandbox::{Output, output};
use crate::support::{Pool, Sandbox, eventually, process};

fn run(sandbox: &Sandbox, words: &[&str]) -> Output {
    sandbox.run(&[&["run", "--"], words].concat())
}

#[test]
fn it_exits_as_its_command_does() {
    let pool = Pool::new(1);
    let plain = pool.sandbox.path("plain");
    std::fs::write(&plain, "no program").unwrap();
    for (words, code, said) in [
        (vec!["true"], 0, ""),
        (vec!["sh", "-c", "exit 3"], 3, ""),
        (vec!["sh", "-c", "exit 255"], 255, ""),
        (vec!["sh", "-c", "kill -TERM $$"], 128 + 15, ""),
        (vec!["sh", "-c", "kill -KILL $$"], 128 + 9, ""),
        (vec!["no-such-command"], 127, "hint: check its name and `PATH`"),
        (vec![plain.to_str().unwrap()], 126, "hint: check that it is a program you may execute"),
        (vec!["/"], 126, "hint: check that it is a program you may execute"),
    ] {
        let done = run(&pool.sandbox, &words);
        assert_eq!(done.code, code, "{words:?}: {done:?}");
        assert!(done.stderr.contains(said) && done.stderr.is_empty() == said.is_empty(), "{words:?}: {done:?}");
        assert_eq!(done.stdout, "", "{words:?}");
    }
}

#[test]
fn its_streams_are_the_commands_own() {
    let pool = Pool::new(1);
    let done = output(pool.sandbox.command(&["run", "--", "sh", "-c", "cat; echo aside >&2"]), b"first\nsecond\n");
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("first\nsecond\n", "aside\n"));
}

#[test]
fn every_argument_behind_the_command_is_the_commands_own() {
    let pool = Pool::new(1);
    let words = ["--", "--help", "-V", "--set", "a=b", "", "a b", "$HOME", "--"];
    let expected = format!("[{}]\n", words.join("]\n["));
    for before in [vec!["run", "--"], vec!["run"], vec!["run", "--set", "routing.max_attempts=2"]] {
        let done = pool.sandbox.run(&[before.as_slice(), &["printf", "[%s]\\n"], &words].concat()).ok();
        assert_eq!(done.stdout, expected, "{before:?}");
    }
}

#[test]
fn flags_that_it_does_not_know_or_take_are_bad_usage() {
    let pool = Pool::new(1);
    for (words, said) in [
        (vec![], "<CMD>..."),
        (vec!["--no-such-flag", "--", "true"], "--no-such-flag"),
        (vec!["--strategy", "fastest", "--", "true"], "possible values: sticky"),
        (vec!["--set", "routing.max_attempts", "--", "true"], "write `--set KEY=VALUE`"),
        (vec!["--set", "no.such=1", "--", "true"], "unknown key `no.such`"),
        (vec!["--set", "routing.max_attempts=many", "--", "true"], "accepted: a whole number from 1 to 100"),
        (vec!["--accounts", "nobody", "--", "true"], "`--accounts`: no account has the group, id or label `nobody`"),
        (vec!["--accounts", "account-1", "--accounts", "1", "--", "true"], "`1` is a number, which changes when"),
    ] {
        let done = pool.sandbox.run(&[&["run"], words.as_slice()].concat());
        assert_eq!(done.code, 2, "{words:?}: {done:?}");
        assert!(done.stderr.contains(said), "{words:?}: {done:?}");
    }
}

#[test]
fn the_command_gets_the_proxy_and_none_of_our_secrets() {
    let mut pool = Pool::new(1);
    let master_key = random_key();
    pool.sandbox.set("CAM_MASTER_KEY", &master_key).set("no_proxy", "example.com").set("OPENAI_API_KEY", "sk-before");
    let script = r#"env; "$0" status --json >status.json"#;
    let done = run(&pool.sandbox, &["sh", "-c", script, crate::support::sandbox::BINARY]).ok();
    let variable = |name: &str| done.stdout.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
    let status: serde_json::Value =
        serde_json::from_slice(&std::fs::read(pool.sandbox.path("status.json")).unwrap()).unwrap();
    let session = &status["sessions"][0];
    assert_eq!((&session["kind"], &session["startAccount"]["index"]), (&"run".into(), &1.into()), "{session}");
    assert_eq!(variable("OPENAI_BASE_URL"), Some(format!("http://127.0.0.1:{}/v1", session["port"]).as_str()));
    assert!(variable("OPENAI_API_KEY").is_some_and(|key| key.len() == 64), "a key made for this run");
    assert_eq!(variable("NO_PROXY"), Some("127.0.0.1,localhost,::1"));
    assert_eq!(variable("no_proxy"), Some("example.com,127.0.0.1,localhost,::1"));
    assert_eq!(variable("CAM_MASTER_KEY"), None);
    assert!(!done.stdout.contains(&master_key) && !done.stdout.contains(&pool.keys[0]));
    assert!(pool.sandbox.session_ids().is_empty(), "its record ends with it");
}

/// What a rule of the folder says holds for both by itself.
#[test]
fn what_narrows_it_narrows_what_else_of_ours_runs_in_it() {
    let pool = Pool::new(3);
    let script = r#"printf '%s' "$CAM_ACCOUNTS"; "$0" explain --json >&2"#;
    let ours = crate::support::sandbox::BINARY;
    let inner = [ours, "run", "--accounts", "!account-1", "--", "sh", "-c", script, ours];
    let done = pool.sandbox.run(&[&["run", "--accounts", "account-1,account-2", "--"], &inner[..]].concat()).ok();
    assert_eq!(done.stdout, "account-1,account-2\n!account-1");
    let explained: serde_json::Value = serde_json::from_str(&done.stderr).unwrap();
    assert_eq!(explained["accountSet"]["accounts"], serde_json::json!([pool.ids[1]]), "{explained}");
}

#[test]
fn signals_reach_the_command_and_its_end_is_ours() {
    let pool = Pool::new(1);
    for (signal, number) in [(Signal::TERM, 15), (Signal::HUP, 1), (Signal::USR1, 10), (Signal::INT, 2)] {
        // It answers the signal with an exit code of its own, so that only a signal that arrived can give it.
        let script = format!("trap 'exit {}' {number}; echo ready; while :; do sleep 0.01; done", 40 + number);
        let running = Running::start(pool.sandbox.command(&["run", "--", "sh", "-c", &script]));
        eventually("the command runs", || running.stdout_so_far().contains("ready").then_some(()));
        assert_eq!(pool.sandbox.session_ids().len(), 1);
        running.signal(signal);
        let done = running.finish();
        assert_eq!(done.code, 40 + number, "{signal:?}: {done:?}");
        assert!(pool.sandbox.session_ids().is_empty(), "{signal:?}");
    }
}

#[test]
fn a_command_that_dies_of_a_signal_tells_which() {
    let pool = Pool::new(1);
    let running = Running::start(pool.sandbox.command(&["run", "--", "sh", "-c", "echo $$; exec sleep 600"]));
    let child = eventually("the command told its pid", || running.stdout_so_far().trim().parse().ok());
    running.signal(Signal::TERM);
    assert_eq!(running.finish().code, 128 + 15);
    assert!(!process::runs(child));
}

#[test]
fn it_warns_before_the_command_that_nothing_can_be_served() {
    let sandbox = Sandbox::new();
    let warned = |sandbox: &Sandbox, text: &str| {
        let done = run(sandbox, &["echo", "ran"]);
        assert_eq!((done.code, done.stdout.as_str()), (0, "ran\n"), "{done:?}");
        assert!(done.stderr.starts_with("warning: ") && done.stderr.contains(text), "{done:?}");
    };
    warned(&sandbox, "there is no account yet; add a key with `codex-account-manager add LABEL`");
    sandbox.add("only", &random_key());
    sandbox.run(&["edit", "1", "--disable"]).ok();
    warned(&sandbox, "no account can serve now; `codex-account-manager list` says why");
    sandbox.run(&["edit", "1", "--enable"]).ok();
    assert_eq!(run(&sandbox, &["true"]).stderr, "");
    std::fs::rename(sandbox.path("cam-data/master.key"), sandbox.path("put away")).unwrap();
    warned(&sandbox, "no account can serve now");
    sandbox.write_accounts(b"{");
    warned(&sandbox, "start fresh with `codex-account-manager reset`");
}
