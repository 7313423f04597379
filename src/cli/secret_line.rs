//! A key that a person types, or passes as one line on stdin.

use std::io::{BufRead, IsTerminal, Read};

use zeroize::Zeroizing;

use super::printer::Printer;
use crate::domain::text_encoding;
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
    let line = first_line(std::io::stdin().lock()).map_err(unreadable)?;
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

/// The first line of `source` with what ends it, as far as a key may reach. Windows' shells put a mark before what they pass on, and
/// write files in UTF-16.
fn first_line(source: impl BufRead) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut source = source.take(LONGEST_KEY + 1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    source.read_until(b'\n', &mut bytes)?;
    if text_encoding::is_wide(&bytes) {
        // What ends a line there is not one byte.
        source.read_to_end(&mut bytes)?;
    }
    let mut line = Zeroizing::new(text_encoding::utf8(&bytes).into_owned());
    if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
        line.truncate(end + 1);
    }
    Ok(line)
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
            // Some windows of Windows look like a terminal and have no console, such as that of Git.
            _ => unreadable(error).hint(hint),
        }
    })
}

fn unreadable(error: std::io::Error) -> Error {
    Error::because(ErrorKind::InvalidParams, "the key cannot be read", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_first_line_in_whatever_a_shell_writes() {
        let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
        };
        for (what, bytes, expected) in [
            ("plain", b"sk-a\nmore".to_vec(), "sk-a\n"),
            ("without an end", b"sk-a".to_vec(), "sk-a"),
            ("marked", "\u{feff}sk-a\r\n".into(), "sk-a\r\n"),
            ("little-endian", wide("sk-\u{10a}\r\nmore", u16::to_le_bytes), "sk-\u{10a}\r\n"),
            ("big-endian", wide("sk-a\r\nmore", u16::to_be_bytes), "sk-a\r\n"),
            ("nothing", Vec::new(), ""),
        ] {
            assert_eq!(*first_line(&*bytes).unwrap(), expected.as_bytes(), "{what}");
        }
    }
}
