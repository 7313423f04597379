//! Shells: the two variables that most programs read, set by what the shell runs at its start. The key is read from its file
//! there, so that no configuration in a repository of dotfiles has it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::json;

use super::{Plan, Planned, Surroundings, Target};
use crate::cli::connect::edit::{Change, Format};
use crate::sys::neighbours;

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
    /// PowerShell
    Powershell,
}

/// The shell that is meant: the named one, or the one that the person logs on with.
fn meant(around: &Surroundings) -> Result<Shell, String> {
    if let Some(shell) = around.shell {
        return Ok(shell);
    }
    let named = around.environment.get("SHELL").map(Path::new);
    let name = named.and_then(Path::file_stem).map(|name| name.to_string_lossy().into_owned());
    match name.as_deref() {
        Some("bash") => Ok(Shell::Bash),
        Some("zsh") => Ok(Shell::Zsh),
        Some("fish") => Ok(Shell::Fish),
        Some("pwsh" | "powershell") => Ok(Shell::Powershell),
        None if around.environment.get("PSModulePath").is_some() => Ok(Shell::Powershell),
        Some(_) | None => Err("your shell is not one of bash, zsh, fish and PowerShell".to_owned()),
    }
}

/// What the shell runs when it starts, and whether that file is ours alone.
fn startup(shell: Shell, around: &Surroundings) -> (Vec<PathBuf>, Format) {
    match shell {
        Shell::Bash => (vec![around.home.join(".bashrc")], Format::Part),
        Shell::Zsh => {
            let named = around.environment.get("ZDOTDIR").map(PathBuf::from);
            (vec![named.unwrap_or_else(|| around.home.clone()).join(".zshrc")], Format::Part)
        }
        Shell::Fish => (vec![around.config_home().join("fish/conf.d/codex-account-manager.fish")], Format::Whole),
        Shell::Powershell => (neighbours::powershell_profiles(&around.home), Format::Part),
    }
}

pub fn plan(target: &Target, around: &Surroundings) -> Result<Plan, String> {
    let (paths, format) = startup(meant(around)?, around);
    let change = Change { place: Vec::new(), value: json!(lines(target, around)?) };
    let planned = |path| Planned { path, format, changes: vec![change.clone()], holds_key: false };
    Ok(Plan {
        files: paths.into_iter().map(planned).collect(),
        next: "Open a new terminal; programs started in it use your accounts".to_owned(),
        warnings: Vec::new(),
    })
}

/// The lines themselves.
pub fn lines(target: &Target, around: &Surroundings) -> Result<String, String> {
    let (url, file) = (&target.base_url, target.key_file.display().to_string());
    Ok(match meant(around)? {
        Shell::Bash | Shell::Zsh => {
            let file = file.replace('\'', r"'\''");
            format!("export OPENAI_BASE_URL='{url}'\nexport OPENAI_API_KEY=\"$(cat '{file}')\"\n")
        }
        Shell::Fish => {
            let file = file.replace('\\', r"\\").replace('\'', r"\'");
            format!("set -gx OPENAI_BASE_URL '{url}'\nset -gx OPENAI_API_KEY (cat '{file}')\n")
        }
        Shell::Powershell => {
            let file = file.replace('\'', "''");
            format!(
                "$env:OPENAI_BASE_URL = '{url}'\n$env:OPENAI_API_KEY = (Get-Content -Raw -LiteralPath '{file}').Trim()\n"
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_is_the_named_one_or_that_of_the_log_on() {
        for (variables, named, expected) in [
            (&[("SHELL", "/usr/bin/zsh")][..], None, Some(Shell::Zsh)),
            (&[("SHELL", "/usr/bin/zsh")], Some(Shell::Fish), Some(Shell::Fish)),
            (&[("SHELL", "/bin/tcsh")], None, None),
            (&[("PSModulePath", "x")], None, Some(Shell::Powershell)),
            (&[], None, None),
        ] {
            let around = super::super::tests::around(variables, named);
            assert_eq!(meant(&around).ok(), expected, "{variables:?}");
        }
    }
}
