//! The program that opens a page, by the platform. What it starts is not ours, so it gets nothing that is secret.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::wsl;
use crate::env::{self, Environment};
use crate::files::is_program;
use crate::sys;

/// What is not for a browser beside the master key: where that lies, and keys that a program under `run` was given.
const SECRETS: [&str; 5] =
    ["CAM_MASTER_KEY_FILE", "CAM_RUN_API_KEY", "OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"];

/// An opener that fails does so by then. What ends later is a browser that was closed.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A program and what stands before the address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Opener {
    program: PathBuf,
    arguments: Vec<String>,
}

/// A page that is being opened.
#[must_use = "it says whether the opener failed"]
#[derive(Debug)]
pub struct Opening {
    program: String,
    child: Child,
}

impl Opening {
    /// Why the page was not opened, as soon as that is known; for ever when nothing failed.
    pub async fn failure(&mut self) -> String {
        match tokio::time::timeout(AT_ONCE, self.child.wait()).await {
            Ok(Ok(status)) if !status.success() => format!("`{}` {}", self.program, ended(status)),
            Ok(Err(error)) => format!("`{}` was lost: {error}", self.program),
            Ok(Ok(_)) | Err(_) => std::future::pending().await,
        }
    }
}

fn ended(status: ExitStatus) -> String {
    status.code().map_or_else(|| format!("was ended ({status})"), |code| format!("ended with code {code}"))
}

/// Begins to open a page in the person's browser.
///
/// # Errors
///
/// Why nothing was started.
pub fn open(url: &str, environment: &Environment) -> Result<Opening, String> {
    let mut failure = None;
    for opener in found(environment) {
        let program = opener.program.display().to_string();
        let mut command = Command::from(env::program(&opener.program));
        command.args(&opener.arguments).arg(url);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for secret in SECRETS {
            command.env_remove(secret);
        }
        // Ctrl-C gives the login up and leaves the browser open.
        sys::processes::apart_from_terminal(&mut command);
        match command.spawn() {
            Ok(child) => return Ok(Opening { program, child }),
            Err(error) => failure = failure.or(Some(format!("`{program}` cannot be started: {error}"))),
        }
    }
    Err(failure.unwrap_or_else(|| "no program that opens a browser was found".to_owned()))
}

/// Whether there is any.
pub fn is_any(environment: &Environment) -> bool {
    found(environment).next().is_some()
}

/// Those of the candidates that are there.
fn found(environment: &Environment) -> impl Iterator<Item = Opener> {
    let path = environment.get("PATH").unwrap_or_default().to_owned();
    candidates(environment).into_iter().filter_map(move |opener| {
        let program = resolved(&opener.program, &path)?;
        Some(Opener { program, ..opener })
    })
}

/// The one program that opens pages on a system that always has a desktop.
pub fn of_the_system(environment: &Environment) -> Option<(PathBuf, &'static [&'static str])> {
    sys::programs::opener(environment.get("SystemRoot"))
}

/// Everything that may open a page here, the best first.
fn candidates(environment: &Environment) -> Vec<Opener> {
    let opener = |program: PathBuf, arguments: &[&str]| Opener {
        program,
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
    };
    let handler = &["url.dll,FileProtocolHandler"][..];
    if let Some((program, arguments)) = of_the_system(environment) {
        return vec![opener(program, arguments)];
    }
    let mut openers = Vec::new();
    if wsl::is_wsl(environment) {
        openers.push(opener("wslview".into(), &[]));
        openers.extend(wsl::rundll32().into_iter().map(|program| opener(program, handler)));
    }
    openers.push(opener("xdg-open".into(), &[]));
    // What `xdg-open` itself would take, where it is not installed.
    let browsers = environment.get("BROWSER").unwrap_or_default();
    openers.extend(browsers.split(':').filter_map(|browser| {
        let mut words = browser.split_whitespace();
        let program = words.next()?.into();
        Some(Opener { program, arguments: words.filter(|word| *word != "%s").map(str::to_owned).collect() })
    }));
    openers.push(opener("gio".into(), &["open"]));
    openers
}

/// The file of a program; `None` when there is none.
fn resolved(program: &Path, path: &str) -> Option<PathBuf> {
    if program.is_absolute() {
        return is_program(program).then(|| program.to_owned());
    }
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|file| is_program(file))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "the tests write the programs that are looked for")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with these scripts, and the environment in which they are found.
    fn with(scripts: &[(&str, &str)], variables: &[(&str, &str)]) -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in scripts {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = ("PATH".to_owned(), folder.path().display().to_string());
        let others = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        (folder, others.chain([path]).collect())
    }

    #[track_caller]
    fn check_first(scripts: &[&str], variables: &[(&str, &str)], expected: Option<&str>) {
        let scripts: Vec<_> = scripts.iter().map(|name| (*name, "#!/bin/sh\n")).collect();
        let (_folder, environment) = with(&scripts, variables);
        let first = found(&environment).next();
        let first = first.map(|opener| {
            let mut words = vec![opener.program.file_name().unwrap().to_string_lossy().into_owned()];
            words.extend(opener.arguments);
            words.join(" ")
        });
        assert_eq!(first.as_deref(), expected, "{scripts:?} {variables:?}");
    }

    #[test]
    fn the_best_opener_that_is_there_is_taken() {
        let wsl = ("WSL_DISTRO_NAME", "Debian");
        check_first(&[], &[], None);
        check_first(&["xdg-open", "gio"], &[], Some("xdg-open"));
        check_first(&["gio"], &[], Some("gio open"));
        check_first(&["gio", "my-browser"], &[("BROWSER", "missing:my-browser --new %s")], Some("my-browser --new"));
        check_first(&["xdg-open", "wslview"], &[wsl], Some("wslview"));
        check_first(&["xdg-open"], &[("WSL_INTEROP", "/run/WSL/8_interop")], Some("xdg-open"));
    }

    #[tokio::test]
    async fn an_opener_that_fails_says_how() {
        let (_folder, environment) = with(&[("xdg-open", "#!/bin/sh\nexit 3\n")], &[]);
        let failure = open("https://x", &environment).unwrap().failure().await;
        assert!(failure.ends_with("xdg-open` ended with code 3"), "{failure}");
        let (_folder, environment) = with(&[("xdg-open", "#!/missing/interpreter\n")], &[]);
        let failure = open("https://x", &environment).unwrap_err();
        assert!(failure.contains("xdg-open` cannot be started"), "{failure}");
        let (_folder, environment) = with(&[], &[]);
        assert!(open("https://x", &environment).unwrap_err().contains("was found"));
    }
}
