//! Programs that start Codex out of a package: `npx @openai/codex`, `pnpm dlx @openai/codex` and the like. Where their own
//! words end and Codex's begin is read from their command line.

use super::codex;

/// Programs of this kind, by the names they are started with.
pub const LAUNCHERS: [&str; 7] = ["npx", "npm", "pnpx", "pnpm", "bunx", "bun", "yarn"];

/// Their subcommands that run a program of a package.
const SUBCOMMANDS: [&str; 3] = ["exec", "x", "dlx"];

/// Options of theirs whose value is a word of its own.
const WITH_A_VALUE: [&str; 13] = [
    "-p",
    "--package",
    "-w",
    "--workspace",
    "-C",
    "--dir",
    "--cwd",
    "--prefix",
    "--registry",
    "--cache",
    "--userconfig",
    "--loglevel",
    "--filter",
];

/// The words with `flags` in front of Codex's own; `None` when they do not start Codex.
pub fn with_flags(words: &[String], flags: &[String]) -> Option<Vec<String>> {
    let at = codexs_own(words)?;
    let mut adapted = words[..at].to_vec();
    // `npm exec` reads options behind the package too, up to this word.
    if is_npm_exec(words) && !adapted.iter().any(|word| word == "--") {
        adapted.push("--".to_owned());
    }
    adapted.extend_from_slice(flags);
    adapted.extend_from_slice(&words[at..]);
    Some(adapted)
}

/// Whether these words start Codex through a launcher's shell, where no place for flags can be found.
pub fn hides_codex(words: &[String]) -> bool {
    let is_launcher = words.first().is_some_and(|program| LAUNCHERS.contains(&codex::stem(program).as_str()));
    let calls = words.windows(2).any(|pair| matches!(pair[0].as_str(), "-c" | "--call") && pair[1].contains("codex"));
    is_launcher
        && (calls || words.iter().any(|word| word.starts_with("--call=") && word.contains("codex")))
        && codexs_own(words).is_none()
}

/// Where Codex's own arguments begin.
fn codexs_own(words: &[String]) -> Option<usize> {
    let program = codex::stem(words.first()?);
    if !LAUNCHERS.contains(&program.as_str()) {
        return None;
    }
    let mut needs_subcommand = matches!(program.as_str(), "npm" | "pnpm" | "bun" | "yarn");
    let mut at = 1;
    while let Some(word) = words.get(at) {
        at += 1;
        if word == "--" {
            continue;
        }
        if word.starts_with('-') {
            // Behind this is a line for a shell.
            if matches!(word.as_str(), "-c" | "--call") || word.starts_with("--call=") {
                return None;
            }
            at += usize::from(WITH_A_VALUE.contains(&word.as_str()));
        } else if needs_subcommand && SUBCOMMANDS.contains(&word.as_str()) {
            needs_subcommand = false;
        } else if is_codex_package(word) && (!needs_subcommand || runs_without_subcommand(&program)) {
            // `npm exec PACKAGE -- ARGUMENTS`.
            let separated = is_npm_exec(words) && words.get(at).is_some_and(|next| next == "--");
            return Some(at + usize::from(separated));
        } else {
            return None;
        }
    }
    None
}

/// `yarn codex` and `pnpm codex` run what a project has installed.
fn runs_without_subcommand(program: &str) -> bool {
    matches!(program, "yarn" | "pnpm")
}

fn is_npm_exec(words: &[String]) -> bool {
    words.first().is_some_and(|program| codex::stem(program) == "npm")
}

/// `codex`, `@openai/codex`, `@openai/codex@latest`.
fn is_codex_package(word: &str) -> bool {
    let name = word.strip_prefix("@openai/").unwrap_or(word);
    name.split_once('@').map_or(name, |(name, _)| name) == "codex"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn flags_stand_in_front_of_codexs_own_words() {
        for (line, expected) in [
            ("npx codex", Some("npx codex F")),
            ("npx codex exec hi", Some("npx codex F exec hi")),
            (
                "/usr/bin/npx -y @openai/codex@latest exec -m x",
                Some("/usr/bin/npx -y @openai/codex@latest F exec -m x"),
            ),
            (
                "npx --package @openai/codex@0.171.0 codex exec",
                Some("npx --package @openai/codex@0.171.0 codex F exec"),
            ),
            ("npx -p @openai/codex -- codex exec", Some("npx -p @openai/codex -- codex F exec")),
            ("npx --package=@openai/codex codex", Some("npx --package=@openai/codex codex F")),
            ("npm exec @openai/codex -- exec hi", Some("npm exec @openai/codex -- F exec hi")),
            ("npm exec @openai/codex", Some("npm exec @openai/codex -- F")),
            ("npm x -- codex exec hi", Some("npm x -- codex F exec hi")),
            ("pnpm dlx @openai/codex exec hi", Some("pnpm dlx @openai/codex F exec hi")),
            ("pnpm exec codex", Some("pnpm exec codex F")),
            ("pnpm -C sub codex --version", Some("pnpm -C sub codex F --version")),
            ("pnpx @openai/codex", Some("pnpx @openai/codex F")),
            ("bunx --bun @openai/codex exec", Some("bunx --bun @openai/codex F exec")),
            ("bun x @openai/codex", Some("bun x @openai/codex F")),
            ("yarn dlx @openai/codex", Some("yarn dlx @openai/codex F")),
            ("yarn codex exec", Some("yarn codex F exec")),
            ("npx", None),
            ("npx prettier codex", None),
            ("npx @openai/codex-security", None),
            ("npx -c codex", None),
            ("npm install @openai/codex", None),
            ("npm codex", None),
            ("npm run codex", None),
            ("bun run codex", None),
            ("grep codex file", None),
            ("sh -c codex", None),
        ] {
            let found = with_flags(&words(line), &["F".to_owned()]).map(|words| words.join(" "));
            assert_eq!(found.as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn a_line_for_a_launchers_shell_hides_codex() {
        for (line, expected) in [
            ("npx -c codex", true),
            ("npx --call=codex", true),
            ("npm exec --call codex", true),
            ("npx codex -c model=x", false),
            ("npx -c ls", false),
            ("sh -c codex", false),
        ] {
            assert_eq!(hides_codex(&words(line)), expected, "{line}");
        }
    }
}
