//! What a client says of itself in `initialize`, for those who list sessions.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use language_server::ls_types::Uri;
use serde_json::Value;

use crate::sys::files::HAS_DRIVES;

/// A client as it introduces itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// Its name, and its version if it has one.
    pub program: Option<String>,
    /// Its folders that are of this machine, for those who list sessions.
    pub folders: Vec<String>,
    /// Where it works, as a path of this machine or as what it said in the place of one: see [`place`].
    pub places: Vec<String>,
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
        // One folder may be open under two spellings, such as with a separator at its end: it stays until both are closed.
        for folder in removed {
            let is_as_given = |named: &PathBuf| named.as_os_str() == folder.as_os_str();
            let at = self.named.iter().position(is_as_given);
            if let Some(at) = at.or_else(|| self.named.iter().position(|named| named == folder)) {
                self.named.remove(at);
            }
        }
        for folder in added {
            if self.named.iter().all(|named| named.as_os_str() != folder.as_os_str()) {
                self.named.push(folder);
            }
        }
    }

    /// Where it works now, each folder once.
    pub fn current(&self) -> Vec<PathBuf> {
        if self.named.is_empty() {
            return self.otherwise.iter().cloned().collect();
        }
        let is_first = |at: usize| self.named.iter().position(|named| *named == self.named[at]) == Some(at);
        (0..self.named.len()).filter(|at| is_first(*at)).map(|at| self.named[at].clone()).collect()
    }
}

impl Introduction {
    /// From params as clients send them, which differ from what the protocol's types take.
    pub fn of(params: &Value) -> Introduction {
        let text = |pointer: &str| params.pointer(pointer).and_then(Value::as_str).map(str::trim);
        let name = text("/clientInfo/name").filter(|name| !name.is_empty());
        let version = text("/clientInfo/version").filter(|version| !version.is_empty());
        let mut places: Vec<String> = list(&params["workspaceFolders"]).iter().filter_map(place).collect();
        let mut folders: Vec<String> = places.iter().filter(|place| is_path(place)).cloned().collect();
        // What came before there could be several.
        let roots = || ["rootUri", "rootPath"].iter().filter_map(|name| place(&params[*name]));
        let root = || roots().find(|place| is_path(place));
        if places.is_empty() {
            places = root().or_else(|| roots().next()).into_iter().collect();
        }
        if folders.is_empty() {
            folders = root().into_iter().collect();
        }
        Introduction {
            program: name.map(|name| [Some(name), version].into_iter().flatten().collect::<Vec<_>>().join(" ")),
            folders,
            places,
        }
    }
}

/// What stands in a list, and what stands where there should be one.
pub fn list(said: &Value) -> &[Value] {
    match said {
        Value::Null => &[],
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// A folder that a client names. Where that is none of this machine it is what the client said, which is no path with a root: nobody can tell
/// which rules hold there, so it must not be passed over. `None` where it names nothing.
pub fn place(said: &Value) -> Option<String> {
    let text = match said {
        Value::Null => return None,
        Value::Object(folder) => folder.get("uri").and_then(Value::as_str),
        other => other.as_str(),
    };
    let text = match text.map(str::trim) {
        Some("") if said.is_string() => return None,
        Some(text) => path(text).unwrap_or_else(|| text.to_owned()),
        None => said.to_string(),
    };
    Some(text)
}

fn is_path(place: &str) -> bool {
    Path::new(place).is_absolute()
}

/// The folder of a `file` URI, also where characters in it are not encoded that should be, or of a path; others, such as those of a remote
/// machine, are none here.
fn path(text: &str) -> Option<String> {
    if is_path(text) {
        return Some(text.to_owned());
    }
    let (scheme, rest) = text.split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("file"))?;
    let uri = Uri::from_str(&format!("{scheme}:{}", encoded(rest))).ok()?;
    let path = uri.to_file_path()?.to_string_lossy().into_owned();
    // Where a name was lost, it leads to another folder.
    (is_path(&path) && !path.contains(char::REPLACEMENT_CHARACTER)).then_some(path)
}

/// The rest of a URI of a folder with what may not stand in it encoded. A folder has no query and no fragment.
fn encoded(rest: &str) -> String {
    let bytes = rest.as_bytes();
    let is_code = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit));
    let mut encoded = String::with_capacity(rest.len());
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'%' if is_code(at) => encoded.push('%'),
            b'\\' if HAS_DRIVES => encoded.push('/'),
            // Elsewhere it is no separator, and nobody writes it as part of a name.
            b'\\' => encoded.push('\\'),
            byte if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(byte) => {
                encoded.push(char::from(*byte));
            }
            byte => encoded.extend(code(*byte)),
        }
    }
    encoded
}

