//! Who may import whom, read from the `use crate::…` lines of the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

/// Rooms and what each may import; the crate's root names only the rooms.
pub const RULES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("protocol", &["domain"]),
    ("error", &[]),
    ("clock", &["domain"]),
    ("env", &["sys"]),
    ("paths", &["env", "sys"]),
    ("sys", &[]),
    ("background", &[]),
    ("files", &["sys"]),
    ("config", &["domain", "env", "logging", "paths", "files", "secrets"]),
    ("secrets", &["domain", "files", "sys"]),
    ("store", &["domain", "secrets", "clock", "paths", "files"]),
    ("ledger", &["background", "domain", "clock", "files"]),
    ("oauth", &["domain", "error", "secrets"]),
    ("upstream", &["background", "clock", "domain", "env", "error", "files", "secrets"]),
    ("desktop", &["env", "files", "sys"]),
    ("folders", &["clock", "config", "domain", "env", "files"]),
    ("theme", &["env", "sys"]),
    ("hardening", &["background", "sys"]),
    ("logging", &["domain"]),
    (
        "manager",
        &[
            "background",
            "domain",
            "clock",
            "config",
            "env",
            "error",
            "folders",
            "ledger",
            "oauth",
            "paths",
            "secrets",
            "store",
            "upstream",
        ],
    ),
    ("proxy", &["background", "domain", "clock", "error", "manager", "secrets", "sys", "upstream"]),
    (
        "server",
        &["background", "clock", "domain", "error", "hardening", "manager", "protocol", "proxy", "secrets", "sys"],
    ),
    (
        "cli",
        &[
            "background",
            "clock",
            "config",
            "demo",
            "desktop",
            "domain",
            "env",
            "error",
            "files",
            "hardening",
            "logging",
            "manager",
            "paths",
            "protocol",
            "proxy",
            "secrets",
            "server",
            "session_rpc",
            "store",
            "sys",
            "theme",
            "tui",
            "upstream",
            "wording",
        ],
    ),
    ("session_rpc", &["error", "manager", "protocol"]),
    ("wording", &["domain", "manager", "protocol", "theme"]),
    (
        "tui",
        &[
            "background",
            "clock",
            "desktop",
            "domain",
            "env",
            "error",
            "manager",
            "protocol",
            "secrets",
            "session_rpc",
            "sys",
            "theme",
            "wording",
        ],
    ),
    (
        "demo",
        &[
            "background",
            "cli",
            "clock",
            "domain",
            "env",
            "error",
            "ledger",
            "manager",
            "sys",
            "theme",
            "upstream",
            "wording",
        ],
    ),
];

/// A room with rooms inside.
struct Divided {
    room: &'static str,
    /// The files that hold the rooms inside together. They may import all of them, and none of these may import them.
    facade: &'static [&'static str],
    /// Which of the others each room inside may import.
    rules: &'static [(&'static str, &'static [&'static str])],
}

const DIVIDED: [Divided; 2] = [
    Divided {
        room: "manager",
        facade: &["ahead", "asking", "budgets", "explaining", "membership", "outcomes", "report", "requests", "verbs"],
        rules: &[
            ("session", &[]),
            ("belief", &["session"]),
            ("failure", &[]),
            ("accounts", &["belief", "failure", "session"]),
            ("books", &["accounts", "failure", "session"]),
            ("tokens", &["accounts", "session"]),
            ("router", &["accounts", "session"]),
        ],
    },
    // The steps of a request in their order, and then what walks through them.
    Divided {
        room: "proxy",
        facade: &["routes"],
        rules: &[
            ("echo", &[]),
            ("headers", &[]),
            ("admit", &[]),
            ("read", &[]),
            ("state", &["admit", "read"]),
            ("choose", &[]),
            ("send", &["read", "state"]),
            ("inspect", &["read", "send"]),
            ("answer", &["admit", "choose", "echo", "headers", "inspect", "read", "send"]),
            ("models", &["answer", "echo", "headers", "read", "state"]),
            ("plan_usage", &["answer", "echo", "headers", "state"]),
            ("websocket", &["admit", "answer", "choose", "echo", "headers", "inspect", "send", "state"]),
            ("request", &["answer", "choose", "headers", "inspect", "models", "read", "send", "state"]),
            ("socket", &["answer", "choose", "echo", "headers", "inspect", "read", "send", "state", "websocket"]),
            ("tunnel", &["answer", "inspect", "read", "state", "websocket"]),
        ],
    },
];

