//! What this process last read, and whether the file moved since: one `stat` says so.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::error::StoreError;
use super::format::{FileText, FormatError, MAX_FILE_BYTES, State};
use super::replace::Places;
use super::seal_copy;
use crate::clock::Clock;
use crate::files::{self, Stamp};

/// How often a file is read again that is written in place at the same moment.
const ATTEMPTS: usize = 4;

/// The last reading of the file.
#[derive(Default)]
pub(super) struct Cache {
    reading: Option<Reading>,
    /// The last good state, also of a file that is gone.
    seen: Option<Arc<State>>,
    /// The file was older at some reading than at one before.
    went_back: bool,
}

struct Reading {
    /// `None`: read again, whatever `stat` says.
    stamp: Option<Stamp>,
    text: Arc<FileText>,
    outcome: Result<Arc<State>, StoreError>,
}

impl Cache {
    /// The state of the file, read only if it moved. Reading the same bytes again gives the same `Arc`.
    pub(super) fn read(&mut self, places: &Places) -> Result<Option<Arc<State>>, StoreError> {
        let failed = |error| StoreError::io("read", &places.file)(error);
        let Some(metadata) = files::stat(&places.file).map_err(failed)? else {
            self.reading = None;
            return Ok(None);
        };
        match &self.reading {
            Some(reading) if reading.stamp == Some(Stamp::of(&metadata)) => reading.outcome.clone().map(Some),
            _ => self.read_again(places),
        }
    }

    /// The state of the file, read in any case.
    pub(super) fn read_again(&mut self, places: &Places) -> Result<Option<Arc<State>>, StoreError> {
        let fresh = Fresh::read(places, &self.text());
        self.take_in(places, fresh)
    }

    /// The same of what was read already, without this cache.
    pub(super) fn take_in(&mut self, places: &Places, fresh: Fresh) -> Result<Option<Arc<State>>, StoreError> {
        let Fresh { contents, stamp } = fresh;
        match contents {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.reading = None;
                return Ok(None);
            }
            Err(error) => {
                self.distrust();
                return Err(StoreError::io("read", &places.file)(error));
            }
            Ok(Contents::Known(text)) => match &mut self.reading {
                Some(reading) if Arc::ptr_eq(&reading.text, &text) => reading.stamp = stamp,
                // Another reading came in between.
                _ => return self.read_again(places),
            },
            Ok(Contents::New(text, read)) => match &mut self.reading {
                // Another reading was faster.
                Some(reading) if reading.text.bytes() == text.bytes() => reading.stamp = stamp,
                // One that was overtaken may look like a file that went back: looking for an older copy does no harm.
                _ => {
                    let outcome = self.accept(places, *read);
                    self.remember(text, stamp, outcome);
                }
            },
        }
        self.reading.as_ref().map(|reading| reading.outcome.clone()).transpose()
    }

    /// The file was replaced by `text`, which reads as `state`; the next reading checks that.
    pub(super) fn replaced(&mut self, text: FileText, state: Arc<State>) {
        self.remember(text, None, Ok(state));
    }

    /// Something failed half-way: believe nothing without reading it again.
    pub(super) fn distrust(&mut self) {
        if let Some(reading) = &mut self.reading {
            reading.stamp = None;
        }
    }

    /// The text of the last reading; an empty one when there was none.
    pub(super) fn text(&self) -> Arc<FileText> {
        self.reading.as_ref().map(|reading| Arc::clone(&reading.text)).unwrap_or_default()
    }

    /// The highest revision this process has seen.
    pub(super) fn highest_revision(&self) -> u64 {
        self.seen.as_ref().map_or(0, |state| state.revision)
    }

    /// Whether the next reading is one `stat` when the file does not move.
    #[cfg(test)]
    pub(super) fn is_settled(&self) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.stamp.is_some())
    }

    fn remember(&mut self, text: FileText, stamp: Option<Stamp>, outcome: Result<Arc<State>, StoreError>) {
        if let Ok(state) = &outcome {
            self.seen = Some(Arc::clone(state));
        }
        self.reading = Some(Reading { stamp, text: Arc::new(text), outcome });
    }

    /// Whether the file went back since this was asked last.
    pub(super) fn take_went_back(&mut self) -> bool {
        std::mem::take(&mut self.went_back)
    }

    fn accept(&mut self, places: &Places, read: Result<State, FormatError>) -> Result<Arc<State>, StoreError> {
        let path = || places.file.clone();
        let mut state = read.map_err(|error| match error {
            FormatError::Newer(version) => StoreError::Newer { path: path(), version },
            other => {
                StoreError::Unreadable { path: path(), reason: other.to_string(), previous: places.previous.clone() }
            }
        })?;
        self.went_back |= state.revision < self.highest_revision();
        // A tool that does not know our fields drops them; a revision never goes back for that.
        state.revision = state.revision.max(self.highest_revision());
        seal_copy::restore(places, &mut state);
        Ok(Arc::new(state))
    }
}

/// What is at the path. It is read without the cache where others, who have a request to serve, would wait for it.
pub(super) struct Fresh {
    contents: io::Result<Contents>,
    stamp: Option<Stamp>,
}

enum Contents {
    /// The text that is known.
    Known(Arc<FileText>),
    New(FileText, Box<Result<State, FormatError>>),
}

impl Fresh {
    /// Reads the file, of which `known` was read last.
    pub(super) fn read(places: &Places, known: &Arc<FileText>) -> Fresh {
        match contents(&places.file) {
            // Without a reading the known one is empty: an empty file must not pass for it.
            Ok((bytes, stamp)) if known.bytes() == bytes && !bytes.is_empty() => {
                Fresh { contents: Ok(Contents::Known(Arc::clone(known))), stamp }
            }
            Ok((bytes, stamp)) => {
                let (text, read) = FileText::read(bytes, known);
                Fresh { contents: Ok(Contents::New(text, Box::new(read))), stamp }
            }
            Err(error) => Fresh { contents: Err(error), stamp: None },
        }
    }
}

/// The bytes of the file and the stamp to know them by, if it can be trusted.
fn contents(path: &Path) -> io::Result<(Vec<u8>, Option<Stamp>)> {
    let mut last = Vec::new();
    for _ in 0..ATTEMPTS {
        let file = files::open(path)?;
        // Times in a stamp are the kernel's, so the kernel is asked for the time too.
        let now = Clock::system().now().since_1970();
        let before = Stamp::of(&file.metadata()?);
        last = files::bounded(&file, MAX_FILE_BYTES)?;
        if Stamp::of(&file.metadata()?) == before {
            return Ok((last, Some(before).filter(|stamp| stamp.is_settled(now))));
        }
    }
    Ok((last, None))
}
