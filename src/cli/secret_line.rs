//! A key that a person types, or passes as one line on stdin.

use std::io::{BufRead, IsTerminal, Read};

use zeroize::Zeroizing;

use super::printer::Printer;
use crate::error::{Error, ErrorKind};
use crate::secrets::Secret;

/// No key is longer.
const LONGEST_KEY: u64 = 16 * 1024;

/// One line of stdin, without the newline at its end.
///
/// # Errors
///
/// `InvalidParams` when there is none, or none that can be a key.
pub fn from_stdin() -> Result<Secret<String>, Error> {
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    std::io::stdin().lock().take(LONGEST_KEY + 1).read_until(b'\n', &mut line).map_err(unreadable)?;
    let text = std::str::from_utf8(&line).map(|line| Secret::new(line.trim_end_matches(['\r', '\n']).to_owned()));
    let text = text.map_err(|_| Error::new(ErrorKind::InvalidParams, "stdin does not contain a key"))?;
    if text.expose().trim().is_empty() {
        return Err(Error::new(ErrorKind::InvalidParams, "there is no key on stdin").hint("pass the key as one line"));
    }
    if line.len() as u64 > LONGEST_KEY {
        return Err(Error::new(ErrorKind::InvalidParams, "the line on stdin is too long for a key")
            .hint("pass the key as one line"));
    }
    Ok(text)
}

/// What is typed on the terminal, without echo.
///
/// # Errors
///
/// `InvalidParams` where nobody can be asked; `hint` says what to do then.
pub fn typed(prompt: &str, hint: &str) -> Result<Secret<String>, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(
            Error::new(ErrorKind::InvalidParams, "this is not a terminal, so the key cannot be asked for").hint(hint)
        );
    }
    rpassword::prompt_password(prompt).map(Secret::new).map_err(|error| {
        // Ctrl-D leaves the cursor behind the question.
        Printer::end_of_prompt();
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::new(ErrorKind::InvalidParams, "no key was typed").hint(hint),
            _ => unreadable(error),
        }
    })
}

fn unreadable(error: std::io::Error) -> Error {
    Error::because(ErrorKind::InvalidParams, "the key cannot be read", error)
}
