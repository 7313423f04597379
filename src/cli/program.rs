//! The tree of commands, under the name that the program was called by: `cam` and the long name say the same.

use std::path::Path;

use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use super::run::shims;
use super::{Cli, GROUPS, help};
use crate::env;

/// The name that every file and message of the product uses.
pub const NAME: &str = "codex-account-manager";

/// The name that the person typed: the long one, `cam`, or that of a link to either. A stand-in for another program has none.
pub fn name() -> String {
    name_of(env::called_as().as_deref())
}

fn name_of(called: Option<&str>) -> String {
    let file = called.and_then(|called| Path::new(called).file_name()?.to_str());
    let is_name = |name: &&str| {
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            && !shims::is_name(name)
    };
    file.map(|file| file.strip_suffix(".exe").unwrap_or(file)).filter(is_name).unwrap_or(NAME).to_owned()
}

/// Every command, with its help, for the program called `name`.
pub fn command(name: &str) -> Command {
    let command = Cli::command().name(name.to_owned()).bin_name(name).display_name(name);
    help::complete(command, name, GROUPS)
}

/// What the command line asks for.
///
/// # Errors
///
/// Clap's: bad usage, or the text that `--help` and `--version` print.
pub fn parse(name: &str) -> Result<Cli, clap::Error> {
    let words = std::iter::once(name.into()).chain(env::arguments());
    let mut command = command(name);
    let matches: ArgMatches = command.try_get_matches_from_mut(words)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_what_was_called_without_its_folder() {
        for (called, expected) in [
            (Some("cam"), "cam"),
            (Some("/usr/bin/cam"), "cam"),
            (Some("./target/debug/codex-account-manager"), NAME),
            (Some("/opt/cam-0.2"), "cam-0.2"),
            (Some("/opt/cam.exe"), "cam"),
            (Some("/data/run/codex/codex"), NAME),
            (Some("/opt/my accounts"), NAME),
            (Some("-cam"), NAME),
            (Some("/"), NAME),
            (Some(""), NAME),
            (None, NAME),
        ] {
            assert_eq!(name_of(called), expected, "{called:?}");
        }
    }

    #[test]
    fn the_tree_is_sound_under_either_name() {
        for name in [NAME, "cam"] {
            command(name).debug_assert();
        }
    }
}
