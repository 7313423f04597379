//! LSP clients that know nothing of the product and have no plugin: Neovim's own, and the library of VS Code.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::sandbox::BINARY;
use crate::support::{Pool, Running, eventually, http, require, tools};

#[test]
fn neovim_drives_a_sidecar_with_no_plugin() {
    if !require("nvim") {
        return;
    }
    let pool = Pool::new(2);
    let script = tools::script("lsp_client.lua");
    let mut command = pool.sandbox.program("nvim");
    command.args(["--headless", "--clean", "-n", "-c", &format!("luafile {script}")]);
    check_client(&pool, command);
}

#[test]
fn the_json_rpc_library_of_vs_code_drives_a_sidecar() {
    let pool = Pool::new(2);
    let Some(words) = tools::node(&pool.sandbox, "lsp_client.mjs") else { return };
    let mut command = pool.sandbox.program(&words[0]);
    command.args(&words[1..]);
    check_client(&pool, command);
}

/// Every step went as the contract says, and nothing is left of the session.
#[track_caller]
fn check_client(pool: &Pool, mut client: Command) {
    client.env("SERVER", json!([BINARY, "sidecar", "--stdio"]).to_string());
    let output = Running::start(client).finish();
    assert_eq!(output.code, 0, "{output:?}");
    let lines = output.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let steps: BTreeMap<String, Value> =
        lines.map(|mut line| (line["step"].as_str().unwrap().to_owned(), line["value"].take())).collect();
    let capabilities = &steps["capabilities"];
    assert_eq!(capabilities["protocolVersion"], 1);
    assert_eq!(capabilities["session"]["startAccount"]["label"], "account-1");
    assert_eq!(steps["proxy/ready"]["proxy"]["baseUrl"], capabilities["proxy"]["baseUrl"]);
    assert_eq!(steps["proxy/ready"]["proxy"].get("apiKey"), None, "a notification has no token");
    let labels = steps["accounts/list"]["accounts"].as_array().unwrap().iter().map(|account| &account["label"]);
    assert_eq!(labels.collect::<Vec<_>>(), ["account-1", "account-2"]);
    assert!(steps["table"].as_str().unwrap().starts_with("OpenAI Accounts (2):\n\n"), "{}", steps["table"]);
    assert_eq!(steps["switch"], "Switched to Account 2 (account-2)");
    assert_eq!(steps["exit"], 0);
    eventually("its record is gone", || pool.sandbox.session_ids().is_empty().then_some(()));
    let accounts = pool.sandbox.run(&["list", "--json"]).ok().json();
    assert_eq!(accounts["activeIndex"], 2, "a switch by hand is kept");
    let port = capabilities["proxy"]["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap();
    assert!(http::Connection::try_open(port).is_err(), "the proxy on port {port} is closed");
}
