//! The TypeScript client, installed from its packed archive into an empty project.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use simulated_openai::api::{Answer, LimitKind, Wait};

use super::story;
use crate::support::sandbox::{BINARY, output};
use crate::support::{Pool, Running, Sandbox, eventually, process, tools};

#[test]
fn its_own_tests_pass_with_the_real_sidecar() {
    let Some(clients) = tools::clients() else { return };
    let sandbox = Sandbox::new();
    let folder = clients.join("typescript/tests");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    assert!(!files.is_empty());
    let mut command = node(&sandbox);
    command.arg("--test").args(files);
    let done = output(command, b"");
    assert_eq!(done.code, 0, "{}\n{}", done.stdout, done.stderr);
}

#[test]
fn what_is_right_compiles_and_what_is_wrong_does_not() {
    let Some(clients) = tools::clients() else { return };
    let mut command = Command::new("npm");
    command.arg("--prefix").arg(clients.join("typescript")).args(["run", "check"]);
    let done = output(command, b"");
    assert_eq!(done.code, 0, "{}\n{}", done.stdout, done.stderr);
}

#[test]
fn it_is_installed_with_no_network_and_tells_its_whole_story() {
    let Some(clients) = tools::clients() else { return };
    let mut pool = Pool::new(3);
    let _issuer = story::person(&mut pool.sandbox);
    let limit = Answer::RateLimit { retry_after: Wait::Usual(Duration::from_secs(3600)), kind: LimitKind::Tokens };
    pool.upstream.always(&pool.keys[1], Some(limit));
    let packages = [&*clients.join("typescript"), &clients.join("node_modules/vscode-jsonrpc")];
    let project = installed(&pool.sandbox, &packages);
    let script = project.join("story.mjs");
    std::fs::copy(tools::script("story_typescript.mjs"), &script).unwrap();
    let mut command = node(&pool.sandbox);
    command.arg(&script).env("CAM_CLIENT", "codex-account-manager");
    let done = Running::start(command).finish();
    assert_eq!((done.code, done.stdout.as_str()), (0, "story: done\n"), "{done:?}");
    assert!(pool.sandbox.session_ids().is_empty(), "a clean end leaves no session record");
    assert_eq!(pool.served_by(), [Some(2), Some(3)], "the limit was not seen");
}

#[test]
fn a_host_that_is_killed_leaves_no_sidecar_behind() {
    let Some(clients) = tools::clients() else { return };
    let pool = Pool::new(1);
    let script = pool.sandbox.path("host.mjs");
    let client = clients.join("typescript/dist/index.js");
    let text = format!(
        "import {{ CodexAccountManager }} from {client:?};\n\
         const manager = await CodexAccountManager.start();\n\
         console.log(manager.session.session.pid);\n"
    );
    std::fs::write(&script, text).unwrap();
    for signal in [Signal::KILL, Signal::TERM, Signal::INT] {
        let mut command = node(&pool.sandbox);
        command.arg(&script);
        let host = Running::start(command);
        let sidecar = eventually("the host tells its sidecar's pid", || host.stdout_so_far().trim().parse().ok());
        // Ctrl-c on a terminal reaches both; here the host alone is told.
        host.signal(signal);
        eventually("the sidecar has ended", || (!process::runs(sidecar)).then_some(()));
        assert!(pool.sandbox.session_ids().is_empty(), "{signal:?}");
        drop(host);
    }
}

fn node(sandbox: &Sandbox) -> Command {
    let mut command = sandbox.program("node");
    command.env("CAM_BINARY", BINARY);
    command
}

/// An empty project into which the packed archive of each package is installed, with a cache of the home's own and no
/// registry.
#[track_caller]
pub fn installed(sandbox: &Sandbox, packages: &[&Path]) -> PathBuf {
    let project = sandbox.path("project");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("package.json"), r#"{ "name": "empty", "private": true }"#).unwrap();
    let npm = |words: &[&str]| {
        let mut command = sandbox.program("npm");
        command.args(words).args(["--offline", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&project);
        command
    };
    for package in packages {
        output(npm(&["pack", package.to_str().unwrap()]), b"").ok();
    }
    let mut files: Vec<_> = std::fs::read_dir(&project).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "tgz"));
    let archives: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    assert_eq!(archives.len(), packages.len());
    let words: Vec<&str> = std::iter::once("install").chain(archives.iter().map(String::as_str)).collect();
    output(npm(&words), b"").ok();
    project
}
