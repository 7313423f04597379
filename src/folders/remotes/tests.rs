//! Remotes of real repositories, friendly and hostile.
#![expect(clippy::disallowed_methods, reason = "the tests make the repositories that are read")]

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::clock;

mod variables;
use crate::domain::time::Timestamp;

/// Long after any file was written.
const LATER: Timestamp = Timestamp(i64::MAX);

/// A folder of its own, without the person's configuration of git.
struct Place {
    folder: TempDir,
    environment: Environment,
}

impl Place {
    fn new() -> Option<Place> {
        if Command::new("git").arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "there is no git");
            eprintln!("skipped: there is no git");
            return None;
        }
        Some(Place { folder: TempDir::new().unwrap(), environment: Environment::default() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn git(&self, folder: &str, words: &[&str]) {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.path(folder)).args(["-c", "protocol.file.allow=always"]).args(words);
        let mailbox = [("NAME", "a"), ("EMAIL", "a@b.c")];
        for (part, value) in mailbox
            .into_iter()
            .flat_map(|(part, value)| [(format!("AUTHOR_{part}"), value), (format!("COMMITTER_{part}"), value)])
        {
            command.env(format!("GIT_{part}"), value);
        }
        let done = command.output().unwrap();
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// A repository with one commit and a remote.
    fn repository(&self, name: &str, url: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
        self.git(name, &["init", "-q"]);
        self.git(name, &["commit", "-q", "--allow-empty", "-m", "one"]);
        self.git(name, &["remote", "add", "origin", url]);
    }

    fn within(&self, patience: Duration, folder: &str, watch: &mut Watch) -> Result<Vec<Remote>, String> {
        let around: Vec<PathBuf> = self.path(folder).ancestors().map(Path::to_owned).collect();
        let found = remotes(&around, &self.environment, clock::instant() + patience, watch)?;
        Ok(found.remotes)
    }

    fn remotes(&self, folder: &str) -> Result<String, String> {
        let found = self.within(PATIENCE, folder, &mut Watch::default())?;
        Ok(found.iter().map(Remote::text).collect::<Vec<_>>().join(" "))
    }

    fn append(&self, file: &str, text: &str) {
        let before = fs::read_to_string(self.path(file)).unwrap();
        fs::write(self.path(file), before + text).unwrap();
    }
}

#[test]
fn a_folder_has_the_remotes_of_every_repository_that_it_is_in() {
    let Some(place) = Place::new() else { return };
    place.repository("lib", "git@github.com:other/lib.git");
    place.repository("site", "git@github.com:acme/site.git");
    fs::create_dir_all(place.path("site/src/deep")).unwrap();
    let lib = place.path("lib").display().to_string();
    place.git("site", &["submodule", "--quiet", "add", &lib, "lib"]);
    place.git("site", &["worktree", "add", "-q", "../tree"]);
    place.git("site", &["remote", "set-url", "--add", "--push", "origin", "https://git.acme.example/site"]);
    for (folder, expected) in [
        (".", ""),
        ("site", "github.com/acme/site git.acme.example/site"),
        ("site/src/deep", "github.com/acme/site git.acme.example/site"),
        ("tree", "github.com/acme/site git.acme.example/site"),
        // The submodule's own is a folder of this machine, which is a clone of another.
        ("site/lib", "github.com/acme/site git.acme.example/site github.com/other/lib"),
        ("lib", "github.com/other/lib"),
        ("site/.git/hooks", "github.com/acme/site git.acme.example/site"),
        ("not/there", ""),
    ] {
        assert_eq!(place.remotes(folder), Ok(expected.to_owned()), "{folder}");
    }
}

#[test]
fn included_files_and_rewritten_addresses_count() {
    let Some(place) = Place::new() else { return };
    place.repository("site", "work:site");
    assert_eq!(place.remotes("site"), Ok("work/site".to_owned()));
    fs::write(place.path("site/.git/more"), "[remote \"more\"]\n\turl = https://example.org/x\n").unwrap();
    place.append(
        "site/.git/config",
        "[include]\n\tpath = more\n[url \"git@github.com:acme/\"]\n\tinsteadOf = work:\n[url \"git@example.net:\"]\n\tinsteadOf = w\n",
    );
    let all = "work/site example.org/x github.com/acme/site example.net/ork:site";
    assert_eq!(place.remotes("site"), Ok(all.to_owned()));
}

/// Every address that a `git fetch` or `git push` may use without being given one.
#[test]
fn whatever_git_takes_for_a_remote_counts() {
    let Some(place) = Place::new() else { return };
    fs::create_dir_all(place.path("site")).unwrap();
    place.git("site", &["init", "-q"]);
    for (number, name) in ["branch.main.remote", "branch.x.y.pushRemote", "remote.pushDefault", "svn-remote.svn.url"]
        .into_iter()
        .enumerate()
    {
        place.git("site", &["config", name, &format!("git@github.com:acme/{number}")]);
    }
    fs::create_dir_all(place.path("site/.git/remotes")).unwrap();
    fs::create_dir_all(place.path("site/.git/branches")).unwrap();
    fs::write(place.path("site/.git/remotes/old"), "URL: work:4\nPull: main:main\nURL:work:5\n").unwrap();
    fs::write(place.path("site/.git/branches/older"), "work:6#main\n").unwrap();
    place.git("site", &["config", "branch.main.description", "git@github.com:acme/no"]);
    let found = place.remotes("site").unwrap();
    let mut found: Vec<&str> = found.split(' ').collect();
    found.sort_unstable();
    let acme = (0..4).map(|number| format!("github.com/acme/{number}"));
    assert_eq!(found, acme.chain((4..7).map(|number| format!("work/{number}"))).collect::<Vec<_>>());

    let mut watch = Watch::default();
    place.within(PATIENCE, "site", &mut watch).unwrap();
    fs::write(place.path("site/.git/remotes/new"), "URL: work:7\n").unwrap();
    assert!(watch.has_changed(), "another file");
}

#[test]
fn a_bare_repository_and_clones_of_clones_have_the_remotes_of_what_they_were_made_from() {
    let Some(mut place) = Place::new() else { return };
    place.repository("site", "git@github.com:acme/site.git");
    let at = |name: &str| place.path(name).display().to_string();
    place.git(".", &["clone", "-q", "--bare", "site", "bare.git"]);
    place.git(".", &["clone", "-q", &at("bare"), "clone"]);
    place.git(".", &["clone", "-q", &format!("file://{}", at("clone")), "second"]);
    place.git(".", &["clone", "-q", &at("second"), "third"]);
    place.git("third", &["remote", "set-url", "origin", "../second"]);
    place.git("third", &["remote", "add", "itself", "."]);
    fs::create_dir_all(place.path("loop")).unwrap();
    place.git("loop", &["init", "-q"]);
    place.git("loop", &["remote", "add", "origin", &at("loop")]);
    place.git("bare.git", &["config", "remote.up.url", "git@github.com:acme/up"]);
    let (all, up) = ("github.com/acme/up github.com/acme/site", "github.com/acme/up");
    for (folder, expected) in
        [("bare.git", all), ("bare.git/refs", all), ("clone", all), ("second", all), ("third", all), ("loop", "")]
    {
        let found = place.remotes(folder).unwrap();
        let (mut found, mut expected): (Vec<_>, Vec<_>) = (found.split(' ').collect(), expected.split(' ').collect());
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{folder}");
    }
    place.environment = [("GIT_DIR".to_owned(), "../bare.git".to_owned())].into_iter().collect();
    assert!(place.remotes("loop").unwrap().contains(up));
}

/// What moved away took with it what says whose this is.
#[test]
fn a_worktree_whose_repository_is_gone_is_not_passed_over() {
    let Some(place) = Place::new() else { return };
    place.repository("site", "git@github.com:acme/site.git");
    place.git("site", &["worktree", "add", "-q", "../tree"]);
    assert_eq!(place.remotes("tree"), Ok("github.com/acme/site".to_owned()));
    fs::rename(place.path("site"), place.path("moved")).unwrap();
    let refused = place.remotes("tree").unwrap_err();
    assert!(refused.contains("tree/.git` leads to") && refused.ends_with("which is not there"), "{refused}");
}

/// Asked for names, `git` fails alike where it finds none and where it cannot read.
#[test]
fn a_git_that_fails_says_nothing() {
    let Some(place) = Place::new() else { return };
    let asked = |file: &str| {
        let until = clock::instant() + PATIENCE;
        git::entries(&["--file", &place.path(file).display().to_string()], None, &place.environment, until)
    };
    fs::write(place.path("empty"), "").unwrap();
    assert!(asked("empty").unwrap().is_empty());
    assert!(asked("not/there").is_err_and(|why| why.starts_with("`git` cannot read `")));
}

/// Nothing is taken for empty that cannot be opened.
#[cfg(unix)]
#[test]
fn a_configuration_that_may_not_be_read_is_not_empty() {
    use std::os::unix::fs::PermissionsExt;

    let Some(place) = Place::new() else { return };
    place.repository("site", "git@github.com:acme/site.git");
    let file = place.path("site/.git/config");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&file).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    assert!(place.remotes("site").unwrap_err().contains("cannot be read"));
}

