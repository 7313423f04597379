//! A home in which OpenCode finds the plugin, and needs no network for that.

use std::process::Command;

use serde_json::{Value, json};
use simulated_openai::api::{DEFAULT_TEXT, RecordedRequest};

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
    let mut pool = Pool::new(accounts);
    // The plugin asks for the models by itself.
    pool.upstream.spare_listings(true);
    let opencode = plug_in(&mut pool.sandbox, &json!({}), options)?;
    Some((opencode, pool))
}

/// OpenCode with the plugin in this home, beside a configuration of the person's own.
pub fn plug_in(sandbox: &mut Sandbox, config: &Value, options: &Value) -> Option<String> {
    let (opencode, clients) = (tools::opencode()?, tools::clients()?);
    let folder = sandbox.path("config/opencode");
    let package = folder.join("node_modules").join(OWN_PACKAGE);
    std::fs::create_dir_all(&package).unwrap();
    let version = "1.18.33";
    let plugin = format!("file://{}", clients.join("opencode/dist/index.js").display());
    let mut config = config.clone();
    config["plugin"] = json!([[plugin, options]]);
    for (path, content) in [
        (folder.join("opencode.json"), config),
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
        sandbox.set(name, value);
    }
    Some(opencode)
}

/// What was asked of the models; beside it the plugin asks which there are.
pub fn asked(pool: &Pool) -> Vec<RecordedRequest> {
    let mut requests = pool.upstream.requests();
    requests.retain(|request| request.method == "POST");
    requests
}

/// The accounts of these requests.
pub fn served_by(pool: &Pool) -> Vec<Option<usize>> {
    asked(pool).iter().map(|request| pool.number_of(request)).collect()
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
