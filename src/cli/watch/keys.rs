//! The keys of a person who watches a listing: `q`, and changes of the window. What is typed is not echoed meanwhile,
//! since it would stand in the middle of the listing; the terminal is as it was after the end, and while the program is
//! stopped.

use std::io::{IsTerminal, Read};

use tokio::sync::mpsc;

use crate::sys::Signal;
use crate::sys::signals::{self, Signals};
use crate::sys::terminal::{self, NoEcho};

/// What the person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// They want to leave.
    End,
    /// The window has another size.
    Resized,
    /// The program was stopped and goes on.
    Redraw,
}

/// The keyboard, and the signals that come from the terminal.
pub struct Keys {
    no_echo: Option<NoEcho>,
    typed: mpsc::Receiver<()>,
    signals: Signals,
}

impl Keys {
    /// Begins to read, where there is a terminal to read from.
    pub fn begin(is_drawn: bool) -> Keys {
        let (sender, typed) = mpsc::channel(1);
        let is_there = is_drawn && terminal::HAS_SINGLE_KEYS && std::io::stdin().is_terminal();
        if is_there {
            // It ends with the process: nothing interrupts a read.
            std::thread::spawn(move || {
                let wants_to_end = |byte: &u8| matches!(byte, b'q' | b'Q' | 4);
                let bytes = std::io::stdin().lock().bytes();
                for _ in bytes.map_while(Result::ok).filter(wants_to_end) {
                    let _ = sender.blocking_send(());
                }
            });
        }
        let watched: &[Signal] = if is_drawn { &[Signal::WindowChange, Signal::TerminalStop] } else { &[] };
        Keys { no_echo: is_there.then(NoEcho::begin).flatten(), typed, signals: Signals::watch_possible(watched) }
    }

    /// Waits for the next.
    pub async fn next(&mut self) -> Key {
        tokio::select! {
            Some(()) = self.typed.recv() => Key::End,
            signal = self.signals.next() => match signal {
                Signal::TerminalStop => {
                    let was_quiet = self.no_echo.take().is_some();
                    // It goes on after this when the shell says so.
                    signals::stop();
                    self.no_echo = was_quiet.then(NoEcho::begin).flatten();
                    Key::Redraw
                }
                _ => Key::Resized,
            }
        }
    }
}
