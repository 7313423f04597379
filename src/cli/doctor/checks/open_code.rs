//! OpenCode's configuration: other tools that write the same accounts file and cannot read sealed tokens. It is read as
//! OpenCode reads it (<https://opencode.ai/docs/config>): comments are allowed, and what is loaded stands in `plugin` or
//! is in a folder of that name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::doctor::finding::{Finding, FindingKind, Mend, quoted};
use crate::cli::doctor::probe;
use crate::cli::doctor::scene::Scene;
use crate::config::plain_json;
use crate::env::{Environment, working_directory};

/// One text of OpenCode's configuration.
struct Source {
    /// Its file; `None` for the one in the environment.
    file: Option<PathBuf>,
    /// What it says, or why it cannot be read.
    content: Result<Value, Unread>,
}

/// Why a text has nothing to say.
enum Unread {
    /// It cannot be opened.
    Closed(String),
    /// It is not what it should be.
    Malformed(String),
}

impl Source {
    fn name(&self) -> String {
        self.file.as_ref().map_or_else(|| "OPENCODE_CONFIG_CONTENT".to_owned(), |file| file.display().to_string())
    }
}

/// Which texts were read, and which cannot be.
pub fn readable(scene: &Scene) -> Vec<Finding> {
    let sources = sources(scene);
    let broken = sources.iter().filter_map(|source| {
        let unread = source.content.as_ref().err()?;
        let mend = match (&source.file, unread) {
            (Some(file), Unread::Malformed(_)) => edit(file, "correct it; until then nobody knows what OpenCode loads"),
            (Some(file), Unread::Closed(_)) => {
                Mend::run(format!("ls -ld {}", quoted(file))).and("check what it is, and its owner and mode")
            }
            (None, _) => Mend::hint("correct that variable"),
        };
        let (Unread::Closed(why) | Unread::Malformed(why)) = unread;
        Some(Finding::warning(
            FindingKind::OpenCodeUnreadable,
            format!("`{}` cannot be read: {why}", source.name()),
            mend,
        ))
    });
    let mut findings: Vec<Finding> = broken.collect();
    let read = sources.iter().filter(|source| source.content.is_ok());
    let read: Vec<String> = read.map(|source| format!("`{}`", source.name())).collect();
    if !read.is_empty() {
        findings.insert(0, Finding::ok(format!("read {}", read.join(", "))));
    } else if findings.is_empty() {
        findings.push(Finding::ok("OpenCode has no configuration here"));
    }
    findings
}

/// Which of the tools that OpenCode loads write the same accounts file.
pub fn other_tools(scene: &Scene) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources(scene) {
        let Ok(content) = &source.content else { continue };
        let others: BTreeSet<String> =
            listed(content, &scene.environment).into_iter().filter(|name| is_other_tool(name)).collect();
        for name in others {
            let place = format!("take it out of `plugin` in `{}`", source.name());
            let mend = source.file.as_ref().map_or_else(|| Mend::hint(&place), |file| edit(file, &place));
            findings.push(other_tool(&name, mend));
        }
    }
    for file in folders(scene).iter().flat_map(|folder| local(folder)) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let writes_accounts =
            || probe::read(&file).ok().flatten().is_some_and(|text| text.contains("openai-codex-accounts"));
        if is_other_tool(&name) || writes_accounts() {
            let mend = Mend::run(format!("rm {}", quoted(&file))).and("OpenCode loads every script in that folder");
            findings.push(other_tool(&file.display().to_string(), mend));
        }
    }
    findings
}

fn other_tool(name: &str, mend: Mend) -> Finding {
    let message = format!("OpenCode loads `{name}`, which writes the same accounts file and cannot read sealed tokens");
    Finding::problem(FindingKind::OtherTool, message, mend)
}

fn edit(file: &Path, hint: &str) -> Mend {
    Mend::run(format!("\"${{EDITOR:-vi}}\" {}", quoted(file))).and(hint)
}

