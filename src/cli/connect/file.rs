//! A configuration of another program on the disk: read whole, written in one step beside a copy of what was there, through a
//! symbolic link rather than in its place.

use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::cli::service::places::{closing, is_open_to_others};
use crate::domain::text_encoding;
use crate::domain::time::Timestamp;
use crate::env;
use crate::error::{Error, ErrorKind};
use crate::files;

/// No configuration is longer, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

/// A file and what it holds now.
#[derive(Clone, Debug)]
pub struct Content {
    /// As a person calls it.
    pub path: PathBuf,
    /// Its text; `None` when there is no file.
    pub text: Option<String>,
    real: PathBuf,
}

/// What is at `path`.
///
/// # Errors
///
/// `Configuration` for what is no file of text.
pub fn read(path: &Path) -> Result<Content, Error> {
    let refused = |error: std::io::Error| {
        Error::because(ErrorKind::Configuration, format!("`{}` cannot be read", path.display()), error)
            .hint("check what it is, its owner and its mode")
    };
    let real = files::real_path(path).map_err(refused)?;
    let bytes = match files::read(&real, LONGEST) {
        Ok(bytes) => Some(bytes),
        Err(error) if matches!(error.kind(), IoErrorKind::NotFound | IoErrorKind::NotADirectory) => None,
        Err(error) => return Err(refused(error)),
    };
    let text = bytes.map(String::from_utf8).transpose().map_err(|error| {
        let is_wide = matches!(text_encoding::utf8(error.as_bytes()), std::borrow::Cow::Owned(_));
        let why = if is_wide { "it is UTF-16" } else { "it is not UTF-8" };
        Error::new(ErrorKind::Configuration, format!("`{}` cannot be changed: {why}", path.display()))
            .hint("save it as UTF-8 in an editor")
    })?;
    Ok(Content { path: path.to_owned(), text, real })
}

impl Content {
    /// Refuses a file that must not hold a key: one that others can read, or whose every version git keeps.
    ///
    /// # Errors
    ///
    /// `Configuration` with the reason.
    pub fn may_hold_a_key(&self) -> Result<(), Error> {
        let name = self.path.display();
        let refused = |why: &str, hint: String| {
            Err(Error::new(ErrorKind::Configuration, format!("`{name}` would hold the key, and {why}")).hint(hint))
        };
        if is_tracked(&self.real) {
            return refused(
                "git tracks it",
                format!(
                    "take it out of the repository with `git rm --cached`, or use `connect env`; it is `{}`",
                    self.real.display()
                ),
            );
        }
        if is_open_to_others(&self.real) {
            return refused("other users can read it", format!("run `{}`", closing(&self.path)));
        }
        Ok(())
    }

    /// Where a copy of what is there now is kept; `None` when nothing is.
    pub fn backup(&self, now: Timestamp) -> Option<PathBuf> {
        self.text.as_ref().map(|_| files::with_suffix(&self.real, &format!(".cam-backup-{}", now.0)))
    }

    /// Writes `text` in its place, and what was there to `backup`. A new file is its owner's alone.
    ///
    /// # Errors
    ///
    /// `Conflict` when the file has changed since it was read; `Configuration` when it cannot be written.
    pub fn replace(&self, text: &str, backup: Option<&Path>, holds_key: bool) -> Result<(), Error> {
        self.check_unchanged()?;
        files::make_folder(self.real.parent().unwrap_or(Path::new("/"))).map_err(|error| self.failed(error))?;
        if let (Some(backup), Some(old)) = (backup, &self.text) {
            files::write_new(backup, old.as_bytes()).map_err(|error| self.failed(error))?;
        }
        self.write(text, holds_key)
    }

    /// Writes `text` in its place, without a copy.
    ///
    /// # Errors
    ///
    /// Those of [`Content::replace`].
    pub fn restore(&self, text: &str) -> Result<(), Error> {
        self.check_unchanged()?;
        self.write(text, false)
    }

    /// Removes the file.
    ///
    /// # Errors
    ///
    /// Those of [`Content::replace`].
    pub fn remove(&self) -> Result<(), Error> {
        self.check_unchanged()?;
        files::remove(&self.real).map_err(|error| self.failed(error))
    }

    /// Removes what a write left that was interrupted.
    pub fn clean_up(&self) {
        if let Err(error) = files::remove(&self.next()) {
            tracing::debug!("`{}` stays: {error}", self.next().display());
        }
    }

    fn next(&self) -> PathBuf {
        files::with_suffix(&self.real, ".cam-next")
    }

    fn write(&self, text: &str, holds_key: bool) -> Result<(), Error> {
        let next = self.next();
        let kept_mode = if holds_key { 0o700 } else { 0o777 };
        files::replace(&files::Replacement { path: &self.real, next: &next, kept_mode }, text.as_bytes())
            .map_err(|error| self.failed(error))
    }

    /// A person took their time to answer, and the program may have written meanwhile.
    fn check_unchanged(&self) -> Result<(), Error> {
        if read(&self.path)?.text == self.text {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Conflict,
            format!("`{}` has changed meanwhile and is left as it is", self.path.display()),
        )
        .hint("run the command again"))
    }

    fn failed(&self, error: std::io::Error) -> Error {
        Error::because(ErrorKind::Configuration, format!("`{}` cannot be written", self.path.display()), error)
            .hint("check the folder's owner and mode, and the disk")
    }
}

/// Whether git keeps the file. Without git nothing is kept by it.
fn is_tracked(path: &Path) -> bool {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let mut git = env::program("git");
    git.arg("-C").arg(folder).args(["ls-files", "--error-unmatch", "--"]).arg(name);
    let status = git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
