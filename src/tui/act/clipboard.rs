//! The person's clipboard, which is where the terminal is, over SSH too: asked for by an escape sequence (OSC 52).

use std::process::Stdio;

use crossterm::Command as _;
use crossterm::clipboard::CopyToClipboard;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::background;
use crate::env::{self, Environment};

/// What stands between the screen and the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clipboard {
    /// Nothing.
    Terminal,
    /// `tmux`, which as it comes takes no such sequence from a program, but a command.
    Tmux,
    /// GNU `screen`, which hands on what is wrapped.
    Screen,
}

impl Clipboard {
    /// As the environment says.
    pub fn of(environment: &Environment) -> Clipboard {
        if environment.get("TMUX").is_some() {
            Clipboard::Tmux
        } else if environment.get("STY").is_some() {
            Clipboard::Screen
        } else {
            Clipboard::Terminal
        }
    }

    /// Puts `text` into the clipboard. Returned is what the terminal is to receive for that; whether it does as it is asked
    /// is not to be known.
    pub fn copy(self, text: &str) -> String {
        if self == Clipboard::Tmux {
            background::spawn(ask_tmux(text.to_owned()));
        }
        self.sequence(text)
    }

    /// What asks for it.
    fn sequence(self, text: &str) -> String {
        let mut sequence = String::new();
        // Writing into a string does not fail.
        let _ = CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence);
        match self {
            Clipboard::Terminal => sequence,
            Clipboard::Tmux => format!("\x1bPtmux;{}\x1b\\{sequence}", sequence.replace('\x1b', "\x1b\x1b")),
            Clipboard::Screen => format!("\x1bP{}\x1b\\", sequence.replace("\x1b\\", "\x07")),
        }
    }
}

/// `tmux` asks its own terminal then, whatever its settings for programs are.
async fn ask_tmux(text: String) {
    let mut command = Command::from(env::program("tmux"));
    command.args(["load-buffer", "-w", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let asked = async {
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes()).await?;
        }
        child.wait().await
    };
    if let Err(error) = asked.await {
        tracing::debug!("`tmux`: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Clipboard {
        Clipboard::of(&[(name.to_owned(), "1".to_owned())].into_iter().collect())
    }

    #[test]
    fn the_sequence_reaches_the_terminal_through_what_stands_between() {
        let plain = "\x1b]52;c;aGk=\x1b\\";
        assert_eq!(of("HOME").sequence("hi"), plain);
        assert_eq!(of("TMUX").sequence("hi"), format!("\x1bPtmux;\x1b\x1b]52;c;aGk=\x1b\x1b\\\x1b\\{plain}"));
        assert_eq!(of("STY").sequence("hi"), "\x1bP\x1b]52;c;aGk=\x07\x1b\\");
    }
}
