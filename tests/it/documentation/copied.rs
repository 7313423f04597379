//! The configurations to copy, in the real programs, which nothing else leads to the proxy.

use std::process::Command;

use simulated_openai::api::DEFAULT_TEXT;

use super::page::Page;
use crate::cli::proxy::Proxy;
use crate::support::{Pool, Running, tools};

/// The key in every example.
const KEY: &str = "sk-choose-one";

/// The blocks of that language that name the proxy's address, with the address of this one.
#[track_caller]
fn to_copy(language: &str, port: u16) -> Vec<(String, String)> {
    let page = Page::read("docs/clients.md");
    let blocks = page.blocks().into_iter().filter(|block| block.language == language);
    let address = "http://127.0.0.1:8080/v1";
    let named: Vec<_> = blocks.filter(|block| block.text.contains(address)).collect();
    assert_eq!(named.len(), 1, "one for each program");
    let here = format!("http://127.0.0.1:{port}/v1");
    named
        .into_iter()
        .map(|block| (format!("{}:{}", block.page, block.line), block.text.replace(address, &here)))
        .collect()
}

#[track_caller]
fn check(pool: &Pool, place: &str, mut command: Command) {
    let before = pool.served_by().len();
    command.env("CAM_KEY", KEY);
    for name in ["HTTP_PROXY", "HTTPS_PROXY"] {
        command.env(name, tools::DEAD_PROXY);
    }
    command.env("NO_PROXY", "127.0.0.1,localhost");
    let done = Running::start(command).finish();
    assert!(done.code == 0 && done.stdout.contains(DEFAULT_TEXT), "{place}: {done:?}");
    let served_by = pool.served_by();
    assert!(served_by.len() > before && served_by.iter().all(Option::is_some), "{place}: {served_by:?}");
}

#[test]
fn opencode_takes_the_one_to_copy() {
    let Some(opencode) = tools::opencode() else { return };
    let pool = Pool::new(1);
    let proxy = Proxy::start(&pool.sandbox, &["--api-key", KEY]);
    for (place, text) in to_copy("json", proxy.port) {
        let folder = pool.sandbox.path("config/opencode");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("opencode.json"), text).unwrap();
        let mut command = pool.sandbox.program(&opencode);
        command.args(["run", "-m", "openai/gpt-5.4", "--title", "t", "say hi"]);
        command.env("OPENCODE_DISABLE_MODELS_FETCH", "1").env("OPENCODE_DISABLE_AUTOUPDATE", "1");
        check(&pool, &place, command);
    }
}

#[test]
fn codex_takes_the_one_to_copy() {
    let Some(codex) = tools::codex() else { return };
    let pool = Pool::new(1);
    let proxy = Proxy::start(&pool.sandbox, &["--api-key", KEY]);
    for (place, text) in to_copy("toml", proxy.port) {
        let folder = pool.sandbox.path(".codex");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
        let mut command = pool.sandbox.program(&codex);
        command.args(["exec", "--skip-git-repo-check", "-c", "model=\"gpt-5.4\"", "say hi"]);
        check(&pool, &place, command);
    }
}
