//! The real clients of `tests/tools`, where they are installed, and what keeps them on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{Sandbox, missing, require};

/// Nobody listens there: what does not go to a loopback address ends here and not at a provider.
pub const DEAD_PROXY: &str = "http://127.0.0.1:9";

/// The file of OpenCode's own binary; its name is how `run` knows it.
const OPENCODE: &str = "node_modules/opencode-linux-x64-baseline/bin/opencode";

/// The launcher of Codex.
const CODEX: &str = "node_modules/.bin/codex";

/// OpenCode, or `None` after saying that it is missing.
pub fn opencode() -> Option<String> {
    installed(OPENCODE)
}

/// Codex, or `None` after saying that it is missing.
pub fn codex() -> Option<String> {
    if require("node") { installed(CODEX) } else { None }
}

/// The command `python SCRIPT` as words, with the official SDK, or `None` after saying what is missing.
pub fn python(script: &str) -> Option<Vec<String>> {
    python_with("openai", script)
}

/// The same with another module.
pub fn python_with(module: &str, script: &str) -> Option<Vec<String>> {
    let python = std::env::var_os("CAM_TEST_PYTHON")
        .map_or_else(|| source().join("target/tools/venv/bin/python"), PathBuf::from);
    let import = format!("import {module}");
    let has_module = || Command::new(&python).args(["-c", &import]).output().is_ok_and(|done| done.status.success());
    if !python.is_file() || !has_module() {
        missing(&format!("`{}` is no Python with `tests/tools/requirements.txt`", python.display()));
        return None;
    }
    Some(vec![text(&python), self::script(script)])
}

/// The command `node SCRIPT` as words, or `None` after saying what is missing. The script is copied into the home, since
/// Node looks for packages beside the script and nowhere else.
pub fn node(sandbox: &Sandbox, script: &str) -> Option<Vec<String>> {
    if !require("node") {
        return None;
    }
    installed("node_modules/openai/package.json")?;
    let copy = sandbox.path(script);
    std::fs::copy(self::script(script), &copy).unwrap();
    let modules = sandbox.path("node_modules");
    if !modules.exists() {
        std::os::unix::fs::symlink(folder().join("node_modules"), modules).unwrap();
    }
    Some(vec!["node".to_owned(), text(&copy)])
}

/// The folder of the VS Code extension, its bundle and package built, or `None` after saying what is missing.
pub fn vscode_extension() -> Option<PathBuf> {
    static BUILT: OnceLock<()> = OnceLock::new();
    if !require("node") || !require("npm") {
        return None;
    }
    let clients = source().join("clients");
    if !clients.join("node_modules/vscode-languageclient").is_dir() {
        missing("the clients' packages are not there; run `npm --prefix clients ci --ignore-scripts`");
        return None;
    }
    let folder = clients.join("vscode");
    BUILT.get_or_init(|| {
        for script in ["build", "package"] {
            let done = Command::new("npm").arg("--prefix").arg(&folder).args(["run", script]).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
    });
    Some(folder)
}

/// Where `tests/tools/workbench/install` put a real VS Code, or `None` after saying that it is missing.
pub fn workbench() -> Option<PathBuf> {
    let folder =
        std::env::var_os("CAM_TEST_WORKBENCH").map_or_else(|| source().join("target/tools/workbench"), PathBuf::from);
    if folder.join("installed").is_file() {
        return Some(folder);
    }
    missing(&format!("no VS Code; run `tests/tools/workbench/install {}`", folder.display()));
    None
}

/// A Chromium, or `None` after saying that it is missing.
pub fn chromium() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let found = std::env::split_paths(&paths).flat_map(|folder| names.map(|name| folder.join(name)));
    let found = found.into_iter().find(|path| path.is_file());
    if found.is_none() {
        missing("`chromium` is not installed");
    }
    found
}

/// `codex-account-manager run -- WORDS…` in this home. A request of the client that goes past us meets a dead proxy.
pub fn through_run(sandbox: &Sandbox, words: &[impl AsRef<str>]) -> Command {
    let mut command = sandbox.command(&["run", "--"]);
    command.args(words.iter().map(AsRef::as_ref)).env("HTTPS_PROXY", DEAD_PROXY);
    command
}

/// The path of a script of `tests/tools`.
pub fn script(name: &str) -> String {
    text(&source().join("tests/tools").join(name))
}

fn installed(name: &str) -> Option<String> {
    let path = folder().join(name);
    if path.is_file() {
        return Some(text(&path));
    }
    missing(&format!("`{}` is not there; run `npm --prefix tests/tools ci --ignore-scripts`", path.display()));
    None
}

fn folder() -> PathBuf {
    std::env::var_os("CAM_TEST_TOOLS").map_or_else(|| source().join("tests/tools"), PathBuf::from)
}

fn source() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> String {
    path.to_str().expect("the path is UTF-8").to_owned()
}
