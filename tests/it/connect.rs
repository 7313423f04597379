//! `connect`: what becomes of other programs' configurations, and that the programs then use the service.

mod real;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::sandbox::{BINARY, check_failed};
use crate::support::service::Serviced;
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, require};

const CODEX: &str = "# mine\nmodel = \"gpt-5.2\" # best\n\n[tui]\nnotifications = true\n";
const OPENCODE: &str = "{\n  // mine\n  \"theme\": \"dark\",\n  \"provider\": {\n    \"openai\": { \"options\": { \"apiKey\": \"sk-proj-mine\" } },\n  },\n}\n";

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A home with a service that was installed and never runs: its files are all that is asked for.
fn installed() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let data = sandbox.path("cam-data");
    let key = "0123456789abcdef".repeat(4);
    for (name, text) in [
        ("service.key", format!("{key}\n")),
        (
            "service.json",
            format!(
                "{{\"program\":\"{BINARY}\",\"port\":9,\"unit\":\"/nowhere\",\"keyFile\":\"{}\"}}",
                data.join("service.key").display()
            ),
        ),
    ] {
        write(&data.join(name), &text);
        std::fs::set_permissions(data.join(name), PermissionsExt::from_mode(0o600)).unwrap();
    }
    (sandbox, key)
}

fn backups(path: &Path) -> Vec<PathBuf> {
    let prefix = format!("{}.cam-backup-", path.file_name().unwrap().to_string_lossy());
    let entries = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(&prefix)).collect()
}

#[test]
fn a_program_is_connected_and_its_file_comes_back_as_it_was() {
    let (sandbox, key) = installed();
    let home = sandbox.home().to_owned();
    for (program, file, text) in [
        ("codex", ".codex/config.toml", CODEX),
        ("codex", ".codex/config.toml", ""),
        ("opencode", "config/opencode/opencode.jsonc", OPENCODE),
        ("opencode", "config/opencode/opencode.json", "{ \"theme\": \"x\" }"),
        ("zed", "config/zed/settings.json", "// Zed settings\n{\r\n  \"vim_mode\": true,\r\n}\r\n"),
        ("vscode", "config/Code/User/chatLanguageModels.json", "[]\n"),
        ("aider", ".aider.conf.yml", "model: x\n"),
        ("continue", ".continue/.env", "OTHER=1\n"),
    ] {
        let path = home.join(file);
        write(&path, text);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let dry = sandbox.run(&["connect", program, "--dry-run"]).ok();
        assert!(dry.stdout.contains(&format!("+++ {}\n", path.display())), "{dry:?}");
        assert_eq!((read(&path).as_str(), backups(&path).len()), (text, 0), "a dry run writes nothing");

        let done = sandbox.run(&["connect", program, "--yes"]).ok();
        assert!(done.stderr.contains("no proxy with this key answers"), "{done:?}");
        for shown in [&dry, &done] {
            let shown = format!("{shown:?}");
            assert!(!shown.contains(&key) && !shown.contains("sk-proj-mine"), "no key is shown: {shown}");
        }
        let connected = read(&path);
        assert!(connected != text && !connected.contains("sk-proj-mine"), "{connected}");
        assert_eq!(connected.contains("\r\n"), text.contains("\r\n"));
        assert_eq!(backups(&path).iter().map(|path| read(path)).collect::<Vec<_>>(), [text]);

        let again = sandbox.run(&["connect", program, "--yes"]).ok();
        assert_eq!(again.stdout, format!("{program} is connected to http://127.0.0.1:9/v1 already\n"));
        let findings = sandbox.run(&["doctor"]);
        assert!(findings.stdout.contains(&format!("{program} is connected")), "{findings:?}");

        let other = sandbox.path("other.key");
        write(&other, "another-key-of-mine\n");
        std::fs::set_permissions(&other, PermissionsExt::from_mode(0o600)).unwrap();
        sandbox.run(&["connect", program, "--yes", "--port", "10", "--key-file", other.to_str().unwrap()]).ok();
        assert_eq!(backups(&path).iter().map(|path| read(path)).collect::<Vec<_>>(), [text], "no copy keeps our key");

        let undone = sandbox.run(&["connect", program, "--undo", "--yes"]).ok();
        assert!(undone.stdout.ends_with(&format!("{program} is not connected any more\n")), "{undone:?}");
        assert!(!format!("{undone:?}").contains(&key), "{undone:?}");
        assert_eq!((read(&path).as_str(), backups(&path).len()), (text, 0), "{program}");
        std::fs::remove_file(&path).unwrap();
    }
    assert!(!home.join(".continue/models/codex-account-manager.yaml").exists());
    assert!(!sandbox.path("cam-data/aider.env").exists());
    assert_eq!(sandbox.run(&["connect", "zed", "--undo"]).ok().stdout, "zed is not connected\n");
}

