//! The modes of the terminal while it is ours, and how each is reset.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::writer::Writer;
use crate::sys::terminal;

/// The state of the takeover; ended exactly once, by the first that needs it.
pub struct Takeover {
    writer: Arc<Writer>,
    title: String,
    /// Held while the terminal changes hands, so that nobody goes on before it has.
    is_ours: Mutex<bool>,
    has_panicked: AtomicBool,
}

impl Takeover {
    /// Nothing is taken yet.
    pub fn new(title: &str, writer: Arc<Writer>) -> Takeover {
        // A title with a control character in it would end the sequence that sets it.
        let title = title.chars().filter(|character| !character.is_control()).collect();
        Takeover { writer, title, is_ours: Mutex::new(false), has_panicked: AtomicBool::new(false) }
    }

    /// Takes the terminal, also where it is ours and somebody else has changed it. A process in the background stops here
    /// until it is in the foreground.
    pub fn begin(&self) -> io::Result<()> {
        let mut is_ours = self.is_ours.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_ours {
            // Else the mode that crossterm believes in would not be set again.
            disable_raw_mode()?;
        }
        enable_raw_mode()?;
        terminal::capture_mouse(true);
        self.writer.open(&taken(&self.title, *is_ours));
        *is_ours = true;
        Ok(())
    }

    /// Gives the terminal back as it was.
    pub fn end(&self) {
        let mut is_ours = self.is_ours.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *is_ours, false) {
            self.writer.close(GIVEN_BACK);
            terminal::capture_mouse(false);
            // A terminal that is gone has no mode.
            let _ = disable_raw_mode();
        }
    }

    /// Whether some thread or task has panicked.
    pub fn has_panicked(&self) -> bool {
        self.has_panicked.load(Ordering::Acquire)
    }

    /// Notes a panic that has been reported.
    pub fn note_panic(&self) {
        self.has_panicked.store(true, Ordering::Release);
        self.writer.wake();
    }
}

/// The alternate screen, the title with the old one kept unless it was already, no cursor, clicks and the wheel but no movement
/// (a report for every cell that a mouse crosses would wake us for nothing), and pasted text marked as such.
fn taken(title: &str, is_kept: bool) -> Vec<u8> {
    let keep = if is_kept { "" } else { "\x1b[22;2t" };
    format!("\x1b[?1049h{keep}\x1b]2;{title}\x1b\\\x1b[?25l\x1b[?1000h\x1b[?1006h\x1b[?2004h").into_bytes()
}

/// The same backwards, and no colour and no half update left behind.
const GIVEN_BACK: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?1006l\x1b[?1000l\x1b[?25h\x1b[23;2t\x1b[?1049l";
