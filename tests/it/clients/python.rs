//! The Python client, installed with pip into an environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rustix::process::Signal;
use serde_json::json;

use crate::support::sandbox::{BINARY, output};
use crate::support::{Pool, Running, Sandbox, tools};

#[test]
fn python_asks_is_told_and_leaves_nothing_behind() {
    let pool = Pool::new(2);
    let Some(steps) = steps(&pool.sandbox, "requests") else { return };
    let installed = steps["package"].as_str().unwrap();
    assert!(installed.starts_with(environment().unwrap().to_str().unwrap()), "{installed}");
    assert_eq!(steps["proxy/ready"]["proxy"]["baseUrl"], steps["session"]["proxy"]["baseUrl"]);
    assert_eq!(steps["labels"], json!(["account-1", "account-2"]));
    assert_eq!(steps["switch"], "account-2");
    assert_eq!(steps["status"], true);
    assert_eq!(steps["command"], "Switched to Account 1 (account-1)");
    let error = steps["error"].as_array().unwrap();
    assert_eq!(error[..3], [json!(-32010), json!("accountNotFound"), json!(false)]);
    assert!(error[4].as_str().unwrap().ends_with(&format!("hint: {}", error[3].as_str().unwrap())), "{error:?}");
    assert_eq!(steps["unknown method"], json!([-32601, "", ""]), "an error with `data` of another form");
    assert_eq!(steps["many"], true, "forty requests at once, each with its own answer");
    assert_eq!(steps["change"], "self");
    assert_eq!((&steps["environment"], &steps["no proxy"]), (&json!(true), &json!("example.com,127.0.0.1,localhost")));
    assert!(steps["closed"].as_str().unwrap().contains("closed"));
    assert!(pool.sandbox.session_ids().is_empty());
}

