//! `THIRD-PARTY.txt`: the crates in the binary, and the texts of their licences as their packages have them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{RENEW, compare};
use crate::releases;
use crate::support::not_run;

/// Of several licences to choose from, the first of these is used.
const PREFERRED: [&str; 9] =
    ["MIT", "Apache-2.0", "Zlib", "ISC", "BSD-3-Clause", "MIT-0", "Unicode-3.0", "CDLA-Permissive-2.0", "MPL-2.0"];

/// A crate that is linked into the binary.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Crate {
    name: String,
    version: String,
    licence: String,
    authors: String,
    folder: String,
}

#[test]
fn the_licences_of_third_parties_are_those_of_what_is_in_the_binary() {
    let mut crates = BTreeSet::new();
    for platform in releases::targets() {
        let Some(metadata) = metadata(&platform) else {
            return not_run("the packages of every platform cannot be loaded; are you offline?");
        };
        linked(&metadata, &mut crates);
    }
    compare("THIRD-PARTY.txt", &document(&crates));
}

fn metadata(platform: &str) -> Option<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", platform])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// Follows the normal dependencies from our package; macros run in the compiler and are not in the binary.
fn linked(metadata: &Value, found: &mut BTreeSet<Crate>) {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let by_id = |entries: &Value| -> BTreeMap<String, Value> {
        list(entries).into_iter().map(|each| (each["id"].as_str().unwrap().to_owned(), each)).collect()
    };
    let (packages, nodes) = (by_id(&metadata["packages"]), by_id(&metadata["resolve"]["nodes"]));
    let ours = packages.values().find(|package| package["name"] == env!("CARGO_PKG_NAME")).unwrap();
    let mut seen = BTreeSet::new();
    let mut next = vec![ours["id"].as_str().unwrap().to_owned()];
    while let Some(id) = next.pop() {
        let package = &packages[&id];
        let is_macro = list(&package["targets"]).iter().any(|target| target["kind"][0] == "proc-macro");
        if is_macro || !seen.insert(id.clone()) {
            continue;
        }
        let is_normal = |edge: &Value| list(&edge["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        // What is optional in a package of ours is there for the tests, whose features the metadata has too.
        let declared = if package["source"].is_null() { list(&package["dependencies"]) } else { Vec::new() };
        let is_for_tests = |edge: &Value| {
            let name = &packages[edge["pkg"].as_str().unwrap()]["name"];
            declared.iter().any(|dependency| dependency["name"] == *name && dependency["optional"] == true)
        };
        let edges = list(&nodes[&id]["deps"]).into_iter().filter(|edge| is_normal(edge) && !is_for_tests(edge));
        next.extend(edges.map(|edge| edge["pkg"].as_str().unwrap().to_owned()));
        if package["source"].is_null() {
            continue;
        }
        let text = |name: &str| package[name].as_str().unwrap_or_default().to_owned();
        let authors: Vec<String> =
            list(&package["authors"]).iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect();
        found.insert(Crate {
            name: text("name"),
            version: text("version"),
            licence: text("license"),
            authors: authors.join(", "),
            folder: Path::new(&text("manifest_path")).parent().unwrap().display().to_string(),
        });
    }
}

fn document(crates: &BTreeSet<Crate>) -> String {
    let mut text = format!(
        "Third-party software in codex-account-manager\n\n\
         Generated from Cargo.lock; do not edit. Renew with `{RENEW}`.\n\n\
         The binary contains these crates. Their licences follow.\n\n"
    );
    for each in crates {
        let _ = writeln!(text, "  {} {}: {}", each.name, each.version, each.licence);
    }
    // Each text once, with all crates that have it.
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for each in crates {
        let who = format!("{} {}", each.name, each.version);
        for licence in licences(each) {
            texts.entry(licence).or_default().push(who.clone());
        }
    }
    let mut texts: Vec<_> = texts.into_iter().map(|(text, crates)| (crates, text)).collect();
    texts.sort();
    for (crates, licence) in texts {
        let _ = write!(text, "\n{}\n{}\n\n{licence}\n", "=".repeat(80), crates.join(", "));
    }
    text
}

/// The texts under which the crate is used: of a choice one, with the notices beside it.
fn licences(each: &Crate) -> Vec<String> {
    let mut files: Vec<(String, String)> = Vec::new();
    for entry in std::fs::read_dir(&each.folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().to_uppercase();
        let is_one = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"].iter().any(|it| name.starts_with(it));
        if is_one && path.is_file() {
            files.push((name, plain(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()))));
        }
    }
    files.sort();
    let is_choice = ["OR", "/"].iter().any(|word| each.licence.contains(word)) && !each.licence.contains("AND");
    let chosen = PREFERRED.iter().find(|name| each.licence.contains(*name)).copied().unwrap_or_default();
    let stem = chosen.split('-').next().unwrap_or_default().to_uppercase();
    if is_choice && files.iter().any(|(name, _)| name.contains(&stem)) {
        files.retain(|(name, _)| name.contains(&stem) || name.starts_with("NOTICE"));
    }
    if files.is_empty() {
        let by = if each.authors.is_empty() { "its authors" } else { &each.authors };
        return vec![format!("Copyright {by}. Licensed under {}; the package has no text of it.", each.licence)];
    }
    files.into_iter().map(|(_, text)| text).collect()
}

/// Without what differs between copies of one text and means nothing.
fn plain(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches(['\n', '\u{feff}', '\u{c}']).to_owned()
}