/// Whether a condition holds depends on what is not asked for, so all of them are taken to.
#[test]
fn files_that_are_included_under_a_condition_count() {
    let Some(mut place) = Place::new() else { return };
    place.repository("site", "work:site");
    place.environment = [("HOME".to_owned(), place.folder.path().display().to_string())].into_iter().collect();
    fs::write(place.path("at-work"), "[url \"git@github.com:acme/\"]\n\tinsteadOf = work:\n").unwrap();
    place.append(
        "site/.git/config",
        "[includeIf \"gitdir:/nowhere/\"]\n\tpath = ~/at-work\n[includeIf \"onbranch:x\"]\n\tpath = not/there\n",
    );
    assert_eq!(place.remotes("site"), Ok("work/site github.com/acme/site".to_owned()));
    place.append("site/.git/config", "[includeIf \"onbranch:x\"]\n\tpath = ~somebody/x\n");
    assert!(place.remotes("site").unwrap_err().ends_with("by `~somebody/x`"));
    place.git("site", &["config", "--unset", "includeIf.onbranch:x.path", "somebody"]);
    for number in 0..70 {
        place.append("site/.git/config", &format!("[includeIf \"onbranch:x\"]\n\tpath = more-{number}\n"));
        fs::write(place.path(&format!("site/.git/more-{number}")), "").unwrap();
    }
    assert_eq!(place.remotes("site"), Err("more than 64 files say what the remotes are".to_owned()));
}

