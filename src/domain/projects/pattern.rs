//! A folder with wildcards. What is inside a folder that fits, fits too.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

/// Wildcards stay between two separators; only `**` goes over them.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// How a system names folders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// `Work` and `work` are one folder.
    pub ignores_case: bool,
    /// A path begins with a drive or a server, and `\` separates names too.
    pub has_drives: bool,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// It begins neither with `~` nor at the root.
    #[error("it begins with neither `~/` nor the root of the file system")]
    NotAbsolute,
    /// It begins with a variable of a shell.
    #[error("variables are not read here; write `~/` for the home folder")]
    Variable,
    /// `~`, and nobody knows where that is.
    #[error("`~` stands for a home folder, and there is none here")]
    NoHome,
    /// No real path has these names, so it would be for no folder.
    #[error("`.` and `..` stand for no name here; write the folder itself")]
    Detour,
    /// A remote without a host or a path.
    #[error("it is not like `github.com/acme/*`")]
    NotARemote,
    /// `host:port/path`, of which git takes the port for a folder.
    #[error("a port has no place in it; write `host/path`")]
    Port,
    /// An address of the web with a query or a mark.
    #[error("in an address what begins with `?` or `#` is no part of the path; write `host/path`")]
    Query,
    /// What other tools take for several patterns or for its opposite.
    #[error("`{0}` is no wildcard; write one rule for each pattern, and `?` where a name has it")]
    NoWildcard(char),
    /// No folder has such a name.
    #[error("a name in it begins or ends with a space")]
    Space,
    /// A remote whose first name looks like an owner, not like a host.
    #[error("it takes `{host}` for the host; write `github.com/{text}`, or `ssh://{text}` if a host is called so")]
    NoHost {
        /// That name.
        host: String,
        /// The pattern.
        text: String,
    },
    /// A wildcard that cannot be read.
    #[error("{0}")]
    Wildcard(&'static str),
}

/// Refuses what would be taken as it stands and fit nothing. Between brackets everything is meant so.
///
/// # Errors
///
/// [`PatternError::NoWildcard`]
pub(super) fn refuse_lists(text: &str) -> Result<(), PatternError> {
    let (mut rest, mut is_first) = (text, true);
    while let Some(character) = rest.chars().next() {
        if matches!(character, '{' | '}' | ',') || (is_first && character == '!') {
            return Err(PatternError::NoWildcard(character));
        }
        is_first = character == '/';
        // A bracket that follows at once is in the class.
        let end = rest.strip_prefix('[').and_then(|class| class.get(1..)?.find(']')).map(|at| at + "[x]".len());
        rest = &rest[end.unwrap_or(character.len_utf8())..];
    }
    Ok(())
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

impl Naming {
    /// With one kind of separators.
    fn slashed(self, text: &str) -> String {
        if self.has_drives { text.replace('\\', "/") } else { text.to_owned() }
    }

    /// In the form in which names are compared.
    fn compared(self, text: String) -> String {
        if self.ignores_case { text.to_lowercase() } else { text }
    }

    /// What comes before the first separator of a path that begins at a root; `None` for one that does not.
    fn root(self, text: &str) -> Option<&str> {
        let end = text.find('/')?;
        let is_drive = end == 2 && text.as_bytes()[0].is_ascii_alphabetic() && text.as_bytes()[1] == b':';
        match end {
            // A server.
            0 if self.has_drives && text.starts_with("//") => Some(&text[..1]),
            0 => Some(""),
            _ if self.has_drives && is_drive => Some(&text[..2]),
            _ => None,
        }
    }
}

/// The folders that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderPattern {
    text: String,
    naming: Naming,
    /// The folder before the first wildcard.
    begin: String,
    /// What follows it.
    rest: String,
    /// As it is written, and with the links in it resolved.
    parts: Vec<Parts>,
}

