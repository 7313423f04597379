//! `config.toml` as it was read: once, for the layer of its keys and for its rules of projects.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml_edit::Document;

use super::file;
use super::toml_value::{line_of, of_error};
use crate::domain::time::Timestamp;
use crate::files::{RACY, Stamp};

/// The file, or why there is none of it.
pub struct TomlFile {
    path: PathBuf,
    pub content: Content,
    /// What it was before it was read, and after.
    stamps: [Option<Stamp>; 2],
}

/// What was found.
pub enum Content {
    /// There is no file.
    Missing,
    /// It cannot be read: the reason, and what can be made out of its text all the same; `None` where that may be anything.
    Unreadable { why: String, text: Option<String> },
    /// Text that is not TOML: the line, and what is wrong there.
    Broken { text: String, line: usize, why: String },
    /// TOML.
    Good(Document<String>),
}

impl TomlFile {
    pub fn read(path: &Path) -> TomlFile {
        let before = Stamp::at(path);
        let content = match file::read(path) {
            Err(error) => Content::Unreadable { why: error.to_string(), text: file::remains(path) },
            Ok(None) => Content::Missing,
            Ok(Some(file::Text { text, .. })) => match Document::parse(text.clone()) {
                Ok(document) => Content::Good(document),
                Err(error) => {
                    let (line, why) = of_error(&text, &error);
                    Content::Broken { text, line, why }
                }
            },
        };
        TomlFile { path: path.to_owned(), content, stamps: [before, Stamp::at(path)] }
    }

    /// Whether nobody was writing it at `now`, as far as one can tell. Else it may be the beginning of what it will be.
    pub fn is_at_rest(&self, now: Timestamp) -> bool {
        self.has_stood(RACY, now)
    }

    /// Whether it had been as it is for that long at `now`, by its times.
    pub fn has_stood(&self, length: Duration, now: Timestamp) -> bool {
        let [before, after] = &self.stamps;
        before == after && after.is_none_or(|stamp| stamp.has_stood(length, now.since_1970()))
    }

    /// What it was after it was read; `None` when there was none.
    pub fn stamp(&self) -> Option<Stamp> {
        self.stamps[1]
    }

    /// Whether nothing stands in it, as in one that was emptied to be written, or that a full disk has no room for.
    pub fn is_blank(&self) -> bool {
        matches!(&self.content, Content::Good(document) if document.raw().trim().is_empty())
    }

    /// What it says; `None` where that cannot be read, or nothing stands in it.
    pub fn said(&self) -> Option<&Document<String>> {
        match &self.content {
            Content::Good(document) if !self.is_blank() => Some(document),
            _ => None,
        }
    }

    /// The same, of which nobody can tell yet what it says.
    pub fn unread(self, why: String) -> TomlFile {
        let text = match &self.content {
            Content::Good(document) => document.raw().to_owned(),
            _ => String::new(),
        };
        TomlFile { content: Content::Unreadable { why, text: Some(text) }, ..self }
    }

    /// The folder that it is in.
    pub fn folder(&self) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).to_owned()
    }

    /// The file's name, for messages.
    pub fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// The file's name and a line of it.
    pub fn place_of_line(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }

    /// The file's name and the line where `span` begins.
    pub fn place_of(&self, span: Option<Range<usize>>) -> String {
        match &self.content {
            Content::Good(document) => self.place_of_line(line_of(document.raw(), span.unwrap_or_default().start)),
            _ => self.place(),
        }
    }
}
