//! Reads a configuration file. Requests are served by the thread that follows it, so nothing here waits: a pipe has no
//! text, and a file that grew without end is not read to it.
#![expect(clippy::disallowed_methods, reason = "configuration files are read here")]

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// No configuration is longer.
const LONGEST: u64 = 1024 * 1024;

/// The file's text; `None` when there is none.
///
/// # Errors
///
/// Why it cannot be read.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default());
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error),
    };
    let kind = file.metadata()?.file_type();
    // `/dev/null` is how people say that there is no file.
    #[cfg(unix)]
    let is_null = std::os::unix::fs::FileTypeExt::is_char_device(&kind);
    #[cfg(not(unix))]
    let is_null = false;
    if !(kind.is_file() || is_null) {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(io::Error::other("it is over 1 MiB"));
    }
    Ok(Some(text))
}
