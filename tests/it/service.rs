//! `service`: what it writes, whom it asks, and that the proxy answers with a key of its own. The service manager is a script;
//! the units of macOS and Windows are compared beside their source.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::sandbox::{self, BINARY, check_refused};
use crate::support::service::{Serviced, free_port, stand_in};
use crate::support::upstream::small_request;
use crate::support::{Pool, Sandbox, eventually, http, not_run, process, require, tools};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn status(serviced: &Serviced, code: i32) -> Value {
    let done = serviced.sandbox().run(&["service", "status", "--json"]);
    assert_eq!(done.code, code, "{done:?}");
    done.json()
}

#[test]
fn it_is_installed_answers_and_is_removed_again() {
    let serviced = Serviced::new(1);
    let base_url = format!("http://127.0.0.1:{}/v1", serviced.port);
    assert_eq!(status(&serviced, 1)["installed"], false);
    let done = serviced.install().ok();
    assert_eq!(done.stdout, format!("The service answers on {base_url}\n"), "{done:?}");
    assert!(done.stderr.contains("+ExecStart=") && done.stderr.contains("cargo clean"), "{done:?}");
    assert_eq!(
        serviced.asked(),
        [
            "--user show --property=Version",
            "--user is-active codex-account-manager.service",
            "--user daemon-reload",
            "--user enable codex-account-manager.service",
            "--user restart codex-account-manager.service",
        ]
    );
    // The key is in its file alone, and what is private is its owner's alone.
    let (unit, key) = (std::fs::read_to_string(serviced.unit()).unwrap(), serviced.key());
    assert!(key.len() == 64 && !unit.contains(&key) && !format!("{done:?}").contains(&key), "{unit}");
    for name in ["service.key", "service.env", "service.json"] {
        assert_eq!(mode(&serviced.sandbox().path("cam-data").join(name)), 0o600, "{name}");
    }
    let line = process_line(serviced.pid().unwrap());
    assert!(line.contains("--api-key-file") && !line.contains(&key), "{line}");

    // Its environment comes from the file: it finds the accounts and the simulated upstream.
    let answer = http::post(serviced.port, "/v1/responses", &key, &small_request("gpt-5.4"));
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(
        http::post(serviced.port, "/v1/responses", "sk-codex-account-manager", &small_request("x")).status(),
        401
    );
    assert_eq!(serviced.pool.served_by(), [Some(1)]);

    let now = status(&serviced, 0);
    assert_eq!([&now["running"], &now["answers"], &now["programExists"]], [true, true, true], "{now}");
    assert_eq!((now["baseUrl"].as_str(), &now["key"]), (Some(base_url.as_str()), &Value::Null));
    assert!(!serviced.sandbox().run(&["service", "status"]).ok().stdout.contains(&key));
    let shown = serviced.sandbox().run(&["service", "status", "--show-key"]).ok();
    assert!(shown.stdout.contains(&format!("key       {key}\n")), "{shown:?}");

    let done = serviced.sandbox().run(&["service", "uninstall"]).ok();
    assert!(
        done.stdout.contains("Stopped the service and removed") && done.stderr.contains("stay as they are"),
        "{done:?}"
    );
    assert!(!process::runs(serviced.pid().unwrap()), "it has ended");
    let left: Vec<_> = std::fs::read_dir(serviced.sandbox().path("cam-data")).unwrap().flatten().collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().starts_with("service")), "{left:?}");
    assert!(!serviced.unit().exists() && serviced.sandbox().bytes().is_some());
    assert_eq!(serviced.sandbox().run(&["service", "uninstall"]).ok().stdout, "It is not installed\n");
}

fn process_line(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap().replace('\0', " ")
}

#[test]
fn systemd_takes_the_unit() {
    let serviced = Serviced::installed(1);
    let mut verify = serviced.sandbox().program("systemd-analyze");
    verify.args(["verify", "--user"]).arg(serviced.unit()).env("XDG_RUNTIME_DIR", serviced.sandbox().home());
    match verify.output() {
        Ok(done) => assert!(done.status.success() && done.stderr.is_empty(), "{done:?}"),
        Err(error) => not_run(&format!("`systemd-analyze`: {error}")),
    }
}

