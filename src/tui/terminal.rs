//! The terminal: taken over at the start, given back as it was however the program ends, and in between a place for frames
//! and a source of what the person does.

mod backend;
mod input;
mod modes;
mod panics;
mod writer;

use std::io::{self, IsTerminal};
use std::sync::Arc;

use ratatui::Frame;
use ratatui::layout::Size;

use super::event::Input;
use crate::env::Environment;
use crate::sys::Signal;
use crate::sys::signals::{self, Signals};
use crate::sys::terminal::Output;
use backend::Screen;
use modes::Takeover;
use writer::Writer;

/// The terminal while it is ours. Dropping it gives it back.
pub struct Terminal {
    /// Shared with the panic hook.
    takeover: Arc<Takeover>,
    writer: Arc<Writer>,
    screen: ratatui::Terminal<Screen>,
    inputs: input::Inputs,
    signals: Signals,
    /// A frame was wanted while the one before was still on its way.
    is_behind: bool,
    /// The screen shows nothing of what was drawn before.
    is_blank: bool,
}

/// What the terminal reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The person did something, or the terminal changed.
    Input(Input),
    /// A frame that [`Terminal::draw`] left out can be drawn now.
    Ready,
    /// The program has to end.
    Ended(Ended),
}

/// Why the program has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to, by a signal.
    Signal,
    /// The terminal is gone.
    Gone,
    /// Some thread or task panicked. Its message stands on the terminal, which was given back before.
    Panicked,
}

/// Whether the screen can be shown: stdin and stdout are terminals, and of a kind that can place a cursor.
pub fn is_possible(environment: &Environment) -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && environment.get("TERM") != Some("dumb")
}

impl Terminal {
    /// Takes the terminal over. `title` names it while it is ours.
    pub fn enter(title: &str) -> io::Result<Terminal> {
        // `SIGTSTP` keeps its effect: the system then knows whether there is a shell that could let us go on.
        let signals = Signals::watch(&[
            Signal::Terminate,
            Signal::Interrupt,
            Signal::Hangup,
            Signal::Quit,
            Signal::Continue,
            Signal::WindowChange,
        ])?;
        let writer = Arc::new(Writer::start(Output::new()?)?);
        let takeover = Arc::new(Takeover::new(title, Arc::clone(&writer)));
        let screen = ratatui::Terminal::new(Screen::default())?;
        panics::give_back_first(&takeover);
        takeover.begin()?;
        let inputs = match input::Inputs::start() {
            Ok(inputs) => inputs,
            Err(error) => {
                takeover.end();
                return Err(error);
            }
        };
        Ok(Terminal { takeover, writer, screen, inputs, signals, is_behind: false, is_blank: true })
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<Size> {
        self.screen.size()
    }

    /// Draws a frame; what it shares with the one before is not sent again. While the terminal has not taken the one before,
    /// nothing is drawn, and [`Report::Ready`] comes when it has.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.is_behind = !self.writer.is_idle();
        if self.is_behind {
            return Ok(());
        }
        if self.is_blank {
            self.screen.clear()?;
            self.is_blank = false;
        }
        // A terminal without a single cell has no place for a view.
        self.screen.draw(|frame| {
            if !frame.area().is_empty() {
                view(frame);
            }
        })?;
        if let Some(frame) = self.screen.backend_mut().take() {
            self.writer.send(&frame);
        }
        Ok(())
    }

    /// Draws every cell with the next frame.
    pub fn repaint(&mut self) {
        self.is_blank = true;
    }

    /// Sends `sequence` between two frames.
    pub fn send(&self, sequence: &str) {
        self.writer.send(sequence.as_bytes());
    }

    /// Gives the terminal back, stops as a shell expects of Ctrl-Z, and takes the terminal over again when the shell says so.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.takeover.end();
        signals::stop_group();
        self.take_again()
    }

    /// Waits for what comes next. Nothing is lost when this is dropped before it is ready.
    pub async fn next(&mut self) -> Report {
        loop {
            if self.takeover.has_panicked() {
                return Report::Ended(Ended::Panicked);
            }
            tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    Signal::Continue => {
                        // The program that had the terminal meanwhile may have left it in any state.
                        if self.take_again().is_err() {
                            return Report::Ended(Ended::Gone);
                        }
                        return Report::Input(Input::Resumed);
                    }
                    Signal::WindowChange => return self.resized(),
                    _ => return Report::Ended(Ended::Signal),
                },
                () = self.writer.changed() => {
                    if self.writer.has_failed() {
                        return Report::Ended(Ended::Gone);
                    }
                    if self.is_behind && self.writer.is_idle() {
                        return Report::Ready;
                    }
                }
                input = self.inputs.next() => return match input {
                    Some(Input::Resized(..)) => self.resized(),
                    Some(input) => Report::Input(input),
                    None => Report::Ended(Ended::Gone),
                },
            }
        }
    }

    /// Gives the terminal back. Dropping it does the same.
    pub fn leave(self) {}

    fn take_again(&mut self) -> io::Result<()> {
        self.is_blank = true;
        self.takeover.begin()
    }

    /// The size as frames will have it. What a terminal shows after a change of its size is its own affair, also where it comes
    /// back to the size it had.
    fn resized(&mut self) -> Report {
        self.is_blank = true;
        match self.size() {
            Ok(size) => Report::Input(Input::Resized(size.width, size.height)),
            Err(_) => Report::Ended(Ended::Gone),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.takeover.end();
    }
}
