//! bash: it splits words at `:` and `=`, hands them over as they were typed, and inserts what it gets back as it is.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap::Command;

use super::quoting::{Open, quoted, unquoted};
use super::shell::{Shell, VARIABLE, candidates};

/// The shell.
pub const BASH: Shell = Shell { name: "bash", script: SCRIPT, quoted: |path| quoted(path, Open::Single), lines };

/// What bash passes on of itself: which word the cursor is in, the line before the cursor, and where it splits words.
const SCRIPT: &str = r#"_complete_NAME() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(
        VARIABLE=bash VARIABLE_INDEX="$COMP_CWORD" VARIABLE_LINE="${COMP_LINE:0:${COMP_POINT:-0}}" \
            VARIABLE_BREAKS="$COMP_WORDBREAKS" COMPLETER -- "${COMP_WORDS[@]}" 2>/dev/null
    )
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o nosort -F _complete_NAME COMMAND 2>/dev/null || complete -F _complete_NAME COMMAND
"#;

#[expect(clippy::disallowed_methods, reason = "the shell's own variables, which only its script sets")]
fn lines(command: &mut Command, words: &[OsString], folder: Option<&Path>) -> io::Result<Vec<String>> {
    let variable = |what: &str| std::env::var(format!("{VARIABLE}_{what}")).unwrap_or_default();
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let index = variable("INDEX").parse().unwrap_or(words.len().saturating_sub(1));
    let breaks = variable("BREAKS");
    let typed = Typed::of(&words, index, &variable("LINE"), if breaks.is_empty() { "=:" } else { &breaks });
    let last = typed.words.len() - 1;
    let before = unquoted(&typed.before).0;
    let found = candidates(command, typed.words.iter().map(OsString::from).collect(), last, folder)?;
    // bash replaces only what stands behind the last place where it split.
    let rests = found.iter().filter_map(|(value, _)| value.strip_prefix(&before));
    Ok(rests.map(|rest| quoted(rest, typed.open)).collect())
}

/// The command line up to the cursor.
#[derive(Debug, PartialEq)]
struct Typed {
    /// The words as the program would get them, the last one unfinished.
    words: Vec<String>,
    /// What of the last one stands before the piece that bash replaces, as it was typed.
    before: String,
    /// The quotes that are open at the cursor.
    open: Open,
}

impl Typed {
    /// Puts together what bash split. `line` is empty where only the words are known; then a piece of nothing but breaks
    /// belongs to its neighbours.
    fn of(pieces: &[String], index: usize, line: &str, breaks: &str) -> Typed {
        let pieces = &pieces[..pieces.len().min(index + 1)];
        let is_break = |piece: &str| {
            !piece.is_empty() && piece.chars().all(|letter| breaks.contains(letter) && !" \t\n'\"".contains(letter))
        };
        let mut rest = Some(line).filter(|line| !line.is_empty());
        let mut raw: Vec<String> = Vec::new();
        let mut before = String::new();
        for (at, piece) in pieces.iter().enumerate() {
            let is_current = at == index;
            let mut piece = piece.as_str();
            let mut is_attached = at > 0 && (is_break(piece) || is_break(&pieces[at - 1]));
            if let Some(line) = rest {
                let trimmed = line.trim_start_matches([' ', '\t', '\n']);
                is_attached = at > 0 && trimmed.len() == line.len();
                if let Some(left) = trimmed.strip_prefix(piece) {
                    rest = Some(left);
                } else if is_current {
                    // The cursor is in the middle of the word.
                    piece = trimmed;
                } else {
                    rest = None;
                }
                // A new word begins, of which nothing is typed.
                is_attached &= !(piece.is_empty() && line.ends_with([' ', '\t', '\n']));
            } else if piece.is_empty() && at > 0 && !is_break(&pieces[at - 1]) {
                is_attached = false;
            }
            match raw.last_mut().filter(|_| is_attached) {
                Some(word) => {
                    if is_current {
                        before.clone_from(word);
                    }
                    word.push_str(piece);
                }
                None => raw.push(piece.to_owned()),
            }
            // Behind a break bash begins with nothing.
            if is_current && is_break(piece) {
                before = raw.last().cloned().unwrap_or_default();
            }
        }
        let open = raw.last().map_or(Open::No, |word| unquoted(word).1);
        let words: Vec<String> = raw.iter().map(|word| unquoted(word).0).collect();
        Typed { words: if words.is_empty() { vec![String::new()] } else { words }, before, open }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKS: &str = " \t\n\"'><=;|&(:";

    #[track_caller]
    fn check(pieces: &[&str], line: &str, words: &[&str], before: &str, open: Open) {
        let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let expected = Typed { words, before: before.to_owned(), open };
        for line in [line, ""] {
            assert_eq!(Typed::of(&pieces, pieces.len() - 1, line, BREAKS), expected, "{line:?}");
        }
    }

    #[test]
    fn what_bash_split_is_put_together_with_the_line_and_without() {
        check(&["cam", "sh"], "cam sh", &["cam", "sh"], "", Open::No);
        check(&["cam", ""], "cam ", &["cam", ""], "", Open::No);
        check(&["cam", "show", "a", ":", "b"], "cam show a:b", &["cam", "show", "a:b"], "a:", Open::No);
        check(&["cam", "show", "a", ":"], "cam show a:", &["cam", "show", "a:"], "a:", Open::No);
        check(
            &["cam", "run", "--strategy", "="],
            "cam run --strategy=",
            &["cam", "run", "--strategy="],
            "--strategy=",
            Open::No,
        );
        check(&["cam", "show", r"my\ w"], r"cam show my\ w", &["cam", "show", "my w"], "", Open::No);
        check(&["cam", "show", "\"my w"], "cam show \"my w", &["cam", "show", "my w"], "", Open::Double);
        check(&["cam", "show", "'a:b"], "cam show 'a:b", &["cam", "show", "a:b"], "", Open::Single);
    }

    #[test]
    fn the_word_ends_at_the_cursor() {
        let pieces = ["cam", "show", "work"].map(str::to_owned);
        let typed = Typed::of(&pieces, 2, "cam show wo", BREAKS);
        assert_eq!(typed.words, ["cam", "show", "wo"]);
        let typed = Typed::of(&pieces, 1, "cam sh", BREAKS);
        assert_eq!(typed.words, ["cam", "sh"]);
    }
}
