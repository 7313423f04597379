//! The command line as a person and a script use it: what each command prints where, and how it ends.

mod accounts;
mod calling;
mod configuration;
mod doctor;
mod editing;
mod files;
mod help;
mod import;
mod looks;
pub mod proxy;
mod rekey;
mod selection;
mod setting;
mod shells;
mod switching;
mod typed;

use crate::support::Sandbox;
use crate::support::keys::random_key;
use crate::support::sandbox::check_refused;

/// Every command that `--help` names, but `help` itself.
fn commands(sandbox: &Sandbox) -> Vec<String> {
    let help = sandbox.run(&["--help"]).ok().stdout;
    let (list, _) = help.split_once("Options:\n").unwrap();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split([' ', ',']).next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A home with an account for each label.
fn with_accounts(labels: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for label in labels {
        sandbox.add(label, &random_key());
    }
    sandbox
}

#[test]
fn without_a_command_and_a_terminal_the_help_is_told_and_it_is_bad_usage() {
    check_refused(&Sandbox::new().run(&[]), 2, &["Usage: codex-account-manager", "\n  run ", "\n  doctor "]);
    // Whoever asks for the screen by name is told why there is none.
    check_refused(&Sandbox::new().run(&["tui"]), 2, &["error: the screen needs a terminal", "hint: "]);
}

#[test]
fn help_and_version_are_results() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.run(&["--version"]).ok().stdout,
        format!("codex-account-manager {}\n", env!("CARGO_PKG_VERSION"))
    );
    for command in commands(&sandbox) {
        let done = sandbox.run(&[&command, "--help"]).ok();
        assert_eq!(done.stderr, "", "{command}");
        assert!(done.stdout.contains("Usage: codex-account-manager"), "{command}: {done:?}");
    }
}

#[test]
fn bad_usage_ends_with_2_and_says_what_would_do() {
    let sandbox = with_accounts(&["one"]);
    for (words, said) in [
        (vec!["frobnicate"], "unrecognized subcommand 'frobnicate'"),
        (vec!["lits"], "a similar subcommand exists: 'list'"),
        (vec!["list", "--jsno"], "a similar argument exists: '--json'"),
        (vec!["list", "one"], "unexpected argument 'one'"),
        (vec!["show"], "<ACCOUNT>"),
        (vec!["remove"], "<ACCOUNT>"),
        (vec!["switch"], "<ACCOUNT>"),
        (vec!["config"], "Usage: codex-account-manager config [OPTIONS] <COMMAND>"),
        (vec!["usage", "--days", "0"], "0 is not in 1..=400"),
        (vec!["usage", "--days", "401"], "401 is not in 1..=400"),
        (vec!["usage", "--days", "week"], "invalid value 'week'"),
        (vec!["usage", "--by", "hour"], "[possible values: account, model, day, project, key]"),
        (vec!["config", "set", "routing.strategy"], "<VALUE>"),
        (vec!["completions"], "SHELL"),
        (vec!["completions", "tcsh"], "[possible values: bash, elvish, fish, powershell, zsh]"),
        (vec!["demo", "--sessions", "0"], "0 is not in 1..=16"),
        (vec!["demo", "--watch"], "run `codex-account-manager demo`, which prints"),
        (vec!["sidecar", "--strategy", "fastest"], "[possible values: sticky, round_robin"),
        (vec!["run", "--strategy", "rond-robin", "--", "true"], "a similar value exists: 'round_robin'"),
        (vec!["-q", "-v", "list"], "cannot be used with"),
        (vec!["config", "get", "no.such"], "unknown key `no.such`"),
        (vec!["config", "get", "routing.stratgy"], "hint: did you mean `routing.strategy`?"),
        (vec!["rpc", "acounts/list"], "hint: did you mean `accounts/list`"),
        (vec!["proxy", "--bind", "nowhere"], "use an IP and a port, such as `127.0.0.1:8080`"),
        (vec!["proxy", "--bind", "127.0.0.1:0", "--set", "a"], "write `--set KEY=VALUE`"),
    ] {
        let done = sandbox.run(&words);
        assert_eq!(done.code, 2, "{words:?}: {done:?}");
        check_refused(&done, 2, &[said]);
    }
}

#[test]
fn every_listing_has_json_and_nothing_else_on_stdout() {
    let sandbox = with_accounts(&["one", "two"]);
    for words in [
        vec!["list"],
        vec!["show", "1"],
        vec!["status"],
        vec!["usage"],
        vec!["config", "set", "breaker.failures", "4"],
        vec!["config", "set", "breaker.failures", "--unset"],
        vec!["config", "show"],
        vec!["config", "path"],
        vec!["config", "get", "pricing"],
        vec!["explain"],
        vec!["explain", "gpt-5.2-codex"],
        vec!["version"],
        vec!["ls"],
        vec!["edit", "1", "--priority", "3"],
        vec!["use", "2"],
        vec!["switch", "--auto"],
        vec!["rm", "2", "--yes"],
        vec!["rekey"],
        vec!["reset", "--yes"],
    ] {
        let done = sandbox.run(&[words.as_slice(), &["--json"]].concat()).ok();
        assert!(done.json().is_object(), "{words:?}: {done:?}");
        assert_eq!(done.stderr, "", "{words:?}");
    }
    // `doctor` ends with 1 here, since nobody listens at the upstream.
    assert_eq!(sandbox.run(&["doctor", "--json"]).json()["problems"], 1);
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let sandbox = with_accounts(&["one"]);
    let mut command = sandbox.program("sh");
    let line = format!("'{}' completions bash | head -c 1 >/dev/null; echo $?", crate::support::sandbox::BINARY);
    command.args(["-c", &line]);
    let done = crate::support::sandbox::output(command, b"").ok();
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("0\n", ""));
}

#[test]
fn the_schemas_are_checked_and_written() {
    let sandbox = Sandbox::new();
    let out = sandbox.path("schemas");
    let out = out.to_str().unwrap();
    let missing = sandbox.run(&["schema", "--check", "--out", out]);
    check_refused(&missing, 1, &["hint: run `codex-account-manager schema"]);
    assert!(!sandbox.path("schemas").exists(), "a check writes nothing");
    sandbox.run(&["schema", "--out", out]).ok();
    sandbox.run(&["schema", "--check", "--out", out]).ok();
    let changed = std::fs::read_dir(out).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&changed, "{}\n").unwrap();
    check_refused(&sandbox.run(&["schema", "--check", "--out", out]), 1, &["\n-{}\n", changed.to_str().unwrap()]);
    check_refused(&sandbox.run(&["schema", "--out", "/dev/null/x"]), 1, &["/dev/null/x"]);
}
