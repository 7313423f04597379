//! What a service manager is asked to do, as calls of its own tool: `systemctl`, `launchctl`, `schtasks`. They are found over
//! `PATH`, and an error of theirs is passed on with what a person can do about it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::unit::NAME;
use crate::clock;
use crate::env;
use crate::error::{Error, ErrorKind};
use crate::sys::ServiceManager;

/// How long a call may take: to stop the proxy is to wait for a token that is being refreshed.
const PATIENCE: Duration = Duration::from_secs(620);

/// How long launchd is asked whether an agent that it is to remove is gone, and how often.
const GONE: (u32, Duration) = (100, Duration::from_millis(200));

/// What a tool said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Whether it succeeded.
    pub succeeded: bool,
    /// Its output and its errors.
    pub text: String,
}

/// Calls tools of the system's.
pub trait Tools {
    /// Runs `words` to its end; `None` when there is no such program.
    async fn call(&self, words: &[&str]) -> Result<Option<Said>, Error>;
}

/// The programs of this machine.
pub struct Installed;

impl Tools for Installed {
    async fn call(&self, words: &[&str]) -> Result<Option<Said>, Error> {
        let failed = |why: String| Error::new(ErrorKind::Internal, format!("`{}` {why}", words.join(" ")));
        let mut command = Command::from(env::program(words[0]));
        command.args(&words[1..]).stdin(Stdio::null()).kill_on_drop(true);
        tracing::info!("runs `{}`", words.join(" "));
        let output = match tokio::time::timeout(PATIENCE, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Ok(Err(error)) => return Err(failed(format!("cannot be run: {error}")).caused_by(error)),
            Err(_) => return Err(failed("did not end".to_owned()).hint("run it yourself to see what it waits for")),
        };
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        Ok(Some(Said { succeeded: output.status.success(), text: text.join("\n").trim().to_owned() }))
    }
}

/// A service manager, through its tools.
pub struct Services<'t, T: Tools> {
    /// Which one.
    pub manager: ServiceManager,
    /// The user's number, as launchd names their session.
    pub user: u32,
    /// What calls its tool.
    pub tools: &'t T,
}

