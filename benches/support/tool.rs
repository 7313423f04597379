//! Programs that count what another one does.
#![expect(clippy::disallowed_methods, reason = "the tools write their counts into files")]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::system;

/// Counts by name; what is counted is their sum.
pub type Counts = BTreeMap<String, f64>;

/// Such a program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Counts instructions in user space, by valgrind.
    Callgrind,
    /// Counts system calls.
    Strace,
}

impl Tool {
    /// The package of Debian that it comes in.
    pub fn package(self) -> &'static str {
        match self {
            Tool::Callgrind => "valgrind",
            Tool::Strace => "strace",
        }
    }

    /// Whether it runs here.
    pub fn is_there(self) -> bool {
        let status = system::program(self.package()).arg("--version").stdout(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// The words to put before a command, so that its counts are in `file` when it has ended.
    pub fn words(self, file: &Path) -> Vec<String> {
        let file = file.display();
        match self {
            Tool::Callgrind => {
                vec!["valgrind".to_owned(), "--tool=callgrind".to_owned(), format!("--callgrind-out-file={file}")]
            }
            // The tracer steps aside (`-D`), so that the process that is spawned is the one that is traced.
            Tool::Strace => {
                ["strace", "-D", "-f", "-c", "-o"].map(str::to_owned).into_iter().chain([file.to_string()]).collect()
            }
        }
    }

    /// The counts, once they are there: strace may end a little later than what it traced.
    pub fn counts(self, file: &Path) -> io::Result<Counts> {
        for _ in 0..500 {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let counts = match self {
                Tool::Callgrind => instructions(&text),
                Tool::Strace => calls(&text),
            };
            if let Some(counts) = counts {
                return Ok(counts);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(io::Error::other(format!("{} left no counts", self.package())))
    }
}

fn instructions(text: &str) -> Option<Counts> {
    let total = text.lines().find_map(|line| line.strip_prefix("summary: ").or_else(|| line.strip_prefix("totals: ")));
    let total = total?.split_whitespace().next()?.parse().ok()?;
    Some(Counts::from([("instructions".to_owned(), total)]))
}

/// Lines such as ` 42.86    0.000003           3         1         1 access`, where the number of errors may be missing.
fn calls(text: &str) -> Option<Counts> {
    let mut counts = Counts::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [_, _, _, calls, .., name] = words[..] {
            if name == "total" {
                return Some(counts);
            }
            if let Ok(calls) = calls.parse() {
                counts.insert(name.to_owned(), calls);
            }
        }
    }
    None
}
