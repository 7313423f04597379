//! The rules for projects that the pages show: which accounts each allows in a folder is what the page says.

use serde_json::Value;

use super::page::Page;
use crate::support::sandbox::output;
use crate::support::{Pool, require};

/// Account 1 is `acme`, which is of the company as account 2 is; the others are private.
const GROUPS: &[&[&str]] = &[&["company", "acme"], &["company"], &[], &[]];

/// The rules that a page shows.
pub fn shown_on(page: &str) -> String {
    let block = Page::read(page).blocks().into_iter().find(|block| block.text.contains("[[projects]]"));
    block.expect("the page shows rules").text
}

/// The numbers of the accounts that a command may use in `folder` of the home.
fn allowed(pool: &Pool, folder: &str) -> Vec<usize> {
    let mut command = pool.sandbox.command(&["explain", "--json"]);
    command.current_dir(pool.sandbox.path(folder));
    let explained = output(command, b"").ok().json();
    let ids: Vec<&Value> = explained["accountSet"]["accounts"].as_array().unwrap().iter().collect();
    (1..=pool.ids.len()).filter(|number| ids.iter().any(|id| **id == pool.ids[number - 1])).collect()
}

#[test]
fn they_allow_what_the_pages_say() {
    if !require("git") {
        return;
    }
    let pool = Pool::new(4);
    pool.group(GROUPS);
    for (folder, remote) in [
        ("company/site", None),
        ("company/web", Some("git@github.com:acme/web.git")),
        ("elsewhere", None),
        ("clone", Some("https://github.com/acme/web")),
    ] {
        std::fs::create_dir_all(pool.sandbox.path(folder)).unwrap();
        for words in remote.map_or(vec![], |remote| vec![vec!["init", "-q"], vec!["remote", "add", "origin", remote]]) {
            let mut git = pool.sandbox.program("git");
            assert!(git.current_dir(pool.sandbox.path(folder)).args(words).status().unwrap().success());
        }
    }
    for (page, expected) in [
        ("README.md", [vec![1, 2], vec![1, 2], vec![3, 4], vec![3, 4]]),
        ("docs/projects.md", [vec![1, 2], vec![1], vec![3, 4], vec![1]]),
    ] {
        let home = pool.sandbox.home().display().to_string();
        std::fs::write(pool.sandbox.path("config.toml"), shown_on(page).replace('~', &home)).unwrap();
        let found = ["company/site", "company/web", "elsewhere", "clone"].map(|folder| allowed(&pool, folder));
        assert_eq!(found, expected, "{page}");
    }
}