/// Rooms inside others that are tested without a store, a clock or a task, and what they may import beside their neighbours.
const PURE: &[(&str, &[&str])] = &[("manager/belief", &["domain"])];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Code that ships: what stands before the module of tests that ends the file.
fn shipped(text: &str) -> &str {
    let attribute = "\n#[cfg(test)]\n";
    let is_module = |at: &usize| {
        let line = text[at + attribute.len()..].lines().next().unwrap_or_default();
        line.trim_start_matches("pub ").starts_with("mod ") && line.ends_with('{')
    };
    let end = text.match_indices(attribute).map(|(at, _)| at).find(is_module);
    &text[..end.unwrap_or(text.len())]
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

/// A source file of the product.
struct Source {
    /// Its path below the folder that was read.
    path: PathBuf,
    text: String,
}

impl Source {
    /// The room that it belongs to: the first part of its path.
    fn room(&self) -> String {
        self.path.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "")
    }

    fn shipped(&self) -> &str {
        shipped(&self.text)
    }
}

/// The files below `folder` of `src`, but tests.
fn product(folder: &str) -> Vec<Source> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let read = |path: &PathBuf| Source {
        path: path.strip_prefix(&folder).unwrap().to_owned(),
        text: std::fs::read_to_string(path).unwrap(),
    };
    files.iter().filter(|path| !is_test(path)).map(read).collect()
}

#[track_caller]
fn assert_none(broken: &BTreeSet<String>) {
    assert!(broken.is_empty(), "{}", broken.iter().map(String::as_str).collect::<Vec<_>>().join("\n"));
}

#[test]
fn rooms_import_only_what_they_may() {
    let mut broken = BTreeSet::new();
    for source in product("") {
        let room = source.room();
        if ["main", "bin", "lib"].contains(&room.as_str()) {
            continue;
        }
        let allowed = RULES.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("`{room}` has no rule")).1;
        let strange = imported(source.shipped(), "crate::").into_iter().filter(|name| *name != room);
        broken.extend(strange.filter(|name| !allowed.contains(name)).map(|name| {
            format!("{} imports `{name}`, and `{room}` may import only {allowed:?}", source.path.display())
        }));
    }
    assert_none(&broken);
}

/// What may ask which system it is on beside `sys`: crates that are there, or have a method, on some systems alone.
const PLATFORM_BOUND: [&str; 2] = ["upstream/connector.rs", "upstream/network/roots/files.rs"];

#[test]
fn nothing_but_sys_asks_which_system_it_is_on() {
    let conditions = ["cfg(", "cfg!(", "cfg_attr("];
    let systems = ["unix", "windows", "target_os", "target_vendor", "target_family"];
    let asks = |line: &str| {
        let condition = conditions.iter().find_map(|begin| line.split_once(begin)).map(|(_, condition)| condition);
        condition.is_some_and(|condition| systems.iter().any(|system| condition.contains(system)))
            || line.contains("rustix::")
            || line.contains("std::os::")
    };
    for Source { path: relative, text } in product("") {
        let is_apart = relative.starts_with("sys") || relative == Path::new("sys.rs");
        if is_apart || PLATFORM_BOUND.iter().any(|bound| relative == Path::new(bound)) {
            continue;
        }
        // Tests end a file, and may be of one system.
        let lines: Vec<&str> = text.lines().collect();
        let tests = lines.iter().position(|line| line.starts_with("#[cfg(") && line.contains("test"));
        let mut shipped = lines[..tests.unwrap_or(lines.len())].iter().enumerate();
        if let Some((number, line)) = shipped.find(|(_, line)| asks(line)) {
            let following = lines.get(number + 1).copied().unwrap_or_default();
            let is_of_tests = following.starts_with("#[cfg(test)]") || following == "mod tests;";
            assert!(is_of_tests, "{}:{}: `{line}` belongs into `sys`", relative.display(), number + 1);
        }
    }
}

/// What `text` imports of the module that `path` ends in: the first name after it, or each of a group.
fn imported<'t>(text: &'t str, path: &str) -> Vec<&'t str> {
    let name = |text: &'t str| text.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
    let after = text.match_indices(path).map(|(at, _)| &text[at + path.len()..]);
    let names = after.flat_map(|rest| match rest.strip_prefix('{') {
        Some(group) => group.split('}').next().unwrap_or_default().split(',').map(|part| name(part.trim())).collect(),
        None => vec![name(rest)],
    });
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn rooms_inside_others_import_only_what_they_may() {
    let mut broken = BTreeSet::new();
    for Divided { room: outer, facade, rules } in DIVIDED {
        for source in product(outer) {
            let room = source.room();
            if facade.contains(&room.as_str()) {
                continue;
            }
            let rule = rules.iter().find(|(name, _)| *name == room);
            let allowed = rule.unwrap_or_else(|| panic!("`{outer}/{room}` has no rule")).1;
            let path = source.path.display();
            let mut names = imported(source.shipped(), &format!("crate::{outer}::"));
            if source.path.components().count() == 1 {
                names.extend(imported(source.shipped(), "super::"));
            } else if source.shipped().contains("super::super") {
                broken.insert(format!("{outer}/{path} reaches out of its room with `super::super`"));
            }
            let strange = names.into_iter().filter(|name| *name != room && !allowed.contains(name) && *name != "self");
            broken.extend(strange.map(|name| {
                format!("{outer}/{path} imports `{outer}::{name}`, and `{room}` may import only {allowed:?}")
            }));
        }
    }
    assert_none(&broken);
}

