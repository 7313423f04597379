//! The one place that writes to the terminal.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::error::Error;
use crate::wording::plain;

/// A result that could not be written makes the whole command fail.
static STDOUT_FAILED: AtomicBool = AtomicBool::new(false);

/// Writes results to stdout and everything else to stderr.
pub struct Printer;

impl Printer {
    /// A result, with a newline at its end.
    pub fn stdout(text: &str) {
        let mut stdout = std::io::stdout().lock();
        let written = writeln!(stdout, "{}", text.trim_end_matches('\n')).and_then(|()| stdout.flush());
        if let Err(error) = written
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

    /// A result as JSON.
    pub fn json(value: &impl Serialize) {
        Printer::stdout(
            &serde_json::to_string_pretty(value).expect("results have no maps with keys that are not text"),
        );
    }

    /// Anything else.
    pub fn stderr(text: &str) {
        // There is nowhere left to say that stderr is closed.
        let lines: Vec<String> = text.trim_end_matches('\n').split('\n').map(plain).collect();
        let _ = writeln!(std::io::stderr().lock(), "{}", lines.join("\n"));
    }

    /// A failure and what to do.
    pub fn error(error: &Error) {
        let hint = error.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        Printer::stderr(&format!("error: {error}{hint}"));
    }

    /// Something to look at.
    pub fn warning(text: &str) {
        Printer::stderr(&format!("warning: {text}"));
    }
}

/// No column is padded further.
const WIDEST: usize = 1000;

/// Columns wide enough for their cells; the last one is not padded.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    columns(header, rows, &[])
}

/// The same with columns of numbers, which end where their headers end.
pub fn columns(header: &[&str], rows: &[Vec<String>], numbers: &[&str]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    // A character may take two columns of a terminal, or none.
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width());
        cells.max().unwrap_or_default().max(header[column].width()).min(WIDEST)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).zip(header).map(|((cell, width), name)| {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            if numbers.contains(name) { format!("{space}{cell}") } else { format!("{cell}{space}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(header.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_what_a_terminal_shows() {
        let rows = [
            ["plain", "1", "x"],
            ["仕事用", "22", "x"],
            ["cafe\u{301}", "333", "x"],
            ["עבודה", "4", "x"],
            ["👍", "5", "x"],
            ["a\tb", "6", "x"],
        ];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        let expected = [
            "LABEL     N  LAST",
            "plain     1  x",
            "仕事用   22  x",
            "cafe\u{301}    333  x",
            "עבודה     4  x",
            "👍        5  x",
            "a\u{fffd}b       6  x",
        ];
        assert_eq!(columns(&["LABEL", "N", "LAST"], &rows, &["N"]), expected.join("\n"));
    }
}
