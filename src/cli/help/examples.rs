//! Examples at the end of each command's `--help`. A test parses every one.

use clap::Command;
use clap::builder::StyledStr;

use super::{Example, Group};

/// The commands with their examples.
pub fn add(mut command: Command, name: &str, groups: &[Group]) -> Command {
    for (path, examples) in groups.iter().flat_map(|(_, members)| *members).filter(|(_, it)| !it.is_empty()) {
        command = at(command, path, &mut |each| {
            let text = text(&each, name, examples);
            each.after_long_help(text)
        });
    }
    command
}

/// `command` with the command at `path` below it changed.
fn at(command: Command, path: &str, change: &mut dyn FnMut(Command) -> Command) -> Command {
    let (first, rest) = path.split_once(' ').unwrap_or((path, ""));
    command.mut_subcommand(first, |each| if rest.is_empty() { change(each) } else { at(each, rest, change) })
}

/// Each example on two lines: 80 columns hold no longer command with its comment.
fn text(command: &Command, name: &str, examples: &[Example]) -> StyledStr {
    let (header, literal) = (command.get_styles().get_header(), command.get_styles().get_literal());
    let lines = examples.iter().map(|(words, what)| format!("  # {what}\n  {literal}{name} {words}{literal:#}"));
    let lines: Vec<String> = std::iter::once(format!("{header}Examples:{header:#}")).chain(lines).collect();
    StyledStr::from(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use crate::cli::{GROUPS, program};

    /// The words of an example as a shell would make them.
    fn words(line: &str) -> Vec<String> {
        let line = line.split([' ', '\t']).take_while(|word| !["<", ">", "|"].contains(word)).collect::<Vec<_>>();
        line.into_iter().map(|word| word.trim_matches('\'').to_owned()).collect()
    }

    #[test]
    fn every_example_is_good_usage_of_its_command() {
        for (path, examples) in GROUPS.iter().flat_map(|(_, members)| *members) {
            for (line, what) in *examples {
                let words = words(line);
                let all = std::iter::once("cam".to_owned()).chain(words.iter().cloned());
                let matches = program::command("cam").try_get_matches_from(all);
                let matches = matches.unwrap_or_else(|error| panic!("{line}: {error}"));
                let first = path.split(' ').next();
                assert_eq!(matches.subcommand_name(), first, "{line}");
                let longest = line.len().max(what.len());
                assert!("  codex-account-manager ".len() + longest <= 80, "{line} is too long for 80 columns");
            }
        }
    }
}