#[test]
fn a_configuration_without_end_is_not_read_to_it() {
    let Some(place) = Place::new() else { return };
    place.repository("site", "git@github.com:acme/site.git");
    place.append("site/.git/config", &format!("[remote \"x\"]\n{}", "\turl = https://example.org/x\n".repeat(120_000)));
    assert!(place.remotes("site").is_err_and(|why| why.ends_with("says more than is read")));
}

#[test]
fn what_says_where_the_remotes_are_is_followed() {
    let Some(place) = Place::new() else { return };
    place.repository("site", "git@github.com:acme/site.git");
    fs::create_dir_all(place.path("new")).unwrap();
    let read = |folder: &str, before: Option<&Watch>| {
        let mut watch = Watch::after(before, LATER);
        let found = place.within(PATIENCE, folder, &mut watch).unwrap();
        (found.iter().map(Remote::text).collect::<Vec<_>>().join(" "), watch)
    };
    let (_, mut watch) = read("site", None);
    for (change, expected) in [
        (&["remote", "set-url", "origin", "git@github.com:other/site.git"][..], "github.com/other/site"),
        (&["remote", "add", "more", "https://example.org/x"], "github.com/other/site example.org/x"),
        (&["remote", "remove", "origin"], "example.org/x"),
        (&["config", "include.path", "more"], "example.org/x"),
        (
            &["config", "--file", ".git/more", "remote.third.url", "https://example.net/y"],
            "example.org/x example.net/y",
        ),
        (
            &["config", "--file", ".git/more", "remote.third.url", "https://example.net/z"],
            "example.org/x example.net/z",
        ),
    ] {
        assert!(!watch.has_changed(), "before {change:?}");
        place.git("site", change);
        assert!(watch.has_changed(), "{change:?}");
        let (mut found, mut after) = read("site", Some(&watch));
        if after.has_changed() {
            // It named a file that was not known before.
            (found, after) = read("site", Some(&after));
        }
        assert_eq!(found, expected, "{change:?}");
        watch = after;
    }
    let (none, watch) = read("new", None);
    assert!(none.is_empty() && !watch.has_changed());
    place.git("new", &["init", "-q"]);
    assert!(watch.has_changed(), "a repository");
}

