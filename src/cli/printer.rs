//! The one place that writes to the terminal.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::stream::{AsLockedWrite, RawStream};
use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

use super::table::Room;
use super::text::Text;
use crate::env::Environment;
use crate::error::Error;
use crate::sys;
use crate::theme::{Role, When, has_colours};
use crate::wording::qr::Picture;
use crate::wording::{plain, plain_json};

/// A result that could not be written makes the whole command fail.
static STDOUT_FAILED: AtomicBool = AtomicBool::new(false);

/// How this process writes; plainly as long as nothing is known of where it writes to.
static MANNER: OnceLock<Manner> = OnceLock::new();

/// A terminal that does not say how wide it is.
const USUAL_WIDTH: usize = 80;
const USUAL_HEIGHT: usize = 24;

#[derive(Debug)]
struct Manner {
    stdout_has_colours: bool,
    stderr_has_colours: bool,
    is_unicode: bool,
    /// What the person says of the width.
    columns: Option<usize>,
}

/// Whether notes and warnings are left out.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Writes results to stdout and everything else to stderr.
pub struct Printer;

impl Printer {
    /// Learns where it writes to; once, at the start of the process.
    pub fn begin(environment: &Environment, when: When) {
        let columns =
            environment.get("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
        // A second call has nothing new to say.
        let _ = MANNER.set(Manner {
            stdout_has_colours: has_colours(environment, when, std::io::stdout().is_terminal()),
            stderr_has_colours: has_colours(environment, when, std::io::stderr().is_terminal()),
            is_unicode: environment.is_utf8() || sys::terminal::IS_UNICODE,
            columns,
        });
    }

    /// What results are written into now: a person may have changed the size of the window.
    pub fn room() -> Room {
        let manner = MANNER.get();
        let stdout = std::io::stdout();
        let columns = stdout.is_terminal().then(|| {
            let asked = || terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0));
            let given = manner.and_then(|manner| manner.columns);
            given.or_else(asked).filter(|columns| *columns > 0).unwrap_or(USUAL_WIDTH)
        });
        Room { columns, is_unicode: columns.is_none() || manner.is_some_and(|manner| manner.is_unicode) }
    }

    /// Columns and rows of the terminal; a pipe has the usual ones.
    pub fn size() -> (usize, usize) {
        let rows = terminal_size::terminal_size_of(std::io::stdout()).map(|(_, height)| usize::from(height.0));
        (Printer::room().columns.unwrap_or(USUAL_WIDTH), rows.filter(|rows| *rows > 0).unwrap_or(USUAL_HEIGHT))
    }

    /// Whether results have colours.
    pub fn has_colours() -> bool {
        MANNER.get().is_some_and(|manner| manner.stdout_has_colours)
    }

    /// A result, with a newline at its end, as it is.
    pub fn stdout(text: &str) {
        Printer::result(text, false);
    }

    /// A result of one line, in which other hands' words (a label, a plan, a path) do nothing to the terminal.
    pub fn line(text: &str) {
        Printer::stdout(&plain(text));
    }

    /// A result whose parts have roles.
    pub fn show(text: &Text) {
        let has_colours = Printer::has_colours();
        Printer::result(&text.written(has_colours), has_colours);
    }

    /// A part of a frame, as it is; whether it could be written.
    pub fn draw(bytes: &str) -> bool {
        if bytes.is_empty() {
            return true;
        }
        let mut stdout = AutoStream::new(std::io::stdout().lock(), ColorChoice::Always);
        stdout.write_all(bytes.as_bytes()).and_then(|()| stdout.flush()).is_ok()
    }

    /// Whether nobody reads results any more; that is not always noticed before the next one is written.
    pub fn stdout_is_closed() -> bool {
        sys::pipes::is_closed(&std::io::stdout())
    }

    fn result(text: &str, has_colours: bool) {
        if let Err(error) = write(std::io::stdout().lock(), text, has_colours)
            && error.kind() != ErrorKind::BrokenPipe
        {
            Printer::stderr(&format!("error: the result cannot be written: {error}"));
            STDOUT_FAILED.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a result could not be written. A reader that has had enough does not count.
    pub fn stdout_failed() -> bool {
        STDOUT_FAILED.load(Ordering::Relaxed)
    }

    /// A result as JSON. What a terminal would obey is spelled as an escape, which readers of JSON undo.
    pub fn json(value: &impl Serialize) {
        let json = serde_json::to_string_pretty(value).expect("results have no maps with keys that are not text");
        Printer::stdout(&plain_json(&json));
    }

    /// The same in one line.
    pub fn json_line(value: &serde_json::Value) {
        Printer::stdout(&plain_json(&value.to_string()));
    }

    /// Anything else.
    pub fn stderr(text: &str) {
        Printer::say(&Text::from(text));
    }

    /// The same in parts that have roles.
    pub fn say(text: &Text) {
        let has_colours = MANNER.get().is_some_and(|manner| manner.stderr_has_colours);
        // There is nowhere left to say that stderr is closed.
        let _ = write(std::io::stderr().lock(), &text.written(has_colours), has_colours);
    }

    /// Leaves out notes and warnings from now on.
    pub fn be_quiet() {
        QUIET.store(true, Ordering::Relaxed);
    }

    /// What a person may want to know beside the result.
    pub fn note(text: &str) {
        if !QUIET.load(Ordering::Relaxed) {
            Printer::stderr(text);
        }
    }

    /// A question, and the cursor behind it; written at once, so that no answer stands in it.
    pub fn prompt(question: &str) {
        let question = format!("{} ", plain(question));
        let mut stderr = std::io::stderr().lock();
        // A person who cannot read the question gives no answer.
        let _ = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
    }

    /// Ends the line of a question that got no answer.
    pub fn end_of_prompt() {
        let _ = writeln!(std::io::stderr().lock());
    }

    /// A picture of white blocks beside what is said, where that is a terminal with room for it and for some lines of text.
    /// With colours it is on black, so that the terminal's ground does not matter.
    pub fn picture(draw: impl FnOnce(bool) -> Option<Picture>) {
        const TEXT_BELOW: usize = 4;
        let stderr = std::io::stderr();
        let Some(manner) = MANNER.get().filter(|_| stderr.is_terminal()) else { return };
        let Some((columns, rows)) = terminal_size::terminal_size_of(&stderr) else { return };
        let (columns, rows) = (usize::from(columns.0), usize::from(rows.0));
        let fits = |picture: &Picture| picture.columns < columns && picture.lines.len() + TEXT_BELOW <= rows;
        let Some(picture) = draw(manner.is_unicode).filter(fits) else { return };
        let has_colours = manner.stderr_has_colours;
        let (begin, end) = if has_colours { ("\u{1b}[97;40m", "\u{1b}[0m") } else { ("", "") };
        let lines: Vec<String> = picture.lines.iter().map(|line| format!("{begin}{line}{end}")).collect();
        let _ = write(stderr.lock(), &lines.join("\n"), has_colours);
    }

    /// A failure and what to do.
    pub fn error(error: &Error) {
        error.log_causes();
        let mut text = Text::of(Role::Bad, "error:").and(Role::Text, format!(" {}", plain(&error.message)));
        if let Some(hint) = &error.hint {
            text = text.and(Role::Accent, "\nhint:").and(Role::Text, format!(" {}", plain(hint)));
        }
        Printer::say(&text);
    }

    /// Something to look at.
    pub fn warning(text: &str) {
        if !QUIET.load(Ordering::Relaxed) {
            Printer::say(&Text::of(Role::Warning, "warning:").and(Role::Text, format!(" {text}")));
        }
    }

    /// A warning for each text.
    pub fn warnings(texts: impl IntoIterator<Item = impl AsRef<str>>) {
        texts.into_iter().for_each(|text| Printer::warning(text.as_ref()));
    }

    /// The help, where it was asked for.
    pub fn help(help: &clap::builder::StyledStr) {
        let has_colours = Printer::has_colours();
        Printer::result(&of_clap(help, has_colours), has_colours);
    }

    /// What clap says of a command line that it does not take.
    pub fn misuse(said: &clap::builder::StyledStr) {
        let has_colours = MANNER.get().is_some_and(|manner| manner.stderr_has_colours);
        let _ = write(std::io::stderr().lock(), &of_clap(said, has_colours), has_colours);
    }
}

/// On a console of Windows that knows no sequences, colours are calls.
fn write(stream: impl RawStream + AsLockedWrite, text: &str, has_colours: bool) -> std::io::Result<()> {
    let text = format!("{}\n", text.trim_end_matches('\n'));
    let choice = if has_colours { ColorChoice::Always } else { ColorChoice::AlwaysAnsi };
    let mut stream = AutoStream::new(stream, choice);
    stream.write_all(text.as_bytes()).and_then(|()| stream.flush())
}

/// What clap wrote. It repeats what was typed, so that no sequence is kept but those that set colours.
fn of_clap(text: &clap::builder::StyledStr, has_colours: bool) -> String {
    let line = |line: &str| {
        let mut parts = line.split("\u{1b}[");
        let mut written = plain(parts.next().unwrap_or_default());
        for part in parts {
            let numbers = part.find(|letter: char| !letter.is_ascii_digit() && letter != ';').unwrap_or(part.len());
            match part.split_at(numbers) {
                (numbers, rest) if rest.starts_with('m') => {
                    written.extend(["\u{1b}[", numbers, "m", &plain(&rest[1..])]);
                }
                _ => written.extend(["\u{fffd}[", &plain(part)]),
            }
        }
        written
    };
    let (ansi, bare) = (text.ansi().to_string(), text.to_string());
    if has_colours {
        ansi.split('\n').map(line).collect::<Vec<_>>().join("\n")
    } else {
        bare.split('\n').map(plain).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use clap::builder::StyledStr;

    use super::*;

    #[test]
    fn what_was_typed_is_harmless_when_clap_repeats_it() {
        let said = StyledStr::from("\u{1b}[1munexpected\u{1b}[0m 'a\u{1b}[2Jb\u{202e}\u{7}\u{1b}]0;x'\nhelp");
        assert_eq!(
            of_clap(&said, true),
            "\u{1b}[1munexpected\u{1b}[0m 'a\u{fffd}[2Jb\u{fffd}\u{fffd}\u{fffd}]0;x'\nhelp"
        );
        assert!(!of_clap(&said, false).contains('\u{1b}'));
    }
}
