//! The file that `CAM_MASTER_KEY_FILE` names, which may be a pipe: `<(pass show key)`.

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use zeroize::Zeroizing;

use super::awaited::{Awaited, Wait};
use super::key_file::{MAX_KEY_BYTES, read_key};
use crate::secrets::Secret;
use crate::sys::{self, Ready};

/// How long somebody who needs the key waits for it: whoever writes into the pipe may be asking a person for a passphrase.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a pipe is waited for that no program has opened for writing.
const NO_WRITER: Duration = Duration::from_secs(2);

thread_local! {
    /// Whether this thread holds something that others wait for.
    static HURRIES: Cell<bool> = Cell::default();
}

/// Does `work`, which holds a lock that other processes wait for: no pipe is waited for meanwhile, whoever asks. Whoever needs
/// the key has waited for it before with [`super::Keyring::wait`].
pub fn without_waiting<T>(work: impl FnOnce() -> T) -> T {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            HURRIES.set(self.0);
        }
    }
    let _before = Before(HURRIES.replace(true));
    work()
}

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct NamedFile {
    /// What a pipe held, which is empty when it is read again.
    piped: Arc<OnceLock<Secret<String>>>,
    reading: Awaited<Secret<String>>,
}

/// What it says.
pub(super) enum Said {
    Text(Secret<String>),
    /// Nothing yet.
    NotYet,
    Failed(io::Error),
}

impl NamedFile {
    /// Its text. A caller that `may_wait` gets no [`Said::NotYet`].
    pub(super) fn read(&self, path: &Path, may_wait: bool) -> Said {
        if let Some(text) = self.piped.get() {
            return Said::Text(text.clone());
        }
        let (path, piped) = (path.to_owned(), Arc::clone(&self.piped));
        let wait = if may_wait && !HURRIES.get() { Wait::AtMost(PATIENCE) } else { Wait::Never };
        match self.reading.ask(wait, move || read_once(&path, &piped)) {
            Some(Ok(text)) => Said::Text(text),
            Some(Err(error)) => Said::Failed(error),
            None if may_wait => Said::Failed(nothing_came()),
            None => Said::NotYet,
        }
    }
}

fn nothing_came() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "nothing was written to it in time")
}

fn read_once(path: &Path, piped: &OnceLock<Secret<String>>) -> io::Result<Secret<String>> {
    // Two callers may have waited for it, one after the other.
    if let Some(text) = piped.get() {
        return Ok(text.clone());
    }
    if let Some(pipe) = open_pipe(path)? {
        let text = read_pipe(&pipe)?;
        return Ok(piped.get_or_init(|| text).clone());
    }
    Ok(Secret::new(String::clone(&*read_key(path)?)))
}

/// The pipe at `path`; `None` when something else is there.
#[expect(clippy::disallowed_methods, reason = "this is the one pipe that is read")]
fn open_pipe(path: &Path) -> io::Result<Option<File>> {
    // Of that device Windows has nothing to say.
    if sys::files::is_null(path) || !sys::files::is_pipe(std::fs::metadata(path)?.file_type()) {
        return Ok(None);
    }
    sys::files::without_waiting(OpenOptions::new().read(true)).open(path).map(Some)
}

/// What is written to the pipe until its writers close it.
fn read_pipe(mut pipe: &File) -> io::Result<Secret<String>> {
    let most = usize::try_from(MAX_KEY_BYTES).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(vec![0; most + 1]);
    let mut length = 0;
    loop {
        // Nothing to read is one of two: nobody writes, which is the end after somebody did, or nobody has written yet.
        let limit = match pipe.read(&mut bytes[length..]) {
            Ok(0) if length > 0 => break,
            Ok(0) => Some(NO_WRITER),
            Ok(count) => {
                length += count;
                if length > most {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "the key is longer than 64 KiB"));
                }
                continue;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match sys::pipes::readable(&pipe, limit)? {
            Ready::Bytes => {}
            // Its writers are gone and have left nothing.
            Ready::Closed => break,
            Ready::TimedOut => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "it is a pipe that no program writes to"));
            }
        }
    }
    let text =
        std::str::from_utf8(&bytes[..length]).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Secret::new(text.to_owned()))
}
