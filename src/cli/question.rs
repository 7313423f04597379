//! Questions on the terminal. Each is answered on its own line, and only on a terminal: what a script pipes in is no answer.

use std::io::{BufRead, IsTerminal};

use super::printer::Printer;
use crate::error::{Error, ErrorKind};

/// No answer is longer, in bytes.
const LONGEST_ANSWER: u64 = 4096;

/// Whether the answer is yes. Anything else, and the end of input, is no.
///
/// # Errors
///
/// `InvalidParams` without a terminal; `flag` answers it there.
pub fn confirm(question: &str, flag: &str) -> Result<bool, Error> {
    if !is_possible() {
        return Err(Error::new(ErrorKind::InvalidParams, "this needs a confirmation, and stdin is not a terminal")
            .hint(format!("pass `{flag}`")));
    }
    let answer = ask(&format!("{question} [y/N]"))?;
    Ok(answer.is_some_and(|answer| matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")))
}

/// Whether a person can answer.
pub fn is_possible() -> bool {
    std::io::stdin().is_terminal()
}

/// The answer without space around it; `None` at the end of input.
///
/// # Errors
///
/// `Internal` when the terminal cannot be read.
pub fn ask(question: &str) -> Result<Option<String>, Error> {
    use std::io::Read;
    Printer::prompt(question);
    let mut answer = Vec::new();
    let read = std::io::stdin().lock().take(LONGEST_ANSWER).read_until(b'\n', &mut answer);
    let read = read.map_err(|error| Error::because(ErrorKind::Internal, "the answer cannot be read", error))?;
    if !answer.ends_with(b"\n") {
        // The cursor is still behind the question.
        Printer::end_of_prompt();
    }
    Ok((read > 0).then(|| String::from_utf8_lossy(&answer).trim().to_owned()))
}
