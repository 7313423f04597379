//! The address that a person pastes while a login waits for the browser. A line is read when there is one, so that a process in the
//! background is not stopped for it.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::sys::terminal;

/// The lines of one paste come together; what follows later is another one.
const QUIET: Duration = Duration::from_millis(300);

/// A program that never stops writing is not read to its end.
const MOST: usize = 64 * 1024;

/// What comes in on stdin.
pub struct Pasted {
    incoming: UnboundedReceiver<Vec<u8>>,
    collected: Vec<u8>,
    is_over: bool,
}

impl Pasted {
    /// Begins to read.
    pub fn from_stdin() -> Pasted {
        let (sender, incoming) = unbounded_channel();
        // It may wait for ever; the end of the process ends it.
        std::thread::spawn(move || terminal::read_in_front(|bytes| sender.send(bytes).is_ok()));
        Pasted { incoming, collected: Vec::new(), is_over: false }
    }

    /// The next paste, in the texts to try, the likeliest first: each line, and all lines as one. Never, once stdin has ended.
    pub async fn next(&mut self) -> Vec<String> {
        loop {
            let more = match self.collected.is_empty() {
                _ if self.is_over => None,
                true => self.incoming.recv().await,
                false => match tokio::time::timeout(QUIET, self.incoming.recv()).await {
                    Ok(more) => more,
                    // A line that has no end yet is waited for.
                    Err(_) if !self.collected.ends_with(b"\n") => self.incoming.recv().await,
                    Err(_) => Some(Vec::new()),
                },
            };
            let is_whole = more.as_ref().is_none_or(Vec::is_empty);
            self.is_over |= more.is_none();
            self.collected.extend(more.unwrap_or_default());
            if self.collected.len() > MOST {
                self.is_over = true;
                self.collected.clear();
            }
            if is_whole {
                let texts = texts(&String::from_utf8_lossy(&std::mem::take(&mut self.collected)));
                if !texts.is_empty() {
                    return texts;
                }
                if self.is_over {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// Each line that is not empty, and then all of them as one: a terminal breaks a long address.
fn texts(pasted: &str) -> Vec<String> {
    let lines: Vec<&str> = pasted.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let whole = (lines.len() > 1).then(|| lines.concat());
    lines.iter().map(|line| (*line).to_owned()).chain(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_tried_line_by_line_and_joined() {
        for (pasted, expected) in [
            ("", &[][..]),
            ("\n\r\n", &[]),
            ("http://x?a=b\n", &["http://x?a=b"]),
            ("http://x?a\n=b \n", &["http://x?a", "=b", "http://x?a=b"]),
        ] {
            assert_eq!(texts(pasted), expected, "{pasted:?}");
        }
    }

    #[tokio::test]
    async fn the_lines_of_one_paste_are_one_and_the_end_is_silence() {
        let (sender, incoming) = unbounded_channel();
        let mut pasted = Pasted { incoming, collected: Vec::new(), is_over: false };
        for part in ["\n", "http://x?a", "\n", "=b"] {
            sender.send(part.as_bytes().to_vec()).unwrap();
        }
        drop(sender);
        assert_eq!(pasted.next().await, ["http://x?a", "=b", "http://x?a=b"]);
        assert!(tokio::time::timeout(Duration::from_millis(1), pasted.next()).await.is_err());
    }
}
