//! Folders and repositories of anybody's making: whatever they are, the rules for them hold, or no account may be used and the
//! reason is said. Nothing that a repository names is run.
//!
//! What is mounted at a second place is that place to everybody, and cannot be known.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{pool, write};
use crate::support::tools::write_program;
use crate::support::upstream::answer;
use crate::support::{Pool, Sidecar, require};

/// Accounts 1 and 2 are for work, wherever that is pushed to acme, 4 for what is private.
const RULES: &str = "\
[[projects]]\npath = \"~/work/**\"\naccounts = [\"work\"]
[[projects]]\npath = \"~/private/**\"\naccounts = [\"spare\"]
[[projects]]\nremote = \"github.com/acme/*\"\naccounts = [\"work\"]
";

const ALL: &[usize] = &[1, 2, 3, 4];
const WORK: &[usize] = &[1, 2];
const PRIVATE: &[usize] = &[4];
/// None, and the reason is said.
const NONE: &[usize] = &[];

/// No sidecar takes longer to say what may be used, whatever it has to give up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A home with these rules.
struct Home(Pool);

impl Home {
    fn new() -> Home {
        let home = Home(pool(RULES));
        for folder in ["work", "private", "free"] {
            std::fs::create_dir_all(home.path(folder)).unwrap();
        }
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.sandbox.path(name)
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn link(&self, name: &str, to: &str) {
        symlink(self.path(to), self.path(name)).unwrap();
    }

    fn folder(&self, name: &str) {
        std::fs::create_dir_all(self.path(name)).unwrap();
    }

    fn git(&self, folder: &str, args: &[&str]) {
        let mut command = self.0.sandbox.program("git");
        command.current_dir(self.path(folder)).env("GIT_CONFIG_NOSYSTEM", "1").args(args);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// A repository that is pushed there.
    fn repository(&self, folder: &str, remote: &str) {
        self.folder(folder);
        self.git(folder, &["init", "-q"]);
        self.git(folder, &["remote", "add", "origin", remote]);
    }

    /// The same with one commit.
    fn committed(&self, folder: &str, remote: &str) {
        self.repository(folder, remote);
        let identity = ["-c", "user.name=me", "-c", "user.email=me@example.com"];
        self.git(folder, &[&identity[..], &["commit", "-q", "--allow-empty", "-m", "x"]].concat());
    }

    /// The accounts that may be used in the folder, and what is said where there are none.
    fn used_in(&self, folder: &str) -> (Vec<usize>, String) {
        let began = Instant::now();
        let manager = self.0.sandbox.manager_in(&[self.path(folder)]);
        assert!(began.elapsed() < PATIENCE, "it took {:?}", began.elapsed());
        let pool = manager.accounts().view().pool;
        let used = pool.members.iter().enumerate().filter(|(_, member)| member.allowed).map(|(at, _)| at + 1);
        let used: Vec<usize> = used.collect();
        let said = if used.is_empty() { pool.allowed.sentences() } else { String::new() };
        (used, said)
    }

    /// The same for a process of its own, and what a request is answered where there are none.
    fn used_by(command: Command, folder: &Path) -> (Vec<usize>, String) {
        let folders = json!([{ "uri": format!("file://{}", folder.display()), "name": "x" }]);
        let mut sidecar = Sidecar::start_with(command, &json!({ "workspaceFolders": folders }));
        let listed = sidecar.request("accounts/list", &json!({})).unwrap();
        let accounts = listed["accounts"].as_array().unwrap().iter().enumerate();
        let used = accounts.filter(|(_, account)| account["state"] != "notAllowed").map(|(at, _)| at + 1);
        let used: Vec<usize> = used.collect();
        let said = if used.is_empty() {
            let refused = answer(&sidecar, "gpt-5");
            assert_eq!(refused.status(), 503);
            refused.text()
        } else {
            String::new()
        };
        (used, said)
    }

    #[track_caller]
    fn check(&self, what: &str, folder: &str, expected: &[usize]) {
        Home::check_used(what, self.used_in(folder), expected);
    }

    #[track_caller]
    fn check_with(what: &str, command: Command, folder: &Path, expected: &[usize]) {
        Home::check_used(what, Home::used_by(command, folder), expected);
    }

    #[track_caller]
    fn check_used(what: &str, (used, said): (Vec<usize>, String), expected: &[usize]) {
        assert_eq!(used, expected, "{what}: {said}");
        let begin = "No account may be used until this is mended: the rules";
        let is_reasoned = ["for `", "by `remote` for `"].iter().any(|rules| said.contains(&format!("{begin} {rules}")));
        assert!(!expected.is_empty() || is_reasoned, "{what}: {said}");
    }
}

#[test]
fn a_folder_is_where_its_links_lead() {
    let home = Home::new();
    home.folder("work/site/src");
    home.folder("private/notes");
    home.folder("WORK/site");
    home.link("private/to-work", "work/site");
    home.link("work/to-private", "private/notes");
    home.link("free/work", "work");
    home.link("free/twice", "private/to-work");
    home.link("work/loop", "work/loop");
    home.folder("free/disk");
    home.link("work/moved", "free/disk");
    home.link("free/over", "work/moved");
    for (folder, expected) in [
        ("work/site", WORK),
        ("private/to-work", WORK),
        ("private/to-work/src", WORK),
        ("work/to-private", PRIVATE),
        ("free/work/site/src", WORK),
        ("free/twice", WORK),
        ("free/../work/site", WORK),
        ("work/../private/notes", PRIVATE),
        ("work/site/../../private/./notes", PRIVATE),
        ("free/work/../private/notes", PRIVATE),
        ("WORK/site", ALL),
        ("free/over", WORK),
        ("free/disk", ALL),
        ("work/is/not/there", WORK),
        ("free", ALL),
        // It leads nowhere.
        ("work/loop", NONE),
    ] {
        home.check(folder, folder, expected);
    }
}

#[test]
fn a_remote_is_where_it_leads_however_it_is_spelled() {
    if !require("git") {
        return;
    }
    let home = Home::new();
    for (at, (remote, expected)) in [
        ("git@github.com:acme/site.git", WORK),
        ("git@github.com:/acme/site.git/", WORK),
        ("[git@github.com:22]:acme/site.git", WORK),
        ("ssh://git@github.com:22/acme/site.git", WORK),
        ("ssh://[git@%67ithub.com:22]/acme/site.git", WORK),
        ("https://user:token@github.com/acme/site", WORK),
        ("HTTPS://GitHub.COM/Acme/Site.git", WORK),
        ("https://github.com//acme//site.git", WORK),
        ("https://github.com/%61cme/%73ite", WORK),
        ("https://github.com./acme/site", WORK),
        ("https://github.com/other/../acme/site", WORK),
        ("git+ssh://git@github.com/acme/site", WORK),
        ("gcrypt::https://github.com/acme/site", WORK),
        ("https://github.com@evil.example/acme/site", ALL),
        ("https://github.com:acme@evil.example/acme/site", ALL),
        ("https://evil.example/github.com/acme/site", ALL),
        ("https://github.com.evil.example/acme/site", ALL),
        ("https://g\u{456}thub.com/acme/site", ALL),
        ("https://xn--gthub-n4a.com/acme/site", ALL),
        ("https://github.com/acme-evil/site", ALL),
        ("file:///srv/github.com/acme/site", ALL),
        ("/srv/github.com/acme/site", ALL),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = format!("free/repository-{at}");
        home.repository(&folder, remote);
        home.check(remote, &folder, expected);
    }
}

#[test]
fn a_repository_is_found_wherever_its_files_are() {
    if !require("git") {
        return;
    }
    let home = Home::new();
    let (acme, own) = ("git@github.com:acme/site.git", "git@github.com:me/own.git");
    home.committed("free/acme", acme);
    home.committed("free/own", own);
    home.folder("free/acme/deep/er");
    home.git("free/acme", &["worktree", "add", "-q", "../tree"]);
    // A submodule of each in the other one.
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q"];
    let submodule = |of: &str, from: &str| {
        let from = home.path(from).display().to_string();
        home.git(of, &[&add[..], &[from.as_str(), "lib"]].concat());
    };
    submodule("free/own", "free/acme");
    home.git("free/own/lib", &["remote", "set-url", "origin", acme]);
    home.committed("free/other", own);
    submodule("free/acme", "free/other");
    home.git("free/acme/lib", &["remote", "set-url", "origin", own]);
    home.file("free/absolute/.git", &format!("gitdir: {}\n", home.path("free/acme/.git").display()));
    home.file("free/relative/.git", "gitdir: ../acme/.git\n");
    home.folder("free/apart");
    home.git("free/apart", &["init", "-q", "--separate-git-dir", "../elsewhere"]);
    home.git("free/apart", &["remote", "add", "origin", acme]);
    home.repository("free/pushed", own);
    home.git("free/pushed", &["config", "remote.origin.pushurl", acme]);
    home.repository("free/several", own);
    home.git("free/several", &["remote", "add", "work", acme]);
    home.repository("free/renamed", "w:site");
    home.git("free/renamed", &["config", "url.git@github.com:acme/.insteadOf", "w:"]);
    home.repository("free/included", own);
    home.file("free/included/.git/more", &format!("[remote \"x\"]\n\turl = {acme}\n"));
    home.git("free/included", &["config", "include.path", "more"]);
    home.repository("private/acme", acme);
    for (folder, expected) in [
        ("free/acme", WORK),
        ("free/acme/deep/er", WORK),
        ("free/acme/.git", WORK),
        ("free/tree", WORK),
        ("free/own", ALL),
        ("free/own/lib", WORK),
        // What is in a repository of work is work's.
        ("free/acme/lib", WORK),
        ("free/absolute", WORK),
        ("free/relative", WORK),
        ("free/apart", WORK),
        ("free/pushed", WORK),
        ("free/several", WORK),
        ("free/renamed", WORK),
        ("free/included", WORK),
    ] {
        home.check(folder, folder, expected);
    }
    // Rules that exclude each other leave nothing, and both are named.
    let (used, said) = home.used_in("private/acme");
    assert!(
        used.is_empty() && said.contains("Rule 2 (`") && said.contains(" and rule 3 (`github.com/acme/*`"),
        "{said}"
    );
}

#[test]
fn a_repository_that_cannot_be_read_is_passed_over_by_no_rule() {
    if !require("git") || !require("mkfifo") {
        return;
    }
    let home = Home::new();
    let own = "git@github.com:me/own.git";
    let pipe = |name: &str| {
        let path = home.path(name);
        let _ = std::fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    };
    home.folder("free/pipe");
    pipe("free/pipe/.git");
    for (folder, name) in [("free/pipe-config", "config"), ("free/pipe-commondir", "commondir")] {
        home.repository(folder, own);
        pipe(&format!("{folder}/.git/{name}"));
    }
    home.repository("free/include-pipe", own);
    pipe("free/include-pipe/pipe");
    home.git("free/include-pipe", &["config", "include.path", "../pipe"]);
    home.repository("free/include-zero", own);
    home.git("free/include-zero", &["config", "include.path", "/dev/zero"]);
    home.repository("free/include-itself", own);
    home.git("free/include-itself", &["config", "include.path", "config"]);
    home.repository("free/broken", own);
    home.file("free/broken/.git/config", "[remote \"origin\n");
    home.repository("free/huge", own);
    let urls = "\turl = https://example.org/x\n".repeat(200_000);
    home.file("free/huge/.git/config", &format!("[remote \"origin\"]\n{urls}"));
    home.folder("free/loop");
    home.link("free/loop/.git", "free/loop/.git");
    home.file("free/loops/a/.git", "gitdir: ../b/.git\n");
    home.file("free/loops/b/.git", "gitdir: ../a/.git\n");
    // Some of them take as long as is waited for.
    let folders = [
        "free/pipe",
        "free/pipe-config",
        "free/pipe-commondir",
        "free/include-pipe",
        "free/include-zero",
        "free/include-itself",
        "free/broken",
        "free/huge",
        "free/loop",
        "free/loops/a",
    ];
    std::thread::scope(|scope| {
        for folder in folders {
            let home = &home;
            scope.spawn(move || home.check(folder, folder, NONE));
        }
    });
    // Without `git` nobody can tell.
    home.repository("free/own", own);
    let mut command = home.0.sandbox.command(&["sidecar", "--stdio"]);
    command.env("PATH", home.path("free"));
    Home::check_with("no git", command, &home.path("free/own"), NONE);
}

#[test]
fn nothing_that_a_repository_names_is_run() {
    if !require("git") {
        return;
    }
    let home = Home::new();
    let (canary, program) = (home.path("canary"), home.path("free/run"));
    write_program(&program, &format!("echo \"$0 $@\" >> '{}'\nexit 0", canary.display()));
    let run = program.display().to_string();
    home.committed("free/site", "git@github.com:acme/site.git");
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "credential.helper",
        "diff.external",
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "gpg.program",
        "pager.config",
        "remote.origin.uploadpack",
        "remote.origin.vcs",
        "uploadpack.packObjectsHook",
    ] {
        home.git("free/site", &["config", key, &run]);
    }
    for alias in ["config", "remote", "rev-parse", "status"] {
        home.git("free/site", &["config", &format!("alias.{alias}"), &format!("!{run}")]);
    }
    home.git("free/site", &["config", "core.hooksPath", &home.path("free").display().to_string()]);
    for hook in ["post-checkout", "reference-transaction", "fsmonitor-watchman", "post-index-change"] {
        std::fs::copy(&program, home.path("free").join(hook)).unwrap();
        std::fs::copy(&program, home.path("free/site/.git/hooks").join(hook)).unwrap();
    }
    home.file("free/site/.gitattributes", "* filter=x diff=x\n");
    // A `git` of its own, where a careless search path finds it.
    std::fs::copy(&program, home.path("free/site/git")).unwrap();
    let path = std::env::var("PATH").unwrap();
    for (what, variables) in [
        ("plain", vec![]),
        ("a path with the folder itself", vec![("PATH", format!(".:{path}"))]),
        ("a path with an empty name", vec![("PATH", format!(":{path}"))]),
        (
            "programs, another repository, another configuration and a rewritten address",
            vec![
                ("GIT_SSH_COMMAND", run.clone()),
                ("GIT_EXTERNAL_DIFF", run.clone()),
                ("GIT_EXEC_PATH", home.path("free/site").display().to_string()),
                ("GIT_DIR", home.path("free").display().to_string()),
                ("GIT_CONFIG", "/dev/null".to_owned()),
                ("GIT_CONFIG_COUNT", "1".to_owned()),
                ("GIT_CONFIG_KEY_0", "url.https://example.org/.insteadOf".to_owned()),
                ("GIT_CONFIG_VALUE_0", "git@github.com:".to_owned()),
                ("GIT_CONFIG_PARAMETERS", "'remote.origin.url'='https://example.org/x'".to_owned()),
            ],
        ),
    ] {
        let mut command = home.0.sandbox.command(&["sidecar", "--stdio"]);
        command.current_dir(home.path("free/site")).envs(variables);
        Home::check_with(what, command, &home.path("free/site"), WORK);
        let ran = std::fs::read_to_string(&canary).unwrap_or_default();
        assert_eq!(ran, "", "{what}");
    }
    // Another user's, which git itself would not work in.
    if rustix::process::getuid().is_root() {
        let done = Command::new("chown").args(["-R", "12345"]).arg(home.path("free/site")).status().unwrap();
        assert!(done.success());
        home.check("another user's", "free/site", WORK);
    }
    assert!(!canary.exists());
}

#[test]
fn a_file_in_a_repository_that_wants_more_gets_less() {
    let home = Home::new();
    home.folder("work/site");
    home.folder("free/own");
    let narrowing = |folder: &str, text: &str| home.file(&format!("{folder}/.codex-accounts.toml"), text);
    // Nobody asked for such files.
    narrowing("free/own", "accounts = []\n");
    assert_eq!(home.used_in("free/own").0, ALL);
    let by_path = RULES.split("[[projects]]\nremote").next().unwrap();
    write(&home.0, &format!("[routing]\nproject_files = true\n{by_path}"));
    for (text, expected, said) in [
        ("accounts = [\"account-1\", \"account-3\", \"spare\"]\n", &[1][..], ""),
        ("accounts = [\"!account-1\"]\n", &[2], ""),
        ("accounts = [\"spare\"]\n", NONE, ".codex-accounts.toml` have no account in common."),
        ("accounts = [\"*\"]\n", &[1, 2], ""),
        ("accounts = [\"work\", \"account-3\"]\n[[projects]]\npath = \"/**\"\n", NONE, ":2`: unknown key `projects`"),
        ("routing.project_files = false\naccounts = [\"work\"]\n", NONE, ":1`: unknown key `routing`"),
        ("accounts = [\"work\"\n", NONE, "it is not valid TOML"),
        ("", NONE, "it has no `accounts`; an empty list allows none"),
    ] {
        narrowing("work/site", text);
        let (used, told) = home.used_in("work/site");
        assert_eq!(used, expected, "{text}: {told}");
        assert!(told.contains(said), "{text}: {told}");
    }
    // One that cannot be read is no leave.
    let file = home.path("work/site/.codex-accounts.toml");
    for to in ["/dev/zero", "/nowhere"] {
        std::fs::remove_file(&file).unwrap();
        symlink(to, &file).unwrap();
        let (used, told) = home.used_in("work/site");
        assert!(used.is_empty() && told.contains("it cannot be read"), "{to}: {told}");
    }
}

#[test]
fn rules_that_ask_for_no_remote_ask_no_git() {
    let home = Home::new();
    write(&home.0, &RULES.replace("remote = \"github.com/acme/*\"", "path = \"~/acme\""));
    home.folder("free/x");
    let mut command = home.0.sandbox.command(&["sidecar", "--stdio"]);
    command.env("PATH", home.path("free"));
    Home::check_with("no git is needed", command, &home.path("free/x"), ALL);
}
