//! What building the plugin takes: none of what the extension for VS Code is made with.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::support::sandbox::output;
use crate::support::{require, tools};

#[test]
fn the_plugin_is_built_without_the_editors_tools() {
    if !require("npm") {
        return;
    }
    let mut command = Command::new("npm");
    command.arg("--prefix").arg(tools::source().join("clients"));
    command.args(["ls", "--all", "--json", "--package-lock-only"]);
    command.args(["-w", "codex-account-manager", "-w", "opencode-codex-account-manager"]);
    let listed = output(command, b"").json();
    let mut names = BTreeSet::new();
    collect(&listed, &mut names);
    let allowed =
        ["codex-account-manager", "opencode-codex-account-manager", "vscode-jsonrpc", "esbuild", "typescript"];
    let groups = ["@esbuild/", "@typescript/", "@types/node", "undici-types"];
    let is_allowed =
        |name: &&String| allowed.contains(&name.as_str()) || groups.iter().any(|each| name.starts_with(each));
    let others: Vec<_> = names.iter().filter(|name| !is_allowed(name)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(allowed.iter().all(|name| names.contains(*name)), "{names:?}");
}

fn collect(of: &Value, names: &mut BTreeSet<String>) {
    for (name, package) in of["dependencies"].as_object().into_iter().flatten() {
        names.insert(name.clone());
        collect(package, names);
    }
}
