//! `config.toml` as it was read: once, for the layer of its keys and for its rules of projects.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::Document;

use super::file;
use super::toml_value::{line_of, of_error};

/// The file, or why there is none of it.
pub struct TomlFile {
    path: PathBuf,
    pub content: Content,
}

/// What was found.
pub enum Content {
    /// There is no file.
    Missing,
    /// It cannot be read, with the reason.
    Unreadable(String),
    /// Text that is not TOML: the line, and what is wrong there.
    Broken { text: String, line: usize, why: String },
    /// TOML.
    Good(Document<String>),
}

impl TomlFile {
    pub fn read(path: &Path) -> TomlFile {
        let content = match file::read(path) {
            Err(error) => Content::Unreadable(error.to_string()),
            Ok(None) => Content::Missing,
            Ok(Some(file::Text { text, .. })) => match Document::parse(text.clone()) {
                Ok(document) => Content::Good(document),
                Err(error) => {
                    let (line, why) = of_error(&text, &error);
                    Content::Broken { text, line, why }
                }
            },
        };
        TomlFile { path: path.to_owned(), content }
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
