//! The files that accounts are imported from, and reading them with a bound and without waiting.

use std::io::{self, Read};
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::env::Environment;
use crate::error::{Error, ErrorKind};
use crate::files::{self, NotAFile};
use crate::manager::accounts::import::Origin;
use crate::sys;

/// No file of accounts is larger, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// What is said of a file that is not there.
pub const MISSING: &str = "there is no such file";

/// One place that accounts are taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// stdin.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Place {
    /// What a person calls it.
    pub fn name(&self) -> String {
        match self {
            Place::Stdin => "stdin".to_owned(),
            Place::File(path) => format!("`{}`", path.display()),
        }
    }

    /// All of it.
    ///
    /// # Errors
    ///
    /// `StoreUnreadable`, with what to do. The message does not name the place.
    pub fn read(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let refused = |why: &str, hint: &str| Error::new(ErrorKind::StoreUnreadable, why).hint(hint);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => refused(MISSING, "check the path"),
            io::ErrorKind::PermissionDenied => refused("it may not be read", "check its owner and its mode"),
            _ => refused(&error.to_string(), "check the path"),
        };
        let bytes = match self {
            Place::Stdin => bounded(io::stdin().lock()).map_err(failed)?,
            Place::File(path) => {
                let file = files::open(path).map_err(|error| match error.get_ref() {
                    _ if path.is_dir() => refused("it is a folder", "name the file in it"),
                    Some(what) if what.is::<NotAFile>() => {
                        refused(&error.to_string(), "pass what it says on stdin, with `import -`")
                    }
                    Some(_) | None => failed(error),
                })?;
                bounded(file).map_err(failed)?
            }
        };
        if bytes.len() as u64 > LARGEST {
            return Err(refused("it is larger than 16 MiB", "no file of accounts is; check the path"));
        }
        Ok(bytes)
    }
}

fn bounded(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    source.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where a program keeps its `auth.json`; `None` without a home.
pub fn of_program(program: Origin, environment: &Environment) -> Option<PathBuf> {
    let home = || {
        let named = environment.get(sys::files::HOME).map(PathBuf::from);
        named.or_else(|| Some(directories::BaseDirs::new()?.home_dir().to_owned()))
    };
    let folder = match program {
        Origin::Codex => environment.get("CODEX_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".codex"))),
        Origin::OpenCode => {
            let data = environment.get("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            // OpenCode uses this place on every system.
            data.or_else(|| Some(home()?.join(".local").join("share"))).map(|data| data.join("opencode"))
        }
        Origin::Accounts => None,
    };
    Some(folder?.join("auth.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(program: Origin, variables: &[(&str, &str)], expected: &str) {
        let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(of_program(program, &environment), Some(PathBuf::from(expected)));
    }

    #[test]
    fn each_program_has_its_place() {
        let home = (sys::files::HOME, "/h");
        check(Origin::Codex, &[home], "/h/.codex/auth.json");
        check(Origin::Codex, &[home, ("CODEX_HOME", "/c")], "/c/auth.json");
        check(Origin::OpenCode, &[home], "/h/.local/share/opencode/auth.json");
        check(Origin::OpenCode, &[home, ("XDG_DATA_HOME", "d")], "/h/.local/share/opencode/auth.json");
        let data = std::env::temp_dir();
        let expected = data.join("opencode/auth.json");
        check(Origin::OpenCode, &[home, ("XDG_DATA_HOME", data.to_str().unwrap())], expected.to_str().unwrap());
    }
}
