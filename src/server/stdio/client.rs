//! What a client says of itself in `initialize`, for those who list sessions.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use language_server::ls_types::Uri;
use serde_json::Value;

/// A client as it introduces itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// Its name, and its version if it has one.
    pub program: Option<String>,
    /// Its folders that are of this machine.
    pub folders: Vec<String>,
}

/// The folders that a client works in, as it opens and closes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folders {
    named: Vec<PathBuf>,
    /// Where a client works that has none: an editor starts what belongs to a project in its folder.
    otherwise: Option<PathBuf>,
}

impl Folders {
    /// Those that it named at first.
    pub fn new(named: Vec<PathBuf>, otherwise: Option<PathBuf>) -> Folders {
        Folders { named, otherwise }
    }

    /// Some come, and some go.
    pub fn change(&mut self, added: Vec<PathBuf>, removed: &[PathBuf]) {
        self.named.retain(|folder| !removed.contains(folder));
        for folder in added {
            if !self.named.contains(&folder) {
                self.named.push(folder);
            }
        }
    }

    /// Where it works now.
    pub fn current(&self) -> Vec<PathBuf> {
        if self.named.is_empty() { self.otherwise.iter().cloned().collect() } else { self.named.clone() }
    }
}

impl Introduction {
    /// From params as clients send them, which differ from what the protocol's types take.
    pub fn of(params: &Value) -> Introduction {
        let text = |pointer: &str| params.pointer(pointer).and_then(Value::as_str).map(str::trim);
        let name = text("/clientInfo/name").filter(|name| !name.is_empty());
        let version = text("/clientInfo/version").filter(|version| !version.is_empty());
        let folders = params["workspaceFolders"].as_array().into_iter().flatten();
        let folders: Vec<String> = folders.filter_map(path_of).collect();
        // What came before there could be several.
        let root = || text("/rootUri").and_then(path);
        let root_path = text("/rootPath").filter(|path| Path::new(path).is_absolute());
        Introduction {
            program: name.map(|name| [Some(name), version].into_iter().flatten().collect::<Vec<_>>().join(" ")),
            folders: if folders.is_empty() {
                root().or_else(|| root_path.map(str::to_owned)).into_iter().collect()
            } else {
                folders
            },
        }
    }
}

/// The path of a workspace folder that is of this machine.
pub fn path_of(folder: &Value) -> Option<String> {
    path(folder["uri"].as_str()?)
}

/// The folder of a `file` URI; others, such as those of a remote machine, are none here.
fn path(uri: &str) -> Option<String> {
    let uri = Uri::from_str(uri).ok().filter(|uri| uri.scheme().as_str().eq_ignore_ascii_case("file"))?;
    uri.to_file_path().map(|path| path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Where every path begins that does not depend on the current folder.
    const ROOT: &str = if cfg!(windows) { "c:/" } else { "/" };

    #[track_caller]
    fn check(params: &Value, program: Option<&str>, folders: &[&str]) {
        let said = Introduction::of(params);
        assert_eq!(said.program.as_deref(), program, "{params}");
        assert_eq!(said.folders, folders, "{params}");
    }

    #[test]
    fn folders_come_and_go() {
        let paths = |names: &str| names.split_whitespace().map(PathBuf::from).collect::<Vec<_>>();
        let mut folders = Folders::new(paths("/a /b"), Some(PathBuf::from("/started/in")));
        for (added, removed, expected) in [
            ("", "", "/a /b"),
            ("/c /a", "", "/a /b /c"),
            ("/d", "/a /c /never", "/b /d"),
            ("", "/b /d", "/started/in"),
            ("/e", "", "/e"),
        ] {
            folders.change(paths(added), &paths(removed));
            assert_eq!(folders.current(), paths(expected), "{added} {removed}");
        }
    }

    #[test]
    fn a_client_is_what_it_calls_itself_where_its_folders_are() {
        let folders = |uris: &[&str]| uris.iter().map(|uri| json!({ "uri": uri, "name": "x" })).collect::<Value>();
        check(&Value::Null, None, &[]);
        check(&json!([1]), None, &[]);
        check(&json!({ "clientInfo": { "name": "Neovim", "version": "0.12.1" } }), Some("Neovim 0.12.1"), &[]);
        check(&json!({ "clientInfo": { "name": "Eglot", "version": null } }), Some("Eglot"), &[]);
        check(&json!({ "clientInfo": { "name": " ", "version": "1" } }), None, &[]);
        check(&json!({ "clientInfo": { "name": 7 }, "rootUri": 7, "workspaceFolders": [7, {}] }), None, &[]);
        let place = |path: &str| format!("{ROOT}{path}");
        let uri = |path: &str| format!("file:///{}{path}", ROOT.trim_start_matches('/'));
        check(&json!({ "rootUri": uri("home/me/a%20b") }), None, &[&place("home/me/a b")]);
        let old = place("home/me/old");
        check(&json!({ "rootUri": "no uri at all", "rootPath": old }), None, &[&old]);
        check(&json!({ "rootPath": "here", "rootUri": null, "workspaceFolders": null }), None, &[]);
        let two = folders(&[&uri("one"), &uri("two")]);
        check(&json!({ "workspaceFolders": two, "rootUri": uri("three") }), None, &[&place("one"), &place("two")]);
        let remote = folders(&["vscode-vfs://github/me:secret@x/y"]);
        check(&json!({ "workspaceFolders": remote, "rootPath": place("four") }), None, &[&place("four")]);
    }
}