#[test]
fn what_was_not_there_before_is_made_for_its_owner_alone_and_goes_again() {
    let (sandbox, key) = installed();
    for (program, files) in [
        ("codex", &[".codex/config.toml"][..]),
        ("opencode", &["config/opencode/opencode.json"]),
        ("vscode", &["config/Code/User/chatLanguageModels.json"]),
        ("zed", &["config/zed/settings.json"]),
        ("continue", &[".continue/.env", ".continue/models/codex-account-manager.yaml"]),
        ("aider", &["cam-data/aider.env", ".aider.conf.yml"]),
        ("env", &[".bashrc"]),
    ] {
        let mut command = sandbox.command(&["connect", program, "--yes"]);
        command.env("SHELL", "/bin/bash");
        crate::support::sandbox::output(command, b"").ok();
        for file in files {
            let path = sandbox.path(file);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
        }
        let holding = files.iter().filter(|file| read(&sandbox.path(file)).contains(&key)).count();
        let holds_key = ["continue", "aider"].contains(&program);
        assert_eq!(holding, usize::from(holds_key), "{program}");
        sandbox.run(&["connect", program, "--undo", "--yes"]).ok();
        assert!(files.iter().all(|file| !sandbox.path(file).exists()), "{program}");
    }
}

#[test]
fn only_what_is_ours_goes_from_a_file_that_was_edited_since() {
    let (sandbox, _) = installed();
    let path = sandbox.path("config/opencode/opencode.json");
    write(&path, OPENCODE);
    sandbox.run(&["connect", "opencode", "--yes"]).ok();
    let edited = read(&path).replace("\"dark\"", "\"light\", // since").replace("{file:", "{env:X}{file:");
    std::fs::write(&path, &edited).unwrap();
    let doctor = sandbox.run(&["doctor", "--json"]).json();
    let stale = doctor["findings"].as_array().unwrap().iter().find(|finding| finding["kind"] == "connectionStale");
    assert!(stale.unwrap()["message"].as_str().unwrap().contains("was changed since"), "{doctor}");
    let undone = sandbox.run(&["connect", "opencode", "--undo", "--yes"]).ok();
    assert!(undone.stderr.contains("`provider.openai.options.apiKey` in"), "{undone:?}");
    let [backup] = &backups(&path)[..] else { panic!("{:?}", backups(&path)) };
    assert!(undone.stderr.contains(&format!("The file as it was before `connect` is in `{}`", backup.display())));
    assert_eq!(read(backup), OPENCODE);
    let left = read(&path);
    assert!(left.contains("// since") && left.contains("{env:X}") && !left.contains("baseURL"), "{left}");
}

#[test]
fn a_service_with_another_port_is_connected_anew_and_undone_to_the_beginning() {
    let (sandbox, _) = installed();
    let path = sandbox.path(".codex/config.toml");
    write(&path, CODEX);
    sandbox.run(&["connect", "codex", "--yes"]).ok();
    let record = sandbox.path("cam-data/service.json");
    std::fs::write(&record, read(&record).replace("\"port\":9,", "\"port\":10,")).unwrap();
    let doctor = sandbox.run(&["doctor"]);
    assert!(doctor.stdout.contains("codex is pointed at a port that is not the service's, 10"), "{doctor:?}");
    sandbox.run(&["connect", "codex", "--yes"]).ok();
    assert!(read(&path).contains("http://127.0.0.1:10/v1") && !read(&path).contains(":9/v1"));
    std::fs::remove_file(record).unwrap();
    let doctor = sandbox.run(&["doctor"]);
    assert!(doctor.stdout.contains("codex is pointed at a service that is not installed"), "{doctor:?}");
    sandbox.run(&["connect", "codex", "--undo", "--yes"]).ok();
    assert_eq!(read(&path), CODEX);
}

