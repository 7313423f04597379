//! Agents that `run` does not start itself: they stand behind a shell, a script, a makefile or a package launcher.

use std::path::{Path, PathBuf};

use simulated_openai::api::DEFAULT_TEXT;

use crate::support::sandbox::{Output, output};
use crate::support::tools::{self, DEAD_PROXY};
use crate::support::{Pool, Running, Sandbox, require};

/// A run of Codex without a screen; the shell splits it.
const CODEX: &str = "codex exec --skip-git-repo-check -c model=gpt-5.2 hi";

/// A home that has Codex in `PATH` and in a project's `node_modules`; `None` after saying what is missing.
fn with_codex() -> Option<Pool> {
    let launcher = PathBuf::from(tools::codex()?);
    let mut pool = Pool::new(1);
    let (programs, modules) = (launcher.parent().unwrap(), launcher.ancestors().nth(2).unwrap());
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    pool.sandbox.set("PATH", &path).set("HTTPS_PROXY", DEAD_PROXY).set("HTTP_PROXY", DEAD_PROXY);
    // `npx` looks here first, and nothing is fetched.
    std::os::unix::fs::symlink(modules, pool.sandbox.path("node_modules")).unwrap();
    pool.sandbox.set("npm_config_offline", "true").set("npm_config_update_notifier", "false");
    Some(pool)
}

#[track_caller]
fn check(pool: &Pool, words: &[&str], stdin: &[u8]) -> Output {
    let before = pool.upstream.requests().len();
    let done = output(pool.sandbox.command(&[&["run", "--"], words].concat()), stdin);
    assert_eq!(done.code, 0, "{words:?}: {done:?}");
    assert!(done.stdout.contains(DEFAULT_TEXT), "{words:?}: {done:?}");
    assert!(!done.stderr.contains("nothing came to the proxy"), "{words:?}: {done:?}");
    assert_eq!(pool.served_by()[before..], [Some(1)], "{words:?}");
    done
}

#[test]
fn codex_comes_to_the_proxy_from_behind_what_starts_it() {
    let Some(pool) = with_codex() else { return };
    let script = pool.sandbox.path("agent.sh");
    tools::write_program(&script, &format!("exec {CODEX}"));
    std::fs::write(pool.sandbox.path("Makefile"), format!("agent:\n\t{CODEX}\n")).unwrap();
    let own = &CODEX.split(' ').collect::<Vec<_>>()[1..];
    let in_npx = format!("npx {CODEX}");
    for words in [
        vec!["sh", "-c", CODEX],
        vec![script.to_str().unwrap()],
        vec!["make", "agent"],
        [&["env", "FOO=1", "codex"], own].concat(),
        [&[tools::codex().unwrap().as_str()], own].concat(),
        [&["npx", "codex"], own].concat(),
        [&["npx", "--yes", "@openai/codex"], own].concat(),
        [&["npm", "exec", "@openai/codex", "--"], own].concat(),
        vec!["sh", "-c", &in_npx],
    ] {
        check(&pool, &words, b"");
    }
}

#[test]
fn codex_comes_to_the_proxy_from_a_shell_whose_start_up_file_changes_path_and_key() {
    let Some(pool) = with_codex() else { return };
    let programs = Path::new(&tools::codex().unwrap()).parent().unwrap().display().to_string();
    let start_up = format!("export PATH='{programs}':\"$PATH\" OPENAI_API_KEY=sk-of-the-person\n");
    std::fs::write(pool.sandbox.path(".bashrc"), start_up).unwrap();
    check(&pool, &["bash", "-i"], format!("{CODEX}\nexit\n").as_bytes());
}

#[test]
fn what_codex_writes_is_where_it_always_writes() {
    let Some(pool) = with_codex() else { return };
    let folder = pool.sandbox.path(".codex");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "# mine\nmodel = \"gpt-5.1\"\n").unwrap();
    let script = format!("echo sk-of-codex | codex login --with-api-key && codex mcp add tool -- true && {CODEX}");
    check(&pool, &["sh", "-c", &script], b"");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(text("auth.json").contains("sk-of-codex"));
    let config = text("config.toml");
    assert!(config.starts_with("# mine\nmodel = \"gpt-5.1\"\n") && config.contains("[mcp_servers.tool]"), "{config}");
    assert!(!config.contains("cam"), "the provider is this run's alone: {config}");
    assert!(folder.join("sessions").is_dir());
}

#[test]
fn opencode_comes_to_the_proxy_from_behind_what_starts_it() {
    let Some(opencode) = tools::opencode() else { return };
    if !require("npx") {
        return;
    }
    let mut pool = Pool::new(1);
    // What `npm install opencode-ai` leaves: a package whose program is the platform's.
    let package = pool.sandbox.path("node_modules/opencode-ai");
    std::fs::create_dir_all(&package).unwrap();
    let manifest = r#"{ "name": "opencode-ai", "version": "1.0.0", "bin": { "opencode": "opencode" } }"#;
    std::fs::write(package.join("package.json"), manifest).unwrap();
    std::os::unix::fs::symlink(&opencode, package.join("opencode")).unwrap();
    let programs = pool.sandbox.path("node_modules/.bin");
    std::fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(&opencode, programs.join("opencode")).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    for (name, value) in [
        ("PATH", path.as_str()),
        ("npm_config_offline", "true"),
        ("HTTPS_PROXY", DEAD_PROXY),
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
    ] {
        pool.sandbox.set(name, value);
    }
    for words in [
        vec!["npx", "opencode-ai", "run", "--title", "t", "-m", "openai/gpt-5.2", "hi"],
        vec!["sh", "-c", "opencode run --title t -m openai/gpt-5.2 hi"],
    ] {
        check(&pool, &words, b"");
    }
}