#[test]
fn a_real_systemd_keeps_it_running() {
    let pool = Pool::new(1);
    let port = free_port();
    let mut command = pool.sandbox.program("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh"]);
    command.args([tools::script("systemd_service.sh"), BINARY.to_owned(), port.to_string()]);
    if !require("unshare") {
        return;
    }
    let done = sandbox::output(command, b"");
    // It takes root, and a systemd beside it.
    if done.code == 77 || done.stderr.contains("unshare failed") {
        return not_run(&format!("no systemd of one user can be started here: {}", done.stderr));
    }
    let expected = format!(
        "The service answers on http://127.0.0.1:{port}/v1\nactive\nenabled\nstarted again\n\
         It is installed already and answers on http://127.0.0.1:{port}/v1\n\
         Stopped the service and removed `{}` and its key\ninactive\n",
        pool.sandbox.path("config/systemd/user/codex-account-manager.service").display()
    );
    assert_eq!((done.code, done.stdout.as_str()), (0, expected.as_str()), "{done:?}");
}

#[test]
fn to_install_again_changes_only_what_has_to_be() {
    let serviced = Serviced::installed(1);
    let (first, key) = (serviced.pid(), serviced.key());
    serviced.asked();
    let done = serviced.install().ok();
    assert!(done.stdout.contains("It is installed already and answers on"), "{done:?}");
    assert_eq!(serviced.pid(), first);
    assert!(!serviced.asked().join(" ").contains("restart"));
    // Without a port it keeps the one it has; another variable is brought in, and the key stays.
    let mut command = serviced.sandbox().command(&["service", "install"]);
    command.env("HTTPS_PROXY", "http://me:hidden@127.0.0.1:9");
    let done = sandbox::output(command, b"").ok();
    assert!(
        done.stdout.contains(&format!(":{}/v1", serviced.port)) && !format!("{done:?}").contains("hidden"),
        "{done:?}"
    );
    assert_ne!(serviced.pid(), first);
    assert_eq!(serviced.key(), key);
    let variables = std::fs::read_to_string(serviced.sandbox().path("cam-data/service.env")).unwrap();
    assert!(variables.contains("HTTPS_PROXY=http://me:hidden@127.0.0.1:9\n"), "{variables}");
}

#[test]
fn a_dry_run_shows_all_and_writes_nothing() {
    let serviced = Serviced::new(1);
    let mut command = serviced.sandbox().command(&["service", "install", "--dry-run"]);
    command.env("HTTPS_PROXY", "http://me:hidden@proxy:3128");
    let done = sandbox::output(command, b"").ok();
    assert!(
        done.stderr.contains("+ExecStart=") && done.stdout.contains("HTTPS_PROXY=http://****@proxy:3128"),
        "{done:?}"
    );
    assert!(done.stdout.contains("Would make the key in"), "{done:?}");
    assert!(!serviced.unit().exists() && !serviced.key_file().exists());
    assert_eq!(serviced.asked(), Vec::<String>::new());
}

#[test]
fn the_unit_names_the_link_that_an_update_moves() {
    let serviced = Serviced::new(1);
    let link = serviced.sandbox().path("bin/codex-account-manager");
    std::os::unix::fs::symlink(BINARY, &link).unwrap();
    for called in ["codex-account-manager", link.to_str().unwrap()] {
        let mut command = serviced.sandbox().program(called);
        command.args(["service", "install", "--dry-run"]);
        let done = sandbox::output(command, b"").ok();
        assert!(done.stderr.contains(&format!("+ExecStart={} proxy ", link.display())), "{called}: {done:?}");
    }
}

