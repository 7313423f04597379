//! Remotes of real repositories, friendly and hostile.
#![expect(clippy::disallowed_methods, reason = "the tests make the repositories that are read")]

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::*;

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
        remotes(&self.path(folder), &self.environment, clock::instant() + patience, watch)
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
        // The submodule's own is a folder of this machine.
        ("site/lib", "github.com/acme/site git.acme.example/site"),
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
    place.append("site/.git/config", &format!("[remote \"x\"]\n{}", "\turl = https://example.org/x\n".repeat(60_000)));
    assert!(place.remotes("site").is_err_and(|why| why.ends_with("says more than is read")));
}

#[test]
fn what_says_where_the_remotes_are_is_followed() {
    let Some(place) = Place::new() else { return };
    place.repository("site", "git@github.com:acme/site.git");
    fs::create_dir_all(place.path("new")).unwrap();
    let read = |folder: &str, before: Option<&Watch>| {
        let mut watch = Watch::after(before);
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
    for (pointer, expected) in
        [("nonsense", Ok("")), ("gitdir: ../site/.git", Ok("github.com/acme/site")), ("gitdir: /not/there", Ok(""))]
    {
        fs::write(place.path("odd/.git"), pointer).unwrap();
        assert_eq!(place.remotes("odd"), expected.map(str::to_owned), "{pointer}");
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

/// A shell can set variables, so what they say is added to what is there without them.
#[test]
fn what_variables_say_is_added() {
    let Some(mut place) = Place::new() else { return };
    place.repository("site", "work:site");
    let rewriting = "[url \"git@github.com:acme/\"]\n\tinsteadOf = work:\n";
    fs::write(place.path("other"), rewriting).unwrap();
    let other = place.path("other").display().to_string();
    let rewritten = "work/site github.com/acme/site";
    for (variables, expected) in [
        (vec![], "work/site"),
        (vec![("GIT_CONFIG_COUNT", "x"), ("GIT_DIR", "/not/there")], "work/site"),
        (vec![("GIT_CONFIG_GLOBAL", "/not/there")], "work/site"),
        (vec![("GIT_CONFIG_GLOBAL", other.as_str())], rewritten),
        (vec![("GIT_CONFIG_SYSTEM", other.as_str())], rewritten),
        (vec![("GIT_CONFIG_KEY_0", "URL.git@github.com:acme/.InsteadOf"), ("GIT_CONFIG_VALUE_0", "work:")], rewritten),
        (
            vec![("GIT_CONFIG_KEY_0", "remote.x.pushUrl"), ("GIT_CONFIG_VALUE_0", "https://example.org/x")],
            "example.org/x work/site",
        ),
        (vec![("GIT_CONFIG_KEY_0", "core.pager"), ("GIT_CONFIG_VALUE_0", "x")], "work/site"),
    ] {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        place.environment = owned.collect();
        assert_eq!(place.remotes("site"), Ok(expected.to_owned()), "{variables:?}");
    }
}
