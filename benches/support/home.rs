//! A home directory of its own for the processes under test, so that nothing of the user's is read or changed.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::binary;
use super::system;

/// A temporary home and the binary that lives in it.
pub struct Home {
    folder: TempDir,
    path: String,
    /// The binary.
    pub binary: PathBuf,
    /// The file that every process of this home shares.
    pub accounts_file: PathBuf,
}

impl Home {
    /// An empty home.
    pub fn new() -> io::Result<Home> {
        let path = system::variable("PATH").unwrap_or_default();
        let folder = tempfile::tempdir()?;
        let accounts_file = folder.path().join("accounts.json");
        Ok(Home { folder, path, binary: binary::find()?, accounts_file })
    }

    /// The binary, ready to be given arguments.
    pub fn command(&self) -> Command {
        self.settle(system::program(&self.binary))
    }

    /// Adds an account with the API key `key`, which is sent to `base_url`.
    pub fn add(&self, label: &str, key: &str, base_url: &str) -> io::Result<()> {
        let mut command = self.command();
        command.args(["add", label, "--key-stdin", "--base-url", base_url]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        writeln!(child.stdin.take().expect("piped above"), "{key}")?;
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other(format!("`add {label}` ended with {status}"))) }
    }

    /// Gives `command` the environment of this home and no other.
    pub fn settle(&self, mut command: Command) -> Command {
        let place = |name: &str| self.folder.path().join(name);
        command.env_clear().env("PATH", &self.path).env("HOME", self.folder.path());
        for (variable, name) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "share"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
            ("CAM_CONFIG_FILE", "config.toml"),
            ("CAM_DATA_DIR", "data"),
        ] {
            command.env(variable, place(name));
        }
        command.env("CAM_ACCOUNTS_FILE", &self.accounts_file);
        // Nobody listens there: whatever would leave the machine fails at once.
        for variable in ["CAM_OPENAI_BASE_URL", "CAM_CHATGPT_BASE_URL", "CAM_AUTH_ISSUER"] {
            command.env(variable, "http://127.0.0.1:9");
        }
        command
    }
}