#[test]
fn what_keeps_it_from_being_installed_is_said_before_anything_is_written() {
    let mut serviced = Serviced::new(1);
    let mut command = serviced.sandbox().command(&["service", "install"]);
    command.env("CAM_MASTER_KEY", "a passphrase");
    let done = sandbox::output(command, b"");
    check_refused(&done, 3, &["`CAM_MASTER_KEY` is set here", "hint: ", "`CAM_MASTER_KEY_FILE`"]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let done = serviced.sandbox().run(&["service", "install", "--port", &port]);
    check_refused(&done, 1, &[&format!("another program listens on port {port} already"), "`--port`"]);
    let sandbox = &mut serviced.pool.sandbox;
    stand_in(sandbox, "systemctl", "echo 'Failed to connect to bus: No medium found' >&2; exit 1");
    let done = sandbox.run(&["service", "install"]);
    check_refused(&done, 3, &["Failed to connect to bus", "loginctl enable-linger", "/etc/wsl.conf"]);
    let bare = sandbox.path("bare");
    std::fs::create_dir(&bare).unwrap();
    sandbox.set("PATH", bare.to_str().unwrap());
    let done = sandbox.run(&["service", "install"]);
    check_refused(&done, 3, &["`systemctl` was not found: this system has no systemd", "proxy --api-key-file FILE"]);
    assert!(!serviced.unit().exists() && !serviced.key_file().exists());
}

#[test]
fn a_service_that_does_not_come_up_is_an_error_that_names_its_log() {
    let mut serviced = Serviced::new(1);
    stand_in(&mut serviced.pool.sandbox, "systemctl", "[ \"$2\" != restart ] || { echo 'Job failed' >&2; exit 1; }");
    let done = serviced.install();
    check_refused(
        &done,
        3,
        &["`systemctl --user restart codex-account-manager.service` failed: Job failed", "journalctl"],
    );
    // What was written can be removed.
    serviced.sandbox().run(&["service", "uninstall"]).ok();
    assert!(!serviced.unit().exists() && !serviced.key_file().exists());
}

#[test]
fn doctor_says_what_is_wrong_with_it() {
    let serviced = Serviced::installed(1);
    let sandbox = serviced.sandbox();
    let found = |kind: &str| {
        let findings = sandbox.run(&["doctor", "--json"]).json()["findings"].as_array().unwrap().clone();
        let found = findings.into_iter().find(|finding| finding["kind"] == kind);
        found.unwrap_or_else(|| panic!("no `{kind}`"))
    };
    let done = sandbox.run(&["doctor"]).ok();
    assert!(done.stdout.contains(&format!("answers on http://127.0.0.1:{}/v1", serviced.port)), "{done:?}");

    std::fs::set_permissions(serviced.key_file(), PermissionsExt::from_mode(0o644)).unwrap();
    assert!(found("modeTooOpen")["command"].as_str().unwrap().contains("service.key"));
    std::fs::set_permissions(serviced.key_file(), PermissionsExt::from_mode(0o600)).unwrap();

    let pid = serviced.pid().unwrap();
    process::signal(pid, Signal::KILL);
    eventually("it is gone", || (!process::runs(pid)).then_some(()));
    assert_eq!(found("serviceNotRunning")["command"], "codex-account-manager service install");
    assert_eq!(status(&serviced, 1)["running"], false);

    let other = TcpListener::bind(("127.0.0.1", serviced.port)).unwrap();
    assert!(found("servicePortTaken")["message"].as_str().unwrap().contains(&serviced.port.to_string()));
    drop(other);

    let record = sandbox.path("cam-data/service.json");
    let text = std::fs::read_to_string(&record).unwrap().replace(BINARY, "/gone/codex-account-manager");
    std::fs::write(&record, text).unwrap();
    assert!(found("serviceProgramGone")["message"].as_str().unwrap().contains("/gone/"));
    std::fs::write(&record, "{").unwrap();
    found("serviceUnreadable");
}

#[test]
fn a_proxy_takes_its_key_and_its_variables_from_files() {
    let sandbox = Sandbox::new();
    let key = sandbox.path("key");
    std::fs::write(&key, "two words\n").unwrap();
    let port = free_port();
    let bind = format!("127.0.0.1:{port}");
    let with = |words: &[&str]| sandbox.run(&[&["proxy", "--bind", &bind], words].concat());
    let key = key.to_str().unwrap();
    check_refused(&with(&["--api-key-file", key]), 3, &["holds no key", "hint: "]);
    check_refused(&with(&["--api-key-file", "/nowhere"]), 3, &["the key file `/nowhere` cannot be read"]);
    check_refused(&with(&["--api-key-file", key, "--api-key", "x"]), 2, &["cannot be used with"]);
    check_refused(&with(&["--env-file", "/nowhere"]), 3, &["the variables in `/nowhere` cannot be read"]);
    check_refused(&with(&["--env-file", key]), 3, &["`:1: this is not `NAME=VALUE`"]);
}