/// A home whose `codex` and `opencode` are scripts.
fn with_scripts(script: &str) -> Sandbox {
    let mut sandbox = Sandbox::new();
    let programs = sandbox.path("programs");
    std::fs::create_dir(&programs).unwrap();
    for name in ["codex", "opencode"] {
        tools::write_program(&programs.join(name), script);
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    sandbox.set("PATH", &path).add("only", &crate::support::keys::random_key());
    sandbox
}

#[test]
fn an_agent_that_never_came_is_reported_in_one_line() {
    let sandbox = with_scripts("exit 3");
    let absolute = sandbox.path("programs/codex");
    let absolute = absolute.to_str().unwrap();
    for (words, expected) in [
        (vec!["codex"], true),
        (vec!["opencode", "run", "hi"], true),
        (vec![absolute, "exec", "hi"], true),
        (vec!["codex", "--version"], false),
        (vec!["opencode", "auth", "login"], false),
        (vec!["sh", "-c", "codex"], false),
    ] {
        let done = sandbox.run(&[&["run", "--"], words.as_slice()].concat());
        assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{words:?}: {done:?}");
        let warned = done.stderr.starts_with("warning: nothing came to the proxy") && done.stderr.lines().count() == 1;
        assert_eq!((warned, done.stderr.is_empty()), (expected, !expected), "{words:?}: {done:?}");
    }
    std::fs::write(sandbox.path("config.toml"), "[notifications]\nquiet = true\n").unwrap();
    assert_eq!(sandbox.run(&["run", "--", "codex"]).stderr, "");
}

#[test]
fn an_agent_that_came_is_not_reported_even_when_it_was_refused() {
    if !require("curl") {
        return;
    }
    for key in ["$OPENAI_API_KEY", "another"] {
        let ask = format!("exec curl -s -o /dev/null -H \"authorization: Bearer {key}\" $OPENAI_BASE_URL/models");
        assert_eq!(with_scripts(&ask).run(&["run", "--", "codex"]).ok().stderr, "", "{key}");
    }
    let ask = "exec curl -s -o /dev/null ${OPENAI_BASE_URL%/v1}/health";
    assert!(
        with_scripts(ask).run(&["run", "--", "codex"]).ok().stderr.contains("nothing came"),
        "no provider is asked"
    );
}

#[test]
fn a_codex_in_a_launchers_shell_is_said_to_be_uncovered() {
    let mut sandbox = with_scripts("exit 0");
    tools::write_program(&sandbox.path("programs/npx"), "exit 0");
    let path = sandbox.path("programs").display().to_string();
    sandbox.set("PATH", &format!("{path}:{}", std::env::var("PATH").unwrap()));
    let done = sandbox.run(&["run", "--", "npx", "-c", "codex exec hi"]).ok();
    assert!(done.stderr.contains("`run` does not cover a Codex that `npx` starts through a shell"), "{done:?}");
    assert_eq!(sandbox.run(&["run", "--", "npx", "-c", "ls"]).ok().stderr, "");
}

#[test]
fn without_a_place_for_stand_ins_the_rest_works_and_it_says_so() {
    let sandbox = with_scripts("echo \"$@\"");
    std::fs::create_dir_all(sandbox.path("cam-data")).unwrap();
    std::fs::write(sandbox.path("cam-data/run"), "a file").unwrap();
    let done = sandbox.run(&["run", "--", "codex", "exec", "hi"]).ok();
    assert!(done.stderr.contains("`run` does not cover a Codex that a shell or a script starts"), "{done:?}");
    assert!(done.stdout.starts_with("-c model_provider=cam -c ") && done.stdout.ends_with(" exec hi\n"), "{done:?}");
}

#[test]
fn a_stand_in_is_the_program_that_it_stands_for() {
    let sandbox = with_scripts("echo \"$0: $*\"; exit 7");
    let real = sandbox.path("programs/codex");
    let done = sandbox.run(&["run", "--", "sh", "-c", "codex -- '' 'a b'; echo $?"]).ok();
    let (first, last) = done.stdout.trim_end().rsplit_once('\n').unwrap();
    assert!(first.starts_with(&format!("{}: -c model_provider=cam -c ", real.display())), "{done:?}");
    assert!(first.ends_with(" --  a b") && last == "7", "{done:?}");
    // Words that Codex has from `run` already are not doubled when a program starts it again.
    let nested = "codex \"$@\"";
    let done = sandbox.run(&["run", "--", "sh", "-c", nested, "sh", "-c", "model_provider=other"]);
    assert!(done.stdout.trim_end().ends_with(" -c model_provider=other"), "a person's own words win: {done:?}");
    std::fs::remove_file(&real).unwrap();
    let done = sandbox.run(&["run", "--", "codex"]);
    assert_eq!(done.code, 127, "{done:?}");
    assert!(done.stderr.starts_with("error: `codex` cannot be run: it is in no folder of `PATH`\nhint: "), "{done:?}");
}

#[test]
fn outside_of_a_run_a_stand_in_is_not_followed() {
    let sandbox = with_scripts("echo \"$@\"");
    sandbox.run(&["run", "--", "true"]).ok();
    let stand_in = sandbox.path("cam-data/run/codex/codex");
    let mut command = sandbox.program(stand_in.to_str().unwrap());
    command.arg("--version");
    let done: Output = Running::start(command).finish().ok();
    assert!(done.stdout.starts_with("codex-account-manager "), "it is this program: {done:?}");
}
