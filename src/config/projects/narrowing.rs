//! A file inside a project that narrows what is used there. It may be anybody's: it says which accounts alone, and where it
//! cannot be read there are none.

use std::path::Path;

use toml_edit::Document;

use super::{ACCOUNTS, accounts};
use crate::config::toml_value::{json_of, line_of, of_error};
use crate::domain::account_set::Selection;
use crate::domain::projects::Bound;
use crate::domain::text_encoding;
use crate::files;

/// What it is called, wherever it is.
pub const NAME: &str = ".codex-accounts.toml";

/// It holds a few words.
const LONGEST: u64 = 64 * 1024;

/// What the file at `path` leaves; `None` where there is none.
pub fn narrowing(path: &Path) -> Option<Bound> {
    let (name, accounts) = match files::read_if_there(path, LONGEST) {
        Ok(None) if path.is_symlink() => {
            (path.display().to_string(), Err("it cannot be read: it is a link that leads nowhere".to_owned()))
        }
        Ok(None) => return None,
        Ok(Some(bytes)) => match read(&bytes) {
            Ok(selection) => (path.display().to_string(), Ok(selection)),
            Err((line, why)) => (format!("{}:{line}", path.display()), Err(why)),
        },
        Err(error) => (path.display().to_string(), Err(format!("it cannot be read: {error}"))),
    };
    Some(Bound::new(format!("`{name}`"), accounts))
}

/// The accounts that a text names, or the line and what is wrong there.
fn read(bytes: &[u8]) -> Result<Selection, (usize, String)> {
    let text = String::from_utf8(text_encoding::utf8(bytes).into_owned())
        .map_err(|_| (1, "it is not UTF-8 text".to_owned()))?;
    let document = Document::parse(text.as_str()).map_err(|error| {
        let (line, why) = of_error(&text, &error);
        (line, format!("it is not valid TOML: {why}"))
    })?;
    let line =
        |key: Option<&toml_edit::Key>| line_of(&text, key.and_then(toml_edit::Key::span).unwrap_or_default().start);
    let table = document.as_table();
    if let Some((unknown, _)) = table.iter().find(|(name, _)| *name != ACCOUNTS) {
        let why = format!("unknown key `{unknown}`; such a file has `{ACCOUNTS}` alone, which only narrows");
        return Err((line(table.key(unknown)), why));
    }
    accounts(table.get(ACCOUNTS).map(json_of)).map_err(|why| (line(table.key(ACCOUNTS)), why))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests write the files that are read")]
mod tests {
    use super::*;

    /// What a file with this content leaves: its name behind the folder, and the accounts or why there are none.
    fn of(content: &[u8]) -> (String, Result<String, String>) {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join(NAME);
        std::fs::write(&path, content).unwrap();
        let bound = narrowing(&path).unwrap();
        let name = bound.name.replace(&folder.path().display().to_string(), "[dir]");
        (name, bound.accounts.map(|selection| selection.to_string()))
    }

    #[test]
    fn it_names_accounts_and_nothing_else() {
        for (text, expected) in [
            ("accounts = [\"work\", \"!old\"]", "work, !old"),
            ("# ours\n\naccounts = 'work,main'\n", "work, main"),
            ("\u{feff}accounts = []", ""),
        ] {
            assert_eq!(of(text.as_bytes()), (format!("`[dir]/{NAME}`"), Ok(expected.to_owned())), "{text}");
        }
        for (text, line, why) in [
            ("", 1, "it has no `accounts`; an empty list allows none"),
            ("\naccounts = 3", 2, "`accounts` cannot be read: it is a list of groups, labels and ids, each in quotes"),
            (
                "accounts = [\"!\"]",
                1,
                "`accounts` cannot be read: `!` names no account; write the name of a group, an id or a label",
            ),
            (
                "accounts = []\nstrategy = 1",
                2,
                "unknown key `strategy`; such a file has `accounts` alone, which only narrows",
            ),
            (
                "accounts = []\n[projects]",
                2,
                "unknown key `projects`; such a file has `accounts` alone, which only narrows",
            ),
            ("accounts = [\n\"a\"", 2, "it is not valid TOML: "),
        ] {
            let (name, told) = of(text.as_bytes());
            assert_eq!(name, format!("`[dir]/{NAME}:{line}`"), "{text}");
            assert!(told.as_ref().is_err_and(|told| told.starts_with(why)), "{text}: {told:?}");
        }
        let (name, told) = of(b"accounts = '\xff'");
        assert_eq!((name, told), (format!("`[dir]/{NAME}:1`"), Err("it is not UTF-8 text".to_owned())));
        let long = format!("accounts = []\n# {}", "x".repeat(65 * 1024));
        assert_eq!(of(long.as_bytes()).1, Err("it cannot be read: it is larger than 64 KiB".to_owned()));
        let folder = tempfile::TempDir::new().unwrap();
        assert_eq!(narrowing(&folder.path().join(NAME)), None);
        std::fs::create_dir(folder.path().join(NAME)).unwrap();
        let refused = narrowing(&folder.path().join(NAME)).unwrap().accounts;
        assert_eq!(refused, Err("it cannot be read: it is a folder, not a file".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_nothing_is_waited_for() {
        use crate::files::tests::make_pipe;
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("text"), "accounts = 'work'").unwrap();
        make_pipe(&at("pipe"));
        for (target, expected) in [
            (at("text"), Ok("work")),
            (at("pipe"), Err("it cannot be read: it is a pipe, not a file")),
            ("/dev/zero".into(), Err("it cannot be read: it is a device, not a file")),
            (at("text/x"), Err("it cannot be read: Not a directory (os error 20)")),
            (at("nowhere"), Err("it cannot be read: it is a link that leads nowhere")),
        ] {
            let _ = std::fs::remove_file(at(NAME));
            std::os::unix::fs::symlink(&target, at(NAME)).unwrap();
            let told = narrowing(&at(NAME)).unwrap().accounts.map(|selection| selection.to_string());
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(told, expected, "{}", target.display());
        }
    }
}