/// A repository that wants to run something, or to be waited for, or not to be read.
#[test]
fn a_hostile_repository_runs_nothing_and_is_not_passed_over() {
    let Some(place) = Place::new() else { return };
    place.repository("site", "git@github.com:acme/site.git");
    let ran = place.path("ran");
    let run = format!("touch {}", ran.display());
    place.append(
        "site/.git/config",
        &format!(
            "[core]\n\tfsmonitor = {run}\n\tpager = {run}\n\teditor = {run}\n\tsshCommand = {run}\n[alias]\n\tconfig = !{run}\n\
             [filter \"x\"]\n\tclean = {run}\n[credential]\n\thelper = !{run}\n"
        ),
    );
    assert_eq!(place.remotes("site"), Ok("github.com/acme/site".to_owned()));
    assert!(!ran.exists());

    for (name, content, told) in [
        ("broken", "[remote \"x\"\nurl = ", "config`: bad config line "),
        ("looped", "[include]\n\tpath = config\n", "config`: exceeded maximum include depth"),
    ] {
        place.repository(name, "git@github.com:acme/site.git");
        fs::write(place.path(&format!("{name}/.git/config")), content).unwrap();
        let refused = place.remotes(name).unwrap_err();
        let begin = format!("`git` cannot read `{}", place.path(name).join(".git").display());
        assert!(refused.starts_with(&begin) && refused.contains(told), "{name}: {refused}");
    }
    fs::create_dir_all(place.path("odd")).unwrap();
    let pointer = place.path("odd/.git");
    for (text, expected) in [
        ("nonsense", Err("leads nowhere")),
        ("", Err("leads nowhere")),
        ("gitdir: ../site/.git", Ok("github.com/acme/site")),
        ("gitdir: /not/there", Err("leads to `/not/there`, which is not there")),
    ] {
        fs::write(&pointer, text).unwrap();
        let expected = expected.map(str::to_owned).map_err(|why| format!("`{}` {why}", pointer.display()));
        assert_eq!(place.remotes("odd"), expected, "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_configuration_that_has_no_end_is_given_up() {
    let Some(place) = Place::new() else { return };
    place.repository("site", "git@github.com:acme/site.git");
    let pipe = place.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    place.append("site/.git/config", &format!("[include]\n\tpath = {}\n", pipe.display()));
    let given_up = place.within(Duration::from_millis(100), "site", &mut Watch::default());
    assert_eq!(given_up, Err("`git` did not say in time what the remotes are".to_owned()));
    fs::remove_file(place.path("site/.git/config")).unwrap();
    fs::rename(&pipe, place.path("site/.git/commondir")).unwrap();
    assert!(place.remotes("site").unwrap_err().contains("it is a pipe, not a file"));
}

#[test]
fn a_remote_may_be_a_folder_at_home() {
    let Some(mut place) = Place::new() else { return };
    place.repository("site", "~/up");
    place.repository("up.git", "git@github.com:acme/up");
    assert!(place.remotes("site").unwrap_err().ends_with("there is no home"));
    place.environment = [("HOME".to_owned(), place.folder.path().display().to_string())].into_iter().collect();
    assert_eq!(place.remotes("site"), Ok("github.com/acme/up".to_owned()));
    place.git("site", &["remote", "set-url", "origin", "~somebody/up"]);
    assert!(place.remotes("site").unwrap_err().contains("the remote `~somebody/up` is"));
}

/// A `git` of one's own.
#[cfg(unix)]
#[test]
fn a_git_that_closes_its_output_and_stays_is_given_up() {
    let mut sleeper = Command::new("sleep").arg("60").stdout(std::process::Stdio::null()).spawn().unwrap();
    let begun = clock::instant();
    assert!(git::ended(&mut sleeper, begun + Duration::from_millis(30)).unwrap().is_none());
    sleeper.kill().unwrap();
    let status = git::ended(&mut sleeper, clock::instant() + PATIENCE).unwrap();
    assert!(status.is_some_and(|status| !status.success()));
}
