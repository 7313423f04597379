//! The programs that can be pointed at the service, each with the files, places and values by which it is.

mod aider;
mod codex;
mod continue_dev;
mod opencode;
mod shells;
mod vscode;
mod zed;

use std::fmt;
use std::path::PathBuf;

use clap::ValueEnum;

use super::edit::{Change, Format};
use crate::env::Environment;
use crate::secrets::Secret;

pub use shells::Shell;

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Program {
    /// Codex: its command line, its app and its extension for editors
    Codex,
    /// `OpenCode`
    Opencode,
    /// The chat of Visual Studio Code; its Codex extension is `codex`
    Vscode,
    /// Zed's own agent; the Codex in Zed is `codex`
    Zed,
    /// Continue, in any editor
    Continue,
    /// Aider
    Aider,
    /// Whatever reads `OPENAI_BASE_URL`, by what your shell runs at its start
    Env,
}

impl Program {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Program::Codex => "codex",
            Program::Opencode => "opencode",
            Program::Vscode => "vscode",
            Program::Zed => "zed",
            Program::Continue => "continue",
            Program::Aider => "aider",
            Program::Env => "env",
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The proxy that a program is pointed at.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its port on this machine.
    pub port: u16,
    /// The base URL there.
    pub base_url: String,
    /// The file with its key.
    pub key_file: PathBuf,
    /// The key.
    pub key: Secret<String>,
    /// Whether no account has another provider behind it.
    pub serves_openai_alone: bool,
}

/// Where programs keep their files, and what the person wants.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The environment of the process.
    pub environment: Environment,
    /// The home.
    pub home: PathBuf,
    /// Where the system keeps the configurations of programs with windows.
    pub configurations: PathBuf,
    /// Our data folder.
    pub data: PathBuf,
    /// The models that are offered where a program wants a list.
    pub models: Vec<String>,
    /// The shell whose start is changed.
    pub shell: Option<Shell>,
}

impl Surroundings {
    /// `$XDG_CONFIG_HOME` or `~/.config`, which some programs use on every system.
    fn config_home(&self) -> PathBuf {
        let named = self.environment.get("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        named.unwrap_or_else(|| self.home.join(".config"))
    }
}

/// One file to change.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The file.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// What belongs into it.
    pub changes: Vec<Change>,
    /// Whether the key itself stands in it then, and not only where it is.
    pub holds_key: bool,
}

/// All that points a program at the proxy.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The files, in the order in which they are written: one that another names comes first.
    pub files: Vec<Planned>,
    /// What is left for the person to do.
    pub next: String,
    /// What keeps the program from using the proxy all the same.
    pub warnings: Vec<String>,
}

/// What points `program` at `target`. The error says in words what is missing.
pub fn plan(program: Program, target: &Target, around: &Surroundings) -> Result<Plan, String> {
    Ok(match program {
        Program::Codex => codex::plan(target, around),
        Program::Opencode => opencode::plan(target, around),
        Program::Vscode => vscode::plan(target, around),
        Program::Zed => zed::plan(target, around),
        Program::Continue => continue_dev::plan(target, around),
        Program::Aider => aider::plan(target, around),
        Program::Env => shells::plan(target, around)?,
    })
}

/// The lines that point the programs of a shell at `target`.
pub fn lines(target: &Target, around: &Surroundings) -> Result<String, String> {
    shells::lines(target, around)
}

#[cfg(test)]
mod tests;
