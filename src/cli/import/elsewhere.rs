//! Where Codex keeps its login when it is not in `auth.json`: in the keyring of the operating system, in memory, or in a file
//! that is encrypted. None of these is read here, and the message says so, not that a file is missing.

use std::path::Path;

use toml_edit::DocumentMut;

use super::place::Place;
use crate::domain::text_encoding;
use crate::error::{Error, ErrorKind};
use crate::manager::accounts::import::Origin;

/// The key of Codex's configuration that says where.
const KEY: &str = "cli_auth_credentials_store";

/// The file in which newer versions keep the login encrypted, with a key in the keyring.
const ENCRYPTED: &str = "secrets/cli_auth.age";

/// What to say about `place`, which could not be read because of `error`.
pub fn instead(error: Error, place: &Place, expected: &[Origin]) -> Error {
    if error.kind == ErrorKind::StoreUnreadable { of(place, expected).unwrap_or(error) } else { error }
}

/// Why there is nothing at `place`, where Codex keeps its login elsewhere. `None` where it does not, or where the place is
/// another program's.
fn of(place: &Place, expected: &[Origin]) -> Option<Error> {
    let Place::File(path) = place else { return None };
    let may_be_codexs = expected.is_empty() || expected.contains(&Origin::Codex);
    if !may_be_codexs || path.file_name()? != "auth.json" {
        return None;
    }
    let folder = path.parent()?;
    let configuration = folder.join("config.toml");
    let stored = Place::File(configuration.clone()).read().ok().and_then(|bytes| store_of(&bytes));
    let said = |store: &str| format!("`{KEY} = \"{store}\"` in `{}`", configuration.display());
    let why = match stored.as_deref() {
        Some(store @ "keyring") => format!("Codex keeps its login in the operating system's keyring ({})", said(store)),
        Some(store @ "auto") => {
            format!("Codex keeps its login in the operating system's keyring where there is one ({})", said(store))
        }
        Some(store @ "ephemeral") => format!("Codex keeps its login in memory alone ({})", said(store)),
        _ if is_there(&folder.join(ENCRYPTED)) => {
            format!("Codex keeps its login in `{ENCRYPTED}`, with a key in the operating system's keyring")
        }
        Some(_) | None => return None,
    };
    Some(Error::new(ErrorKind::StoreUnreadable, format!("{why}, which cannot be read from here")).hint(format!(
        "log in here with `codex-account-manager login`; or set `{KEY} = \"file\"`, log in with `codex login`, and import again"
    )))
}

fn is_there(path: &Path) -> bool {
    Place::File(path.to_owned()).read().is_ok()
}

/// What the configuration says; also one that is no whole TOML, in which a line does.
fn store_of(bytes: &[u8]) -> Option<String> {
    let bytes = text_encoding::utf8(bytes);
    let text = std::str::from_utf8(&bytes).ok()?;
    if let Ok(table) = text.parse::<DocumentMut>() {
        return table.get(KEY)?.as_str().map(str::to_owned);
    }
    let line = text.lines().find(|line| line.trim_start().starts_with(KEY))?;
    line.trim().parse::<DocumentMut>().ok()?.get(KEY)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_read_from_codexs_configuration() {
        for (text, expected) in [
            ("cli_auth_credentials_store = \"keyring\"\n", Some("keyring")),
            ("\u{feff}model = \"x\"\r\ncli_auth_credentials_store='auto' # both\r\n", Some("auto")),
            ("[a]\ncli_auth_credentials_store = \"keyring\"\n", None),
            ("model = = 1\n  cli_auth_credentials_store = \"ephemeral\"\n", Some("ephemeral")),
            ("cli_auth_credentials_store = 7\n", None),
            ("", None),
        ] {
            assert_eq!(store_of(text.as_bytes()).as_deref(), expected, "{text:?}");
        }
    }
}
