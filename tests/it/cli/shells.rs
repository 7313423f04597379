//! Completion by the real shells: on a terminal, with the tabulator.

use std::process::Command;
use std::time::{Duration, Instant};

use super::with_accounts;
use crate::support::screen::Screen;
use crate::support::{Sandbox, require, sandbox};

const LABELS: [&str; 6] = ["my work", "it's \"x\"", "a:b", "a:c", "仕事 用", "$HOME"];

/// A home with these accounts, and both names of the program in `PATH`.
fn home() -> Sandbox {
    let mut sandbox = with_accounts(&LABELS);
    let folder = sandbox.path("bin");
    std::fs::create_dir(&folder).unwrap();
    for (name, program) in [("cam", env!("CARGO_BIN_EXE_cam")), ("codex-account-manager", sandbox::BINARY)] {
        std::os::unix::fs::symlink(program, folder.join(name)).unwrap();
    }
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    sandbox.set("PATH", &path).set("LC_ALL", "C.UTF-8");
    sandbox
}

/// The shell without the person's own settings, and the line by which it reads the scripts.
fn shell(sandbox: &Sandbox, name: &str) -> (Command, &'static str) {
    let mut command = sandbox.program(name);
    let line = match name {
        "bash" => {
            command.args(["--norc", "--noprofile", "-i"]).env("PS1", "$ ");
            "for name in cam codex-account-manager; do source <($name completions bash); done"
        }
        "zsh" => {
            command.args(["-f", "-i"]).env("PS1", "$ ");
            "for name in cam codex-account-manager; do source <($name completions zsh); done"
        }
        _ => {
            command.args(["--no-config", "--interactive"]);
            "for name in cam codex-account-manager; $name completions fish | source; end"
        }
    };
    (command, line)
}

/// Types each line with a tabulator at its end, then what is left of it, and waits for what the command prints.
#[track_caller]
fn check(name: &str, lines: &[(&str, &str, &str)]) {
    if !require(name) {
        return;
    }
    let sandbox = home();
    let (command, scripts) = shell(&sandbox, name);
    let screen = Screen::start_command(&command, 100, 40);
    screen.type_keys(&format!("{scripts}; echo re''ady\r"));
    screen.wait_for("\nready");
    for (typed, rest, printed) in lines {
        screen.type_keys("clear; echo beg''in\r");
        screen.wait_until("the terminal is empty", |shown| shown.trim_start().starts_with("begin"));
        screen.type_keys(&format!("{typed}\t"));
        screen.type_keys(&format!("{rest}\r"));
        screen.wait_until(&format!("{name}: {typed} prints {printed}"), |shown| shown.contains(printed));
    }
    screen.type_keys("exit\r");
}

const LINES: &[(&str, &str, &str)] = &[
    ("cam show my", "", "1 (my work)"),
    ("cam show \"my", "", "1 (my work)"),
    ("cam show 'my", "", "1 (my work)"),
    (r"cam show my\ w", "", "1 (my work)"),
    ("cam show it", "", "2 (it's \"x\")"),
    ("cam show a:", "c", "4 (a:c)"),
    ("cam show 仕", "", "5 (仕事 用)"),
    (r"cam show \$", "", "6 ($HOME)"),
    ("codex-account-manager show my", "", "1 (my work)"),
    ("cam sho", "my\\ work", "1 (my work)"),
    ("cam config get routing.strat", "", "sticky"),
    ("cam config set routing.strategy hyb", "", "`routing.strategy` is \"hybrid\""),
    ("cam config set routing.strategy --uns", "", "is not in"),
    ("cam run --strategy=round", "-- echo do''ne", "\ndone"),
    ("cam run --set breaker.fail", "7 -- echo se''t", "\nset"),
    ("cam rpc accounts/li", "", "no session is running"),
];

#[test]
fn bash_completes_what_was_typed_however_it_is_quoted() {
    check("bash", LINES);
}

#[test]
fn zsh_completes_what_was_typed_however_it_is_quoted() {
    check("zsh", LINES);
}

#[test]
fn fish_completes_what_was_typed_however_it_is_quoted() {
    check("fish", LINES);
}

