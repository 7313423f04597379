//! What `--help` says, as a terminal of 80 columns shows it, and the manual that is made of it.

use super::commands;
use crate::snapshot;
use crate::support::{Sandbox, sandbox};

/// The program under its short name.
const CAM: &str = env!("CARGO_BIN_EXE_cam");

fn help(sandbox: &Sandbox, program: &str, words: &[&str]) -> String {
    let mut command = sandbox.program(program);
    command.args(words).env("COLUMNS", "80");
    let done = sandbox::output(command, b"").ok();
    assert_eq!(done.stderr, "", "{words:?}");
    done.stdout
}

#[test]
fn every_help_fits_80_columns() {
    let sandbox = Sandbox::new();
    let mut pages = vec![("-h".to_owned(), help(&sandbox, CAM, &["-h"]))];
    pages.push(("--help".to_owned(), help(&sandbox, CAM, &["--help"])));
    for command in commands(&sandbox) {
        pages.push((format!("{command} --help"), help(&sandbox, CAM, &[&command, "--help"])));
    }
    for what in ["show", "path", "get", "set", "edit"] {
        pages.push((format!("config {what} --help"), help(&sandbox, CAM, &["config", what, "--help"])));
    }
    for what in ["install", "status", "uninstall"] {
        pages.push((format!("service {what} --help"), help(&sandbox, CAM, &["service", what, "--help"])));
    }
    for (words, page) in &pages {
        for line in page.lines() {
            assert!(line.chars().count() <= 80, "`{words}` is too wide: {line}");
        }
    }
    let shown =
        ["-h", "--help", "explain --help", "rpc --help", "completions --help", "config set --help", "connect --help"];
    let shown = pages.iter().filter(|(words, _)| shown.contains(&words.as_str()));
    let text: Vec<String> = shown.map(|(words, page)| format!("$ cam {words}\n{page}")).collect();
    snapshot!("help", text.join("\n"));
}

#[test]
fn help_says_the_name_that_was_called() {
    let sandbox = Sandbox::new();
    for words in [vec!["--help"], vec!["config", "set", "--help"], vec!["edit", "--help"], vec!["help", "run"]] {
        let (short, long) = (help(&sandbox, CAM, &words), help(&sandbox, sandbox::BINARY, &words));
        assert!(short.contains("Usage: cam ") && !short.contains("codex-account-manager"), "{short}");
        assert!(long.contains("Usage: codex-account-manager ") && !long.contains("cam "), "{long}");
    }
    let link = sandbox.path("accounts");
    std::os::unix::fs::symlink(CAM, &link).unwrap();
    assert!(help(&sandbox, link.to_str().unwrap(), &["list", "--help"]).contains("Usage: accounts list "));
}

#[test]
fn short_help_leaves_out_examples_and_variables() {
    let sandbox = Sandbox::new();
    let (short, long) = (help(&sandbox, CAM, &["add", "-h"]), help(&sandbox, CAM, &["add", "--help"]));
    assert!(!short.contains("Examples:") && long.contains("Examples:"), "{short}\n{long}");
    let (short, long) = (help(&sandbox, CAM, &["-h"]), help(&sandbox, CAM, &["--help"]));
    assert!(!short.contains("CAM_MASTER_KEY") && long.contains("CAM_MASTER_KEY"), "{short}\n{long}");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("man1");
    let mut command = sandbox.program(CAM);
    command.args(["completions", "--man", folder.to_str().unwrap()]);
    sandbox::output(command, b"").ok();
    for command in commands(&sandbox) {
        let page = std::fs::read_to_string(folder.join(format!("cam-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && page.contains("cam"), "{command}: {page}");
    }
    let page = std::fs::read_to_string(folder.join("cam.1")).unwrap();
    assert!(page.contains("cam\\-add(1)") && page.contains("CAM_MASTER_KEY"), "{page}");
    assert!(page.contains(".SH ENVIRONMENT\n") && !page.contains("EXTRA"), "{page}");
    let add = std::fs::read_to_string(folder.join("cam-add.1")).unwrap();
    assert!(add.contains(".SH EXAMPLES\n") && !add.contains("EXTRA"), "{add}");
    assert!(!page.contains('\u{1b}'), "colours have no place in a manual: {page}");
    let refused = sandbox.run(&["completions", "--man", "/dev/null/man"]);
    super::check_refused(&refused, 1, &["/dev/null/man", "hint: "]);
}