impl<T: Tools> Services<'_, T> {
    /// Whether it is there for this user, before anything is written.
    ///
    /// # Errors
    ///
    /// `Configuration` with what to do instead.
    pub async fn check(&self) -> Result<(), Error> {
        match self.manager {
            ServiceManager::Systemd => self.must(&["systemctl", "--user", "show", "--property=Version"]).await,
            ServiceManager::Launchd => self.must(&["launchctl", "print", &self.domain()]).await,
            ServiceManager::TaskScheduler => self.must(&["schtasks", "/Query", "/FO", "CSV", "/NH"]).await,
        }
    }

    /// Takes what is written at `unit` in, starts it now and at each log-on. What runs of it already is ended before.
    ///
    /// # Errors
    ///
    /// `Configuration` with what the manager says.
    pub async fn start(&self, unit: &Path) -> Result<(), Error> {
        let (path, name) = (unit.display().to_string(), format!("{NAME}.service"));
        match self.manager {
            ServiceManager::Systemd => {
                self.must(&["systemctl", "--user", "daemon-reload"]).await?;
                self.must(&["systemctl", "--user", "enable", &name]).await?;
                self.must(&["systemctl", "--user", "restart", &name]).await
            }
            ServiceManager::Launchd => {
                self.leave_launchd().await?;
                self.must(&["launchctl", "enable", &self.target()]).await?;
                self.must(&["launchctl", "bootstrap", &self.domain(), &path]).await
            }
            ServiceManager::TaskScheduler => {
                self.may(&["schtasks", "/End", "/TN", NAME]).await?;
                self.must(&["schtasks", "/Create", "/TN", NAME, "/XML", &path, "/F"]).await?;
                self.must(&["schtasks", "/Run", "/TN", NAME]).await
            }
        }
    }

    /// Ends it, and starts it at no log-on any more. The file at its path is removed by the caller, between this and
    /// [`Services::forget`].
    ///
    /// # Errors
    ///
    /// `Configuration` with what the manager says, where it still has it.
    pub async fn stop(&self) -> Result<(), Error> {
        match self.manager {
            ServiceManager::Systemd => {
                self.must(&["systemctl", "--user", "disable", "--now", &format!("{NAME}.service")]).await
            }
            ServiceManager::Launchd => self.leave_launchd().await,
            ServiceManager::TaskScheduler => {
                self.may(&["schtasks", "/End", "/TN", NAME]).await?;
                self.must(&["schtasks", "/Delete", "/TN", NAME, "/F"]).await
            }
        }
    }

    /// Lets the manager notice that the file is gone.
    ///
    /// # Errors
    ///
    /// When its tool cannot be run.
    pub async fn forget(&self) -> Result<(), Error> {
        if self.manager == ServiceManager::Systemd {
            self.may(&["systemctl", "--user", "daemon-reload"]).await?;
            self.may(&["systemctl", "--user", "reset-failed", &format!("{NAME}.service")]).await?;
        }
        Ok(())
    }

    /// Whether it has the service and keeps it running, in its own words; `None` where it cannot be asked.
    pub async fn state(&self) -> Option<Said> {
        let name = format!("{NAME}.service");
        match self.manager {
            ServiceManager::Systemd => self.tools.call(&["systemctl", "--user", "is-active", &name]).await.ok()?,
            ServiceManager::Launchd => {
                let said = self.tools.call(&["launchctl", "print", &self.target()]).await.ok()??;
                let state = said.text.lines().find_map(|line| line.trim().strip_prefix("state = "));
                let state = state.unwrap_or(if said.succeeded { "loaded" } else { "not loaded" }).to_owned();
                Some(Said { succeeded: state == "running", text: state })
            }
            // What it says of the state is in the person's language; that there is such a task is not.
            ServiceManager::TaskScheduler => {
                let said = self.tools.call(&["schtasks", "/Query", "/TN", NAME]).await.ok()??;
                let state = if said.succeeded { "registered" } else { "not registered" };
                Some(Said { succeeded: said.succeeded, text: state.to_owned() })
            }
        }
    }

    /// Whether the service ends when the person logs out of the last session, where that is known.
    pub async fn ends_at_logout(&self) -> bool {
        if self.manager != ServiceManager::Systemd {
            return false;
        }
        let user = self.user.to_string();
        let said = self.tools.call(&["loginctl", "show-user", &user, "--property=Linger", "--value"]).await;
        said.ok().flatten().is_some_and(|said| said.succeeded && said.text == "no")
    }

    /// The journal or the place where the service's own words are.
    pub fn log(&self) -> &'static str {
        match self.manager {
            ServiceManager::Systemd => "`journalctl --user -u codex-account-manager` has its log",
            ServiceManager::Launchd => "`launchctl print gui/$(id -u)/codex-account-manager` has its last exit code",
            ServiceManager::TaskScheduler => {
                "`schtasks /Query /TN codex-account-manager /V /FO LIST` has its last result"
            }
        }
    }

    /// An agent that is asked to leave is gone a while later, and one of the same name cannot come before.
    async fn leave_launchd(&self) -> Result<(), Error> {
        if !self.may(&["launchctl", "bootout", &self.target()]).await? {
            return Ok(());
        }
        for _ in 0..GONE.0 {
            if !self.may(&["launchctl", "print", &self.target()]).await? {
                return Ok(());
            }
            clock::run_for(GONE.1).await;
        }
        Err(Error::new(ErrorKind::Configuration, "launchd still runs the old proxy")
            .hint("it is waiting for a token that is being refreshed; run this again in a few minutes"))
    }

    fn domain(&self) -> String {
        format!("gui/{}", self.user)
    }

    fn target(&self) -> String {
        format!("gui/{}/{NAME}", self.user)
    }

    /// Whether it succeeded.
    async fn may(&self, words: &[&str]) -> Result<bool, Error> {
        match self.tools.call(words).await? {
            Some(said) => Ok(said.succeeded),
            None => Err(self.missing(words[0])),
        }
    }

    async fn must(&self, words: &[&str]) -> Result<(), Error> {
        match self.tools.call(words).await? {
            Some(said) if said.succeeded => Ok(()),
            Some(said) => Err(self.refused(words, &said.text)),
            None => Err(self.missing(words[0])),
        }
    }

    fn missing(&self, tool: &str) -> Error {
        let why = match self.manager {
            ServiceManager::Systemd => "this system has no systemd",
            ServiceManager::Launchd | ServiceManager::TaskScheduler => "it is not in `PATH`",
        };
        Error::new(ErrorKind::Configuration, format!("`{tool}` was not found: {why}")).hint(BY_YOURSELF)
    }

    fn refused(&self, words: &[&str], said: &str) -> Error {
        let said = if said.is_empty() { "it does not say why" } else { said };
        let error = Error::new(ErrorKind::Configuration, format!("`{}` failed: {said}", words.join(" ")));
        let has_no_session = match self.manager {
            ServiceManager::Systemd => {
                said.contains("bus") || said.contains("XDG_RUNTIME_DIR") || said.contains("booted")
            }
            ServiceManager::Launchd => words[1] == "print",
            ServiceManager::TaskScheduler => false,
        };
        match self.manager {
            ServiceManager::Systemd if has_no_session => error.hint(format!(
                "systemd runs nothing for this user here. Log in as the user itself, not with `su` or `sudo`; over SSH \
                 `loginctl enable-linger` starts it for good; in WSL set `systemd=true` below `[boot]` in `/etc/wsl.conf`. \
                 Without systemd, {BY_YOURSELF}"
            )),
            ServiceManager::Launchd if has_no_session => error.hint(format!(
                "launchd has no session of this user: log in at the screen of this Mac once. Without it, {BY_YOURSELF}"
            )),
            ServiceManager::Systemd | ServiceManager::Launchd | ServiceManager::TaskScheduler => error.hint(self.log()),
        }
    }
}

