//! Examples at the end of each command's `--help`. A test parses every one.

use clap::Command;
use clap::builder::StyledStr;

/// The words behind the program's name, and what they do.
type Example = (&'static str, &'static str);

/// The examples of each command; of a command's own command, `config set`.
const EXAMPLES: &[(&str, &[Example])] = &[
    ("list", &[("list", "every account with its state, usage and quota"), ("list --json", "the same for a script")]),
    ("show", &[("show 1", "the first account"), ("show you@example.com", "the account with this email")]),
    (
        "add",
        &[
            ("add work", "ask for the key without showing it"),
            ("add ci --key-stdin < key.txt", "read the key from a file"),
            ("add local --base-url http://127.0.0.1:11434/v1", "another upstream"),
            ("add cheap --daily-limit 2.50 --model 'gpt-*-mini'", "a budget, and some models alone"),
        ],
    ),
    (
        "login",
        &[
            ("login", "log in on a page of the browser"),
            ("login --device", "by a code, for a machine without a browser"),
        ],
    ),
    (
        "import",
        &[
            ("import --codex --dry-run", "what Codex's login would add"),
            ("import accounts.json", "the accounts of another accounts file"),
        ],
    ),
    (
        "edit",
        &[
            ("edit work --daily-limit 5", "spend at most 5 USD a day"),
            ("edit work --key-stdin < key.txt", "a new key"),
            ("edit 2 --disable", "leave the second account out"),
        ],
    ),
    ("remove", &[("remove work", "ask, then remove the account"), ("rm 2 --yes", "remove the second without asking")]),
    ("merge", &[("merge 2 1", "keep the second, and move the usage of the first to it")]),
    (
        "switch",
        &[
            ("switch work", "every session uses `work`"),
            ("use personal --family codex", "for the models of one family"),
            ("switch --auto", "sessions choose by themselves again"),
        ],
    ),
    ("refresh", &[("refresh", "every ChatGPT account"), ("refresh you@example.com", "one of them")]),
    (
        "run",
        &[
            ("run -- opencode", "OpenCode on your accounts"),
            ("run --strategy round_robin -- python agent.py", "a new account for each request"),
        ],
    ),
    (
        "proxy",
        &[
            ("proxy", "listen on 127.0.0.1:8080"),
            ("proxy --bind 127.0.0.1:9000 --api-key sk-mine", "another port and a key of your own"),
        ],
    ),
    ("sidecar", &[("sidecar --strategy priority", "as an editor starts it")]),
    ("demo", &[("demo", "tell the story in this terminal"), ("demo --watch", "show the screen meanwhile")]),
    ("status", &[("status", "sessions and accounts"), ("status --json", "the same for a script")]),
    ("usage", &[("usage", "the last 30 days by account"), ("usage --days 7 --by model", "the last week by model")]),
    (
        "explain",
        &[
            ("explain", "which account the next request would get"),
            ("explain gpt-5.2-codex", "for this model, and why not the others"),
        ],
    ),
    ("doctor", &[("doctor", "check everything and say what to run")]),
    ("export", &[("export > accounts.json", "a backup whose secrets stay sealed")]),
    (
        "rpc",
        &[
            ("rpc accounts/list", "call the only running session"),
            (r#"rpc accounts/switch '{"account":"work"}'"#, "with params"),
            ("rpc status/read --session 2f51d08b6e9c4a17", "call this session"),
        ],
    ),
    (
        "completions",
        &[("completions bash", "print the script for bash"), ("completions fish | source", "complete in this fish")],
    ),
    (
        "config set",
        &[
            ("config set routing.strategy round_robin", "running processes follow"),
            ("config set routing.strategy --unset", "back to the default"),
        ],
    ),
    ("config get", &[("config get routing.strategy", "the value alone")]),
];

/// The commands with their examples.
pub fn add(mut command: Command, name: &str) -> Command {
    for (path, examples) in EXAMPLES {
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
    use super::*;
    use crate::cli::program;

    /// The words of an example as a shell would make them.
    fn words(line: &str) -> Vec<String> {
        let line = line.split([' ', '\t']).take_while(|word| !["<", ">", "|"].contains(word)).collect::<Vec<_>>();
        line.into_iter().map(|word| word.trim_matches('\'').to_owned()).collect()
    }

    #[test]
    fn every_example_is_good_usage_of_its_command() {
        for (path, examples) in EXAMPLES {
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