#[test]
fn a_program_that_moved_its_file_is_undone_in_both() {
    let (sandbox, _) = installed();
    let (first, second) = (sandbox.path(".codex/config.toml"), sandbox.path("other/config.toml"));
    write(&first, CODEX);
    sandbox.run(&["connect", "codex", "--yes"]).ok();
    let mut command = sandbox.command(&["connect", "codex", "--yes"]);
    command.env("CODEX_HOME", second.parent().unwrap());
    crate::support::sandbox::output(command, b"").ok();
    assert!(read(&second).contains("cam_service"));
    sandbox.run(&["connect", "codex", "--undo", "--yes"]).ok();
    assert!(read(&first) == CODEX && !second.exists());
}

#[test]
fn a_file_that_we_made_and_a_person_added_to_keeps_what_is_theirs() {
    let (sandbox, _) = installed();
    let path = sandbox.path(".codex/config.toml");
    sandbox.run(&["connect", "codex", "--yes"]).ok();
    std::fs::write(&path, format!("model = \"mine\"\n{}", read(&path))).unwrap();
    let record = sandbox.path("cam-data/service.json");
    std::fs::write(&record, read(&record).replace("\"port\":9,", "\"port\":10,")).unwrap();
    sandbox.run(&["connect", "codex", "--yes"]).ok();
    assert!(read(&path).contains("http://127.0.0.1:10/v1"));
    sandbox.run(&["connect", "codex", "--undo", "--yes"]).ok();
    assert_eq!(read(&path), "model = \"mine\"\n");
}

#[test]
fn a_link_is_followed_and_stays_a_link() {
    let (sandbox, _) = installed();
    let real = sandbox.path("dotfiles/codex.toml");
    write(&real, CODEX);
    let path = sandbox.path(".codex/config.toml");
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    symlink(&real, &path).unwrap();
    sandbox.run(&["connect", "codex", "--yes"]).ok();
    assert!(path.is_symlink() && read(&real).contains("cam_service"));
    assert_eq!(backups(&real).len(), 1);
    sandbox.run(&["connect", "codex", "--undo", "--yes"]).ok();
    assert!(path.is_symlink() && read(&real) == CODEX);
}

#[test]
fn a_key_is_written_into_no_file_that_others_see() {
    let (sandbox, key) = installed();
    let path = sandbox.path(".continue/.env");
    write(&path, "A=1\n");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let done = sandbox.run(&["connect", "continue", "--yes"]);
    check_failed(&done, 3, &["would hold the key, and other users can read it", "chmod 600"]);
    let dry = sandbox.run(&["connect", "continue", "--dry-run"]).ok();
    assert!(dry.stderr.contains("warning: ") && dry.stderr.contains("other users can read it"), "{dry:?}");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    if require("git") {
        let folder = path.parent().unwrap();
        for words in [&["init", "-q"][..], &["add", ".env"]] {
            let mut git = sandbox.program("git");
            assert!(git.arg("-C").arg(folder).args(words).status().unwrap().success());
        }
        let done = sandbox.run(&["connect", "continue", "--yes"]);
        check_failed(&done, 3, &["would hold the key, and git tracks it", "git rm --cached"]);
        std::fs::remove_dir_all(folder.join(".git")).unwrap();
    }
    assert!(!read(&path).contains(&key) && !sandbox.path(".continue/models").exists());
    sandbox.run(&["connect", "continue", "--yes"]).ok();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let doctor = sandbox.run(&["doctor"]);
    assert!(doctor.stdout.contains(&format!("other users can read `{}`", path.display())), "{doctor:?}");
}

#[test]
fn what_cannot_be_done_says_why_and_touches_nothing() {
    let bare = Sandbox::new();
    check_failed(&bare.run(&["connect", "codex"]), 3, &["no proxy is installed", "service install"]);
    let (sandbox, _) = installed();
    let path = sandbox.path(".codex/config.toml");
    write(&path, "a = 1\nb = = 2\n");
    check_failed(&sandbox.run(&["connect", "codex", "--yes"]), 3, &["is left as it is: line 2: ", "correct it"]);
    assert_eq!(read(&path), "a = 1\nb = = 2\n");
    write(&path, CODEX);
    check_failed(&sandbox.run(&["connect", "codex"]), 2, &["stdin is not a terminal", "pass `--yes`"]);
    assert_eq!((read(&path).as_str(), backups(&path).len()), (CODEX, 0));
    check_failed(&sandbox.run(&["connect", "cursor"]), 2, &["invalid value 'cursor'"]);
    let mut command = sandbox.command(&["connect", "env", "--yes"]);
    command.env("SHELL", "/bin/tcsh");
    check_failed(&crate::support::sandbox::output(command, b""), 2, &["your shell is not one of", "`--shell`"]);
}