#[test]
fn python_starts_a_killed_sidecar_again_and_rejects_what_it_did_not_answer() {
    let pool = Pool::new(2);
    let Some(steps) = steps(&pool.sandbox, "crash") else { return };
    assert_eq!(steps["pending"], json!(["the sidecar was ended by signal 9", -9]));
    assert_eq!(steps["again"], 2);
    let sessions = steps["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "the start and the restart are told: {sessions:?}");
    assert!(sessions[0][0] != sessions[1][0] && sessions[0][1] != sessions[1][1], "{sessions:?}");
    assert_eq!(steps["current"], true);
    assert!(pool.sandbox.session_ids().is_empty());
}

#[test]
fn python_does_not_start_it_again_for_ever() {
    let pool = Pool::new(1);
    let Some(steps) = steps(&pool.sandbox, "give_up") else { return };
    let told = steps["given up"].as_str().unwrap();
    assert!(told.contains("ended by signal 9") && told.contains("not started again after 2 crashes"), "{told}");
}

#[test]
fn a_python_task_that_is_cancelled_takes_its_request_back() {
    let mut pool = Pool::new(1);
    let wire = tools::record(&mut pool.sandbox);
    let Some(steps) = steps(&pool.sandbox, "cancel") else { return };
    assert_eq!((&steps["cancelled"], &steps["afterwards"]), (&json!(true), &json!(1)));
    let sent = std::fs::read_to_string(wire).unwrap();
    assert_eq!(sent.matches("cancelRequest").count(), 1, "{sent}");
}

#[test]
fn python_bears_nonsense_or_says_that_it_is_none() {
    let pool = Pool::new(1);
    let Some(steps) = steps(&pool.sandbox, "nonsense") else { return };
    assert_eq!(steps["afterwards"], "well");
    for name in ["deep", "noise"] {
        assert!(steps[name].as_str().unwrap().contains("the sidecar sent "), "{steps:?}");
    }
    assert_eq!(steps["long"], true, "a line without an end comes in pieces");
}

#[test]
fn python_says_where_it_looked_for_the_program() {
    let mut sandbox = Sandbox::new();
    sandbox.set("CAM_BINARY", "/nowhere/variable");
    let Some(steps) = steps(&sandbox, "missing") else { return };
    for (step, said) in [
        ("option", "`/nowhere/cam`"),
        ("variable and PATH", "CAM_BINARY: `/nowhere/variable` is no program that can be run"),
    ] {
        let text = steps[step].as_str().unwrap();
        assert!(text.contains(said), "{text}");
        assert!(["`binary`", "CAM_BINARY", "PATH"].iter().all(|place| text.contains(place)), "{text}");
    }
    let Some(steps) = self::steps(&sandbox, "wrong_program") else { return };
    assert!(steps["problem"].as_str().unwrap().contains("can't open file"), "stderr explains it: {steps:?}");
}

#[test]
fn python_refuses_what_a_server_asks_and_kills_one_that_does_not_end() {
    let sandbox = with_strange_server("asks");
    let Some(steps) = steps(&sandbox, "strange_server") else { return };
    assert_eq!(steps["message"], json!(["warning", "-32601"]));
    assert_eq!(steps["killed"], -9);
}

#[test]
fn python_bears_messages_that_nobody_expects_and_starts_anew_after_one_it_cannot_take() {
    let sandbox = with_strange_server("babbles");
    let Some(steps) = steps(&sandbox, "babbling_server") else { return };
    assert_eq!(steps["answer"], "any");
    assert_eq!(steps["messages"], json!([["log", "of no type"]]));
    assert_eq!(steps["handlers"], json!(["CancelledError('of a handler')", "ValueError('of a handler')"]));
    assert_eq!(steps["text"], json!([0, "a text"]));
    assert_eq!(steps["code"], json!([0, "a code that is no number"]));
    for rejected in steps["broken"].as_array().unwrap() {
        assert_eq!(rejected[0], "SidecarExitedError");
        assert!(rejected[1].as_str().unwrap().contains("cannot be taken: RecursionError"), "{rejected}");
    }
    assert_eq!(steps["again"], "any");
}

#[test]
fn python_waits_for_the_end_of_a_start_that_failed() {
    for others in ["", "sleep 8 >/dev/null &", "sleep 8 &"] {
        let sandbox = with_strange_server("refuses");
        precede(&sandbox, others);
        let Some(steps) = steps(&sandbox, "refused_start") else { return };
        assert_eq!(steps["refused"], "not today\nhint: come back", "{others}");
        assert_eq!(steps["at once"], true, "{others}");
    }
}

#[test]
fn python_sees_the_end_of_a_sidecar_whose_child_holds_its_stderr() {
    let sandbox = with_strange_server("babbles");
    precede(&sandbox, "sleep 20 >/dev/null &");
    let Some(steps) = steps(&sandbox, "crash_of_a_parent") else { return };
    assert_eq!(steps["ended"], "the sidecar ended with code 0");
}

#[test]
fn python_can_be_started_and_closed_in_any_order() {
    let pool = Pool::new(1);
    let Some(steps) = steps(&pool.sandbox, "any_order") else { return };
    for step in ["before the start", "closed while it starts", "after the end"] {
        assert!(steps[step].as_str().unwrap().contains("closed"), "{steps:?}");
    }
    assert_eq!((&steps["two starts"], &steps["closed after a crash"]), (&json!(1), &json!(true)));
}

#[test]
fn every_stream_of_python_ends_with_its_client() {
    let pool = Pool::new(0);
    let Some(steps) = steps(&pool.sandbox, "streams") else { return };
    assert_eq!(steps["ended"], 4, "two at once, one that asks again, one that begins later");
}

#[test]
fn a_killed_python_leaves_no_sidecar() {
    let pool = Pool::new(1);
    let Some(command) = scenario(&pool.sandbox, "wait_to_be_killed") else { return };
    tools::check_no_orphan(&pool.sandbox, &Running::start(command), |python| python.signal(Signal::KILL));
}

#[test]
fn ctrl_c_in_python_ends_both() {
    let pool = Pool::new(1);
    let Some(command) = scenario(&pool.sandbox, "wait_to_be_killed") else { return };
    tools::check_no_orphan(&pool.sandbox, &Running::start(command), |python| python.signal(Signal::INT));
}

#[test]
fn the_example_of_the_python_readme_works_with_the_official_sdk() {
    let pool = Pool::new(2);
    let Some(python) = environment() else { return };
    let readme = std::fs::read_to_string(tools::source().join("clients/python/README.md")).unwrap();
    let example = readme.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    std::fs::write(pool.sandbox.path("example.py"), example).unwrap();
    let mut command = pool.sandbox.program(python.join("bin/python").to_str().unwrap());
    command.arg("example.py").env("CAM_BINARY", BINARY).env("PYTHONPATH", sdk_packages());
    let output = Running::start(command).finish().ok();
    assert!(output.stdout.contains("account-1\n") && output.stdout.lines().count() == 2, "{output:?}");
    assert_eq!(pool.served_by(), [Some(1)]);
    assert!(pool.sandbox.session_ids().is_empty());
}

#[test]
fn the_python_package_has_the_version_of_the_program() {
    let text = std::fs::read_to_string(tools::source().join("clients/python/pyproject.toml")).unwrap();
    let project: toml_edit::DocumentMut = text.parse().unwrap();
    assert_eq!(project["project"]["version"].as_str(), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn mypy_takes_right_requests_and_refuses_wrong_ones() {
    let Some(python) = environment() else { return };
    let sandbox = Sandbox::new();
    for arguments in [
        vec![
            "--python-executable".to_owned(),
            tools::text(&python.join("bin/python")),
            tools::script("python_types.py"),
        ],
        vec![tools::text(&tools::source().join("clients/python/src"))],
    ] {
        let mut command = sandbox.program(tools::python_program().to_str().unwrap());
        command.args(["-m", "mypy", "--strict"]).args(arguments);
        let checked = output(command, b"");
        assert_eq!(checked.code, 0, "{checked:?}");
    }
}

/// A home where `strange_server.py` stands in for the program.
pub fn with_strange_server(kind: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let (program, script) = (sandbox.path("strange"), tools::script("strange_server.py"));
    tools::write_program(&program, &format!("exec '{}' '{script}' {kind}", tools::python_program().display()));
    sandbox.set("CAM_BINARY", &tools::text(&program));
    sandbox
}

/// Has the program do something before all else.
fn precede(sandbox: &Sandbox, line: &str) {
    let program = sandbox.path("strange");
    let script = std::fs::read_to_string(&program).unwrap();
    tools::write_program(&program, &format!("{line}\n{script}"));
}

/// The steps of a scenario of `python_client.py`; `None` after saying what is missing.
fn steps(sandbox: &Sandbox, name: &str) -> Option<tools::Steps> {
    let output = Running::start(scenario(sandbox, name)?).finish().ok();
    assert!(!output.stderr.contains("Traceback"), "{output:?}");
    Some(tools::steps(&output.stdout))
}

fn scenario(sandbox: &Sandbox, name: &str) -> Option<Command> {
    let mut command = sandbox.program(environment()?.join("bin/python").to_str().unwrap());
    // Every warning is an error, and asyncio tells of a task or a process that nobody waited for.
    command.args(["-X", "dev", "-W", "error", &tools::script("python_client.py"), name]);
    tools::name_program(&mut command);
    Some(command)
}

/// A fresh environment with the package, built and installed once as a person would.
pub fn environment() -> Option<&'static Path> {
    static ENVIRONMENT: OnceLock<Option<PathBuf>> = OnceLock::new();
    ENVIRONMENT
        .get_or_init(|| {
            tools::python_with("hatchling", "python_client.py")?;
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-client");
            let _ = std::fs::remove_dir_all(&folder);
            let (wheels, environment) = (folder.join("wheels"), folder.join("environment"));
            let source = tools::text(&tools::source().join("clients/python"));
            let (wheels, fresh) = (tools::text(&wheels), tools::text(&environment));
            pip(&["wheel", "--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", &wheels, &source]);
            python(&["-m", "venv", "--without-pip", &fresh]);
            let interpreter = tools::text(&environment.join("bin/python"));
            let name = "codex-account-manager";
            pip(&["--python", &interpreter, "install", "--no-index", "--find-links", &wheels, name]);
            Some(environment)
        })
        .as_deref()
}

fn pip(arguments: &[&str]) {
    python(&[&["-m", "pip", "--quiet", "--disable-pip-version-check"], arguments].concat());
}

#[track_caller]
fn python(arguments: &[&str]) {
    let done = Command::new(tools::python_program()).args(arguments).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Where the official SDK is installed.
fn sdk_packages() -> String {
    let print = "import openai, pathlib; print(pathlib.Path(openai.__file__).parent.parent)";
    let done = Command::new(tools::python_program()).args(["-c", print]).output().unwrap();
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}