/// A byte as a URI has it where it may not stand itself.
fn code(byte: u8) -> [char; 3] {
    let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
    ['%', digit(byte >> 4), digit(byte & 15)]
}

/// A [`place`] as the protocol's type takes it.
pub fn uri(place: &str) -> String {
    let uri = Uri::from_file_path(place).filter(|_| is_path(place)).map(|uri| uri.as_str().to_owned());
    uri.unwrap_or_else(|| format!("{ELSEWHERE}:{}", place.bytes().flat_map(code).collect::<String>()))
}

/// What such a URI stands for.
pub fn place_of(uri: &Uri) -> PathBuf {
    let path = uri.to_file_path().unwrap_or_default();
    if is_path(&path.to_string_lossy()) || uri.scheme().as_str() == ELSEWHERE {
        return path.into_owned();
    }
    PathBuf::from(uri.as_str())
}

/// The scheme of what is no path of this machine.
const ELSEWHERE: &str = "elsewhere";

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
    fn a_folder_that_is_open_twice_is_open_until_it_is_closed_twice() {
        let paths = |names: &str| names.split_whitespace().map(PathBuf::from).collect::<Vec<_>>();
        for (named, added, removed, expected) in [
            ("/a /a/", "", "", "/a"),
            ("/a /a/", "", "/a", "/a/"),
            ("/a /a/", "", "/a/", "/a"),
            ("/a /a/ /b", "", "/a /a/", "/b"),
            ("/a /a", "", "/a", "/a"),
            ("/a", "/a/", "", "/a"),
            ("/a /b", "/a/ /a/", "/a/", "/b /a/"),
            // What is open once is closed however it is spelled.
            ("/a/ /b", "", "/a", "/b"),
            ("/b", "/a/", "/a", "/b /a/"),
        ] {
            let mut folders = Folders::new(paths(named), None);
            folders.change(paths(added), &paths(removed));
            let text = |paths: Vec<PathBuf>| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
            assert_eq!(text(folders.current()), text(paths(expected)), "{named} {added} {removed}");
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

    /// A folder that cannot be read may be under any rule.
    #[test]
    fn no_folder_that_a_client_names_is_passed_over() {
        let at = |path: &str| format!("{ROOT}{path}");
        let file = |path: &str| format!("file:///{}{path}", ROOT.trim_start_matches('/'));
        let own = |text: &str| (json!({ "uri": text }), text.to_owned());
        let cases = [
            (json!({ "uri": file("a%20b/%C3%BC") }), at("a b/ü")),
            (json!({ "uri": file("a b/ü/[id]/x^y") }), at("a b/ü/[id]/x^y")),
            (json!({ "uri": file("100%/%zz/C#?") }), at("100%/%zz/C#?")),
            (json!({ "uri": format!(" {}", file("x").replace("file", "FILE")) }), at("x")),
            (json!({ "uri": at("plain") }), at("plain")),
            (json!(file("x")), at("x")),
            own("vscode-remote://ssh-remote+box/home/me"),
            own("untitled:x"),
            own("file:here"),
            own(&file("a%FFb")),
            (json!({ "name": "x" }), r#"{"name":"x"}"#.to_owned()),
            (json!(7), "7".to_owned()),
        ];
        for (said, expected) in cases {
            let found = place(&said).unwrap();
            assert_eq!(found, expected, "{said}");
            let uri = Uri::from_str(&uri(&found)).unwrap();
            assert_eq!(place_of(&uri), PathBuf::from(expected), "{said}");
        }
        let remote = json!({ "uri": "vscode-vfs://github/x" });
        let own = |text: &str| vec![text.to_owned()];
        for (params, expected) in [
            (json!({}), vec![]),
            (json!({ "workspaceFolders": [], "rootUri": "", "rootPath": null }), vec![]),
            (json!({ "workspaceFolders": [null, remote], "rootPath": at("x") }), own("vscode-vfs://github/x")),
            (json!({ "workspaceFolders": remote }), own("vscode-vfs://github/x")),
            (json!({ "rootUri": "vscode-vfs://x", "rootPath": at("x") }), vec![at("x")]),
            (json!({ "rootUri": "vscode-vfs://x" }), own("vscode-vfs://x")),
            (json!({ "rootPath": "here" }), own("here")),
        ] {
            assert_eq!(Introduction::of(&params).places, expected, "{params}");
        }
    }
}
