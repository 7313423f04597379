//! A home in which OpenCode finds the plugin, and needs no network for that.

use std::process::Command;

use codex_account_manager::demo::simulated_openai::DEFAULT_TEXT;
use serde_json::{Value, json};

use crate::support::sandbox::{BINARY, Output};
use crate::support::tools::{self, DEAD_PROXY};
use crate::support::{Pool, Sandbox};

/// A login as OpenCode stores it. With one it sends its requests straight to ChatGPT if it is let.
pub const STORED_LOGIN: &str = r#"{"openai":{"type":"oauth","refresh":"not-a-token","access":"not-a-token","expires":9999999999999,"accountId":"acct_1"}}"#;

/// The package that OpenCode installs beside every configuration with a plugin. One that looks installed spares it the
/// wait for a registry that is not there; the plugin itself needs nothing of it.
const OWN_PACKAGE: &str = "@opencode-ai/plugin";

/// OpenCode and as many accounts, the plugin with these options; `None` after saying what is missing.
pub fn plugged_in(accounts: usize, options: &Value) -> Option<(String, Pool)> {
    let (opencode, clients) = (tools::opencode()?, tools::clients()?);
    let mut pool = Pool::new(accounts);
    let folder = pool.sandbox.path("config/opencode");
    let package = folder.join("node_modules").join(OWN_PACKAGE);
    std::fs::create_dir_all(&package).unwrap();
    let version = "1.18.33";
    let plugin = format!("file://{}", clients.join("opencode/dist/index.js").display());
    for (path, content) in [
        (folder.join("opencode.json"), json!({ "plugin": [[plugin, options]] })),
        (folder.join("package.json"), json!({ "dependencies": { OWN_PACKAGE: version } })),
        (
            folder.join("package-lock.json"),
            json!({
                "lockfileVersion": 3,
                "packages": {
                    "": { "dependencies": { OWN_PACKAGE: version } },
                    format!("node_modules/{OWN_PACKAGE}"): { "version": version },
                },
            }),
        ),
        (package.join("package.json"), json!({ "name": OWN_PACKAGE, "version": version })),
    ] {
        std::fs::write(path, content.to_string()).unwrap();
    }
    for (name, value) in [
        ("CAM_BINARY", BINARY),
        ("HTTPS_PROXY", DEAD_PROXY),
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
    ] {
        pool.sandbox.set(name, value);
    }
    Some((opencode, pool))
}

/// OpenCode without a screen, its first message given; a title spares it a second request.
pub fn say_hi(pool: &Pool, opencode: &str) -> Command {
    let mut command = pool.sandbox.program(opencode);
    command.args(["run", "-m", "openai/gpt-5.4", "--title", "t", "say hi"]);
    command
}

/// Node in this home, with the program where the plugin looks for it.
pub fn node(sandbox: &Sandbox) -> Command {
    let mut command = sandbox.program("node");
    command.env("CAM_BINARY", BINARY);
    command
}

#[track_caller]
pub fn check_answered(output: &Output) {
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains(DEFAULT_TEXT), "{output:?}");
}