/// What to do where there is no such manager.
const BY_YOURSELF: &str = "start `codex-account-manager proxy --api-key-file FILE` from whatever starts your programs, and pass \
                           `--port` and `--key-file` to `connect`";

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Writes down what it is called with; what has one of `fails` in it fails, and what it should know is missing.
    #[derive(Default)]
    struct Recording {
        calls: RefCell<Vec<String>>,
        fails: Vec<(&'static str, &'static str)>,
        is_missing: bool,
    }

    impl Tools for Recording {
        async fn call(&self, words: &[&str]) -> Result<Option<Said>, Error> {
            let line = words.join(" ");
            self.calls.borrow_mut().push(line.clone());
            let failure = self.fails.iter().find(|(part, _)| line.contains(part));
            let said = failure.map_or("fine", |(_, said)| said).to_owned();
            Ok((!self.is_missing).then_some(Said { succeeded: failure.is_none(), text: said }))
        }
    }

    fn services(manager: ServiceManager, tools: &Recording) -> Services<'_, Recording> {
        Services { manager, user: 501, tools }
    }

    #[tokio::test]
    async fn each_manager_is_asked_in_its_own_words() {
        for (manager, fails, expected) in [
            (
                ServiceManager::Systemd,
                vec![],
                "systemctl --user show --property=Version
systemctl --user daemon-reload
systemctl --user enable codex-account-manager.service
systemctl --user restart codex-account-manager.service
systemctl --user disable --now codex-account-manager.service
systemctl --user daemon-reload
systemctl --user reset-failed codex-account-manager.service",
            ),
            (
                ServiceManager::Launchd,
                vec![("print gui/501/codex", "not there")],
                "launchctl print gui/501
launchctl bootout gui/501/codex-account-manager
launchctl print gui/501/codex-account-manager
launchctl enable gui/501/codex-account-manager
launchctl bootstrap gui/501 /units/it
launchctl bootout gui/501/codex-account-manager
launchctl print gui/501/codex-account-manager",
            ),
            (
                ServiceManager::TaskScheduler,
                vec![("/End", "it does not run")],
                "schtasks /Query /FO CSV /NH
schtasks /End /TN codex-account-manager
schtasks /Create /TN codex-account-manager /XML /units/it /F
schtasks /Run /TN codex-account-manager
schtasks /End /TN codex-account-manager
schtasks /Delete /TN codex-account-manager /F",
            ),
        ] {
            let tools = Recording { fails, ..Recording::default() };
            let services = services(manager, &tools);
            services.check().await.unwrap();
            services.start(Path::new("/units/it")).await.unwrap();
            services.stop().await.unwrap();
            services.forget().await.unwrap();
            assert_eq!(tools.calls.borrow().join("\n"), expected, "{manager:?}");
        }
    }

    #[tokio::test]
    async fn a_manager_that_is_not_there_is_an_error_that_says_what_to_do() {
        let missing = Recording { is_missing: true, ..Recording::default() };
        for manager in [ServiceManager::Systemd, ServiceManager::Launchd, ServiceManager::TaskScheduler] {
            let error = services(manager, &missing).check().await.unwrap_err();
            assert!(error.hint.unwrap().contains("proxy --api-key-file"), "{manager:?}");
        }
        let no_bus = "Failed to connect to bus: No medium found";
        let closed = Recording { fails: vec![("--user", no_bus)], ..Recording::default() };
        let error = services(ServiceManager::Systemd, &closed).check().await.unwrap_err();
        assert_eq!(error.message, format!("`systemctl --user show --property=Version` failed: {no_bus}"));
        assert!(error.hint.unwrap().contains("loginctl enable-linger"));
        let refusing = Recording { fails: vec![("restart", "unit failed")], ..Recording::default() };
        let error = services(ServiceManager::Systemd, &refusing).start(Path::new("/u")).await.unwrap_err();
        assert!(error.hint.unwrap().contains("journalctl"));
    }

    #[tokio::test]
    async fn the_state_is_the_managers_own_word() {
        for (manager, fails, expected) in [
            (ServiceManager::Systemd, vec![], (true, "fine")),
            (ServiceManager::Systemd, vec![("is-active", "failed")], (false, "failed")),
            (ServiceManager::Launchd, vec![], (false, "loaded")),
            (ServiceManager::Launchd, vec![("print", "Could not find")], (false, "not loaded")),
            (ServiceManager::TaskScheduler, vec![], (true, "registered")),
        ] {
            let tools = Recording { fails, ..Recording::default() };
            let said = services(manager, &tools).state().await.unwrap();
            assert_eq!((said.succeeded, said.text.as_str()), expected, "{manager:?}");
        }
        let lingers = Recording { fails: vec![], ..Recording::default() };
        assert!(!services(ServiceManager::Systemd, &lingers).ends_at_logout().await);
    }
}
