//! The tree of commands, under the name that the program was called by: `cam` and the long name say the same.

use std::ffi::OsString;
use std::path::Path;

use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches};

use super::run::shims;
use super::sidecar::SidecarArgs;
use super::{Cli, GROUPS, Verb, Volume, When, help};
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
    let words = env::arguments();
    if let Some(cli) = sidecar(&words) {
        return Ok(cli);
    }
    let mut command = command(name);
    let matches: ArgMatches = command.try_get_matches_from_mut(std::iter::once(name.into()).chain(words))?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// A sidecar as agents start it, without the tree of all commands and their help, which is a third of its start. `None` for
/// all that its own arguments do not say: the whole tree has the words for it.
fn sidecar(words: &[OsString]) -> Option<Cli> {
    let (verb, words) = words.split_first()?;
    if verb != "sidecar" {
        return None;
    }
    let command = SidecarArgs::augment_args(Command::new(NAME).no_binary_name(true));
    let command = command.disable_help_flag(true).disable_version_flag(true);
    let matches = command.try_get_matches_from(words).ok()?;
    let args = SidecarArgs::from_arg_matches(&matches).ok()?;
    Some(Cli { color: When::default(), volume: Volume::default(), verb: Some(Verb::Sidecar(args)) })
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
    fn a_sidecar_is_read_alike_with_and_without_the_tree() {
        for line in [
            "sidecar",
            "sidecar --stdio",
            "sidecar --strategy priority --set routing.pid_offset=false --set routing.max_attempts=2",
            "sidecar --set=routing.pid_offset=false",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let matches = command(NAME).try_get_matches_from([OsString::from(NAME)].iter().chain(&words)).unwrap();
            let of_tree = Cli::from_arg_matches(&matches).unwrap();
            assert_eq!(format!("{:?}", sidecar(&words)), format!("{:?}", Some(of_tree)), "{line}");
        }
        for line in ["sidecar -v", "sidecar --help", "sidecar --nothing", "sidecar more", "-q sidecar", "list", ""] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(sidecar(&words).is_none(), "{line}");
        }
    }

    #[test]
    fn the_tree_is_sound_under_either_name() {
        for name in [NAME, "cam"] {
            command(name).debug_assert();
        }
    }
}