#[test]
fn the_function_of_bash_answers_to_words_alone() {
    let sandbox = home();
    for (words, expected) in [
        (&["cam", "show", "a", ":"][..], "b c"),
        (&["cam", "show", "a:"], "a:b a:c"),
        (&["cam", "show", ""], r#"my\ work it\'s\ \"x\" a:b a:c 仕事\ 用 \$HOME"#),
        (&["cam", "run", "--strategy", "=", "st"], "sticky"),
        (&["cam", "completions", "z"], "zsh"),
    ] {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let script = format!(
            "source <(cam completions bash); COMP_WORDS=({}); COMP_CWORD={}; _complete_cam; echo \"${{COMPREPLY[@]}}\"",
            quoted.join(" "),
            words.len() - 1
        );
        let mut command = sandbox.program("bash");
        command.args(["-c", &script]);
        let done = sandbox::output(command, b"").ok();
        let found: Vec<&str> =
            done.stdout.trim_end().split(" --").next().unwrap_or_default().split_whitespace().collect();
        assert_eq!((found.join(" ").as_str(), done.stderr.as_str()), (expected, ""), "{words:?}");
    }
}

/// What may stand behind these words, asked as bash does.
fn candidates(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let mut command = sandbox.command(&[&["--", "cam"], words].concat());
    command.env("CAM_COMPLETE", "bash");
    let done = sandbox::output(command, b"").ok();
    assert_eq!(done.stderr, "", "{words:?}");
    done.stdout.lines().map(str::to_owned).filter(|line| !line.starts_with('-')).collect()
}

#[test]
fn an_answer_needs_no_key_and_waits_for_no_file() {
    let mut sandbox = with_accounts(&["one", "two"]);
    sandbox.set("CAM_MASTER_KEY", "another key than theirs");
    assert_eq!(candidates(&sandbox, &["show", ""]), ["one", "two"]);
    std::fs::write(sandbox.accounts_file(), "{ not JSON").unwrap();
    assert!(candidates(&sandbox, &["show", ""]).is_empty());
    std::fs::remove_file(sandbox.accounts_file()).unwrap();
    let made = Command::new("mkfifo").arg(sandbox.accounts_file()).status().unwrap();
    assert!(made.success());
    let began = Instant::now();
    assert!(candidates(&sandbox, &["show", ""]).is_empty());
    assert!(began.elapsed() < Duration::from_secs(20), "a pipe that nobody writes to is not waited for");
    sandbox.set("HOME", "").set("XDG_CONFIG_HOME", "");
    assert_eq!(candidates(&sandbox, &["rpc", "accounts/li"]), ["accounts/list"]);
}

#[test]
fn each_argument_is_completed_with_what_it_takes() {
    let sandbox = with_accounts(&["one", "two"]);
    for (words, expected) in [
        (&["edit", "o"][..], vec!["one"]),
        (&["use", "t"], vec!["two"]),
        (&["rm", ""], vec!["one", "two"]),
        (&["use", "one", "--family", "gpt-5.1"], vec!["gpt-5.1"]),
        (&["config", "get", "breaker."], vec!["breaker.failures", "breaker.open_seconds"]),
        (&["config", "set", "polling.enabled", ""], vec!["true", "false"]),
        (&["sidecar", "--set", "breaker.f"], vec!["breaker.failures="]),
        (&["sidecar", "--set", "polling.enabled=t"], vec!["polling.enabled=true"]),
        (&["usage", "--by", "m"], vec!["model"]),
        (&["rpc", "routing/"], vec!["routing/explain", "routing/setStrategy"]),
        (&["completions", "f"], vec!["fish"]),
        (&["run", "--", "mkfif"], vec!["mkfifo"]),
        (&["run", "mkfif"], vec!["mkfifo"]),
        (&["expl"], vec!["explain"]),
        (&["config", "e"], vec!["edit"]),
        (&["nosuch", ""], vec![]),
    ] {
        let found = candidates(&sandbox, words);
        if expected.is_empty() {
            continue;
        }
        assert_eq!(found, expected, "{words:?}");
    }
}

#[test]
fn every_script_is_taken_by_its_shell_and_asks_for_its_own_name() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        for (program, name) in [(env!("CARGO_BIN_EXE_cam"), "cam"), (sandbox::BINARY, "codex-account-manager")] {
            let mut command = sandbox.program(program);
            command.args(["completions", shell]);
            let script = sandbox::output(command, b"").ok();
            assert_eq!(script.stderr, "", "{shell}");
            assert!(script.stdout.contains(name) && script.stdout.contains("CAM_COMPLETE"), "{}", script.stdout);
            // PowerShell and Elvish have no `-n`.
            if !["bash", "zsh", "fish"].contains(&shell) || !require(shell) {
                continue;
            }
            let path = sandbox.path(&format!("completions.{shell}"));
            std::fs::write(&path, script.stdout).unwrap();
            let mut checked = sandbox.program(shell);
            checked.arg("-n").arg(path);
            let done = sandbox::output(checked, b"");
            assert_eq!((done.code, done.stderr.as_str()), (0, ""), "{shell}");
        }
    }
}
