//! What is released says one thing everywhere: the version, the repository and the licence of `Cargo.toml`, and the same
//! list of platforms. `packaging/` reads the first three from there and has the list.

use std::process::Command;

use serde_json::Value;
use toml_edit::DocumentMut;

use crate::support::{Running, missing, require, tools};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
const LICENCE: &str = env!("CARGO_PKG_LICENSE");

/// The packages that are made with Node.js, each with its folder's name.
const CLIENTS: [&str; 3] = ["typescript", "opencode", "vscode"];

fn text(path: &str) -> String {
    std::fs::read_to_string(tools::source().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The platforms of a release, from the table that the packages are made by.
pub fn targets() -> Vec<String> {
    let table = text("packaging/parts/targets.py");
    let rows = table.lines().filter_map(|line| line.trim_start().strip_prefix("Target(\""));
    let triples: Vec<String> = rows.map(|row| row.split('"').next().unwrap().to_owned()).collect();
    assert_eq!(triples.len(), 8, "{triples:?}");
    triples
}

fn toml(path: &str) -> DocumentMut {
    text(path).parse().unwrap()
}

fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).unwrap()
}

#[test]
fn every_crate_takes_version_and_repository_from_the_workspace() {
    let root = toml("Cargo.toml");
    for manifest in ["Cargo.toml", "language-server/Cargo.toml", "simulator/Cargo.toml"] {
        let package = &toml(manifest)["package"];
        for key in ["version", "license", "authors", "repository", "homepage"] {
            assert_eq!(package[key]["workspace"].as_bool(), Some(true), "{manifest}: {key}");
        }
        assert!(package["description"].is_str(), "{manifest}: crates.io wants a description");
    }
    for dependency in ["language-server", "simulated-openai"] {
        let wanted = root["dependencies"][dependency]["version"].as_str();
        assert_eq!(wanted, Some(VERSION), "`{dependency}` is released with the product");
    }
    for folder in ["language-server", "simulator"] {
        assert_eq!(text(&format!("{folder}/LICENSE")), text("LICENSE"), "{folder} is a package of its own");
    }
}

#[test]
fn every_package_of_npm_says_what_the_crate_says() {
    let lock = json("clients/package-lock.json");
    for client in CLIENTS {
        let manifest = json(&format!("clients/{client}/package.json"));
        assert_eq!(manifest["version"], VERSION, "{client}");
        assert_eq!(lock["packages"][client]["version"], VERSION, "{client} in `package-lock.json`");
        // npm's provenance is refused when it is another one.
        assert_eq!(manifest["repository"]["url"], format!("git+{REPOSITORY}.git"), "{client}");
        assert_eq!(manifest["repository"]["directory"], format!("clients/{client}"));
        assert_eq!(manifest["bugs"], format!("{REPOSITORY}/issues"), "{client}");
        // VS Code's own word for two licences.
        let licence = if client == "vscode" { "SEE LICENSE IN LICENSE" } else { LICENCE };
        assert_eq!(manifest["license"], licence, "{client}");
    }
    let plugin = json("clients/opencode/package.json");
    assert_eq!(plugin["devDependencies"]["codex-account-manager"], VERSION, "the plugin is built with its own release");
}

#[test]
fn the_package_of_pypi_says_what_the_crate_says() {
    let project = &toml("clients/python/pyproject.toml")["project"];
    assert_eq!(project["version"].as_str(), Some(VERSION));
    assert_eq!(project["license"].as_str(), Some(LICENCE));
    assert_eq!(project["urls"]["Repository"].as_str(), Some(REPOSITORY));
}

#[test]
fn what_is_released_is_built_judged_and_packed() {
    let judged = toml("deny.toml");
    let judged: Vec<&str> =
        judged["graph"]["targets"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    let workflow = text(".github/workflows/release.yml");
    for target in targets() {
        assert!(judged.contains(&target.as_str()), "deny.toml does not judge what {target} links");
        assert!(workflow.contains(&format!("target: {target},")), "the workflow does not build {target}");
    }
    assert_eq!(judged.len(), targets().len());
}

/// An action that is named by a tag is whatever its author makes of the tag later.
#[test]
fn workflows_name_the_actions_of_others_by_commit() {
    for path in [".github/workflows/ci.yml", ".github/workflows/release.yml"] {
        let workflow = text(path);
        let used =
            workflow.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("uses: "));
        for action in used {
            let (reference, version) = action.split_once(" # v").unwrap_or((action, ""));
            let commit = reference.split_once('@').map_or("", |(_, commit)| commit);
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{path}: `{action}` wants a commit, and its version behind it");
        }
    }
}

#[test]
fn a_tag_is_released_only_with_the_version_and_a_section_of_the_changelog() {
    let check = |tag: &str| {
        let mut command = Command::new("python3");
        command.arg(tools::source().join("packaging/check-tag")).arg(tag).env("PYTHONDONTWRITEBYTECODE", "1");
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    if !require("python3") {
        return;
    }
    let (is_taken, said) = check("v0.0.0");
    assert!(!is_taken && said.contains(&format!("Cargo.toml says v{VERSION}")), "{said}");
    let is_described = text("CHANGELOG.md").contains(&format!("\n## [{VERSION}]"));
    let (is_taken, said) = check(&format!("v{VERSION}"));
    assert_eq!(is_taken, is_described, "{said}");
    assert!(is_taken || said.contains(&format!("no section `## [{VERSION}]`")), "{said}");
}

/// `packaging/` wants Python 3.11.
#[test]
fn what_makes_packages_decides_rightly() {
    let mut python = Command::new("python3");
    python.args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]);
    if !require("python3") || !python.status().unwrap().success() {
        return missing("`python3` is older than 3.11");
    }
    let mut tests = Command::new("python3");
    tests.arg(tools::script("packaging_parts.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    let done = Running::start(tests).finish();
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn the_npm_package_puts_both_names_of_the_program_on_path() {
    let bin = json("clients/typescript/package.json")["bin"].clone();
    let names: Vec<&String> = bin.as_object().unwrap().keys().collect();
    assert_eq!(names, ["codex-account-manager", "cam"]);
    assert!(bin.as_object().unwrap().values().all(|file| file == "dist/launcher.js"), "{bin}");
}
