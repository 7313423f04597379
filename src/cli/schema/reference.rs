//! The tables of the README and of the pages in `docs/`, made from the declarations that they describe. Each is between two
//! markers.

use clap::CommandFactory;

use super::accounts_file;
use super::markdown::{Table, table};
use crate::cli::Cli;
use crate::config::keys::{Default, KEYS};
use crate::domain::routing::{Rule, Strategy};
use crate::domain::translate::{Fate, PARAMETERS};
use crate::protocol::errors::ERROR_CODES;
use crate::protocol::{Declaration, METHODS, NOTIFICATIONS};
use crate::tui::keys::{BINDINGS, Binding, Group};

/// What the README has.
pub const README: &[Table] = &[("strategies", || strategies("Chooses", |rule| rule.chooses))];

/// What the pages in `docs/` have.
pub const PAGES: &[(&str, &[Table])] = &[
    ("accounts-file.md", accounts_file::TABLES),
    ("chatgpt.md", &[("parameters", parameters)]),
    ("commands.md", &[("commands", commands)]),
    ("configuration.md", &[("configuration", configuration)]),
    (
        "rpc.md",
        &[
            ("methods", || declarations("Request", METHODS)),
            ("notifications", || declarations("Notification", NOTIFICATIONS)),
            ("errors", errors),
        ],
    ),
    ("routing.md", &[("strategies", || strategies("Rule", |rule| rule.explanation))]),
    ("screen.md", &[("keys", keys)]),
];

fn commands() -> String {
    let cli = Cli::command();
    let rows = cli.get_subcommands().map(|command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        vec![format!("`{}`", command.get_name()), about]
    });
    table(&["Command", "Does"], rows)
}

fn configuration() -> String {
    let code = |text: &str| format!("`{text}`");
    let rows = KEYS.iter().map(|key| {
        let default = match key.default {
            Default::Text(text) => code(text),
            ref other => code(&other.value().to_string()),
        };
        let names = key.json.iter().chain(&key.variable).map(|name| code(name)).collect::<Vec<_>>().join(", ");
        vec![code(key.toml), names, default, format!("{} ({})", key.help, key.shape.accepted())]
    });
    table(&["`config.toml`", "JSON key, variable", "Default", "Meaning"], rows)
}

fn strategies(title: &str, says: fn(&Rule) -> &str) -> String {
    let row = |strategy: Strategy| vec![format!("`{}`", strategy.name()), says(strategy.rule()).to_owned()];
    table(&["Strategy", title], Strategy::ALL.into_iter().map(row))
}

fn declarations(title: &str, declarations: &[Declaration]) -> String {
    table(&[title, ""], declarations.iter().map(|each| vec![format!("`{}`", each.name), each.summary.to_owned()]))
}

fn errors() -> String {
    let rows = ERROR_CODES.iter().map(|row| {
        let retry = if row.retryable { "yes" } else { "no" };
        vec![row.code.to_string(), format!("`{}`", row.kind), retry.to_owned(), row.meaning.to_owned()]
    });
    table(&["Code", "`data.kind`", "Retryable", "When"], rows)
}

/// The keys of the terminal screen, group by group.
fn keys() -> String {
    let rows = Group::ALL.iter().flat_map(|group| {
        let title = |at: usize| if at == 0 { group.title() } else { "" };
        of_group(*group).enumerate().map(move |(at, binding)| {
            vec![title(at).to_owned(), keys_of(binding), binding.says.to_owned(), binding.where_it_works()]
        })
    });
    table(&["", "Key", "Does", "Where"], rows)
}

fn of_group(group: Group) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| binding.group == group)
}

fn keys_of(binding: &Binding) -> String {
    binding.shown.split(' ').map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" ")
}

/// What becomes of each parameter of a request that a ChatGPT account serves: one row for each fate.
fn parameters() -> String {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for parameter in PARAMETERS {
        let (fate, more) = match parameter.fate {
            Fate::Passes => ("is sent unchanged".to_owned(), String::new()),
            Fate::Becomes(place) => ("is sent under another name".to_owned(), format!(" (`{place}`)")),
            Fate::Answered => ("is handled here: the backend always streams".to_owned(), String::new()),
            Fate::Nested => ("is applied as far as possible; the rest is named".to_owned(), String::new()),
            Fate::Dropped => ("is left out and named".to_owned(), String::new()),
            Fate::ByModel => {
                ("is sent if the backend lists it for the model, else left out and named".to_owned(), String::new())
            }
            Fate::ByTools(why) => (format!("is left out and named; with built-in tools: {why}"), String::new()),
            Fate::Refused(why) => (format!("goes to a key, else is refused: {why}"), String::new()),
        };
        let name = format!("`{}`{more}", parameter.name);
        match rows.iter_mut().find(|(known, _)| *known == fate) {
            Some((_, names)) => names.push(name),
            None => rows.push((fate, vec![name])),
        }
    }
    table(&["Parameter", "With a ChatGPT account"], rows.into_iter().map(|(fate, names)| vec![names.join(", "), fate]))
}
