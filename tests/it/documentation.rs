//! The README and the pages in `docs/`: what they show is run, what they offer to copy parses and works, and every link leads
//! somewhere.

mod copied;
mod home;
mod page;
mod rules;
mod transcript;
mod walks;

use std::collections::BTreeSet;

use serde_json::Value;

use self::home::Home;
use self::page::{Page, source};
use self::transcript::{commands, difference};
use self::walks::{Step, WALKS};
use crate::support::not_run;

/// The README is read in five minutes.
const MOST_LINES: usize = 250;

#[test]
fn the_readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= MOST_LINES, "README.md has {lines} lines; move depth to `docs/`");
}

/// They need nothing but Rust and a C compiler, before there is any package.
#[test]
fn the_readme_begins_with_the_two_commands() {
    let text = Page::read("README.md").text;
    for command in ["\ncargo run --release -- demo ", "\ncargo test "] {
        let place = text.find(command).unwrap_or_else(|| panic!("the README does not show `{}`", command.trim()));
        assert!(place < text.find("\n## Start\n").unwrap(), "{command}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let pages = Page::all();
    let mut wrong = Vec::new();
    for page in &pages {
        for link in page.links() {
            let (path, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(path, anchor)| (path, Some(anchor)));
            if path.contains("://") {
                continue;
            }
            let target = if path.is_empty() { page.name.clone() } else { page.beside(path) };
            if !source().join(&target).exists() {
                wrong.push(format!("{}: there is no `{link}`", page.name));
            } else if let (Some(anchor), Some(other)) = (anchor, pages.iter().find(|other| other.name == target))
                && !other.anchors().iter().any(|known| known == anchor)
            {
                wrong.push(format!("{}: `{link}` names no heading of `{target}`", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_index_names_every_page() {
    let index = Page::read("docs/README.md");
    let linked: BTreeSet<String> = index.links().iter().map(|link| index.beside(link)).collect();
    for page in Page::all().iter().filter(|page| page.name.starts_with("docs/") && page.name != index.name) {
        assert!(linked.contains(&page.name), "`docs/README.md` does not name `{}`", page.name);
    }
}

#[test]
fn what_is_there_to_copy_parses() {
    for page in Page::all() {
        for block in page.blocks() {
            let wrong = match block.language.as_str() {
                "json" => serde_json::from_str::<Value>(&block.text).err().map(|error| error.to_string()),
                // A line each, and comments between them.
                "jsonc" => (block.text.lines().filter(|line| !line.starts_with("//")))
                    .find_map(|line| serde_json::from_str::<Value>(line).err().map(|error| error.to_string())),
                "toml" => block.text.parse::<toml_edit::DocumentMut>().err().map(|error| error.to_string()),
                _ => None,
            };
            assert_eq!(wrong, None, "{}:{}: {}", block.page, block.line, block.text);
        }
    }
}

/// Every console block of the README and of `docs/` has a walk, and no walk is of a block that is gone.
#[test]
fn every_console_block_has_a_walk() {
    let blocks: BTreeSet<(String, String)> = walked().map(|(page, first, _)| (page, first)).collect();
    let walks: BTreeSet<(String, String)> =
        WALKS.iter().map(|walk| (walk.page.to_owned(), walk.first.to_owned())).collect();
    let without: Vec<_> = blocks.difference(&walks).collect();
    let gone: Vec<_> = walks.difference(&blocks).collect();
    assert!(without.is_empty(), "say in `tests/it/documentation/walks.rs` how these are run: {without:?}");
    assert!(gone.is_empty(), "these walks have no block any more: {gone:?}");
}

#[test]
fn console_blocks_do_what_they_show() {
    for (page, first, commands) in walked() {
        let walk = WALKS.iter().find(|walk| walk.page == page && walk.first == first);
        // The test before says so.
        let Some(walk) = walk else { continue };
        assert_eq!(commands.len(), walk.steps.len(), "{page}: a step for each command after `{first}`: {commands:?}");
        let Some(mut home) = Home::new(walk.scene) else { return };
        for (command, step) in commands.iter().zip(walk.steps) {
            let output = match step {
                Step::Runs(answers) => home.run(&command.line, answers),
                Step::Stays(shown) => {
                    if !home.begin(&command.line, shown) {
                        break;
                    }
                    continue;
                }
                Step::NotRun(reason) => {
                    not_run(&format!("{page}: `{}`: {reason}", command.line));
                    continue;
                }
            };
            let Some(output) = output else { return };
            let expected = home.as_simulated(&command.expected);
            assert_eq!(output.code, 0, "{page}: `{}`: {}", command.line, output.stdout);
            if let Some(difference) = difference(&expected, &output.stdout) {
                panic!("{page}: `{}` {difference}\n--- it printed\n{}", command.line, output.stdout);
            }
        }
    }
}

/// The console blocks of the README and of `docs/`: page, first command, and all commands.
fn walked() -> impl Iterator<Item = (String, String, Vec<transcript::Command>)> {
    let pages = Page::all().into_iter().filter(|page| page.name == "README.md" || page.name.starts_with("docs/"));
    let blocks = pages.flat_map(|page| page.blocks()).filter(|block| block.language == "console");
    blocks.map(|block| {
        let commands = commands(&block.text);
        let first = commands.first().unwrap_or_else(|| panic!("{}:{}: no command", block.page, block.line));
        (block.page.clone(), first.line.clone(), commands)
    })
}
