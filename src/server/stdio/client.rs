//! What a client says of itself in `initialize`, for those who list sessions.

use std::path::Path;
use std::str::FromStr;

use language_server::ls_types::Uri;
use serde_json::Value;

/// A client as it introduces itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// Its name, and its version if it has one.
    pub program: Option<String>,
    /// Its first folder that is one of this machine.
    pub folder: Option<String>,
}

impl Introduction {
    /// From params as clients send them, which differ from what the protocol's types take.
    pub fn of(params: &Value) -> Introduction {
        let text = |pointer: &str| params.pointer(pointer).and_then(Value::as_str).map(str::trim);
        let name = text("/clientInfo/name").filter(|name| !name.is_empty());
        let version = text("/clientInfo/version").filter(|version| !version.is_empty());
        let folders = params["workspaceFolders"].as_array().into_iter().flatten();
        let mut uris = folders.filter_map(|folder| folder["uri"].as_str()).chain(text("/rootUri"));
        let root_path = text("/rootPath").filter(|path| Path::new(path).is_absolute());
        Introduction {
            program: name.map(|name| [Some(name), version].into_iter().flatten().collect::<Vec<_>>().join(" ")),
            folder: uris.find_map(path).or_else(|| root_path.map(str::to_owned)),
        }
    }
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
    fn check(params: &Value, program: Option<&str>, folder: Option<&str>) {
        let said = Introduction::of(params);
        assert_eq!((said.program.as_deref(), said.folder.as_deref()), (program, folder), "{params}");
    }

    #[test]
    fn a_client_is_what_it_calls_itself_where_its_first_folder_is() {
        let folders = |uris: &[&str]| uris.iter().map(|uri| json!({ "uri": uri, "name": "x" })).collect::<Value>();
        check(&Value::Null, None, None);
        check(&json!([1]), None, None);
        check(&json!({ "clientInfo": { "name": "Neovim", "version": "0.12.1" } }), Some("Neovim 0.12.1"), None);
        check(&json!({ "clientInfo": { "name": "Eglot", "version": null } }), Some("Eglot"), None);
        check(&json!({ "clientInfo": { "name": " ", "version": "1" } }), None, None);
        check(&json!({ "clientInfo": { "name": 7 }, "rootUri": 7, "workspaceFolders": [7, {}] }), None, None);
        let place = |path: &str| format!("{ROOT}{path}");
        let uri = |path: &str| format!("file:///{}{path}", ROOT.trim_start_matches('/'));
        check(&json!({ "rootUri": uri("home/me/a%20b") }), None, Some(&place("home/me/a b")));
        let old = place("home/me/old");
        check(&json!({ "rootUri": "no uri at all", "rootPath": old }), None, Some(&old));
        check(&json!({ "rootPath": "here", "rootUri": null, "workspaceFolders": null }), None, None);
        let two = folders(&[&uri("one"), &uri("two")]);
        check(&json!({ "workspaceFolders": two, "rootUri": uri("three") }), None, Some(&place("one")));
        let remote = folders(&["vscode-vfs://github/me:secret@x/y"]);
        check(&json!({ "workspaceFolders": remote, "rootPath": place("four") }), None, Some(&place("four")));
    }
}
