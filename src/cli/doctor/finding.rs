//! The finding of a check: its severity, and the command that mends it.

use std::path::Path;

use serde::Serialize;

use crate::error::Error;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Worth a look; everything works.
    Warning,
    /// Something does not work, or others can reach what they must not.
    Problem,
}

/// What is wrong, by a name that scripts can rely on: a name is never changed, and never used for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum FindingKind {
    /// The program cannot start as it is called.
    CannotStart,
    /// A check did not end in time.
    NoAnswer,
    /// This process has another data folder than the others with the same accounts file.
    DataFolderApart,
    /// The data folder that is noted beside the accounts file cannot be used here.
    DataFolderElsewhere,
    /// A value of the configuration cannot be used.
    ConfigurationValue,
    /// `CAM_CONFIG_FILE` names a file that is not there.
    ConfigurationMissing,
    /// A rule of `projects`, or something else that narrows this folder, cannot be read or names no account.
    ProjectRule,
    /// A rule of `projects` never holds: an earlier one is for all its folders.
    ProjectRuleHidden,
    /// A rule of `projects` is for all that is in a folder, and not for that folder.
    ProjectRuleBesideFolder,
    /// A rule of `projects` is for a folder that is not there, or takes an owner for a host.
    ProjectRuleFitsNothing,
    /// A key of `proxy.keys` names no account.
    ProxyKey,
    /// A file in this folder would narrow what may be used, and such files are not read.
    ProjectFileOff,
    /// A rule of `projects` has `remote`, and `git` cannot be asked.
    GitMissing,
    /// This folder may use no account.
    NoAccountAllowed,
    /// Folders of this session are under different rules, or the like.
    ProjectWarning,
    /// The budget of a rule of `projects`, or of a key of the proxy, is spent.
    BudgetSpent,
    /// There is no accounts file yet.
    AccountsFileMissing,
    /// The accounts file cannot be read.
    AccountsFileUnreadable,
    /// A file or folder belongs to another user.
    AnotherUser,
    /// Other users can read a file or enter a folder.
    ModeTooOpen,
    /// A folder cannot be written.
    NotWritable,
    /// Locks may not hold where the files are.
    LocksUnreliable,
    /// File modes do nothing where the files are.
    ModesIgnored,
    /// The accounts file has a second name.
    HardLink,
    /// A file is mounted by itself, so that it cannot be replaced.
    SingleFileMount,
    /// The accounts file is older than what was written last.
    OlderCopy,
    /// A program that synchronises files left a second copy.
    ConflictCopy,
    /// The secrets are sealed and there is no key.
    KeyMissing,
    /// The secrets are sealed with another key.
    KeyWrong,
    /// A source of the key cannot be used.
    KeyUnusable,
    /// One secret cannot be opened.
    SecretDamaged,
    /// Secrets of another tool are not sealed yet.
    SecretsNotSealed,
    /// There is no account.
    NoAccount,
    /// An account needs a new key or login.
    AccountNeedsLogin,
    /// An account cannot serve now.
    AccountNotReady,
    /// Two accounts are one login.
    SameLogin,
    /// A time in the accounts file is ahead of the clock.
    ClockBehind,
    /// A process has held a lock for too long.
    LockHeld,
    /// The ledger cannot be read.
    LedgerUnreadable,
    /// What `service` or `connect` has noted cannot be read.
    ServiceUnreadable,
    /// The service is installed and does not answer.
    ServiceNotRunning,
    /// The service runs another version than this one.
    ServiceOutdated,
    /// The program that the service starts is gone.
    ServiceProgramGone,
    /// Something else listens on the service's port.
    ServicePortTaken,
    /// A program that was connected does not reach the service.
    ConnectionStale,
    /// A program is connected to the service, and there are rules of projects, which hold for no such program.
    ConnectionWithoutRules,
    /// A configuration of OpenCode's cannot be read.
    OpenCodeUnreadable,
    /// Another tool writes the same accounts file.
    OtherTool,
    /// A variable that names a proxy or certificates has a value that cannot be used.
    NetworkVariable,
    /// An upstream does not answer.
    UpstreamUnreachable,
}

/// What opens the file that rules and keys are written in.
pub const CONFIG_EDIT: &str = "codex-account-manager config edit";

/// What mends a finding: a command, words, or both.
#[derive(Clone, Debug, Default)]
pub struct Mend {
    command: Option<String>,
    hint: Option<String>,
}

impl Mend {
    /// A command that can be copied into a shell as it is.
    pub fn run(command: impl Into<String>) -> Mend {
        Mend { command: Some(command.into()), hint: None }
    }

    /// Words, where no single command does it.
    pub fn hint(hint: impl Into<String>) -> Mend {
        Mend { command: None, hint: Some(hint.into()) }
    }

    /// The same with words beside it.
    pub fn and(self, hint: impl Into<String>) -> Mend {
        Mend { hint: Some(hint.into()), ..self }
    }
}

/// What a check found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The check, as [`super::checks`] names it.
    pub check: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What is wrong; nothing where all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<FindingKind>,
    /// What was found.
    pub message: String,
    /// What to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What to know or to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn ok(message: impl Into<String>) -> Finding {
        Finding::new(Verdict::Ok, None, message.into(), Mend::default())
    }

    /// Worth a look.
    pub fn warning(kind: FindingKind, message: impl Into<String>, mend: Mend) -> Finding {
        Finding::new(Verdict::Warning, Some(kind), message.into(), mend)
    }

    /// To be mended.
    pub fn problem(kind: FindingKind, message: impl Into<String>, mend: Mend) -> Finding {
        Finding::new(Verdict::Problem, Some(kind), message.into(), mend)
    }

    /// What a verb of the product failed with.
    pub fn failed(kind: FindingKind, error: Error) -> Finding {
        let mend = Mend { command: None, hint: error.hint };
        Finding::problem(kind, error.message, mend)
    }

    fn new(verdict: Verdict, kind: Option<FindingKind>, message: String, mend: Mend) -> Finding {
        let Mend { command, hint } = mend;
        Finding { check: "", verdict, kind, message, command, hint }
    }

    /// The same as a finding of this check.
    pub fn of(self, check: &'static str) -> Finding {
        Finding { check, ..self }
    }
}

/// A path as a shell takes it.
pub fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_for_every_shell() {
        for (path, expected) in [("/a b/$c", "'/a b/$c'"), ("/it's", r"'/it'\''s'")] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
