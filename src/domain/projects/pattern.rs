//! A folder with wildcards. What is inside a folder that fits, fits too.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

/// Wildcards stay between two separators; only `**` goes over them. Names of folders differ by case where the system says so.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: !cfg!(any(windows, target_os = "macos")),
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// It begins neither with `~` nor at the root.
    #[error("it begins with neither `~/` nor the root of the file system")]
    NotAbsolute,
    /// `~`, and nobody knows where that is.
    #[error("`~` stands for a home folder, and there is none here")]
    NoHome,
    /// A remote without a host or a path.
    #[error("it is not like `github.com/acme/*`")]
    NotARemote,
    /// A wildcard that cannot be read.
    #[error("{0}")]
    Wildcard(&'static str),
}

/// Parts between separators with wildcards; what is behind parts that fit, fits too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts(Vec<Pattern>);

impl Parts {
    /// # Errors
    ///
    /// [`PatternError::Wildcard`]
    pub(super) fn parse(text: &str) -> Result<Parts, PatternError> {
        let parsed = |text: &str| Pattern::new(text).map_err(|error| PatternError::Wildcard(error.msg));
        // `a/**` is `a` too.
        let without = text.strip_suffix("/**").filter(|rest| !rest.is_empty()).map(parsed);
        Ok(Parts(without.into_iter().chain([parsed(text)]).collect::<Result<_, _>>()?))
    }

    /// Whether `text` or something that it is in fits.
    pub(super) fn cover(&self, text: &str, options: MatchOptions) -> bool {
        // The root is its separator.
        let ends = text.match_indices('/').map(|(at, _)| at.max(1));
        let mut within = ends.chain([text.len()]).map(|end| &text[..end]);
        within.any(|part| self.0.iter().any(|pattern| pattern.matches_with(part, options)))
    }
}

/// The folders that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderPattern {
    text: String,
    /// As it is written, and with the links in it resolved.
    parts: Vec<Parts>,
}

impl FolderPattern {
    /// Reads a pattern; `~` is `home`.
    ///
    /// # Errors
    ///
    /// [`PatternError`]
    pub fn parse(text: &str, home: Option<&Path>) -> Result<FolderPattern, PatternError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(PatternError::Empty);
        }
        let whole = match trimmed.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with(['/', '\\']) => {
                let home = home.ok_or(PatternError::NoHome)?;
                format!("{}{}", Pattern::escape(&slashes(home)), rest.replace('\\', "/"))
            }
            _ if Path::new(trimmed).is_absolute() || trimmed.starts_with('/') => slashes(Path::new(trimmed)),
            _ => return Err(PatternError::NotAbsolute),
        };
        let whole = if whole.len() > 1 { whole.trim_end_matches('/') } else { &whole };
        let whole = if whole.is_empty() { "/" } else { whole };
        Ok(FolderPattern { text: trimmed.to_owned(), parts: vec![Parts::parse(whole)?] })
    }

    /// The same, also for where the links lead that its beginning goes over: `resolve` says where a folder really is.
    #[must_use]
    pub fn resolved(mut self, home: Option<&Path>, resolve: impl FnOnce(&Path) -> Option<PathBuf>) -> FolderPattern {
        let (begin, rest) = self.literal_beginning(home);
        if let Some(real) = resolve(&begin).filter(|real| *real != begin) {
            let begin = Pattern::escape(&slashes(&real));
            let whole = if rest.is_empty() { begin } else { format!("{}/{rest}", begin.trim_end_matches('/')) };
            self.parts.extend(Parts::parse(&whole));
        }
        self
    }

    /// The folders before the first wildcard, and what follows them.
    fn literal_beginning(&self, home: Option<&Path>) -> (PathBuf, String) {
        let slashed = self.text.replace('\\', "/");
        let (mut begin, rest) = match (slashed.strip_prefix('~'), home) {
            (Some(rest), Some(home)) => (home.to_owned(), rest),
            _ => (PathBuf::from("/"), slashed.as_str()),
        };
        let mut names = rest.split('/').filter(|name| !name.is_empty()).peekable();
        while let Some(name) = names.next_if(|name| !name.contains(['*', '?', '['])) {
            begin.push(name);
        }
        (begin, names.collect::<Vec<_>>().join("/"))
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is for `folder`, whose links are resolved.
    pub fn covers(&self, folder: &Path) -> bool {
        let folder = slashes(folder);
        self.parts.iter().any(|parts| parts.cover(&folder, OPTIONS))
    }
}

/// The path with one kind of separators.
fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Result<FolderPattern, PatternError> {
        FolderPattern::parse(text, Some(Path::new("/home/me [1]")))
    }

    #[test]
    fn a_pattern_is_for_folders_and_what_is_in_them() {
        for (text, folder, covers) in [
            ("~/work/**", "/home/me [1]/work", true),
            ("~/work/**", "/home/me [1]/work/a/b", true),
            ("~/work/**", "/home/me [1]/workshop", false),
            ("~/work/**", "/home/me 1/work", false),
            ("~/work", "/home/me [1]/work/a", true),
            ("~/work/", "/home/me [1]/work", true),
            ("~", "/home/me [1]/x", true),
            ("~/clients/*", "/home/me [1]/clients", false),
            ("~/clients/*", "/home/me [1]/clients/acme/src", true),
            ("~/clients/*/secret", "/home/me [1]/clients/acme/secret/src", true),
            ("~/clients/*/secret", "/home/me [1]/clients/acme/x/secret", false),
            ("~/clients/**/secret", "/home/me [1]/clients/acme/x/secret", true),
            ("/srv/[ab]?", "/srv/a1/deep", true),
            ("/srv/[ab]?", "/srv/c1", false),
            ("/srv/.*", "/srv/.hidden", true),
            ("/", "/anything", true),
            ("/**", "/", true),
            ("/**", "/anything", true),
        ] {
            assert_eq!(pattern(text).unwrap().covers(Path::new(folder)), covers, "{text} {folder}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_reason() {
        for (text, why) in [
            ("", "it is empty"),
            ("  ", "it is empty"),
            ("work/**", "it begins with neither `~/` nor the root of the file system"),
            ("./work", "it begins with neither `~/` nor the root of the file system"),
            ("~other/work", "it begins with neither `~/` nor the root of the file system"),
            ("**/work", "it begins with neither `~/` nor the root of the file system"),
            ("~/wo**rk", "recursive wildcards must form a single path component"),
            ("~/work/***", "wildcards are either regular `*` or recursive `**`"),
            ("~/[work", "invalid range pattern"),
        ] {
            assert_eq!(pattern(text).map_err(|error| error.to_string()), Err(why.to_owned()), "{text}");
        }
        assert_eq!(FolderPattern::parse("~/work", None), Err(PatternError::NoHome));
    }

    #[test]
    fn links_in_its_beginning_lead_to_the_same_folders() {
        let home = Some(Path::new("/home/me"));
        for (text, asked, real, folder) in [
            ("~/work/**", "/home/me/work", "/data/work [x]", "/data/work [x]/a"),
            ("~/work/*/src", "/home/me/work", "/data", "/data/a/src/b"),
            ("/w", "/w", "/", "/x"),
        ] {
            let pattern = FolderPattern::parse(text, home).unwrap();
            assert!(!pattern.covers(Path::new(folder)));
            let pattern = pattern.resolved(home, |begin| {
                assert_eq!(begin, Path::new(asked));
                Some(PathBuf::from(real))
            });
            assert!(pattern.covers(Path::new(folder)), "{text}");
            assert_eq!(pattern.text(), text);
        }
    }
}
