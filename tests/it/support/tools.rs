//! The real clients of `tests/tools`, where they are installed, and what keeps them on this machine.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use super::sandbox::{BINARY, Output};
use super::{Running, Sandbox, Sidecar, eventually, missing, process, require};

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

/// What a script printed, one JSON object with `step` and `value` per line; of a step that came twice the last.
pub type Steps = BTreeMap<String, Value>;

/// The command `python SCRIPT` as words, with the official SDK, or `None` after saying what is missing.
pub fn python(script: &str) -> Option<Vec<String>> {
    python_with("openai", script)
}

/// The same with another module.
pub fn python_with(module: &str, script: &str) -> Option<Vec<String>> {
    let python = python_program();
    let import = format!("import {module}");
    let has_module = || Command::new(&python).args(["-c", &import]).output().is_ok_and(|done| done.status.success());
    if !python.is_file() || !has_module() {
        missing(&format!("`{}` is no Python with `tests/tools/requirements.txt`", python.display()));
        return None;
    }
    Some(vec![text(&python), self::script(script)])
}

/// The Python that has `tests/tools/requirements.txt`.
pub fn python_program() -> PathBuf {
    std::env::var_os("CAM_TEST_PYTHON").map_or_else(|| source().join("target/tools/venv/bin/python"), PathBuf::from)
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

/// Node with a script that belongs to no test's home, or `None` after saying what is missing.
pub fn node_outside(script: &str) -> Option<Command> {
    if !require("node") {
        return None;
    }
    installed("node_modules/openai/package.json")?;
    let mut command = Command::new("node");
    // Given as text it finds the packages of the folder that Node is in.
    let text = std::fs::read_to_string(self::script(script)).unwrap();
    command.args(["--input-type=module", "--eval", &text]).current_dir(folder());
    Some(command)
}

/// The folder `clients` with its packages installed and built, or `None` after saying what is missing.
pub fn clients() -> Option<PathBuf> {
    static BUILT: OnceLock<()> = OnceLock::new();
    let clients = source().join("clients");
    if !require("npm") {
        return None;
    }
    if !clients.join("node_modules/typescript/package.json").is_file() {
        missing("`clients/node_modules` is not there; run `npm --prefix clients ci --ignore-scripts`");
        return None;
    }
    // Tests run side by side; one builds, the others wait.
    BUILT.get_or_init(|| {
        let mut npm = Command::new("npm");
        npm.arg("--prefix").arg(&clients).args(["run", "build", "--workspaces", "--if-present"]);
        let built = npm.output().unwrap();
        assert!(built.status.success(), "{npm:?}: {built:?}");
    });
    Some(clients)
}

/// The folder of the VS Code extension, packed, or `None` after saying what is missing.
pub fn vscode_extension() -> Option<PathBuf> {
    static PACKED: OnceLock<()> = OnceLock::new();
    let folder = clients()?.join("vscode");
    PACKED.get_or_init(|| {
        let mut pack = Command::new("npm");
        pack.arg("--prefix").arg(&folder).args(["run", "package"]);
        let packed = pack.output().unwrap();
        assert!(packed.status.success(), "{pack:?}: {packed:?}");
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

/// Codex says hi to a sidecar, by a provider of its own that speaks WebSocket.
pub fn codex_by_socket(sandbox: &Sandbox, sidecar: &Sidecar, codex: &str) -> Output {
    let provider = format!(
        "model_providers.cam={{name=\"CAM\",base_url=\"{}\",env_key=\"CAM_KEY\",supports_websockets=true}}",
        sidecar.base_url()
    );
    let mut command = sandbox.program(codex);
    command
        .args(["exec", "--skip-git-repo-check", "-c", "model=gpt-5.2", "-c", "model_provider=cam", "-c"])
        .args([provider.as_str(), "say hi"])
        .env("CAM_KEY", sidecar.api_key())
        .env("NO_PROXY", "127.0.0.1")
        .env("HTTPS_PROXY", DEAD_PROXY);
    Running::start(command).finish()
}

/// The path of a script of `tests/tools`.
pub fn script(name: &str) -> String {
    text(&source().join("tests/tools").join(name))
}

/// What a script that runs has told of this step, once it has.
#[track_caller]
pub fn told(client: &Running, step: &str) -> Value {
    eventually(&format!("it tells `{step}`"), || {
        let stdout = client.stdout_so_far();
        steps(&stdout[..stdout.rfind('\n')?]).remove(step)
    })
}

/// The steps that a script printed.
#[track_caller]
pub fn steps(stdout: &str) -> Steps {
    let line = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        (line["step"].as_str().expect("it is a step").to_owned(), line["value"].take())
    };
    stdout.lines().map(line).collect()
}

/// Tells a client where the program is, unless the home says otherwise.
pub fn name_program(command: &mut Command) {
    if !command.get_envs().any(|(name, _)| name == "CAM_BINARY") {
        command.env("CAM_BINARY", BINARY);
    }
}

/// Writes a program in shell.
pub fn write_program(path: &Path, script: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o700)).unwrap();
}

/// Puts a program in the place of ours that writes down what its client sends; the file with that.
pub fn record(sandbox: &mut Sandbox) -> PathBuf {
    let (program, wire) = (sandbox.path("recording"), sandbox.path("wire"));
    write_program(&program, &format!("tee -a '{}' | '{BINARY}' \"$@\"", wire.display()));
    sandbox.set("CAM_BINARY", &text(&program));
    wire
}

/// Ends a client whose step `sidecar` told the pid of its sidecar: that ends too, and its record goes.
#[track_caller]
pub fn check_no_orphan(sandbox: &Sandbox, client: &Running, end: impl FnOnce(&Running)) {
    let pid = eventually("it tells its sidecar's pid", || {
        let stdout = client.stdout_so_far();
        u32::try_from(steps(stdout.split_inclusive('\n').find(|line| line.ends_with('\n'))?)["sidecar"].as_u64()?).ok()
    });
    assert!(process::runs(pid));
    end(client);
    // The client is not let go before: its process group is killed then.
    eventually("its sidecar ends", || (!process::runs(pid)).then_some(()));
    eventually("the record is gone", || sandbox.session_ids().is_empty().then_some(()));
}

/// The repository.
pub fn source() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A path as text.
pub fn text(path: &Path) -> String {
    path.to_str().expect("the path is UTF-8").to_owned()
}

/// A file of a library that the tests use. `None` where it is not installed.
pub fn library(path: &str) -> Option<String> {
    installed(path)
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