/// Every text that OpenCode would read when it was started here.
fn sources(scene: &Scene) -> Vec<Source> {
    let named = scene.environment.get("OPENCODE_CONFIG").map(PathBuf::from);
    let in_folders = folders(scene)
        .into_iter()
        .flat_map(|folder| ["config.json", "opencode.json", "opencode.jsonc"].map(|name| folder.join(name)));
    let mut files: Vec<PathBuf> = Vec::new();
    for file in in_folders.chain(named) {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    let read = files.into_iter().filter_map(|file| {
        let content = match probe::read(&file) {
            Ok(text) => parsed(&text?).map_err(Unread::Malformed),
            Err(error) => Err(Unread::Closed(error.to_string())),
        };
        Some(Source { file: Some(file), content })
    });
    let inline = scene.environment.get("OPENCODE_CONFIG_CONTENT");
    read.chain(inline.map(|text| Source { file: None, content: parsed(text).map_err(Unread::Malformed) })).collect()
}

/// The folders that it reads: the person's, the one that is named, and those of the project and above it.
fn folders(scene: &Scene) -> Vec<PathBuf> {
    let global = scene.paths.opencode_config_file.parent().map(Path::to_owned);
    let named = scene.environment.get("OPENCODE_CONFIG_DIR").map(PathBuf::from);
    let home = scene.environment.get(crate::sys::files::HOME).map(|home| Path::new(home).join(".opencode"));
    let mut folders: Vec<PathBuf> = global.into_iter().chain(named).chain(home).collect();
    let here = working_directory().map(PathBuf::from).unwrap_or_default();
    for folder in here.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
        folders.extend([folder.to_owned(), folder.join(".opencode")]);
        // A project ends where its repository does.
        if matches!(probe::stat(&folder.join(".git")), Ok(Some(_))) {
            break;
        }
    }
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// Scripts that are loaded because of where they lie.
fn local(folder: &Path) -> Vec<PathBuf> {
    let is_read = folder.ends_with("opencode") || folder.ends_with(".opencode");
    let folders = ["plugin", "plugins"].map(|name| folder.join(name));
    let scripts = folders
        .into_iter()
        .filter(|_| is_read)
        .flat_map(|folder| probe::names(&folder).into_iter().map(move |name| folder.join(name)).collect::<Vec<_>>());
    scripts.filter(|script| script.extension().is_some_and(|kind| kind == "js" || kind == "ts")).collect()
}

fn parsed(text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&plain_json(text)).map_err(|error| error.to_string())
}

/// The entries of `plugin`: a name, a path, or either with options.
fn listed(content: &Value, environment: &Environment) -> Vec<String> {
    let entries = content["plugin"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |entry: &Value| entry.as_str().or_else(|| entry[0].as_str()).map(str::to_owned);
    entries.iter().filter_map(name).map(|name| with_variables(&name, environment)).collect()
}

/// OpenCode puts the variable `X` in the place of `{env:X}`.
fn with_variables(text: &str, environment: &Environment) -> String {
    let Some((before, rest)) = text.split_once("{env:") else { return text.to_owned() };
    let Some((name, after)) = rest.split_once('}') else { return text.to_owned() };
    format!("{before}{}{}", environment.get(name).unwrap_or_default(), with_variables(after, environment))
}

/// Whether an entry names a tool that keeps several accounts in the same file. Of a path every folder counts, since a
/// package's own file is called `index.js`.
fn is_other_tool(entry: &str) -> bool {
    const OTHERS: [&str; 4] = ["codex-auth", "codex-multi-auth", "chatgpt-multi-auth", "openai-multi"];
    let mut parts = entry.split(['/', '\\']);
    parts.any(|part| OTHERS.iter().any(|other| part.contains(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let environment = [("MINE".to_owned(), "oc-codex-multi-auth".to_owned())].into_iter().collect();
        let content = parsed(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut found = listed(&content, &environment);
        found.retain(|name| is_other_tool(name));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn only_what_is_loaded_counts() {
        let path = "file:///home/me/opencode-openai-codex-auth/dist/index.js";
        for (text, expected) in [
            (r#"{"plugin":["oc-codex-multi-auth@latest"]}"#, &["oc-codex-multi-auth@latest"][..]),
            (r#"{"plugin":[["opencode-openai-codex-auth@4",{"a":1}],],}"#, &["opencode-openai-codex-auth@4"]),
            (&format!(r#"{{"plugin":["x","{path}"]}}"#), &[path]),
            (r#"{"plugin":["./tools/oc-chatgpt-multi-auth/index.ts"]}"#, &["./tools/oc-chatgpt-multi-auth/index.ts"]),
            (
                "{\"plugin\":[\"C:\\\\x\\\\opencode-openai-codex-auth\\\\i.js\"]}",
                &["C:\\x\\opencode-openai-codex-auth\\i.js"],
            ),
            (r#"{"plugin":["{env:MINE}@2"]}"#, &["oc-codex-multi-auth@2"]),
            (r#"{"url":"https://x // y","plugin":["oc-codex-multi-auth"]}"#, &["oc-codex-multi-auth"]),
            ("\u{feff}{\"plugin\":[\"oc-codex-multi-auth\"]}", &["oc-codex-multi-auth"]),
            ("{// \"plugin\": [\"oc-codex-multi-auth\"]\n\"plugin\": [ /* \"oc-codex-multi-auth\" */ ]}", &[]),
            (r#"{"provider":{"openai":{"models":{"my-codex-auth":{}}}}}"#, &[]),
            (r#"{"mcp":{"plugin":["oc-codex-multi-auth"]}}"#, &[]),
            (r#"{"plugin":["opencode-codex-account-manager", 5, null, []]}"#, &[]),
            (r#"{"plugin":"oc-codex-multi-auth"}"#, &[]),
            ("", &[]),
        ] {
            check(text, expected);
        }
        assert!(parsed("{\"plugin\": [").is_err());
    }
}
