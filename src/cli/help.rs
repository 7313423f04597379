//! The help beyond each argument's own line: commands by purpose, examples, and the variables of the environment.

mod examples;

use clap::Command;
use clap::builder::StyledStr;

/// The words behind the program's name, and what they do.
pub type Example = (&'static str, &'static str);

/// A heading of the help, and below it commands with their examples; those of a command's own command stand with it.
pub type Group = (&'static str, &'static [(&'static str, &'static [Example])]);

/// The variables that the program reads.
const VARIABLES: &[(&str, &str)] = &[
    ("CAM_MASTER_KEY", "Passphrase or 64 hex digits that seal the secrets"),
    ("CAM_MASTER_KEY_FILE", "File with the same"),
    ("CAM_ACCOUNTS_FILE", "Accounts file"),
    ("CAM_CONFIG_FILE", "Configuration file"),
    ("CAM_DATA_DIR", "Folder of the ledger and of the key file"),
    ("CAM_OPENAI_BASE_URL", "Upstream of API keys"),
    ("CAM_CHATGPT_BASE_URL", "Upstream of ChatGPT logins"),
    ("CAM_AUTH_ISSUER", "Where ChatGPT logins are made"),
    ("CAM_LOG", "Log filter, such as `debug`"),
    ("HTTPS_PROXY, NO_PROXY", "Proxy towards the upstreams"),
    ("VISUAL, EDITOR", "Editor of `config edit`"),
    ("NO_COLOR, CLICOLOR_FORCE", "Never or always use colour"),
];

const LAYOUT: &str = "{before-help}{about-with-newline}\n{usage-heading} {usage}\n";

/// `command` with everything that its derived help lacks.
pub fn complete(mut command: Command, name: &str, groups: &[Group]) -> Command {
    let header = *command.get_styles().get_header();
    let layout =
        format!("{LAYOUT}\n{}{header}Options:{header:#}\n{{options}}{{after-help}}", commands(&command, groups).ansi());
    let variables = listed(&command, "Environment", VARIABLES.iter().map(|(name, what)| ((*name).to_owned(), *what)));
    let more = format!("Run `{name} help COMMAND` for the options and examples of a command.");
    command = command.help_template(layout).after_help(more.clone());
    command = command.after_long_help(format!("{}\n{more}", variables.ansi()));
    command = command.mut_subcommand("edit", |edit| edit.override_usage(format!("{name} edit <ACCOUNT> <OPTIONS>")));
    examples::add(command, name, groups)
}

/// The commands by purpose.
fn commands(command: &Command, groups: &[Group]) -> StyledStr {
    let mut text = StyledStr::new();
    for (title, members) in groups {
        let rows = members.iter().filter_map(|(name, _)| command.find_subcommand(name)).map(|each| {
            let names: Vec<&str> = each.get_name_and_visible_aliases();
            (names.join(", "), each.get_about().map(ToString::to_string).unwrap_or_default())
        });
        text.push_str(&listed(command, title, rows).ansi().to_string());
        text.push_str("\n");
    }
    text
}

/// A heading, and below it names with what they are.
fn listed(command: &Command, title: &str, rows: impl Iterator<Item = (String, impl std::fmt::Display)>) -> StyledStr {
    let (header, literal) = (command.get_styles().get_header(), command.get_styles().get_literal());
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let row = |(name, what): &(String, _)| {
        let space = " ".repeat(width - name.len());
        format!("  {literal}{name}{literal:#}{space}  {what}\n")
    };
    let rows: String = rows.iter().map(row).collect();
    StyledStr::from(format!("{header}{title}:{header:#}\n{rows}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::{Cli, GROUPS};

    #[test]
    fn every_command_is_in_one_group() {
        let members = GROUPS.iter().flat_map(|(_, members)| members.iter().map(|(name, _)| *name));
        let grouped: Vec<&str> = members.filter(|name| !name.contains(' ')).collect();
        let cli = Cli::command();
        let all: BTreeSet<&str> = cli.get_subcommands().map(Command::get_name).collect();
        assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), all);
        assert_eq!(grouped.len(), all.len(), "none is named twice");
    }
}
