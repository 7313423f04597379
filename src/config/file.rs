//! Reads a configuration file. Requests are served by the thread that follows it, so nothing here waits: a pipe has no
//! text, and a file that grew without end is not read to it.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::domain::text_encoding;
use crate::files;

/// No configuration is longer.
const LONGEST: u64 = 1024 * 1024;

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
