//! Every client finds the program in the same places: one list of cases for all. TypeScript's and VS Code's own tests read it
//! too.

use std::process::Command;

use serde_json::{Value, json};

use super::python;
use crate::support::{Running, Sandbox, require, tools};

fn list() -> Value {
    serde_json::from_str(&std::fs::read_to_string(tools::script("find_binary.json")).unwrap()).unwrap()
}

#[track_caller]
fn check(client: &str, mut command: Command) {
    command.env("CAM_TEST_FOLDER", tools::source());
    let steps = tools::steps(&Running::start(command).finish().ok().stdout);
    assert_eq!(steps["wrong"], json!([]));
    let is_for_it = |case: &&Value| !case["but"].as_array().is_some_and(|but| but.contains(&json!(client)));
    let expected = list()["cases"].as_array().unwrap().iter().filter(is_for_it).count();
    assert_eq!(steps["tried"], expected);
}

#[test]
fn python_finds_the_program_where_every_client_does() {
    let Some(environment) = python::environment() else { return };
    let sandbox = Sandbox::new();
    let mut command = sandbox.program(environment.join("bin/python").to_str().unwrap());
    command.arg(tools::script("find_binary.py"));
    check("python", command);
}

#[test]
fn neovim_finds_the_program_where_every_client_does() {
    if !require("nvim") {
        return;
    }
    let sandbox = Sandbox::new();
    let mut command = sandbox.program("nvim");
    command.args(["--headless", "--clean", "-n", "-c", &format!("luafile {}", tools::script("find_binary.lua"))]);
    check("neovim", command);
}

#[test]
fn the_examples_for_emacs_search_the_same_places() {
    let list = list();
    for example in ["codex-accounts-eglot.el", "codex-accounts-lsp-mode.el"] {
        let text = std::fs::read_to_string(tools::source().join("clients/examples/emacs").join(example)).unwrap();
        let (_, folders) = text.split_once("(defvar openai-accounts-folders\n  '(").unwrap();
        let folders: Vec<&str> = folders.split(')').next().unwrap().split_whitespace().collect();
        let expected: Vec<String> = list["unix"].as_array().unwrap().iter().map(Value::to_string).collect();
        assert_eq!(folders, expected, "{example}");
    }
}
