//! The examples of the clients' READMEs compile as they stand there: TypeScript's by TypeScript, Python's by mypy's strict
//! rules. An example that begins with no import goes on where another left off.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::sandbox::output;
use crate::support::{Sandbox, require, tools};

/// What an example stands on that imports nothing.
const TYPESCRIPT: &str = r#"import OpenAI from "openai";
import { CodexAccountManager, LoginError, RequestError } from "codex-account-manager";
declare const manager: CodexAccountManager;
declare const openai: OpenAI;
"#;

const PYTHON: &str = "\
from codex_account_manager import AccountManager, LoginError, RpcError


async def example(accounts: AccountManager) -> None:
";

/// The README of this client.
fn readme(client: &str) -> String {
    std::fs::read_to_string(tools::source().join("clients").join(client).join("README.md")).unwrap()
}

/// The blocks of this language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let blocks = text.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    let blocks: Vec<String> = blocks.collect();
    assert!(!blocks.is_empty(), "no `{language}` is left");
    blocks
}

#[test]
fn each_example_of_typescript_compiles() {
    let Some(clients) = tools::clients() else { return };
    let Some(openai) = tools::library("node_modules/openai/package.json") else { return };
    let version = output(tsc(&clients, &[], Path::new(".")), b"").stdout;
    assert!(version.starts_with("Version 7."), "{version}");
    let sandbox = Sandbox::new();
    let project = sandbox.path("project");
    let modules = project.join("node_modules");
    std::fs::create_dir_all(&modules).unwrap();
    for (name, target) in [
        ("openai", Path::new(&openai).parent().unwrap()),
        ("codex-account-manager", &clients.join("typescript")),
        ("@types", &clients.join("node_modules/@types")),
    ] {
        std::os::unix::fs::symlink(target, modules.join(name)).unwrap();
    }
    std::fs::write(project.join("package.json"), r#"{ "type": "module" }"#).unwrap();
    let blocks = blocks(&readme("typescript"), "ts");
    let write = |number: usize, block: &str| {
        let before = if block.contains("import ") { "" } else { TYPESCRIPT };
        std::fs::write(project.join(format!("example{number}.ts")), format!("{before}{block}export {{}};\n")).unwrap();
    };
    for (number, block) in blocks.iter().enumerate() {
        write(number, block);
    }
    // As strict as a person's project may be; a library is checked by those who make it.
    let options = json!({ "compilerOptions": {
        "strict": true, "exactOptionalPropertyTypes": true, "noUncheckedIndexedAccess": true, "noImplicitReturns": true,
        "noEmit": true, "skipLibCheck": true, "module": "nodenext", "target": "es2022",
        "lib": ["es2023", "esnext.disposable", "dom"], "types": ["node"],
    }, "include": ["*.ts"] });
    std::fs::write(project.join("tsconfig.json"), options.to_string()).unwrap();
    let checked = output(tsc(&clients, &["--project", "tsconfig.json"], &project), b"");
    assert_eq!(checked.code, 0, "{}", checked.stdout);
    write(0, &blocks[0].replace("manager.baseUrl", "manager.baseAddress"));
    assert!(output(tsc(&clients, &["--project", "tsconfig.json"], &project), b"").stdout.contains("baseAddress"));
}

fn tsc(clients: &Path, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(clients.join("node_modules/.bin/tsc"));
    command.args(if arguments.is_empty() { &["--version"] } else { arguments }).current_dir(folder);
    command
}

#[test]
fn each_example_of_python_is_typed_strictly() {
    if tools::python_with("openai, mypy", "python_client.py").is_none() {
        return;
    }
    let sandbox = Sandbox::new();
    let client = tools::source().join("clients/python/src");
    let examples = blocks(&readme("python"), "python").into_iter().map(|block| {
        let indented = || block.lines().flat_map(|line| ["    ", line, "\n"]).collect::<String>();
        if block.contains("import ") { block } else { format!("{PYTHON}{}", indented()) }
    });
    let examples: Vec<(String, String)> =
        examples.map(|right| (right.replace("accounts.", "accounts.no_such_"), right)).collect();
    let mut command = sandbox.program(tools::python_program().to_str().unwrap());
    // All at once: each run reads the SDK's types.
    command.args(["-m", "mypy", "--strict", "--cache-dir", "/dev/null"]).env("MYPYPATH", &client);
    for (number, (wrong, right)) in examples.iter().enumerate() {
        for (kind, text) in [("right", right), ("wrong", wrong)] {
            let file = format!("{kind}{number}.py");
            std::fs::write(sandbox.path(&file), text).unwrap();
            command.arg(file);
        }
    }
    let checked = output(command, b"");
    assert_eq!(checked.code, 1, "the wrong ones are, and none so much that it stops: {checked:?}");
    for (number, (wrong, right)) in examples.iter().enumerate() {
        let errors = |kind: &str| -> Vec<&str> {
            let place = format!("{kind}{number}.py:");
            checked.stdout.lines().filter(|line| line.starts_with(&place)).collect()
        };
        assert!(errors("right").is_empty(), "{:?}\n{right}", errors("right"));
        assert_eq!(errors("wrong").is_empty(), wrong == right, "it is typed and not `Any`: {wrong}");
    }
}

#[test]
fn no_picture_names_a_folder_of_the_machine_it_was_made_on() {
    let folder = tools::source().join("docs");
    let pictures = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let pictures: Vec<_> =
        pictures.filter(|path| path.extension().is_some_and(|extension| extension == "svg")).collect();
    assert!(!pictures.is_empty());
    for picture in pictures {
        let text = std::fs::read_to_string(&picture).unwrap();
        for folder in ["/root", "/home/", "/Users/", "/tmp/", "/var/", "/work/", "target/"] {
            assert!(!text.contains(folder), "{}: {folder}", picture.display());
        }
    }
}

#[test]
fn the_configuration_in_opencodes_readme_is_json() {
    for block in blocks(&readme("opencode"), "json") {
        let _: Value = serde_json::from_str(&block).unwrap_or_else(|error| panic!("{error}: {block}"));
    }
}

#[test]
fn the_lua_of_neovims_readme_is_lua() {
    if !require("nvim") {
        return;
    }
    let sandbox = Sandbox::new();
    for block in blocks(&readme("neovim"), "lua") {
        let file = sandbox.path("block.lua");
        // The entry for a plugin manager is a table.
        let whole = if block.starts_with('{') { format!("return {block}") } else { block.clone() };
        std::fs::write(&file, whole).unwrap();
        let mut command = sandbox.program("nvim");
        let load = "lua io.stdout:write(select(2, loadfile('block.lua')) or 'good')";
        command.args(["--headless", "--clean", "-n", "-c", load, "-c", "qall!"]);
        assert_eq!(output(command, b"").stdout, "good", "{block}");
    }
}
