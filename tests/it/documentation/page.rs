//! A page of Markdown: its fenced blocks, its links and the anchors of its headings.

use std::path::{Path, PathBuf};

/// The folders whose pages are read, beside the root.
const FOLDERS: [&str; 3] = ["", "docs", "clients"];

/// One page.
pub struct Page {
    /// Its path in the repository, with `/`.
    pub name: String,
    pub text: String,
}

/// A fenced block.
pub struct Block {
    pub page: String,
    /// The line of its fence, 1-based.
    pub line: usize,
    pub language: String,
    pub text: String,
}

/// The repository.
pub fn source() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

impl Page {
    /// The page of that name.
    #[track_caller]
    pub fn read(name: &str) -> Page {
        let text = std::fs::read_to_string(source().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Page { name: name.to_owned(), text }
    }

    /// Every page that people read: those at the root, in `docs/`, and the README of each client.
    pub fn all() -> Vec<Page> {
        let mut names = Vec::new();
        for folder in FOLDERS {
            for entry in std::fs::read_dir(source().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                let readme = path.join("README.md");
                let page = if folder == "clients" { readme } else { path };
                if page.is_file() && page.extension().is_some_and(|extension| extension == "md") {
                    names.push(page.strip_prefix(source()).unwrap().display().to_string());
                }
            }
        }
        names.sort();
        names.iter().map(|name| Page::read(name)).collect()
    }

    /// The path of what this page calls `link`, from the repository's root.
    pub fn beside(&self, link: &str) -> String {
        let mut parts: Vec<&str> = self.name.split('/').collect();
        parts.pop();
        for part in link.split('/') {
            match part {
                "." | "" => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        Path::new(&parts.join("/")).display().to_string()
    }

    /// Its fenced blocks, in order.
    #[track_caller]
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut open: Option<(usize, Block)> = None;
        for (number, line) in self.text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            match (&mut open, line.trim_start().strip_prefix("```")) {
                (None, Some(language)) => {
                    let (page, language) = (self.name.clone(), language.trim().to_owned());
                    open = Some((indent, Block { page, line: number + 1, language, text: String::new() }));
                }
                (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
                (Some((indent, block)), None) => {
                    block.text.push_str(line.get(*indent..).unwrap_or_default());
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block has no end", self.name);
        blocks
    }

    /// The lines outside fenced blocks.
    fn prose(&self) -> impl Iterator<Item = &str> {
        let mut in_block = false;
        self.text.lines().filter(move |line| {
            let is_fence = line.trim_start().starts_with("```");
            in_block ^= is_fence;
            !in_block && !is_fence
        })
    }

    /// The targets of its links and pictures.
    pub fn links(&self) -> Vec<String> {
        let targets = self.prose().flat_map(|line| line.split("](").skip(1));
        targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
    }

    /// The anchors of its headings, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let headings =
            self.prose().filter_map(|line| Some(line.trim_start_matches('#').trim()).filter(|_| line.starts_with('#')));
        let kept = |letter: char| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            letter => letter.is_alphanumeric().then_some(letter),
        };
        headings.map(|heading| heading.to_lowercase().chars().filter_map(kept).collect()).collect()
    }
}
