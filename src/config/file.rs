//! Reads a configuration file. Requests are served by the thread that follows it, so nothing here waits: a pipe has no
//! text, and a file that grew without end is not read to it.

use std::io::{self, ErrorKind, Read};
use std::path::Path;

use crate::domain::text_encoding;
use crate::files;

/// No configuration is longer.
const LONGEST: u64 = 1024 * 1024;

/// Nothing is read of a longer one.
const LONGEST_REMAINS: u64 = 8 * LONGEST;

/// A file's text, without a byte order mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Whether the mark of UTF-8 stood before it.
    pub is_marked: bool,
}

/// The file's text; `None` when there is none.
///
/// # Errors
///
/// Why it cannot be read.
pub fn read(path: &Path) -> io::Result<Option<Text>> {
    match files::read(path, LONGEST) {
        Ok(bytes) => {
            let is_marked = bytes.starts_with(text_encoding::MARK.as_bytes());
            let text = String::from_utf8(text_encoding::utf8(&bytes).into_owned());
            let text = text.map_err(|error| io::Error::new(ErrorKind::InvalidData, error.utf8_error()))?;
            Ok(Some(Text { text, is_marked }))
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        // That is how people say that there is no file.
        Err(_) if files::is_null(path) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What can be made out of a file that [`read`] refuses, with other letters for what is not UTF-8; `None` where there is more than
/// anybody looks through. Empty where nothing of it can be read.
pub fn remains(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let read = files::open(path).and_then(|file| {
        let is_short = file.metadata()?.len() <= LONGEST_REMAINS;
        // It may grow meanwhile.
        if is_short {
            file.take(LONGEST_REMAINS + 1).read_to_end(&mut bytes)?;
        }
        Ok(is_short && bytes.len() as u64 <= LONGEST_REMAINS)
    });
    match read {
        Err(_) => Some(String::new()),
        // UTF-16 that is cut has a NUL in most letters.
        Ok(is_whole) => is_whole.then(|| String::from_utf8_lossy(&text_encoding::utf8(&bytes)).replace('\0', "")),
    }
}
