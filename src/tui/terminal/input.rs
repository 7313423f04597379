//! Keys and mouse, read by a thread of its own.

use std::io;

use crossterm::event::{self, Event, KeyEventKind};
use tokio::sync::mpsc;

use super::super::event::Input;
use crate::secrets::Secret;
use crate::sys;

/// How much may wait for the screen. Beyond that it waits in the terminal.
const WAITING: usize = 256;

/// What was read and not yet asked for.
pub struct Inputs(mpsc::Receiver<Option<Input>>);

impl Inputs {
    /// Begins to read.
    pub fn start() -> io::Result<Inputs> {
        let (sender, receiver) = mpsc::channel(WAITING);
        watch_for_the_end(sender.clone())?;
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || read(&sender))?;
        Ok(Inputs(receiver))
    }

    /// Waits for the next; `None` when the terminal is gone.
    pub async fn next(&mut self) -> Option<Input> {
        self.0.recv().await.flatten()
    }
}

fn read(sender: &mpsc::Sender<Option<Input>>) {
    loop {
        let input = match event::read() {
            Ok(event) => match input(event) {
                Some(input) => Some(input),
                None => continue,
            },
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => None,
        };
        let is_last = input.is_none();
        if sender.blocking_send(input).is_err() || is_last {
            return;
        }
    }
}

fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) => (key.kind != KeyEventKind::Release).then_some(Input::Key(key)),
        Event::Mouse(mouse) => Some(Input::Mouse(mouse)),
        Event::Paste(text) => Some(Input::Paste(Secret::new(text))),
        // Where there is a signal for it, that comes also while half a sequence is waited for.
        Event::Resize(columns, rows) => (!sys::terminal::HAS_RESIZE_SIGNAL).then_some(Input::Resized(columns, rows)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// crossterm's reader does not notice that a terminal is gone: it then reads nothing again and again. This thread does, and
/// the program ends.
fn watch_for_the_end(sender: mpsc::Sender<Option<Input>>) -> io::Result<()> {
    let watch = move || {
        if sys::terminal::wait_for_hangup() {
            // The program may be ending already.
            let _ = sender.blocking_send(None);
        }
    };
    std::thread::Builder::new().name("hangup".to_owned()).spawn(watch)?;
    Ok(())
}
