//! The version of Codex that a request to a ChatGPT backend stands for. The backend serves a model to clients from some
//! version on.

use std::fmt;
use std::str::FromStr;

/// The Codex of today, whose catalogue of models is served to its version.
pub const BUILT_IN: ClientVersion = ClientVersion([0, 171, 0]);

/// Older than every Codex: a client whose version cannot be read.
pub const OLDEST: ClientVersion = ClientVersion([0; 3]);

/// A version such as `0.171.0`. What follows the three numbers, as in `0.171.0-alpha.2`, does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientVersion([u32; 3]);

impl Default for ClientVersion {
    /// The built-in one.
    fn default() -> ClientVersion {
        BUILT_IN
    }
}

impl ClientVersion {
    /// The text of the version in the user agent of a Codex, `codex_cli_rs/0.171.0 (…)`. `None` of any other program.
    pub fn of_user_agent(agent: &str) -> Option<&str> {
        let (name, rest) = agent.trim_start().split_once('/')?;
        let is_codex = name.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("codex"));
        let version = rest.split([' ', '(', ';', ',']).next().unwrap_or_default();
        (is_codex && version.parse::<ClientVersion>().is_ok()).then_some(version)
    }
}

impl FromStr for ClientVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<ClientVersion, ()> {
        let numbers = text.split(['-', '+']).next().unwrap_or_default();
        let mut parts = numbers.split('.');
        let mut next = || {
            let part = parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit())).ok_or(())?;
            part.parse().map_err(|_| ())
        };
        let version = ClientVersion([next()?, next()?, next()?]);
        if parts.next().is_some() { Err(()) } else { Ok(version) }
    }
}

impl fmt::Display for ClientVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(formatter, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers_and_compare_as_such() {
        for (text, expected) in [
            ("0.171.0", Some([0, 171, 0])),
            ("0.172.0-alpha.2", Some([0, 172, 0])),
            ("1.2.3+build", Some([1, 2, 3])),
            ("0.171", None),
            ("0.171.0.1", None),
            ("v0.171.0", None),
            ("0.+1.0", None),
            ("0..1", None),
            ("0.99999999999.0", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected.map(ClientVersion), "{text}");
        }
        let version = |text: &str| text.parse::<ClientVersion>().unwrap();
        assert!(version("0.99.0") < version("0.171.0") && version("1.0.0") > version("0.999.999"));
        assert_eq!(version("0.171.0").to_string(), "0.171.0");
    }

    #[test]
    fn a_user_agent_of_a_codex_has_its_version() {
        for (agent, expected) in [
            ("codex_cli_rs/0.171.0 (Debian 13.0.0; x86_64) xterm", Some("0.171.0")),
            ("codex_exec/0.171.0", Some("0.171.0")),
            ("Codex Desktop/0.180.0 (Mac OS)", Some("0.180.0")),
            ("codex_vscode/0.172.0-alpha.1 (x)", Some("0.172.0-alpha.1")),
            ("opencode/1.18.33", None),
            ("codex_cli_rs/latest", None),
            ("codex", None),
            ("code\u{301}x/1.2.3", None),
            ("", None),
        ] {
            assert_eq!(ClientVersion::of_user_agent(agent), expected, "{agent}");
        }
    }
}
