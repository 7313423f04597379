//! The configurations of `clients/examples`, in the editors they are for.

use serde_json::{Value, json};

use crate::support::sandbox::BINARY;
use crate::support::{Pool, Running, Sandbox, eventually, missing, require, tools};

#[test]
fn eglot_runs_the_example_for_emacs() {
    let pool = Pool::new(2);
    let Some(steps) = emacs(&pool, "eglot", "eglot_example.el") else { return };
    assert_eq!(steps["labels"], json!(["account-1", "account-2"]));
    let program = tools::text(&pool.sandbox.path("programs/codex-account-manager"));
    assert_eq!((&steps["found"], &steps["home"]), (&json!(program), &json!(program)));
    let missing = steps["missing"].as_str().unwrap();
    assert!(missing.contains("~/no-such-program") && missing.contains("~/.cargo/bin"), "{missing}");
    assert!(steps["table"].as_str().unwrap().starts_with("OpenAI Accounts (2):\n\n"), "{steps:?}");
    assert_eq!(steps["head"], json!([1, 1, 1]));
    assert_eq!(steps["switch"], "Switched to account 2 (account-2)");
    assert_eq!(steps["environment"], json!(["OPENAI_BASE_URL", "OPENAI_API_KEY", "NO_PROXY", "no_proxy"]));
    let kept = "example.com,localhost,127.0.0.1,::1";
    assert_eq!(steps["no proxy"], json!([format!("NO_PROXY={kept}"), format!("no_proxy={kept}")]));
    assert_eq!(steps["other no_proxy"], "no_proxy=example.org,127.0.0.1,localhost,::1");
    assert_eq!(steps["managed"], json!(null), "no buffer is managed");
    assert!(steps["refused"].as_str().unwrap().contains("`nobody`"), "{steps:?}");
    assert_eq!(steps["ended"], true);
    assert_eq!(steps["again"], json!(["account-1", "account-2"]), "the next command starts it again");
    eventually("its record is gone", || pool.sandbox.session_ids().is_empty().then_some(()));
}

#[test]
fn lsp_mode_runs_the_example_for_emacs() {
    let pool = Pool::new(2);
    let Some(steps) = emacs(&pool, "lsp-mode", "lsp_mode_example.el") else { return };
    assert!(steps["table"].as_str().unwrap().starts_with("OpenAI Accounts (2):\n\n"), "{steps:?}");
    assert_eq!(steps["head"], json!([1, 1, 1]));
    assert_eq!(steps["switch"], "Switched to Account 2 (account-2)");
    assert_eq!(steps["labels"], json!(["account-1", "account-2"]));
    assert_eq!(steps["unknown notifications"], json!(null));
    assert_eq!(steps["ended"], true);
    eventually("its record is gone", || pool.sandbox.session_ids().is_empty().then_some(()));
}

/// Helix is not in every Debian: that the file is TOML and names our command line is all that is checked.
#[test]
fn the_example_for_helix_is_toml_and_starts_a_sidecar() {
    let path = tools::source().join("clients/examples/helix/languages.toml");
    let parsed: toml_edit::DocumentMut = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let server = &parsed["language-server"]["codex-account-manager"];
    assert_eq!(server["command"].as_str(), Some("codex-account-manager"));
    let arguments: Vec<_> =
        server["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()).collect();
    assert_eq!(arguments, ["sidecar", "--stdio"]);
    let languages = parsed["language"].as_array_of_tables().unwrap();
    let uses = |language: &toml_edit::Table| language["language-servers"].to_string().contains("codex-account-manager");
    assert!(languages.iter().all(uses), "{parsed}");
}

/// Zed is not run here.
#[test]
fn the_example_for_zed_is_json_and_names_the_address_of_the_proxy() {
    let path = tools::source().join("clients/examples/zed/settings.json");
    let settings: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let values = Sandbox::new().run(&["config", "show", "--json"]).ok().json();
    let address = values["values"].as_array().unwrap().iter().find(|value| value["key"] == "proxy.bind_addr").unwrap();
    let expected = format!("http://{}/v1", address["value"].as_str().unwrap());
    assert_eq!(settings["language_models"]["openai_compatible"]["accounts"]["api_url"], expected);
}

/// The steps of a script in a batch Emacs; `None` after saying what is missing.
fn emacs(pool: &Pool, package: &str, script: &str) -> Option<tools::Steps> {
    if !require("emacs") {
        return None;
    }
    let mut probe = pool.sandbox.program("emacs");
    probe.args(["--batch", "-f", "package-initialize", "--eval", &format!("(require '{package})")]);
    if Running::start(probe).finish().code != 0 {
        missing(&format!("Emacs has no `{package}`"));
        return None;
    }
    // `lsp-mode` starts the program by its name, as a person's Emacs does.
    let programs = pool.sandbox.path("bin");
    std::fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(BINARY, programs.join("codex-account-manager")).unwrap();
    std::fs::write(pool.sandbox.path("note.txt"), "text").unwrap();
    let path = format!("{}:{}", tools::text(&programs), std::env::var("PATH").unwrap());
    let mut command = pool.sandbox.program("emacs");
    command.args(["--batch", "-L", &tools::text(&tools::source().join("clients/examples/emacs"))]);
    command.args(["-l", &tools::script(script)]).env("PATH", path);
    Some(tools::steps(&Running::start(command).finish().ok().stdout))
}