#[test]
fn a_person_is_asked_and_a_file_that_changes_meanwhile_is_left() {
    let (sandbox, _) = installed();
    let path = sandbox.path(".codex/config.toml");
    write(&path, CODEX);
    for (meanwhile, answer, code, said) in [
        (CODEX, "n", 1, "Nothing was changed."),
        ("model = \"other\"\n", "y", 1, "has changed meanwhile and is left as it is"),
        (CODEX, "y", 0, "Wrote `"),
    ] {
        std::fs::write(&path, CODEX).unwrap();
        let Some(mut terminal) = Terminal::start(&sandbox, &["connect", "codex"]) else { return };
        terminal.wait_for("Write this? [y/N]");
        std::fs::write(&path, meanwhile).unwrap();
        terminal.type_line(answer);
        let done = terminal.finish();
        assert!(done.code == code && done.stdout.contains(said), "{done:?}");
        assert_eq!(read(&path) == meanwhile, code != 0);
        let undo = sandbox.run(&["connect", "codex", "--undo", "--dry-run"]).ok();
        assert_eq!(undo.stdout == "codex is not connected\n", code != 0, "{undo:?}");
        assert_eq!(backups(&path).len(), usize::from(code == 0));
    }
}

#[test]
fn a_proxy_that_the_person_runs_can_be_named() {
    let sandbox = Sandbox::new();
    let key = sandbox.path("own key");
    write(&key, "sk-own\n");
    let key = key.to_str().unwrap();
    sandbox.run(&["connect", "codex", "--yes", "--port", "9", "--key-file", key]).ok();
    let text = read(&sandbox.path(".codex/config.toml"));
    assert!(text.contains(&format!("args = [\"{key}\"]")) && text.contains("http://127.0.0.1:9/v1"), "{text}");
    let doctor = sandbox.run(&["doctor"]);
    assert!(doctor.stdout.contains("codex is connected"), "{doctor:?}");
    assert!(!doctor.stdout.contains("no rule of projects"), "there are none: {doctor:?}");
    // What is connected is in no folder, so a person with rules is told that none holds.
    write(&sandbox.path("config.toml"), "[[projects]]\npath = \"/work/**\"\naccounts = [\"*\"]\n");
    let doctor = sandbox.run(&["doctor"]);
    assert!(doctor.stdout.contains("codex is connected, so no rule of projects holds for it"), "{doctor:?}");
    let again = sandbox.run(&["connect", "codex", "--dry-run", "--port", "10", "--key-file", key]);
    assert!(again.stderr.contains("no rule of `[[projects]]` holds for codex once it is connected"), "{again:?}");
}

#[test]
fn the_lines_of_a_shell_lead_to_the_service() {
    let serviced = Serviced::installed(1);
    let sandbox = serviced.sandbox();
    let expected = format!("http://127.0.0.1:{}/v1 {}", serviced.port, serviced.key());
    for (shell, words) in [("bash", &["-c"][..]), ("zsh", &["-fc"]), ("fish", &["--no-config", "-c"])] {
        if !require(shell) {
            continue;
        }
        let lines = sandbox.run(&["connect", "env", "--shell", shell, "--print"]).ok().stdout;
        let mut command: Command = sandbox.program(shell);
        command.args(words).arg(format!("{lines}\necho \"$OPENAI_BASE_URL $OPENAI_API_KEY\""));
        let said = crate::support::sandbox::output(command, b"").ok().stdout;
        assert_eq!(said.trim(), expected, "{shell}");
    }
    // Written where Bash reads it, they are there in a new shell.
    sandbox.run(&["connect", "env", "--shell", "bash", "--yes"]).ok();
    let mut command = sandbox.program("bash");
    command.args(["-ic", "echo \"$OPENAI_BASE_URL $OPENAI_API_KEY\""]);
    let said = crate::support::sandbox::output(command, b"").ok().stdout;
    assert_eq!(said.trim(), expected);
    let uninstalled = sandbox.run(&["service", "uninstall"]).ok();
    assert!(
        uninstalled.stderr.contains("`codex-account-manager connect env --undo` takes that back"),
        "{uninstalled:?}"
    );
}