impl FolderPattern {
    /// Reads a pattern; `~` is `home`.
    ///
    /// # Errors
    ///
    /// [`PatternError`]
    pub fn parse(text: &str, home: Option<&Path>, naming: Naming) -> Result<FolderPattern, PatternError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(PatternError::Empty);
        }
        let written = naming.slashed(trimmed);
        let (mut begin, names) = match written.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                let home = naming.slashed(&home.ok_or(PatternError::NoHome)?.to_string_lossy());
                (home.trim_end_matches('/').to_owned(), rest)
            }
            _ => {
                let no_root =
                    || if written.starts_with('$') { PatternError::Variable } else { PatternError::NotAbsolute };
                let root = naming.root(&written).ok_or_else(no_root)?;
                (root.to_owned(), &written[root.len()..])
            }
        };
        if names.split('/').any(|name| name == "." || name == "..") {
            return Err(PatternError::Detour);
        }
        refuse_lists(names)?;
        if names.split('/').any(|name| name.trim() != name) {
            return Err(PatternError::Space);
        }
        let mut names = names.split('/').filter(|name| !name.is_empty()).peekable();
        while let Some(name) = names.next_if(|name| !name.contains(['*', '?', '['])) {
            begin.push('/');
            begin.push_str(name);
        }
        let rest = names.collect::<Vec<_>>().join("/");
        let mut pattern = FolderPattern { text: trimmed.to_owned(), naming, begin, rest, parts: Vec::new() };
        pattern.parts.push(pattern.parts_behind(&pattern.begin)?);
        Ok(pattern)
    }

    /// The same, also for where the links lead that its beginning goes over: `resolve` says where a folder really is.
    #[must_use]
    pub fn resolved(mut self, resolve: impl FnOnce(&Path) -> Option<PathBuf>) -> FolderPattern {
        let begin = if self.begin.is_empty() { "/" } else { &self.begin };
        if let Some(real) = resolve(Path::new(begin)).filter(|real| real != Path::new(begin)) {
            let real = self.naming.slashed(&real.to_string_lossy());
            self.parts.extend(self.parts_behind(&real));
        }
        self
    }

    /// The pattern with another beginning.
    fn parts_behind(&self, begin: &str) -> Result<Parts, PatternError> {
        let begin = Pattern::escape(begin.trim_end_matches('/'));
        let whole = if self.rest.is_empty() && !begin.is_empty() { begin } else { format!("{begin}/{}", self.rest) };
        Parts::parse(&self.naming.compared(whole))
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The folder before the first wildcard, where it is one and the same everywhere: what begins at the root alone is for every
    /// drive.
    pub fn beginning(&self) -> Option<&Path> {
        let has_no_drive = self.naming.has_drives && self.begin.starts_with('/') && !self.begin.starts_with("//");
        (!self.begin.is_empty() && !has_no_drive).then(|| Path::new(&self.begin))
    }

    /// The folder for all of whose content it is and not for itself, as it is written: `~/work` of `~/work/*`.
    pub(super) fn folder_of_all(&self) -> Option<&str> {
        self.text.strip_suffix("/*").filter(|folder| !folder.is_empty() && !folder.ends_with("**"))
    }

    /// Whether it is written for this folder.
    pub(super) fn names(&self, folder: &str) -> bool {
        self.text.strip_suffix("/**").unwrap_or(&self.text).trim_end_matches('/') == folder
    }

    /// Whether it is for every folder that `other` is for, as far as that can be told without a file system.
    pub(super) fn is_around(&self, other: &FolderPattern) -> bool {
        self.covers(Path::new(if other.begin.is_empty() { "/" } else { &other.begin }))
    }

    /// Whether it is for `folder`, whose links are resolved.
    pub fn covers(&self, folder: &Path) -> bool {
        let folder = self.naming.compared(self.naming.slashed(&folder.to_string_lossy()));
        // What begins at the root alone is for every drive.
        let drive = self.naming.root(&folder).filter(|root| root.ends_with(':')).map_or(0, str::len);
        let covers = |folder: &str| self.parts.iter().any(|parts| parts.cover(folder, OPTIONS));
        covers(&folder) || (drive > 0 && covers(&folder[drive..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIX: Naming = Naming { ignores_case: false, has_drives: false };
    const MACOS: Naming = Naming { ignores_case: true, has_drives: false };
    const WINDOWS: Naming = Naming { ignores_case: true, has_drives: true };

    fn pattern(text: &str) -> Result<FolderPattern, PatternError> {
        FolderPattern::parse(text, Some(Path::new("/home/me [1]")), UNIX)
    }

    #[test]
    fn a_pattern_is_for_folders_and_what_is_in_them() {
        for (text, folder, covers) in [
            ("~/work/**", "/home/me [1]/work", true),
            ("~/work/**", "/home/me [1]/work/a/b", true),
            ("~/work/**", "/home/me [1]/workshop", false),
            ("~/work/**", "/home/me [1]/Work", false),
            ("~/work/**", "/home/me 1/work", false),
            ("~/work", "/home/me [1]/work/a", true),
            ("~/work/", "/home/me [1]/work", true),
            ("~//work//site/", "/home/me [1]/work/site", true),
            ("~", "/home/me [1]/x", true),
            ("~/clients/*", "/home/me [1]/clients", false),
            ("~/clients/*", "/home/me [1]/clients/acme/src", true),
            ("~/clients/*/secret", "/home/me [1]/clients/acme/secret/src", true),
            ("~/clients/*/secret", "/home/me [1]/clients/acme/x/secret", false),
            ("~/clients/**/secret", "/home/me [1]/clients/acme/x/secret", true),
            ("/srv/[ab]?", "/srv/a1/deep", true),
            ("/srv/[ab]?", "/srv/c1", false),
            ("/srv/.*", "/srv/.hidden", true),
            ("/srv/Acme[,] Inc", "/srv/Acme, Inc/x", true),
            ("/srv/Acme? Inc", "/srv/Acme, Inc/x", true),
            ("/srv/[!,]x/hey!", "/srv/ax/hey!", true),
            ("/srv/[]{]x", "/srv/{x", true),
            (r"/srv/a\b", r"/srv/a\b/c", true),
            (r"/srv/a\b", "/srv/a/b/c", false),
            ("/", "/anything", true),
            ("/**", "/", true),
            ("/**", "/anything", true),
        ] {
            assert_eq!(pattern(text).unwrap().covers(Path::new(folder)), covers, "{text} {folder}");
        }
    }

    #[test]
    fn each_system_names_folders_in_its_own_way() {
        let home = Path::new(r"C:\Users\Me");
        for (naming, text, folder, covers) in [
            (MACOS, "/Users/me/Work/**", "/users/ME/work/a", true),
            (MACOS, "/Users/me/ÄRGER", "/Users/me/ärger/x", true),
            (MACOS, "/Users/me/work", "/Users/me/workshop", false),
            (WINDOWS, "~/work/**", r"c:\users\me\Work\site", true),
            (WINDOWS, r"~\work\**", r"C:\Users\Me\work", true),
            (WINDOWS, r"D:\clients\*", r"d:\Clients\acme\src", true),
            (WINDOWS, "D:/clients/*", r"D:\clients\acme\src", true),
            (WINDOWS, r"D:\clients\*", r"C:\clients\acme", false),
            (WINDOWS, "/clients/**", r"D:\clients\acme", true),
            (WINDOWS, "/clients/**", r"D:\x\clients\acme", false),
            (WINDOWS, "/**", r"D:\x", true),
            (WINDOWS, "/**", r"\\server\share\x", true),
            (WINDOWS, r"\\server\share\**", r"\\Server\share\x", true),
            (WINDOWS, r"\\server\share\**", r"\\other\share\x", false),
        ] {
            let pattern = FolderPattern::parse(text, Some(home), naming).unwrap();
            assert_eq!(pattern.covers(Path::new(folder)), covers, "{text} {folder}");
        }
        for (naming, text) in
            [(WINDOWS, "work"), (WINDOWS, "C:work"), (WINDOWS, r"C:"), (UNIX, r"~\work"), (UNIX, "C:/x")]
        {
            assert_eq!(FolderPattern::parse(text, Some(home), naming), Err(PatternError::NotAbsolute), "{text}");
        }
    }

    #[test]
    fn a_pattern_begins_at_a_folder() {
        for (naming, text, begin) in [
            (UNIX, "~/work/**", Some("/home/me/work")),
            (UNIX, "/work/*/a", Some("/work")),
            (UNIX, "~", Some("/home/me")),
            (UNIX, "/**", None),
            (WINDOWS, "/work", None),
            (WINDOWS, r"D:\work\**", Some("D:/work")),
        ] {
            let pattern = FolderPattern::parse(text, Some(Path::new("/home/me")), naming).unwrap();
            assert_eq!(pattern.beginning(), begin.map(Path::new), "{text}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_reason() {
        const NOT_ABSOLUTE: &str = "it begins with neither `~/` nor the root of the file system";
        const DETOUR: &str = "`.` and `..` stand for no name here; write the folder itself";
        const LIST: &str = "`{` is no wildcard; write one rule for each pattern, and `?` where a name has it";
        for (text, why) in [
            ("", "it is empty"),
            ("  ", "it is empty"),
            ("work/**", NOT_ABSOLUTE),
            ("./work", NOT_ABSOLUTE),
            ("~other/work", NOT_ABSOLUTE),
            ("**/work", NOT_ABSOLUTE),
            ("~/work/../private", DETOUR),
            ("/srv/./x", DETOUR),
            ("~/{company,work}/**", LIST),
            (
                "~/company/*,~/work/*",
                "`,` is no wildcard; write one rule for each pattern, and `?` where a name has it",
            ),
            ("~/work/!old", "`!` is no wildcard; write one rule for each pattern, and `?` where a name has it"),
            ("~/work /**", "a name in it begins or ends with a space"),
            ("~/wo**rk", "recursive wildcards must form a single path component"),
            ("~/work/***", "wildcards are either regular `*` or recursive `**`"),
            ("~/[work", "invalid range pattern"),
        ] {
            assert_eq!(pattern(text).map_err(|error| error.to_string()), Err(why.to_owned()), "{text}");
        }
        assert_eq!(FolderPattern::parse("~/work", None, UNIX), Err(PatternError::NoHome));
    }

    #[test]
    fn links_in_its_beginning_lead_to_the_same_folders() {
        let home = Some(Path::new("/home/me"));
        for (text, asked, real, folder) in [
            ("~/work/**", "/home/me/work", "/data/work [x]", "/data/work [x]/a"),
            ("~/work/*/src", "/home/me/work", "/data", "/data/a/src/b"),
            ("~", "/home/me", "/data/me", "/data/me/x"),
            ("/w", "/w", "/", "/x"),
        ] {
            let pattern = FolderPattern::parse(text, home, UNIX).unwrap();
            assert!(!pattern.covers(Path::new(folder)));
            let pattern = pattern.resolved(|begin| {
                assert_eq!(begin, Path::new(asked));
                Some(PathBuf::from(real))
            });
            assert!(pattern.covers(Path::new(folder)), "{text}");
            assert_eq!(pattern.text(), text);
        }
    }
}