#[test]
fn pure_rooms_import_the_domain_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (room, allowed) in PURE {
        let mut files = vec![folder.join(format!("{room}.rs"))];
        sources(&folder.join(room), &mut files);
        for path in files.iter().filter(|path| !is_test(path)) {
            let text = std::fs::read_to_string(path).unwrap();
            let strange: Vec<&str> = imported(shipped(&text), "crate::")
                .into_iter()
                .filter(|name| !allowed.contains(name) && !room.starts_with(name))
                .collect();
            assert!(strange.is_empty(), "{} imports {strange:?}, and `{room}` only {allowed:?}", path.display());
        }
    }
}

/// Rooms in which no file imports, by way of others, what imports it.
const WITHOUT_CIRCLES: [&str; 15] = [
    "cli", "config", "demo", "domain", "files", "ledger", "manager", "oauth", "protocol", "secrets", "server", "store",
    "tui", "upstream", "wording",
];

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut broken = BTreeSet::new();
    for room in WITHOUT_CIRCLES {
        let sources = product(room);
        let modules: Vec<Vec<String>> = sources.iter().map(|source| module(&source.path)).collect();
        let imports: Vec<Vec<usize>> =
            sources.iter().zip(&modules).map(|(source, own)| imports(source.shipped(), room, own, &modules)).collect();
        for start in 0..sources.len() {
            let (mut reached, mut left) = (BTreeSet::new(), imports[start].clone());
            while let Some(next) = left.pop() {
                if reached.insert(next) {
                    left.extend(&imports[next]);
                }
            }
            if reached.contains(&start) {
                broken.insert(format!("{room}/{} imports itself by way of others", sources[start].path.display()));
            }
        }
    }
    assert_none(&broken);
}

/// The names of the modules that lead to a file below its room.
fn module(path: &Path) -> Vec<String> {
    path.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect()
}

/// Which of `modules` the module `own` of `room` imports. What holds it is not counted: its file only puts the parts together.
fn imports(text: &str, room: &str, own: &[String], modules: &[Vec<String>]) -> Vec<usize> {
    let uses = ["\nuse ", "\npub use ", "\npub(super) use "].map(|begin| text.split(begin).skip(1));
    let uses = uses.into_iter().flatten().filter_map(|rest| rest.split(';').next()).flat_map(|path| {
        let (path, group) = path.split_once('{').unwrap_or((path, ""));
        let names =
            group.trim_end_matches('}').split(',').map(str::trim).filter(|name| group.is_empty() || !name.is_empty());
        names.map(|name| format!("{path}{name}")).collect::<Vec<_>>()
    });
    let absolute = uses.filter_map(|path| {
        let mut parts: Vec<String> = own.to_vec();
        let mut names = path.split("::").map(|name| name.split(' ').next().unwrap_or_default()).peekable();
        if names.peek() == Some(&"crate") {
            names.next();
            names.next_if_eq(&room)?;
            parts.clear();
        }
        while names.next_if_eq(&"super").is_some() {
            parts.pop();
        }
        parts.extend(names.map(str::to_owned));
        Some(parts)
    });
    let found = absolute.filter_map(|parts| {
        (1..=parts.len()).rev().find_map(|length| modules.iter().position(|module| *module == parts[..length]))
    });
    found.filter(|found| !own.starts_with(&modules[*found])).collect()
}

#[test]
fn every_source_file_begins_with_what_it_is_and_is_one_idea_long() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    sources(&root.join("simulator/src"), &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not say what it is", path.display());
        assert!(text.lines().count() <= 400, "{} is longer than one idea", path.display());
    }
}

#[test]
fn what_only_tests_turn_in_the_simulator_does_not_ship() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| -> DocumentMut { std::fs::read_to_string(root.join(path)).unwrap().parse().unwrap() };
    let (product, simulator) = (read("Cargo.toml"), read("simulator/Cargo.toml"));
    assert!(product["dependencies"]["simulated-openai"].get("features").is_none());
    assert!(simulator["features"].get("default").is_none());
}
