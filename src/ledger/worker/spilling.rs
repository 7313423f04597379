//! What the thread spills to a file while it cannot write to the ledger, and the spills of others that it reads back.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{HELD, Worker};
use crate::clock;
use crate::ledger::spill::Spill;
use crate::ledger::sums::Sums;
use crate::ledger::{files, read};

/// How often what waits is spilled, in case this process ends.
const BETWEEN_SPILLS: Duration = Duration::from_secs(1);
/// How often others' spills are listed.
const BETWEEN_LOOKS: Duration = Duration::from_secs(30);

/// How often this process began a spill. Where the clock stands still, two of them must not have one key:
/// the second would pass for read back.
static SPILLS: AtomicU64 = AtomicU64::new(1);

/// The last spill of what waits.
pub(super) struct Copied {
    pub(super) key: String,
    generation: u64,
    pub(super) path: PathBuf,
    /// Locked as long as it is open.
    _file: File,
    text: Vec<u8>,
    at: Instant,
}

impl Worker {
    /// Sets down what waits, when that has lasted, or when somebody waits who may be about to end this process.
    pub(super) fn spill(&mut self) {
        let Some(trouble) = &self.waiting.trouble else { return };
        let now = clock::instant();
        let is_due = now.duration_since(trouble.since) >= HELD
            && self.waiting.spill.as_ref().is_none_or(|copied| now.duration_since(copied.at) >= BETWEEN_SPILLS);
        if !is_due && self.waiting.flushes.is_empty() {
            return;
        }
        let text = Spill::of(&self.waiting.pending).text();
        if self.waiting.spill.as_ref().is_some_and(|copied| copied.text == text) {
            return;
        }
        let (key, generation) = match &self.waiting.spill {
            Some(copied) => (copied.key.clone(), copied.generation + 1),
            None => {
                let count = SPILLS.fetch_add(1, Ordering::Relaxed);
                (format!("{}-{}-{count}", self.clock.now().as_millis(), std::process::id()), 1)
            }
        };
        // On a full disk it stays in memory alone.
        if let Ok((path, file)) = files::spill(self.database.path(), &format!("{key}.{generation}"), &text) {
            let copied = Copied { key, generation, path, _file: file, text, at: now };
            if let Some(before) = self.waiting.spill.replace(copied) {
                files::remove(&before.path);
            }
        }
    }

    /// Reads back the spills of processes that have ended. Of several files of one process the last has everything.
    pub(super) fn read_back(&mut self) {
        let now = clock::instant();
        if self.waiting.looked_for_spills.is_some_and(|looked| now.duration_since(looked) < BETWEEN_LOOKS) {
            return;
        }
        self.waiting.looked_for_spills = Some(now);
        let mut last: HashMap<String, (u64, Spill)> = HashMap::new();
        let mut paths: Vec<(String, PathBuf)> = Vec::new();
        for (name, path, text) in files::left_behind(self.database.path()) {
            let Some((key, generation)) = name.split_once('.') else { continue };
            paths.push((key.to_owned(), path));
            let (Ok(generation), Some(spill)) = (generation.parse::<u64>(), Spill::read(&text)) else { continue };
            if last.get(key).is_none_or(|(known, _)| *known < generation) {
                last.insert(key.to_owned(), (generation, spill));
            }
        }
        let today = self.clock.day(self.clock.now());
        let mut left: Vec<(String, Spill)> = last.into_iter().map(|(key, (_, spill))| (key, spill)).collect();
        while let Some((key, spill)) = left.last() {
            let taken = self.database.write(|transaction| {
                let (accounts, purses) = spill.read_back(transaction, key, today)?;
                read::sums(transaction, accounts, purses, today)
            });
            let Ok(sums) = taken else {
                self.waiting.looked_for_spills = None;
                break;
            };
            self.tally.read(today, sums);
            for (_, path) in paths.iter().filter(|(of, _)| of == key) {
                files::remove(path);
            }
            left.pop();
        }
        // A limit holds for it all the same.
        let mut sums = Sums::default();
        for (_, spill) in &left {
            spill.add_to(&mut sums);
        }
        self.tally.left_behind(&sums);
    }
}
